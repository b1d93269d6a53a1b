#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""include_order.py [--check]: which folder of include/crosslane includes which.

Fails if an include runs from a lower folder to a higher one, or if the checker does not know a folder; with --check also if the picture in
docs/architecture.md is not the one that the includes make. Without --check the picture is written there.
"""
import re
import sys
from pathlib import Path

# The lowest first. Headers right under include/crosslane/ are for users and may include everything.
ORDER = ["platform", "core", "backend/native", "kernel", "runtime", "backend", "algorithm", "tensor", "matrix", "check"]
PAGE = Path("docs/architecture.md")
CHECKER = Path(__file__).resolve().parent.parent / "src/checker/source_lines.hpp"
BEGIN, END = "<!-- include_order.py -->\n", "<!-- end -->\n"


def folder_of(header):
    """The entry of ORDER that a path below crosslane/ belongs to; None for the headers of users."""
    matches = [folder for folder in ORDER if header.startswith(folder + "/")]
    return max(matches, key=len, default=None)


def main():
    root = Path(__file__).resolve().parent.parent
    top = root / "include" / "crosslane"
    included = {folder: {} for folder in ORDER}
    failures = []
    for path in sorted(top.rglob("*.hpp")):
        header = path.relative_to(top).as_posix()
        folder = folder_of(header)
        if folder is None:
            if "/" in header:
                failures.append(f"{header}: its folder is not in ORDER")
            continue
        for line, text in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r"\s*#\s*include\s*<crosslane/([^>]+)>", text)
            if not match:
                continue
            other = folder_of(match[1])
            if other == folder or match[1] == "version.hpp":
                continue
            if other is None:
                # Only the highest folder is built on what users include.
                if folder != ORDER[-1]:
                    failures.append(f"{header}:{line} includes {match[1]}, a header for users")
                continue
            included[folder][other] = included[folder].get(other, 0) + 1
            if ORDER.index(other) > ORDER.index(folder):
                failures.append(f"{header}:{line} includes {match[1]}: {folder}/ is below {other}/")
    # The checker does not name lines of the library's own functions. check/ runs in programs, not in kernels.
    lines_of_library = CHECKER.read_text().split("bool is_library", 1)[1]
    for folder in ORDER[:-1]:
        if f'"/crosslane/{folder.split("/")[0]}/"' not in lines_of_library:
            failures.append(f"{folder}/ is not among the folders of is_library() in {CHECKER}")
    for failure in failures:
        print(failure)

    width = max(map(len, ORDER)) + 1
    lines = []
    for folder in reversed(ORDER):
        below = [f"{other}/" for other in reversed(ORDER) if other in included[folder]]
        lines.append(f"{folder + '/':<{width}}" + (" → " + "  ".join(below) if below else ""))
    picture = BEGIN + "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n" + END

    page = (root / PAGE).read_text()
    if BEGIN not in page:
        print(f"{PAGE} has no line {BEGIN.strip()}")
        return 1
    start = page.index(BEGIN)
    end = page.index(END, start) + len(END)
    if page[start:end] != picture:
        if "--check" in sys.argv:
            print(f"the picture in {PAGE} is not that of the includes: run {Path(__file__).name}")
            return 1
        (root / PAGE).write_text(page[:start] + picture + page[end:])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
