// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans over all threads of a block. All of them must call it; the scratch, shared memory that the kernel declares, can be used again
/// after the next ctx.sync_block(). Operands are combined in the order of the threads' ranks, by any associative operator.
#pragma once

#include <crosslane/kernel/block_scratch.hpp>

namespace crosslane {
namespace detail {

/// The parts that every scan is made of.
template <class T>
struct block_scan_parts {
  T inclusive;  ///< within the wave
  T lower;      ///< of the wave's lanes below, where asked for; of no meaning in its first
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

/// The exclusive scan from `initial`, and the reduction of all values without it.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                       std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  T const base = ctx.wave_rank() == 0 ? T(initial) : op(initial, parts.waves.before);
  return {ctx.lane_rank() == 0 ? base : op(base, parts.lower), parts.waves.all};
}

/// initial op the values of ranks 0 ... thread_rank() - 1.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  return block_scan(ctx, scratch, value, op, initial, where).prefix;
}
/// The same without an initial value: rank 0 gets back its own value.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  if (ctx.wave_rank() == 0) return parts.lower;
  return ctx.lane_rank() == 0 ? parts.waves.before : op(parts.waves.before, parts.lower);
}

/// The reduction of the values of ranks 0 ... thread_rank().
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  auto const parts = detail::scan_block<false>(ctx, scratch, value, op, where);
  return ctx.wave_rank() == 0 ? parts.inclusive : op(parts.waves.before, parts.inclusive);
}

// --- N values of each thread, scanned in place; those of a thread are neighbours ---

/// Exclusive, from `initial`. Returns the reduction of all values without it.
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

/// Inclusive. Returns the reduction of all values.
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
