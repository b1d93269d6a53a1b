// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Work spread over the cores by the OpenMP runtime of g++, through the function that its compiled programs call: so no compiler
/// needs a flag and no header is included. Measured against oneTBB: the same throughput, and no second of compile time.
#pragma once

#include <crosslane/platform/compiler.hpp>

#include <cstddef>
#include <cstdint>

#include <unistd.h>

#if CROSSLANE_SANITIZE_THREAD()
#include <sanitizer/tsan_interface.h>
#endif

extern "C" void GOMP_parallel(void (*function)(void*), void* data, unsigned num_threads, unsigned flags);

namespace crosslane::backend {

inline unsigned core_count() noexcept {
  static unsigned const count = [] {
    long const n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1u : unsigned(n);
  }();
  return count;
}

/// Calls `work(begin, end)` for pieces of 0 ... n-1 from several threads until all is done. `work` must not throw.
template <class Work>
void parallel_pieces(std::uint64_t n, std::uint64_t piece, Work& work) {
  if (n <= piece || core_count() == 1) {
    if (n != 0) work(std::uint64_t{0}, n);
    return;
  }
  struct team {
    std::uint64_t next, n, piece;
    Work* work;
    static void run(void* data) {
      team& self = *static_cast<team*>(data);
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_acquire(data);
#endif
      for (;;) {
        std::uint64_t const begin = __atomic_fetch_add(&self.next, self.piece, __ATOMIC_RELAXED);
        if (begin >= self.n) break;
        (*self.work)(begin, self.n - begin < self.piece ? self.n : begin + self.piece);
      }
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_release(data);  // the runtime's own barrier at the end is not instrumented
#endif
    }
  } shared{0, n, piece, &work};
#if CROSSLANE_SANITIZE_THREAD()
  __tsan_release(&shared);
#endif
  GOMP_parallel(&team::run, &shared, 0, 0);
#if CROSSLANE_SANITIZE_THREAD()
  __tsan_acquire(&shared);
#endif
}

/// Pieces small enough to balance, large enough not to be felt.
inline std::uint64_t balanced_piece(std::uint64_t n, std::uint64_t at_least) noexcept {
  std::uint64_t const piece = n / (std::uint64_t{core_count()} * 8) + 1;
  return piece < at_least ? at_least : piece;
}

}  // namespace crosslane::backend
