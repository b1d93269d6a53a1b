#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What g++ says of wrong_layout.cpp, without the paths: message.txt, which the README shows (test/pages.py).

message.py COMPILER ARGUMENT...           writes it
message.py --check COMPILER ARGUMENT...   fails where the compiler says something else, and where the right variant does not compile
"""
import pathlib
import re
import subprocess
import sys

folder = pathlib.Path(__file__).resolve().parent
check = sys.argv[1] == "--check"
command = sys.argv[1 + check :] + [str(folder / "wrong_layout.cpp")]

right = subprocess.run(command, capture_output=True, text=True)
if right.returncode != 0:
    sys.exit(f"the right variant does not compile:\n{right.stderr}")
wrong = subprocess.run(command + ["-DWRONG"], capture_output=True, text=True)
if wrong.returncode == 0:
    sys.exit("a wrong layout compiles")

types = re.search(r"struct crosslane::detail::(layouts_agree<.*>)['’]:", wrong.stderr)
place = re.search(r"(wrong_layout\.cpp:\d+):\d+: +required from here", wrong.stderr)
message = re.search(r"error: .*", wrong.stderr)
if not types or not place or not message:
    sys.exit(f"another message than expected:\n{wrong.stderr}")
text = f"{types[1].replace('crosslane::', '')}:\n{place[1]}: required from here\n{message[0]}\n"

file = folder / "message.txt"
if not check:
    file.write_text(text, encoding="utf-8")
elif text != file.read_text(encoding="utf-8"):
    sys.exit(f"{file} is not what the compiler says:\n{text}")
