// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks each access of a kernel against earlier accesses. Two accesses are ordered if they are in one thread. They are also ordered by:
/// the block's barrier; sync() of a group, for its lanes; the grid's barrier; the end of a kernel; and an acquire that reads from a
/// release, if the scope of each includes the other's thread. Shuffles, votes and reductions of a wave do not order memory, as on a GPU.
///
/// Threads run one at a time. What a thread does between two synchronisations is a segment. Segment numbers increase with time, so "ordered
/// before" means "below the number at the barrier". Only one launch is checked at a time in a process.
#pragma once

#include "clock.hpp"
#include "place_history.hpp"
#include "source_lines.hpp"
#include "watched_memory.hpp"

#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/backend.hpp>

#include <charconv>
#include <memory>

#if !CROSSLANE_CONFIG_CHECKED
#error "src/checker.cpp belongs to the target crosslane::checked"
#endif

namespace crosslane {
struct host;
}

namespace crosslane::backend {

enum access_flags : unsigned {
  access_reads = 1,
  access_writes = 2,
  access_is_atomic = 4,
  access_scope_shift = 3,  ///< two bits
};

class access_checker;

struct access_monitor::block_state {
  static constexpr unsigned most_threads = 1024, most_lanes = 64, most_waves = 32;

  struct thread_state {
    std::uint32_t segment = 0;       ///< 0: a new segment begins with the next access
    std::unique_ptr<clock> learned;  ///< since the last barrier of the block
    /// Knowledge that relaxed operations read from the thread's wave, from its block, and from other blocks. It takes effect at an acquire
    /// fence of such a scope.
    std::unique_ptr<clock> pending[3];
    std::unique_ptr<clock> fenced;       ///< what relaxed operations after a release fence release
    scope fenced_reach = scope::system;  ///< the scope of that fence
  };
  struct wave_state {
    std::uint32_t below = 0;                ///< segments of the wave's own lanes that all its lanes know
    std::unique_ptr<std::uint32_t[]> rows;  ///< [lane][other lane]: the same for single lanes, after groups of some lanes have synchronised
  };

  access_checker* checker = nullptr;
  launch_facts const* launch = nullptr;
  extent3 index;
  std::uint32_t rank = 0, first_thread = 0, first_wave = 0, threads = 0;
  std::uint32_t start = 0, barrier = 0;  ///< the segment number when the block began, and at its last barrier
  unsigned running = 0, running_wave = 0;
  bool full = false, some_learned = false;
  clock learned;  ///< known to all threads of the block
  thread_state thread[most_threads];
  wave_state wave[most_waves];
  watched_block* memory[2] = {};  ///< static, dynamic
  std::exception_ptr failure;

  /// A read of memory that nothing had written yet. If an unordered write follows, both are reported as a race, and the read is not
  /// reported separately.
  struct early_read {
    std::uint32_t site;
    checks::finding finding;
  };
  std::vector<early_read> early_reads;

  void forget_threads() {
    for (unsigned t = 0; t < threads; ++t) {
      thread[t].segment = 0;
      if (!some_learned) continue;
      thread[t].learned.reset();
      for (std::unique_ptr<clock>& pending : thread[t].pending) pending.reset();
      thread[t].fenced.reset();
    }
    some_learned = false;
  }
};

/// The block whose thread this host thread is running; null for none.
inline thread_local access_monitor::block_state* active_block = nullptr;
inline thread_local scope next_scope = scope::system;

class access_checker {
 public:
  using block_state = access_monitor::block_state;

  // --- launches ---

  void begin_launch(launch_facts const& launch) {
    launches_.lock();
    if (next_segment_ > 0x80000000u) {
      memory.forget_segments();
      next_segment_ = 2;
    }
    judge_late_accesses();
    work_ = current_work.number;
    last_launch_ = last_launch_ > work_ ? last_launch_ : work_;
    told_by_others_ = false;
    order.begins(work_, launch);
    launch_ = &launch;
    first_segment_ = grid_barrier_ = next_segment_;
    segments_.clear();
    released_.clear();
  }
  void end_launch() { leave(); }
  void grid_barrier() { grid_barrier_ = next_segment_; }

  // --- blocks ---

  void begin_block(block_state& b, launch_facts const& launch, extent3 index) {
    b.launch = &launch;
    b.index = index;
    b.full = launch.level == checks::level::full;
    b.failure = nullptr;
    b.early_reads.clear();
    if (!b.full) return;
    b.rank = std::uint32_t((std::uint64_t{index.z} * launch.grid.y + index.y) * launch.grid.x + index.x);
    b.threads = launch.threads();
    b.first_thread = b.rank * b.threads;
    b.first_wave = b.rank * ((b.threads + launch.wave_size - 1) / launch.wave_size);
    b.start = b.barrier = next_segment_;
    b.forget_threads();
    b.learned.clear();
  }

  /// The block has ended, or waits for the other blocks of its grid.
  void end_block(block_state& b) {
    for (block_state::early_read const& r : b.early_reads) deliver(b, r.finding);
    b.early_reads.clear();
  }

  void block_barrier(block_state& b) {
    if (b.some_learned)
      for (unsigned t = 0; t < b.threads; ++t)
        if (b.thread[t].learned) b.learned.join(*b.thread[t].learned);
    b.barrier = next_segment_;
    b.forget_threads();
  }

