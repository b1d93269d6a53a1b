#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""claims.py [--check] writes the tables of docs/checker-claims.md from the files in test/check/claims, one per compiler, which
test/check/guises_test.cpp compares with what the checker finds. With --check it only says whether the page is up to date.

A line of a file has the kind of a finding, the memory, the access, the structure of the code, the name of the kernel or program, what the levels
off, basic and full find (found, fault or -), why it is not claimed, and "n: why" if only seeds from n on find it.
"""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "checker-claims.md"
BEGIN, END = "<!-- test/claims.py: begin -->\n", "<!-- test/claims.py: end -->\n"
LEVELS = ["off", "basic", "full"]
BUILDS = ROOT / "test" / "check" / "claims" / "builds.txt"


def read():
    """{compiler: [(kind, memory, access, structure, name, {level: found}, reason, orders)]}"""
    results = {}
    for file in sorted((ROOT / "test" / "check" / "claims").glob("*.tsv"), key=lambda f: (f.stem.startswith("clang"), f.stem)):
        entries = []
        for line in file.read_text(encoding="utf-8").splitlines():
            *what, off, basic, full, reason, orders = line.split("\t")
            entries.append((*what, dict(zip(LEVELS, (off, basic, full))), reason, orders))
        results[file.stem.replace("-", " ")] = entries
    return results


def count(entries, level):
    found, faults = (sum(e[5][level] == result for e in entries) for result in ("found", "fault"))
    text = "-" if found == 0 else "all" if found == len(entries) else f"{found} of {len(entries)}"
    return text if faults == 0 else (f"{text}; " if found else "") + ("1 fault" if faults == 1 else f"{faults} faults")


def tables(results):
    compilers = list(results)
    first = results[compilers[0]]
    groups = {}
    for kind, memory, *_ in first:
        groups.setdefault((kind, memory), None)
    order = list(dict.fromkeys(e[0] for e in first))
    lines = ["| kind | memory | guises | `off` | `basic` | " + " | ".join(f"`full`, {c}" for c in compilers) + " |",
             "|---" * (5 + len(compilers)) + "|"]
    for kind, memory in sorted(groups, key=lambda g: order.index(g[0])):
        of = {c: [e for e in entries if e[:2] == (kind, memory)] for c, entries in results.items()}
        low = []
        for level in ("off", "basic"):
            cells = {c: count(entries, level) for c, entries in of.items()}
            low.append(cells[compilers[0]] if len(set(cells.values())) == 1 else "; ".join(f"{c}: {n}" for c, n in cells.items()))
        full = [count(of[c], "full") for c in compilers]
        lines.append(f"| `{kind}` | {memory if memory != '-' else ''} | {len(of[compilers[0]])} | " + " | ".join(low + full) + " |")
    lines += ["", "Not claimed:", "", "| kind | memory | guise | compilers | why |", "|---|---|---|---|---|"]
    missed = {}
    for compiler, entries in results.items():
        for kind, memory, access, structure, name, found, reason, _ in entries:
            if found["full"] == "-":
                missed.setdefault((kind, memory, f"`{name}`: {access}, {structure}", reason), []).append(compiler)
    for (kind, memory, guise, reason), of in missed.items():
        lines.append(f"| `{kind}` | {memory} | {guise} | {'all' if of == compilers else ', '.join(of)} | {reason} |")
    lines += ["", "Found only in some orders:", "", "| kind | memory | guise | seeds | why |", "|---|---|---|---|---|"]
    for kind, memory, access, structure, name, _, _, orders in first:
        if orders:
            seed, why = orders.split(": ", 1)
            lines.append(f"| `{kind}` | {memory} | `{name}`: {access}, {structure} | {seed} and above | {why} |")
    return "\n".join(lines) + "\n"


def builds():
    """The table of the builds in which test/check/corpus_matrix.sh has run all guises. A line has the compiler, the level, -DNDEBUG or -UNDEBUG, the
    numbers of guises, of found ones and of accused right twins, and whether this is as claimed."""
    results = {}
    for line in BUILDS.read_text(encoding="utf-8").splitlines():
        compiler, level, assertions, guises, found, accused, claim = line.split(" ", 6)
        text = f"{found} of {guises}" + (f", {accused} accused" if accused != "0" else "") + (f" ({claim})" if claim != "as claimed" else "")
        results[compiler.replace("-", " "), level, assertions] = text
    compilers = sorted({c for c, *_ in results}, key=lambda c: (c.startswith("clang"), c))
    lines = ["", "Guises found by each build, in 9 orders:", "",
             "| options | " + " | ".join(compilers) + " |", "|---" * (1 + len(compilers)) + "|"]
    for level in ("-O0", "-O1", "-O2", "-O3"):
        for assertions in ("-UNDEBUG", "-DNDEBUG"):
            cells = [results.get((c, level, assertions), "not run") for c in compilers]
            lines.append(f"| `{level}{' -DNDEBUG' if assertions == '-DNDEBUG' else ''}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN)
    new = before + BEGIN + tables(read()) + builds() + END + rest.split(END)[1]
    if not check:
        PAGE.write_text(new, encoding="utf-8")
    elif new != old:
        print(f"{PAGE} is not what test/claims.py makes of test/check/claims")
    return int(check and new != old)


if __name__ == "__main__":
    sys.exit(main())
