#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""demo_tables.py [--check] ROWS...

Writes the differences of emulated targets into the tables of README.md and of examples/*/README.md. ROWS are files <example>-rows*.tsv that
the examples write with --rows. Lines of targets that are not in ROWS stay as they are; so do all times, which need a GPU.

With --check it writes nothing. It fails if the run lacks a kernel of a page, or has a difference where the page has 0. Other differences may
vary, because sums depend on the order of blocks. The examples themselves fail if one is too large.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEAD = re.compile(r" *kernel +(target) +lanes +time +GB/s +difference$")


def read(files):
    """{example: {target: {kernel: difference}}} of the emulated rows."""
    found = {}
    for file in files:
        example = file.name.split("-rows")[0]
        for line in file.read_text(encoding="utf-8").splitlines():
            kernel, target, _, _, milliseconds, _, difference = line.split("\t")
            if milliseconds == "emulated":
                text = "0" if float(difference) == 0 else f"{float(difference):.1e}"  # as examples/common/report.cpp
                found.setdefault(example, {}).setdefault(target, {})[kernel] = text
    return found


def updated(page, text, targets, problems):
    """The page's text with the differences of these targets. `problems` gets what --check fails for."""
    lines, kernel, column = text.splitlines(), "", None
    for n, line in enumerate(lines):
        if head := HEAD.match(line):
            column = head.start(1)
        elif not line.strip() or column is None:
            column = None  # the table has ended
        elif not line.strip().startswith("---"):
            kernel = line[:column].strip() or kernel
            target, _, time, _, difference = re.split(r"  +", line[column:].strip())
            if time == "emulated" and target in targets:
                now = targets[target].get(kernel)
                if now is None:
                    problems.append(f"{page}:{n + 1}: the run has no kernel '{kernel}' on {target}")
                elif now != difference:
                    if difference == "0":
                        problems.append(f"{page}:{n + 1}: {kernel} on {target}: the page has 0, the run {now}")
                    lines[n] = line[: -len(difference)].rstrip().ljust(len(line) - len(now)) + now
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("rows", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    problems = []
    for example, targets in read(arguments.rows).items():
        for page in [f"examples/{example}/README.md"] + (["README.md"] if example == "photo" else []):
            text = (ROOT / page).read_text(encoding="utf-8")
            new = updated(page, text, targets, problems)
            if not arguments.check and new != text:
                (ROOT / page).write_text(new, encoding="utf-8")
    for problem in problems:
        print(problem)
    return 1 if problems and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
