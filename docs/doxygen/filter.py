#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a file as Doxygen shall read it. Lines keep their numbers, so that Doxygen's warnings name those of the file.

A header is a topic of its folder's, named like the file, and the comment at the top of the file is the topic's. Namespaces themselves are no
part of it. Code in comments, which the headers indent by three blanks, gets the five that Markdown wants.

A page has a label after its path. It keeps its links to the web and to other pages of docs/; of others the text remains, since what they lead
to is no part of the site."""
import pathlib
import re
import sys


def header(path, lines):
    parts = path.with_suffix("").parts
    parts = parts[parts.index("include") + 2 :]  # behind include/crosslane
    topic = "_".join(parts) + "_hpp"
    folder = "_".join(parts[:-1]) or "library"
    opened, closed = f"/** \\addtogroup {topic} */ /** @{{ */", "/** @} */"
    namespace = r"namespace crosslane(::(?!detail)\w+)?"
    begin = lines.index("#pragma once")
    for i, line in enumerate(lines):
        if i == 0:
            line = f"/// \\defgroup {topic} {path.name}"
        elif i == begin:
            line = f"/// \\ingroup {folder}"
        elif i == begin + 1:
            line = opened
        elif i == len(lines) - 1:
            line = closed
        elif re.fullmatch(namespace + " {", line):
            line = f"{closed} {line} {opened}"
        elif re.fullmatch("}  // " + namespace, line):
            line = f"{closed} }} {opened}"
        elif re.fullmatch(r"(inline |}  // )namespace CROSSLANE_CONFIGURATION( {)?", line):
            line = ""
        yield re.sub(r"^( *///)   (?=.)", r"\1     ", line)


def label(page):
    return "page_" + re.sub(r"\W", "_", str(page.relative_to(docs).with_suffix("")))


def page(path, lines):
    def link(match):
        text, target = match[1], match[2].partition("#")[0]
        if re.match("https?:", target):
            return match[0]
        found = (path.parent / target).resolve()
        return f"[{text}](@ref {label(found)})" if found.suffix == ".md" and docs in found.parents and found.exists() else text

    for i, line in enumerate(lines):
        if i == 0 and line.startswith("# ") and not line.endswith("}"):
            line = f"{line} {{#{label(path.resolve())}}}"
        yield re.sub(r"(?<!!)\[([^][]*)\]\(([^()\s]*)\)", link, line)


docs = pathlib.Path("docs").resolve()
path = pathlib.Path(sys.argv[1])
lines = path.read_text().split("\n")
print("\n".join((page if path.suffix == ".md" else header)(path, lines)))
