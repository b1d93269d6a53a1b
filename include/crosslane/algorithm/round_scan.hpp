// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The engine of scans, and of selections, which scan counts. One resident kernel walks over the tiles of a range in rounds: in round k,
/// block c of G has tile k * G + c. A pipeline fetches tiles to shared memory before they are needed. A block publishes the sum of a tile
/// `ahead` rounds before it stores the tile. One wave of each block, the leader, has no elements. It reads the sums of all blocks of a
/// round, and so has the sum of all tiles before its own, and that of the whole round, which it carries along. No block waits for a chain
/// of others, and the order of operations depends on the sizes only.
///
/// A step sums one tile, and stores the one that was summed `ahead` steps before. It has two or three parts, each of which begins with a
/// barrier. What one part writes to shared memory, the next part reads, so no other barrier is needed, and the leader works beside the
/// other waves. In the first part it gathers the sums before the tile that is stored. In the second part it starts the loads of those that
/// the next step gathers, before the others store results, as a load waits for the stores before it; then it publishes a sum.
///
/// A class `Tiles` says how a tile is fetched, summed and stored. All threads of the block call fetch(). Whole waves of threads that have
/// elements call the others, which have no barrier of the block:
///
///   using algebra = monoid<T, Op>;           // of what is scanned; the member algebra_ is one
///   using published = T;                     // the sum of one tile or of one round, which may need fewer bits than a value
///   static published narrow(value);
///   static value widen(published);
///   using policy = scan_policy<...>;         // sizes
///   static constexpr unsigned tile;          // elements of a tile
///   static constexpr bool puts_alone;        // whether put() does not use `before`
///   using stage;                             // shared memory of a fetched tile
///   template <class Ctx> struct scratch;     // other shared memory; it has a block_scratch<published, Ctx> of the waves' sums, `sums`
///   struct loaded;                           // what a thread keeps in one step between sum() and finish_sum()
///   struct kept;                             // what it keeps until the tile is stored
///   std::uint64_t size() const;              // elements; a kernel calls it
///
///   // Starts the copies of a tile. n is size().
///   void fetch(ctx, pipe, stage&, first, count, n) const;
///   // In the first part: puts the sum of each wave to scratch.sums, see sum_wave().
///   void sum(ctx, scratch&, stage const&, loaded&, kept&, first, count) const;
///   // In the second part of the same step, with the sums of the waves before the calling one and of all waves.
///   void finish_sum(ctx, stage&, loaded const&, kept&, count, wave_totals<published> const&) const;
///   // In a later step, in the first part if it does not use `before`, else in the second: puts results to shared memory. `before` is the
///   // sum of all tiles before.
///   void put(ctx, scratch&, stage&, kept const&, first, count, before) const;
///   // In the next part of that step: stores them.
///   void store(ctx, scratch&, stage&, kept const&, first, count, before) const;
///   // One thread calls it with the sum of all tiles.
///   void finish(value all) const;
///
///   // The same by loops, on the host. loop_store() returns the sum of all elements before `end`.
///   value loop_sum(begin, end) const;
///   value loop_store(begin, end, before) const;
#pragma once

#include <crosslane/algorithm/monoid.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/pipeline.hpp>

