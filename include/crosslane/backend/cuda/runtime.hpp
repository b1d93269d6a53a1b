// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The runtime contract where CUDA differs from HIP.
#pragma once

#include <cuda_runtime_api.h>

#include <crosslane/backend/cuda/vendor.hpp>

#include <crosslane/backend/gpu/runtime.hpp>  // behind the spelling it needs

namespace crosslane::backend {

struct cuda_vendor {
  /// Beside those that HIP has under the same name.
  static constexpr bool is_kernel_fault(cudaError_t s) noexcept {
    switch (s) {
      case cudaErrorLaunchTimeout:
      case cudaErrorHardwareStackError:
      case cudaErrorIllegalInstruction:
      case cudaErrorMisalignedAddress:
      case cudaErrorInvalidAddressSpace:
      case cudaErrorInvalidPc: return true;
      default: return false;
    }
  }

  static status properties(int device, cudaDeviceProp const& native, device_properties& out) noexcept {
    std::snprintf(out.architecture, sizeof out.architecture, "sm_%d%d", native.major, native.minor);
    out.simds_per_multiprocessor = 4;
    out.shared_per_block_optin = native.sharedMemPerBlockOptin;
    int clock = 0, pools = 0;
    (void)cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, device);
    (void)cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device);
    out.clock_khz = unsigned(clock);
    out.stream_ordered_memory = pools != 0;
    return {};
  }
  /// CUDA does not call functions behind an error: what `data` holds then stays until the program ends, which is near.
  static cudaError_t callback(cudaStream_t s, void (*f)(void*), void (*)(void*), void* data) noexcept {
    return cudaLaunchHostFunc(s, f, data);
  }
  static cudaError_t allocate_pinned(void** out, std::size_t bytes) noexcept { return cudaMallocHost(out, bytes); }
  static cudaError_t free_pinned(void* p) noexcept { return cudaFreeHost(p); }
};

}  // namespace crosslane::backend
