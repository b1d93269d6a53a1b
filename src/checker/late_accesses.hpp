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
