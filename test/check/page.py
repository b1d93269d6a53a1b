#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels and findings of docs/checker.md, from the corpus.

page.py FINDINGS   writes them; FINDINGS is what corpus.checked left in the file that CROSSLANE_FINDINGS named
page.py --check    fails where the kernels of the page are not those of the corpus

A part of the page stands between '<!-- kind -->' and '<!-- end -->': the region of the corpus between its two '// [kind]'.
"""
import pathlib
import re
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parents[2]
page = root / "docs/checker.md"


def kernels(kind):
    """The wrong kernel and the right one."""
    for file in sorted((root / "test/check/corpus").glob("*.hpp")):
        parts = file.read_text().split(f"// [{kind}]\n")
        if len(parts) == 3:
            wrong, right = re.split(r"(?<=^};\n)", parts[1], maxsplit=1, flags=re.M)
            return re.sub(r" *// @\w+", "", wrong).rstrip(), right.rstrip()
    sys.exit(f"the corpus has no region [{kind}]")


def part(kind, finding):
    wrong, right = kernels(kind)
    return f"\n```cpp\n{wrong}\n```\n\n```text\n{finding}\n```\n\n```cpp\n{right}\n```\n"


def main():
    text = page.read_text()
    check = sys.argv[1:] == ["--check"]
    findings = {}
    if not check:
        for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
            kernel, finding, advice = line.split("\t")
            findings.setdefault(kernel, "\n".join(textwrap.wrap(finding, 138, break_long_words=False, break_on_hyphens=False)) + "\n" + advice)

    def replaced(match):
        kind, old = match[1], match[2]
        name = re.search(r"struct (\w+)", kernels(kind)[0])[1]
        finding = re.search(r"```text\n(.*?)\n```", old, re.S)[1] if check else findings[name]
        return f"<!-- {kind} -->{part(kind, finding)}<!-- end -->"

    new = re.sub(r"<!-- ([a-z-]+) -->(.*?)<!-- end -->", replaced, text, flags=re.S)
    if not check:
        page.write_text(new)
    elif new != text:
        sys.exit("docs/checker.md shows other kernels than test/check/corpus: run test/check/page.py")


main()
