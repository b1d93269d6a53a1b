#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tells which instructions ran, of those that the emulator's tables have, and lists the others.

usage: coverage.py <folder that contains tinygrad/> <file that AMDEMU_COVERAGE names> [-v]

Run the tests with AMDEMU_COVERAGE=<file> first. -v also lists the instructions that clang does not emit for HIP code without builtin functions or assembly (RARE).
"""
import collections, os, re, sys, types
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# What clang does not emit for HIP code without a builtin function or assembly: a pattern of names, and why.
RARE = [
    (r"V_INTERP_\w+|DS_(PARAM|DIRECT)_LOAD|\w*EXPORT\w*|DS_BVH\w+|S_WAIT_(EXPCNT|SAMPLECNT|BVHCNT)|S_WAITCNT_EXPCNT|DS_\w+_GS_REG_RTN|DS_ORDERED_COUNT", "graphics"),
    (r"BUFFER_\w+|TBUFFER_\w+|S_BUFFER_\w+|\w+_LOAD_LDS_\w+|\w+_ADDTID_\w+", "buffers, loads to LDS: builtin functions"),
    (r"S_ATC_\w+|S_DCACHE_\w+|S_ICACHE_\w+|S_PREFETCH_\w+|S_GL1_INV|S_(INC|DEC)PERF\w+|S_TTRACE\w*|S_VERSION", "caches and counters"),
    (r"S_(RFE|SETHALT|SETKILL|TRAP|SENDMSG|CODE_END|WAKEUP|GET_BARRIER|ENDPGM_|WAIT_EVENT|WAIT_IDLE|ROUND_MODE)\w*|S_BARRIER_(INIT|JOIN|LEAVE|SIGNAL_ISFIRST)\w*|V_CLREXCP|V_PIPEFLUSH|DS_NOP|DS_GWS_\w+|S_SETREG\w*", "traps, modes, messages"),
    (r"S_SET_GPR_IDX_(IDX|MODE)|S_SETVSKIP|S_CBRANCH_(CDBG|G_FORK|I_FORK|JOIN)\w*|S_SUBVECTOR\w*|S_MOVREL\w+|V_MOVRELSD\w+|V_SWAPREL\w*|S_CALL_B64", "control flow and indexing that are not selected"),
    (r"S_\w+_WREXEC_\w+|S_(NAND|NOR|XNOR|\w*NOT0|\w*N1|OR_NOT1|ORN2|XOR)_SAVEEXEC_\w+|S_BITREPLICATE\w*|S_QUADMASK\w*|S_WQM\w*|S_BITSET\w*|S_ABSDIFF\w*|S_CBRANCH\w*USER|S_MOV_FED\w*|V_MOV_FED\w*", "scalar operations that are not selected"),
    (r"V_\w*LEGACY\w*|V_\w*DX9\w*|V_CUBE\w+|V_MULLIT_F32", "rules of DirectX 9"),
    (r"V_(MQSAD|QSAD|MSAD|LERP)\w*|V_CVT_(OFF|RPI|FLR|NEAREST|FLOOR|NORM|PK_NORM|PKNORM|PKACCUM|PK_U8)\w*|V_SAT_PK\w*|DS_(MSKOR|RSUB|CONDXCHG|WRAP|APPEND|CONSUME)\w*|DS_\w*2(ADDR_)?(ST64|STRIDE64)_RTN\w*", "builtin functions"),
    (r"V_CMP_(T|F|TRU)_\w+", "never selected"),
]


def main():
    if len(sys.argv) < 3: sys.exit(__doc__)
    for p in ("tinygrad", "tinygrad.runtime", "tinygrad.runtime.autogen"):     # without running the packages' own __init__
        m = types.ModuleType(p); m.__path__ = [sys.argv[1] + "/" + p.replace(".", "/")]; sys.modules[p] = m
    import generate
    ran = collections.defaultdict(set)
    for l in open(sys.argv[2]):
        arch, name = l.rstrip("\n").split("\t")
        ran[arch].add(name)
    for gfx in sorted(ran):
        arch = generate.Arch("cdna" if gfx.startswith("gfx9") else "rdna4" if gfx.startswith("gfx12") else "rdna3")
        known = {arch.base(op.name) for e in generate.ALU + list(generate.MEMORY) for op in getattr(arch.enum, e + "Op", ())}
        rare = {n for n in known if any(re.fullmatch(p, n) for p, _ in RARE)}
        missing = sorted(known - ran[gfx])
        print(f"{gfx}: {len(known & ran[gfx])} of {len(known)} instructions ran; {len((known - rare) & ran[gfx])} of the {len(known - rare)} that clang emits. Not run:")
        for n in missing:
            if n not in rare: print("  " + n)
            elif len(sys.argv) > 3: print("  " + n + " (rare)")


if __name__ == "__main__": main()