  void group_sync(block_state& b, unsigned wave, std::uint64_t lanes) {
    unsigned const width = b.launch->wave_size, first = wave * width;
    unsigned const size = b.threads - first < width ? b.threads - first : width;
    block_state::wave_state& w = b.wave[wave];
    if (std::uint64_t(__builtin_popcountll(lanes)) == size) {
      w.below = next_segment_;
    } else {
      if (!w.rows) w.rows = std::make_unique<std::uint32_t[]>(block_state::most_lanes * block_state::most_lanes);
      std::uint32_t known[block_state::most_lanes] = {};
      each(lanes, [&](unsigned lane) {
        for (unsigned other = 0; other < width; ++other)
          if (std::uint32_t const k = w.rows[lane * block_state::most_lanes + other]; k > known[other]) known[other] = k;
      });
      each(lanes, [&](unsigned lane) { known[lane] = next_segment_; });
      each(lanes, [&](unsigned lane) {
        for (unsigned other = 0; other < width; ++other) w.rows[lane * block_state::most_lanes + other] = known[other];
      });
    }
    clock joined;
    each(lanes, [&](unsigned lane) {
      block_state::thread_state& t = b.thread[first + lane];
      t.segment = 0;
      if (t.learned) joined.join(*t.learned);
    });
    if (!joined.empty()) each(lanes, [&](unsigned lane) { learn(b, b.thread[first + lane], joined); });
  }

  // --- accesses ---

  /// Whether access() would report and record nothing. This holds for most reads of shared memory: the word was written before the last
  /// barrier, and two reads since then are recorded.
  bool adds_nothing(block_state const& b, void const* p, std::size_t bytes, unsigned flags) const {
    watched_page const& page = memory.page(p);
    watched_block const* const block = page.block;
    char const* const at = static_cast<char const*>(p);
    if (flags != access_reads || bytes != 4 || (reinterpret_cast<std::uintptr_t>(p) & 3) != 0) return false;
    if (block == nullptr || block->owner != &b || at + 4 > block->begin + block->bytes || page.cells == nullptr || page.bytes) return false;
    access_cell const& cell = page.cells[memory.offset(p) % watched_range::page_bytes / 4];
    std::uint32_t const since = b.barrier > grid_barrier_ ? b.barrier : grid_barrier_, mine = b.thread[b.running].segment;
    if (cell.write.segment < b.start || cell.write.segment >= since || mine == 0) return false;
    access_record const one = cell.others[0], other = cell.others[1];
    if (((one.flags | other.flags) & access_writes) != 0) return false;
    if (one.segment == mine || other.segment == mine) return true;
    if (one.segment < since || other.segment < since) return false;
    // A sync of the wave or an acquire may have ordered them before this read, which then replaces them.
    block_state::wave_state const& w = b.wave[b.running_wave];
    if (w.below > since || w.rows || b.some_learned || !b.learned.empty()) return false;
    std::uint32_t const wave = owner_of(one).wave;
    return wave != owner_of(other).wave || wave == b.first_wave + b.running_wave;
  }

  void access(block_state& b, void const* p, std::size_t bytes, unsigned flags, std::uintptr_t from) {
    watched_page& page = memory.page(p);
    watched_block* const block = page.block;
    char const* const at = static_cast<char const*>(p);
    if (block == nullptr || block->freed || at < block->begin || at + bytes > block->begin + block->bytes ||
        (block->shared && block->owner != &b)) {
      if (freed_meanwhile(block, {work_, site_of(from), class_of(flags)}, at)) return;
      report_outside(b, block != nullptr ? block : memory.neighbour(p), at, bytes, flags, from);
      return;
    }
    bool const aggregate = (bytes & (bytes - 1)) != 0 || bytes > 16;
    if (!block->shared) note_places(at, bytes, {work_, site_of(from), class_of(flags)});
    access_record const mine{segment_of(b), site_of(from), flags & 0xff};
    bool any_written = false, reported = false;
    for (std::size_t done = 0; done < bytes;) {
      watched_page& here = memory.page(at + done);
      access_cell* const cells = memory.cells(here, ((reinterpret_cast<std::uintptr_t>(at) | bytes) & 3) != 0);
      unsigned const shift = here.bytes ? 0 : 2;
      std::size_t const in_page = memory.offset(at + done) % watched_range::page_bytes;
      std::size_t const end = in_page + (bytes - done) < watched_range::page_bytes ? in_page + (bytes - done) : watched_range::page_bytes;
      for (std::size_t i = in_page >> shift; i < end >> shift; ++i) {
        access_cell& cell = cells[i];
        if (block->shared) forget_other_blocks(b, cell);
        bool const written = cell.write.segment != 0 || block->written;
        any_written = any_written || written;
        if ((flags & access_reads) != 0 && !written && !aggregate && !reported) {
          report_unwritten(b, *block, at, bytes, flags, from);
          reported = true;
        }
        reported = judge(b, *block, cell, mine, at, bytes, from, reported) || reported;
      }
      done += end - in_page;
    }
    // An object that is copied as a whole may have unwritten parts, but not only unwritten parts.
    if (aggregate && (flags & access_reads) != 0 && !any_written && !reported) report_unwritten(b, *block, at, bytes, flags, from);
  }

