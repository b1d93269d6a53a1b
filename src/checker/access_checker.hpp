// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checker: what it does when the executor, a stream or the compiler reports something. The parts:
///
///   watched_memory.hpp   the memory, with the records of each place
///   thread_order.hpp     the order of the threads of a launch       thread_races.hpp   what is compared with it
///   stream_order.hpp     the order of stream work and the program   stream_races.hpp   what is compared with it
///   host_memory.hpp      host memory of queued copies               transfer_check.hpp copies and fills
///   process_map.hpp      what other memory an address belongs to    foreign_memory.hpp what kernels do with it
///   page_protection.hpp  closes device memory to the host program   module_symbols.hpp names of variables and functions
///   released_values.hpp  what kernels and the program tell each other by atomic operations
///   memory_text.hpp      names of places in memory           call_stack.hpp      the calls that a thread is in
///   wording.hpp          the findings and their texts               sites.hpp          places in the code
///
/// Only one launch is checked at a time in a process. The thread that checks holds a lock.
#pragma once

#include "foreign_memory.hpp"
#include "host_memory.hpp"
#include "late_accesses.hpp"
#include "released_values.hpp"
#include "sites.hpp"
#include "stream_races.hpp"
#include "thread_races.hpp"
#include "transfer_check.hpp"
#include "wording.hpp"

#include <cstring>

namespace crosslane::backend {

class access_checker {
  sites sites_;
  wording words_{sites_};

 public:
  using block_state = access_monitor::block_state;

  watched_range memory;
  thread_races threads{memory, words_};
  stream_races streams{memory, words_};
  host_memory program_memory{memory, streams.order, words_};
  foreign_memory foreign{memory, words_};
  released_values values_of_kernels, values_of_program;

  /// Returns the line of the call that returns to an address of code.
  source_location line_of(std::uintptr_t from) { return sites_.line_of(from); }
  /// The same for code that a thread was in when it last left, or of its innermost caller outside the library.
  source_location line_of(std::uintptr_t from, call_stack::calls const& calls) { return sites_.line_of(from, calls); }

  /// Returns the number of the calls that a thread is in, the last of which returns to `from`.
  std::uint32_t number_of_calls(std::uintptr_t from, call_stack const& calls) { return sites_.number_of(from, &calls); }
  /// Returns the innermost lines of the program in which the calls of two such numbers differ; lines 0 if there are none.
  std::pair<source_location, source_location> different_callers(std::uint32_t one, std::uint32_t other) {
    return sites_.different_callers(one, other);
  }

  // --- launches ---

  void begin_launch(launch_facts const& launch) {
    lock_.lock();
    judge_late_accesses();
    streams.begin_launch(launch);
    threads.begin_launch(streams.launch(), streams.device());
  }
  /// Checks the arguments of a launch before it begins. Throws a finding that no sink collects.
  void check_arguments(launch_facts const& launch) {
    lock_.lock();
    std::exception_ptr const failure = foreign.begin_launch(launch);
    leave();
    if (failure) std::rethrow_exception(failure);
  }
  void end_launch() {
    streams.end_launch();
    leave();
  }

  /// For tests: see thread_order.
  void use_up_segments() {
    lock_.lock();
    threads.order.use_up_segments();
    leave();
  }

  // --- blocks ---

  void begin_block(block_state& b, launch_facts const& launch, extent3 index) {
    b.launch = &launch;
    b.index = index;
    b.full = launch.level == checks::level::full;
    b.failure = nullptr;
    b.early_reads.clear();
    b.has_findings = false;
    b.calls_executor = false;
    b.allocations.clear();
    if (!b.full) return;
    b.forget_calls();
    b.arguments = {reinterpret_cast<std::uintptr_t>(&launch), launch.object_bytes};
    b.rank = std::uint32_t((std::uint64_t{index.z} * launch.grid.y + index.y) * launch.grid.x + index.x);
    b.threads = launch.threads();
    b.first_thread = b.rank * b.threads;
    b.first_wave = b.rank * ((b.threads + launch.wave_size - 1) / launch.wave_size);
    threads.begin_block(b);
    for (watched_block* const part : b.memory)
      if (part != nullptr) memory.refresh(*part);
  }

