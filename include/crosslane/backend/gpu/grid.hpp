// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The barrier of a cooperative grid, for CUDA and HIP. The vendors' own are not used: NVIDIA's stands behind a header that costs nvcc
/// seconds a file, on registers that the PTX manual leaves to the driver; AMD's device libraries have it for some architectures only.
///
/// Its counter belongs to one launch, which allocates it in stream order, sets it to 0 and frees it. One that were kept, for the kernel
/// or for the stream, would be shared by launches that run at once: on other streams, or from a graph that captured them.
#pragma once

#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// What a kernel's entry point receives in the kernel's place where that is cooperative.
template <class K>
struct cooperative_kernel {
  K kernel;
  unsigned* counter;
};

/// A backend's primitives, with the barrier beside them.
template <class Intrinsics>
struct grid_intrinsics : Intrinsics {
  CROSSLANE_DEVICE_FN explicit grid_intrinsics(unsigned* counter) : counter_{counter} {}

  /// One thread of each block speaks for it, behind and before barriers of the block. All blocks together add 2^31, which changes the
  /// highest bit when the last has come and leaves the other bits as they were: nothing has to be reset for the next time.
  CROSSLANE_DEVICE_FN void sync_grid(bool first_thread, bool first_block, unsigned blocks, source_location where) const {
    Intrinsics::sync_block(where);
    if (first_thread) {
      unsigned const before = Intrinsics::add_release(counter_, first_block ? 0x80000000u - (blocks - 1) : 1u);
      Intrinsics::acquire_change(counter_, before, 0x80000000u);
    }
    Intrinsics::sync_block(where);
  }

 private:
  unsigned* counter_;
};

}  // namespace crosslane::backend
