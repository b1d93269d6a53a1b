#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""amalgamate.py FOLDER writes each header that programs include to FOLDER/crosslane with all that it includes in it: one file to copy
into a project, under the name that it has in an installation. Several of them go together: a part that came in by one is left out of the next.
"""
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
ON_DEMAND = ["crosslane/runtime/device_links.hpp", "crosslane/runtime/timed_regions.hpp"]  # no other header includes them
LICENCE = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
DIRECTIVE = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b")
OURS = re.compile(r"\s*#\s*include <(crosslane/[^>]+)>")


def amalgamated(top):
    lines = []
    written = {}  # file: the branches of conditionals that it was written in
    branches = []  # of the conditionals that are open, each (number of the conditional, number of its branch)
    conditionals = 0

    def write(name):
        nonlocal conditionals
        # If the compiler has always read an earlier copy, this one would be empty. Otherwise it may be the first one that it reads.
        if any(branches[: len(path)] == path for path in written.get(name, [])):
            return
        written.setdefault(name, []).append(list(branches))
        guard = "CROSSLANE_PART_" + re.sub(r"\W", "_", name).upper()
        lines.append(f"\n#ifndef {guard}  // {name}\n#define {guard}\n")
        for line in (INCLUDE / name).read_text(encoding="utf-8").splitlines(keepends=True):
            directive, ours = DIRECTIVE.match(line), OURS.match(line)
            if ours:
                write(ours[1])
            elif line != LICENCE and line != "#pragma once\n":
                lines.append(line)
            if not directive:
                continue
            if directive[1].startswith("if"):
                conditionals += 1
                branches.append((conditionals, 0))
            elif directive[1] == "endif":
                branches.pop()
            else:
                conditional, branch = branches[-1]
                branches[-1] = (conditional, branch + 1)
        lines.append(f"#endif  // {name}\n")

    write(top)
    return LICENCE + f"// Made of the headers of Crosslane: {top} and what it includes.\n#pragma once\n" + "".join(lines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    for name in [*(f"crosslane/{header.name}" for header in sorted((INCLUDE / "crosslane").glob("*.hpp"))), *ON_DEMAND]:
        text = amalgamated(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        print(f"{folder / name}: {text.count(chr(10))} lines")


main()
