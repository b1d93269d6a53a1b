#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""report_kernels.py [--cuobjdump PROGRAM] [--demangler PROGRAM] FILE...: prints a table of what the kernels in programs, libraries or object
files need, as the compilers have written it there. For AMD that is the metadata of the code objects, which this script reads itself; for
NVIDIA it is what the toolkit's cuobjdump says. crosslane_report_kernels() of CMake runs this."""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib

COLUMNS = ("architecture", "registers", "scalar", "spilled", "local", "shared", "block", "kernel")


def read_msgpack(data, at=0):
    """Returns the value that begins at a position, and the position behind it."""
    tag = data[at]
    at += 1

    def number(format_):
        return struct.unpack_from(">" + format_, data, at)[0], at + struct.calcsize(format_)

    def text(size, begin):
        return data[begin : begin + size].decode("utf-8", "replace"), begin + size

    def items(count, begin, pairs):
        result = []
        for _ in range(count * (2 if pairs else 1)):
            value, begin = read_msgpack(data, begin)
            result.append(value)
        return (dict(zip(result[::2], result[1::2])) if pairs else result), begin

    if tag <= 0x7F:
        return tag, at
    if tag >= 0xE0:
        return tag - 256, at
    if tag <= 0x8F:
        return items(tag & 15, at, True)
    if tag <= 0x9F:
        return items(tag & 15, at, False)
    if tag <= 0xBF:
        return text(tag & 31, at)
    if tag in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag], at
    if 0xCA <= tag <= 0xD3:
        return number("fdBHIQbhiq"[tag - 0xCA])
    if tag in (0xD9, 0xDA, 0xDB, 0xC4, 0xC5, 0xC6):
        return text(*number({0xD9: "B", 0xDA: "H", 0xDB: "I", 0xC4: "B", 0xC5: "H", 0xC6: "I"}[tag]))
    if tag in (0xDC, 0xDD):
        return items(*number("HI"[tag - 0xDC]), False)
    if tag in (0xDE, 0xDF):
        return items(*number("HI"[tag - 0xDE]), True)
    raise ValueError(f"msgpack: unknown tag {tag:#x}")


def amd_metadata(elf):
    """The metadata of a code object: the description of its note of the type NT_AMDGPU_METADATA."""
    (sections,) = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    for i in range(count):
        _, kind, _, _, offset, length = struct.unpack_from("<IIQQQQ", elf, sections + i * size)
        end = offset + length
        while kind == 7 and offset + 12 <= end:  # SHT_NOTE
            name_size, size_, type_ = struct.unpack_from("<III", elf, offset)
            description = offset + 12 + (name_size + 3) // 4 * 4
            if type_ == 32 and elf[offset + 12 : offset + 18] == b"AMDGPU":
                return read_msgpack(elf, description)[0]
            offset = description + (size_ + 3) // 4 * 4
    return {}


def code_objects(data, name):
    """The code objects of AMD in a file, with their architectures: those of all bundles of clang."""
    for found in re.finditer(rb"CCOB", data):
        head = struct.unpack_from("<HH", data, found.start() + 4)  # version, method: 0 is zlib, 1 is zstd
        if head[0] not in (1, 2, 3) or head[1] not in (0, 1):
            continue
        begin = found.start() + {1: 20, 2: 24, 3: 32}[head[0]]
        if head[1] == 1:
            print(f"{name}: code objects compressed by zstd are left out; build with --no-offload-compress to see them", file=sys.stderr)
        else:
            yield from code_objects(zlib.decompressobj().decompress(data[begin:]), name)
    for found in re.finditer(rb"__CLANG_OFFLOAD_BUNDLE__", data):
        at = found.end()
        (count,) = struct.unpack_from("<Q", data, at)
        at += 8
        if count > 1000:
            continue  # the text, not a bundle: in a program that reads bundles
        for _ in range(count):
            offset, size, name_size = struct.unpack_from("<QQQ", data, at)
            triple = data[at + 24 : at + 24 + name_size].decode("ascii", "replace")
            at += 24 + name_size
            if "amdgcn" in triple and size != 0:
                yield triple.split("--")[-1].lstrip("-"), data[found.start() + offset : found.start() + offset + size]


