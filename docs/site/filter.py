#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a header as Doxygen reads it. Lines keep their numbers, so that Doxygen's warnings name those of the header.

The comment at the top describes the file. The inline namespace of the configuration, the parameter that records the caller's line, and
macros that the header undefines are left out. Code in comments, which the headers indent by three blanks, gets the five that Markdown wants."""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text()
text = re.sub(r"^// SPDX-.*", r"/// \\file", text)
text = re.sub(r"^(inline |}  // )namespace CROSSLANE_CONFIGURATION( {)?$", "", text, flags=re.M)
text = re.sub(r"(,(\s*))?(?:\[\[maybe_unused\]\] )?source_location where = source_location::current\(\)", lambda m: m[2] or "", text)
for macro in re.findall(r"^#undef (\w+)", text, re.M):
    text = re.sub(rf"^#define {macro}\b(.*\\\n)*.*", lambda m: "\n" * m[0].count("\n"), text, flags=re.M)
text = re.sub(r"^( */// )\*(?= )", r"\1\\*", text, flags=re.M)  # a product, no list
text = re.sub(r"^( *///)   (?=\S)", r"\1     ", text, flags=re.M)
print(text, end="")
