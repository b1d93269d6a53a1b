#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the names that the emulator's libraries export.

usage: exports.py <nm> <libamdhip64.so.5 of HIP> <hip_names.txt> <folder> <object>...

  stubs.cpp      a function for each name of the HIP API that no object defines: it prints its name and returns hipErrorNotSupported
  versioned.map  the linker's version script of libamdhip64.so.5: the versions that HIP's own library gives to its names
  plain.map      that of the newer ones, without versions
"""
import pathlib
import re
import subprocess
import sys

NEWER = "hip_6.0"  # the version of names that HIP's library does not have


def names(nm, *arguments):
    return [line.split() for line in subprocess.run([nm, *arguments], check=True, capture_output=True, text=True).stdout.splitlines()]


def main(nm, library, newer, folder, *objects):
    version = {}
    for fields in names(nm, "-D", "--defined-only", library):
        if len(fields) == 3 and fields[1] in "TWV" and "@@" in fields[2]:
            name, node = fields[2].split("@@")
            if re.match(r"_*hip|roctracer|amd_", name):
                version[name] = node
    for line in pathlib.Path(newer).read_text().splitlines():
        if name := line.split("#")[0].strip():
            version.setdefault(name, NEWER)
    defined = {f[2] for f in names(nm, "--defined-only", *objects) if len(f) == 3 and f[1] == "T" and re.match(r"_*hip", f[2])}
    missing = sorted(set(version) - defined)
    for name in defined:
        version.setdefault(name, NEWER)

    folder = pathlib.Path(folder)
    stubs = ['extern "C" {', 'int amdemu_unimplemented(const char* name);']
    stubs += [f'int {name}() {{ return amdemu_unimplemented("{name}"); }}' for name in missing]
    (folder / "stubs.cpp").write_text("\n".join(stubs + ["}"]) + "\n")
    before, text = "", ""
    for node in sorted(set(version.values())):
        local = "" if before else " local: *;\n"
        globals_ = "".join(f"  {name};\n" for name in sorted(version) if version[name] == node)
        text += f"{node} {{\n global:\n{globals_}{local}}}{before};\n"
        before = " " + node
    (folder / "versioned.map").write_text(text)
    (folder / "plain.map").write_text("{\n global:\n" + "".join(f"  {n};\n" for n in sorted(defined | set(missing))) + " local: *;\n};\n")


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