  // --- clusters ---

  void begin_cluster(block_state* const* blocks, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      for (unsigned k = 0; k < count; ++k) blocks[i]->cluster[k] = blocks[k];
      blocks[i]->cluster_blocks = count;
    }
  }
  void cluster_barrier(block_state* const* blocks, unsigned count) {
    for (unsigned i = 0; i < count; ++i) end_block(*blocks[i]);
    threads.order.cluster_barrier(blocks, count);
  }
  /// All threads of a block of a cluster have returned. Another block may still access its shared memory.
  void block_ends(block_state& b) {
    b.has_ended = true;
    if (b.launch->has_lost_threads()) return;
    for (auto const& [thread, last] : b.peer_accesses)
      if (!threads.order.before_end(b, last.block->rank, thread, last.segment)) report_ended(b, b, thread, last);
  }

  /// The block has ended, or waits for the other blocks of its grid.
  void end_block(block_state& b) {
    for (block_state::early_read const& r : b.early_reads)
      if (!r.block->shared && (b.launch->has_lost_threads() || streams.launch_of_lost_threads() > r.block->made_after)) {
        continue;  // threads that have ended early may have been those to write it
      } else if (!r.block->shared && streams.may_doubt(*b.launch, streams.launch())) {
        __atomic_store_n(&b.launch->has_findings, true, __ATOMIC_RELAXED);
        streams.doubtful.add(*r.finding, *b.launch, streams.launch(), r.block, r.times);
      } else {
        b.deliver(*r.finding, {}, r.times);
      }
    b.early_reads.clear();
  }

  // --- accesses of the running thread ---

  /// Whether access() would report and record nothing. Cheap: most accesses end here.
  bool adds_nothing(block_state const& b, seen_access const& a) const {
    watched_page const& page = memory.page(a.at);
    watched_block const* const block = page.block;
    if ((a.flags & ~unsigned(access_is_aligned)) != access_reads || a.bytes != 4 || (reinterpret_cast<std::uintptr_t>(a.at) & 3) != 0)
      return false;
    if (block == nullptr || block->owner != &b || b.cluster_blocks != 0 || a.at + 4 > block->begin + block->bytes ||
        page.cells == nullptr || page.bytes)
      return false;
    return threads.read_adds_nothing(b, page.cells[memory.offset(a.at) % watched_range::page_bytes / 4]);
  }

  /// Whether these bytes lie in a buffer, or in the shared memory of the running thread's block.
  bool may_access(block_state const& b, void const* p, std::size_t bytes) const noexcept {
    watched_block const* const block = memory.block(p, streams.launch());
    char const* const at = static_cast<char const*>(p);
    return block != nullptr && !block->freed && at >= block->begin && at + bytes <= block->begin + block->bytes &&
           (!block->shared || block->owner == &b || b.may_access_memory_of(block->owner));
  }

  void access(block_state& b, seen_access const& a) {
    watched_block* const block = memory.block(a.at, streams.launch());
    place_access mine{streams.launch(), sites_.number_of(a.from, &b.calls), class_of(a.flags), reach_of(a.flags)};
    if (!may_access(b, a.at, a.bytes)) {
      if (streams.freed_meanwhile(block, mine, a.at)) return;
      b.report(block != nullptr && block->freed ? checks::kind::freed_memory : checks::kind::out_of_bounds, words_.places(mine.site),
               [&] { return words_.outside(b, block != nullptr ? block : memory.nearest(a.at), a); });
      if (memory.is_beyond_all(a.at)) b.executor->abandon_thread();  // the access would fault
      return;
    }
    if (reinterpret_cast<std::uintptr_t>(a.at) % a.alignment() != 0)
      return report_misaligned(b, a.at, a.bytes == 16 ? "an object of 16 bytes" : "a number", a.alignment(), a.from);
    if (!block->shared) {
      mine.phase = threads.order.phase_of_access(a.is_atomic());
      auto const knows = [&](place_access const& other) {
        return threads.order.knows(b, other.work, other.phase, [&](std::uint64_t one, std::uint64_t later, bool ends) {
          return ends ? streams.order.before_end(one, later) : streams.order.before(one, later);
        });
      };
      streams.use(*block, mine, a.at, false, knows);
      streams.access(a.at, a.bytes, mine, knows);
    }
    threads.access(b, *block, a, mine.site);
    if (block->shared && block->owner != &b) note_peer_access(b, *block, a, mine.site);
  }