namespace crosslane {

/// Sizes of a scan, and of algorithms that are made of one: `threads` of a block that have elements, a multiple of 64, beside 64 others;
/// `items` of a thread in a tile, `blocks` on a multiprocessor, and `stages` of the pipeline of tiles. Sums are published `ahead` rounds
/// before they are needed. Threads read without bank conflicts if the bytes of their items are an odd multiple of 16.
template <unsigned Threads, unsigned Items, unsigned Blocks, unsigned Stages = 4, unsigned Ahead = 2>
struct scan_policy {
  static_assert(Ahead >= 1 && Ahead <= 3 && Stages >= Ahead + 2,
                "crosslane: a scan publishes sums 1 to 3 rounds ahead, and has at least two stages more");
  static_assert(Threads % 64 == 0 && Threads >= 64 && Threads <= 960 && Items >= 1 && Blocks >= 1,
                "crosslane: a scan has 64 to 960 threads with elements, a multiple of 64, and at least one item and one block");
  static constexpr unsigned threads = Threads;  ///< threads of a block that have elements
  static constexpr unsigned items = Items;      ///< elements of a thread in a tile
  static constexpr unsigned blocks = Blocks;    ///< blocks on a multiprocessor
  static constexpr unsigned stages = Stages;    ///< tiles in shared memory
  static constexpr unsigned ahead = Ahead;      ///< rounds between the sum of a tile and its store
};

namespace detail {

/// The sums that the blocks of a resident grid publish in each round. A place is used again after `Rounds` rounds. When a block publishes
/// round r, it has read all sums of round r - ahead. Each of these blocks has read those of round r - 2 ahead before. So with 2 ahead
/// rounds no block needs what is overwritten.
///
/// A sum of up to 16 bytes lies in words of 64 bits, each of which has 32 bits of it and a tag, so that it needs no fence. A larger one
/// lies beside one word, which is released.
template <class Value, unsigned Rounds>
class round_sums {
 public:
  static constexpr bool in_words = sizeof(Value) <= 16;
  static constexpr unsigned words = in_words ? (sizeof(Value) + 3) / 4 : 1;  ///< of a sum

  /// One block alone has no front.
  CROSSLANE_FN round_sums(workspace_front* front, Value* values, unsigned blocks)
      : words_{blocks > 1 ? front->words : nullptr}, values_{values}, blocks_{blocks}, first_tag_{blocks > 1 ? front->last_tag + 1 : 0} {}

  /// Called by one thread of each block.
  template <class Ctx>
  CROSSLANE_FN void publish(Ctx const& ctx, unsigned round, unsigned block, Value const& sum) const {
    std::uint64_t* const to = words_ + place_of(round, block) * words;
    std::uint64_t const tag_bits = std::uint64_t{tag(round)} << 32;
    if constexpr (in_words) {
      unsigned bits[words] = {};
      __builtin_memcpy(bits, &sum, sizeof(Value));
      for (unsigned i = 0; i < words; ++i) atomic(ctx, to[i]).store(tag_bits | bits[i]);
    } else {
      values_[place_of(round, block)] = sum;
      atomic(ctx, to[0]).store(tag_bits, release{});
    }
  }
  /// Loads the words of a place.
  template <class Ctx>
  CROSSLANE_FN void look(Ctx const& ctx, unsigned round, unsigned block, std::uint64_t* read) const {
    for (unsigned i = 0; i < words; ++i) read[i] = atomic(ctx, words_[place_of(round, block) * words + i]).load();
  }
  /// Whether the sum of a round is there, for the words of its place.
  CROSSLANE_FN bool is_there(std::uint64_t const* read, unsigned round) const {
    bool there = true;
    for (unsigned i = 0; i < words; ++i) there = there && unsigned(read[i] >> 32) == tag(round);
    return there;
  }
  /// Returns the sum of a place whose words are there. If sums are not in words, an acquire fence must come before.
  CROSSLANE_FN Value get(std::uint64_t const* read, unsigned round, unsigned block) const {
    if constexpr (in_words) {
      unsigned bits[words];
      for (unsigned i = 0; i < words; ++i) bits[i] = unsigned(read[i]);
      Value sum;
      __builtin_memcpy(&sum, bits, sizeof(Value));
      return sum;
    } else {
      return values_[place_of(round, block)];
    }
  }

 private:
  CROSSLANE_FN unsigned tag(unsigned round) const { return first_tag_ + round; }
  CROSSLANE_FN unsigned place_of(unsigned round, unsigned block) const { return round % Rounds * blocks_ + block; }

