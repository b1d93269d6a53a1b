// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies from device to shared memory on NVIDIA GPUs: cp.async since sm_80, the bulk copy engine since sm_90, loads and stores before.
#pragma once

#include <crosslane/backend/gpu/access_words.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// A thread's own copies.
struct cuda_async_copies {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  /// By L2 alone where the instruction can.
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16);
    auto const target = static_cast<unsigned>(__cvta_generic_to_shared(to));
    if constexpr (Bytes == 16)
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(target), "l"(from) : "memory");
    else
      asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(target), "l"(from), "n"(Bytes) : "memory");
  }
  static CROSSLANE_DEVICE_FN void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {
    asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
  }
#else
  template <unsigned Bytes>
  static CROSSLANE_DEVICE_FN void copy(void* to, void const* from, source_location) {
    *static_cast<access_words<Bytes>*>(to) = *static_cast<access_words<Bytes> const*>(from);
  }
  static CROSSLANE_DEVICE_FN void commit() {}
  template <unsigned Pending>
  static CROSSLANE_DEVICE_FN void wait() {}
#endif
};

/// Copies of a whole block by the bulk copy engine. Each stage has a barrier in shared memory whose phase ends when its bytes have come
/// and the stage is committed.
template <unsigned Stages>
class cuda_bulk_copies {
 public:
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  static constexpr bool available = true;

  /// One thread.
  CROSSLANE_DEVICE_FN void begin() {
    for (unsigned i = 0; i < Stages; ++i) asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(address(i)) : "memory");
  }
  /// The engine reaches shared memory by a way of its own: what the calling thread has done there comes before what the engine does after
  /// the next barrier of the block.
  static CROSSLANE_DEVICE_FN void fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  /// One thread; addresses and bytes are multiples of 16.
  CROSSLANE_DEVICE_FN void copy(unsigned stage, void* to, void const* from, unsigned bytes) {
    asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(address(stage)), "r"(bytes) : "memory");
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(bytes), "r"(address(stage))
                 : "memory");
  }
  /// One thread, that which copied.
  CROSSLANE_DEVICE_FN void commit(unsigned stage) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(stage)) : "memory");
  }
  /// Every thread. The parity of how often the stage has been waited for before.
  CROSSLANE_DEVICE_FN void wait(unsigned stage, unsigned parity) {
    unsigned done;
    do {
      asm volatile("{\n\t.reg .pred p;\n\tmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\tselp.u32 %0, 1, 0, p;\n\t}"
                   : "=r"(done)
                   : "r"(address(stage)), "r"(parity)
                   : "memory");
    } while (done == 0);
  }
#else
  static constexpr bool available = false;
#endif

 private:
  CROSSLANE_DEVICE_FN unsigned address(unsigned stage) { return static_cast<unsigned>(__cvta_generic_to_shared(barriers_ + stage)); }

  std::uint64_t barriers_[Stages];
};

}  // namespace crosslane::backend
