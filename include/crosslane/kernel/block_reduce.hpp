// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions over all threads of a block. All of them must call it; the scratch, shared memory that the kernel declares, can be used
/// again after the next ctx.sync_block(). Operands are combined in the order of the threads' ranks, by any associative operator.
#pragma once

#include <crosslane/kernel/block_scratch.hpp>

#include <concepts>

namespace crosslane {

/// Shared memory of reductions in which a value of each thread has room: with it an operator that the library knows to be commutative on
/// its type costs the fewest instructions, since one wave brings the values of all together. Other operators take it as a block_scratch.
template <class T, class Ctx>
union block_reduce_scratch {
  /// Threads beyond the first wave, at most.
  static constexpr unsigned others = Ctx::shape::max_threads > Ctx::wave_size ? Ctx::shape::max_threads - Ctx::wave_size : 1;
  T threads[others];            ///< of all waves but the first
  block_scratch<T, Ctx> waves;  ///< for operators that are not known to be commutative
};

namespace detail {

/// The reduction of the values that the lanes of rank `lane` of waves First + 1 ... First + Count hold, as a tree.
template <unsigned First, unsigned Count, class T, class Ctx, class Op>
CROSSLANE_FN T fold_threads(block_reduce_scratch<T, Ctx> const& scratch, unsigned lane, Op const& op) {
  if constexpr (Count == 1)
    return scratch.threads[First * Ctx::wave_size + lane];
  else
    return op(fold_threads<First, Count / 2>(scratch, lane, op), fold_threads<First + Count / 2, Count - Count / 2>(scratch, lane, op));
}

/// For the leader alone or, through the memory, `ForAll`.
template <bool ForAll, class Ctx, class T, class Op>
CROSSLANE_FN T reduce_block(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op, source_location where) {
  auto const w = wave(ctx);
  T result = w.reduce(value, op, where);
  if constexpr (max_waves<Ctx> > 1) {
    if (w.is_leader()) scratch.waves[ctx.wave_rank()] = result;
    ctx.sync_block(where);
    if constexpr (few_waves<Ctx>) {
      result = fold_tree<0, max_waves<Ctx>>(scratch, op);  // without a branch, though it may concern one thread
    } else {
      if (ctx.wave_rank() == 0 && ctx.wave_count() > 1) {
        result = reduce_waves(ctx, scratch, op, where);
        if constexpr (ForAll) {
          w.sync(where);  // its lanes have read
          if (w.is_leader()) scratch.waves[0] = result;
        }
      }
      if constexpr (ForAll) {
        ctx.sync_block(where);
        result = scratch.waves[0];
      }
    }
  }
  return result;
}

template <bool ForAll, class Ctx, class T, class Op>
CROSSLANE_FN T reduce_block(Ctx const& ctx, block_reduce_scratch<T, Ctx>& scratch, T const& value, Op const& op, source_location where) {
  if constexpr (max_waves<Ctx> == 1 || !is_commutative<T, Op>) {
    return reduce_block<ForAll>(ctx, scratch.waves, value, op, where);
  } else {
    constexpr unsigned width = Ctx::wave_size;
    unsigned const rank = ctx.thread_rank();
    if (rank >= width) scratch.threads[rank - width] = value;
    ctx.sync_block(where);
    T result = value;
    if (rank < width) {
      if constexpr (Ctx::shape::fixed && Ctx::shape::threads % width == 0)
        result = op(result, fold_threads<0, max_waves<Ctx> - 1>(scratch, rank, op));
      else
        for (unsigned i = rank; i + width < ctx.block_size(); i += width) result = op(result, scratch.threads[i]);
      auto const w = wave(ctx);
      result = w.reduce(result, op, where);
      if constexpr (ForAll) {
        w.sync(where);  // its lanes have read
        if (rank == 0) scratch.threads[0] = result;
      }
    }
    if constexpr (ForAll) {
      ctx.sync_block(where);
      result = scratch.threads[0];
    }
    return result;
  }
}

/// What reductions take as their memory.
template <class S, class T, class Ctx>
concept reduce_scratch = std::same_as<S, block_scratch<T, Ctx>> || std::same_as<S, block_reduce_scratch<T, Ctx>>;

}  // namespace detail

/// The reduction of the values of all threads, for the thread of rank 0 alone; what the others get means nothing. Costs one barrier.
template <kernel_context Ctx, class T, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce_to_leader(Ctx const& ctx, Scratch& scratch, T const& value, Op const& op,
                                      source_location where = source_location::current()) {
  return detail::reduce_block<false>(ctx, scratch, value, op, where);
}

/// The reduction of the values of all threads, for every thread. With a block_scratch it costs one barrier where the block size is fixed
/// and its waves are few, and is then the fastest; else two: one wave brings the values together for all, since if each did they would be
/// in each other's way. With a block_reduce_scratch it costs two barriers and the fewest instructions.
template <kernel_context Ctx, class T, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce(Ctx const& ctx, Scratch& scratch, T const& value, Op const& op,
                            source_location where = source_location::current()) {
  return detail::reduce_block<true>(ctx, scratch, value, op, where);
}

/// The same over N values of each thread; those of a thread are neighbours.
template <kernel_context Ctx, class T, std::size_t N, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce(Ctx const& ctx, Scratch& scratch, T const (&values)[N], Op const& op,
                            source_location where = source_location::current()) {
  T own = values[0];
  for (std::size_t i = 1; i < N; ++i) own = op(own, values[i]);
  return block_reduce(ctx, scratch, own, op, where);
}

}  // namespace crosslane
