// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Distributes work over the cores with g++'s OpenMP runtime. Calls the runtime's function directly, as compiled OpenMP programs do, so no
/// compiler needs a flag and no header is included. Measured against oneTBB: the same throughput, without a second of compile time.
#pragma once

#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/runtime/async_errors.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>

#include <unistd.h>

#if CROSSLANE_SANITIZE_THREAD()
#include <sanitizer/tsan_interface.h>
#endif

extern "C" void GOMP_parallel(void (*function)(void*), void* data, unsigned num_threads, unsigned flags);
/// Declared under another name, because the headers of the OpenMP runtimes disagree on whether the function is noexcept.
extern "C" int crosslane_omp_thread() __asm__("omp_get_thread_num");

namespace crosslane::backend::inline CROSSLANE_CONFIGURATION {

inline unsigned core_count() noexcept {
  static unsigned const count = [] {
    long const n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1u : unsigned(n);
  }();
  return count;
}

/// Calls `work(begin, end)` for pieces of [0, n) from several threads and returns when all are done. `work` must not throw.
template <class Work>
void parallel_pieces(std::uint64_t n, std::uint64_t piece, Work& work) {
  if (n <= piece || core_count() == 1) {
    if (n != 0) work(std::uint64_t{0}, n);
    return;
  }
  // Each thread starts with a contiguous share of its own. Equal n give equal shares, so that a thread finds its data in its cache again. A
  // thread that has finished its share takes pieces of the others.
  struct alignas(64) share {
    std::uint64_t next, end;
  };
  struct team {
    enum : unsigned { most_shares = 64 };
    thread_work caller;
    std::uint64_t piece;
    Work* work;
    unsigned count;
    share shares[most_shares];
    static void run(void* data) {
      team& self = *static_cast<team*>(data);
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_acquire(data);
#endif
      fault_handlers::prepare_thread();
      thread_work const before = current_work;
      current_work = self.caller;
      unsigned const own = unsigned(crosslane_omp_thread()) % self.count;
      for (unsigned i = 0; i < self.count; ++i) {
        share& from = self.shares[own + i < self.count ? own + i : own + i - self.count];
        // The plain load first keeps the cache line shared when the share is done.
        while (__atomic_load_n(&from.next, __ATOMIC_RELAXED) < from.end) {
          std::uint64_t const begin = __atomic_fetch_add(&from.next, self.piece, __ATOMIC_RELAXED);
          if (begin >= from.end) break;
          (*self.work)(begin, from.end - begin < self.piece ? from.end : begin + self.piece);
        }
      }
      current_work = before;
#if CROSSLANE_SANITIZE_THREAD()
      __tsan_release(data);  // the barrier at the end of the runtime's team is not instrumented
#endif
    }
  } shared;
  shared.caller = current_work;
  shared.piece = piece;
  shared.work = &work;
  shared.count = core_count() < team::most_shares ? core_count() : team::most_shares;
  std::uint64_t const pieces = (n - 1) / piece + 1;
  for (unsigned i = 0; i < shared.count; ++i) {
    std::uint64_t const end = pieces * (i + 1) / shared.count * piece;
    shared.shares[i] = {pieces * i / shared.count * piece, end < n ? end : n};
  }
#if CROSSLANE_SANITIZE_THREAD()
  __tsan_release(&shared);
#endif
  GOMP_parallel(&team::run, &shared, 0, 0);
#if CROSSLANE_SANITIZE_THREAD()
  __tsan_acquire(&shared);
#endif
}

/// Returns a piece size that balances the cores and keeps the overhead per piece negligible. It is a multiple of `at_least`, so that pieces
/// of an array are aligned as the array is.
inline std::uint64_t balanced_piece(std::uint64_t n, std::uint64_t at_least) noexcept {
  std::uint64_t const piece = n / (std::uint64_t{core_count()} * 8) + 1;
  return (piece + at_least - 1) / at_least * at_least;
}

/// Calls `work(begin, end)` for pieces of [0, n) on all cores. Rethrows the first exception.
template <class Work>
void run_pieces(std::uint64_t n, std::uint64_t piece, Work const& work) {
  detail::spin_lock lock;
  bool failed = false;
  std::exception_ptr error;
  auto const guarded = [&](std::uint64_t begin, std::uint64_t end) {
    if (__atomic_load_n(&failed, __ATOMIC_RELAXED)) return;
    try {
      work(begin, end);
    } catch (...) {
      detail::spin_guard const guard{lock};
      if (!error) error = std::current_exception();
      __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
    }
  };
  parallel_pieces(n, piece, guarded);
  if (error) std::rethrow_exception(error);
}

}  // namespace crosslane::backend::inline CROSSLANE_CONFIGURATION
