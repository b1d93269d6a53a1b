// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The engine of scans, and of selections, which scan counts. One resident kernel walks over the tiles of a range in rounds: in round k,
/// block c of G has tile k * G + c. It publishes the sum of its next tile before it stores the current one, so the sums of a round are
/// mostly there when they are needed. One wave of each block reads the sums of all blocks of the round, and so has the sum of all tiles
/// before its own, and that of the whole round, which it carries along. No block waits for a chain of others, and the order of operations
/// depends on the sizes only.
///
/// A class `Tiles` says how a tile is loaded, summed and stored:
///
///   using algebra = monoid<T, Op>;                      // of what is scanned; the member algebra_ is one
///   using published = T;                                // the sum of one tile, which may need fewer bits than a value
///   static published narrow(value); static value widen(published);
///   static constexpr unsigned threads, tile, blocks;    // sizes; blocks on a multiprocessor
///   template <class Ctx> struct shared;                 // shared memory of one tile
///   template <class Ctx> struct state;                  // what a thread keeps between its sum and its store
///   std::uint64_t size() const;                         // elements; a kernel calls it
///   value sum(ctx, shared&, state&, first, count) const;       // loads a tile, returns its sum to all threads; all threads call it
///   void store(ctx, shared&, state&, first, count, before);    // `before`: the sum of all tiles before; all threads call it
///   void finish(value all) const;                       // one thread calls it with the sum of all tiles
///   value loop_sum(begin, end) const;                   // the same by loops, on the host
///   value loop_store(begin, end, before) const;              // returns the sum of all elements before `end`
#pragma once

#include <crosslane/algorithm/monoid.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/block.hpp>

namespace crosslane::detail {

/// The sums that the blocks of a resident grid publish in each round. A place is used again after four rounds: a block publishes round
/// r + 2 only when it has read all sums of round r, so when one block publishes round r + 4, all blocks have read those of round r.
///
/// A sum of up to 4 bytes shares a word with its tag, so that it needs no fence. A larger one lies beside the word, which is released.
template <class Value>
class round_sums {
 public:
  static constexpr bool in_words = sizeof(Value) <= 4;

  CROSSLANE_FN round_sums(workspace_front* front, Value* values, unsigned blocks)
      : words_{front->words}, values_{values}, blocks_{blocks}, first_tag_{front->last_tag + 1} {}

  /// Called by one thread of each block.
  template <class Ctx>
  CROSSLANE_FN void publish(Ctx const& ctx, std::uint64_t round, unsigned block, Value const& sum) const {
    unsigned const place = place_of(round, block);
    std::uint64_t word = std::uint64_t{tag(round)} << 32;
    if constexpr (in_words) {
      unsigned bits = 0;
      __builtin_memcpy(&bits, &sum, sizeof(Value));
      atomic(ctx, words_[place]).store(word | bits);
    } else {
      values_[place] = sum;
      atomic(ctx, words_[place]).store(word, release{});
    }
  }
  /// Returns the word of a place, or 0 if its sum is not there yet.
  template <class Ctx>
  CROSSLANE_FN std::uint64_t look(Ctx const& ctx, std::uint64_t round, unsigned block) const {
    std::uint64_t const word = atomic(ctx, words_[place_of(round, block)]).load();
    return unsigned(word >> 32) == tag(round) ? word : 0;
  }
  /// Returns the sum of a place whose word is there. If sums are not in words, an acquire fence must come before.
  CROSSLANE_FN Value get(std::uint64_t word, std::uint64_t round, unsigned block) const {
    if constexpr (in_words) {
      unsigned const bits = unsigned(word);
      Value sum;
      __builtin_memcpy(&sum, &bits, sizeof(Value));
      return sum;
    } else {
      return values_[place_of(round, block)];
    }
  }
  CROSSLANE_FN unsigned tag(std::uint64_t round) const { return first_tag_ + unsigned(round); }

