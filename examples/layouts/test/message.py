#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What g++ says of wrong_layout.cpp, in the README.

message.py COMPILER ARGUMENT...           writes it
message.py --check COMPILER ARGUMENT...   fails where the README says something else, and where the right variant does not compile
"""
import pathlib
import re
import subprocess
import sys
import textwrap

folder = pathlib.Path(__file__).resolve().parent
readme = folder.parent / "README.md"
check = sys.argv[1] == "--check"
command = sys.argv[1 + check :] + [str(folder / "wrong_layout.cpp")]

right = subprocess.run(command, capture_output=True, text=True)
if right.returncode != 0:
    sys.exit(f"the right variant does not compile:\n{right.stderr}")
wrong = subprocess.run(command + ["-DWRONG"], capture_output=True, text=True)
if wrong.returncode == 0:
    sys.exit("a wrong layout compiles")

# Have, Want, and the line at fault; then the message. Paths and lines of the library's own files are left out.
types = re.search(r"struct crosslane::detail::(layouts_agree<.*>)[’']:", wrong.stderr)
place = re.findall(r"(wrong_layout\.cpp:\d+):\d+: +required from here", wrong.stderr)
message = re.search(r"error: (.*)", wrong.stderr)
if not types or not place or not message:
    sys.exit(f"another message than expected:\n{wrong.stderr}")
lines = [f"{types[1].replace('crosslane::', '')}:", f"{place[0]}: required from here", f"error: {message[1]}"]
shown = "\n".join(textwrap.fill(line, 138, subsequent_indent="    ", break_on_hyphens=False) for line in lines)

text = readme.read_text()
new = re.sub(r"(<!-- message -->\n```text\n).*?(```)", lambda m: m[1] + shown + "\n" + m[2], text, flags=re.S)
if not check:
    readme.write_text(new)
elif new != text:
    sys.exit(f"{readme} does not show what the compiler says:\n{shown}\nrun test/message.py with the command of this test")
