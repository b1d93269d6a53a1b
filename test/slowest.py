#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""slowest.py [--rows N] [--since SECONDS] BUILD_FOLDER...

Prints the translation units that took longest to compile and the tests that took longest to run, from the logs of Ninja and CTest. Fails if
one is over its budget in seconds of wall-clock time. The budgets are several times what the slowest take on two cores, because a machine
may be busy.

--since is the start of the run, in seconds since 1970 (date +%s). Ninja's log also has the times of objects that were made earlier or that no
longer exist: they are printed with the mark "earlier" and cannot fail. A log of tests that ended before the start is not read.
"""
import argparse
import pathlib
import re
import sys

BUDGET_OF_COMPILATION = 300
BUDGET_OF_TEST = 180


def compilations(build, since):
    """Returns for each object file in Ninja's log its name, the seconds that it took last, and whether it was made since then."""
    last = {}
    log = build / ".ninja_log"
    for line in log.read_text().splitlines() if log.exists() else []:
        fields = line.split("\t")
        if len(fields) == 5 and fields[3].endswith(".o"):
            last[fields[3]] = (int(fields[1]) - int(fields[0])) / 1000
    rows = []
    for path, seconds in last.items():
        file = build / path
        name = re.sub(r"CMakeFiles/(.*)\.dir/(?:[0-9a-f]{8}/)?", r"\1: ", path)
        rows.append((name, seconds, file.exists() and file.stat().st_mtime >= since))
    return rows


def tests(build, since):
    """Returns for each test of the last run its name, the seconds that it took, and True. Tests that did not start have no time."""
    log = build / "Testing" / "Temporary" / "LastTest.log"
    if not log.exists() or log.stat().st_mtime < since:
        return []
    rows = []
    for record in re.split(r"^\d+/\d+ Test: ", log.read_text(errors="replace"), flags=re.M)[1:]:
        times = re.findall(r"^Test time = +([\d.]+) sec", record, re.M)
        if times:  # CTest's own line comes after the test's output
            rows.append((record.splitlines()[0], float(times[-1]), True))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("--since", type=float, default=0)
    parser.add_argument("build", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    over = []
    for build in arguments.build:
        for what, read, budget in (("compilations", compilations, BUDGET_OF_COMPILATION), ("tests", tests, BUDGET_OF_TEST)):
            ranked = sorted(read(build, arguments.since), key=lambda row: -row[1])
            print(f"-- {build}: {len(ranked)} {what}, {sum(row[1] for row in ranked):.0f} s; the slowest of them:")
            for name, seconds, of_this_run in ranked[:arguments.rows]:
                print(f"{seconds:8.1f} s  {name}{'' if of_this_run else ' (earlier)'}")
            over += [f"{build}: {name} took {seconds:.1f} s; the budget of {what} is {budget} s each"
                     for name, seconds, of_this_run in ranked if of_this_run and seconds > budget]
    for line in over:
        print(line, file=sys.stderr)
    return 1 if over else 0


sys.exit(main())