 private:
  CROSSLANE_FN unsigned place_of(std::uint64_t round, unsigned block) const {
    return unsigned(round % workspace_front::rounds) * blocks_ + block;
  }

  std::uint64_t* words_;
  Value* values_;
  unsigned blocks_, first_tag_;
};

template <class Tiles>
struct round_scan_kernel {
  static constexpr auto block = block_size<Tiles::threads>;
  static constexpr bool resident = true;
  using algebra = typename Tiles::algebra;
  using value = typename algebra::value;
  using published = typename Tiles::published;

  template <class Ctx>
  struct shared {
    typename Tiles::template shared<Ctx> tile[2];
    value before[2];
  };

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Tiles const tiles, value const initial, published* values,
                               workspace_front* front) const {
    std::uint64_t const n = tiles.size(), count = pieces_of(n, Tiles::tile);
    unsigned const blocks = unsigned(ctx.block_count()), own = unsigned(ctx.block_rank());
    if (blocks == 1) return walk_alone(ctx, s, tiles, initial, n, count);
    if (own < count) {
      round_sums<published> const sums{front, values, blocks};
      typename Tiles::template state<Ctx> now, next;
      value sum = tiles.sum(ctx, s.tile[0], now, first_of(own), size_of(n, own)), carry = initial;
      if (ctx.thread_rank() == 0) sums.publish(ctx, 0, own, Tiles::narrow(sum));
      unsigned turn = 0;
      for (std::uint64_t round = 0, tile = own; tile < count; ++round, tile += blocks, turn ^= 1) {
        std::uint64_t const following = tile + blocks;
        value next_sum = sum;
        if (following < count) {
          next_sum = tiles.sum(ctx, s.tile[turn ^ 1], next, first_of(following), size_of(n, following));
          if (ctx.thread_rank() == 0) sums.publish(ctx, round + 1, own, Tiles::narrow(next_sum));
        }
        std::uint64_t const left = count - round * blocks;
        if (ctx.wave_rank() == 0) {
          value const before = gather(ctx, tiles, sums, round, own, left < blocks ? unsigned(left) : blocks, carry);
          if (ctx.lane_rank() == 0) s.before[turn] = before;
        }
        ctx.sync_block();
        value const before = s.before[turn];
        if (tile == count - 1 && ctx.thread_rank() == 0) tiles.finish(tiles.algebra_.op(before, sum));
        tiles.store(ctx, s.tile[turn], now, first_of(tile), size_of(n, tile), before);
        now = next;
        sum = next_sum;
      }
    } else if (count == 0 && own == 0 && ctx.thread_rank() == 0) {
      tiles.finish(initial);
    }
    if (ctx.thread_rank() == 0 && is_last_block(ctx, front)) end(ctx, front, (count + blocks - 1) / blocks);
  }

 private:
  /// Makes the front ready for the next launch. Tags begin again before they wrap around, so no word has a tag that is to come.
  template <class Ctx>
  CROSSLANE_FN static void end(Ctx const& ctx, workspace_front* front, std::uint64_t rounds) {
    front->last_tag += unsigned(rounds);
    if (front->last_tag < 1u << 31) return;
    for (std::uint64_t& word : front->words) atomic(ctx, word).store(std::uint64_t{0});
    front->last_tag = 0;
  }
  CROSSLANE_FN static std::uint64_t first_of(std::uint64_t tile) { return tile * Tiles::tile; }
  CROSSLANE_FN static unsigned size_of(std::uint64_t n, std::uint64_t tile) {
    std::uint64_t const left = n - first_of(tile);
    return left < Tiles::tile ? unsigned(left) : Tiles::tile;
  }

