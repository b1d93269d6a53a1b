#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pages.py [--check] writes into the pages of docs the code and the texts that they show, from files of the tests, which compile and run the
code and compare the texts with what they get (support/recorded.hpp). With --check it only says whether the pages are up to date.

What stands between '<!-- FILE [name] -->' and '<!-- end -->' is the part of that file between its two lines '// [name]' or '# [name]', between
'<!-- FILE name -->' and the end the struct of that name, and between '<!-- FILE -->' and the end all of it, with the number of lines if it is code.
"""
import argparse
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
PART = re.compile(r"<!-- (\S+/\S*[^\s:])(?: (\[?[\w-]+\]?))? -->\n.*?<!-- end -->", re.S)
WIDTH = 138
LANGUAGES = {"CMakeLists.txt": "cmake", ".cpp": "cpp", ".cu": "cpp", ".hpp": "cpp", ".yml": "yaml"}  # by name or ending; others are texts


def region(text, name):
    parts = re.split(rf"^ *(?://|#) {re.escape(name)}\n", text, flags=re.M)
    return parts[1] if len(parts) == 3 else None


def struct(text, name):
    found = re.search(rf"^(template <.*>\n)?struct {name} {{\n.*?^}};\n", text, re.M | re.S)
    return found and found[0]


def code(text, name):
    found = region(text, name) if name.startswith("[") else struct(text, name)
    if found is None:
        raise LookupError(name)
    # Without the marks of lines that a test looks for.
    return re.sub(r" *// @\w+$", "", textwrap.dedent(found), flags=re.M).strip("\n") + "\n"


def output(text):
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def part(match):
    file, name = match[1], match[2]
    text = (ROOT / file).read_text(encoding="utf-8")
    path = pathlib.Path(file)
    kind = LANGUAGES.get(path.name) or LANGUAGES.get(path.suffix, "text")
    if name:
        shown = f"```{kind}\n{code(text, name)}```"
    elif kind == "text":
        shown = f"```text\n{output(text)}```"
    else:
        text = re.sub(r"^(//|#) SPDX-.*\n", "", text)
        shown = f"`{path.name}`, {len(text.splitlines())} lines:\n\n```{kind}\n{text}```"
    return f"<!-- {file}{' ' + name if name else ''} -->\n{shown}\n<!-- end -->"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wrong = 0
    for page in sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]):
        old = page.read_text(encoding="utf-8")
        try:
            new = PART.sub(part, old)
        except (LookupError, OSError) as e:
            print(f"{page}: {e}")
            wrong = 1
            continue
        if new == old:
            continue
        if not check:
            page.write_text(new, encoding="utf-8")
        else:
            print(f"{page} is not what test/pages.py makes of it")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
