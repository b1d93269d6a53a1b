// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The parts of the runtime contract in which HIP differs from CUDA.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/hip/ranges.hpp>
#include <crosslane/backend/hip/vendor.hpp>

#include <crosslane/backend/gpu/runtime.hpp>  // after the macros that it uses

namespace crosslane::backend {

struct hip_vendor {
  using ranges = hip_ranges;

  /// Whether the error is a fault of a kernel. Errors that CUDA has under the same name are handled in gpu/runtime.hpp.
  static constexpr bool is_kernel_fault(hipError_t s) noexcept { return s == hipErrorLaunchTimeOut; }

  static status properties(int device, hipDeviceProp_t const& native, device_properties& out) noexcept {
    // gcnArchName has feature flags after a colon: gfx90a:sramecc+:xnack-
    std::snprintf(out.architecture, sizeof out.architecture, "%.*s", int(std::strcspn(native.gcnArchName, ":")), native.gcnArchName);
    out.simds_per_multiprocessor = 4;
    out.shared_per_block_optin = native.sharedMemPerBlock;
    out.max_threads_per_axis = 0xffffffffu;  // the dispatch packet has 32 bits for the threads of an axis
    out.shared_per_multiprocessor = native.maxSharedMemoryPerMultiProcessor;
    int clock = 0, pools = 0;
    (void)hipDeviceGetAttribute(&clock, hipDeviceAttributeClockRate, device);
    (void)hipDeviceGetAttribute(&pools, hipDeviceAttributeMemoryPoolsSupported, device);
    out.clock_khz = unsigned(clock);
    out.stream_ordered_memory = pools != 0;
    return {};
  }
  static void link(int device, int peer, device_link& out) noexcept {
    std::uint32_t type = 0, hops = 0;
    if (hipExtGetLinkTypeAndHopCount(device, peer, &type, &hops) != hipSuccess) return;
    constexpr std::uint32_t pcie = 2, xgmi = 4;  // HSA's numbers
    out.kind = type == xgmi ? link_kind::xgmi : type == pcie ? link_kind::pcie : link_kind::unknown;
    out.hops = hops;
  }
  static hipError_t callback(hipStream_t stream, void (*f)(void*), [[maybe_unused]] void (*drop)(void*), void* data) noexcept {
#if HIP_VERSION >= 50300000
    return hipLaunchHostFunc(stream, f, data);
#else  // older headers declare hipLaunchHostFunc without an implementation
    struct call {
      void (*f)(void*);
      void (*drop)(void*);
      void* data;
      static void run(hipStream_t, hipError_t failure, void* self) {
        call const c = *static_cast<call*>(self);
        delete static_cast<call*>(self);
        (failure == hipSuccess ? c.f : c.drop)(c.data);
      }
    };
    // hipStreamAddCallback() cannot be captured.
    hipStreamCaptureStatus state{};
    unsigned long long id = 0;
    hipGraph_t graph = nullptr;
    hipGraphNode_t const* before = nullptr;
    std::size_t count = 0;
    if (hipError_t const s = hipStreamGetCaptureInfo_v2(stream, &state, &id, &graph, &before, &count); s != hipSuccess) return s;
    if (state == hipStreamCaptureStatusActive) {
      hipHostNodeParams parameters{};
      parameters.fn = f;
      parameters.userData = data;
      hipGraphNode_t node = nullptr;
      if (hipError_t const s = hipGraphAddHostNode(&node, graph, before, count, &parameters); s != hipSuccess) return s;
      return hipStreamUpdateCaptureDependencies(stream, &node, 1, hipStreamSetCaptureDependencies);
    }
    call* const c = new call{f, drop, data};
    hipError_t const answer = hipStreamAddCallback(stream, &call::run, c, 0);
    if (answer != hipSuccess) delete c;
    return answer;
#endif
  }
  static hipError_t allocate_pinned(void** out, std::size_t bytes) noexcept { return hipHostMalloc(out, bytes, hipHostMallocDefault); }
  static hipError_t free_pinned(void* p) noexcept { return hipHostFree(p); }
  /// Refuses memory whose first or last byte the runtime knows. Older ROCm registers the same memory twice without an error.
  static hipError_t register_host(void* p, std::size_t bytes) noexcept {
    if (is_known(p) || is_known(static_cast<char*>(p) + bytes - 1)) return hipErrorHostMemoryAlreadyRegistered;
    return hipHostRegister(p, bytes, hipHostRegisterPortable | hipHostRegisterMapped);
  }

  /// Adds what the vendor's attributes of a function do not say: nothing. How registers are divided differs by architecture.
  static void add_resources(unsigned, kernel_resources&) noexcept {}

  static bool is_managed(hipPointerAttribute_t const& facts) noexcept { return facts.isManaged != 0; }
  static int place(memory_location location, int device) noexcept { return location == memory_location::host ? hipCpuDeviceId : device; }
  static hipError_t prefetch(void const* p, std::size_t bytes, int to, hipStream_t s) noexcept {
    return hipMemPrefetchAsync(p, bytes, to, s);
  }

 private:
  /// Whether the address lies in an allocation of the runtime or in registered memory.
  static bool is_known(void const* p) noexcept {
    hipPointerAttribute_t facts{};
    if (hipPointerGetAttributes(&facts, p) != hipSuccess) {  // up to HIP 5 the answer for other memory is an error
      (void)hipGetLastError();
      return false;
    }
#if HIP_VERSION >= 60000000
    return facts.type != hipMemoryTypeUnregistered;
#else
    return true;
#endif
  }
};

}  // namespace crosslane::backend
