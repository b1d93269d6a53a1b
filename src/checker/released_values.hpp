// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The values by which kernels and the host program tell each other something: whether the atomic stores of one side have released. Host
/// threads and the thread that runs a kernel call all functions at any time.
#pragma once

#include <mutex>
#include <unordered_map>

#include <sched.h>

namespace crosslane::backend {

class released_values {
 public:
  /// A store at p begins. Until it ends, has_released(p) waits: it must not return what held before a store whose value has been read.
  void begins(void const* p) {
    std::lock_guard const guard{lock_};
    ++values_[p].under_way;
  }
  enum class effect {
    none,      ///< nothing was stored, or a read-modify-write that releases nothing: what was released before is still read
    releases,  ///< the value releases
    ends,      ///< a store that releases nothing
  };
  void ends(void const* p, effect e) {
    std::lock_guard const guard{lock_};
    value& v = values_[p];
    --v.under_way;
    if (e == effect::releases) v = {v.under_way, true, false};
    // A reader that has not come since the last release may still have read that one.
    if (e == effect::ends && v.is_read) v.released = false;
  }
  /// Whether a value that the other side has read at p may be a released one.
  bool has_released(void const* p) {
    for (;; sched_yield()) {
      std::lock_guard const guard{lock_};
      auto const found = values_.find(p);
      if (found == values_.end()) return stores_unseen_;
      if (found->second.under_way != 0) continue;
      found->second.is_read = true;
      return found->second.released || stores_unseen_;
    }
  }
  /// Stores that are not seen may have released any value.
  void unseen_stores() {
    std::lock_guard const guard{lock_};
    stores_unseen_ = true;
  }
  /// All work is known to be done.
  void forget() {
    std::lock_guard const guard{lock_};
    values_.clear();
    stores_unseen_ = false;
  }

 private:
  struct value {
    unsigned under_way = 0;
    bool released = false;
    bool is_read = false;  ///< since the last release
  };
  std::mutex lock_;
  std::unordered_map<void const*, value> values_;
  bool stores_unseen_ = false;
};

}  // namespace crosslane::backend