  std::uint64_t* words_;
  Value* values_;
  unsigned blocks_, first_tag_;
};

/// Returns the sum of the lower lanes of the wave, and puts that of all its lanes to the scratch. `none` changes no sum.
template <class Ctx, class V, class Op>
CROSSLANE_FN V sum_wave(Ctx const& ctx, block_scratch<V, Ctx>& sums, V const& part, Op const& op, V const& none) {
  auto const w = wave(ctx);
  V const inclusive = w.inclusive_scan(part, op);
  if (w.rank() == w.size() - 1) sums.waves[ctx.wave_rank()] = inclusive;
  V const lower = w.shuffle_up(inclusive, 1);
  return w.rank() == 0 ? none : lower;
}
/// Returns the sums of the waves before the calling one, and of all `Count`. Each wave adds for itself, which needs no barrier.
template <unsigned Count, class Ctx, class V, class Op>
CROSSLANE_FN wave_totals<V> sum_waves(Ctx const& ctx, block_scratch<V, Ctx> const& sums, Op const& op, V const& none) {
  auto const w = wave(ctx);
  unsigned const own = ctx.wave_rank();
  if constexpr (reduces_at_once<V, Ctx, Op>) {
    V const mine = w.rank() < Count ? sums.waves[w.rank()] : none;
    return {w.reduce(w.rank() < own ? mine : none, op), w.reduce(mine, op)};
  } else if constexpr (Count <= 8) {
    V before = none, all = sums.waves[0];
    for (unsigned i = 1; i < Count; ++i) {
      if (i == own) before = all;
      all = op(all, sums.waves[i]);
    }
    return {own == Count ? all : before, all};
  } else {
    V const scan = w.inclusive_scan(sums.waves[w.rank() < Count ? w.rank() : 0], op);
    V const before = w.broadcast(scan, own == 0 ? 0 : own - 1);
    return {own == 0 ? none : before, w.broadcast(scan, Count - 1)};
  }
}

template <class Tiles>
struct round_scan_kernel {
  using policy = typename Tiles::policy;
  static constexpr auto block = block_size<policy::threads + 64>;  // a wave of 64 lanes, or one of 32 and an idle one
  static constexpr bool resident = true;
  static constexpr unsigned ahead = policy::ahead, stages = policy::stages;
  using algebra = typename Tiles::algebra;
  using value = typename algebra::value;
  using published = typename Tiles::published;
  static constexpr unsigned rounds_kept = 2 * ahead;
  using sums_type = round_sums<published, rounds_kept>;

  template <class Ctx>
  struct shared {
    pipeline_state<stages, Ctx> pipe;
    typename Tiles::stage stage[stages];
    typename Tiles::template scratch<Ctx> scratch;
    value before;        ///< the sum of all tiles before the stored one
    value alone[ahead];  ///< the sums of the last tiles, if the grid has one block
  };

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Tiles const tiles, value const initial, published* values,
                               workspace_front* front) const {
    std::uint64_t const n = tiles.size(), count = pieces_of(n, Tiles::tile);
    unsigned const blocks = unsigned(ctx.block_count()), own = unsigned(ctx.block_rank());
    if (own < count)
      walk(ctx, s, tiles, initial, sums_type{front, values, blocks}, n, count);
    else if (count == 0 && own == 0 && ctx.thread_rank() == 0)
      tiles.finish(initial);
    if (blocks > 1 && ctx.thread_rank() == 0 && is_last_block(ctx, front)) end(ctx, front, pieces_of(count, blocks));
  }

 private:
  /// The sums that a lane reads at once: with 32 lanes, those of at least 160 blocks.
  static constexpr unsigned at_once = sums_type::words == 1 ? 8 : 5;
  struct words {
    std::uint64_t word[at_once][sums_type::words];
  };

