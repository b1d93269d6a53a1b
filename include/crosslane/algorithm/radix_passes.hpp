// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of radix_sort(). One reads all keys and counts the values of all digits; its last block scans the counts. Then one kernel
/// for each digit, from the lowest, moves the keys to their places: a block takes a tile, ranks its keys, and looks back over the tiles
/// before it for the number of their keys with each value of the digit. A key is read once for the counts, and read and written once in
/// each pass. The method is from A. Adinets, D. Merrill: Onesweep, 2022.
#pragma once

#include <crosslane/algorithm/less.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/range.hpp>
#include <crosslane/algorithm/rank_sort.hpp>
#include <crosslane/algorithm/tile_load.hpp>
#include <crosslane/kernel/block_load.hpp>
#include <crosslane/kernel/block_sort.hpp>

namespace crosslane::detail {

inline constexpr unsigned radix_bits = 8, radix_digits = 1u << radix_bits;

/// Keys as words, which sort in ascending order.
template <class Key, sort_order Order>
struct radix_words {
  using key = Key;
  using word = typename radix_key<Key>::word;
  static constexpr unsigned bits = sizeof(word) * 8;
  CROSSLANE_FN static word of(Key const& k) {
    word const w = radix_key<Key>::to_word(k);
    return Order == sort_order::descending ? word(~w) : w;
  }
  CROSSLANE_FN static Key key_of(word w) { return radix_key<Key>::from_word(Order == sort_order::descending ? word(~w) : w); }
};

/// A digit of a word.
struct radix_digit {
  unsigned begin, mask;
  template <class Word>
  CROSSLANE_FN unsigned of(Word w) const {
    return unsigned(w >> begin) & mask;
  }
};
/// N numbers of `Bits` bits, several in a register. Indices are constants when loops are unrolled.
template <unsigned N, unsigned Bits>
class packed_numbers {
 public:
  CROSSLANE_FN unsigned operator[](unsigned i) const { return words_[i / each] >> (i % each * Bits) & ((1u << Bits) - 1); }
  /// Sets number i. The numbers are set in order, each once.
  CROSSLANE_FN void set(unsigned i, unsigned number) {
    words_[i / each] = i % each == 0 ? number : words_[i / each] | number << (i % each * Bits);
  }

 private:
  static constexpr unsigned each = 32 / Bits;
  unsigned words_[(N + each - 1) / each];
};

/// How the bits that a sort compares are divided into digits, one for each pass.
struct radix_plan {
  unsigned begin, bits, passes;
  CROSSLANE_FN radix_digit digit(unsigned pass) const {
    unsigned const first = bits * pass / passes, end = bits * (pass + 1) / passes;
    return {begin + (end > first ? first : 0), (1u << (end - first)) - 1};
  }
};

/// The values of a sort of keys only.
struct no_values {
  using value_type = no_value;
};

/// The counts of a digit's values in tiles, for look-back: one word for each tile and value of the digit. Two bits of a word tell whether
/// it has the count of its tile, or that of its tile and all tiles before. Launches use the same words one after another. Each leaves all
/// of them `complete` in its own way, so the next one sees them as missing.
class radix_look_back {
 public:
  static constexpr unsigned value_bits = 30, most = (1u << value_bits) - 1;

  CROSSLANE_FN radix_look_back(unsigned* words, unsigned launch) : words_{words}, complete_{2 + launch % 2} {}

  template <class Ctx>
  CROSSLANE_FN void publish(Ctx const& ctx, unsigned tile, unsigned digit, bool all_before, unsigned count) const {
    atomic(ctx, at(tile, digit)).store((all_before ? complete_ : own) << value_bits | count);
  }

