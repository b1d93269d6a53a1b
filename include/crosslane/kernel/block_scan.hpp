// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans over all threads of a block. All threads of the block must call them, at the same place. Operators are associative. Operands are
/// combined in the order of the threads' ranks. With N values of each thread, `T (&values)[N]`, the values of a thread are neighbours in
/// this order, and the scan replaces them. The kernel declares the scratch in its shared memory; it can be used again after the next
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
  expect_same(ctx, "scratch", &scratch, where);
  auto const w = wave(ctx);
  T const inclusive = w.inclusive_scan(value, op, where);
  if (w.rank() == w.size() - 1) scratch.waves[ctx.wave_rank()] = inclusive;
  T lower = inclusive;
  if constexpr (NeedsLower) lower = w.shuffle_up(inclusive, 1, where);
  ctx.sync_block(where);
  return {inclusive, lower, scan_waves(ctx, scratch, op, where)};
}

/// Returns the reduction of `initial` and the values of the lower ranks.
template <class Ctx, class T, class Op>
CROSSLANE_FN T reduce_lower(Ctx const& ctx, block_scan_parts<T> const& parts, Op const& op, T const& initial) {
  T const base = ctx.wave_rank() == 0 ? initial : op(initial, parts.waves.before);
  return ctx.lane_rank() == 0 ? base : op(base, parts.lower);
}
/// Returns the reduction of the values of the lower ranks. Rank 0 gets its own value.
template <class Ctx, class T, class Op>
CROSSLANE_FN T reduce_lower(Ctx const& ctx, block_scan_parts<T> const& parts, Op const& op) {
  if (ctx.wave_rank() == 0) return parts.lower;
  return ctx.lane_rank() == 0 ? parts.waves.before : op(parts.waves.before, parts.lower);
}

/// Replaces each of a thread's values from `Begin` on by the reduction of `running` and the values before it, from `Begin` on.
template <std::size_t Begin, class T, std::size_t N, class Op>
CROSSLANE_FN void scan_items(T (&values)[N], T running, Op const& op) {
  for (std::size_t i = Begin; i < N; ++i) {
    T const value = values[i];
    values[i] = running;
    if (i + 1 < N) running = op(running, value);
  }
}

}  // namespace detail

/// Returns the reduction of `initial` and the values of ranks 0 ... thread_rank() - 1, in this order, and the reduction of all values
/// without `initial`.
///
///   xl::block_scratch<unsigned, Ctx> scratch;  // in the kernel's shared struct
///   ...
///   auto const [prefix, total] = xl::block_exclusive_scan_and_total(ctx, s.scratch, count, xl::plus{}, 0u);
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_exclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                                           std::type_identity_t<T> const& initial,
                                                           source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  return {detail::reduce_lower(ctx, parts, op, initial), parts.waves.all};
}
/// Returns the reduction of the values of ranks 0 ... thread_rank() - 1, and the reduction of all values. The prefix of rank 0 is its own
/// value.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_exclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                                           source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, value, op, where);
  return {detail::reduce_lower(ctx, parts, op), parts.waves.all};
}
/// Returns the reduction of the values of ranks 0 ... thread_rank(), and the reduction of all values.
///
///   auto const [end, total] = xl::block_inclusive_scan_and_total(ctx, s.scratch, count, xl::plus{});
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_inclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                                           source_location where = source_location::current()) {
  auto const parts = detail::scan_block<false>(ctx, scratch, value, op, where);
  return {ctx.wave_rank() == 0 ? parts.inclusive : op(parts.waves.before, parts.inclusive), parts.waves.all};
}

/// Returns the reduction of `initial` and the values of ranks 0 ... thread_rank() - 1, in this order.
///
///   unsigned const first = xl::block_exclusive_scan(ctx, s.scratch, count, xl::plus{}, 0u);
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  return block_exclusive_scan_and_total(ctx, scratch, value, op, initial, where).prefix;
}
/// Returns the reduction of the values of ranks 0 ... thread_rank() - 1. Rank 0 gets its own value.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  return block_exclusive_scan_and_total(ctx, scratch, value, op, where).prefix;
}
/// Returns the reduction of the values of ranks 0 ... thread_rank().
///
///   unsigned const end = xl::block_inclusive_scan(ctx, s.scratch, count, xl::plus{});
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  return block_inclusive_scan_and_total(ctx, scratch, value, op, where).prefix;
}

// --- scans in place of N values of each thread ---

/// Replaces each value by its exclusive scan with `initial`. Returns the reduction of all values without `initial`.
///
///   unsigned counts[4];
///   xl::block_load<xl::arrangement::blocked>(ctx, piece, counts);
///   unsigned const total = xl::block_exclusive_scan_and_total(ctx, s.scratch, counts, xl::plus{}, 0u);
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN T block_exclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                              std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, detail::reduce_items(values, op), op, where);
  detail::scan_items<0>(values, detail::reduce_lower(ctx, parts, op, initial), op);
  return parts.waves.all;
}
/// Replaces each value by its exclusive scan; the first value of rank 0 stays. Returns the reduction of all values.
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN T block_exclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                              source_location where = source_location::current()) {
  auto const parts = detail::scan_block<true>(ctx, scratch, detail::reduce_items(values, op), op, where);
  T running = values[0];
  if (ctx.thread_rank() != 0) {
    values[0] = detail::reduce_lower(ctx, parts, op);
    running = op(values[0], running);
  }
  detail::scan_items<1>(values, running, op);
  return parts.waves.all;
}
/// Replaces each value by its inclusive scan. Returns the reduction of all values.
///
///   unsigned const total = xl::block_inclusive_scan_and_total(ctx, s.scratch, counts, xl::plus{});
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN T block_inclusive_scan_and_total(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                              source_location where = source_location::current()) {
  for (std::size_t i = 1; i < N; ++i) values[i] = op(values[i - 1], values[i]);
  auto const parts = detail::scan_block<true>(ctx, scratch, values[N - 1], op, where);
  if (ctx.thread_rank() != 0) {
    T const lower = detail::reduce_lower(ctx, parts, op);
    for (std::size_t i = 0; i < N; ++i) values[i] = op(lower, values[i]);
  }
  return parts.waves.all;
}

/// Replaces each value by its exclusive scan with `initial`.
///
///   unsigned counts[4];
///   xl::block_load<xl::arrangement::blocked>(ctx, piece, counts);
///   xl::block_exclusive_scan(ctx, s.scratch, counts, xl::plus{}, 0u);
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN void block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                       std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  block_exclusive_scan_and_total(ctx, scratch, values, op, initial, where);
}
/// Replaces each value by its exclusive scan; the first value of rank 0 stays.
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN void block_exclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                       source_location where = source_location::current()) {
  block_exclusive_scan_and_total(ctx, scratch, values, op, where);
}
/// Replaces each value by its inclusive scan.
///
///   xl::block_inclusive_scan(ctx, s.scratch, counts, xl::plus{});
template <kernel_context Ctx, class T, std::size_t N, class Op>
CROSSLANE_FN void block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T (&values)[N], Op const& op,
                                       source_location where = source_location::current()) {
  block_inclusive_scan_and_total(ctx, scratch, values, op, where);
}

}  // namespace crosslane
