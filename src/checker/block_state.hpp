// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The state that the checker keeps for a block while its threads run.
#pragma once

#include "call_stack.hpp"
#include "clock.hpp"
#include "watched_memory.hpp"

#include <crosslane/backend/host/access_monitor.hpp>

#include <cstdint>
#include <exception>
#include <iterator>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#if !CROSSLANE_CONFIG_ACCESS_CHECKS
#error "src/checker.cpp belongs to the target crosslane::checked"
#endif

namespace crosslane::backend {

class access_checker;

/// The accesses that threads have released at an address, by an operation or a fence of the scope `reach`: threads of the launch, or those
/// of an earlier launch, of which `device` is known.
struct release_state {
  clock knowledge;
  scope reach;
  std::uint32_t wave, block;  ///< of the first thread
  bool one_wave, one_block;   ///< whether all threads are in it
  int device = -1;            ///< of the earlier launch; -1: this launch
};
using releases_at = std::unordered_map<void const*, std::vector<release_state>>;

struct access_monitor::block_state {
  static constexpr unsigned most_threads = 1024, most_lanes = 64, most_waves = 32;
  static constexpr std::size_t most_early_reads = 1024;
  static constexpr unsigned reads_between_looks = 1021;  ///< a prime number: a loop over several addresses shows different ones

  struct thread_state {
    std::uint32_t segment = 0;       ///< 0: a new segment begins with the next access
    std::unique_ptr<clock> learned;  ///< since the last barrier of the block
    /// Knowledge that relaxed operations read from the thread's wave, from its block, and from other blocks. It takes effect at an acquire
    /// fence of such a scope, which may come after a barrier.
    std::unique_ptr<clock> pending[3];
    /// The accesses that relaxed operations release after a release fence, by the scope of the fence.
    std::unique_ptr<clock> fenced[3];
    int only_fenced = -1;         ///< the widest release fence since the last access, as in `fenced`; -1: none
    int first_behind_fence = -1;  ///< the same, if the last atomic access was the first one behind it
    call_stack::calls calls;      ///< while it waits
    std::uint32_t arrived = 0;    ///< its segments below are from before it arrived at the barrier of the cluster
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
  std::uint32_t numbering = 0;           ///< of the segments: see thread_order
  unsigned running = 0, running_wave = 0;
  call_stack calls;         ///< of the running thread
  bool some_calls = false;  ///< whether threads that wait have calls
  bool full = false, some_learned = false;
  bool some_fences = false;     ///< whether a thread has something pending or fenced
  clock pending[3], fenced[3];  ///< of all threads before the last barrier, as in thread_state
  clock learned;                ///< known to all threads of the block
  releases_at released;         ///< in shared memory, whose addresses the next block has again
  thread_state thread[most_threads];
  wave_state wave[most_waves];
  watched_block* memory[2] = {};              ///< static, dynamic
  unsigned reads_left = reads_between_looks;  ///< until the next look at the running thread's address
  unsigned same_looks = 0;                    ///< the last looks that saw `looked_at`
  void const* looked_at = nullptr;
  bool has_written = false;     ///< since the last look
  bool calls_executor = false;  ///< at the next look
  std::exception_ptr failure;   ///< the first finding that no sink collected
  bool has_findings = false;

  /// A read of memory that nothing had written yet. If an unordered write follows, both are reported as a race, and the read is not
  /// reported separately.
  struct early_read {
    std::uint32_t site;
    watched_block const* block;
    std::uint64_t times;
    std::unique_ptr<checks::finding> finding;  ///< the first
  };
  std::vector<early_read> early_reads;

  lane_executor* executor = nullptr;
  std::uintptr_t stack = 0;  ///< of the running thread
  std::size_t stack_bytes = 0;
  struct part {
    std::uintptr_t begin = 0;
    std::size_t bytes = 0;
  };
  part executor_parts[2], arguments;                  ///< memory outside the watched range that threads may access
  std::map<std::uintptr_t, std::size_t> allocations;  ///< by threads of the block, with malloc or new, by their begin