  /// Returns the count of the tiles before `tile`. Tile 0 publishes a complete word. All lanes of a wave call it. Each lane reads `AtOnce`
  /// words at once.
  template <unsigned AtOnce, class Ctx>
  CROSSLANE_FN unsigned before(Ctx const& ctx, unsigned tile, unsigned digit) const {
    auto const w = wave(ctx);
    unsigned sum = 0;
    bool done = tile == 0;
    for (;;) {
      unsigned seen[AtOnce];
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < AtOnce; ++k) seen[k] = !done && k < tile ? atomic(ctx, at(tile - 1 - k, digit)).load() : 0;
      bool there = !done, moved = done;
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < AtOnce; ++k) {
        unsigned const state = seen[k] >> value_bits;
        there = there && (state == own || state == complete_);
        if (there) {
          sum += seen[k] & most;
          --tile;
          moved = true;
          if (state == complete_) {
            done = true;
            there = false;
          }
        }
      }
      if (w.all(done)) return sum;
      if (!w.any(moved && !done)) ctx.native().pause();
    }
  }

 private:
  static constexpr unsigned own = 1;
  CROSSLANE_FN unsigned& at(unsigned tile, unsigned digit) const { return words_[std::size_t{tile} * radix_digits + digit]; }

  unsigned* words_;
  unsigned complete_;
};

/// first[pass][digit] = the number of keys with a lower digit. Each block counts in shared memory: each counter in 2^log_copies copies for
/// different lanes, so that lanes seldom wait for each other.
template <class Words, unsigned Threads, unsigned Items>
struct radix_histogram_kernel {
  static constexpr auto block = block_size<Threads>;
  static constexpr unsigned tile = Threads * Items;
  using word = typename Words::word;

  struct shared {
    unsigned is_last;
  };

  /// `zeros` are filled with 0. `count[0]` gets the number of keys.
  template <kernel_context Ctx, class Keys>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, Keys const keys, radix_plan const plan, unsigned log_copies,
                               workspace_front* front, std::uint64_t* first, std::uint64_t* count, unsigned* zeros,
                               std::uint64_t zero_count) const {
    auto const counts = dynamic_shared<unsigned>(ctx);
    unsigned const bins = plan.passes * radix_digits, copies = 1u << log_copies, copy = ctx.thread_rank() & (copies - 1);
    for (auto i : ctx.block_stride(bins << log_copies)) counts[i] = 0;
    for (auto i : ctx.grid_stride(zero_count)) zeros[i] = 0;
    ctx.sync_block();
    std::uint64_t const n = count_in_kernel(keys), blocks = ctx.block_count();
    for (std::uint64_t at = ctx.block_rank() * tile; at < n; at += blocks * tile) {
      if (n - at >= tile) {
        word words[Items];
        load_striped<Threads>(ctx, keys, at, words, [](auto const& key, std::uint64_t) { return Words::of(key); });
        for (unsigned p = 0; p < plan.passes; ++p) {
          radix_digit const digit = plan.digit(p);
          CROSSLANE_UNROLL
          for (unsigned i = 0; i < Items; ++i) add(ctx, counts.data(), p, digit.of(words[i]), log_copies, copy);
        }
      } else {
        for (std::uint64_t i = at + ctx.thread_rank(); i < n; i += Threads) {
          word const w = Words::of(keys[i]);
          for (unsigned p = 0; p < plan.passes; ++p) add(ctx, counts.data(), p, plan.digit(p).of(w), log_copies, copy);
        }
      }
    }
    ctx.sync_block();
    for (auto bin : ctx.block_stride(bins)) {
      unsigned sum = 0;
      for (unsigned c = 0; c < copies; ++c) sum += counts[bin << log_copies | ((c + copy) & (copies - 1))];
      if (sum != 0) atomic(ctx, front->counts[bin]).fetch_add(std::uint64_t{sum});
    }
    ctx.sync_block();
    if (ctx.thread_rank() == 0) s.is_last = is_last_block(ctx, front);
    ctx.sync_block();
    if (!s.is_last) return;
    if (ctx.thread_rank() == 0) *count = n;
    constexpr unsigned each = radix_digits / Ctx::wave_size;
    auto const w = wave(ctx);
    for (unsigned p = ctx.wave_rank(); p < plan.passes; p += ctx.wave_count()) {
      std::uint64_t* const from = front->counts + p * radix_digits + w.rank() * each;
      std::uint64_t own[each], sum = 0;
      for (unsigned i = 0; i < each; ++i) {
        own[i] = atomic(ctx, from[i]).load();
        sum += own[i];
      }
      std::uint64_t before = w.exclusive_scan(sum, plus{}, std::uint64_t{0});
      for (unsigned i = 0; i < each; ++i) {
        first[p * radix_digits + w.rank() * each + i] = before;
        before += own[i];
        atomic(ctx, from[i]).store(std::uint64_t{0});
      }
    }
  }

 private:
  template <class Ctx>
  CROSSLANE_FN static void add(Ctx const& ctx, unsigned* counts, unsigned pass, unsigned digit, unsigned log_copies, unsigned copy) {
    atomic<scope::block>(ctx, counts[(pass * radix_digits + digit) << log_copies | copy]).fetch_add(1u);
  }
};

