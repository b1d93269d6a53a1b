#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""order.py [--expect-wrong] SOURCE -- COMMAND... compiles SOURCE, kernels named OPERATION_ORDER_SCOPE, to assembly of an AMD GPU and
holds each against AMD's memory model (LLVM's AMDGPUUsage, "Memory Model"): the tables below. It goes through the instructions in the
order of the text and knows which accesses are under way:

- When a kernel releases, all earlier accesses are complete, and L2 is written back where the scope reaches beyond it.
- When a kernel acquires, the operation is complete and caches are invalidated before the next load.
- At a barrier of the block all accesses are complete: another wave may release them.
- Relaxed operations cost none of that.

With --expect-wrong every kernel must be wrong, which shows that order.py sees it.
"""
import argparse
import re
import sys

import compare

SCOPES = ("wave", "block", "device", "system")
RELEASES, ACQUIRES = ("release", "acq_rel", "seq_cst"), ("acquire", "acq_rel", "seq_cst")


class Model:
    """One architecture. Tables have an entry for each scope that needs something."""

    def in_cu_mode(self):
        """Returns the model of blocks that run on one compute unit, whose waves share one L0."""
        tables = (self.write_back, self.invalidate, self.load_policy, self.store_policy)
        return Model(*({s: entry for s, entry in table.items() if s != "block"} for table in tables), self.counters)

    def __init__(self, write_back, invalidate, load_policy, store_policy, counters):
        self.write_back = write_back  # before a release, behind the last access
        self.invalidate = invalidate  # behind an acquire, before the next load
        self.load_policy, self.store_policy = load_policy, store_policy  # what an atomic load or store of the scope says
        self.counters = counters  # what counts: loads, stores, accesses to shared memory


GFX9 = {"load": "vmcnt", "store": "vmcnt", "shared": "lgkmcnt"}
GFX10 = {"load": "vmcnt", "store": "vscnt", "shared": "lgkmcnt"}
GFX12 = {"load": "loadcnt", "store": "storecnt", "shared": "dscnt"}

RDNA = Model(
    write_back={},
    invalidate={
        "block": ["buffer_gl0_inv"],
        "device": ["buffer_gl0_inv", "buffer_gl1_inv"],
        "system": ["buffer_gl0_inv", "buffer_gl1_inv"],
    },
    load_policy={"block": "glc", "device": "glc", "system": "glc"},
    store_policy={},
    counters=GFX10,
)

MODELS = {
    # A block's waves share L1, the device's blocks L2.
    "gfx90a": Model(
        write_back={"system": ["buffer_wbl2"]},
        invalidate={"device": ["buffer_wbinvl1_vol"], "system": ["buffer_invl2", "buffer_wbinvl1_vol"]},
        load_policy={"device": "glc", "system": "glc"},
        store_policy={},
        counters=GFX9,
    ),
    # A device may have several L2.
    "gfx942": Model(
        write_back={"device": ["buffer_wbl2 sc1"], "system": ["buffer_wbl2 sc0 sc1"]},
        invalidate={"device": ["buffer_inv sc1"], "system": ["buffer_inv sc0 sc1"]},
        load_policy={"block": "sc0", "device": "sc1", "system": "sc0 sc1"},
        store_policy={"block": "sc0", "device": "sc1", "system": "sc0 sc1"},
        counters=GFX9,
    ),
    # A block's waves may have different L0 caches (WGP mode).
    "gfx1030": RDNA,
    "gfx1100": RDNA,
    # global_wb does nothing below system scope.
    "gfx1201": Model(
        write_back={"system": ["global_wb scope:SCOPE_SYS"]},
        invalidate={
            "block": ["global_inv scope:SCOPE_SE"],
            "device": ["global_inv scope:SCOPE_DEV"],
            "system": ["global_inv scope:SCOPE_SYS"],
        },
        load_policy={"block": "scope:SCOPE_SE", "device": "scope:SCOPE_DEV", "system": "scope:SCOPE_SYS"},
        store_policy={"block": "scope:SCOPE_SE", "device": "scope:SCOPE_DEV", "system": "scope:SCOPE_SYS"},
        counters=GFX12,
    ),
}

CACHE = re.compile(r"buffer_(wbl2|inv|wbinvl1|gl[01]_inv)|global_(wb|inv)\b")
ACCESS = re.compile(r"(global|flat|ds)_(load|store|read|write|atomic|wrxchg|cmpst|storexchg)")
# Words 100 and 200 behind the flag, or behind the 256 words of shared memory.
OPERATION = re.compile(r"offset:(400|800|1424|1824)\b")


def instructions(text):
    """{kernel: [instruction with its operands]}"""
    kernels = {}
    for name, body in re.findall(r"^(\w+): +; @\1\n(.*?)^\.Lfunc_end\d+:", text, re.M | re.S):
        lines = [re.sub(r"\s+", " ", line.split(";")[0].strip()) for line in body.splitlines()]
        kernels[name] = [line for line in lines if line and not line.startswith(".") and not line.endswith(":")]
    return kernels


class Walk:
    """Goes through a kernel's instructions and keeps what is under way. `requirement(line, walk)` returns what is wrong at a line."""

    def __init__(self, model):
        self.model = model
        self.pending = {}  # counter: the access that it waits for
        self.written_back = set()  # since the last store
        self.invalidated = set()  # since the last operation that loads was complete

    def take(self, line):
        counters = self.model.counters
        for count in re.findall(r"(vmcnt|lgkmcnt)\(0\)", line):
            self.done(count)
        if line.startswith("s_waitcnt_vscnt null, 0x0"):
            self.done("vscnt")
        if match := re.match(r"s_wait_(\w+) 0x0$", line):
            for count in match[1].split("_"):
                self.done(count)
        if CACHE.match(line):
            if line in sum(self.model.write_back.values(), []):
                self.written_back.add(line)
                self.pending[counters["store"]] = line
            elif not self.pending.get(counters["load"]):
                self.invalidated.add(line)
        elif ACCESS.match(line):
            if line.startswith("ds_"):
                kind = "shared"
            elif "_load" in line or re.search(r"atomic\w* .*(glc|sc0|TH_ATOMIC_RETURN)", line):
                kind = "load"
                self.invalidated.clear()
            else:
                kind = "store"
                self.written_back.clear()
            if "atomic" in line:
                self.written_back.clear()
            self.pending[counters[kind]] = line

    def done(self, count):
        self.pending.pop(count, None)

    def released(self, scope):
        """Returns what a release of this scope lacks here."""
        if scope == "wave":
            return []
        lacks = [f"no wait for {line}" for line in self.pending.values()]
        return lacks + [f"no {line}" for line in self.model.write_back.get(scope, []) if line not in self.written_back]

    def acquired(self, scope, operation):
        """Returns what an acquire by the operation lacks here."""
        if scope == "wave":
            return []
        lacks = [f"no wait for {operation}"] if operation in self.pending.values() else []
        return lacks + [f"no {line} behind it" for line in self.model.invalidate.get(scope, []) if line not in self.invalidated]