  void report_fault(block_state& b, char const* cause, std::uintptr_t code) {
    b.report(checks::kind::kernel_fault, words_.places_of(b, code), [&] { return words_.fault(b, cause, code); });
  }

  /// Called after an atomic operation that read. Records what it acquires.
  void acquire(block_state& b, void const* p, bool acquires, scope s) {
    if (s >= scope::device) {
      judge_late_accesses();
      if (s == scope::system && values_of_program.has_released(p)) streams.acquire(p, acquires);
    }
    threads.order.acquire(b, p, acquires, s);
  }

  /// Called after an atomic operation that stored, and after its acquire. Records what it releases.
  void release(block_state& b, void const* p, bool releases, bool reads, scope s) { threads.order.release(b, p, releases, reads, s); }

  void fence(block_state& b, bool releases, bool acquires, scope s) {
    if (acquires && s == scope::system) streams.acquire_fence();
    threads.order.fence(b, releases, acquires, s);
  }

  // --- texts ---

  void append_object(error_text& text, void const* at) const {
    watched_block const* const block = memory.contains(at) ? memory.block(at, streams.launch()) : nullptr;
    if (block != nullptr)
      backend::append_object(text, *block, static_cast<char const*>(at));
    else
      text.append("memory outside buffers");
  }

  /// Called after the write to the target of an asynchronous copy, before the copy is waited for.
  void copy_begins(block_state& b, seen_access const& target) {
    if (memory.contains(target.at) && may_access(b, target.at, target.bytes))
      threads.copy_begins(b, target, sites_.number_of(target.from, &b.calls));
  }
  /// Called before the bytes of the source are copied. `before` has them when the copy began.
  void copy_arrives(block_state& b, void const* to, std::size_t bytes, seen_access const& source, void const* before) {
    if (memory.contains(to) && may_access(b, to, bytes)) threads.copy_arrives(static_cast<char const*>(to), bytes);
    if (source.bytes != 0 && memory.contains(source.at) && may_access(b, source.at, source.bytes) &&
        std::memcmp(source.at, before, source.bytes) != 0)
      threads.source_has_changed(b, *memory.block(source.at, streams.launch()), source);
  }
  /// Returns an address of code that stands for a line.
  std::uintptr_t code_at(source_location where) { return sites_.code_at(where); }

  void report_cast(block_state& b, long double value, char const* type, char const* to, std::uintptr_t from) {
    b.report(checks::kind::undefined_cast, words_.places_of(b, from), [&] { return words_.undefined_cast(b, value, type, to, from); });
  }
  void report_shift(block_state& b, long long amount, char const* type, unsigned width, std::uintptr_t from) {
    b.report(checks::kind::undefined_shift, words_.places_of(b, from),
             [&] { return words_.undefined_shift(b, amount, type, width, from); });
  }

  /// Reports an index beyond an array. The access would go to another object, so the thread ends there.
  void report_index(block_state& b, long long index, char const* type, std::uintptr_t from) {
    b.report(checks::kind::out_of_bounds, words_.places_of(b, from), [&] { return words_.index(b, index, type, from); });
    b.executor->abandon_thread();
  }

  /// Reports the use of an address that is not a multiple of `alignment`, which the type needs. The processor traps at some accesses of 16
  /// bytes and more, so the thread ends there.
  void report_misaligned(block_state& b, void const* at, char const* what, std::size_t alignment, std::uintptr_t from) {
    b.report(checks::kind::misaligned, words_.places_of(b, from), [&] { return words_.misaligned(b, at, what, alignment, from); });
    if (alignment >= 16) b.executor->abandon_thread();
  }

