// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The order of stream work and of what the host program does. The order is known when work is queued, whenever it runs. Work comes after
/// earlier work of its stream and after what the stream waits for by events. It also comes after everything that the host did, and knew to
/// be done, when it queued the work. A kernel that states overlaps_previous begins earlier: after what the kernel before it begins after,
/// and after what the host knew. Its threads come after the other work when they have waited for it. All host threads count as one, in the
/// order of their calls, because the order among them is not observed.
#pragma once

#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/kernel/memory_order.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace crosslane::backend {

/// A clock: for each stream, the last piece of work that is ordered before.
class work_clock {
 public:
  std::uint64_t of(std::uint64_t stream) const noexcept {
    for (auto const& [known, number] : known_)
      if (known == stream) return number;
    return 0;
  }
  /// Returns whether the clock has changed.
  bool raise(std::uint64_t stream, std::uint64_t number) {
    for (auto& [known, last] : known_)
      if (known == stream) {
        if (last >= number) return false;
        last = number;
        return true;
      }
    known_.emplace_back(stream, number);
    return true;
  }
  /// Returns whether the clock has changed.
  bool join(work_clock const& other) {
    bool changed = false;
    for (auto const& [stream, number] : other.known_) changed |= raise(stream, number);
    return changed;
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> known_;
};

/// A piece of work. The actions of the host between two of its calls are a piece of work too, on a stream of their own: 0.
struct stream_work {
  std::uint64_t number = 0, stream = 0;
  work_clock before;
  work_clock known;         ///< to the host when it queued the work
  work_clock begins_after;  ///< if it overlaps earlier work: the part of `before` that it begins after
  detail::stream_key key;
  launch_facts facts;      ///< set when it runs
  bool frees = false;      ///< whether it only frees memory
  bool allocates = false;  ///< whether it is an allocation
  bool is_launch = false;  ///< set when it runs
  bool overlaps = false;   ///< whether it may begin before the kernel before it in its stream has ended; set when it runs

  bool is_callback = false;

  bool is_program() const noexcept { return stream == 0; }
  /// Whether it is a node of a graph.
  bool is_node() const noexcept { return !is_program() && stream != reinterpret_cast<std::uintptr_t>(key.stream); }
  bool runs_on_host() const noexcept { return is_program() || is_callback; }
};

class stream_order {
 public:
  // --- called by the host program ---

  std::uint64_t queued(detail::stream_key key) { return queued_node(key, key.stream); }
  /// Work that errors count to the stream of the key, but that is only ordered behind work of its own strand.
  std::uint64_t queued_node(detail::stream_key key, void const* own) {
    std::lock_guard const guard{lock_};
    std::uint64_t const number = next_++;
    strand& s = add(number, key, own);
    s.last = s.last_but_frees = number;
    s.unfinished.push_back(number);
    ++unfinished_;
    program_work_ = 0;
    __atomic_store_n(&program_knows_all_, false, __ATOMIC_RELAXED);
    return number;
  }
  /// Returns the number of an allocation that the host makes now in the order of a stream.
  std::uint64_t allocates(detail::stream_key key) {
    std::lock_guard const guard{lock_};
    std::uint64_t const number = next_++;
    strand& s = add(number, key, key.stream);
    works_[number].allocates = true;
    s.last_allocation = number;
    program_work_ = 0;
    return number;
  }
  void describe(std::uint64_t number, launch_facts const& facts) {
    std::lock_guard const guard{lock_};
    if (stream_work* const w = find(number); w != nullptr) w->facts = facts;
  }
  std::uint64_t last_queued() const {
    std::lock_guard const guard{lock_};
    return next_ - 1;
  }
  void finished(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    --unfinished_;
    stream_work const* const w = find(number);
    if (w == nullptr) return;
    strand& s = strands_[w->stream];
    if (!s.unfinished.empty() && s.unfinished.front() == number)
      s.unfinished.pop_front();
    else
      std::erase(s.unfinished, number);
    if (!w->frees)
      s.finished = number;
    else if (s.last_but_frees == number)
      s.last_but_frees = s.finished;
  }
  /// Orders work behind an event. Work that has been removed is ordered before everything that follows.
  void waits(std::uint64_t waiting, std::uint64_t number) {
    std::lock_guard const guard{lock_};
    stream_work const* const first = find(number);
    stream_work* const then = find(waiting);
    if (first == nullptr || then == nullptr) return;
    then->before.join(first->before);
    then->before.raise(first->stream, number);
    strands_[then->stream].before.join(then->before);
  }
  void program_knows(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    if (learn(number)) note_knowledge();
  }
  /// A callback that the host has queued may tell it, in ways that are not seen, that earlier work is done.
  void callback_queued(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    queued_callbacks_.push_back(number);
    __atomic_store_n(&may_be_told_, true, __ATOMIC_RELAXED);
  }
  /// Whether callbacks have been queued since the host has waited last.
  bool program_may_be_told() const noexcept { return __atomic_load_n(&may_be_told_, __ATOMIC_RELAXED); }
  /// The host has done something by which it may have waited for any callback.
  void program_waits() {
    std::lock_guard const guard{lock_};
    for (std::uint64_t const number : queued_callbacks_) (void)learn(number);
    forget_callbacks();
    note_knowledge();
  }
  void program_knows_device(int device) {
    std::lock_guard const guard{lock_};
    for (auto const& [stream, s] : strands_)
      if (s.device == device) program_.join(s.before);
    note_knowledge();
  }