/// The task of one launch of a pass: it moves the elements from `begin` on, at most `size`.
struct radix_pass {
  radix_digit digit;
  unsigned launch;  ///< number of the launch in the sort
  bool more;        ///< whether other launches of the sort move fewer or more elements of the words' tiles
  std::uint64_t begin, size;
  std::uint64_t const* count;  ///< number of all keys
  std::uint64_t const* first;  ///< where the keys with each digit begin, without those of earlier launches of this pass
  std::uint64_t* next_first;   ///< the same for the next launch of this pass, if there is one
  unsigned* ticket;            ///< the next tile
  unsigned* words;             ///< for look-back
};

template <class Policy, unsigned Items, class Words, class Value>
struct radix_pass_kernel {
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr int min_blocks = Policy::blocks;
  static constexpr unsigned threads = Policy::threads, items = Items, tile_size = threads * items;
  static constexpr bool has_values = !std::is_same_v<Value, no_value>;
  static_assert(tile_size <= 1u << 16, "crosslane: a tile of radix_sort() has at most 65536 elements");
  static_assert(threads >= radix_digits && threads % 64 == 0,
                "crosslane: a block of radix_sort() has at least 256 threads, in whole waves");
  using word = typename Words::word;

  template <class Ctx>
  struct shared {
    unsigned counts[max_waves<Ctx>][radix_digits];  ///< of the keys of each wave; then the place of the first of them in the sorted tile
    std::uint64_t first[radix_digits];              ///< what must be added to a place in the tile to get the place in the output
    block_scratch<unsigned, Ctx> scan;
    unsigned tile;
    union {
      word words[tile_size];
      Value values[tile_size];
    };
  };

