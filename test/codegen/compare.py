#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compare.py [--expect-different] -- COMMAND... compiles a file of kernel pairs and holds the instructions of each kernel NAME, written
with Crosslane, against those of NAME_by_hand: opcodes with their modifiers, kinds of operands, constants, launch bounds and shared
memory must be the same, as multisets. Names of registers, labels and parameters, and the order of instructions, which schedulers
choose, are not compared.

In AMD assembly the instance for waves of the other width must be a trap and nothing else.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile


def split_ptx(text):
    """{kernel: [instruction or directive that matters]}"""
    kernels = {}
    for match in re.finditer(r"^\.visible \.entry (\S+)\((.*?)\)\n(.*?)^\{\n(.*?)^\}", text, re.M | re.S):
        name, _, bounds, body = match.groups()
        lines = bounds.splitlines()
        for line in body.splitlines():
            line = line.split("//")[0].strip()
            if line and not line.startswith(".reg") and not line.endswith(":"):
                lines.append(line)
        kernels[name] = [normal_ptx(name, line) for line in lines]
    return kernels


def normal_ptx(kernel, line):
    line = line.rstrip(";")
    line = line.replace("\t", " ")
    # .shared .align 4 .b8 name[4224]: size and alignment stay.
    line = re.sub(r"^(\.shared .*?)\S+\[(\d+)\]$", r"\1[\2 bytes]", line)
    # A parameter's offset within a struct is no instruction's business.
    line = re.sub(re.escape(kernel) + r"_param_\d+(\+\d+)?", "param", line)
    line = re.sub(r"\$L__BB\w+", "label", line)
    line = re.sub(r"%(p|f|fd|rd|rs|r|h|hh|rq|b)\d+\b", lambda m: "%" + m.group(1), line)  # not %tid.x and its like
    line = re.sub(r"\b_Z\w+", "shared", line)  # a variable in shared memory
    return re.sub(r" +", " ", line)


def split_amd(text):
    """{kernel: [instruction, or number of registers, bytes ...]}"""
    kernels = {}
    pattern = r"^(\w+): +; @\1\n(.*?)^\.Lfunc_end\d+:"
    for match in re.finditer(pattern, text, re.M | re.S):
        name, body = match.groups()
        instructions = []
        for line in body.splitlines():
            line = line.split(";")[0].strip()
            if line and not line.startswith(".") and not line.endswith(":"):
                instructions.append(line)
        descriptor = re.search(rf"\.amdhsa_kernel {name}\n(.*?)\.end_amdhsa_kernel", text, re.S).group(1)
        facts = dict(re.findall(r"(\.amdhsa_\w+) (\S+)", descriptor))
        kernels[name] = [normal_amd(line) for line in instructions]
        metadata = re.search(rf"\.max_flat_workgroup_size: (\d+)\n *\.name: +{name}\n", text)
        kernels[name] += [
            f"limit: blocks of {metadata[1]}",
            f"limit: {facts['.amdhsa_next_free_vgpr']} vector registers",
            f"limit: {facts['.amdhsa_group_segment_fixed_size']} bytes of LDS",
            f"limit: {facts['.amdhsa_private_segment_fixed_size']} bytes of scratch",
        ]
    return kernels


# Positions of two operands whose order means nothing.
COMMUTATIVE = {"v_mad_u64_u32": (2, 3), "s_and_b32": (1, 2), "s_and_b64": (1, 2)}


def normal_amd(line):
    line = re.sub(r"\.LBB\w+", "label", line)
    line = re.sub(r"\b(s|v|a)\[(\d+):(\d+)\]", lambda m: f"{m.group(1)}×{int(m.group(3)) - int(m.group(2)) + 1}", line)
    line = re.sub(r"\b(s|v|a)\d+\b", r"\1", line)
    opcode, _, rest = re.sub(r"\s+", " ", line).partition(" ")
    operands = rest.split(", ")
    if opcode in COMMUTATIVE:
        i, j = COMMUTATIVE[opcode]
        operands[i], operands[j] = sorted((operands[i], operands[j]))
    return f"{opcode} {', '.join(operands)}".strip()


def describe(counter):
    return [f"    {count} × {line}" if count > 1 else f"    {line}" for line, count in sorted(counter.items())]


def differences(name, ours, by_hand):
    """Returns what only one side has, as text, or an empty text."""
    extra = collections.Counter(ours) - collections.Counter(by_hand)
    missing = collections.Counter(by_hand) - collections.Counter(ours)
    if not extra and not missing:
        return ""
    lines = [f"{name}: {len(ours)} lines with Crosslane, {len(by_hand)} by hand"]
    if extra:
        lines += ["  only with Crosslane:", *describe(extra)]
    if missing:
        lines += ["  only by hand:", *describe(missing)]
    return "\n".join(lines)


def find(kernels, name, width):
    """The entry point of a kernel: its mangled name holds the backend, the width and the kernel's name with its length."""
    mangled = re.compile(rf"instanceINS_\w+?ELj{width}E{len(name)}{name}J")
    found = [k for k in kernels if mangled.search(k)]
    if len(found) != 1:
        raise SystemExit(f"compare.py: {len(found)} instances of kernel {name} for waves of {width} lanes")
    return kernels[found[0]]


def compile_text(command):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "output"
        result = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"compare.py: {' '.join(command)}\n{result.stdout}{result.stderr}")
        return output.read_text()


def compile_kernels(command):
    """The architecture, the width of its waves, and {kernel: [instruction ...]}."""
    text = compile_text(command)
    if target := re.search(r"amdgcn-amd-amdhsa--(gfx\w+)", text):
        # By the generation, the digits before the last two: waves of 64 lanes up to 9, of 32 from 10 on.
        return target[1], 64 if len(target[1]) <= 6 else 32, split_amd(text)
    return re.search(r"^\.target (\w+)", text, re.M)[1], 32, split_ptx(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expect-different", action="store_true", help="succeed when every pair differs: shows that differences are seen")
    parser.add_argument("command", nargs="+", help="compiles the file with the kernels to PTX or assembly; gets -o FILE")
    arguments = parser.parse_args()

    architecture, width, kernels = compile_kernels(arguments.command)
    other_width = 96 - width if architecture.startswith("gfx") else None

    by_hand = [k for k in kernels if k.endswith("_by_hand")]
    failed = not by_hand
    for name in (k[: -len("_by_hand")] for k in by_hand):
        if other_width:
            instance = [line for line in find(kernels, name, other_width) if not line.startswith(("limit", "s_endpgm"))]
            if instance != ["s_trap 2"]:
                print(f"{name}: the instance for waves of {other_width} lanes is more than a trap:", *instance, sep="\n    ")
                failed = True
        found = differences(name, find(kernels, name, width), kernels[f"{name}_by_hand"])
        if bool(found) == arguments.expect_different:
            print(found or f"{name}: the same {len(kernels[name + '_by_hand'])} instructions")
        else:
            print(found or f"{name}: the same, but a difference was planted")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