  /// Whether all queued work is ordered before what the host does now.
  bool program_knows_all() const noexcept { return __atomic_load_n(&program_knows_all_, __ATOMIC_RELAXED); }

  bool program_has_seen(std::uint64_t number) const {
    std::lock_guard const guard{lock_};
    stream_work const* const w = find(number);
    return w == nullptr || program_.of(w->stream) >= number;
  }

  /// Returns the number of the piece of work that the host does now.
  std::uint64_t program_work(launch_facts const& facts) {
    std::lock_guard const guard{lock_};
    if (stream_work const* const now = find(program_work_); now != nullptr && now->facts.sink == facts.sink) return program_work_;
    program_work_ = next_++;
    stream_work& w = works_[program_work_];
    w.number = program_work_;
    w.before = program_;
    w.facts = facts;
    return program_work_;
  }

  // --- while work runs ---

  void begins(std::uint64_t number, launch_facts const& facts) {
    std::lock_guard const guard{lock_};
    stream_work* const w = find(number);
    if (w == nullptr) return;
    w->facts = facts;
    for (auto const& [ran, c] : callbacks_)
      if (w->before.of(c.stream) >= ran) w->before.join(c.knows);
    strands_[w->stream].begun = number;
  }

  /// The same for a kernel. It overlaps the kernel before it if it states this and only allocations and frees are between the two.
  void begins_launch(std::uint64_t number, launch_facts const& facts) {
    begins(number, facts);
    std::lock_guard const guard{lock_};
    stream_work* const w = find(number);
    if (w == nullptr) return;
    w->is_launch = true;
    if (!facts.overlaps) return;
    stream_work const* previous = find(w->before.of(w->stream));
    while (previous != nullptr && (previous->frees || previous->allocates)) previous = find(previous->before.of(w->stream));
    if (previous == nullptr || !previous->is_launch) return;
    w->begins_after = previous->overlaps ? previous->begins_after : previous->before;
    w->begins_after.join(w->known);
    w->overlaps = true;
  }

  /// Marks the running work as a host callback.
  void is_callback(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    if (stream_work* const w = find(number); w != nullptr) w->is_callback = true;
  }
  /// Marks the running work as one that frees a buffer. A host that waits for a stream and then destroys its buffers has no reason to wait
  /// again.
  void frees(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    if (stream_work* const w = find(number); w != nullptr) w->frees = true;
  }