  /// Called after an atomic operation that stored, and after its acquire. Records what it releases.
  void release(block_state& b, void const* p, bool releases, bool reads, scope s) {
    block_state::thread_state& t = b.thread[b.running];
    auto const found = released_.find(p);
    if (!releases && !t.fenced) {
      if (!reads && found != released_.end()) released_.erase(found);  // a plain store ends earlier releases
      return;
    }
    release_state& r = found != released_.end() ? found->second : released_[p];
    if (!reads) r = {};
    if (releases) {
      publish(b, r.knowledge);
    } else {
      r.knowledge.join(*t.fenced);
      s = s < t.fenced_reach ? s : t.fenced_reach;
    }
    r.reach = s < r.reach ? s : r.reach;
    r.thread = b.first_thread + b.running;
  }

  /// Called after an atomic operation that read. Records what it acquires.
  void acquire(block_state& b, void const* p, bool acquires, scope s) {
    if (s >= scope::device) judge_late_accesses();
    if (s >= scope::device && (!memory.contains(p) || histories_.has_concurrent(memory.history(p), work_, order))) {
      if (acquires)
        learn_of_others();
      else
        told_by_others_ = true;
    }
    auto const found = released_.find(p);
    if (found == released_.end()) return;
    release_state const& r = found->second;
    if (!includes(b, s, r.thread) || !includes(b, r.reach, r.thread)) return;
    block_state::thread_state& t = b.thread[b.running];
    if (acquires) {
      learn(b, t, r.knowledge);
    } else {
      std::unique_ptr<clock>& pending = t.pending[includes(b, scope::wave, r.thread) ? 0 : includes(b, scope::block, r.thread) ? 1 : 2];
      if (!pending) pending = std::make_unique<clock>();
      pending->join(r.knowledge);
      b.some_learned = true;
    }
  }

  void fence(block_state& b, bool releases, bool acquires, scope s) {
    block_state::thread_state& t = b.thread[b.running];
    if (acquires) {
      if (s >= scope::device && told_by_others_) learn_of_others();
      for (unsigned from = 0; from <= (s >= scope::device ? 2u : unsigned(s)); ++from)
        if (t.pending[from]) learn(b, t, *t.pending[from]);
    }
    if (releases) {
      t.fenced = std::make_unique<clock>();
      t.fenced_reach = s;
      publish(b, *t.fenced);
      b.some_learned = true;
    }
  }

  // --- streams and the host ---

  /// Checks a copy or a fill. Returns false if it leaves its memory: it must not run then.
  bool transfer(launch_facts const& facts, memory_transfer const& t) {
    launches_.lock();
    judge_late_accesses();
    order.begins(current_work.number, facts);
    std::exception_ptr failure;
    bool possible = true;
    if (t.from != nullptr) failure = transfer_side(facts, static_cast<char const*>(t.from), t.from_pitch, t, access_class::read, possible);
    if (!failure) failure = transfer_side(facts, static_cast<char const*>(t.to), t.to_pitch, t, access_class::write, possible);
    // The destination is not written. That has been reported, and later readers are not at fault.
    if (!possible && memory.contains(t.to) && memory.page(t.to).block != nullptr) memory.page(t.to).block->written = true;
    leave();
    if (failure) std::rethrow_exception(failure);
    return possible;
  }

  bool release(void* p, launch_facts const& facts) {
    if (!memory.contains(p)) return false;
    launches_.lock();
    judge_late_accesses();
    watched_block* const block = memory.page(p).block;
    std::uint64_t const work = current_work.number;
    if (work != 0) order.frees(work);
    if (work != 0 && facts.level == checks::level::full) {
      order.begins(work, facts);
      note_places(block->begin, block->bytes, {work, 0, access_class::write});
      block->freed_by = work;
    }
    memory.release(block);
    leave();
    return true;
  }

  /// Checks an access by host code, in a callback of a stream or outside.
  void program_access(void const* p, std::size_t bytes, unsigned flags, std::uintptr_t from) {
    std::uint64_t work = current_work.number;
    if (work != 0) {
      order.callback_runs(work);
    } else {
      if (order.program_knows_all()) return;
      launch_facts facts;
      facts.kernel = "the program";
      facts.read_check_scope(true);
      if (facts.level != checks::level::full) return;
      work = order.program_work(facts);
    }
    late_access const a{p, bytes, {work, 0, class_of(flags)}, from};
    // A running kernel may wait for the host, so the host must not wait for the kernel.
    if (launches_.try_lock()) {
      judge_late_accesses();
      judge_program_access(a);
      leave();
    } else {
      {
        std::lock_guard const guard{late_lock_};
        late_.push_back(a);
        __atomic_store_n(&some_late_, true, __ATOMIC_SEQ_CST);
      }
      if (launches_.try_lock()) leave();
    }
  }

