#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Says which missing waits, invalidations and write-backs AMDEMU_WEAK and AMDEMU_WAIT notice.

Compiles the kernels of kernels.hip to assembly, deletes one of these instructions (of s_waitcnt and its like: one counter), and runs the
kernel under several seeds. The deletion is noticed if a launch fails or a result is wrong. The kernels as compiled must be right, except
those that lack a wait on purpose.

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
WRONG = {"unwaited_grid_barrier": r"gfx9\w*"}  # kernels that lack a wait as compiled
INVALIDATE, WRITE_BACK = r"(buffer_(inv|wbinvl1\w*|gl[01]_inv)|global_inv)\b.*", r"(buffer_wbl2|global_wb)\b.*"
BARRIER_INVALIDATE = r"buffer_gl0_inv|global_inv scope:SCOPE_SE"
# What these kernels do not need although clang 19 emits it: architecture, kernel, instruction, why. Applies to what is not noticed.
NOT_NECESSARY = [
    (r"gfx12\d\d", ".*", r"global_wb scope:SCOPE_(SE|DEV)", "nothing is to be written back below system scope"),
    (".*", "lds_hand_over|double_buffer", INVALIDATE, "only LDS is handed over"),
    (".*", "message_in_lds", r"lgkmcnt\(0\)|.*dscnt.*", "operations of a wave on LDS keep their order"),
    (".*", "message_in_lds", BARRIER_INVALIDATE, "only LDS is handed over at the first barrier"),
    (".*", "store_buffer", INVALIDATE + "|" + WRITE_BACK, "only the flags are handed over"),
    ("gfx1.*", "store_buffer", r"s_wait(cnt_vscnt null,|_storecnt) 0x0", "the store before it is not handed over"),
    (".*", "atomics_then_flag", WRITE_BACK, "atomics are performed in memory"),
    ("gfx1.*", "global_hand_over", BARRIER_INVALIDATE, "the wave reads only after the next barrier"),
    ("gfx1.*", "grid_barrier|last_block|look_back", BARRIER_INVALIDATE, "nothing is read before the next invalidation"),
    ("gfx1.*", "grid_barrier", r"buffer_gl0_inv", "the barrier of the block invalidates this cache too"),
]

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
    env = dict(os.environ, LD_LIBRARY_PATH=options.emulator, AMDEMU_ARCH=arch, AMDEMU_WEAK="2", AMDEMU_WAIT="error", AMDEMU_TIMEOUT="10")
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
                expected = re.fullmatch(WRONG.get(k, ""), arch)
                if bool(wrong) != bool(expected):
                    ok = False
                    print(f"{arch}: {k} as compiled: {wrong or 'right, although a wait is missing'}")
            all_of = [d for d in all_of if d[0] not in WRONG]

            def one(n):
                kernel, at, new, _ = all_of[n]
                with_line = lambda line: run(options, arch, lines[:at] + [line] + lines[at + 1:], kernel, folder, str(n))
                wrong = with_line(new)
                return wrong or with_line("\ts_trap 2") and "not noticed"  # None: never executed

            todo, results, superfluous = [], [], {}
            for d, r in zip(all_of, pool.map(one, range(len(all_of)))):
                reason = "never executed" if r is None else None
                if r == "not noticed":
                    reason = next((why for a, k, t, why in NOT_NECESSARY if all(map(re.fullmatch, (a, k, t), (arch, d[0], d[3])))), None)
                if reason:
                    superfluous[reason] = superfluous.get(reason, 0) + 1
                else:
                    todo.append(d)
                    results.append(r)
            noticed = sum(r != "not noticed" for r in results)
            share = 100 * noticed / max(len(todo), 1)
            print(f"{arch}: {noticed} of {len(todo)} deletions noticed ({share:.1f} %), {options.seeds} seeds")
            for reason, n in superfluous.items(): print(f"  {n} more do not count: {reason}")
            for (kernel, at, _, what), r in zip(todo, results):
                if r == "not noticed": print(f"  not noticed: {kernel}, line {at + 1}: {what}")
                elif options.v: print(f"  {kernel}, line {at + 1}: {what}: {r}")
            ok = ok and share >= options.at_least
    return 0 if ok else 1


if __name__ == "__main__": sys.exit(main())