  /// Makes the front ready for the next launch. Tags begin again before they wrap around, so no word has a tag that is to come.
  template <class Ctx>
  CROSSLANE_FN static void end(Ctx const& ctx, workspace_front* front, std::uint64_t rounds) {
    front->last_tag += unsigned(rounds);
    if (front->last_tag < 1u << 31) return;
    for (std::uint64_t& word : front->words) atomic(ctx, word).store(std::uint64_t{0});
    front->last_tag = 0;
  }
  /// Walks over the tiles of the block: own, own + blocks, ...
  template <class Ctx>
  CROSSLANE_FN static void walk(Ctx const& ctx, shared<Ctx>& s, Tiles const& tiles, value carry, sums_type const& sums, std::uint64_t n,
                                std::uint64_t count) {
    constexpr unsigned waves = policy::threads / Ctx::wave_size;  // with elements
    unsigned const blocks = unsigned(ctx.block_count()), own = unsigned(ctx.block_rank());
    bool const works = ctx.wave_rank() < waves, leads = ctx.wave_rank() == waves;
    // Only the last round can have fewer tiles than blocks, and only the last tile fewer elements than others.
    unsigned const last_round = unsigned((count - 1) / blocks), in_last_round = unsigned(count - std::uint64_t{last_round} * blocks);
    unsigned const rounds = own < in_last_round ? last_round + 1 : last_round, last_size = unsigned(n - (count - 1) * Tiles::tile);
    bool const has_last = own + 1 == in_last_round;
    std::uint64_t const stride = std::uint64_t{blocks} * Tiles::tile;
    auto const size_in = [&](unsigned round) { return has_last && round == last_round ? last_size : Tiles::tile; };
    auto const blocks_in = [&](unsigned round) { return round == last_round ? in_last_round : blocks; };

    pipeline<stages, Ctx, ahead + 1> pipe{ctx, s.pipe};
    std::uint64_t first = std::uint64_t{own} * Tiles::tile, first_stored = first, first_fetched = first;  // elements
    auto const fetch = [&](unsigned round) {
      if (round >= rounds) return;
      tiles.fetch(ctx, pipe, s.stage[pipe.acquire()], first_fetched, size_in(round), n);
      pipe.commit();
      first_fetched += stride;
    };
    for (unsigned round = 0; round < stages - 1 - ahead; ++round) fetch(round);

    typename Tiles::kept kept[ahead + 1];  // of the tiles that are summed and not yet stored, the youngest last
    words seen;                            // of the round that is gathered in the next step; the loads end while the block works
    unsigned stored_stage = 0;
    for (unsigned step = 0; step < rounds + ahead; ++step) {
      bool const sums_one = step < rounds, stores_one = step >= ahead;
      unsigned const stored = step - ahead;
      unsigned stage = 0;
      if (sums_one) {
        stage = pipe.wait();
        fetch(step + stages - 1 - ahead);
      } else {
        ctx.sync_block();
      }
      [[maybe_unused]] typename Tiles::loaded loaded;
      if (leads) {
        if (stores_one) {
          value const before = blocks > 1 ? gather(ctx, tiles, sums, stored, own, blocks_in(stored), seen, carry) : carry;
          if (blocks == 1 && ctx.lane_rank() == 0) carry = tiles.algebra_.op(carry, s.alone[stored % ahead]);
          if (ctx.lane_rank() == 0) s.before = before;
        }
      } else if (works) {
        if (sums_one) tiles.sum(ctx, s.scratch, s.stage[stage], loaded, kept[ahead], first, size_in(step));
        if (Tiles::puts_alone && stores_one)
          tiles.put(ctx, s.scratch, s.stage[stored_stage], kept[0], first_stored, size_in(stored), algebra::none());
      }
      if (sums_one || stores_one) ctx.sync_block();
      if (leads) {
        bool const looks = blocks > 1 && step + 1 >= ahead && step + 1 < rounds + ahead;
        if (looks && ahead > 1) seen = look(ctx, sums, stored + 1, blocks_in(stored + 1), 0);
        if (sums_one) {
          published const sum = sum_waves<waves>(ctx, s.scratch.sums, tiles.algebra_.op, Tiles::narrow(algebra::none())).all;
          if (ctx.lane_rank() == 0) {
            if (blocks > 1)
              sums.publish(ctx, step, own, sum);
            else
              s.alone[step % ahead] = Tiles::widen(sum);
          }
        }
        if (looks && ahead == 1) seen = look(ctx, sums, stored + 1, blocks_in(stored + 1), 0);
      } else if (works) {
        if (sums_one)
          tiles.finish_sum(ctx, s.stage[stage], loaded, kept[ahead], size_in(step),
                           sum_waves<waves>(ctx, s.scratch.sums, tiles.algebra_.op, Tiles::narrow(algebra::none())));
        if (!Tiles::puts_alone && stores_one)
          tiles.put(ctx, s.scratch, s.stage[stored_stage], kept[0], first_stored, size_in(stored), s.before);
      }
      if (!Tiles::puts_alone && stores_one) ctx.sync_block();
      if (works && stores_one) tiles.store(ctx, s.scratch, s.stage[stored_stage], kept[0], first_stored, size_in(stored), s.before);
      first += stride;
      if (stores_one) {
        first_stored += stride;
        if (++stored_stage == stages) stored_stage = 0;
      }
      CROSSLANE_UNROLL  // an array that is indexed leaves the registers
          for (unsigned i = 0; i < ahead; ++i) kept[i] = kept[i + 1];
    }
    if (has_last && leads && ctx.lane_rank() == 0) tiles.finish(carry);
  }

