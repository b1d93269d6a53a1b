// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The barrier of a cooperative grid, for CUDA and HIP. The vendors' own barriers are not used. NVIDIA's needs a header that costs nvcc
/// seconds per file, and uses registers that the PTX manual leaves to the driver. AMD's device libraries have one for some architectures
/// only.
///
/// The counter belongs to one launch, which allocates it in stream order, sets it to 0 and frees it. A counter kept per kernel or per
/// stream would be shared by launches that run at the same time: on other streams, or from a graph that captured them.
#pragma once

#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// The parameter of a cooperative kernel's entry point: the kernel and the counter of its barrier.
template <class K>
struct cooperative_kernel {
  K kernel;
  unsigned* counter;
};

/// A backend's primitives and the barrier of the grid.
template <class Intrinsics>
struct grid_intrinsics : Intrinsics {
  CROSSLANE_DEVICE_FN explicit grid_intrinsics(unsigned* counter) : counter_{counter} {}

  /// Waits until all threads of the grid have called it. One thread per block arrives for the block, between two block barriers. All blocks
  /// together add 2^31: the highest bit changes when the last block arrives, and the other bits keep their value. So the counter needs no
  /// reset.
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