  bool on_own_stack(void const* p) const noexcept { return reinterpret_cast<std::uintptr_t>(p) - stack < stack_bytes; }
  bool in_own_memory(void const* p) const noexcept {
    auto const at = reinterpret_cast<std::uintptr_t>(p);
    for (part const& r : {executor_parts[0], executor_parts[1], arguments})
      if (at - r.begin < r.bytes) return true;
    if (allocations.empty()) return false;
    auto const above = allocations.upper_bound(at);
    return above != allocations.begin() && at - std::prev(above)->first < std::prev(above)->second;
  }

  thread_state& running_thread() noexcept { return thread[running]; }
  thread_state const& running_thread() const noexcept { return thread[running]; }

  // --- the cluster ---

  static constexpr unsigned most_in_cluster = 8;
  block_state* cluster[most_in_cluster] = {};  ///< by rank
  unsigned cluster_blocks = 0;                 ///< 0: the block is in no cluster
  unsigned peers = 0;                          ///< bits of the ranks whose shared memory other blocks of the cluster may access
  bool has_ended = false;
  clock arrived;                      ///< known to threads that have arrived at the barrier of the cluster
  std::uint32_t arrived_barrier = 0;  ///< the last barrier of the block before one of them arrived
  /// The last access of a thread of another block to the shared memory of this one.
  struct peer_access {
    std::uint32_t segment, site;
    block_state const* block;
    seen_access access;
  };
  std::unordered_map<std::uint32_t, peer_access> peer_accesses;  ///< by the number of the thread in the launch

  /// Whether threads of the block may access the shared memory of another one.
  bool may_access_memory_of(void const* owner) const noexcept {
    for (unsigned i = 0; i < cluster_blocks; ++i)
      if (cluster[i] == owner) return (peers >> i & 1) != 0;
    return false;
  }
  /// Returns the block of the cluster in whose shared memory an address is; null if there is none.
  block_state* owner_in_cluster(void const* p) noexcept {
    if (has_in_shared_memory(p)) return this;
    for (unsigned i = 0; i < cluster_blocks; ++i)
      if (cluster[i]->has_in_shared_memory(p)) return cluster[i];
    return nullptr;
  }

  bool has_in_shared_memory(void const* p) const noexcept {
    for (watched_block const* const part : memory)
      if (part != nullptr && static_cast<char const*>(p) >= part->begin && static_cast<char const*>(p) < part->begin + part->bytes)
        return true;
    return false;
  }

  void deliver(checks::finding const& f, code_places const& at = {}, std::uint64_t times = 1) {
    has_findings = true;
    if (!failure) failure = launch->deliver(f, at, times);
  }
  /// Delivers a finding about the running thread, which make() returns. If there has been one of this kind at the same places, it is only
  /// counted. After a finding that no sink has collected nothing more is delivered.
  template <class Make>
  void report(checks::kind kind, code_places const& at, Make const& make) {
    if (failure) return;
    if (launch->counts_again(kind, at))
      has_findings = true;
    else
      deliver(make(), at);
  }
  void forget_early_reads_at(std::uint32_t site) {
    std::erase_if(early_reads, [&](early_read const& r) { return r.site == site; });
  }

  // --- calls of threads that wait ---

  void save_calls() {
    calls.save(thread[running].calls);
    some_calls = true;
  }
  void forget_calls() {
    for (unsigned t = 0; some_calls && t < most_threads; ++t) thread[t].calls.clear();
    some_calls = false;
  }

  /// Called at a barrier of the block.
  void forget_segments() {
    for (unsigned t = 0; t < threads; ++t) {
      thread[t].segment = 0;
      if (some_learned) thread[t].learned.reset();
    }
    some_learned = false;
  }
  /// Called when a block begins. The block before may have had more threads.
  void forget_threads() {
    for (unsigned t = threads; some_learned && t < most_threads; ++t) thread[t].learned.reset();
    forget_segments();
    for (unsigned t = 0; some_fences && t < most_threads; ++t) {
      for (std::unique_ptr<clock>& pending : thread[t].pending) pending.reset();
      for (std::unique_ptr<clock>& fenced : thread[t].fenced) fenced.reset();
      thread[t].only_fenced = thread[t].first_behind_fence = -1;
    }
    some_fences = false;
  }
  /// Called if segment numbers have begun again since the last block.
  void forget_waves() noexcept {
    for (wave_state& w : wave) w = {};
  }
};

}  // namespace crosslane::backend