  /// The host stores atomically. Who reads the value does not know what the host does from now on. Returns the last number before.
  std::uint64_t program_stores() {
    std::lock_guard const guard{lock_};
    program_work_ = 0;
    return next_ - 1;
  }
  /// The callback has done something that may wait for the host. So what it does from now on, and work queued behind it, comes after
  /// everything that the host has done.
  void callback_waits(std::uint64_t number) {
    std::lock_guard const guard{lock_};
    program_work_ = 0;
    callback_learns(number, next_ - 1);
  }
  /// The callback has atomically read what the host may have stored. It comes after what the host did before, up to the number `told`.
  void callback_reads(std::uint64_t number, std::uint64_t told) {
    std::lock_guard const guard{lock_};
    callback_learns(number, told);
  }

  /// The work has atomically read a value that code of the host has stored: the program, or a callback, which is other work.
  void learns(std::uint64_t number, std::uint64_t from) {
    std::lock_guard const guard{lock_};
    stream_work* const w = find(number);
    stream_work const* const other = find(from);
    if (w == nullptr || other == nullptr) return;
    w->before.join(other->before);
    w->before.raise(other->stream, from);
  }
  /// The host has atomically read a value that has released the accesses of these pieces of work. A loop that waits for a value learns
  /// something only in its first and its last round.
  void program_learns(std::vector<std::uint64_t> const& works) {
    std::lock_guard const guard{lock_};
    bool changed = false;
    for (std::uint64_t const number : works) changed |= learn(number);
    if (changed) note_knowledge();
  }
  /// The host has atomically read a value that any kernel which has begun may have released.
  void program_learns_all() {
    std::lock_guard const guard{lock_};
    bool changed = false;
    for (auto const& [stream, s] : strands_) changed |= learn(s.begun);
    if (changed) note_knowledge();
  }

  // --- queries ---

  /// Whether `earlier` is ordered before `later`. Work that has been removed is ordered before what has not.
  bool before(std::uint64_t earlier, std::uint64_t later) const {
    std::lock_guard const guard{lock_};
    stream_work const *const a = find(earlier), *const b = find(later);
    return a == nullptr || (b != nullptr && precedes(*a, *b));
  }
  /// Whether `earlier` is ordered before the end of `later`, which may overlap it.
  bool before_end(std::uint64_t earlier, std::uint64_t later) const {
    std::lock_guard const guard{lock_};
    stream_work const *const a = find(earlier), *const b = find(later);
    return a == nullptr || (b != nullptr && b->before.of(a->stream) >= a->number);
  }
  /// The narrowest scope that includes both pieces of work.
  scope scope_between(std::uint64_t one, std::uint64_t other) const {
    std::lock_guard const guard{lock_};
    stream_work const *const a = find(one), *const b = find(other);
    if (a == nullptr || b == nullptr) return scope::device;
    return a->runs_on_host() || b->runs_on_host() || a->key.device != b->key.device ? scope::system : scope::device;
  }
  bool concurrent(std::uint64_t one, std::uint64_t other) const {
    std::lock_guard const guard{lock_};
    stream_work const *const a = find(one), *const b = find(other);
    return a != nullptr && b != nullptr && !precedes(*a, *b) && !precedes(*b, *a);
  }
  /// Whether queued work that has not run is concurrent with this.
  bool has_unfinished_beside(std::uint64_t number) const {
    std::lock_guard const guard{lock_};
    stream_work const* const w = find(number);
    if (w == nullptr) return false;
    for (auto const& [stream, s] : strands_)
      if (!s.unfinished.empty() && stream != w->stream)
        if (stream_work const* const other = find(s.unfinished.front()); other != nullptr && !precedes(*other, *w) && !precedes(*w, *other))
          return true;
    return false;
  }
  /// Whether the work has run, or never will.
  bool is_over(std::uint64_t number) const {
    std::lock_guard const guard{lock_};
    stream_work const* const w = find(number);
    if (w == nullptr) return true;
    auto const s = strands_.find(w->stream);
    return s == strands_.end() || std::find(s->second.unfinished.begin(), s->second.unfinished.end(), number) == s->second.unfinished.end();
  }
  stream_work facts_of(std::uint64_t number) const {
    std::lock_guard const guard{lock_};
    stream_work const* const w = find(number);
    return w != nullptr ? *w : stream_work{};
  }
  /// Returns true the first time that this pair is reported.
  bool say(std::uint64_t one, std::uint64_t other) {
    std::lock_guard const guard{lock_};
    return said_.emplace(one < other ? one : other, one < other ? other : one).second;
  }