  /// Checks a host access to host memory.
  void own_access(void const* p, std::size_t bytes, unsigned flags, std::uintptr_t from) {
    std::vector<own_range> touched;
    {
      std::lock_guard const guard{own_lock_};
      if (own_.empty()) return;
      for (std::size_t i = 0; i < own_.size();) {
        own_range const r = own_[i];
        bool const done = order.program_has_seen(r.work);
        bool const race = !done && r.overlaps(static_cast<char const*>(p), bytes) && races(r.how, class_of(flags));
        if (race) touched.push_back(r);
        if (done || race)
          own_.erase(own_.begin() + std::ptrdiff_t(i));
        else
          ++i;
      }
      note_own_bounds();
    }
    if (touched.empty()) return;
    launch_facts facts;
    facts.read_check_scope(true);
    if (facts.level == checks::level::full)
      for (own_range const& r : touched) report_own(r, facts, static_cast<char const*>(p), class_of(flags), from);
  }
  bool may_be_own(void const* p, std::size_t bytes) const noexcept {
    auto const at = reinterpret_cast<std::uintptr_t>(p);
    return at < __atomic_load_n(&own_end_, __ATOMIC_RELAXED) && at + bytes > __atomic_load_n(&own_begin_, __ATOMIC_RELAXED);
  }
  /// Records a queued copy. Until it is done the host must not write to its source in host memory, nor access its destination there.
  void queued_transfer(std::uint64_t work, launch_facts const& facts, memory_transfer const& t) {
    if (facts.level != checks::level::full) return;
    std::lock_guard const guard{own_lock_};
    auto const add = [&](void const* p, std::size_t pitch, access_class how) {
      if (p == nullptr || memory.contains(p)) return;
      own_.push_back({static_cast<char const*>(p), pitch, t.width, t.height, work, how, facts});
    };
    add(t.from, t.from_pitch, access_class::read);
    add(t.to, t.to_pitch, access_class::write);
    note_own_bounds();
  }

  /// Called after the host has waited for something.
  void forget_if_settled() {
    {
      std::lock_guard const guard{own_lock_};
      std::erase_if(own_, [&](own_range const& r) { return order.program_has_seen(r.work); });
      note_own_bounds();
    }
    if (!order.is_settled() || !launches_.try_lock()) return;
    judge_late_accesses();
    if (order.forget_if_settled() && histories_.forget()) memory.forget_histories();
    leave();
  }

  std::recursive_mutex& launches() { return launches_; }
  watched_range memory;
  stream_order order;

  /// Reports a cast of a floating-point number to an integer type that cannot hold it. Types are named as the compiler spells them.
  void report_cast(block_state& b, long double value, char const* type, char const* to, std::uintptr_t from) {
    if (b.failure) return;
    char number[64];  // with a point in every locale
    *std::to_chars(number, number + sizeof number - 1, value, std::chars_format::general, 9).ptr = 0;
    checks::finding f = b.launch->finding(checks::kind::undefined_cast);
    f.first = {b.running, 1, b.index, "casts a number", line_of(from)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u casts %s of type %s to %s, which cannot hold it,", b.launch->kernel, b.index.x,
                  b.index.y, b.index.z, b.running, number, type, to);
    append_place(f.text, f.first.where);
    deliver(b, f);
  }
  /// Reports a shift by `amount` bits of a type of `width` bits, 0 <= amount < width does not hold.
  void report_shift(block_state& b, long long amount, char const* type, unsigned width, std::uintptr_t from) {
    if (b.failure) return;
    checks::finding f = b.launch->finding(checks::kind::undefined_shift);
    f.first = {b.running, 1, b.index, "shifts a number", line_of(from)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u shifts a number of type %s, which has %u bits, by %lld,", b.launch->kernel,
                  b.index.x, b.index.y, b.index.z, b.running, type, width, amount);
    append_place(f.text, f.first.where);
    deliver(b, f);
  }

 private:
  /// Rows of host memory that a copy reads or writes.
  struct own_range {
    char const* begin;
    std::size_t pitch, width, height;
    std::uint64_t work;
    access_class how;
    launch_facts facts;

    char const* end() const noexcept { return begin + (height - 1) * pitch + width; }
    bool overlaps(char const* p, std::size_t bytes) const noexcept {
      if (p + bytes <= begin || p >= end()) return false;
      std::size_t const in_row = p < begin ? 0 : std::size_t(p - begin) % pitch;
      return in_row < width || in_row + bytes > pitch;
    }
  };
  void note_own_bounds() {
    std::uintptr_t first = ~std::uintptr_t{0}, last = 0;
    for (own_range const& r : own_) {
      auto const begin = reinterpret_cast<std::uintptr_t>(r.begin), end = reinterpret_cast<std::uintptr_t>(r.end());
      first = begin < first ? begin : first;
      last = end > last ? end : last;
    }
    __atomic_store_n(&own_begin_, first, __ATOMIC_RELAXED);
    __atomic_store_n(&own_end_, last, __ATOMIC_RELAXED);
  }
  void report_own(own_range const& r, launch_facts const& facts, char const* at, access_class how, std::uintptr_t from) {
    stream_work const w = order.facts_of(r.work);
    launch_facts who = r.facts;
    who.sink = facts.sink;
    checks::finding f = who.finding(checks::kind::program_race);
    f.first = {0, 1, {}, how == access_class::write ? "writes" : "reads", line_of(from)};
    f.second = {0, 1, {}, r.how == access_class::write ? "writes" : "reads", r.facts.where};
    f.text.append("the program %s byte %zu of %zu bytes of its own memory", f.first.action, at < r.begin ? 0 : std::size_t(at - r.begin),
                  std::size_t(r.end() - r.begin));
    append_place(f.text, f.first.where);
    f.text.append("; %s of stream %p, queued at %s:%u, %s them, and the program has not waited for that", r.facts.kernel, w.key.stream,
                  r.facts.where.file, r.facts.where.line, f.second.action);
    who.where = f.first.where;
    if (std::exception_ptr const error = who.deliver(f)) detail::keep_exception<host>(w.key, error);
  }

