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

/// The driver's calls for launches, with handles as the pointers that they are. Null until a kernel has a handle.
struct driver_calls {
  /// cuLaunchKernel. `function` is a function or a kernel's handle.
  int (*launch)(void const* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                unsigned block_z, unsigned dynamic_shared, cudaStream_t stream, void** arguments, void** extra);
  int (*context_id)(void* context, unsigned long long* id);        ///< cuCtxGetId. No other context of the process ever has the id
  int (*get_function)(void const** function, void const* kernel);  ///< cuKernelGetFunction, for the current context

  static driver_calls find() noexcept {
    return {reinterpret_cast<decltype(launch)>(driver_function("cuLaunchKernel")),
            reinterpret_cast<decltype(context_id)>(driver_function("cuCtxGetId")),
            reinterpret_cast<decltype(get_function)>(driver_function("cuKernelGetFunction"))};
  }
  bool complete() const noexcept { return launch != nullptr && context_id != nullptr && get_function != nullptr; }
};
[[gnu::visibility("hidden")]] inline driver_calls const* driver = nullptr;

}  // namespace crosslane::backend
