// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Radix sort of the items of a block. All threads of the block must call these functions, at the same place. The kernel declares the
/// scratch in its shared memory; it can be used again after the next ctx.sync_block().
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/block_scan.hpp>
#include <crosslane/kernel/radix_key.hpp>

namespace crosslane {

/// Shared memory of block_radix_rank(): one count for each wave and digit.
template <unsigned Bits, class Ctx>
struct block_radix_rank_scratch {
  static_assert(Bits >= 1 && Bits <= 10, "crosslane: a digit has 1 to 10 bits");
  static constexpr unsigned digits = 1u << Bits;  ///< number of values of a digit
  /// The distance between rows, chosen so that threads that read one digit of different waves use different banks.
  static constexpr unsigned pitch = digits + (max_waves<Ctx> > 8 ? 32 / max_waves<Ctx> : 0);

  unsigned counts[max_waves<Ctx> * pitch];  ///< counts of the digits of each wave, in rows of `pitch`
  block_scratch<unsigned, Ctx> scan;        ///< scratch of the scan of the counts
};

/// Computes the rank of each item: its place when the items of the block are sorted by their digits. Digits are 0 to 2^Bits - 1, ranks 0 to
/// block_size * N - 1. The sort is stable: items with equal digits keep the order that they have in the arrangement wave_striped.
///
///   xl::block_radix_rank_scratch<4, Ctx> rank;  // in the kernel's shared struct
///   ...
///   unsigned digits[2] = {keys[0] & 15, keys[1] & 15}, ranks[2];
///   xl::block_radix_rank<4>(ctx, s.rank, digits, ranks);
///
/// In each wave the lanes with equal digits find each other by ballots, and one of them counts for all. A digit can thus have many more
/// values than if each thread had its own counters, and a key takes fewer passes. The counts, ordered by digit and then by wave, are
/// scanned once. The method is from A. Adinets, D. Merrill: Onesweep, 2022.
template <unsigned Bits, kernel_context Ctx, std::size_t N>
CROSSLANE_FN void block_radix_rank(Ctx const& ctx, block_radix_rank_scratch<Bits, Ctx>& scratch, unsigned const (&digits)[N],
                                   unsigned (&ranks)[N], source_location where = source_location::current()) {
  detail::expect_same(ctx, "scratch", &scratch, where);
  constexpr unsigned pitch = block_radix_rank_scratch<Bits, Ctx>::pitch, values = 1u << Bits;
  auto const w = wave(ctx);
  unsigned* const own = scratch.counts + ctx.wave_rank() * pitch;
  for (unsigned d = w.rank(); d < values; d += w.size()) own[d] = 0;
  w.sync(where);
  for (unsigned i = 0; i < N; ++i) {
    auto const same = w.template match_bits<Bits>(digits[i], where);
    unsigned const below = w.rank_in(same), last = same.last();
    unsigned counted = 0;
    if (w.rank() == last) counted = atomic<scope::block>(ctx, own[digits[i]]).fetch_add(below + 1);
    ranks[i] = w.shuffle(counted, last, where) + below;
    w.sync(where);  // the next item is counted after this one
  }
  ctx.sync_block(where);

  // Entry e of the scanned sequence is digit e / waves in wave e % waves. Each thread takes consecutive entries.
  unsigned const waves = ctx.wave_count(), entries = values * waves;
  unsigned const share = (entries + ctx.block_size() - 1) / ctx.block_size(), first = ctx.thread_rank() * share;
  auto const for_share = [&](auto const& visit) {
    unsigned digit = first / waves, in_wave = first % waves;
    for (unsigned e = 0; e < share && first + e < entries; ++e) {
      visit(scratch.counts[in_wave * pitch + digit]);
      if (++in_wave == waves) in_wave = 0, ++digit;
    }
  };
  unsigned sum = 0;
  for_share([&](unsigned& count) { sum += count; });
  unsigned running = block_exclusive_scan(ctx, scratch.scan, sum, plus{}, 0u, where);
  for_share([&](unsigned& count) {
    unsigned const here = count;
    count = running;
    running += here;
  });
  ctx.sync_block(where);
  for (unsigned i = 0; i < N; ++i) ranks[i] += own[digits[i]];
}

/// A range of bits of a key by which a sort compares: begin, begin + 1 ... end - 1, counted from the lowest bit. It is the same in all
/// threads.
struct bit_range {
  unsigned begin = 0;  ///< the lowest bit
  unsigned end = ~0u;  ///< one more than the highest bit; larger values count as the number of bits of the key
};

/// The type of the values in a sort of keys without values.
struct no_value {};

/// Shared memory of block_sort(). Keys are sorted by digits of `Bits` bits. More bits need fewer passes and more memory: 4 bytes for each
/// of the 2^Bits values, for each wave. On an H200, 8 bits are the fastest of 4 to 8, and 7 bits if a thread has a single key.
template <class Key, unsigned N, class Ctx, class Value = no_value, unsigned Bits = (N == 1 ? 7 : 8)>
struct block_sort_scratch {
  using word = typename radix_key<Key>::word;  ///< the unsigned integer by which keys are sorted
  block_radix_rank_scratch<Bits, Ctx> rank;    ///< scratch of the ranking in each pass
  union {
    block_exchange_scratch<word, N, Ctx> keys;     ///< while keys move
    block_exchange_scratch<Value, N, Ctx> values;  ///< while values move
  };
};

namespace detail {

/// Sorts in all passes. `values` is empty or one array.
template <sort_order Order, class Ctx, class Key, std::size_t N, class Value, unsigned Bits, class... Values>
CROSSLANE_FN void sort_block(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, Value, Bits>& scratch, Key (&keys)[N],
                             bit_range bits, source_location where, Values&... values) {
  expect_same(ctx, "scratch", &scratch, where);
  expect_same(ctx, "first bit", bits.begin, where);
  expect_same(ctx, "end of the bits", bits.end, where);
  using word = typename radix_key<Key>::word;
  constexpr unsigned key_bits = sizeof(word) * 8;
  constexpr bool has_values = sizeof...(Values) != 0;
  unsigned const end = bits.end < key_bits ? bits.end : key_bits;
  if (bits.begin >= end) return;
  word words[N];
  for (unsigned i = 0; i < N; ++i) {
    words[i] = radix_key<Key>::to_word(keys[i]);
    if constexpr (Order == sort_order::descending) words[i] = word(~words[i]);
  }
  // Ranks follow the wave-striped order, but the items of the caller are blocked. Equal keys need no exchange if all their bits are
  // compared and there are no values: they cannot be told apart.
  if (N > 1 && (has_values || bits.begin != 0 || end != key_bits)) {
    block_exchange<arrangement::blocked, arrangement::wave_striped>(ctx, scratch.keys, words, where);
    if constexpr (has_values) {
      ctx.sync_block(where);  // values can have another size than keys, so a wave's part of the memory is not the same
      (block_exchange<arrangement::blocked, arrangement::wave_striped>(ctx, scratch.values, values, where), ...);
    }
  }
  for (unsigned begin = bits.begin; begin < end; begin += Bits) {
    unsigned const count = end - begin < Bits ? end - begin : Bits;
    unsigned digits[N], ranks[N];
    for (unsigned i = 0; i < N; ++i) digits[i] = unsigned(words[i] >> begin) & ((1u << count) - 1);
    block_radix_rank<Bits>(ctx, scratch.rank, digits, ranks, where);
    bool const last = end - begin <= Bits;
    auto const move = [&](auto& memory, auto& items) {
      for (unsigned i = 0; i < N; ++i) memory.at(ranks[i]) = items[i];
      ctx.sync_block(where);
      if (last)
        for (unsigned i = 0; i < N; ++i) items[i] = memory.at(item_position<arrangement::blocked, unsigned(N)>(ctx, i));
      else
        for (unsigned i = 0; i < N; ++i) items[i] = memory.at(item_position<arrangement::wave_striped, unsigned(N)>(ctx, i));
    };
    move(scratch.keys, words);
    if constexpr (has_values) {
      ctx.sync_block(where);
      (move(scratch.values, values), ...);
    }
  }
  for (unsigned i = 0; i < N; ++i) {
    if constexpr (Order == sort_order::descending) words[i] = word(~words[i]);
    keys[i] = radix_key<Key>::from_word(words[i]);
  }
}

}  // namespace detail

/// Sorts the keys of the block, N of each thread. They are blocked before and after: the thread of rank r gets the sorted keys r * N ... r
/// * N + N - 1. The sort is stable. radix_key defines the order of each type.
///
///   xl::block_sort_scratch<unsigned, 4, Ctx> sort;  // in the kernel's shared struct
///   ...
///   unsigned keys[4];
///   xl::block_load<xl::arrangement::blocked>(ctx, piece, keys, ~0u);
///   xl::block_sort(ctx, s.sort, keys);
template <sort_order Order = sort_order::ascending, kernel_context Ctx, class Key, std::size_t N, unsigned Bits>
CROSSLANE_FN void block_sort(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, no_value, Bits>& scratch, Key (&keys)[N],
                             bit_range bits = {}, source_location where = source_location::current()) {
  detail::sort_block<Order>(ctx, scratch, keys, bits, where);
}

/// Sorts the keys of the block, and moves the value of each key with it. Otherwise it is like block_sort() without values.
///
///   xl::block_sort_scratch<float, 4, Ctx, unsigned> sort;  // in the kernel's shared struct
///   ...
///   xl::block_sort<xl::sort_order::descending>(ctx, s.sort, keys, values);
template <sort_order Order = sort_order::ascending, kernel_context Ctx, class Key, std::size_t N, class Value, unsigned Bits>
CROSSLANE_FN void block_sort(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, Value, Bits>& scratch, Key (&keys)[N],
                             Value (&values)[N], bit_range bits = {}, source_location where = source_location::current()) {
  detail::sort_block<Order>(ctx, scratch, keys, bits, where, values);
}

}  // namespace crosslane