  /// Reads some of the sums of the first `count` blocks in a round, which all lanes of the leader do together: each lane those that
  /// neighbour each other, from its `begin`-th on.
  template <class Ctx>
  CROSSLANE_FN static words look(Ctx const& ctx, sums_type const& sums, unsigned round, unsigned count, unsigned begin) {
    unsigned const each = pieces_of(unsigned(ctx.block_count()), Ctx::wave_size), first = ctx.lane_rank() * each;
    words result;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < at_once; ++k)
      if (is_mine(first, begin + k, each, count)) sums.look(ctx, round, first + begin + k, result.word[k]);
    return result;
  }
  /// Whether the sums are there, for what look() has found.
  template <class Ctx>
  CROSSLANE_FN static bool are_there(Ctx const& ctx, sums_type const& sums, unsigned round, unsigned count, unsigned begin,
                                     words const& read) {
    unsigned const each = pieces_of(unsigned(ctx.block_count()), Ctx::wave_size), first = ctx.lane_rank() * each;
    bool there = true;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < at_once; ++k) there = there && (!is_mine(first, begin + k, each, count) || sums.is_there(read.word[k], round));
    return wave(ctx).all(there);
  }

  /// Returns the sum of `carry` and those of the blocks before `own` in a round, and adds all of the first `count` blocks to `carry`. All
  /// lanes of the leader call it. `read` is what look() has found.
  template <class Ctx>
  CROSSLANE_FN static value gather(Ctx const& ctx, Tiles const& tiles, sums_type const& sums, unsigned round, unsigned own, unsigned count,
                                   words read, value& carry) {
    auto const w = wave(ctx);
    auto const& op = tiles.algebra_.op;
    constexpr bool in_any_order = reduces_at_once<published, Ctx, typename algebra::op_type>;
    unsigned const each = pieces_of(unsigned(ctx.block_count()), Ctx::wave_size), first = ctx.lane_rank() * each;
    published const none = Tiles::narrow(algebra::none());
    published part = none, before = none;  // the sums of the lane's blocks, and of those before `own`
    for (unsigned i = 0; i < each; i += at_once) {
      if (i != 0) read = look(ctx, sums, round, count, i);
      while (!are_there(ctx, sums, round, count, i, read)) {
        ctx.native().pause();
        read = look(ctx, sums, round, count, i);
      }
      if constexpr (!sums_type::in_words) fence(ctx, acquire{});
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < at_once; ++k)
        if (is_mine(first, i + k, each, count)) {
          if (first + i + k == own) before = part;
          part = op(part, sums.get(read.word[k], round, first + i + k));
        }
    }
    published all;
    if constexpr (in_any_order) {
      before = w.reduce(own < first ? none : own < first + each ? before : part, op);
      all = w.reduce(part, op);
    } else {
      published const inclusive = w.inclusive_scan(part, op);
      all = w.broadcast(inclusive, w.size() - 1);
      published lower = w.shuffle_up(inclusive, 1);
      if (w.rank() == 0) lower = none;
      before = w.broadcast(op(lower, before), own / each);
    }
    value const result = op(carry, Tiles::widen(before));
    carry = op(carry, Tiles::widen(all));
    return result;
  }
  CROSSLANE_FN static bool is_mine(unsigned first, unsigned i, unsigned each, unsigned count) { return i < each && first + i < count; }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the grid of a kernel that walks over `tiles`.
