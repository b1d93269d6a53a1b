// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the accesses to device memory of kernels, copies, fills and the host program with those of other work that may run at the same
/// time.
#pragma once

#include "doubtful_findings.hpp"
#include "place_history.hpp"
#include "seen_access.hpp"
#include "stream_order.hpp"
#include "watched_memory.hpp"
#include "wording.hpp"

#include <cstdint>
#include <exception>
#include <map>
#include <utility>
#include <vector>

namespace crosslane::backend {

/// Returns the class of an access.
constexpr access_class class_of(unsigned flags) noexcept {
  bool const atomic = (flags & access_is_atomic) != 0;
  if ((flags & access_writes) != 0) return atomic ? access_class::atomic_write : access_class::write;
  return atomic ? access_class::atomic_read : access_class::read;
}

/// Returns the scope of an atomic operation; that of a plain access has no meaning.
constexpr scope reach_of(unsigned flags) noexcept { return (flags & access_is_atomic) != 0 ? scope_of(flags) : scope::system; }

/// Knows of no other work by acquired values.
struct knows_none {
  bool operator()(place_access const&) const noexcept { return false; }
};

class stream_races {
 public:
  stream_races(watched_range& memory, wording& words) noexcept : memory_{memory}, words_{words} {}

  stream_order order;
  doubtful_findings doubtful{order};

  void begin_launch(launch_facts const& launch) {
    launch_ = current_work.number;
    facts_ = &launch;
    last_launch_ = last_launch_ > launch_ ? last_launch_ : launch_;
    told_by_.clear();
    order.begins_launch(launch_, launch);
  }
  void end_launch() {
    if (facts_->has_lost_threads() && launch_ > launch_of_lost_threads_) launch_of_lost_threads_ = launch_;
    if (__atomic_load_n(&facts_->has_findings, __ATOMIC_RELAXED) && launch_ > failed_launch_) failed_launch_ = launch_;
  }
  /// Whether a finding of the work may be a consequence of a race that is found later.
  bool may_doubt(launch_facts const& facts, std::uint64_t work) const {
    return work != 0 && (facts.sink != nullptr || order.has_unfinished_beside(work));
  }

  /// The launch that was queued last among those that had findings.
  std::uint64_t failed_launch() const noexcept { return failed_launch_; }
  /// The launch that was queued last among those whose threads have not all reached their end.
  std::uint64_t launch_of_lost_threads() const noexcept { return launch_of_lost_threads_; }
  /// The number of the current launch.
  std::uint64_t launch() const noexcept { return launch_; }
  /// The device of the current launch.
  int device() const { return order.facts_of(launch_).key.device; }
  /// The launch that was queued last among those that have begun.
  std::uint64_t last_launch() const noexcept { return last_launch_; }

  /// Compares an access with earlier accesses to the same bytes, and records it. All bytes lie in one block. `knows(other)` tells whether
  /// the accessing thread knows an access by what it has acquired.
  template <class Knows = knows_none>
  void access(char const* at, std::size_t bytes, place_access const& mine, Knows const& knows = {}) {
    if (mine.work == 0) return;
    memory_.change_histories(at, bytes, [&](std::uint32_t history, char const* place) {
      return histories_.after(history, mine, order, [&](place_access const& other) {
        if (!knows(other)) report(mine, other, place);
      });
    });
  }