  /// Whether the host knows that all work except frees is done, and the frees are done too. All past work is then ordered before all later
  /// work.
  bool is_settled() const {
    std::lock_guard const guard{lock_};
    return settled();
  }
  bool forget_if_settled() {
    std::lock_guard const guard{lock_};
    if (!settled()) return false;
    works_.clear();
    strands_.clear();
    said_.clear();
    callbacks_.clear();
    forget_callbacks();
    program_ = {};
    note_knowledge();
    return true;
  }

 private:
  struct strand {
    work_clock before;  ///< of the next work; includes the last one that was queued
    std::uint64_t last = 0, last_but_frees = 0, last_allocation = 0, begun = 0;
    std::deque<std::uint64_t> unfinished;  ///< queued work that has not run, in its order
    std::uint64_t finished = 0;            ///< the last that does not only free memory
    int device = 0;
  };

  /// A callback that may have waited for the host.
  struct callback {
    std::uint64_t stream = 0;
    work_clock knows;
  };

  /// Adds work to its stream, or the strand of a node.
  strand& add(std::uint64_t number, detail::stream_key key, void const* own) {
    auto const stream = reinterpret_cast<std::uintptr_t>(own);
    strand& s = strands_[stream];
    s.device = key.device;
    s.before.join(program_);
    s.before.raise(0, number);
    stream_work& w = works_[number];
    w.number = number;
    w.stream = stream;
    w.key = key;
    w.before = s.before;
    w.known = program_;
    w.known.raise(0, number);
    s.before.raise(stream, number);
    return s;
  }
  /// The host knows of a piece of work and of all that comes before it. Returns whether this is new.
  bool learn(std::uint64_t number) {
    stream_work const* const w = find(number);
    if (w == nullptr) return false;
    bool const changed = program_.join(w->before);
    return program_.raise(w->stream, number) || changed;
  }
  void callback_learns(std::uint64_t number, std::uint64_t last_of_program) {
    stream_work* const w = find(number);
    if (w == nullptr) return;
    callback& c = callbacks_[number];
    c.stream = w->stream;
    c.knows.join(program_);
    c.knows.raise(0, last_of_program);
    w->before.join(c.knows);
  }
  void forget_callbacks() {
    queued_callbacks_.clear();
    __atomic_store_n(&may_be_told_, false, __ATOMIC_RELAXED);
  }
  stream_work const* find(std::uint64_t number) const {
    auto const found = works_.find(number);
    return found != works_.end() ? &found->second : nullptr;
  }
  stream_work* find(std::uint64_t number) {
    auto const found = works_.find(number);
    return found != works_.end() ? &found->second : nullptr;
  }
  static bool precedes(stream_work const& a, stream_work const& b) noexcept {
    if (a.number == b.number || (a.stream == b.stream && !a.overlaps && !b.overlaps)) return true;
    return (b.overlaps ? b.begins_after : b.before).of(a.stream) >= a.number;
  }
  void note_knowledge() {
    program_work_ = 0;
    bool all = true;
    for (auto const& [stream, s] : strands_) all = all && program_.of(stream) >= s.last;
    __atomic_store_n(&program_knows_all_, all, __ATOMIC_RELAXED);
  }
  bool settled() const {
    if (unfinished_ != 0 || works_.empty()) return false;
    for (auto const& [stream, s] : strands_)
      if (program_.of(stream) < s.last_but_frees || program_.of(stream) < s.last_allocation) return false;
    return true;
  }

  mutable std::mutex lock_;
  std::uint64_t next_ = 1, program_work_ = 0, unfinished_ = 0;
  bool program_knows_all_ = true, may_be_told_ = false;
  std::vector<std::uint64_t> queued_callbacks_;
  work_clock program_;
  std::unordered_map<std::uint64_t, callback> callbacks_;
  std::unordered_map<std::uint64_t, strand> strands_;
  std::unordered_map<std::uint64_t, stream_work> works_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> said_;
};

}  // namespace crosslane::backend
