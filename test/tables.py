#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tables.py [--check] writes docs/reference/waves.md, and the tables of docs/reference/math.md, from the results in the folders of the same
names, which the tests write: one file per run, a line for each operation, type and target that it has shown to be right, with the largest
error where there is one. It writes the table of docs/guide/matrices.md from matrices/shapes.txt, which test/matrix/pictures_test.cpp makes of
the types: a line for each product of each target. With --check it only says whether the pages are up to date.
"""
import argparse
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
FOLDER = DOCS / "reference"

HEAD = """\
# Wave operations and where they are tested

`test/tables.py` makes this page from the results of `test/kernel/wave_test.cpp`. A cell lists the targets on which every test of that
operation on that type passed. The tests compare each operation with a plain loop over the lanes:

- *Groups* are waves and tiles of several sizes; on int, float and `8 bytes` also arbitrary sets of lanes.
- *Blocks* have 1 to 1024 threads (`64 bytes`: 256).
- *Reductions and scans* are sums; on int also the maximum, on int8 the minimum, on uint16 `bit_or` and on unsigned `bit_xor`.
- *`8 bytes` and `64 bytes`* are structs with an operator that is not commutative. `match_any` and `match_all` are not tested on them.

"""


def read(folder):
    """{target: device name}, {operation: {type: {target}}}, in the order of the files' lines."""
    targets, proven = {}, {}
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            operation, type_, target, device = line.split("\t")
            targets[target] = device
            proven.setdefault(operation, {}).setdefault(type_, set()).add(target)
    return targets, proven


def page(targets, proven):
    types = sorted({t for by_type in proven.values() for t in by_type}, key=lambda t: (t[0].isdigit(), len(t), t))
    lines = ["| target | device of the run |", "|---|---|"]
    lines += [f"| {target} | {targets[target]} |" for target in sorted(targets)]
    lines += ["", "| operation | " + " | ".join(types) + " |", "|---" * (len(types) + 1) + "|"]
    for operation, by_type in sorted(proven.items()):
        cells = []
        for type_ in types:
            there = by_type.get(type_, set())
            cells.append("all" if there == set(targets) else ", ".join(sorted(there)))
        lines.append(f"| {operation} | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


BEGIN, END = "<!-- test/tables.py: begin -->\n", "<!-- test/tables.py: end -->\n"


def errors(folder):
    """{target: device name}, {type: {function: (bound, {target: largest error})}}."""
    targets, found = {}, {}
    for file in sorted(folder.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            function, type_, target, device, bound, error = line.split("\t")
            targets[target] = device
            found.setdefault(type_, {}).setdefault(function, (bound, {}))[1][target] = error
    return targets, found


def error_tables(targets, found):
    names = sorted(targets, key=lambda t: (t != "host", t))
    lines = ["| target | device of the run |", "|---|---|", *(f"| {t} | {targets[t]} |" for t in names)]

    def table(type_, of, with_bound):
        head = ["function", *(["bound"] if with_bound else []), *names]
        lines.extend(["", f"`{type_}`:", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"])
        for function, (bound, by_target) in sorted(of.items()):
            cells = [function, *([bound] if with_bound else []), *(by_target.get(t, "") for t in names)]
            lines.append("| " + " | ".join(cells) + " |")

    for type_ in sorted(found, key=lambda t: ["float", "double", "half", "bfloat16"].index(t)):
        precise = {f: e for f, e in found[type_].items() if not f.startswith("fast::")}
        if type_ in ("half", "bfloat16"):  # the same bound for all that round
            worst = {t: max((e[t] for _, e in precise.values() if t in e), key=float) for t in names}
            precise = {"largest of all functions": (max((b for b, _ in precise.values()), key=float), worst)}
        table(type_, precise, True)
    fast = {f: e for f, e in found["float"].items() if f.startswith("fast::")}
    table("crosslane::fast", fast, False)
    return "\n".join(lines) + "\n"


def shapes(file):
    """[target], {(type of sums, a cell for each target): [(type of a, type of b)]}: operands with the same cells share a row."""
    targets, by_types = [], {}
    for line in file.read_text(encoding="utf-8").splitlines():
        target, sizes, a, b, sums = line.split("\t")
        if target not in targets:
            targets.append(target)
        by_types.setdefault((a, b, sums), {}).setdefault(target, []).append(sizes)
    rows = {}
    for (a, b, sums), by_target in by_types.items():
        cells = tuple("<br>".join(by_target.get(t, [])) for t in targets)
        rows.setdefault((sums, cells), []).append((a, b))
    return targets, rows


def shape_table(targets, rows):
    lines = ["| operands | sums | " + " | ".join(f"`{t}`" for t in targets) + " |", "|---" * (len(targets) + 2) + "|"]
    for (sums, cells), operands in rows.items():
        types = list(dict.fromkeys(t for pair in operands for t in pair))
        name = ", ".join(f"`{t}`" for t in types)
        if len(types) > 1 and len(operands) == len(types) ** 2:
            name += ", also mixed"
        elif any(a != b for a, b in operands):
            raise ValueError(f"the table has no name for the operands {operands}")
        lines.append(f"| {name} | `{sums}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def with_tables(text, tables):
    before, rest = text.split(BEGIN)
    return before + BEGIN + tables + END + rest.split(END)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    waves, math = FOLDER / "waves.md", FOLDER / "math.md"
    pages = {waves: page(*read(FOLDER / "waves"))}
    pages[math] = with_tables(math.read_text(encoding="utf-8"), error_tables(*errors(FOLDER / "math")))
    matrices = DOCS / "guide" / "matrices.md"
    table = shape_table(*shapes(matrices.with_suffix("") / "shapes.txt"))
    pages[matrices] = with_tables(matrices.read_text(encoding="utf-8"), table)
    stale = 0
    for file, text in pages.items():
        if not check:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            print(f"{file} is not what test/tables.py makes of {file.with_suffix('')}")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
