#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compile_time.py --extension .cu --out RESULT.json [--other HEADER]... -- COMMAND... measures how much an include adds to the time of
compiling an empty file. The command gets the file as its last argument. The result has Google Benchmark's format, for ratios.py.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

OURS = "crosslane/crosslane.hpp"


def seconds_of(command, source):
    start = time.perf_counter()
    result = subprocess.run([*command, str(source)], capture_output=True, text=True)
    return time.perf_counter() - start, result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extension", default=".cpp")
    parser.add_argument("--out", required=True)
    parser.add_argument("--other", action="append", default=[], help="a header to compare with; left out where it does not compile")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        sources = {}
        for i, header in enumerate(["", OURS, *arguments.other]):
            source = pathlib.Path(folder) / f"include_{i}{arguments.extension}"
            source.write_text(f"#include <{header}>\n" if header else "\n")
            sources[header] = source

        # The first round warms the file cache and finds the headers that compile.
        best = {}
        for header, source in sources.items():
            _, result = seconds_of(arguments.command, source)
            if result.returncode == 0:
                best[header] = float("inf")
            elif header in ("", OURS):
                raise SystemExit(f"compile_time.py: {header or 'an empty file'} does not compile\n{result.stdout}{result.stderr}")
        for _ in range(arguments.rounds):
            for header in best:
                best[header] = min(best[header], seconds_of(arguments.command, sources[header])[0])

    group = f"compile time that crosslane.hpp adds to an empty {arguments.extension} file"
    entries = []
    for header, least in best.items():
        if header:
            side = "crosslane" if header == OURS else f"other/{header}"
            entries.append({"name": f"{group}/{side}", "real_time": least - best[""], "time_unit": "s"})
    pathlib.Path(arguments.out).write_text(json.dumps({"benchmarks": entries}, indent=2))


if __name__ == "__main__":
    main()
