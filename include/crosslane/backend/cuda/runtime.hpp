// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The parts of the runtime contract in which CUDA differs from HIP.
#pragma once

#include <cuda_runtime_api.h>

#include <crosslane/backend/cuda/links.hpp>
#include <crosslane/backend/cuda/ranges.hpp>
#include <crosslane/backend/cuda/vendor.hpp>
#include <crosslane/backend/native/cuda/architecture.hpp>

#include <crosslane/backend/gpu/runtime.hpp>  // after the macros that it uses

namespace crosslane::backend {

struct cuda_vendor {
  using ranges = cuda_ranges;

  /// Whether the error is a fault of a kernel. Errors that HIP has under the same name are handled in gpu/runtime.hpp.
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
    out.shared_per_multiprocessor = native.sharedMemPerMultiprocessor;
    out.max_blocks_per_multiprocessor = unsigned(native.maxBlocksPerMultiProcessor);
    int clock = 0, pools = 0;
    (void)cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, device);
    (void)cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device);
    out.clock_khz = unsigned(clock);
    out.stream_ordered_memory = pools != 0;
    out.overlapping_launches = 100 * native.major + 10 * native.minor >= CROSSLANE_SM_OVERLAP;
    out.max_cluster_blocks = native.major >= 9 ? 8 : 1;
    return {};
  }
  /// The hops are unknown: NVML counts no switches.
  static void link(int device, int peer, device_link& out) noexcept { out.kind = cuda_link_kind(device, peer); }
  /// Queues a host function. After an error CUDA does not call it; `data` is then leaked.
  static cudaError_t callback(cudaStream_t s, void (*f)(void*), void (*)(void*), void* data) noexcept {
    return cudaLaunchHostFunc(s, f, data);
  }
  static cudaError_t allocate_pinned(void** out, std::size_t bytes) noexcept { return cudaMallocHost(out, bytes); }
  static cudaError_t free_pinned(void* p) noexcept { return cudaFreeHost(p); }
  static cudaError_t register_host(void* p, std::size_t bytes) noexcept {
    return cudaHostRegister(p, bytes, cudaHostRegisterPortable | cudaHostRegisterMapped);
  }

  /// Adds what the vendor's attributes of a function do not say. A multiprocessor has four register files of 16,384 registers; a wave
  /// takes multiples of 256.
  static void add_resources(unsigned threads, kernel_resources& out) noexcept {
    int device = 0, reserved = 0;
    (void)cudaGetDevice(&device);
    (void)cudaDeviceGetAttribute(&reserved, cudaDevAttrReservedSharedMemoryPerBlock, device);
    out.reserved_shared = std::size_t(reserved);
    unsigned const of_wave = (out.registers * 32 + 255) / 256 * 256, waves = (threads + 31) / 32;
    if (of_wave != 0 && waves != 0) out.blocks_by_registers = 16384 / of_wave * 4 / waves;
  }

  static bool is_managed(cudaPointerAttributes const& facts) noexcept { return facts.type == cudaMemoryTypeManaged; }
#if CUDART_VERSION >= 13000
  static cudaMemLocation place(memory_location location, int device) noexcept {
    cudaMemLocation result{};
    result.type = location == memory_location::host ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice;
    result.id = location == memory_location::host ? 0 : device;
    return result;
  }
  static cudaError_t prefetch(void const* p, std::size_t bytes, cudaMemLocation to, cudaStream_t s) noexcept {
    return cudaMemPrefetchAsync(p, bytes, to, 0, s);
  }
#else
  static int place(memory_location location, int device) noexcept { return location == memory_location::host ? cudaCpuDeviceId : device; }
  static cudaError_t prefetch(void const* p, std::size_t bytes, int to, cudaStream_t s) noexcept {
    return cudaMemPrefetchAsync(p, bytes, to, s);
  }
#endif
};

}  // namespace crosslane::backend
