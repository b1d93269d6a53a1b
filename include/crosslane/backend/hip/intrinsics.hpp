// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel contract on AMD GPUs.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/gpu/intrinsics.hpp>
#include <crosslane/backend/hip/async_copy.hpp>
#include <crosslane/backend/hip/atomic.hpp>
#include <crosslane/backend/hip/wave.hpp>
#include <crosslane/backend/native/hip/architecture.hpp>

namespace crosslane::backend {

struct hip_intrinsics : gpu_intrinsics, hip_wave, hip_atomic {
  using async_copies = hip_async_copies;
  using tile_stores = plain_tile_stores;
  template <unsigned Stages>
  using bulk_copies = hip_bulk_copies<Stages>;

  /// Returns the block size. All blocks of a HIP grid have the same size. HIP's blockDim allows for a smaller last block, as OpenCL does,
  /// which costs instructions.
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
  // Kernels of a stream run one after another.
  static CROSSLANE_DEVICE_FN void wait_for_previous(source_location) {}
  static CROSSLANE_DEVICE_FN void let_next_start() {}
  static CROSSLANE_DEVICE_FN void pause() { __builtin_amdgcn_s_sleep(1); }

  static CROSSLANE_DEVICE_FN std::uint64_t clock() {
#if CROSSLANE_GFX_HAS(GFX9) || CROSSLANE_GFX_HAS(GFX10)
    return __builtin_amdgcn_s_memtime();
#else
    return __builtin_readcyclecounter();
#endif
  }
  /// Returns nanoseconds under the assumption that the constant clock runs at 100 MHz on all chips. Only the driver knows its real rate.
  static CROSSLANE_DEVICE_FN std::uint64_t timer_ns() {
#if !CROSSLANE_DEVICE_PASS()
    return 0;
#elif CROSSLANE_GFX_HAS(GFX9) || CROSSLANE_GFX_HAS(GFX10)
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

  /// Returns the block's LDS size, read from byte 28 of the HSA dispatch packet, minus the static part, which the compiler knows.
  static CROSSLANE_DEVICE_FN std::size_t dynamic_shared_bytes() {
    // Only a cast of this form converts from the built-in's own address space to the numbered one.
    using words_type = unsigned const __attribute__((address_space(4)))*;
    auto const* const words = words_type(__builtin_amdgcn_dispatch_ptr());
    unsigned const total = words[28 / 4];
    return total - __builtin_amdgcn_groupstaticsize();
  }

  /// Adds `value` to *target and returns the old value. A release at device scope.
  static CROSSLANE_DEVICE_FN unsigned add_release(unsigned* target, unsigned value) {
    return atomic_fetch<scope::device, release, plus>(target, value);
  }
  /// Waits until one of the bits `bits` differs from `before`. An acquire at device scope, performed once at the end: each acquire
  /// invalidates a cache that the other blocks of the multiprocessor use.
  static CROSSLANE_DEVICE_FN void acquire_change(unsigned const* target, unsigned before, unsigned bits) {
    while (((atomic_load<scope::device, relaxed>(target) ^ before) & bits) == 0) pause();
    fence<scope::device, acquire>();
  }

 private:
  static constexpr unsigned get_realtime = 0x83;  // the s_sendmsg_rtn message that requests the constant clock
};

}  // namespace crosslane::backend