  // --- streams and the host ---

  /// Checks a copy or a fill. Returns false if it leaves its memory: it must not run then.
  bool transfer(launch_facts const& facts, memory_transfer const& t) {
    lock_.lock();
    judge_late_accesses();
    streams.order.begins(current_work.number, facts);
    transfer_check const check{facts, t, memory, streams};
    leave();
    if (check.failure()) std::rethrow_exception(check.failure());
    return check.possible();
  }

  /// Frees a buffer. Returns false for memory of another allocator.
  bool free(void* p, launch_facts const& facts) {
    if (!memory.contains(p)) return false;
    lock_.lock();
    judge_late_accesses();
    watched_block* const block = memory.page(p).block;
    std::uint64_t const work = current_work.number;
    if (work != 0) streams.order.frees(work);
    if (work != 0 && facts.level == checks::level::full) {
      streams.order.begins(work, facts);
      streams.access(block->begin, block->bytes, {work, 0, access_class::write});
      block->freed_by = work;
    }
    memory.release(block);
    leave();
    return true;
  }

  /// A memory resource gives memory to a stream, at the allocation `work` of that stream, or to the host (0).
  void give(char* p, std::size_t bytes, detail::stream_key home, std::uint64_t work, launch_facts const& facts) {
    bool const full = facts.level == checks::level::full;
    std::uint64_t too_early = 0;
    watched_block* const piece = memory.add_piece(p, bytes, [&](std::uint64_t returned) {
      if (full && work != 0 && streams.order.concurrent(returned, work)) {
        too_early = returned;
        streams.order.waits(work, returned);  // what follows is a consequence
      }
      return streams.order.is_over(returned);
    });
    piece->given_too_early = too_early;
    piece->made_after = work != 0 ? work : streams.order.last_queued() + 1;
    piece->home = home;
    piece->made = facts.where;
    if (full) piece->made_by = work;
    if (work != 0) streams.order.describe(work, facts);
  }
  /// The stream is at the allocation `work`: what the memory had is gone, and work that is not ordered before must not use it.
  void renew(char* p, std::size_t bytes, std::uint64_t work, launch_facts const& facts) {
    lock_.lock();
    judge_late_accesses();
    memory.forget_values(p, bytes);
    if (facts.level == checks::level::full) {
      if (std::uint64_t const returned = memory.block(p, work)->given_too_early; returned != 0) streams.given_too_early(work, returned, p);
      streams.access(p, bytes, {work, 0, access_class::write});
    }
    leave();
  }
  /// The stream is where it returns memory.
  void returned(char* p, std::size_t bytes, launch_facts const& facts) {
    lock_.lock();
    judge_late_accesses();
    std::uint64_t const work = current_work.number;
    streams.order.frees(work);
    if (facts.level == checks::level::full) {
      streams.order.begins(work, facts);
      streams.access(p, bytes, {work, 0, access_class::write});
    }
    leave();
  }

  /// Checks an access to device memory by host code, in a callback of a stream or outside.
  void device_access(seen_access const& seen) {
    program_access a{seen, current_work.number};
    if (watched_block const* const block = memory.block(seen.at, watched_range::latest); block != nullptr && !block->open && !block->freed)
      if (report_program_access(a, *block)) return;
    if (a.work == 0) {
      if (streams.order.program_knows_all()) return;
      launch_facts facts;
      facts.kernel = "the host";
      facts.read_check_scope(true);
      if (facts.level != checks::level::full) return;
      a.work = streams.order.program_work(facts);
      if (!latest_accesses_of_program.add(a)) return;
      a.seen.from = sites_.code_of_program(seen.from);
    }
    if (lock_.try_lock()) {
      judge_late_accesses();
      judge_program_access(a);
      leave();
    } else {
      late_.add(a);
      if (lock_.try_lock()) leave();
    }
  }