def amd_rows(data, name):
    for architecture, elf in code_objects(data, name):
        if elf[:4] != b"\x7fELF":
            continue
        for kernel in amd_metadata(elf).get("amdhsa.kernels", []):
            registers = kernel.get(".vgpr_count", 0)
            yield {
                "architecture": architecture,
                "registers": f"{registers} + {kernel['.agpr_count']}" if kernel.get(".agpr_count") else str(registers),
                "scalar": str(kernel.get(".sgpr_count", 0)),
                "spilled": str(kernel.get(".vgpr_spill_count", 0) + kernel.get(".sgpr_spill_count", 0)),
                "local": str(kernel.get(".private_segment_fixed_size", 0)),
                "shared": str(kernel.get(".group_segment_fixed_size", 0)),
                "block": str(kernel.get(".max_flat_workgroup_size", 0)),
                "kernel": kernel.get(".name", ""),
                "wave": kernel.get(".wavefront_size", 0),
            }


def nvidia_rows(text):
    """The rows of the output of cuobjdump --dump-resource-usage."""
    architecture, function = "", ""
    for line in text.splitlines():
        if found := re.match(r"\s*arch = (\w+)", line):
            architecture = found[1]
        elif found := re.match(r"\s*Function (\S+):", line):
            function = found[1]
        elif function and "REG:" in line:
            value = {key: number for key, number in re.findall(r"(\w+)(?:\[\d+\])?:(\d+)", line)}
            yield {
                "architecture": architecture,
                "registers": value["REG"],
                "scalar": "-",
                "spilled": "-",
                "local": str(int(value.get("STACK", 0)) + int(value.get("LOCAL", 0))),
                "shared": value.get("SHARED", "0"),
                "block": "-",
                "kernel": function,
                "wave": 32,
            }
            function = ""


def demangled(names, demangler):
    if not demangler or not names:
        return names
    answer = subprocess.run([demangler], input="\n".join(names), capture_output=True, text=True, check=True)
    return answer.stdout.splitlines()


def template_arguments(text, begin):
    """The arguments of the template whose bracket opens at a position."""
    depth, start, result = 0, begin + 1, []
    for i in range(begin, len(text)):
        if text[i] in "<([{":
            depth += 1
        elif text[i] in ">)]}" and text[i - 1] != "-":
            depth -= 1
        if depth == 0 or (depth == 1 and text[i] == "," and i > begin):
            result.append(text[start:i].strip())
            start = i + 1
        if depth == 0:
            break
    return result


def short_name(name):
    """The kernel and its arguments in the name of an entry of Crosslane, and the wave size of the instance. Other names stay, with 0."""
    found = re.search(r"\binstance<", name)
    if "crosslane::" not in name or not found:
        return re.sub(r"^void ", "", name), 0
    arguments = template_arguments(name, found.end() - 1)
    if len(arguments) < 3:
        return name, 0
    width = re.match(r"(?:\(unsigned int\))?(\d+)u?", arguments[1])
    return f"{arguments[2]}({', '.join(arguments[3:])})".replace("crosslane::", ""), int(width[1]) if width else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuobjdump", default=shutil.which("cuobjdump") or "")
    parser.add_argument("--demangler", default=shutil.which("c++filt") or shutil.which("llvm-cxxfilt") or "")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    rows = []
    for path in options.files:
        with open(path, "rb") as file:
            data = file.read()
        rows += amd_rows(data, path)
        if b".nv_fatbin" in data:
            if not options.cuobjdump or not os.path.exists(options.cuobjdump):
                print(f"{path}: the code for NVIDIA is left out: there is no cuobjdump (package cuda-cuobjdump)", file=sys.stderr)
                continue
            command = [options.cuobjdump, "--dump-resource-usage", path]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            if answer.returncode != 0:
                sys.exit(f"{' '.join(command)}: {answer.stderr.strip() or answer.returncode}")
            rows += nvidia_rows(answer.stdout)
    table = {}
    for row, name in zip(rows, demangled([r["kernel"] for r in rows], options.demangler)):
        row["kernel"], width = short_name(name)
        # An instance for waves of another size is a trap that no launch selects.
        if width in (0, row["wave"]):
            table[tuple(row[column] for column in COLUMNS)] = row["kernel"], row["architecture"]
    if not table:
        print("no kernels")
        return
    lines = [COLUMNS] + sorted(table, key=table.get)
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS) - 1)]
    for line in lines:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells + [line[-1]]))


if __name__ == "__main__":
    main()
