// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The values by which kernels and the host program tell each other something: whether the atomic stores of one side have released, and the
/// work whose accesses these have released. Host threads and the thread that runs a kernel call all functions at any time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

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
  /// `each_work(f)` calls f with each piece of work whose accesses the store has released.
  template <class EachWork>
  void ends(void const* p, effect e, EachWork const& each_work) {
    std::lock_guard const guard{lock_};
    value& v = values_[p];
    --v.under_way;
    if (e == effect::releases) {
      if (v.is_read) v.works.clear();
      v.released = true;
      v.is_read = false;
      each_work([&](std::uint64_t work) {
        if (std::find(v.works.begin(), v.works.end(), work) == v.works.end()) v.works.push_back(work);
      });
    }
    // A reader that has not come since the last release may still have read that one.
    if (e == effect::ends && v.is_read) v.released = false;
  }
  void ends(void const* p, effect e) {
    ends(p, e, [](auto const&) {});
  }

  enum class release : unsigned char {
    none,
    of_works,    ///< a release, of the accesses of known work
    of_unknown,  ///< perhaps one that was not seen
  };
  /// Whether a value that the other side has read at p may be a released one. Calls f with each piece of work whose accesses it has
  /// released.
  template <class F>
  release has_released(void const* p, F const& f) {
    for (;; sched_yield()) {
      std::lock_guard const guard{lock_};
      if (stores_unseen_) return release::of_unknown;
      auto const found = values_.find(p);
      if (found == values_.end()) return release::none;
      value& v = found->second;
      if (v.under_way != 0) continue;
      v.is_read = true;
      if (!v.released) return release::none;
      for (std::uint64_t const work : v.works) f(work);
      return release::of_works;
    }
  }
  bool has_released(void const* p) {
    return has_released(p, [](std::uint64_t) {}) != release::none;
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
    std::vector<std::uint64_t> works;
  };
  std::mutex lock_;
  std::unordered_map<void const*, value> values_;
  bool stores_unseen_ = false;
};

}  // namespace crosslane::backend
