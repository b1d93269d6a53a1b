# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Softmax over the channels of a tensor (n, c, h, w) of PyTorch, NumPy or CuPy by a Crosslane kernel, without a copy."""
import ctypes
import sys

python = ctypes.pythonapi
python.PyCapsule_GetName.argtypes = [ctypes.py_object]
python.PyCapsule_GetName.restype = ctypes.c_char_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
python.PyCapsule_New.restype = ctypes.py_object

# A capsule stores a pointer to its name, so the names must outlive it.
UNVERSIONED, VERSIONED, USED = b"dltensor", b"dltensor_versioned", b"used_dltensor"


class _Result:
    """The argument of an array library's from_dlpack(), which takes the memory, renames the capsule and later calls the deleter."""

    def __init__(self, address, name, device, free):
        self._address, self._name, self._device, self._free = address, name, device, free
        self._capsule = python.PyCapsule_New(address, name, None)

    def __dlpack__(self, **_):
        return self._capsule  # always the same capsule, so a second library finds it taken

    def __del__(self):
        if python.PyCapsule_IsValid(self._capsule, self._name):  # from_dlpack() failed
            python.PyCapsule_SetName(self._capsule, USED)
            self._free(self._address)

    def __dlpack_device__(self):
        return self._device


def _stream(x):
    """Returns the current stream of the array library, or None on the CPU."""
    if getattr(x, "is_cuda", False):
        return sys.modules["torch"].cuda.current_stream(x.device).cuda_stream
    if type(x).__module__.startswith("cupy"):
        return sys.modules["cupy"].cuda.get_current_stream().ptr
    return None


def _export(x):
    """Returns a capsule with the structure. The capsule keeps the memory alive."""
    order = {} if _stream(x) is None else {"stream": -1}  # the kernel runs on the library's own stream, so nothing has to wait
    try:
        return x.__dlpack__(max_version=(1, 0), **order)
    except TypeError:  # a library from before DLPack 1.0
        return x.__dlpack__(**order)


class Softmax:
    """`library` is the file softmax.<backend>.so: .host for tensors on the CPU, .cuda or .hip for tensors on such a GPU."""

    def __init__(self, library):
        self._library = ctypes.CDLL(library)
        for call in self._library.softmax_unversioned, self._library.softmax_versioned:
            call.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
            call.restype = ctypes.c_void_p
        for free in self._library.softmax_free_unversioned, self._library.softmax_free_versioned:
            free.argtypes = [ctypes.c_void_p]
            free.restype = None
        self._library.softmax_failure.restype = ctypes.c_char_p

    def __call__(self, x):
        """Returns a new tensor of the same library, element type and order in memory. On a GPU, uses the library's current stream."""
        capsule = _export(x)
        versioned = python.PyCapsule_GetName(capsule) == VERSIONED
        name = VERSIONED if versioned else UNVERSIONED
        if versioned:
            call, free = self._library.softmax_versioned, self._library.softmax_free_versioned
        else:
            call, free = self._library.softmax_unversioned, self._library.softmax_free_unversioned
        address = call(python.PyCapsule_GetPointer(capsule, name), _stream(x))
        if not address:
            raise ValueError(self._library.softmax_failure().decode())
        library = sys.modules[type(x).__module__.split(".")[0]]
        return library.from_dlpack(_Result(address, name, x.__dlpack_device__(), free))
