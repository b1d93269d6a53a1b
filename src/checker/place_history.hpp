// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The work that has accessed a place in memory. Places with equal histories share one, by number.
#pragma once

#include "stream_order.hpp"

#include <crosslane/kernel/memory_order.hpp>

#include <compare>
#include <deque>
#include <map>

namespace crosslane::backend {

/// The classes of accesses.
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
  scope reach = scope::system;  ///< of an atomic operation
  std::uint32_t phase = 0;      ///< of an access in its launch: see thread_order
  auto operator<=>(place_access const&) const = default;

  bool is_atomic() const noexcept { return how >= access_class::atomic_read; }
  /// Returns the class for work which only the scope `needed` includes: an atomic operation of a narrower scope counts as a plain access.
  access_class seen_from(scope needed) const noexcept {
    return is_atomic() && reach < needed ? access_class(unsigned(how) - unsigned(access_class::atomic_read)) : how;
  }
};
/// Whether everything that races with a also races with b, which is in the same work or after a.
inline bool stands_for(place_access const& b, place_access const& a) noexcept {
  return stands_for(b.seen_from(scope::device), a.seen_from(scope::device)) &&
         stands_for(b.seen_from(scope::system), a.seen_from(scope::system)) && (b.work != a.work || b.phase >= a.phase);
}

class place_histories {
 public:
  /// Returns the history that follows `id` after access `a`. Calls `race(other)` for each access in the history that races with `a` and is
  /// not ordered with it by the order of work. Accesses that a later one stands for are dropped: work that is unordered with them is
  /// unordered with that one too.
  template <class Race>
  std::uint32_t after(std::uint32_t id, place_access const& a, stream_order const& order, Race const& race) {
    if (id < floor_) id = 0;
    if (memo_work_ != a.work) {
      memo_.clear();
      for (recent& r : recent_) r = {};
      memo_work_ = a.work;
    }
    step_key const key{std::uint64_t{id} << 32 | std::uint64_t{a.site} << 4 | unsigned(a.reach) << 2 | unsigned(a.how), a.phase};
    recent& r = recent_[step_hash{}(key) % recent_count];
    if (r.to == nullptr || !(r.key == key)) {
      auto found = memo_.find(key);
      if (found == memo_.end()) found = memo_.emplace(key, extend(id, a, order)).first;
      r = {key, &found->second};
    }
    for (place_access const& other : r.to->races) race(other);
    return r.to->after;
  }

  /// Calls f(access) for each access in the history that is not ordered with `work`.
  template <class F>
  void each_concurrent(std::uint32_t id, std::uint64_t work, stream_order const& order, F const& f) const {
    for (place_access const& a : of(id))
      if (a.work != work && order.concurrent(a.work, work)) f(a);
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

  struct step_key {
    std::uint64_t code;
    std::uint32_t phase;
    bool operator==(step_key const&) const = default;
  };
  struct step_hash {
    std::size_t operator()(step_key const& k) const noexcept {
      std::uint64_t const all = k.code ^ std::uint64_t{k.phase} * 0x9e3779b97f4a7c15u;
      return std::size_t(all ^ all >> 29);
    }
  };
  /// The history that an access leaves.
  struct step {
    std::uint32_t after;
    history races;
  };

  static bool races_with(place_access const& old, place_access const& a, stream_order const& order) {
    if (!races(old.seen_from(scope::system), a.seen_from(scope::system))) return false;
    scope const needed = order.scope_between(old.work, a.work);
    return races(old.seen_from(needed), a.seen_from(needed)) && order.concurrent(old.work, a.work);
  }
  step extend(std::uint32_t id, place_access const& a, stream_order const& order) {
    history const& past = of(id);
    history next;
    step result{id, {}};
    bool there = false;
    for (place_access const& old : past) {
      bool const own = old.work == a.work;
      there = there || (own && stands_for(old, a));
      if (!own && races_with(old, a, order)) result.races.push_back(old);
      if (!stands_for(a, old) || !(own || order.before(old.work, a.work))) next.push_back(old);
    }
    if (there) return result;
    next.push_back(a);
    auto const entry = ids_.try_emplace(static_cast<history&&>(next), next_).first;
    if (entry->second == next_) {
      contents_.push_back(&entry->first);
      ++next_;
    }
    result.after = entry->second;
    return result;
  }

  static constexpr std::size_t recent_count = 256;
  struct recent {
    step_key key{};
    step const* to = nullptr;
  };

  std::uint32_t floor_ = 1, next_ = 1;  ///< numbers below the floor mean no history
  std::map<history, std::uint32_t> ids_;
  std::deque<history const*> contents_;
  std::uint64_t memo_work_ = 0;
  std::unordered_map<step_key, step, step_hash> memo_;  ///< its elements do not move
  recent recent_[recent_count];
};

}  // namespace crosslane::backend