  /// A host access while a kernel was running.
  struct late_access {
    void const* p;
    std::size_t bytes;
    place_access access;
    std::uintptr_t from;
  };

  static access_class class_of(unsigned flags) {
    bool const atomic = (flags & access_is_atomic) != 0 && scope((flags >> access_scope_shift) & 3) >= scope::device;
    if ((flags & access_writes) != 0) return atomic ? access_class::atomic_write : access_class::write;
    return atomic ? access_class::atomic_read : access_class::read;
  }

  /// The work has learned by an atomic operation from work that is not ordered with it. Which work that is, and what it knew, is not
  /// tracked.
  void learn_of_others() {
    told_by_others_ = false;
    order.learns(work_);
    histories_.order_has_changed();
  }

  void note_places(char const* at, std::size_t bytes, place_access const& mine) {
    if (mine.work == 0) return;
    memory.change_histories(at, bytes, [&](std::uint32_t history, char const* place) {
      return histories_.after(history, mine, order, [&](place_access const& other) { report_unordered(mine, other, place); });
    });
  }

  /// Reports an access to a buffer that other, unordered work has freed. Returns whether that is the case.
  bool freed_meanwhile(watched_block const* block, place_access const& mine, char const* at) {
    if (block == nullptr || !block->freed || !order.concurrent(mine.work, block->freed_by)) return false;
    report_unordered(mine, {block->freed_by, 0, access_class::write}, at);
    return true;
  }

  void judge_program_access(late_access const& a) {
    char const* const at = static_cast<char const*>(a.p);
    watched_block const* const block = memory.page(at).block;
    if (block == nullptr || block->shared || at < block->begin || at + a.bytes > block->begin + block->bytes) return;
    place_access mine = a.access;
    mine.site = site_of(a.from);
    if (block->freed) {
      (void)freed_meanwhile(block, mine, at);
      return;
    }
    if (!order.facts_of(mine.work).is_program()) histories_.order_has_changed();
    note_places(at, a.bytes, mine);
  }

  /// Checks the stored accesses of the host. The caller holds launches_, and has not recorded anything new yet.
  void judge_late_accesses() {
    if (!__atomic_load_n(&some_late_, __ATOMIC_SEQ_CST)) return;
    std::vector<late_access> late;
    {
      std::lock_guard const guard{late_lock_};
      late.swap(late_);
      __atomic_store_n(&some_late_, false, __ATOMIC_SEQ_CST);
    }
    for (late_access const& a : late) judge_program_access(a);
  }
  /// Unlocks launches_. A host thread that could not lock it has stored its access in late_ for the holder, so this checks those first.
  void leave() {
    do {
      judge_late_accesses();
      launches_.unlock();
    } while (__atomic_load_n(&some_late_, __ATOMIC_SEQ_CST) && launches_.try_lock());
  }

  std::exception_ptr transfer_side(launch_facts const& facts, char const* p, std::size_t pitch, memory_transfer const& t, access_class how,
                                   bool& possible) {
    if (!memory.contains(p)) return nullptr;
    bool const writes = how == access_class::write, full = facts.level == checks::level::full;
    place_access const mine{current_work.number, 0, how};
    bool any_written = writes;
    for (std::size_t row = 0; row < t.height; ++row) {
      char const* const at = p + row * pitch;
      watched_block const* const block = memory.page(at).block;
      if (block == nullptr || block->freed || at < block->begin || at + t.width > block->begin + block->bytes) {
        if (!full) return nullptr;
        possible = false;
        if (freed_meanwhile(block, mine, at)) return nullptr;
        bool const freed = block != nullptr && block->freed;
        checks::finding f = begin_transfer(facts, freed ? checks::kind::freed_memory : checks::kind::out_of_bounds, writes, t.width);
        append_outside(f.text, block != nullptr ? block : memory.neighbour(at), at, t.width);
        return facts.deliver(f);
      }
      if (full) note_places(at, t.width, mine);
      any_written = any_written || memory.any_written(at, t.width);
      if (writes) memory.written(at, t.width);
    }
    // Compilers instrument most writes of a kernel, but not all: g++ does not instrument results that functions return in memory.
    if (any_written || !full || last_launch_ > memory.page(p).block->made_after) return nullptr;
    checks::finding f = begin_transfer(facts, checks::kind::unwritten_memory, writes, t.width);
    append_object(f.text, *memory.page(p).block, p);
    f.text.append(", of which nothing has been written");
    return facts.deliver(f);
  }
  static checks::finding begin_transfer(launch_facts const& facts, checks::kind kind, bool writes, std::size_t bytes) {
    checks::finding f = facts.finding(kind);
    f.first = {0, 1, {}, writes ? "writes" : "reads", facts.where};
    f.text.append("%s at %s:%u %s %zu bytes, ", facts.kernel, facts.where.file, facts.where.line, f.first.action, bytes);
    return f;
  }

  /// The owner of a segment: the numbers of its thread, wave and block in the launch. Computed once, since divisions would dominate the
  /// cost of an access.
  struct segment_owner {
    std::uint32_t thread, wave, block;
  };

  struct release_state {
    clock knowledge;
    std::uint32_t thread = 0;
    scope reach = scope::system;
  };

