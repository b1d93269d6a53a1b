#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""count.py [--expect-wrong] SOURCE -- COMMAND... compiles SOURCE and holds each kernel's instructions against what the comment above
it states, in lines that begin with the name of the architecture:

    // gfx90a: 6 v_add_f32_dpp, 0 ds_bpermute     so many instructions whose names begin like this
    // sm_90: 6 different st.global               so many of them that are not equal, where compilers may double one for two branches
    // gfx90a: ds_write then ds_read              all instructions whose names begin like these, in this order

With --expect-wrong every line must be untrue, which shows that count.py sees it.
"""
import argparse
import re
import sys

import compare


def statements(source, architecture):
    """[(kernel, statement)] for one architecture."""
    found, pending = [], []
    for line in source.splitlines():
        if match := re.match(r"// (\w+): (.*)", line):
            if match[1] == architecture:
                pending.append(match[2])
        elif match := re.match(r"struct (\w+)", line):
            found += [(match[1], statement) for statement in pending]
            pending = []
    return found


def opcode(line):
    return re.sub(r"^@!?%\w+ ", "", line)  # without PTX's predicate


def objection(statement, lines):
    """Returns what is wrong with a statement about these instructions, or an empty text if it holds."""
    lines = [opcode(line) for line in lines]
    if " then " in statement:
        wanted = statement.split(" then ")
        order = [next(w for w in wanted if line.startswith(w)) for line in lines if line.startswith(tuple(wanted))]
        return "" if order == wanted else "the order is " + " then ".join(order)
    wrong = []
    for part in statement.split(", "):
        count, *different, name = part.split(" ")
        there = [line for line in lines if line.startswith(name)]
        if different:
            there = sorted(set(there))
        if len(there) != int(count):
            wrong.append(f"{len(there)} {name}" + "".join(f"\n    {line}" for line in there))
    return "\n  ".join(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expect-wrong", action="store_true")
    parser.add_argument("source")
    parser.add_argument("command", nargs="+", help="compiles to PTX or assembly; gets the source and -o FILE")
    arguments = parser.parse_args()

    architecture, width, kernels = compare.compile_kernels([*arguments.command, arguments.source])
    with open(arguments.source, encoding="utf-8") as file:
        stated = statements(file.read(), architecture)
    failed = not stated
    for name, statement in stated:
        wrong = objection(statement, compare.find(kernels, name, width))
        print(f"{name}: {statement}" + (f"\n  but {wrong}" if wrong else ""))
        failed |= bool(wrong) != arguments.expect_wrong
    return failed


if __name__ == "__main__":
    sys.exit(main())
