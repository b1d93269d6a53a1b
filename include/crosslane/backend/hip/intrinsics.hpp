// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel contract on AMD GPUs.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/gpu/intrinsics.hpp>
#include <crosslane/backend/hip/async_copy.hpp>
#include <crosslane/backend/hip/atomic.hpp>
#include <crosslane/backend/hip/wave.hpp>

namespace crosslane::backend {

struct hip_intrinsics : gpu_intrinsics, hip_wave, hip_atomic {
  using async_copies = hip_async_copies;
  template <unsigned Stages>
  using bulk_copies = hip_bulk_copies<Stages>;

  /// HIP's blocks all have the same size. HIP's blockDim allows for a smaller last one, as OpenCL has it, at the cost of instructions.
  template <int Axis>
  static CROSSLANE_DEVICE_FN unsigned block_extent() {
    if constexpr (Axis == 0)
      return __builtin_amdgcn_workgroup_size_x();
    else if constexpr (Axis == 1)
      return __builtin_amdgcn_workgroup_size_y();
    else
      return __builtin_amdgcn_workgroup_size_z();
  }

  static CROSSLANE_DEVICE_FN void sync_block(source_location) { block_barrier(); }

  static CROSSLANE_DEVICE_FN std::uint64_t clock() {
#if defined(__GFX9__) || defined(__GFX10__)
    return __builtin_amdgcn_s_memtime();
#else
    return __builtin_readcyclecounter();
#endif
  }
  /// As if the constant clock ran at 100 MHz on all chips: its rate is known to the driver alone.
  static CROSSLANE_DEVICE_FN std::uint64_t timer_ns() {
#if !CROSSLANE_DEVICE_PASS()
    return 0;
#elif defined(__GFX9__) || defined(__GFX10__)
    return __builtin_amdgcn_s_memrealtime() * 10;
#else
    return std::uint64_t(__builtin_amdgcn_s_sendmsg_rtnl(get_realtime)) * 10;
#endif
  }

  static CROSSLANE_DEVICE_FN void trap() { __builtin_trap(); }
  static CROSSLANE_DEVICE_FN void fail(char const* text, source_location where) {
    print_failure(text, where);
    trap();
  }

  /// The dispatch packet of the HSA queue holds the block's whole LDS size, at byte 28; what is static the compiler knows.
  static CROSSLANE_DEVICE_FN std::size_t dynamic_shared_bytes() {
    // Only a cast of this form reaches from the built-in's own address space to the numbered one.
    using words_type = unsigned const __attribute__((address_space(4)))*;
    auto const* const words = words_type(__builtin_amdgcn_dispatch_ptr());
    unsigned const total = words[28 / 4];
    return total - __builtin_amdgcn_groupstaticsize();
  }

  /// target += value, a release for the whole device; the value before.
  static CROSSLANE_DEVICE_FN unsigned add_release(unsigned* target, unsigned value) {
    return atomic_fetch<scope::device, release, plus>(target, value);
  }
  /// Waits until one of the bits differs from `before`, an acquire for the whole device: once, since each empties a cache that the other
  /// blocks of the multiprocessor use.
  static CROSSLANE_DEVICE_FN void acquire_change(unsigned const* target, unsigned before, unsigned bits) {
    while (((atomic_load<scope::device, relaxed>(target) ^ before) & bits) == 0) __builtin_amdgcn_s_sleep(1);
    fence<scope::device, acquire>();
  }

 private:
  static constexpr unsigned get_realtime = 0x83;  // the message of s_sendmsg_rtn that asks for the constant clock
};

}  // namespace crosslane::backend
