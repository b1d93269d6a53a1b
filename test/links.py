#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the Markdown pages: each link between them, and to other files, leads to something that is there, with its anchor; no two pages have
the same title. Addresses on the web are not tried."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[`~]* *$", re.M | re.S)
# Code comes first, so that a link in code is none. Groups: what stands before the target, the target, its anchor.
LINK = re.compile(r"`[^`]*`|(!?\[(?:[^][`]|`[^`]*`|!\[[^]]*\]\([^)]*\))*\]\()([^()\s#]*)(#[^()\s]*)?\)")


def pages():
    patterns = ["*.md", "docs/**/*.md", "examples/*/README.md", "packaging/README.md"]
    return sorted(page for pattern in patterns for page in ROOT.glob(pattern))


def without_code(text):
    """Blank lines instead of code blocks, so that lines keep their numbers."""
    return FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)


def links(text):
    return (match for match in LINK.finditer(without_code(text)) if match[1])


def headings(text):
    return re.findall(r"^#{1,6} +(.*?)[ #]*$", without_code(text), re.M)


def anchors(text):
    """The anchors that forges and the web pages give to headings."""
    found = set()
    for heading in headings(text):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        unique, n = slug, 0
        while unique in found:
            n += 1
            unique = f"{slug}-{n}"
        found.add(unique)
    return found


def main():
    texts = {page: page.read_text(encoding="utf-8") for page in pages()}
    wrong, titles, count = [], {}, 0
    for page, text in texts.items():
        for match in links(text):
            target, anchor = match[2], (match[3] or "#")[1:]
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            where = f"{page.relative_to(ROOT)}:{without_code(text)[: match.start()].count(chr(10)) + 1}"
            found = (page.parent / target).resolve() if target else page
            if not found.exists():
                wrong.append(f"{where}: there is no {target}")
            elif anchor and found.suffix != ".md":
                wrong.append(f"{where}: {target} has no anchors")
            elif anchor and anchor not in anchors(found.read_text(encoding="utf-8")):
                wrong.append(f"{where}: {target or page.name} has no heading #{anchor}")
        title = (headings(text) or [""])[0]
        if not title:
            wrong.append(f"{page.relative_to(ROOT)}: the page has no title")
        elif title in titles:
            wrong.append(f"{page.relative_to(ROOT)}: the title '{title}' is also that of {titles[title].relative_to(ROOT)}")
        titles[title] = page
    print("\n".join(wrong) if wrong else f"{len(texts)} pages, {count} links")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