  template <kernel_context Ctx, class KeysIn, class ValuesIn, class KeysOut, class ValuesOut>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, KeysIn const keys, ValuesIn const values, KeysOut const keys_out,
                               ValuesOut const values_out, radix_pass const pass) const {
    unsigned const rank = ctx.thread_rank();
    auto const w = wave(ctx);
    unsigned* const own = s.counts[ctx.wave_rank()];
    if (rank == 0) s.tile = atomic(ctx, *pass.ticket).fetch_add(1u);
    for (unsigned d = w.rank(); d < radix_digits; d += w.size()) own[d] = 0;
    std::uint64_t const n = *pass.count, left = n > pass.begin ? n - pass.begin : 0;
    unsigned const size = unsigned(left < pass.size ? left : pass.size), tiles = pieces_of(size, tile_size);
    ctx.sync_block();
    unsigned const tile = s.tile;
    radix_look_back const look{pass.words, pass.launch};
    if (tile >= tiles) {
      if (pass.more && rank < radix_digits) look.publish(ctx, tile, rank, true, 0);
      return;
    }

    // Keys that are missing in the last tile come after all others, as they have the highest digit and are the last ones.
    std::uint64_t const begin = pass.begin + std::uint64_t{tile} * tile_size;
    unsigned const count = size - tile * tile_size < tile_size ? size - tile * tile_size : tile_size;
    word words[items];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < items; ++i) {
      unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i);
      words[i] = at < count ? Words::of(keys[begin + at]) : word(~word{0});
    }

    // Each wave counts its keys row by row. All lanes with equal digits read the counter, one of them adds.
    packed_numbers<items, 16> ranks_in_wave;
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < items; ++i) {
      unsigned const digit = pass.digit.of(words[i]);
      auto const same = w.template match_bits<radix_bits>(digit);
      unsigned const counted = own[digit], below = w.rank_in(same);
      w.sync();
      if (below == 0) own[digit] = counted + same.count();
      w.sync();
      ranks_in_wave.set(i, counted + below);
    }
    ctx.sync_block();

    unsigned total = 0;
    if (rank < radix_digits) {
      for (unsigned v = 0; v < ctx.wave_count(); ++v) total += s.counts[v][rank];
      look.publish(ctx, tile, rank, tile == 0, total);
    }
    unsigned const start = block_exclusive_scan(ctx, s.scan, total, plus{}, 0u);
    if (rank < radix_digits) {
      unsigned running = start;
      for (unsigned v = 0; v < ctx.wave_count(); ++v) {
        unsigned const here = s.counts[v][rank];
        s.counts[v][rank] = running;
        running += here;
      }
    }
    ctx.sync_block();
    [[maybe_unused]] packed_numbers<items, 16> ranks;
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < items; ++i) {
      unsigned const place = ranks_in_wave[i] + own[pass.digit.of(words[i])];
      s.words[place] = words[i];
      if constexpr (has_values) ranks.set(i, place);
    }

    // The values travel while the block looks back.
    [[maybe_unused]] Value held[has_values ? items : 1];
    if constexpr (has_values) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) {
        unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i);
        if (at < count) held[i] = values[begin + at];
      }
    }
    if (rank < radix_digits) {
      unsigned const before = look.template before<Policy::look_back>(ctx, tile, rank);
      if (tile != 0) look.publish(ctx, tile, rank, true, before + total);
      std::uint64_t const first = pass.first[rank] + before;
      s.first[rank] = first - start;
      if (pass.next_first != nullptr && tile == tiles - 1) pass.next_first[rank] = first + total;
    }
    ctx.sync_block();

    [[maybe_unused]] packed_numbers<items, radix_bits> digits;
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < items; ++i) {
      unsigned const at = i * threads + rank;
      word const moved = s.words[at];
      unsigned const digit = pass.digit.of(moved);
      if (at < count) keys_out[s.first[digit] + at] = Words::key_of(moved);
      if constexpr (has_values) digits.set(i, digit);
    }
    if constexpr (has_values) {
      ctx.sync_block();
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i)
        if (item_position<arrangement::wave_striped, items>(ctx, i) < count) s.values[ranks[i]] = held[i];
      ctx.sync_block();
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) {
        unsigned const at = i * threads + rank;
        if (at < count) values_out[s.first[digits[i]] + at] = s.values[at];
      }
    }
  }
};

/// A sort of a few elements by ranks.
template <class Words, class KeysIn, class ValuesIn, class KeysOut, class ValuesOut>
struct radix_rank_job {
  static constexpr bool has_values = !std::is_same_v<ValuesIn, no_values>;
  using compared = typename Words::word;
  struct with_value {
    typename Words::key key;
    typename ValuesIn::value_type value;
  };
  using element = std::conditional_t<has_values, with_value, typename Words::key>;
  KeysIn keys;
  ValuesIn values;
  KeysOut keys_out;
  ValuesOut values_out;
  unsigned begin;
  compared mask;
  stable_order<less> order;

  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(keys); }
  CROSSLANE_FN compared compared_at(unsigned i) const { return compared(Words::of(keys[i]) >> begin & mask); }
  CROSSLANE_FN element load(unsigned i) const {
    if constexpr (has_values)
      return {typename Words::key(keys[i]), typename ValuesIn::value_type(values[i])};
    else
      return keys[i];
  }
  CROSSLANE_FN void store(unsigned i, element const& moved) const {
    if constexpr (has_values) {
      keys_out[i] = moved.key;
      values_out[i] = moved.value;
    } else {
      keys_out[i] = moved;
    }
  }
};

}  // namespace crosslane::detail
