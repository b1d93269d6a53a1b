// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The part of the kernel contract for which CUDA and HIP have the same names.
#pragma once

#include <crosslane/platform/source_location.hpp>

#include <cstddef>
#include <cstdio>

namespace crosslane::backend {

struct gpu_intrinsics {
  template <int Axis>
  static CROSSLANE_DEVICE_FN unsigned thread_index() {
    if constexpr (Axis == 0)
      return threadIdx.x;
    else if constexpr (Axis == 1)
      return threadIdx.y;
    else
      return threadIdx.z;
  }
  template <int Axis>
  static CROSSLANE_DEVICE_FN unsigned block_index() {
    if constexpr (Axis == 0)
      return blockIdx.x;
    else if constexpr (Axis == 1)
      return blockIdx.y;
    else
      return blockIdx.z;
  }
  template <int Axis>
  static CROSSLANE_DEVICE_FN unsigned grid_extent() {
    if constexpr (Axis == 0)
      return gridDim.x;
    else if constexpr (Axis == 1)
      return gridDim.y;
    else
      return gridDim.z;
  }

  static CROSSLANE_DEVICE_FN void* dynamic_shared() {
    extern __shared__ uint4 crosslane_dynamic_shared[];
    return crosslane_dynamic_shared;
  }

  /// The same memory for a shared struct that has it alone. A second declaration with a larger alignment would cost all kernels of the
  /// file shared memory: it would begin at a multiple of that alignment in each of them.
  template <std::size_t Alignment>
  static CROSSLANE_DEVICE_FN void* dynamic_struct() {
    // An offset from the beginning: compilers lose the address space of a pointer that is made from an integer.
    auto* const begin = static_cast<unsigned char*>(dynamic_shared());
    if constexpr (Alignment <= alignof(uint4))
      return begin;
    else
      return begin + (Alignment - reinterpret_cast<std::uintptr_t>(begin) % Alignment) % Alignment;
  }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  template <class... Args>
  static CROSSLANE_DEVICE_FN void print(char const* format, Args... arguments) {
    if constexpr (sizeof...(Args) == 0)
      printf(format, 0);  // compilers warn about a format without arguments
    else
      printf(format, arguments...);
  }
#pragma GCC diagnostic pop

 protected:
  static CROSSLANE_DEVICE_FN void print_failure(char const* text, source_location where) {
    printf("%s: block (%u, %u, %u), thread (%u, %u, %u) [%s:%u]\n", text, block_index<0>(), block_index<1>(), block_index<2>(),
           thread_index<0>(), thread_index<1>(), thread_index<2>(), where.file, where.line);
  }
};

/// For a kernel whose shared struct lies in the dynamic memory of the launch: no dynamic memory is left, although the hardware reports its
/// size.
template <class Intrinsics>
struct without_dynamic_shared : Intrinsics {
  static CROSSLANE_DEVICE_FN std::size_t dynamic_shared_bytes() { return 0; }
};

}  // namespace crosslane::backend
