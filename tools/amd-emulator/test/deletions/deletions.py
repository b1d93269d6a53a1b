#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Says which missing waits, invalidations and write-backs AMDEMU_WEAK and AMDEMU_WAIT notice.

Compiles the kernels of kernels.hip to assembly, deletes one of these instructions (of s_waitcnt and its like: one counter), and runs the
kernel under several seeds. The deletion is noticed if a launch fails or a result is wrong. The kernels as compiled must be right.

  deletions.py <folder of the emulator> --host <host> [--architectures gfx90a,gfx942] [--kernels ring,look_back] [--seeds 12]

Prints the share for each architecture and what was not noticed. The exit code is 1 if an unchanged kernel is wrong, or if less than
--at-least percent are noticed.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# What AMDGPUUsage does not ask for, though the compiler (clang 19) emits it.
NOT_NECESSARY = [(r"gfx12\d\d", r"global_wb scope:SCOPE_(SE|DEV)", "below system scope there is nothing to write back")]


def assembly(options, arch, folder):
    out = os.path.join(folder, arch + ".s")
    subprocess.run([options.clang, "-x", "hip", "-std=c++17", "-O2", "--offload-device-only", "--offload-arch=" + arch, "-S",
                    "--rocm-device-lib-path=" + os.path.join(options.emulator, "bitcode"), *options.flag,
                    os.path.join(HERE, "kernels.hip"), "-o", out], check=True)
    return open(out).read().split("\n")


def deletions(lines):
    """(kernel, line, line that replaces it, what is deleted) of each deletion."""
    kernel = None
    for at, line in enumerate(lines):
        text = line.split(";")[0].strip()
        m = re.match(r"(\w+):", text)
        if m and not text.startswith(".L"): kernel = m[1]
        if text.startswith(".Lfunc_end"): kernel = None
        if not kernel: continue
        if re.match(r"(buffer_(wbl2|inv|wbinvl1|wbinvl1_vol|invl2|gl0_inv|gl1_inv)|global_(inv|wb|wbinv))\b", text):
            yield kernel, at, "", text
        elif text.startswith("s_waitcnt "):
            counters = re.findall(r"(\w+cnt)\((\d+)\)", text)
            for c in counters:
                rest = " ".join(f"{n}({v})" for n, v in counters if n != c[0])
                yield kernel, at, "\ts_waitcnt " + rest if rest else "", f"{c[0]}({c[1]})"
        elif m := re.match(r"s_wait_(load|store)cnt_dscnt 0x([0-9a-f]+)", text):
            v = int(m[2], 16)
            yield kernel, at, f"\ts_wait_dscnt {v & 63}", f"{m[1]}cnt({v >> 8})"
            yield kernel, at, f"\ts_wait_{m[1]}cnt {v >> 8}", f"dscnt({v & 63})"
        elif re.match(r"s_wait(cnt_vscnt|_(load|store|ds|km)cnt)\b", text):
            yield kernel, at, "", text


def run(options, arch, lines, kernel, folder, name):
    """None if the kernel is right under all seeds, else what is wrong."""
    source, code = (os.path.join(folder, f"{arch}-{name}.{end}") for end in ("s", "co"))
    with open(source, "w") as f: f.write("\n".join(lines))
    subprocess.run([options.clang, "-target", "amdgcn-amd-amdhsa", "-mcpu=" + arch, "-x", "assembler", source, "-o", code], check=True)
    env = dict(os.environ, LD_LIBRARY_PATH=options.emulator, AMDEMU_ARCH=arch, AMDEMU_WEAK="1", AMDEMU_WAIT="error", AMDEMU_TIMEOUT="10")
    r = subprocess.run([options.host, code, kernel, str(options.seeds)], env=env, capture_output=True, text=True, timeout=600)
    os.remove(code)
    os.remove(source)
    if r.returncode == 0: return None
    finding = re.search(r"ERROR: (.*?) \[", r.stderr)
    return finding[1] if finding else r.stdout.strip() or r.stderr.strip()[-200:]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("emulator", help="the folder that has libamdhip64.so and bitcode/")
    p.add_argument("--architectures", default="gfx90a,gfx942,gfx1100,gfx1201")
    p.add_argument("--host", required=True, help="the program that host.cpp makes")
    p.add_argument("--clang", default="clang++-19")
    p.add_argument("--flag", action="append", default=[], help="an option for the compiler, for example --flag=-mcumode")
    p.add_argument("--kernels", default="")
    p.add_argument("--seeds", type=int, default=12)
    p.add_argument("--at-least", type=float, default=95)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("-v", action="store_true", help="also says how each deletion was noticed")
    options = p.parse_args()
    only = set(filter(None, options.kernels.split(",")))
    ok = True
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for arch in options.architectures.split(","):
            lines = assembly(options, arch, folder)
            all_of = [d for d in deletions(lines) if not only or d[0] in only]
            kernels = sorted({d[0] for d in all_of})
            for k, wrong in zip(kernels, pool.map(lambda k: run(options, arch, lines, k, folder, k), kernels)):
                if wrong:
                    ok = False
                    print(f"{arch}: {k} as compiled: {wrong}")
            todo, superfluous = [], {}
            for d in all_of:
                reason = next((r for a, t, r in NOT_NECESSARY if re.fullmatch(a, arch) and re.match(t, d[3])), None)
                if reason: superfluous[reason] = superfluous.get(reason, 0) + 1
                else: todo.append(d)

            def one(n):
                kernel, at, new, _ = todo[n]
                return run(options, arch, lines[:at] + [new] + lines[at + 1:], kernel, folder, str(n))

            results = list(pool.map(one, range(len(todo))))
            noticed = sum(r is not None for r in results)
            share = 100 * noticed / max(len(todo), 1)
            print(f"{arch}: {noticed} of {len(todo)} deletions in {len(kernels)} kernels noticed ({share:.1f} %), {options.seeds} seeds")
            for reason, n in superfluous.items(): print(f"  {n} more are not necessary: {reason}")
            for (kernel, at, _, what), r in zip(todo, results):
                if r is None: print(f"  not noticed: {kernel}, line {at + 1}: {what}")
                elif options.v: print(f"  {kernel}, line {at + 1}: {what}: {r}")
            ok = ok and share >= options.at_least
    return 0 if ok else 1


if __name__ == "__main__": sys.exit(main())
