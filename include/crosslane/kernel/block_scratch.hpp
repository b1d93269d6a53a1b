// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the waves of a block have to tell each other: a value each, in shared memory, brought together in the order of the waves.
#pragma once

#include <crosslane/kernel/tile.hpp>

namespace crosslane {

/// The most waves that a block of the kernel can have.
template <class Ctx>
inline constexpr unsigned max_waves = (Ctx::shape::max_threads + Ctx::wave_size - 1) / Ctx::wave_size;

/// Shared memory of block operations: one value for each wave.
template <class T, class Ctx>
struct block_scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: values in shared memory are trivially copyable and not initialised");
  static constexpr std::size_t bytes = sizeof(T) * max_waves<Ctx>;  ///< of all waves' values
  /// Aligned so that several are read at once.
  alignas(bytes % 16 == 0 && alignof(T) < 16 ? 16 : alignof(T)) T waves[max_waves<Ctx>];
};

namespace detail {

/// The block has few waves and their number is known: then each thread reads all their values, which costs less than asking other lanes.
/// Measured on an H200: up to 8 waves, for int, float and double.
template <class Ctx>
inline constexpr bool few_waves = Ctx::shape::fixed && max_waves<Ctx> <= 8;

/// What lies in front of this wave, and the whole, from one value per wave.
template <class T>
struct wave_totals {
  T before;  ///< of waves 0 ... wave_rank() - 1; of no meaning in wave 0
  T all;
};

/// The reduction of waves First ... First + Count - 1, as a tree.
template <unsigned First, unsigned Count, class T, class Ctx, class Op>
CROSSLANE_FN T fold_tree(block_scratch<T, Ctx> const& scratch, Op const& op) {
  if constexpr (Count == 1)
    return scratch.waves[First];
  else
    return op(fold_tree<First, Count / 2>(scratch, op), fold_tree<First + Count / 2, Count - Count / 2>(scratch, op));
}

/// The value of the wave that has this lane's rank, for the lanes that have one; for the others one that changes nothing.
template <class T, class Ctx, class Op>
CROSSLANE_FN T value_or_identity(block_scratch<T, Ctx> const& scratch, unsigned lane, unsigned count) {
  return lane < count ? scratch.waves[lane] : identity_of<T, Op>();
}

/// The lanes of a whole wave reduce faster than they scan.
template <class T, class Ctx, class Op>
inline constexpr bool reduces_at_once = [] {
  if constexpr (Ctx::native_type::has_reduce)
    return false;
  else
    return has_identity<T, Op> && Ctx::native_type::template has_reduce_tile<Ctx::wave_size, Ctx::wave_size, T, Op>;
}();

/// The reduction of all values, called by a full wave.
template <class Ctx, class T, class Op>
CROSSLANE_FN T reduce_waves(Ctx const& ctx, block_scratch<T, Ctx> const& scratch, Op const& op, source_location where) {
  constexpr unsigned most = max_waves<Ctx>, at_once = 4;
  auto const w = wave(ctx);
  unsigned const count = ctx.wave_count();
  if constexpr (reduces_at_once<T, Ctx, Op>) {
    return w.reduce(value_or_identity<T, Ctx, Op>(scratch, w.rank(), count), op, where);
  } else if constexpr (Ctx::shape::fixed && most > at_once && (most & (most - 1)) == 0) {
    // Each lane takes four neighbouring values, which are one access, so that fewer steps between lanes remain.
    constexpr unsigned lanes = most / at_once;
    T const* const mine = scratch.waves + w.rank() % lanes * at_once;
    return w.template reduce_parts<lanes>(op(op(mine[0], mine[1]), op(mine[2], mine[3])), op, where);
  } else {
    // A lane's scan depends on the lanes below it alone: what those above `count` hold does not matter.
    T const scan = w.inclusive_scan(scratch.waves[w.rank() < count ? w.rank() : 0], op, where);
    return w.broadcast(scan, count - 1, where);
  }
}

/// Called by all threads of the block.
template <class Ctx, class T, class Op>
CROSSLANE_FN wave_totals<T> scan_waves(Ctx const& ctx, block_scratch<T, Ctx>& scratch, Op const& op, source_location where) {
  auto const w = wave(ctx);
  unsigned const own = ctx.wave_rank(), count = ctx.wave_count();
  if constexpr (few_waves<Ctx>) {
    T total = scratch.waves[0], before = total;
    for (unsigned i = 1; i < count; ++i) {
      if (i == own) before = total;
      total = op(total, scratch.waves[i]);
    }
    return {before, total};
  } else if constexpr (reduces_at_once<T, Ctx, Op> && decltype(w)::always_full) {
    return {w.reduce(value_or_identity<T, Ctx, Op>(scratch, w.rank(), own), op, where),
            w.reduce(value_or_identity<T, Ctx, Op>(scratch, w.rank(), count), op, where)};
  } else {
    // One wave for all: it is full where there are others.
    if (own == 0) {
      T const scan = w.inclusive_scan(scratch.waves[w.rank() < count ? w.rank() : 0], op, where);
      w.sync(where);  // its lanes have read
      if (w.rank() < count) scratch.waves[w.rank()] = scan;
    }
    ctx.sync_block(where);
    return {scratch.waves[own == 0 ? 0 : own - 1], scratch.waves[count - 1]};
  }
}

}  // namespace detail

/// The value of the thread of rank `root`, the same for all. All threads of the block must call it; the scratch can be used again after
/// the next ctx.sync_block().
template <kernel_context Ctx, class T>
CROSSLANE_FN T block_broadcast(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, unsigned root = 0,
                               source_location where = source_location::current()) {
  if (ctx.thread_rank() == root) scratch.waves[0] = value;
  ctx.sync_block(where);
  return scratch.waves[0];
}

}  // namespace crosslane
