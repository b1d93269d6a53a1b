// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sorting the items of a block by radix. All threads of the block must call; the scratch, shared memory that the kernel declares, can be
/// used again after the next ctx.sync_block().
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/block_scan.hpp>
#include <crosslane/kernel/radix_key.hpp>

namespace crosslane {

/// Shared memory of block_radix_rank: a count per wave and digit.
template <unsigned Bits, class Ctx>
struct block_radix_rank_scratch {
  static_assert(Bits >= 1 && Bits <= 10, "crosslane: a digit has 1 to 10 bits");
  static constexpr unsigned digits = 1u << Bits;  ///< values of a digit
  /// From row to row, so that threads that go through the waves of one digit meet in different banks.
  static constexpr unsigned pitch = digits + (max_waves<Ctx> > 8 ? 32 / max_waves<Ctx> : 0);

  unsigned counts[max_waves<Ctx> * pitch];  ///< of each wave's digits, in rows of `pitch`
  block_scratch<unsigned, Ctx> scan;        ///< of the scan of the counts
};

/// Where each item stands when the block's items are sorted by their digits, 0 to 2^Bits - 1, stably: items of one digit keep the order
/// that they have in wave_striped arrangement. Ranks are 0 to block_size * N - 1.
///
/// In each wave the lanes of equal digits find each other by ballots and one of them counts for all; so a digit can have many more values
/// than where every thread counts for itself, and fewer passes sort a key. The counts, by digit and then by wave, are scanned once.
/// After the ranking in A. Adinets, D. Merrill: Onesweep, 2022.
template <unsigned Bits, kernel_context Ctx, std::size_t N>
CROSSLANE_FN void block_radix_rank(Ctx const& ctx, block_radix_rank_scratch<Bits, Ctx>& scratch, unsigned const (&digits)[N],
                                   unsigned (&ranks)[N], source_location where = source_location::current()) {
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
    w.sync(where);  // the counts of the next item come after these
  }
  ctx.sync_block(where);

  // Entry e of the scanned sequence is digit e / waves in wave e % waves; each thread takes neighbouring ones.
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

/// The bits of a key that are sorted by: begin, begin + 1 ... end - 1, counted from the lowest; others do not matter. The same in all
/// threads.
struct bit_range {
  unsigned begin = 0;  ///< the lowest
  unsigned end = ~0u;  ///< up to the last where it is beyond
};

/// What a sort of keys alone has for values.
struct no_value {};

/// Shared memory of block_sort. Digits of `Bits` bits: more need fewer passes and more memory, 4 bytes for each of 2^Bits values and wave.
/// Measured on an H200, 4 to 8 bits: 8 are fastest, and where a thread has a single key 7.
template <class Key, unsigned N, class Ctx, class Value = no_value, unsigned Bits = (N == 1 ? 7 : 8)>
struct block_sort_scratch {
  using word = typename radix_key<Key>::word;  ///< keys as they are sorted
  block_radix_rank_scratch<Bits, Ctx> rank;    ///< of each pass's ranking
  union {
    block_exchange_scratch<word, N, Ctx> keys;     ///< while keys move
    block_exchange_scratch<Value, N, Ctx> values;  ///< while values move
  };
};

namespace detail {

/// All passes; `exchange_values(exchange)` calls exchange(values) where there are any.
template <sort_order Order, class Ctx, class Key, std::size_t N, class Value, unsigned Bits, class... Values>
CROSSLANE_FN void sort_block(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, Value, Bits>& scratch, Key (&keys)[N],
                             bit_range bits, source_location where, Values&... values) {
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
  // Ranks follow the wave-striped order, callers' items are blocked. Keys that are equal as a whole cannot be told apart.
  if (N > 1 && (has_values || bits.begin != 0 || end != key_bits)) {
    block_exchange<arrangement::blocked, arrangement::wave_striped>(ctx, scratch.keys, words, where);
    if constexpr (has_values) {
      ctx.sync_block(where);  // values have another size than keys: a wave's own part is not the same memory
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

/// Sorts the block's keys, N of each thread, blocked before and after: the thread of rank r gets those of places r * N ... r * N + N - 1.
/// Equal keys keep their order. See radix_key for the order of each type.
template <sort_order Order = sort_order::ascending, kernel_context Ctx, class Key, std::size_t N, unsigned Bits>
CROSSLANE_FN void block_sort(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, no_value, Bits>& scratch, Key (&keys)[N],
                             bit_range bits = {}, source_location where = source_location::current()) {
  detail::sort_block<Order>(ctx, scratch, keys, bits, where);
}

/// The same with a value for each key, which goes where its key goes.
template <sort_order Order = sort_order::ascending, kernel_context Ctx, class Key, std::size_t N, class Value, unsigned Bits>
CROSSLANE_FN void block_sort(Ctx const& ctx, block_sort_scratch<Key, unsigned(N), Ctx, Value, Bits>& scratch, Key (&keys)[N],
                             Value (&values)[N], bit_range bits = {}, source_location where = source_location::current()) {
  detail::sort_block<Order>(ctx, scratch, keys, bits, where, values);
}

}  // namespace crosslane
