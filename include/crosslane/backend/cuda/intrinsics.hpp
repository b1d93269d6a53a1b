// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel contract on NVIDIA GPUs.
#pragma once

#include <crosslane/backend/cuda/async_copy.hpp>
#include <crosslane/backend/cuda/atomic.hpp>
#include <crosslane/backend/cuda/wave.hpp>
#include <crosslane/backend/gpu/intrinsics.hpp>

namespace crosslane::backend {

struct cuda_intrinsics : gpu_intrinsics, cuda_wave, cuda_atomic {
  using async_copies = cuda_async_copies;
  using tile_stores = cuda_tile_stores;
  template <unsigned Stages>
  using bulk_copies = cuda_bulk_copies<Stages>;

  template <int Axis>
  static CROSSLANE_DEVICE_FN unsigned block_extent() {
    if constexpr (Axis == 0)
      return blockDim.x;
    else if constexpr (Axis == 1)
      return blockDim.y;
    else
      return blockDim.z;
  }

  static CROSSLANE_DEVICE_FN void sync_block(source_location) { __syncthreads(); }
  static CROSSLANE_DEVICE_FN void wait_for_previous(source_location) {
#if CROSSLANE_SM_HAS(OVERLAP)
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  }
  static CROSSLANE_DEVICE_FN void let_next_start() {
#if CROSSLANE_SM_HAS(OVERLAP)
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
  }
  static CROSSLANE_DEVICE_FN unsigned cluster_rank() {
    unsigned rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
  }
  // By default an arrival is a release and a wait an acquire, both of the cluster's scope.
  static CROSSLANE_DEVICE_FN void cluster_arrive(source_location) { asm volatile("barrier.cluster.arrive.aligned;" ::: "memory"); }
  static CROSSLANE_DEVICE_FN void cluster_wait(source_location) { asm volatile("barrier.cluster.wait.aligned;" ::: "memory"); }
  static CROSSLANE_DEVICE_FN void* cluster_address(void* own, std::size_t, unsigned rank, source_location) {
    void* address;
    asm("mapa.u64 %0, %1, %2;" : "=l"(address) : "l"(own), "r"(rank));
    return address;
  }

  static CROSSLANE_DEVICE_FN void pause() { __nanosleep(20); }

  static CROSSLANE_DEVICE_FN std::uint64_t clock() { return std::uint64_t(clock64()); }
  static CROSSLANE_DEVICE_FN std::uint64_t timer_ns() {
    std::uint64_t time;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(time));
    return time;
  }

  static CROSSLANE_DEVICE_FN void trap() { __trap(); }
  static CROSSLANE_DEVICE_FN void fail(char const* text, source_location where) {
    print_failure(text, where);
    trap();
  }

  static CROSSLANE_DEVICE_FN std::size_t dynamic_shared_bytes() {
    unsigned bytes;
    asm("mov.u32 %0, %%dynamic_smem_size;" : "=r"(bytes));
    return bytes;
  }

  /// Adds `value` to *target and returns the old value. A release at device scope.
  static CROSSLANE_DEVICE_FN unsigned add_release(unsigned* target, unsigned value) {
    return __nv_atomic_fetch_add(target, value, __NV_ATOMIC_RELEASE, __NV_THREAD_SCOPE_DEVICE);
  }
  /// Waits until one of the bits `bits` differs from `before`. An acquire at device scope.
  static CROSSLANE_DEVICE_FN void acquire_change(unsigned const* target, unsigned before, unsigned bits) {
    unsigned now;
    do {
      __nv_atomic_load(target, &now, __NV_ATOMIC_ACQUIRE, __NV_THREAD_SCOPE_DEVICE);
    } while (((now ^ before) & bits) == 0);
  }
};

}  // namespace crosslane::backend
