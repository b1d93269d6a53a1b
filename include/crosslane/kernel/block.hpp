// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of a whole block, built on those of its waves. All threads of the block must call them. Their scratch is shared memory
/// that the kernel declares; it can be used again after the next ctx.sync_block().
#pragma once

#include <crosslane/kernel/tile.hpp>

namespace crosslane {

/// The most waves that a block of the kernel can have.
template <class Ctx>
inline constexpr unsigned max_waves = ((Ctx::shape::fixed ? Ctx::shape::threads : 1024) + Ctx::wave_size - 1) / Ctx::wave_size;

/// Shared memory of the block operations: one value for each wave.
template <class T, class Ctx>
struct block_scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: values in shared memory are trivially copyable and not initialised");
  T waves[max_waves<Ctx>];
};

namespace detail {

/// What lies in front of this wave, and the whole, from one value per wave.
template <class T>
struct wave_totals {
  T before;  ///< of waves 0 ... wave_rank() - 1; of no meaning in wave 0
  T all;
};

/// Every thread goes through the few values itself: they are read by all lanes at once, and no second barrier is needed.
template <class Ctx, class T, class Op>
CROSSLANE_FN wave_totals<T> fold_waves(Ctx const& ctx, block_scratch<T, Ctx> const& scratch, Op const& op) {
  unsigned const own = ctx.wave_rank(), count = ctx.wave_count();
  T total = scratch.waves[0], before = total;
  for (unsigned w = 1; w < count; ++w) {
    if (w == own) before = total;
    total = op(total, scratch.waves[w]);
  }
  return {before, total};
}

}  // namespace detail

/// The reduction of the values of all threads, for every thread. Operands are combined in the order of ranks.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_reduce(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                            source_location where = source_location::current()) {
  auto const w = wave(ctx);
  T const own = w.reduce(value, op, where);
  if constexpr (max_waves<Ctx> == 1) {
    return own;
  } else {
    if (w.is_leader()) scratch.waves[ctx.wave_rank()] = own;
    ctx.sync_block(where);
    return detail::fold_waves(ctx, scratch, op).all;
  }
}

/// The exclusive scan from `initial`, and the reduction of all values without it.
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN scan_result<T> block_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                       std::type_identity_t<T> const& initial, source_location where = source_location::current()) {
  auto const w = wave(ctx);
  T const inclusive = w.inclusive_scan(value, op, where);
  T const lower = w.shuffle_up(inclusive, 1, where);
  if (w.rank() == w.size() - 1) scratch.waves[ctx.wave_rank()] = inclusive;
  ctx.sync_block(where);
  auto const totals = detail::fold_waves(ctx, scratch, op);
  T const base = ctx.wave_rank() == 0 ? T(initial) : op(initial, totals.before);
  return {w.is_leader() ? base : op(base, lower), totals.all};
}

/// The reduction of the values of ranks 0 ... thread_rank().
template <kernel_context Ctx, class T, class Op>
CROSSLANE_FN T block_inclusive_scan(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op,
                                    source_location where = source_location::current()) {
  auto const w = wave(ctx);
  T const inclusive = w.inclusive_scan(value, op, where);
  if (w.rank() == w.size() - 1) scratch.waves[ctx.wave_rank()] = inclusive;
  ctx.sync_block(where);
  auto const totals = detail::fold_waves(ctx, scratch, op);
  return ctx.wave_rank() == 0 ? inclusive : op(totals.before, inclusive);
}

/// The value of the thread of rank `root`, the same for all.
template <kernel_context Ctx, class T>
CROSSLANE_FN T block_broadcast(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, unsigned root = 0,
                               source_location where = source_location::current()) {
  if (ctx.thread_rank() == root) scratch.waves[0] = value;
  ctx.sync_block(where);
  return scratch.waves[0];
}

}  // namespace crosslane
