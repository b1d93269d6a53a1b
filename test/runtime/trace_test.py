#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""trace_test.py PROGRAM: runs trace_program.cpp, which ends in different ways, with CROSSLANE_TRACE. Each file must be valid JSON in the
Trace Event Format and have the work that was done until then."""
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

program = sys.argv[1]
failures = []


def expect(holds, text):
    if not holds:
        failures.append(text)


def check_format(events, way):
    """What the description of the format asks of each kind of event."""
    stacks = collections.defaultdict(list)
    last_end = {}
    arrows = collections.Counter()
    for e in events:
        phase = e["ph"]
        expect(phase in "XBEMCisf", f"{way}: phase {phase}")
        expect(isinstance(e["pid"], int) and isinstance(e["tid"], int), f"{way}: {e}")
        if phase == "M":
            expect(e["name"] in ("process_name", "thread_name") and isinstance(e["args"]["name"], str), f"{way}: {e}")
            continue
        expect(e["ts"] >= 0, f"{way}: before the trace: {e}")
        lane = e["pid"], e["tid"]
        if phase == "X":
            expect(e["dur"] >= 0 and e["name"] and e["cat"], f"{way}: {e}")
            if e["pid"] != 1:
                expect(e["ts"] >= last_end.get(lane, 0) - 0.001, f"{way}: work of a stream overlaps: {e}")
                last_end[lane] = e["ts"] + e["dur"]
        elif phase == "B":
            stacks[lane].append(e["name"])
        elif phase == "E":
            expect(bool(stacks[lane]), f"{way}: the end of no range")
            stacks[lane].pop()
        elif phase in "sf":
            arrows[e["id"]] += 1 if phase == "s" else -1
    named = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    expect({(e["pid"], e["tid"]) for e in events if e["ph"] in "XB"} <= named, f"{way}: a lane has no name")
    expect(not any(arrows.values()) or way in ("throw", "kill", "quick"), f"{way}: an arrow has one end")
    return {name for stack in stacks.values() for name in stack}


def launches(events):
    return [e for e in events if e["ph"] == "X" and e["cat"] == "launch"]


def read(path, way):
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    return events, check_format(events, way)


for way, done, open_at_end in (
    ("plain", 10, set()),
    ("exit", 10, {"whole program"}),
    ("quick", 10, {"whole program"}),
    ("throw", 10, {"whole program"}),
    ("kill", 10, {"whole program"}),
    ("many", 3010, set()),
    ("devices", None, set()),
    ("fork", 20, set()),
    ("exec", 20, set()),
):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a trace.json")
        run = subprocess.run([program, way], env={**os.environ, "CROSSLANE_TRACE": path}, stderr=subprocess.PIPE, text=True)
        if way == "plain" and not os.path.exists(path):
            print(f"SKIPPED: nothing was traced: {run.stderr}")
            sys.exit(77)
        events, still_open = read(path, way)
        kernels = launches(events)
        if done is None:
            devices = len({e["pid"] for e in kernels})
            expect(len(kernels) == 10 * devices and (devices > 1 or "host" not in program), f"{way}: {len(kernels)} on {devices}")
        else:
            expect(len(kernels) == done, f"{way}: {len(kernels)} launches, {done} expected")
        expect(all("scale" in e["name"] and e["args"]["range"] == "work" for e in kernels), f"{way}: the launches have other names")
        expect(still_open == open_at_end, f"{way}: open ranges: {still_open}")
        others = sorted(set(glob.glob(os.path.join(folder, "*"))) - {path})
        expected_others = {"fork": 5, "exec": 10}.get(way)
        expect(len(others) == (expected_others is not None), f"{way}: files of children: {others}")
        for other in others:
            child, _ = read(other, f"child of {way}")
            no_gpu = way == "fork" and "host" not in os.path.basename(program)  # none works in the child of a fork()
            expect(no_gpu or len(launches(child)) == expected_others, f"child of {way}: {len(launches(child))} launches")
        if way in ("plain", "exit"):
            with open(path, encoding="utf-8") as file:
                expect(file.read().endswith("\n]}\n"), f"{way}: the file has not been cut behind its end")

with tempfile.TemporaryDirectory() as folder:
    run = subprocess.run([program, "plain"], env={**os.environ, "CROSSLANE_TRACE": os.path.join(folder, "t-%p.json")})
    names = os.listdir(folder)
    expect(len(names) == 1 and names[0][2:-5].isdigit(), f"%p: {names}")
run = subprocess.run([program, "plain"], env={**os.environ, "CROSSLANE_TRACE": "/no/such/folder/t.json"}, stderr=subprocess.PIPE, text=True)
expect(run.returncode == 0 and "CROSSLANE_TRACE: the file /no/such/folder/t.json cannot be opened" in run.stderr, f"bad path: {run.stderr}")

print("\n".join(failures) or "all traces are right")
sys.exit(bool(failures))
