// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Findings that are consequences if the same work also races with other work for the same buffer: a read of memory that the other work
/// writes, in an order that nothing fixes. They wait until no such race can be found any more, so that the report does not depend on which
/// work runs first.
#pragma once

#include "stream_order.hpp"
#include "watched_memory.hpp"

#include <crosslane/backend/host/backend.hpp>

#include <cstdint>
#include <exception>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace crosslane {
struct host;
}

namespace crosslane::backend {

/// Host threads may call all functions at any time.
class doubtful_findings {
 public:
  explicit doubtful_findings(stream_order const& order) noexcept : order_{order} {}

  /// Adds a finding about an access of `work` to a buffer, which has occurred `times` times.
  void add(checks::finding const& f, launch_facts const& facts, std::uint64_t work, watched_block const* block, std::uint64_t times = 1) {
    std::lock_guard const guard{lock_};
    for (entry& e : entries_)
      if (e.work == work && e.block == block && e.finding.kind == f.kind && same(e.finding.first.where, f.first.where)) {
        e.times += times;
        return;
      }
    entries_.push_back({f, facts, work, order_.facts_of(work).key, block, times});
    __atomic_store_n(&any_, true, __ATOMIC_RELAXED);
  }

  /// A race of two pieces of work for a buffer has been found.
  void races(std::uint64_t one, std::uint64_t other, watched_block const* block) {
    std::lock_guard const guard{lock_};
    raced_.emplace(one, block);
    raced_.emplace(other, block);
  }
  bool has_raced(std::uint64_t work, watched_block const* block) {
    std::lock_guard const guard{lock_};
    return raced_.contains({work, block});
  }

  /// Called when work has ended and when the host has waited. Delivers the findings that are certain: the host knows that the work is done,
  /// so later work comes after it, and no queued work is concurrent with it. The former is enough on a device that the host has waited for.
  /// When it returns, all of them have arrived, whichever host thread has delivered them.
  void judge(int waited_for = -1) {
    if (!__atomic_load_n(&any_, __ATOMIC_ACQUIRE)) return;
    std::lock_guard const delivery{delivery_};
    std::vector<entry> certain;
    {
      std::lock_guard const guard{lock_};
      std::erase_if(entries_, [&](entry& e) {
        bool const ends = order_.program_has_seen(e.work) && (e.key.device == waited_for || !order_.has_unfinished_beside(e.work));
        if (ends && !raced_.contains({e.work, e.block})) certain.push_back(e);
        return ends;
      });
    }
    for (entry const& e : certain)
      if (std::exception_ptr const error = e.facts.deliver(e.finding, {}, e.times)) detail::keep_exception<host>(e.key, error);
    std::lock_guard const guard{lock_};
    __atomic_store_n(&any_, !entries_.empty(), __ATOMIC_RELEASE);
  }

  /// Called when all work is known to be done.
  void forget_races() {
    std::lock_guard const guard{lock_};
    raced_.clear();
  }

 private:
  struct entry {
    checks::finding finding;
    launch_facts facts;
    std::uint64_t work;
    detail::stream_key key;
    watched_block const* block;
    std::uint64_t times;
  };
  static bool same(source_location const& a, source_location const& b) noexcept { return a.line == b.line && a.file == b.file; }

  stream_order const& order_;
  std::recursive_mutex delivery_;  ///< held while findings are delivered
  std::mutex lock_;
  std::vector<entry> entries_;
  std::set<std::pair<std::uint64_t, watched_block const*>> raced_;
  bool any_ = false;
};

}  // namespace crosslane::backend