  /// Called for each access to device memory, before access(). Checks once for each piece of work that the block is allocated before the
  /// work and, unless the access may be one to another device, that it lies on the work's device. `knows` is that of access().
  template <class Knows = knows_none>
  void use(watched_block& block, place_access const& mine, char const* at, bool may_be_remote, Knows const& knows = {}) {
    if (block.user == mine.work) return;
    block.user = mine.work;
    if (block.open || mine.work == 0) return;
    stream_work const user = order.facts_of(mine.work);
    if (!may_be_remote && !user.facts.peer_access && block.home.device != user.key.device) {
      checks::finding const f = words_.other_device({user, mine}, block, at);
      if (std::exception_ptr const error = user.facts.deliver(f)) detail::keep_exception<host>(user.key, error);
    }
    if (block.made_by == 0 || !order.concurrent(block.made_by, mine.work)) return;
    if (knows(place_access{block.made_by, 0, access_class::write})) {
      block.user = 0;  // other threads of the work may not know it
      return;
    }
    // An event that the work should have waited for also orders the allocations before it.
    stream_work const maker = order.facts_of(block.made_by);
    std::uint64_t& missing_before = missing_waits_[{maker.stream, user.stream}];
    if (maker.number < missing_before) return;
    missing_before = user.number;
    doubtful.add(words_.unordered({user, mine}, {maker, {maker.number, 0, access_class::write}}, block, at), user.facts, mine.work, &block);
  }

  /// Reports memory that a resource has given to a stream at `work`, though nothing orders its return before.
  void given_too_early(std::uint64_t work, std::uint64_t returned, char const* at) {
    report({work, 0, access_class::write}, {returned, 0, access_class::write}, at);
  }

  /// Reports an access to a buffer that other, unordered work has freed. Returns whether that is the case.
  bool freed_meanwhile(watched_block const* block, place_access const& mine, char const* at) {
    if (block == nullptr || !block->freed || !order.concurrent(mine.work, block->freed_by)) return false;
    report(mine, {block->freed_by, 0, access_class::write}, at);
    return true;
  }

  /// The current launch has atomically read a value at `p`, which the host may have released. What it learns from other kernels,
  /// thread_order knows.
  void acquire(void const* p, bool acquires) {
    if (!memory_.contains(p)) return;
    histories_.each_concurrent(memory_.history(p), launch_, order, [&](place_access const& a) {
      if (a.how == access_class::atomic_write && order.facts_of(a.work).runs_on_host()) told_by_.push_back(a.work);
    });
    if (acquires) acquire_fence();
  }
  void acquire_fence() {
    if (told_by_.empty()) return;
    for (std::uint64_t const work : told_by_) order.learns(launch_, work);
    told_by_.clear();
    histories_.order_has_changed();
  }

  /// Discards cached results after the order of work has changed.
  void order_has_changed() { histories_.order_has_changed(); }

  /// Forgets all work if the host knows that it is done. Returns whether it does.
  bool forget_if_settled() {
    if (!order.forget_if_settled()) return false;
    doubtful.forget_races();
    missing_waits_.clear();
    if (histories_.forget()) memory_.forget_histories();
    return true;
  }

 private:
  void report(place_access const& one, place_access const& other, char const* at) {
    watched_block const* const block = memory_.block(at, one.work > other.work ? one.work : other.work);
    if (!order.say(one.work, other.work)) return doubtful.races(one.work, other.work, block);
    place_access const &late = one.work > other.work ? one : other, &early = one.work > other.work ? other : one;
    stream_work const later = order.facts_of(late.work), earlier = order.facts_of(early.work);
    // The wait that is missing between the two also orders the end of the buffer.
    if ((later.frees && doubtful.has_raced(early.work, block)) || (earlier.frees && doubtful.has_raced(late.work, block))) return;
    doubtful.races(one.work, other.work, block);
    checks::finding const f = words_.unordered({later, late}, {earlier, early}, *block, at);
    launch_facts who = later.facts;
    who.where = f.first.where.line != 0 ? f.first.where : f.second.where;
    if (std::exception_ptr const error = who.deliver(f)) detail::keep_exception<host>((later.is_program() ? earlier : later).key, error);
  }

  watched_range& memory_;
  wording& words_;
  place_histories histories_;
  std::uint64_t launch_ = 0, last_launch_ = 0, failed_launch_ = 0, launch_of_lost_threads_ = 0;
  launch_facts const* facts_ = nullptr;  ///< of the current launch
  std::vector<std::uint64_t> told_by_;   ///< takes effect at an acquire fence
  /// For two streams, the last work of the second that accessed a buffer of the first without waiting for its allocation.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> missing_waits_;
};

}  // namespace crosslane::backend
