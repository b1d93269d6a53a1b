// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Stream compaction by hand, in three kernels: count the kept elements of each block, scan the counts, write the elements in their order.
#pragma once

#include <crosslane/crosslane.hpp>

#include <cstddef>
#include <cstdint>

namespace compaction {

namespace xl = crosslane;

inline constexpr auto block = xl::block_size<256>;
inline constexpr unsigned rounds = 8;                     // elements of a thread
inline constexpr unsigned block_elements = 256 * rounds;  // adjacent elements of a block; the last block may have fewer

/// Returns the index of the thread's element in each round. A wave takes adjacent elements, in each round one for each lane. The order of
/// the elements is therefore by wave, then by round, then by lane.
template <xl::kernel_context Ctx>
CROSSLANE_FN std::size_t element(Ctx const& ctx, unsigned round) {
  std::size_t const wave = ctx.block_rank() * ctx.wave_count() + ctx.wave_rank();
  return (wave * rounds + round) * Ctx::wave_size + ctx.lane_rank();
}

/// counts [blocks] = the number of elements of `in` that each block keeps. Grid: blocks of block_elements.
template <class Predicate>
struct count_kept {
  static constexpr auto block = compaction::block;

  template <class Ctx>
  struct shared {
    xl::block_scratch<unsigned, Ctx> reduce;
  };

  Predicate keep;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, xl::span<unsigned> counts) const {
    unsigned kept = 0;
    for (unsigned r = 0; r < rounds; ++r)
      if (auto const i = element(ctx, r); i < in.size() && keep(in[i])) ++kept;
    kept = xl::block_reduce(ctx, s.reduce, kept, xl::plus{});
    if (ctx.thread_rank() == 0) counts[ctx.block_index()] = kept;
  }
};

/// offsets [blocks + 1] = the sum of the counts before each block; the last element is the total. Grid: one block.
struct scan_counts {
  static constexpr auto block = compaction::block;

  template <class Ctx>
  struct shared {
    xl::block_scratch<std::uint64_t, Ctx> scan;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> counts, xl::span<std::uint64_t> offsets) const {
    std::uint64_t before = 0;
    for (std::size_t first = 0; first < counts.size(); first += ctx.block_size()) {  // all threads take the same rounds
      std::size_t const i = first + ctx.thread_rank();
      std::uint64_t const count = i < counts.size() ? counts[i] : 0;
      auto const scan = xl::block_exclusive_scan_and_total(ctx, s.scan, count, xl::plus{}, before);
      if (i < counts.size()) offsets[i] = scan.prefix;
      before += scan.total;
      ctx.sync_block();  // the scratch is used again
    }
    if (ctx.thread_rank() == 0) offsets[counts.size()] = before;
  }
};

/// out [kept] = the elements of `in` for which the predicate is true, in their order. Grid: as in count_kept.
template <class Predicate>
struct scatter_kept {
  static constexpr auto block = compaction::block;

  template <class Ctx>
  struct shared {
    xl::block_scratch<unsigned, Ctx> scan;
  };

  Predicate keep;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, xl::span<std::uint64_t const> offsets,
                               xl::span<float> out) const {
    auto const wave = xl::wave(ctx);
    float value[rounds];
    xl::lane_mask<Ctx::wave_size> kept[rounds];  // lanes that keep their element of the round
    unsigned kept_by_wave = 0;
    for (unsigned r = 0; r < rounds; ++r) {
      auto const i = element(ctx, r);
      value[r] = i < in.size() ? in[i] : 0;
      kept[r] = wave.ballot(i < in.size() && keep(value[r]));
      kept_by_wave += kept[r].count();
    }
    // One lane of each wave takes part in the block's scan and broadcasts the number of elements before its wave.
    auto const scan = xl::block_exclusive_scan_and_total(ctx, s.scan, wave.is_leader() ? kept_by_wave : 0, xl::plus{}, 0);
    std::size_t to = offsets[ctx.block_index()] + wave.broadcast(scan.prefix);
    for (unsigned r = 0; r < rounds; ++r) {
      if (kept[r].test(ctx.lane_rank())) out[to + kept[r].rank(ctx.lane_rank())] = value[r];
      to += kept[r].count();
    }
  }
};

}  // namespace compaction
