#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""numpy_views_test.py PROGRAM: compares the parts and other axes of tensors that numpy_views.cpp prints with those of NumPy's arrays:
offsets, extents, strides, elements. Exit code 77 without NumPy."""
import ast
import math
import subprocess
import sys

try:
    import numpy as np
except ImportError:
    print("SKIPPED: there is no NumPy")
    sys.exit(77)


def memory(*extents):
    return np.arange(math.prod(extents), dtype=np.int32).reshape(extents)


# Each returns an array indexed (n, c, h, w) with these extents. It removes the arguments of its layout from the list p.
def nchw(n, c, h, w, p):
    return memory(n, c, h, w)


def nhwc(n, c, h, w, p):
    return memory(n, h, w, c).transpose(0, 3, 1, 2)


def chwn(n, c, h, w, p):
    return memory(c, h, w, n).transpose(3, 0, 1, 2)


def padded(n, c, h, w, p):
    return memory(n, c, h, p.pop(0))[..., :w]


def nchw_c4(n, c, h, w, p):
    blocks = -(-c // 4)
    return memory(n, blocks, h, w, 4).transpose(0, 1, 4, 2, 3).reshape(n, 4 * blocks, h, w)[:, :c]


layouts = {"nchw": nchw, "nhwc": nhwc, "chwn": chwn, "padded": padded, "nchw_c<4>": nchw_c4}


def split(a, size):
    return a.reshape(a.shape[0], a.shape[1] // size, size, *a.shape[2:])


views = {
    "all": lambda a: a,
    "fix n": lambda a, n: a[n],
    "fix c": lambda a, c: a[:, c],
    "fix c and h": lambda a, c, h: a[:, c, h],
    "subrange of w": lambda a, begin, count: a[..., begin:begin + count],
    "subrange of c and w": lambda a, c, cs, w, ws: a[:, c:c + cs, :, w:w + ws],
    "fix h of subrange of c": lambda a, c, cs, h: a[:, c:c + cs, h],
    "permute": lambda a: a.transpose(3, 0, 2, 1),
    "permute of a part": lambda a, h, w, ws: a[:, :, h, w:w + ws].transpose(2, 1, 0),
    "rename": lambda a: a,
    "broadcast": lambda a, count: np.broadcast_to(a, (count, *a.shape)),
    "broadcast of a part": lambda a, count, h: np.broadcast_to(a[:, :, h], (count, *a[:, :, h].shape)),
    "split c": split,
    "split c, fix outer": lambda a, i: split(a, 2)[:, i],
    "merge h and w": lambda a: a.reshape(*a.shape[:2], -1),
    "merge c and h of a subrange of c": lambda a, c, cs: a[:, c:c + cs].reshape(a.shape[0], cs * a.shape[2], a.shape[3]),
    "merge w and n": lambda a: a.transpose(1, 2, 3, 0).reshape(*a.shape[1:3], -1),
    "vectorised": lambda a: a[..., ::4],
}


def address(a):
    return a.__array_interface__["data"][0]


def check(line):
    name, extents, arguments, offset, lengths, strides, elements = ast.literal_eval(line)
    layout, view = name.split(" ", 1)
    whole = layouts[layout](*extents, arguments)
    part = views[view](whole, *arguments)
    where = f"{name} of {extents}, arguments {arguments}"
    if list(part.shape) != lengths:
        sys.exit(f"FAILED {where}: extents {lengths}, in NumPy {list(part.shape)}")
    if part.flatten().tolist() != elements:
        sys.exit(f"FAILED {where}: elements {elements}, in NumPy {part.flatten().tolist()}")
    if not strides or part.size == 0:
        return
    # The stride of an axis of extent 1 has no effect and may be any number.
    expected = [s // 4 if n > 1 else mine for s, n, mine in zip(part.strides, part.shape, strides)]
    if strides != expected:
        sys.exit(f"FAILED {where}: strides {strides}, in NumPy {expected}")
    if offset * 4 != address(part) - address(whole):
        sys.exit(f"FAILED {where}: offset {offset}, in NumPy {(address(part) - address(whole)) // 4}")
    strided.add(name)


strided = set()
count = 0
for seed in range(5):
    for line in subprocess.run([sys.argv[1], str(seed)], check=True, capture_output=True, text=True).stdout.splitlines():
        check(line)
        count += 1
unseen = {layout + " " + view for layout in ("nchw", "nhwc", "chwn", "padded") for view in list(views)[:14]} - strided
if unseen:
    sys.exit(f"FAILED not compared: {sorted(unseen)}")
print(f"{count} views as NumPy {np.__version__} has them")