  template <class F>
  static void each(std::uint64_t lanes, F const& f) {
    for (; lanes != 0; lanes &= lanes - 1) f(unsigned(__builtin_ctzll(lanes)));
  }

  static void learn(block_state& b, block_state::thread_state& t, clock const& knowledge) {
    if (!t.learned) t.learned = std::make_unique<clock>();
    t.learned->join(knowledge);
    b.some_learned = true;
  }

  /// Adds everything that is ordered before the running thread's next access, including the thread's own segments.
  void publish(block_state& b, clock& out) {
    block_state::thread_state& t = b.thread[b.running];
    out.learn_block(b.rank, b.barrier);
    out.learn_thread(b.first_thread + b.running, next_segment_);
    t.segment = 0;
    unsigned const width = b.launch->wave_size, wave = b.running / width, lane = b.running % width;
    block_state::wave_state const& w = b.wave[wave];
    for (unsigned other = 0; other < width && wave * width + other < b.threads; ++other) {
      std::uint32_t below = w.below;
      if (w.rows && w.rows[lane * block_state::most_lanes + other] > below) below = w.rows[lane * block_state::most_lanes + other];
      if (below > b.barrier) out.learn_thread(b.first_thread + wave * width + other, below);
    }
    out.join(b.learned);
    if (t.learned) out.join(*t.learned);
  }

  std::uint32_t segment_of(block_state& b) {
    std::uint32_t& segment = b.thread[b.running].segment;
    if (segment == 0) {
      segment = next_segment_++;
      segments_.push_back({b.first_thread + b.running, b.first_wave + b.running_wave, b.rank});
    }
    return segment;
  }
  segment_owner const& owner_of(access_record r) const { return segments_[r.segment - first_segment_]; }
  std::uint32_t thread_of(access_record r) const { return owner_of(r).thread; }

  /// Whether an access of this launch or an earlier one is ordered before the running thread.
  bool before(block_state const& b, access_record r) const {
    if (r.segment < grid_barrier_) return true;
    segment_owner const& owner = owner_of(r);
    if (owner.block == b.rank) {
      if (r.segment < b.barrier || owner.thread == b.first_thread + b.running) return true;
      if (owner.wave == b.first_wave + b.running_wave) {
        block_state::wave_state const& w = b.wave[b.running_wave];
        if (r.segment < w.below) return true;
        if (w.rows) {
          std::uint32_t const first = b.first_thread + b.running_wave * b.launch->wave_size;
          if (r.segment < w.rows[(b.first_thread + b.running - first) * block_state::most_lanes + (owner.thread - first)]) return true;
        }
      }
    }
    block_state::thread_state const& t = b.thread[b.running];
    if (b.learned.empty() && !t.learned) return false;
    return b.learned.covers(owner.block, owner.thread, r.segment) || (t.learned && t.learned->covers(owner.block, owner.thread, r.segment));
  }

  /// Whether scope `s`, seen from the running thread, includes another thread.
  static bool includes(block_state const& b, scope s, std::uint32_t thread) {
    if (s == scope::device || s == scope::system) return true;
    std::uint32_t const in_block = thread - b.first_thread;
    if (in_block >= b.threads) return false;
    return s == scope::block || in_block / b.launch->wave_size == b.running / b.launch->wave_size;
  }
  static scope scope_of(access_record r) { return scope((r.flags >> access_scope_shift) & 3); }

  /// Clears accesses of earlier blocks: shared memory starts anew with each block.
  static void forget_other_blocks(block_state const& b, access_cell& cell) {
    if (cell.write.segment < b.start) cell.write = {};
    for (access_record& r : cell.others)
      if (r.segment < b.start) r = {};
  }

  /// Compares the access with the cell's records, then records it. Returns whether there was a finding.
  bool judge(block_state& b, watched_block const& block, access_cell& cell, access_record mine, char const* at, std::size_t bytes,
             std::uintptr_t from, bool reported) {
    bool const writes = (mine.flags & access_writes) != 0, atomic = (mine.flags & access_is_atomic) != 0;
    bool const alone = cell.others[0].segment == 0 && cell.others[1].segment == 0;
    if (cell.write.segment == mine.segment && alone && (!writes || !atomic)) return false;
    if (!writes && !atomic && cell.others[0].segment == mine.segment) return false;
    bool found = false;
    auto const compare = [&](access_record r) {
      if (r.segment < 2 || r.segment == mine.segment) return;
      if (!writes && (r.flags & access_writes) == 0) return;
      bool const both_atomic = atomic && (r.flags & access_is_atomic) != 0;
      if (both_atomic && scope_of(r) >= scope::device && scope_of(mine) >= scope::device) return;
      if (reported || found || before(b, r)) return;
      if (both_atomic && includes(b, scope_of(r), thread_of(r)) && includes(b, scope_of(mine), thread_of(r))) return;
      report_race(b, block, mine, r, both_atomic, at, bytes, from);
      found = true;
    };
    compare(cell.write);
    if (!alone) {
      compare(cell.others[0]);
      compare(cell.others[1]);
    }
    if (writes && !atomic) {
      cell = {mine, {}};
    } else if (writes) {
      access_record const last = cell.write;
      cell.write = mine;
      for (access_record& r : cell.others)
        if (r.segment != 0 && before(b, r)) r = {};
      if (last.segment >= 2 && !before(b, last)) note(b, cell, last, block.shared ? 1 : 2);
    } else {
      note(b, cell, mine, block.shared ? 1 : 2);
    }
    return found;
  }

