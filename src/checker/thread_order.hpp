// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The order of the accesses of one launch. Two accesses are ordered if they are in one thread. They are also ordered by: the block's
/// barrier; sync() of a group, for its lanes; the grid's barrier; the end of a kernel; and an acquire that reads from a release, if the
/// scope of each includes the other's thread. Shuffles, votes and reductions of a wave do not order memory, as on a GPU.
///
/// Threads run one at a time. A segment is the work of a thread between two synchronisations. Segment numbers increase with time, so
/// "ordered before" means "below the number at the barrier".
#pragma once

#include "block_state.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace crosslane::backend {

class thread_order {
 public:
  using block_state = access_monitor::block_state;

  /// The owner of a segment: the numbers of its thread, wave and block in the launch. Computed once, since divisions would dominate the
  /// cost of an access.
  struct segment_owner {
    std::uint32_t thread, wave, block;
  };

  // --- launches, blocks and barriers ---

  void begin_launch(watched_range& memory, std::uint64_t work, int device) {
    keep_released();
    work_ = work;
    device_ = device;
    phase_ = 1;
    phase_has_atomics_ = phase_has_plain_ = false;
    if (next_segment_ > last_first_segment) {
      memory.forget_segments();
      next_segment_ = 2;
      ++numbering_;
    }
    first_segment_ = begun_since_ = grid_barrier_ = next_segment_;
    owners_.clear();
    parts_held_ = 0;
    enough_parts_ = least_enough_parts;
    has_released_ = false;
  }
  void grid_barrier() { grid_barrier_ = next_segment_; }
  /// Lets the next launch begin as if earlier ones had used most segment numbers. Called between launches.
  void use_up_segments() noexcept { next_segment_ = last_first_segment; }

  void begin_block(block_state& b) {
    b.start = b.barrier = next_segment_;
    b.forget_threads();
    if (b.numbering != numbering_) b.forget_waves();
    b.numbering = numbering_;
    b.learned.clear();
    for (unsigned reach = 1; reach < fence_scopes; ++reach) {
      b.pending[reach].clear();
      b.fenced[reach].clear();
    }
    b.released.clear();
    b.cluster_blocks = b.peers = b.arrived_barrier = 0;
    b.has_ended = false;
    b.arrived.clear();
    b.peer_accesses.clear();
  }
  void block_barrier(block_state& b) {
    if (b.some_learned)
      for (unsigned t = 0; t < b.threads; ++t)
        if (b.thread[t].learned) b.learned.join(*b.thread[t].learned);
    // A fence of any thread behind the barrier acquires what one thread has read before it, and an atomic operation of any thread releases
    // what fences before it have covered. No language says so, but GPUs do it, and programs rely on it.
    auto const move = [](std::unique_ptr<clock>& from, clock& to) {
      if (!from) return;
      to.join(*from);
      from.reset();
    };
    for (unsigned t = 0; b.some_fences && t < b.threads; ++t)
      for (unsigned reach = 1; reach < fence_scopes; ++reach) {
        move(b.thread[t].pending[reach], b.pending[reach]);
        move(b.thread[t].fenced[reach], b.fenced[reach]);
      }
    b.barrier = next_segment_;
    b.forget_segments();
  }

  // --- clusters ---

  /// A thread of the block arrives at the barrier of the cluster.
  void cluster_arrives(block_state& b, unsigned thread) {
    block_state::thread_state& t = b.thread[thread];
    t.arrived = next_segment_;
    t.segment = 0;
    if (b.barrier > b.arrived_barrier) b.arrived_barrier = b.barrier;
    if (!b.learned.empty()) b.arrived.join(b.learned);
    if (t.learned) b.arrived.join(*t.learned);
  }
  /// All threads of the blocks have arrived, and all wait. What they did before they arrived is ordered before what follows.
  void cluster_barrier(block_state* const* blocks, unsigned count) {
    clock all;
    for (unsigned i = 0; i < count; ++i) {
      block_state& b = *blocks[i];
      if (does_nothing_since_arrival(b)) {
        all.learn_block(b.rank, next_segment_);
      } else {
        has_released_ = true;
        all.learn_block(b.rank, b.arrived_barrier);
        for (unsigned t = 0; t < b.threads; ++t) all.learn_thread(b.first_thread + t, b.thread[t].arrived);
      }
      all.join(b.arrived);
    }
    for (unsigned i = 0; i < count; ++i) {
      block_state& b = *blocks[i];
      if (does_nothing_since_arrival(b)) {
        b.barrier = next_segment_;
        b.forget_segments();
      }
      b.arrived.clear();
      b.arrived_barrier = 0;
      b.learned.join(all);
    }
  }
  /// Whether an access of another block, of the cluster, is ordered before the end of a block all of whose threads have returned.
  static bool before_end(block_state const& b, std::uint32_t block, std::uint32_t thread, std::uint32_t segment) {
    if (b.learned.covers(block, thread, segment)) return true;
    for (unsigned t = 0; b.some_learned && t < b.threads; ++t)
      if (b.thread[t].learned && b.thread[t].learned->covers(block, thread, segment)) return true;
    return false;
  }

