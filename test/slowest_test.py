#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""slowest_test.py: runs slowest.py on logs of a build folder that it writes."""
import os
import pathlib
import subprocess
import sys
import tempfile

START = 1000000000  # of the run
LOG = "CMakeFiles/{0}.dir/test/{0}.cpp.o"
RECORD = "{0}/4 Testing: {1}\n{0}/4 Test: {1}\nOutput:\n{2}<end of output>\n"
TIME = "Test time = {:6.2f} sec\n"

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def write(folder, objects, tests, time_of_tests):
    """Writes the logs: for each object its seconds and the time of the file or None, for each test its output and its seconds or None."""
    lines = ["# ninja log v5"]
    for name, (seconds, made) in objects.items():
        path = LOG.format(name)
        lines.append(f"500\t{500 + int(1000 * seconds)}\t0\t{path}\t0123456789abcdef")
        if made is not None:
            (folder / path).parent.mkdir(parents=True)
            (folder / path).touch()
            os.utime(folder / path, (made, made))
    (folder / ".ninja_log").write_text("\n".join(lines) + "\n")
    log = folder / "Testing" / "Temporary" / "LastTest.log"
    log.parent.mkdir(parents=True)
    log.write_text("Start testing\n" + "".join(RECORD.format(n, name, output) + ("" if seconds is None else TIME.format(seconds))
                                               for n, (name, (output, seconds)) in enumerate(tests.items(), 1)))
    os.utime(log, (time_of_tests, time_of_tests))


def run(objects, tests, *options, time_of_tests=START + 50):
    """Returns the exit code, the rows that slowest.py prints, and its errors."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write(folder, objects, tests, time_of_tests)
        script = pathlib.Path(__file__).with_name("slowest.py")
        done = subprocess.run([sys.executable, script, *options, folder], capture_output=True, text=True, check=False)
    return done.returncode, [" ".join(line.split()) for line in done.stdout.splitlines() if not line.startswith("--")], done.stderr


SINCE = ("--since", str(START))

code, rows, errors = run({"new": (400, START + 10), "quick": (3, START + 10)}, {"passes": ("", 2), "slow": ("", 200)}, *SINCE)
expect(code == 1 and "new.cpp.o took 400.0 s" in errors and "slow took 200.0 s" in errors, f"over the budgets: {code} {errors}")
expect("quick" not in errors and "passes" not in errors, f"within the budgets: {errors}")

code, rows, errors = run({"old": (400, START - 10), "removed": (500, None), "new": (4, START)}, {"passes": ("", 2)}, *SINCE)
expect(code == 0 and not errors, f"objects that this run did not make: {code} {errors}")
expect(rows == ["500.0 s removed: test/removed.cpp.o (earlier)", "400.0 s old: test/old.cpp.o (earlier)", "4.0 s new: test/new.cpp.o",
                "2.0 s passes"], f"rows: {rows}")

code, rows, errors = run({}, {"slow": ("", 200)}, *SINCE, time_of_tests=START - 1)
expect(code == 0 and not rows, f"log of an earlier run of the tests: {code} {rows} {errors}")

code, rows, errors = run({}, {"not_run": ("", None), "prints": ("Test time = 300 sec\n", 1), "last": ("", None)}, *SINCE)
expect(code == 0 and rows == ["1.0 s prints"], f"tests without a time, and a time in an output: {code} {rows} {errors}")

code, rows, errors = run({"old": (400, START - 10)}, {"slow": ("", 200)})
expect(code == 1 and "old" in errors and "slow" in errors, f"without --since: {code} {errors}")

for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
