// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// NVIDIA's barriers in shared memory, since sm_90 (PTX ISA, mbarrier).
#pragma once

#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

/// Barriers in shared memory on which waves wait for a number of arrivals, again and again.
template <unsigned Count>
class cuda_barriers {
 public:
#if CROSSLANE_SM_HAS(BULK_COPY)
  /// Initialises the barriers. One thread calls it; a fence and a barrier of the block must follow.
  CROSSLANE_DEVICE_FN void begin(unsigned arrivals) {
    for (unsigned i = 0; i < Count; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(address(i)), "r"(arrivals) : "memory");
  }
  /// Arrives. A release.
  CROSSLANE_DEVICE_FN void arrive(unsigned i) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(i)) : "memory"); }
  /// Waits for the end of the phase with this parity; the first phase has parity 0. An acquire. Returns at once if a phase of the other
  /// parity is running.
  CROSSLANE_DEVICE_FN void wait(unsigned i, unsigned parity) {
    unsigned done;
    do {
      asm volatile("{\n\t.reg .pred p;\n\tmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\tselp.u32 %0, 1, 0, p;\n\t}"
                   : "=r"(done)
                   : "r"(address(i)), "r"(parity)
                   : "memory");
    } while (done == 0);
  }
#endif

  /// Returns the place of a barrier for instructions.
  CROSSLANE_DEVICE_FN unsigned address(unsigned i) { return static_cast<unsigned>(__cvta_generic_to_shared(barriers_ + i)); }

 private:
  std::uint64_t barriers_[Count];
};

}  // namespace crosslane::backend