def policy(model, line, scope):
    """Returns what is wrong with the bits of an atomic load or store that state its scope."""
    table = model.load_policy if "_load" in line else model.store_policy if "_store" in line else None
    if table is None or line.startswith("ds_"):
        return []
    said = " ".join(re.findall(r"\b(?:sc0|sc1|glc|scope:\w+)\b", line))
    wanted = table.get(scope, "")
    return [] if said == wanted else [f"its policy is '{said}', not '{wanted}'"]


def objections(model, name, lines):
    """Returns what is wrong with a kernel, or an empty list."""
    found = []

    def require(lacks, line):
        found.extend(f"at {line}: {lack}" for lack in lacks)

    scope = next((s for s in SCOPES if name.endswith("_" + s)), "device")
    order = next((o for o in ("relaxed", *dict.fromkeys(RELEASES + ACQUIRES)) if o in name), "acq_rel")
    is_fence = name.startswith("fence")
    releases = order in RELEASES and not name.startswith("load")
    acquires = order in ACQUIRES and not name.startswith(("store", "barrier_then"))
    walk, acquiring, met_barrier, operations = Walk(model), None, False, 0
    for line in lines:
        if line.startswith(("s_barrier_signal", "s_barrier")) and not line.startswith("s_barrier_wait"):
            require(walk.released("block"), line)
            walk.invalidated.clear()
            met_barrier = True
        is_operation = bool(ACCESS.match(line)) and (bool(OPERATION.search(line)) or "atomic" in line)
        is_load = bool(re.match(r"(global|flat)_load", line))
        if is_operation:
            operations += 1
            require(policy(model, line, scope), line)
            loads = "_store" not in line and "_write" not in line
            if releases and not (is_fence and loads):
                require(walk.released(scope), line)
            if name == "load_seq_cst_" + scope and scope in ("device", "system"):
                require([f"no wait for {p}" for p in walk.pending.values()], line)
            walk.take(line)
            acquiring = line if acquires and loads else acquiring
            continue
        if is_load and name != "barrier_of_grid":
            if acquiring:
                require(walk.acquired(scope, acquiring), line)
                acquiring = None
            elif met_barrier:
                require(walk.acquired("block", ""), line)
                met_barrier = False
        if order == "relaxed" and CACHE.match(line):
            found.append(f"relaxed, but {line}")
        walk.take(line)
    if acquiring and name != "barrier_of_grid":
        found.append("no load behind the operation that acquires")
    if operations == 0 and name != "barrier":
        found.append("no operation")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expect-wrong", action="store_true")
    parser.add_argument("source")
    parser.add_argument("command", nargs="+", help="compiles to assembly; gets the source and -o FILE")
    arguments = parser.parse_args()

    text = compare.compile_text([*arguments.command, arguments.source])
    architecture = re.search(r"amdgcn-amd-amdhsa--(gfx\w+)", text)[1]
    model, cu_mode = MODELS[architecture], ".amdhsa_workgroup_processor_mode 0" in text
    if cu_mode:
        model = model.in_cu_mode()
    kernels = instructions(text)
    wrong = {name: objections(model, name, lines) for name, lines in kernels.items()}
    wrong = {name: found for name, found in wrong.items() if found}
    for name, found in wrong.items():
        print(f"{name}:", *found, *("  " + line for line in kernels[name]), sep="\n  ")
    print(f"{architecture}{' in CU mode' if cu_mode else ''}: {len(kernels)} kernels, {len(wrong)} wrong")
    return not kernels or len(wrong) != (len(kernels) if arguments.expect_wrong else 0)


if __name__ == "__main__":
    sys.exit(main())
