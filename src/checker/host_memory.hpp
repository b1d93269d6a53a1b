// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Host memory of queued copies. Until a copy is done the host program must not write to its source in host memory, nor access its
/// destination there.
#pragma once

#include "copied_rows.hpp"
#include "seen_access.hpp"
#include "stream_order.hpp"
#include "stream_races.hpp"
#include "wording.hpp"

#include <crosslane/backend/host/access_monitor.hpp>

#include <cstdint>
#include <exception>
#include <mutex>
#include <vector>

namespace crosslane::backend {

/// Host threads may call all functions at any time.
class host_memory {
 public:
  host_memory(watched_range const& devices, stream_order const& order, wording& words) noexcept
      : devices_{devices}, order_{order}, words_{words} {}

  void copy_queued(std::uint64_t work, launch_facts const& facts, memory_transfer const& t) {
    if (facts.level != checks::level::full) return;
    std::lock_guard const guard{lock_};
    auto const add = [&](void const* p, std::size_t pitch, access_class how) {
      if (p == nullptr || devices_.contains(p)) return;
      copies_.push_back({static_cast<char const*>(p), pitch, t.width, t.height, work, how, facts});
    };
    add(t.from, t.from_pitch, access_class::read);
    add(t.to, t.to_pitch, access_class::write);
    note_bounds();
  }

  /// Whether a copy may use these bytes. Cheap: it compares with the bounds of all copies.
  bool may_be_copied(void const* p, std::size_t bytes) const noexcept {
    auto const at = reinterpret_cast<std::uintptr_t>(p);
    return at < __atomic_load_n(&end_, __ATOMIC_RELAXED) && at + bytes > __atomic_load_n(&begin_, __ATOMIC_RELAXED);
  }

  /// Whether a copy may use bytes at this address or behind it.
  bool may_be_copied_behind(void const* p) const noexcept {
    return reinterpret_cast<std::uintptr_t>(p) < __atomic_load_n(&end_, __ATOMIC_RELAXED);
  }

  /// Checks an access by the host program. A copy is reported once.
  void access(seen_access const& a) {
    std::vector<copied_rows> races_of_copies;
    each_in_use(a, [&](copied_rows& r) {
      if (!r.has_race && races(r.how, class_of(a.flags))) races_of_copies.push_back(r), r.has_race = true;
    });
    (void)report(races_of_copies, a, a.writes() ? "writes" : "reads");
  }
  /// The host program frees memory. Returns whether a copy uses it and that is, or has been, reported.
  bool freed(seen_access const& a) {
    std::vector<copied_rows> races_of_copies;
    bool is_known = false;
    each_in_use(a, [&](copied_rows& r) {
      if (r.has_race)
        is_known = true;
      else
        races_of_copies.push_back(r), r.has_race = true;
    });
    return report(races_of_copies, a, "frees") || is_known;
  }

  /// Called after the host has waited for something.
  void forget_done() {
    std::lock_guard const guard{lock_};
    std::erase_if(copies_, [&](copied_rows const& r) { return order_.program_has_seen(r.work); });
    note_bounds();
  }

 private:
  /// Calls f for each copy that uses these bytes, and forgets the copies that are done.
  template <class F>
  void each_in_use(seen_access const& a, F const& f) {
    std::lock_guard const guard{lock_};
    std::erase_if(copies_, [&](copied_rows const& r) { return order_.program_has_seen(r.work); });
    for (copied_rows& r : copies_)
      if (r.overlaps(a.at, a.bytes)) f(r);
    note_bounds();
  }

  void note_bounds() {
    std::uintptr_t first = ~std::uintptr_t{0}, last = 0;
    for (copied_rows const& r : copies_) {
      auto const begin = reinterpret_cast<std::uintptr_t>(r.begin), end = reinterpret_cast<std::uintptr_t>(r.end());
      first = begin < first ? begin : first;
      last = end > last ? end : last;
    }
    __atomic_store_n(&begin_, first, __ATOMIC_RELAXED);
    __atomic_store_n(&end_, last, __ATOMIC_RELAXED);
  }

  /// Returns false if there is nothing to report, or no scope of full checks.
  bool report(std::vector<copied_rows> const& touched, seen_access const& a, char const* action) {
    if (touched.empty()) return false;
    launch_facts facts;
    facts.read_check_scope(true);
    if (facts.level != checks::level::full) return false;
    for (copied_rows const& r : touched) {
      stream_work const w = order_.facts_of(r.work);
      checks::finding const f = words_.unwaited_copy(r, w.key.stream, a, action);
      launch_facts who = r.facts;
      who.sink = facts.sink;
      who.where = f.first.where;
      if (std::exception_ptr const error = who.deliver(f)) detail::keep_exception<host>(w.key, error);
    }
    return true;
  }

  watched_range const& devices_;
  stream_order const& order_;
  wording& words_;
  std::mutex lock_;
  std::vector<copied_rows> copies_;
  std::uintptr_t begin_ = ~std::uintptr_t{0}, end_ = 0;  ///< of all copies
};

}  // namespace crosslane::backend
