#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""summary_test.py: runs summary.py on a log of CTest and a report of the AMD emulator that it writes."""
import pathlib
import re
import subprocess
import sys
import tempfile

LOG = {
    "kernel.host": "[       OK ] launch.grid/host32 (1 ms)\n[       OK ] launch.grid/host64 (1 ms)\n",
    "kernel.orders": "[       OK ] launch.grid/host32 (1 ms)\n[       OK ] launch.grid/host32 (1 ms)\n",
    "wave.checked": "[       OK ] wave.sum/host64 (1 ms)\n[       OK ] text.of_no_kernel (0 ms)\n[  SKIPPED ] wave.max/host64 (0 ms)\n",
    "kernel.cuda": "[  SKIPPED ] launch.grid (0 ms)\n",
    "kernel.hip.gfx942": "[       OK ] launch.grid/hip (1 ms)\n",
    "runtime.hip.gfx942.async": "[       OK ] stream.order/hip (1 ms)\n[  SKIPPED ] stream.peer/hip (0 ms)\n",
    "kernel.hip.gfx1100": "[       OK ] launch.grid/hip (1 ms)\n",
    "pages": "",
}
REPORT = ["gfx942\t64\tkernel.hip\tf\t2\t100", "gfx942\t64\tkernel.hip\tf\t1\t50", "gfx942\t64\truntime.hip\tf\t1\t7"]
ROWS = """\
-- what ran on each target
target       lanes  programs  tests  kernels  launches  instructions
cuda            32  no device; programs that did not run: 1
hip gfx1100      -         1      1        -         -             -
hip gfx942      64         2      2        2         4      1.57e+02
host            32         1      1        -         -             -
host            64         2      2        -         -             -
"""

failures = []


def expect(condition, text):
    if not condition:
        failures.append(text)


def summary(build, *arguments):
    program = pathlib.Path(__file__).resolve().parent / "summary.py"
    return subprocess.run([sys.executable, program, *arguments, build], capture_output=True, text=True, check=False)


with tempfile.TemporaryDirectory() as name:
    build = pathlib.Path(name)
    log = build / "Testing" / "Temporary" / "LastTest.log"
    log.parent.mkdir(parents=True)
    log.write_text("Start testing\n" + "".join(f"{n}/9 Testing: {test}\n{n}/9 Test: {test}\nOutput:\n{output}<end of output>\n"
                                               for n, (test, output) in enumerate(LOG.items(), 1)))
    (build / "amd-kernels.tsv").write_text("\n".join(REPORT) + "\n")
    run = summary(build, "--emulated", "gfx942")
    expect(run.stdout == ROWS and run.returncode == 0, f"prints, with code {run.returncode}:\n{run.stdout}{run.stderr}")
    run = summary(build, "--emulated", "gfx942;gfx1100")
    expect(run.returncode == 1 and "no kernel ran on gfx1100" in run.stderr, f"gfx1100 ran no kernel, but the code is {run.returncode}")
    page = build / "page.md"
    page.write_text("Before\n<!-- summary.py: begin -->\nold\n<!-- summary.py: end -->\nAfter\n")
    summary(build, "--page", page)
    expect(re.fullmatch("Before\n<!-- [^\n]*begin -->\n```text\ntarget +lanes[^\n]*\nhip gfx942 +64 [^\n]*\n```\n<!-- [^\n]*end -->\nAfter\n",
                        page.read_text()), f"writes to the page:\n{page.read_text()}")
    run = summary(build, "--since", str(log.stat().st_mtime + 1))
    expect("host" not in run.stdout, f"reads a log older than the run:\n{run.stdout}")

for failure in failures:
    print(failure)
sys.exit(1 if failures else 0)
