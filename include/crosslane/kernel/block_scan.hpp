// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans over all threads of a block. All threads of the block must call them, at the same place. Operators are associative. Operands are
/// combined in the order of the threads' ranks. The kernel declares the scratch in its shared memory; it can be used again after the next
/// ctx.sync_block(). A scan costs one barrier of the block if the block size is fixed and a block has at most 8 waves, otherwise at most
/// two.
#pragma once

#include <crosslane/kernel/block_scratch.hpp>

namespace crosslane {
namespace detail {

/// The parts of which every scan is made.
template <class T>
struct block_scan_parts {
  T inclusive;  ///< inclusive scan within the wave
  T lower;      ///< if NeedsLower: reduction of the lower lanes of the wave, meaningless in its first lane
  wave_totals<T> waves;
};

template <bool NeedsLower, class Ctx, class T, class Op>
CROSSLANE_FN block_scan_parts<T> scan_block(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                            source_location where) {
  auto const w = wave(ctx);
  T const inclusive = w.inclusive_scan(value, op, where);
  if (w.rank() == w.size() - 1) scratch.waves[ctx.wave_rank()] = inclusive;
  T lower = inclusive;
  if constexpr (NeedsLower) lower = w.shuffle_up(inclusive, 1, where);
  ctx.sync_block(where);
  return {inclusive, lower, scan_waves(ctx, scratch, op, where)};
}

}  // namespace detail

/// Returns the exclusive scan with `initial`, and the reduction of all values without `initial`.
///
///   xl::block_scratch<unsigned, Ctx> scratch;  // in the kernel's shared struct
///   ...
///   auto const [prefix, total] = xl::block_scan(ctx, s.scratch, count, xl::plus{}, 0u);
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                       std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  T const base = ctx.wave_rank() == 0 ? T(initial) : op(initial, parts.waves.before);
  return {ctx.lane_rank() == 0 ? base : op(base, parts.lower), parts.waves.all};
}

/// Returns the reduction of `initial` and the values of ranks 0 ... thread_rank() - 1, in this order.
///
///   unsigned const first = xl::block_exclusive_scan(ctx, s.scratch, count, xl::plus{}, 0u);
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  return block_scan(ctx, scratch, value, op, initial, where).prefix;
}
/// Returns the reduction of the values of ranks 0 ... thread_rank() - 1. Rank 0 gets its own value.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  if (ctx.wave_rank() == 0) return parts.lower;
  return ctx.lane_rank() == 0 ? parts.waves.before : op(parts.waves.before, parts.lower);
}

/// Returns the reduction of the values of ranks 0 ... thread_rank().
///
///   unsigned const end = xl::block_inclusive_scan(ctx, s.scratch, count, xl::plus{});
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  auto const parts = detail::scan_block<false>(ctx, scratch, value, op, where);
  return ctx.wave_rank() == 0 ? parts.inclusive : op(parts.waves.before, parts.inclusive);
}

// --- scans in place of N values of each thread; the values of a thread are neighbours in the order of the operands ---

/// Replaces each value by its exclusive scan with `initial`. Returns the reduction of all values without `initial`.
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                    std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  T own = values[0];
  for (std::size_t i = 1; i < N; ++i) own = op(own, values[i]);
  auto const [prefix, total] = block_scan(ctx, scratch, own, op, initial, where);
  T running = prefix;
  for (std::size_t i = 0; i < N; ++i) {
    T const value = values[i];
    values[i] = running;
    running = op(running, value);
  }
  return total;
}

/// Replaces each value by its inclusive scan. Returns the reduction of all values.
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN T block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                    source_location where = source_location::current()) {
  for (std::size_t i = 1; i < N; ++i) values[i] = op(values[i - 1], values[i]);
  auto const parts = detail::scan_block<true>(ctx, scratch, values[N - 1], op, where);
  if (ctx.thread_rank() != 0) {
    T const prefix = ctx.wave_rank() == 0 ? parts.lower : ctx.lane_rank() == 0 ? parts.waves.before : op(parts.waves.before, parts.lower);
    for (std::size_t i = 0; i < N; ++i) values[i] = op(prefix, values[i]);
  }
  return parts.waves.all;
}

}  // namespace crosslane
