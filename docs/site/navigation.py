# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The navigation of the web pages. Paths are those of the site: without docs/, and index for README."""

START = ["Overview <self>", "guide/first-kernel", "porting", "From 0.1 to 0.2 <from-0.1>", "Packages <packaging/index>", "examples/index"]
GUIDE = ["guide/index"]  # then the other pages of the guide, in the order of its table
ABOUT = ["architecture", "Backends <backends>", "Adding a backend <adding-a-backend>", "AMD kernels without a GPU <amd-emulator>", "Claims of the checker <checker-claims>", "Comparison <comparison>", "performance", "Pitfalls <pitfalls>", "changelog", "contributing"]

# The parts of the reference: the part's page, other pages below it, headers. A header belongs to the part with the longest pattern that
# matches it, and stands where that pattern does.
REFERENCE = {
    "Runtime": (
        "api/runtime",
        ["reference/graphs"],
        """backend/select runtime/device core/device_properties core/device_link runtime/device_links runtime/stream runtime/event runtime/buffer memory runtime/resource runtime/memory_pool runtime/arena runtime/staging runtime/ipc runtime/copy runtime/launch
         core/extent runtime/occupancy graph runtime/graph runtime/executable_graph runtime/graph_capture core/error vector algorithm/fill algorithm/for_each algorithm/transform runtime/* backend/* core/dlpack_device""",
    ),
    "Kernels": (
        "api/kernels",
        [],
        "kernel/context kernel/shape kernel/index core/span kernel/vec_access core/access kernel/*",
    ),
    "Waves": (
        "api/waves",
        ["reference/waves"],
        "kernel/group kernel/tile kernel/coalesced kernel/lane_mask",
    ),
    "Blocks": (
        "reference/blocks",
        ["reference/async_copy"],
        "kernel/block* kernel/radix_key kernel/async_copy kernel/pipeline",
    ),
    "Algorithms": (
        "reference/algorithms",
        [],
        """algorithm algorithm/reduce algorithm/scan algorithm/select algorithm/by_key algorithm/search algorithm/rearrange algorithm/*""",
    ),
    "Atomics": (
        "reference/atomics",
        [],
        "kernel/atomic* kernel/aggregated kernel/memory_order",
    ),
    "Numbers and functions": (
        "reference/math",
        ["reference/numeric", "reference/random"],
        "kernel/math/* kernel/vec kernel/numeric/* core/number_format core/functional kernel/functional kernel/random",
    ),
    "Tensors": (
        "reference/tensors",
        [],
        """tensor/tensor tensor/view tensor/packed tensor/strided tensor/blocked tensor/swizzled tensor/layout tensor/extents tensor/axis
        tensor/slice tensor/part tensor/convert tensor/transform tensor/reduce tensor/*""",
    ),
    "Matrices": (
        "reference/matrices",
        [],
        "matrix matrix/fragment matrix/load matrix/multiply matrix/convert matrix/* kernel/matrix_* kernel/numeric/tf32",
    ),
    "Checker": (
        "checker",
        [],
        "check/* gtest core/finding core/check_options",
    ),
    "Settings": (
        "reference/settings",
        [],
        "platform/* *",
    ),
}

# Texts of the parts that have no Markdown page of their own.
INTRODUCTIONS = {
    "api/runtime": """\
The functions and types of host code: devices, streams, events, buffers, copies, launches, and element-wise algorithms, which need no
kernel. All work is asynchronous and in the order of its stream, unless a function says that it waits. Errors are thrown as
[`error`](#core_error.error) with the caller's source line. The next call that synchronises throws the errors of kernels.

Many functions have a last parameter `source_location where`, which records the caller's line. It is not shown.""",
    "api/kernels": """\
The functions and types of kernels: the context, indices, spans, wide accesses, assertions, clocks. A function takes the kernel's context,
or a group of lanes made from it. Any thread may call a function, unless its description names who must call it.""",
    "api/waves": """\
Operations of groups of lanes: a wave, a tile of it, or the lanes that meet a condition. All lanes of the group must call an operation, at the
same place. [Waves and tiles](/guide/waves.md) shows how to use them. [A table](/reference/waves.md) lists where each is tested.""",
}
