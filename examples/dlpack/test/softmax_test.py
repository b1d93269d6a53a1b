#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""softmax_test.py LIBRARY tests softmax.py with NumPy and with PyTorch, if they are installed. The exit code is 77 if neither can use the
library."""
import gc
import importlib
import pathlib
import resource
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


def raises(what, parts, call, kind=ValueError):
    try:
        call()
    except kind as error:
        check(f"{what}: {error}", all(part in str(error) for part in parts))
    else:
        sys.exit(f"FAILED {what}: no error")


def gives_back(what, size, call):
    """Checks that 64 calls, each with a result of `size` bytes, use no more memory than a few calls."""
    call()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(64):
        call()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    check(f"{what}: {grown >> 20} MiB more in use", grown < 16 * size)


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
    if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1):
        check("numpy read-only", (softmax(fixed) == softmax(planes)).all())
    else:  # has no structure with a read-only flag
        raises("numpy read-only", ["readonly"], lambda: softmax(fixed), BufferError)
    check("numpy one channel", (softmax(np.zeros((1, 1, 2, 2), np.float32)) == 1).all())
    check("numpy empty", softmax(np.zeros((0, 3, 2, 2), np.float32)).shape == (0, 3, 2, 2))

    raises("numpy double", ["float64", "the elements must be float32"], lambda: softmax(planes.astype(np.float64)))
    raises("numpy rank", ["shape (19, 5, 7)", "3 axes, the layout has 4"], lambda: softmax(planes[0]))
    raises("numpy order", ["strides (665, 35, 1, 5)", "the stride of axis w is 5, a packed layout of order n, c, h, w needs 1"],
           lambda: softmax(np.ascontiguousarray(planes.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)))
    raises("numpy backwards", ["must not be negative"], lambda: softmax(planes[:, ::-1]))

    # The result outlives its argument, and its memory is freed.
    kept = softmax(planes.copy())
    gc.collect()
    check("numpy lifetime", np.abs(kept - expected(planes)).max() < 1e-6)
    image = np.zeros((1, 4, 512, 512), np.float32)
    gives_back("numpy results", image.nbytes, lambda: softmax(image))

    # The memory is also freed if NumPy does not take the result. A taken result cannot be taken again.
    take = np.from_dlpack

    def refuse(result):
        raise ValueError("refused")

    def take_twice(result):
        first = take(result)
        raises("numpy second taker", ["PyCapsule"], lambda: take(result))
        return first

    try:
        np.from_dlpack = refuse
        gives_back("numpy refused results", image.nbytes, lambda: raises("numpy refusal", ["refused"], lambda: softmax(image)))
        np.from_dlpack = take_twice
        check("numpy taken twice", np.abs(softmax(planes) - expected(planes)).max() < 1e-6)
    finally:
        np.from_dlpack = take


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
    raises("torch bfloat16", ["bfloat16", "the elements must be float32"], lambda: softmax(x.bfloat16()))
    if not on_cpu:
        raises("torch on the CPU", ["on CPU 0", "cannot access this memory"], lambda: softmax(x.cpu()))
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):  # no synchronisation in between: the kernel must use the same stream
            y = torch.full((8, 64, 256, 256), float("nan"), device=device)
            slope = torch.arange(64, device=device).view(1, 64, 1, 1) / 64
            for _ in range(20):  # in place: a kernel that runs too early reads NaN or smaller slopes
                y.nan_to_num_().add_(slope)
            got = softmax(y)
        side.synchronize()
        wanted = torch.softmax(20 * torch.arange(64.0) / 64, 0).view(1, 64, 1, 1)
        check("torch stream", torch.allclose(got.cpu(), wanted.expand(got.shape), rtol=1e-4, atol=1e-7))


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
