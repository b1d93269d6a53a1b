// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The work that has accessed a place in memory. Places with equal histories share one, by number.
#pragma once

#include "stream_order.hpp"

#include <compare>
#include <deque>
#include <map>

namespace crosslane::backend {

/// The classes of accesses. Atomic operations whose scope does not include other kernels count as plain accesses.
enum class access_class : unsigned char { read, write, atomic_read, atomic_write };

/// For each class, the bit set of classes that race with it.
inline constexpr unsigned char racing_classes[] = {0b1010, 0b1111, 0b0010, 0b0011};
constexpr bool races(access_class a, access_class b) noexcept { return (racing_classes[unsigned(a)] >> unsigned(b) & 1) != 0; }
/// Whether everything that races with a also races with b.
constexpr bool stands_for(access_class b, access_class a) noexcept {
  return (racing_classes[unsigned(a)] & ~racing_classes[unsigned(b)]) == 0;
}

struct place_access {
  std::uint64_t work;
  std::uint32_t site;
  access_class how;
  auto operator<=>(place_access const&) const = default;
};

class place_histories {
 public:
  /// Returns the history that follows `id` after access `a`. Calls `race(other)` for each access in the history that races with `a` and is
  /// not ordered with it. Accesses that a later one stands for are dropped: work that is unordered with them is unordered with that one
  /// too.
  template <class Race>
  std::uint32_t after(std::uint32_t id, place_access const& a, stream_order const& order, Race const& race) {
    if (id < floor_) id = 0;
    if (memo_work_ != a.work) {
      memo_.clear();
      for (recent& r : recent_) r = {};
      memo_work_ = a.work;
    }
    std::uint64_t const key = std::uint64_t{id} << 32 | std::uint64_t{a.site} << 2 | unsigned(a.how);
    recent& r = recent_[(key ^ key >> 29) % recent_count];
    if (r.used && r.key == key) return r.after;
    auto found = memo_.find(key);
    if (found == memo_.end()) found = memo_.emplace(key, extend(id, a, order, race)).first;
    r = {key, found->second, true};
    return found->second;
  }

  /// Whether the history has work that is not ordered with `work`.
  bool has_concurrent(std::uint32_t id, std::uint64_t work, stream_order const& order) const {
    for (place_access const& a : of(id))
      if (a.work != work && order.concurrent(a.work, work)) return true;
    return false;
  }

  /// Discards cached results after the order of work has changed.
  void order_has_changed() { memo_work_ = 0; }

  /// Forgets the histories of all places. Returns true if the numbers stored for places must be reset to 0, because numbers start again.
  bool forget() {
    bool const wraps = next_ > 0x80000000u;
    floor_ = wraps ? 1 : next_;
    next_ = floor_;
    ids_.clear();
    contents_.clear();
    memo_work_ = 0;
    return wraps;
  }

 private:
  using history = std::vector<place_access>;

  history const& of(std::uint32_t id) const {
    static history const none;
    return id < floor_ ? none : *contents_[id - floor_];
  }

  template <class Race>
  std::uint32_t extend(std::uint32_t id, place_access const& a, stream_order const& order, Race const& race) {
    history const& past = of(id);
    history next;
    bool there = false;
    for (place_access const& old : past) {
      bool const own = old.work == a.work;
      there = there || (own && stands_for(old.how, a.how));
      if (!own && races(old.how, a.how) && order.concurrent(old.work, a.work)) race(old);
      if (!stands_for(a.how, old.how) || !(own || order.before(old.work, a.work))) next.push_back(old);
    }
    if (there) return id;
    next.push_back(a);
    auto const entry = ids_.try_emplace(static_cast<history&&>(next), next_).first;
    if (entry->second == next_) {
      contents_.push_back(&entry->first);
      ++next_;
    }
    return entry->second;
  }

  static constexpr std::size_t recent_count = 256;
  struct recent {
    std::uint64_t key = 0;
    std::uint32_t after = 0;
    bool used = false;
  };

  std::uint32_t floor_ = 1, next_ = 1;  ///< numbers below the floor mean no history
  std::map<history, std::uint32_t> ids_;
  std::deque<history const*> contents_;
  std::uint64_t memo_work_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> memo_;
  recent recent_[recent_count];
};

}  // namespace crosslane::backend