template <class Tiles, runtime_backend B>
unsigned blocks_of_rounds(basic_stream_ref<B> q, std::uint64_t tiles, source_location where) {
  using kernel = round_scan_kernel<Tiles>;
  using value = typename kernel::value;
  constexpr std::uint64_t most = sizeof(workspace_front::words) / sizeof(std::uint64_t) / (kernel::rounds_kept * kernel::sums_type::words);
  if (tiles > most) tiles = most;
  return blocks_at_once<kernel, Tiles, value, typename kernel::published*, workspace_front*>(
      q, blocks_for(q, tiles, Tiles::policy::blocks, where), {.where = where});
}

/// Queues the scan of `size` elements, or of fewer if their number lies in device memory.
template <class Name, runtime_backend B, class Tiles>
void queue_round_scan(basic_stream_ref<B> q, char const* call, Tiles const& tiles, std::uint64_t size,
                      typename Tiles::algebra::value const& initial, workspace_reference const& given, source_location where) {
  using value = typename Tiles::algebra::value;
  static_assert(check_argument<1, Tiles>::ok);  // predicates and operators are members
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    std::uint64_t const piece = 1 << 15;
    if (size <= 2 * piece)
      return run_loops<Name>(q, 1, [=](std::uint64_t, std::uint64_t) { tiles.finish(tiles.loop_store(0, tiles.size(), initial)); }, where);
    auto const parts = std::make_shared<std::vector<value>>(size / piece + 1, Tiles::algebra::none());
    auto const end_of = [tiles](std::uint64_t end) { return tiles.size() < end ? tiles.size() : end; };
    run_loops<Name>(
        q, size,
        [=](std::uint64_t begin, std::uint64_t end) {
          (*parts)[begin / piece] = begin < end_of(end) ? tiles.loop_sum(begin, end_of(end)) : Tiles::algebra::none();
        },
        where, piece);
    run_loops<Name>(
        q, 1,
        [=](std::uint64_t, std::uint64_t) {
          value before = initial;
          for (value& part : *parts) {
            value const sum = part;
            part = before;
            before = tiles.algebra_.op(before, sum);
          }
          tiles.finish(before);
        },
        where);
    run_loops<Name>(
        q, size,
        [=](std::uint64_t begin, std::uint64_t end) {
          if (begin < end_of(end)) (void)tiles.loop_store(begin, end_of(end), (*parts)[begin / piece]);
        },
        where, piece);
  } else {
    using published = typename Tiles::published;
    unsigned const blocks = blocks_of_rounds<Tiles>(q, pieces_of(size, Tiles::tile), where);
    launch_config const config{.grid = blocks, .where = where};
    if (blocks == 1) {
      if (given.measured == nullptr)
        launch(q, config, round_scan_kernel<Tiles>{}, tiles, initial, static_cast<published*>(nullptr),
               static_cast<workspace_front*>(nullptr));
      return;
    }
    std::size_t const values =
        round_scan_kernel<Tiles>::sums_type::in_words ? 0 : std::size_t{round_scan_kernel<Tiles>::rounds_kept} * blocks;
    call_memory<B> const memory{q, call, given, values * sizeof(published), where};
    if (memory.measures()) return;
    launch(q, config, round_scan_kernel<Tiles>{}, tiles, initial, payload_layout{memory.payload()}.take<published>(values), memory.front());
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail
}  // namespace crosslane
