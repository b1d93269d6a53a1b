#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""summary.py [--since SECONDS] [--emulated ARCHITECTURES] [--page PAGE] BUILD_FOLDER...

Prints what ran on each target: programs and tests, from CTest's logs, and for AMD architectures the kernels that the emulator executed, from
<build folder>/amd-kernels.tsv (AMDEMU_REPORT). Fails if an architecture of the list ARCHITECTURES (separated by semicolons) ran no kernel.

A test counts once per target and program, in however many orders of threads it ran. Kernels are distinct ones: a template's instances count
each, and equal names in two programs are two kernels. Instructions are those of waves. --since is as in slowest.py: older logs are not read.

--page writes the lines of emulated architectures into a page, between the two comments that name this file.
"""
import argparse
import collections
import pathlib
import re
import sys

BEGIN, END = "<!-- summary.py: begin -->\n", "<!-- summary.py: end -->\n"
LANES = {"host32": 32, "host64": 64, "cuda": 32}
RESULT = re.compile(r"^\[ +(OK|SKIPPED) +\] ([\w./]+)", re.M)


class Target:
    def __init__(self):
        self.lanes = ""
        self.programs, self.without_device, self.tests, self.kernels = set(), set(), set(), set()
        self.launches = self.instructions = 0


def read_tests(build, since, targets):
    """Adds the programs and tests of CTest's log."""
    log = build / "Testing" / "Temporary" / "LastTest.log"
    if not log.exists() or log.stat().st_mtime < since:
        return
    for record in re.split(r"^\d+/\d+ Test: ", log.read_text(errors="replace"), flags=re.M)[1:]:
        name = re.fullmatch(r"(\S+?)\.(host|checked|orders|cuda|hip)(?:\.(gfx\w+)(?:\.async)?)?", record.splitlines()[0])
        results = set(RESULT.findall(record))
        if not name or not results:
            continue
        program, kind, architecture = name.groups()
        for result, test in results:
            target = f"hip {architecture}" if architecture else kind
            if kind in ("host", "checked", "orders"):
                target = test.rsplit("/", 1)[-1]
                if target not in ("host32", "host64"):  # no kernel of its own, or one for both
                    continue
            if result == "OK":
                targets[target].programs.add(program)
                targets[target].tests.add((program, test))
            elif not any(r == "OK" for r, _ in results):
                targets[target].without_device.add(program)


def read_kernels(build, targets):
    """Adds the kernels of the emulator's report."""
    report = build / "amd-kernels.tsv"
    for line in report.read_text().splitlines() if report.exists() else []:
        architecture, lanes, program, kernel, launches, instructions = line.split("\t")
        target = targets[f"hip {architecture}"]
        target.lanes = lanes
        target.kernels.add((program, kernel))
        target.launches += int(launches)
        target.instructions += int(instructions)


def table(targets):
    """The lines of the table."""
    rows = [("target", "lanes", "programs", "tests", "kernels", "launches", "instructions")]
    for name, target in sorted(targets.items()):
        shown = "host" if name.startswith("host") else name
        if target.tests or target.kernels:
            counts = (len(target.kernels), target.launches, f"{target.instructions:.2e}") if target.kernels else ("-", "-", "-")
            rows.append((shown, target.lanes or LANES.get(name, "-"), len(target.programs), len(target.tests), *counts))
        else:
            rows.append((shown, LANES.get(name, "-"), f"no device; programs that did not run: {len(target.without_device)}"))
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[c]) for row in rows if len(row) == len(rows[0])) for c in range(len(rows[0]))]
    widths[0] = max(len(row[0]) for row in rows)
    return ["  ".join(cell.ljust(width) if c == 0 or len(row) < len(rows[0]) and c == 2 else cell.rjust(width)
                      for c, (cell, width) in enumerate(zip(row, widths))) for row in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", type=float, default=0)
    parser.add_argument("--emulated", default="")
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("build", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    targets = collections.defaultdict(Target)
    for build in arguments.build:
        read_tests(build, arguments.since, targets)
        read_kernels(build, targets)
    print("-- what ran on each target")
    print("\n".join(table(targets)))
    if arguments.page:
        emulated = table({name: target for name, target in targets.items() if target.kernels})
        before, rest = arguments.page.read_text(encoding="utf-8").split(BEGIN)
        text = f"{before}{BEGIN}```text\n" + "\n".join(emulated) + f"\n```\n{END}{rest.split(END)[1]}"
        arguments.page.write_text(text, encoding="utf-8")
    idle = [a for a in arguments.emulated.split(";") if a and not targets[f"hip {a}"].kernels]
    for architecture in idle:
        print(f"no kernel ran on {architecture}, which should have been emulated", file=sys.stderr)
    return 1 if idle else 0


if __name__ == "__main__":
    sys.exit(main())
