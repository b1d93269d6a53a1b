#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""slowest.py [--rows N] BUILD_FOLDER...

Prints the translation units that took longest to compile and the tests that took longest to run, by Ninja's and CTest's logs. Fails if one
is over its budget in seconds of wall-clock time. The budgets are several times what the slowest take on two cores: a machine may be busy.
"""
import argparse
import pathlib
import re
import sys

BUDGET_OF_COMPILATION = 300
BUDGET_OF_TEST = 180


def compilations(build):
    """Returns the last time of each object file that ninja has made."""
    seconds = {}
    log = build / ".ninja_log"
    for line in log.read_text().splitlines() if log.exists() else []:
        fields = line.split("\t")
        if len(fields) == 5 and fields[3].endswith(".o"):
            seconds[re.sub(r"CMakeFiles/(.*)\.dir/(?:[0-9a-f]{8}/)?", r"\1: ", fields[3])] = (int(fields[1]) - int(fields[0])) / 1000
    return seconds


def tests(build):
    """Returns the times of the tests of the last run."""
    log = build / "Testing" / "Temporary" / "LastTest.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    return {name: float(time) for name, time in re.findall(r"^\d+/\d+ Test: (\S+)$.*?^Test time = +([\d.]+) sec", text, re.M | re.S)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("build", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    over = []
    for build in arguments.build:
        for what, seconds, budget in (("compilations", compilations(build), BUDGET_OF_COMPILATION), ("tests", tests(build), BUDGET_OF_TEST)):
            ranked = sorted(seconds.items(), key=lambda entry: -entry[1])
            print(f"-- {build}: {len(ranked)} {what}, {sum(seconds.values()):.0f} s; the slowest of them:")
            for name, time in ranked[:arguments.rows]:
                print(f"{time:8.1f} s  {name}")
            over += [f"{build}: {name} took {time:.1f} s; the budget of {what} is {budget} s each" for name, time in ranked if time > budget]
    for line in over:
        print(line, file=sys.stderr)
    return 1 if over else 0


sys.exit(main())