  unsigned distance(access_record a, access_record c) const {
    segment_owner const &one = owner_of(a), &other = owner_of(c);
    return one.block != other.block ? 2 : one.wave != other.wave ? 1 : 0;
  }

  /// Keeps an access in addition to the last write. `farthest` is the largest possible distance.
  void note(block_state const& b, access_cell& cell, access_record r, unsigned farthest) {
    for (access_record& old : cell.others)
      if (old.segment < 2 || before(b, old) || thread_of(old) == thread_of(r)) {
        old = r;
        return;
      }
    unsigned const kept = distance(cell.others[0], cell.others[1]);
    if (kept == farthest) return;
    if (distance(cell.others[0], r) > kept)
      cell.others[1] = r;
    else if (distance(cell.others[1], r) > kept)
      cell.others[0] = r;
  }

  // --- findings ---

  static char const* verb(unsigned flags) {
    if ((flags & access_is_atomic) == 0) return (flags & access_writes) != 0 ? "writes" : "reads";
    return (flags & access_writes) == 0 ? "atomically loads" : (flags & access_reads) == 0 ? "atomically stores" : "atomically changes";
  }
  static char const* name(scope s) {
    return s == scope::wave ? "wave" : s == scope::block ? "block" : s == scope::device ? "device" : "system";
  }

  checks::finding begin(block_state const& b, checks::kind kind, unsigned flags, std::uintptr_t from) {
    checks::finding f = b.launch->finding(kind);
    f.first = {b.running, 1, b.index, verb(flags), line_of(from)};
    f.text.append("kernel %s, block (%u, %u, %u): thread %u %s ", b.launch->kernel, b.index.x, b.index.y, b.index.z, b.running,
                  verb(flags));
    return f;
  }
  static void append_place(error_text& text, source_location const& where) {
    if (where.line != 0)
      text.append(" at %s:%u", where.file, where.line);
    else
      text.append(" at a line that is not known (compile with -g)");
  }
  static void append_object(error_text& text, watched_block const& block, char const* at) {
    if (block.shared)
      text.append("byte %zu of the block's %s of %zu bytes", std::size_t(at - block.begin), "shared memory", block.bytes);
    else
      text.append("byte %zu of a buffer of %zu bytes", std::size_t(at - block.begin), block.bytes);
  }

  void deliver(block_state& b, checks::finding const& f) {
    if (b.failure) return;
    b.failure = b.launch->deliver(f);
  }