  /// The same for an access that has faulted, and whose size is not known. Returns whether it has been reported and may now happen.
  bool device_fault(seen_access const& seen) {
    watched_block const* const block = memory.block(seen.at, watched_range::latest);
    return block != nullptr && !block->open && !block->freed && report_program_access({seen, current_work.number}, *block);
  }

  /// Called when queued work has run, or never will.
  void finished(std::uint64_t work) {
    streams.order.finished(work);
    streams.doubtful.judge();
  }

  /// Called after the host has waited for something, or for all work of a device. Returns whether all work is known to be done.
  bool forget_if_settled(int waited_for = -1) {
    streams.doubtful.judge(waited_for);
    program_memory.forget_done();
    if (!streams.order.is_settled() || !lock_.try_lock()) return false;
    judge_late_accesses();
    bool const all = streams.forget_if_settled();
    if (all) {
      threads.order.forget_released();
      values_of_kernels.forget();
      values_of_program.forget();
    }
    leave();
    return all;
  }

 private:
  /// The running thread has accessed the shared memory of another block of its cluster.
  void note_peer_access(block_state& b, watched_block const& block, seen_access const& a, std::uint32_t site) {
    auto& owner = *static_cast<block_state*>(const_cast<void*>(block.owner));
    std::uint32_t const thread = b.first_thread + b.running;
    block_state::peer_access const mine{threads.order.segment_of(b), site, &b, a};
    if (owner.has_ended)
      report_ended(b, owner, thread, mine);
    else
      owner.peer_accesses[thread] = mine;
  }
  /// Reports an access to the shared memory of `owner`, which has ended or may end before. `b` delivers the finding.
  void report_ended(block_state& b, block_state const& owner, std::uint32_t thread, block_state::peer_access const& last) {
    b.report(checks::kind::ended_block, words_.places(last.site), [&] {
      return words_.ended_block(*last.block, owner, *memory.page(last.access.at).block, last.access, last.site,
                                thread - last.block->first_thread);
    });
  }

  /// Reports an access of host code to device memory that is not open to it. Returns false if the level is not `full`.
  bool report_program_access(program_access const& a, watched_block const& block) {
    launch_facts facts;
    if (a.work != 0)
      facts = streams.order.facts_of(a.work).facts;
    else
      facts.read_check_scope(true);
    if (facts.level != checks::level::full) return false;
    facts.grid = facts.block = {0, 0, 0};
    facts.kernel = "the host";
    code_places const at = words_.places_of_program(a.seen.from);
    if (!facts.counts_again(checks::kind::device_memory, at)) {
      checks::finding const f = words_.program_access(facts, block, a.seen);
      facts.where = f.first.where;
      if (std::exception_ptr const error = facts.deliver(f, at)) detail::keep_exception<host>(block.home, error);
    }
    memory.protection.let_pass();
    return true;
  }

  void judge_program_access(program_access const& a) {
    char const* const at = a.seen.at;
    watched_block const* const block = memory.block(at, a.work);
    if (block == nullptr || block->shared || at < block->begin || at + a.seen.bytes > block->begin + block->bytes) return;
    place_access const mine{a.work, sites_.number_of(a.seen.from), class_of(a.seen.flags), reach_of(a.seen.flags)};
    if (block->freed) {
      (void)streams.freed_meanwhile(block, mine, at);
      return;
    }
    if (!streams.order.facts_of(a.work).is_program()) streams.order_has_changed();
    streams.access(at, a.seen.bytes, mine);
  }

  /// Checks what other host threads have left. The caller holds the lock, and has not recorded anything new yet.
  void judge_late_accesses() {
    if (!late_.any()) return;
    for (program_access const& a : late_.take()) judge_program_access(a);
  }
  /// Unlocks. A host thread that could not lock has left its access for the holder, so this checks those first.
  void leave() {
    do {
      judge_late_accesses();
      lock_.unlock();
    } while (late_.any() && lock_.try_lock());
  }

  std::recursive_mutex lock_;
  late_accesses late_;
};

/// Never destroyed, because buffers may be destroyed in any order at exit.
inline access_checker& checker() {
  static access_checker& instance = *new access_checker;
  return instance;
}

}  // namespace crosslane::backend
