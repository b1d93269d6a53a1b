// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses to device memory by host threads that could not lock the checker, because a launch is being checked. A running kernel may wait
/// for the host, so the host must not wait for the kernel: it leaves the access here, for the thread that holds the lock.
#pragma once

#include "seen_access.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace crosslane::backend {

/// An access by the host program, or by a callback of a stream.
struct program_access {
  seen_access seen;
  std::uint64_t work;
};

/// The latest accesses of a host thread. The same access again within the same work changes nothing, and a loop that waits for a kernel
/// does millions of them.
class latest_accesses {
 public:
  /// Returns whether the access is new.
  bool add(program_access const& a) noexcept {
    program_access& known = known_[(reinterpret_cast<std::uintptr_t>(a.seen.at) ^ a.seen.from) * 0x9e3779b97f4a7c15u >> 60];
    if (known.work == a.work && known.seen == a.seen) return false;
    known = a;
    return true;
  }

 private:
  program_access known_[16] = {};
};
inline thread_local latest_accesses latest_accesses_of_program;

class late_accesses {
 public:
  bool any() const noexcept { return __atomic_load_n(&any_, __ATOMIC_SEQ_CST); }

  void add(program_access const& a) {
    std::lock_guard const guard{lock_};
    accesses_.push_back(a);
    __atomic_store_n(&any_, true, __ATOMIC_SEQ_CST);
  }
  std::vector<program_access> take() {
    std::vector<program_access> result;
    std::lock_guard const guard{lock_};
    result.swap(accesses_);
    __atomic_store_n(&any_, false, __ATOMIC_SEQ_CST);
    return result;
  }

 private:
  std::mutex lock_;
  std::vector<program_access> accesses_;
  bool any_ = false;
};

}  // namespace crosslane::backend