  void report_race(block_state& b, watched_block const& block, access_record mine, access_record other, bool scopes, char const* at,
                   std::size_t bytes, std::uintptr_t from) {
    if (b.failure) return;
    checks::finding f = begin(b,
                              scopes         ? checks::kind::narrow_scope
                              : block.shared ? checks::kind::shared_race
                                             : checks::kind::device_race,
                              mine.flags, from);
    std::uint32_t const thread = thread_of(other);
    extent3 const index = block_index(*b.launch, thread / b.threads);
    f.second = {thread % b.threads, 1, index, verb(other.flags), line_of(sites_[other.site])};
    f.text.append("%zu bytes", bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    append_object(f.text, block, at);
    if (index == b.index)
      f.text.append("; thread %u %s them", f.second.thread, f.second.action);
    else
      f.text.append("; thread %u of block (%u, %u, %u) %s them", f.second.thread, index.x, index.y, index.z, f.second.action);
    append_place(f.text, f.second.where);
    if (scopes)
      f.text.append("; their scopes are %s and %s", name(scope_of(mine)), name(scope_of(other)));
    else
      f.text.append(", and nothing orders the two");
    for (std::size_t i = b.early_reads.size(); i-- != 0;)
      if (b.early_reads[i].site == other.site) b.early_reads.erase(b.early_reads.begin() + std::ptrdiff_t(i));
    deliver(b, f);
  }

  void report_unwritten(block_state& b, watched_block const& block, char const* at, std::size_t bytes, unsigned flags,
                        std::uintptr_t from) {
    if (b.failure) return;
    checks::finding f = begin(b, checks::kind::unwritten_memory, flags, from);
    f.text.append("%zu bytes", bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    append_object(f.text, block, at);
    f.text.append(", which nothing has written");
    if (b.early_reads.size() < most_early_reads) b.early_reads.push_back({site_of(from), f});
  }

  static void append_outside(error_text& text, watched_block const* block, char const* at, std::size_t bytes) {
    if (block == nullptr) {
      text.append("far from any buffer");
      return;
    }
    if (at < block->begin)
      text.append("%zu bytes in front of ", std::size_t(block->begin - at));
    else if (bytes == 1 || at + bytes <= block->begin + block->bytes)
      text.append("byte %zu of ", std::size_t(at - block->begin));
    else
      text.append("bytes %zu to %zu of ", std::size_t(at - block->begin), std::size_t(at - block->begin) + bytes - 1);
    text.append(block->shared  ? "the block's shared memory of %zu bytes"
                : block->freed ? "a buffer of %zu bytes that is gone"
                               : "a buffer of %zu bytes",
                block->bytes);
  }

  // Reports about two pieces of work.

  static char const* verb(stream_work const& w, access_class how) {
    if (w.frees) return "frees";
    return how == access_class::read          ? "reads"
           : how == access_class::write       ? "writes"
           : how == access_class::atomic_read ? "atomically loads"
                                              : "atomically changes";
  }

  /// "kernel k of stream 0x2, launched at a.cpp:3, writes <what> at a.cpp:1"
  void append_side(error_text& text, stream_work const& w, place_access const& a, checks::party const& side, char const* what) {
    bool const launched = w.facts.grid.count() != 0;
    if (w.is_program())
      text.append("the program");
    else if (w.frees)
      text.append("stream %p", w.key.stream);
    else
      text.append(launched ? "kernel %s of stream %p" : "%s of stream %p", w.facts.kernel, w.key.stream);
    bool const queued = w.facts.where.line != 0;
    if (queued) text.append(", %s at %s:%u,", launched ? "launched" : "queued", w.facts.where.file, w.facts.where.line);
    text.append(" %s %s", side.action, what);
    if (a.site != 0) append_place(text, queued ? line_of(sites_[a.site]) : side.where);
  }

  void report_unordered(place_access const& one, place_access const& other, char const* at) {
    if (!order.say(one.work, other.work)) return;
    place_access const &late = one.work > other.work ? one : other, &early = one.work > other.work ? other : one;
    stream_work const later = order.facts_of(late.work), earlier = order.facts_of(early.work);
    bool const program = later.is_program(), gone = later.frees;
    checks::finding f =
        (later.facts.where.line != 0 ? later : earlier).facts.finding(program ? checks::kind::program_race : checks::kind::stream_race);
    auto const party = [&](stream_work const& w, place_access const& a) {
      bool const known = w.facts.where.line != 0 || a.site == 0;
      return checks::party{0, 1, {}, verb(w, a.how), known ? w.facts.where : line_of(sites_[a.site])};
    };
    f.first = party(later, late);
    f.second = party(earlier, early);
    watched_block const& block = *memory.page(at).block;
    error_text object;
    if (gone)
      object.append("a buffer of %zu bytes", block.bytes);
    else
      append_object(object, block, at);
    append_side(f.text, later, late, f.first, object.c_str());
    f.text.append("; ");
    append_side(f.text, earlier, early, f.second, "it");
    f.text.append(program ? ", and the program has not waited for that" : ", and nothing orders the two");
    launch_facts who = later.facts;
    who.where = f.first.where.line != 0 ? f.first.where : f.second.where;
    if (std::exception_ptr const error = who.deliver(f)) detail::keep_exception<host>((program ? earlier : later).key, error);
  }

  void report_outside(block_state& b, watched_block const* block, char const* at, std::size_t bytes, unsigned flags, std::uintptr_t from) {
    if (b.failure) return;
    bool const freed = block != nullptr && block->freed;
    checks::finding f = begin(b, freed ? checks::kind::freed_memory : checks::kind::out_of_bounds, flags, from);
    f.text.append("%zu bytes", bytes);
    append_place(f.text, f.first.where);
    f.text.append(", ");
    if (block != nullptr && block->shared && block->owner != &b && at >= block->begin && at < block->begin + block->bytes)
      f.text.append("in shared memory of another block");
    else
      append_outside(f.text, block, at, bytes);
    deliver(b, f);
  }

  // --- source locations ---

  source_location line_of(std::uintptr_t from) {
    std::lock_guard const guard{lines_lock_};
    return lines_.of(from);
  }

  std::uint32_t site_of(std::uintptr_t from) {
    recent& r = recent_[from / 2 % recent_count];
    if (r.from != from) {
      auto const [entry, made] = site_numbers_.try_emplace(from, std::uint32_t(sites_.size()));
      if (made && sites_.size() < 0xffffff) sites_.push_back(from);
      r = {from, entry->second < sites_.size() ? entry->second : 0};
    }
    return r.site;
  }

  static constexpr std::size_t most_early_reads = 1024;
  static constexpr std::size_t recent_count = 1024;
  struct recent {
    std::uintptr_t from;
    std::uint32_t site;
  };

  std::recursive_mutex launches_;
  std::mutex late_lock_;
  std::vector<late_access> late_;
  bool some_late_ = false;
  place_histories histories_;
  std::mutex own_lock_;
  std::vector<own_range> own_;
  std::uintptr_t own_begin_ = ~std::uintptr_t{0}, own_end_ = 0;
  std::uint64_t work_ = 0;         ///< of the current launch
  std::uint64_t last_launch_ = 0;  ///< of the launches that have begun, the one that was queued last
  bool told_by_others_ = false;    ///< takes effect at an acquire fence
  launch_facts const* launch_ = nullptr;
  std::uint32_t next_segment_ = 2, first_segment_ = 2, grid_barrier_ = 2;
  std::vector<segment_owner> segments_;
  std::unordered_map<void const*, release_state> released_;
  recent recent_[recent_count] = {};
  std::unordered_map<std::uintptr_t, std::uint32_t> site_numbers_;
  std::vector<std::uintptr_t> sites_{0};
  std::mutex lines_lock_;
  source_lines lines_;
};

/// Never destroyed, because buffers may be destroyed in any order at exit.
inline access_checker& checker() {
  static access_checker& instance = *new access_checker;
  return instance;
}

}  // namespace crosslane::backend
