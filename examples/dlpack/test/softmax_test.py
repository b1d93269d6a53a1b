#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""softmax_test.py LIBRARY: softmax.py with NumPy and with PyTorch, whichever is installed; exit code 77 where there is none that can use
the library."""
import gc
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from softmax import Softmax

library = sys.argv[1]
softmax = Softmax(library)
on_cpu = ".host." in pathlib.Path(library).name
tested = []


def check(what, holds):
    if not holds:
        sys.exit(f"FAILED {what}")


def raises(what, parts, call):
    try:
        call()
    except ValueError as error:
        check(f"{what}: {error}", all(part in str(error) for part in parts))
    else:
        sys.exit(f"FAILED {what}: no error")


def numpy_tests(np):
    def expected(x):
        e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def strides(x):
        return tuple(s // x.itemsize for s in x.strides)

    planes = np.random.default_rng(1).standard_normal((2, 19, 5, 7)).astype(np.float32)
    pixels = np.ascontiguousarray(planes.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    large = np.zeros((2, 25, 9, 11), np.float32)
    part = large[:, 3:22, 2:7, 1:8]
    part[...] = planes
    for name, x in {"planes": planes, "pixels": pixels, "part": part}.items():
        before = x.copy()
        got = softmax(x)
        check(f"numpy {name}: values", got.shape == x.shape and np.abs(got - expected(planes)).max() < 1e-6)
        check(f"numpy {name}: order", strides(got) == strides(x if name == "pixels" else planes))
        check(f"numpy {name}: the argument stays", (x == before).all())
    check("numpy half", np.abs(softmax(planes.astype(np.float16)) - expected(planes)).max() < 1e-3)
    fixed = planes.copy()
    fixed.flags.writeable = False
    check("numpy read-only", (softmax(fixed) == softmax(planes)).all())
    check("numpy one channel", (softmax(np.zeros((1, 1, 2, 2), np.float32)) == 1).all())
    check("numpy empty", softmax(np.zeros((0, 3, 2, 2), np.float32)).shape == (0, 3, 2, 2))

    raises("numpy double", ["float64", "not float32"], lambda: softmax(planes.astype(np.float64)))
    raises("numpy rank", ["shape (19, 5, 7)", "3 axes, the layout has 4"], lambda: softmax(planes[0]))
    raises("numpy order", ["strides (665, 35, 1, 5)", "axis w has stride 5, a packed layout of order n,c,h,w wants 1"],
           lambda: softmax(np.ascontiguousarray(planes.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)))
    raises("numpy backwards", ["negative stride"], lambda: softmax(planes[:, ::-1]))

    # The result lives longer than its argument, and its memory is given back.
    kept = softmax(planes.copy())
    gc.collect()
    check("numpy lifetime", np.abs(kept - expected(planes)).max() < 1e-6)
    image = np.zeros((1, 4, 1024, 1024), np.float32)
    for _ in range(300):  # 5 GB if it were not
        softmax(image)


def torch_tests(torch):
    device = "cpu" if on_cpu else "cuda"
    x = torch.randn(2, 19, 5, 7, generator=torch.Generator().manual_seed(1)).to(device)
    wanted = torch.softmax(x, 1)
    for name, format in {"planes": torch.contiguous_format, "pixels": torch.channels_last}.items():
        got = softmax(x.contiguous(memory_format=format))
        check(f"torch {name}: values", got.device == x.device and torch.allclose(got, wanted, atol=1e-6))
        check(f"torch {name}: order", got.is_contiguous(memory_format=format))
    part = torch.zeros(2, 25, 9, 11, device=device)[:, 3:22, 2:7, 1:8]
    part.copy_(x)
    check("torch part", torch.allclose(softmax(part), wanted, atol=1e-6))
    check("torch half", torch.allclose(softmax(x.half()).float(), wanted, atol=1e-3))
    raises("torch bfloat16", ["bfloat16", "not float32"], lambda: softmax(x.bfloat16()))
    if not on_cpu:
        raises("torch on the CPU", ["on CPU 0", "not in reach of"], lambda: softmax(x.cpu()))
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):  # no synchronisation between: the kernel must be on the same stream
            y = torch.ones(8, 64, 256, 256, device=device)
            for _ in range(20):
                y = y * 1.0
            check("torch stream", torch.allclose(softmax(y), torch.full_like(y, 1 / 64)))


for name, tests, usable in [
    ("numpy", numpy_tests, lambda numpy: on_cpu),
    ("torch", torch_tests, lambda torch: on_cpu or torch.cuda.is_available() and (torch.version.hip is not None) == (".hip." in library)),
]:
    try:
        module = importlib.import_module(name)
    except ImportError:
        continue
    if usable(module):
        tests(module)
        tested.append(f"{name} {module.__version__}")

if not tested:
    print("neither NumPy nor PyTorch with a device for", library)
    sys.exit(77)
print("passed with", ", ".join(tested))