  void group_sync(block_state& b, unsigned wave, std::uint64_t lanes) {
    unsigned const width = b.launch->wave_size, first = wave * width;
    unsigned const size = b.threads - first < width ? b.threads - first : width;
    block_state::wave_state& w = b.wave[wave];
    if (std::uint64_t(__builtin_popcountll(lanes)) == size) {
      w.below = next_segment_;
    } else {
      if (!is_aligned_group(lanes)) has_released_ = true;
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

  // --- atomic operations and fences of the running thread ---

  /// Called after an atomic operation that stored, and after its acquire. Records what it releases.
  void release(block_state& b, void const* p, bool releases, bool reads, scope s) {
    block_state::thread_state& t = b.running_thread();
    block_state* const owner = b.owner_in_cluster(p);
    releases_at& here = owner != nullptr ? owner->released : released_;
    auto const found = here.find(p);
    if (!reads) {  // a store ends earlier releases
      if (found != here.end()) found->second.clear();
      if (&here == &released_) released_before_.erase(p);
    }
    if (releases) {
      clock knowledge;
      publish(b, knowledge);
      add_release(b, here[p], knowledge, s);
    }
    for (unsigned reach = 0; reach < fence_scopes; ++reach) {
      if (!t.fenced[reach] && b.fenced[reach].empty()) continue;
      clock knowledge = b.fenced[reach];
      if (t.fenced[reach]) knowledge.join(*t.fenced[reach]);
      if (int(reach) <= t.first_behind_fence) knowledge.learn_thread(b.first_thread + b.running, next_segment_);
      add_release(b, here[p], knowledge, s < scope(reach) ? s : scope(reach));
    }
    if (t.first_behind_fence >= 0) t.segment = 0;
    t.first_behind_fence = -1;
  }
  /// Called before each atomic access. Accesses to one address keep their order: who has acquired what a fence before an atomic operation
  /// releases comes behind this operation, too, if nothing lies between the two. The last block may set a counter back plainly.
  void begin_atomic(block_state& b) {
    block_state::thread_state& t = b.running_thread();
    t.first_behind_fence = t.segment == 0 ? t.only_fenced : -1;
  }

  /// Called after an atomic operation that read. Records what it acquires.
  void acquire(block_state& b, void const* p, bool acquires, scope s) {
    block_state* const owner = b.owner_in_cluster(p);
    acquire(b, owner != nullptr ? owner->released : released_, p, acquires, s);
    if (owner == nullptr && !released_before_.empty()) acquire(b, released_before_, p, acquires, s);
  }
  /// Whether reading the value at an address in device memory acquires something beyond the block.
  bool has_released_at(void const* p) const {
    auto const found = released_.find(p);
    if (found == released_.end()) return false;
    for (release_state const& r : found->second)
      if (r.reach >= scope::device) return true;
    return false;
  }
  /// Calls f with each piece of work of whose accesses a reader of that value learns: the launch, and those from which it has acquired.
  template <class F>
  void each_work_released_at(void const* p, F const& f) const {
    auto const found = released_.find(p);
    if (found == released_.end()) return;
    for (release_state const& r : found->second)
      if (r.reach >= scope::device) r.knowledge.each_work([&](std::uint32_t work, bool) { f(work); });
  }
  void fence(block_state& b, bool releases, bool acquires, scope s) {
    block_state::thread_state& t = b.running_thread();
    unsigned const reach = s >= scope::device ? 2 : unsigned(s);
    if (acquires)
      for (unsigned from = 0; from <= reach; ++from) {
        if (t.pending[from]) learn(b, t, *t.pending[from]);
        if (!b.pending[from].empty()) learn(b, t, b.pending[from]);
      }
    if (releases) {
      has_released_ = true;
      for (unsigned narrower = 0; narrower <= reach; ++narrower) t.fenced[narrower].reset();  // this fence releases all that they did
      t.fenced[reach] = std::make_unique<clock>();
      publish(b, *t.fenced[reach]);
      if (int(reach) > t.only_fenced) t.only_fenced = int(reach);
      b.some_fences = true;
    }
  }

  // --- owners of segments ---

  /// Whether it is time for discard_owners(). The cost of that is small compared with the work since the last time.
  bool has_many_owners() const noexcept { return parts_held_ >= enough_parts_; }

  /// Discards owners that no record needs. `each_record(f)` calls f with each access that is recorded.
  template <class EachRecord>
  void discard_owners(EachRecord const& each_record) {
    std::vector<bool> used(owners_.size());
    each_record([&](access_record r) {
      if (!is_past(r)) used[(r.segment - first_segment_) / part_size] = true;
    });
    parts_held_ = 1;  // threads begin new segments, in the last part
    for (std::size_t i = 0; i + 1 < owners_.size(); ++i)
      if (used[i] && owners_[i])
        ++parts_held_;
      else
        owners_[i].reset();
    begun_since_ = next_segment_;
    enough_parts_ = 2 * parts_held_ > least_enough_parts ? 2 * parts_held_ : least_enough_parts;
  }

  // --- other work ---

  /// Returns the phase of an access that the launch makes now: the number of releases before it that follow an access, plus 1. Of the
  /// accesses of a launch those of earlier phases count as released.
  std::uint32_t phase_of_access(bool is_atomic) noexcept {
    (is_atomic ? phase_has_atomics_ : phase_has_plain_) = true;
    return phase_;
  }
  /// The running thread has waited for all work that is ordered before the end of its launch.
  void wait_for_previous(block_state& b) {
    clock knowledge;
    knowledge.learn_before(work_);
    learn(b, b.running_thread(), knowledge);
  }

  /// Whether the running thread knows other work up to a phase, by what it has acquired. `is_before(one, other, ends)` tells whether one
  /// piece of work is ordered before another, or if `ends` before its end.
  template <class IsBefore>
  bool knows(block_state const& b, std::uint64_t work, std::uint32_t phase, IsBefore const& is_before) const {
    std::unique_ptr<clock> const& own = b.running_thread().learned;
    bool known = false;
    for (clock const* const c : {&b.learned, static_cast<clock const*>(own.get())}) {
      if (c == nullptr || !c->knows_works()) continue;
      known = known || c->covers_work(work, phase);
      if (!known)
        c->each_work([&](std::uint32_t other, bool waited) { known = known || (other != work && is_before(work, other, waited)); });
    }
    return known;
  }
  /// The host knows that all work is done.
  void forget_released() {
    released_.clear();
    released_before_.clear();
  }

  // --- queries ---

  /// Returns the number of the running thread's segment.
  std::uint32_t segment_of(block_state& b) {
    std::uint32_t& segment = b.running_thread().segment;
    if (segment < begun_since_) {
      b.running_thread().only_fenced = -1;
      segment = next_segment_++;
      std::uint32_t const place = segment - first_segment_;
      if (place / part_size == owners_.size()) {
        owners_.push_back(std::make_unique_for_overwrite<segment_owner[]>(part_size));
        ++parts_held_;
      }
      owners_.back()[place % part_size] = {b.first_thread + b.running, b.first_wave + b.running_wave, b.rank};
    }
    return segment;
  }
  segment_owner const& owner_of(access_record r) const {
    std::uint32_t const place = r.segment - first_segment_;
    return owners_[place / part_size][place % part_size];
  }

  /// Whether all segments below are ordered before everything that follows in the launch.
  bool is_past(access_record r) const noexcept { return r.segment < grid_barrier_; }
  /// Whether the launch has released something, or lanes have waited for each other that are no aligned group of 2^k lanes. If not, threads
  /// are ordered by barriers and by aligned groups only.
  bool has_released() const noexcept { return has_released_; }

  /// Returns the number of the last barrier that all threads of the block passed.
  std::uint32_t last_barrier(block_state const& b) const { return b.barrier > grid_barrier_ ? b.barrier : grid_barrier_; }

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
    block_state::thread_state const& t = b.running_thread();
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

 private:
  static constexpr unsigned fence_scopes = 3;

  /// Whether the threads of a block, which all wait at the barrier of the cluster, have made no access since they arrived.
  static bool does_nothing_since_arrival(block_state const& b) noexcept {
    for (unsigned t = 0; t < b.threads; ++t)
      if (b.thread[t].segment != 0 || b.thread[t].arrived < b.barrier) return false;
    return true;
  }

  void acquire(block_state& b, releases_at const& here, void const* p, bool acquires, scope s) {
    auto const found = here.find(p);
    if (found == here.end()) return;
    block_state::thread_state& t = b.running_thread();
    for (release_state const& r : found->second) {
      unsigned const needed = scope_to(b, r);
      if (unsigned(s) < needed || unsigned(r.reach) < needed) continue;
      if (acquires) {
        learn(b, t, r.knowledge);
      } else {
        std::unique_ptr<clock>& pending = t.pending[needed < 2 ? needed : 2];
        if (!pending) pending = std::make_unique<clock>();
        pending->join(r.knowledge);
        b.some_fences = true;
      }
    }
  }

  /// Adds to what is released at an address. Releases of one scope in one wave or block are kept together, and those of wide scope.
  void add_release(block_state& b, std::vector<release_state>& here, clock const& knowledge, scope s) {
    has_released_ = true;
    std::uint32_t const wave = b.first_wave + b.running_wave;
    for (release_state& r : here) {
      if ((r.reach >= scope::device) != (s >= scope::device)) continue;
      if (s < scope::device && (r.reach != s || r.block != b.rank || (s == scope::wave && r.wave != wave))) continue;
      r.knowledge.join(knowledge);
      r.one_wave = r.one_wave && r.wave == wave;
      r.one_block = r.one_block && r.block == b.rank;
      return;
    }
    here.push_back({knowledge, s, wave, b.rank, true, true, -1});
  }
  /// The narrowest scope, from the running thread, that includes all threads which have released: 2 for the device, 3 for the
  /// system.
  unsigned scope_to(block_state const& b, release_state const& r) const {
    if (r.device >= 0 && r.device != device_) return 3;
    if (r.device >= 0 || r.block != b.rank || !r.one_block) return 2;
    return r.wave == b.first_wave + b.running_wave && r.one_wave ? 0 : 1;
  }

  static bool is_aligned_group(std::uint64_t lanes) noexcept {
    unsigned const first = unsigned(__builtin_ctzll(lanes)), count = unsigned(__builtin_popcountll(lanes));
    return (count & (count - 1)) == 0 && first % count == 0 && lanes >> first == ~std::uint64_t{0} >> (64 - count);
  }

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
    block_state::thread_state& t = b.running_thread();
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
    out.learn_work(work_, phase_);
    if (phase_ >= (phase_has_plain_ ? most_phases : phase_has_atomics_ ? most_atomic_phases : 0)) return;
    ++phase_;
    phase_has_atomics_ = phase_has_plain_ = false;
  }

  /// Keeps what the launch that has ended has released to other work, until the host knows that all work is done.
  void keep_released() {
    for (auto& [p, states] : released_)
      for (release_state& r : states) {
        if (r.reach < scope::device) continue;
        r.knowledge.forget_threads();
        if (!r.knowledge.knows_works()) continue;
        r.device = device_;
        released_before_[p].push_back(static_cast<release_state&&>(r));
      }
    released_.clear();
  }

  static constexpr std::uint32_t part_size = 4096, least_enough_parts = 256;
  /// A launch that would begin above this number begins at 2 again.
  static constexpr std::uint32_t last_first_segment = 0x80000000u;

  std::uint32_t next_segment_ = 2, first_segment_ = 2, grid_barrier_ = 2;
  std::uint32_t begun_since_ = 2;  ///< a thread with an earlier segment begins another
  std::uint32_t numbering_ = 0;    ///< how often the numbers have begun again
  bool has_released_ = false;
  std::vector<std::unique_ptr<segment_owner[]>> owners_;  ///< by segment, in parts
  std::size_t parts_held_ = 0, enough_parts_ = least_enough_parts;
  releases_at released_;
  releases_at released_before_;                        ///< by other launches
  static constexpr std::uint32_t most_phases = 16384;  ///< later accesses count as released too
  /// Later phases have plain accesses: counters that are only added to must not use up all phases.
  static constexpr std::uint32_t most_atomic_phases = most_phases / 2;
  std::uint64_t work_ = 0;
  std::uint32_t phase_ = 1;
  bool phase_has_atomics_ = false, phase_has_plain_ = false;
  int device_ = 0;
};

}  // namespace crosslane::backend
