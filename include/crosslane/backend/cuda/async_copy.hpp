// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies from device to shared memory on NVIDIA GPUs: cp.async from sm_80 on, the bulk copy engine from sm_90 on, loads and stores before.
#pragma once

#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane::backend {

/// The copies of one thread.
struct cuda_async_copies {
#if CROSSLANE_SM_HAS(ASYNC_COPY)
  /// Starts a copy. Bypasses L1 if the instruction can.
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

/// Copies of a whole block by the bulk copy engine. Each stage has a barrier in shared memory. Its phase completes when the stage is
/// committed and all its bytes have arrived.
template <unsigned Stages>
class cuda_bulk_copies {
 public:
#if CROSSLANE_SM_HAS(BULK_COPY)
  static constexpr bool available = true;

  /// Initialises the barriers. One thread calls it.
  CROSSLANE_DEVICE_FN void begin() {
    for (unsigned i = 0; i < Stages; ++i) asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(address(i)) : "memory");
  }
  /// Orders the calling thread's earlier accesses to shared memory before accesses of the engine that follow the next block barrier. The
  /// engine accesses shared memory through another proxy.
  static CROSSLANE_DEVICE_FN void fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
  /// Starts a copy. One thread calls it. Both addresses and `bytes` are multiples of 16.
  CROSSLANE_DEVICE_FN void copy(unsigned stage, void* to, void const* from, unsigned bytes) {
    asm volatile("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], %1;" ::"r"(address(stage)), "r"(bytes) : "memory");
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(from), "r"(bytes), "r"(address(stage))
                 : "memory");
  }
  /// Commits the stage. The thread that started its copies calls it.
  CROSSLANE_DEVICE_FN void commit(unsigned stage) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(address(stage)) : "memory");
  }
  /// Waits for the stage. Every thread calls it. `parity` is the parity of the number of earlier waits for this stage.
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
