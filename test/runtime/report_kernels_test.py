#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests cmake/report_kernels.py: what it reads of cuobjdump, of metadata and of names."""
import importlib.util
import os

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cmake", "report_kernels.py")
spec = importlib.util.spec_from_file_location("report_kernels", path)
report = importlib.util.module_from_spec(spec)
spec.loader.exec_module(report)

# As cuobjdump of CUDA 13 prints it.
rows = list(report.nvidia_rows("""
Fatbin elf code:
================
arch = sm_90
code version = [1,8]

Resource usage:
 Common:
  GLOBAL:0
 Function _Z5scalePf:
  REG:24 STACK:16 SHARED:1024 LOCAL:8 CONSTANT[0]:556 TEXTURE:0 SURFACE:0 SAMPLER:0
"""))
assert len(rows) == 1, rows
assert rows[0]["registers"] == "24" and rows[0]["local"] == "24" and rows[0]["shared"] == "1024", rows
assert rows[0]["kernel"] == "_Z5scalePf" and rows[0]["architecture"] == "sm_90", rows

# MessagePack: a map with a list of maps, numbers of 1, 2 and 4 bytes, a negative one, a boolean.
data = b"\x82\xa1a\x92\x81\xa1b\xcd\x01\x00\xce\x00\x01\x00\x00\xa1c\x93\xff\xc3\xcc\xc8"
assert report.read_msgpack(data)[0] == {"a": [{"b": 256}, 65536], "c": [-1, True, 200]}, report.read_msgpack(data)

name = ("void crosslane::backend::entry<crosslane::backend::instance<crosslane::hip, 64u, app::scale<4, (app::kind)1>, "
        "crosslane::span<float>, float>, app::scale<4, (app::kind)1>, crosslane::span<float>, float>(crosslane::span<float>, float)")
assert report.short_name(name) == ("app::scale<4, (app::kind)1>(span<float>, float)", 64), report.short_name(name)
assert report.short_name("void other<int>(int)") == ("other<int>(int)", 0)
print("the reports are right")
