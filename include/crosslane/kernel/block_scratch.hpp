// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Shared memory of block operations: one value for each wave, combined in the order of the waves.
#pragma once

#include <crosslane/kernel/tile.hpp>

namespace crosslane {

/// The largest number of waves in a block of the kernel.
template <class Ctx>
inline constexpr unsigned max_waves = (Ctx::shape::max_threads + Ctx::wave_size - 1) / Ctx::wave_size;

/// Shared memory of block operations, with one value for each wave.
template <class T, class Ctx>
struct block_scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: values in shared memory must be trivially copyable and have a trivial default constructor");
  static constexpr std::size_t bytes = sizeof(T) * max_waves<Ctx>;  ///< size of the values of all waves
  /// The values, aligned so that one access reads several.
  alignas(bytes % 16 == 0 && alignof(T) < 16 ? 16 : alignof(T)) T waves[max_waves<Ctx>];
};

namespace detail {

/// Whether a block has a known and small number of waves. Each thread then reads the values of all waves, which costs less than exchanges
/// between lanes. Measured on an H200: that holds up to 8 waves, for int, float and double.
template <class Ctx>
inline constexpr bool few_waves = Ctx::shape::fixed && max_waves<Ctx> <= 8;

/// The reduction of the waves before the calling one, and of all waves.
template <class T>
struct wave_totals {
  T before;  ///< reduction of waves 0 ... wave_rank() - 1, meaningless in wave 0
  T all;
};

/// Returns the reduction of a thread's values.
template <class T, std::size_t N, class Op>
CROSSLANE_FN T reduce_items(T const (&values)[N], Op const& op) {
  T result = values[0];
  for (std::size_t i = 1; i < N; ++i) result = op(result, values[i]);
  return result;
}

/// Returns the reduction of waves First ... First + Count - 1, as a tree.
template <unsigned First, unsigned Count, class T, class Ctx, class Op>
CROSSLANE_FN T fold_tree(block_scratch<T, Ctx> const& scratch, Op const& op) {
  if constexpr (Count == 1)
    return scratch.waves[First];
  else
    return op(fold_tree<First, Count / 2>(scratch, op), fold_tree<First + Count / 2, Count - Count / 2>(scratch, op));
}

/// Returns the value of wave `lane`, or the identity of Op if there is no such wave.
template <class T, class Ctx, class Op>
CROSSLANE_FN T value_or_identity(block_scratch<T, Ctx> const& scratch, unsigned lane, unsigned count) {
  return lane < count ? scratch.waves[lane] : identity_of<T, Op>();
}

/// Whether the lanes of a whole wave reduce faster than they scan.
template <class T, class Ctx, class Op>
inline constexpr bool reduces_at_once = [] {
  if constexpr (Ctx::native_type::has_reduce)
    return false;
  else
    return has_identity<T, Op> && Ctx::native_type::template has_reduce_tile<Ctx::wave_size, Ctx::wave_size, T, Op>;
}();

/// Returns the reduction of all values. All lanes of a full wave must call it.
template <class Ctx, class T, class Op>
CROSSLANE_FN T reduce_waves(Ctx const& ctx, block_scratch<T, Ctx> const& scratch, Op const& op, source_location where) {
  constexpr unsigned most = max_waves<Ctx>, at_once = 4;
  auto const w = wave(ctx);
  unsigned const count = ctx.wave_count();
  if constexpr (reduces_at_once<T, Ctx, Op>) {
    return w.reduce(value_or_identity<T, Ctx, Op>(scratch, w.rank(), count), op, where);
  } else if constexpr (Ctx::shape::fixed && most > at_once && (most & (most - 1)) == 0) {
    // Each lane takes four neighbouring values by one access, so fewer steps between lanes remain.
    constexpr unsigned lanes = most / at_once;
    T const* const mine = scratch.waves + w.rank() % lanes * at_once;
    return w.template reduce_parts<lanes>(op(op(mine[0], mine[1]), op(mine[2], mine[3])), op, where);
  } else {
    // The scan of a lane depends only on lower lanes, so the values of lanes from `count` on do not matter.
    T const scan = w.inclusive_scan(scratch.waves[w.rank() < count ? w.rank() : 0], op, where);
    return w.broadcast(scan, count - 1, where);
  }
}

/// Returns the reductions of the lower waves and of all waves. All threads of the block must call it.
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
    // The first wave scans for all. It is full if there are other waves.
    if (own == 0) {
      T const scan = w.inclusive_scan(scratch.waves[w.rank() < count ? w.rank() : 0], op, where);
      w.sync(where);  // all lanes of the wave have read the scratch
      if (w.rank() < count) scratch.waves[w.rank()] = scan;
    }
    ctx.sync_block(where);
    return {scratch.waves[own == 0 ? 0 : own - 1], scratch.waves[count - 1]};
  }
}

}  // namespace detail

/// Returns the value of the thread of rank `root` to all threads. All threads of the block must call it, with the same `root`. The scratch
/// can be used again after the next ctx.sync_block(). It costs one barrier of the block.
///
///   xl::block_scratch<float, Ctx> scratch;  // in the kernel's shared struct
///   ...
///   float const first = xl::block_broadcast(ctx, s.scratch, value);
template <kernel_context Ctx, class T>
CROSSLANE_FN T block_broadcast(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, unsigned root = 0,
                               source_location where = source_location::current()) {
  detail::expect_same(ctx, "root", root, where);
  detail::expect_same(ctx, "scratch", &scratch, where);
  if (ctx.thread_rank() == root) scratch.waves[0] = value;
  ctx.sync_block(where);
  return scratch.waves[0];
}

}  // namespace crosslane
