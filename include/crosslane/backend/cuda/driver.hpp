// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of CUDA's driver. They are found at run time, so that no program links the driver's library.
#pragma once

#include <cuda_runtime_api.h>

namespace crosslane::backend {

/// Returns the driver's function of this name as CUDA 12.0 has it, or null if there is none.
inline void* driver_function(char const* name) noexcept {
  void* address = nullptr;
  cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
  cudaError_t const answer = cudaGetDriverEntryPointByVersion(name, &address, 12000, cudaEnableDefault, &found);
#else
  cudaError_t const answer = cudaGetDriverEntryPoint(name, &address, cudaEnableDefault, &found);
#endif
  return answer == cudaSuccess && found == cudaDriverEntryPointSuccess ? address : nullptr;
}

/// cuLaunchKernel, with handles as the pointers that they are.
using driver_launch = int (*)(void const* kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                              unsigned block_z, unsigned dynamic_shared, cudaStream_t stream, void** arguments, void** extra);
/// Null until a kernel has a handle that it takes.
[[gnu::visibility("hidden")]] inline driver_launch launch_by_driver = nullptr;

}  // namespace crosslane::backend