  template <class Ctx>
  CROSSLANE_FN static void walk_alone(Ctx const& ctx, shared<Ctx>& s, Tiles const& tiles, value carry, std::uint64_t n,
                                      std::uint64_t count) {
    typename Tiles::template state<Ctx> now;
    for (std::uint64_t tile = 0; tile < count; ++tile) {
      value const sum = tiles.sum(ctx, s.tile[tile % 2], now, first_of(tile), size_of(n, tile));
      tiles.store(ctx, s.tile[tile % 2], now, first_of(tile), size_of(n, tile), carry);
      carry = tiles.algebra_.op(carry, sum);
    }
    if (ctx.thread_rank() == 0) tiles.finish(carry);
  }

  /// Reads the sums of the first `count` blocks in a round, which all lanes of the first wave do together. Returns the sum of `carry` and
  /// those of the blocks before `own`, and adds all of them to `carry`. Each lane reads neighbouring sums, eight at once.
  template <class Ctx>
  CROSSLANE_FN static value gather(Ctx const& ctx, Tiles const& tiles, round_sums<published> const& sums, std::uint64_t round, unsigned own,
                                   unsigned count, value& carry) {
    auto const w = wave(ctx);
    auto const& op = tiles.algebra_.op;
    unsigned const each = (count + w.size() - 1) / w.size(), begin = w.rank() * each;
    value part = algebra::none(), before = algebra::none();
    for (unsigned i = 0; i < each; i += at_once) {
      std::uint64_t words[at_once];
      for (;;) {
        bool there = true;
        for (unsigned k = 0; k < at_once; ++k) {
          words[k] = is_mine(begin, i + k, each, count) ? sums.look(ctx, round, begin + i + k) : 1;
          there = there && words[k] != 0;
        }
        if (w.all(there)) break;
        ctx.native().pause();
      }
      if constexpr (!round_sums<published>::in_words) fence(ctx, acquire{});
      for (unsigned k = 0; k < at_once; ++k)
        if (is_mine(begin, i + k, each, count)) {
          if (begin + i + k == own) before = part;
          part = op(part, Tiles::widen(sums.get(words[k], round, begin + i + k)));
        }
    }
    value const inclusive = w.inclusive_scan(part, op), total = w.broadcast(inclusive, w.size() - 1);
    value lower = w.shuffle_up(inclusive, 1);
    if (w.rank() == 0) lower = algebra::none();
    value const result = op(carry, w.broadcast(op(lower, before), own / each));
    carry = op(carry, total);
    return result;
  }
  CROSSLANE_FN static bool is_mine(unsigned begin, unsigned i, unsigned each, unsigned count) { return i < each && begin + i < count; }
  static constexpr unsigned at_once = 8;
};

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the grid of a kernel that walks over `tiles`.
template <class Tiles, runtime_backend B>
unsigned blocks_of_rounds(basic_stream_ref<B> q, std::uint64_t tiles, source_location where) {
  using kernel = round_scan_kernel<Tiles>;
  using value = typename kernel::value;
  return blocks_at_once<kernel, Tiles, value, typename kernel::published*, workspace_front*>(q, blocks_for(q, tiles, Tiles::blocks, where),
                                                                                             {.where = where});
}

/// Queues the scan of `size` elements, or of fewer if their number lies in device memory.
template <class Name, runtime_backend B, class Tiles>
void queue_round_scan(basic_stream_ref<B> q, char const* call, Tiles const& tiles, std::uint64_t size,
                      typename Tiles::algebra::value const& initial, workspace_reference const& given, source_location where) {
  using value = typename Tiles::algebra::value;
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
          if (begin < end_of(end)) (*parts)[begin / piece] = tiles.loop_sum(begin, end_of(end));
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
    std::size_t const values = round_sums<published>::in_words ? 0 : std::size_t{workspace_front::rounds} * blocks;
    call_memory<B> const memory{q, call, given, values * sizeof(published), where};
    if (memory.measures()) return;
    launch(q, config, round_scan_kernel<Tiles>{}, tiles, initial, payload_layout{memory.payload()}.take<published>(values), memory.front());
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
