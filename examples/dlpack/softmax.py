# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Softmax over the channels of a tensor (n, c, h, w) of PyTorch, NumPy or CuPy by a Crosslane kernel, without a copy."""
import ctypes
import sys

python = ctypes.pythonapi
python.PyCapsule_GetName.argtypes = [ctypes.py_object]
python.PyCapsule_GetName.restype = ctypes.c_char_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
python.PyCapsule_New.restype = ctypes.py_object

# A capsule keeps a pointer to its name, not the name.
UNVERSIONED, VERSIONED = b"dltensor", b"dltensor_versioned"


class _Result:
    """What from_dlpack() of an array library takes: it gets the memory, and frees it by the structure's deleter."""

    def __init__(self, address, name, device):
        self._address, self._name, self._device = address, name, device

    def __dlpack__(self, **_):
        return python.PyCapsule_New(self._address, self._name, None)

    def __dlpack_device__(self):
        return self._device


def _stream(x):
    """The stream that the library uses now; none on the CPU."""
    if getattr(x, "is_cuda", False):
        return sys.modules["torch"].cuda.current_stream(x.device).cuda_stream
    if type(x).__module__.startswith("cupy"):
        return sys.modules["cupy"].cuda.get_current_stream().ptr
    return None


def _export(x):
    """A capsule with the structure, which keeps the memory while it lives."""
    order = {} if _stream(x) is None else {"stream": -1}  # the kernel runs on the library's own stream: nothing has to wait
    try:
        return x.__dlpack__(max_version=(1, 0), **order)
    except TypeError:  # a library from before DLPack 1.0
        return x.__dlpack__(**order)


class Softmax:
    """`library` is the file softmax.<backend>.so: .host for tensors on the CPU, .cuda or .hip for those on such a GPU."""

    def __init__(self, library):
        self._library = ctypes.CDLL(library)
        for call in self._library.softmax_unversioned, self._library.softmax_versioned:
            call.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
            call.restype = ctypes.c_void_p
        self._library.softmax_failure.restype = ctypes.c_char_p

    def __call__(self, x):
        """A new tensor of the same library, element type and order in memory. On a GPU it is queued on the library's current stream."""
        capsule = _export(x)
        versioned = python.PyCapsule_GetName(capsule) == VERSIONED
        name = VERSIONED if versioned else UNVERSIONED
        call = self._library.softmax_versioned if versioned else self._library.softmax_unversioned
        address = call(python.PyCapsule_GetPointer(capsule, name), _stream(x))
        if not address:
            raise ValueError(self._library.softmax_failure().decode())
        library = sys.modules[type(x).__module__.split(".")[0]]
        return library.from_dlpack(_Result(address, name, x.__dlpack_device__()))
