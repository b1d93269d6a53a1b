// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions over all threads of a block. All threads of the block must call them, at the same place. Operators are associative. Operands
/// are combined in the order of the threads' ranks. The kernel declares the scratch in its shared memory; it can be used again after the
/// next ctx.sync_block().
#pragma once

#include <crosslane/kernel/block_scratch.hpp>

#include <concepts>

namespace crosslane {

/// Shared memory of reductions, with room for a value of each thread beyond the first wave. If the library knows that the operator is
/// commutative on its type, the first wave combines all values, which costs the fewest instructions. Other operators use it as a
/// block_scratch.
template <class T, class Ctx>
union block_reduce_scratch {
  /// The most threads that a block can have beyond its first wave.
  static constexpr unsigned others = Ctx::shape::max_threads > Ctx::wave_size ? Ctx::shape::max_threads - Ctx::wave_size : 1;
  T threads[others];            ///< values of the threads of all waves but the first
  block_scratch<T, Ctx> waves;  ///< for operators that are not known to be commutative
};

namespace detail {

/// Returns the reduction of the values of lane `lane` of waves First + 1 ... First + Count, as a tree.
template <unsigned First, unsigned Count, class T, class Ctx, class Op>
CROSSLANE_FN T fold_threads(block_reduce_scratch<T, Ctx> const& scratch, unsigned lane, Op const& op) {
  if constexpr (Count == 1)
    return scratch.threads[First * Ctx::wave_size + lane];
  else
    return op(fold_threads<First, Count / 2>(scratch, lane, op), fold_threads<First + Count / 2, Count - Count / 2>(scratch, lane, op));
}

/// Returns the reduction to the thread of rank 0 or, if `ForAll`, through shared memory to all threads.
template <bool ForAll, class Ctx, class T, class Op>
CROSSLANE_FN T reduce_block(Ctx const& ctx, block_scratch<T, Ctx>& scratch, T const& value, Op const& op, source_location where) {
  expect_same(ctx, "scratch", &scratch, where);
  auto const w = wave(ctx);
  T result = w.reduce(value, op, where);
  if constexpr (max_waves<Ctx> > 1) {
    if (w.is_leader()) scratch.waves[ctx.wave_rank()] = result;
    ctx.sync_block(where);
    if constexpr (few_waves<Ctx>) {
      result = fold_tree<0, max_waves<Ctx>>(scratch, op);  // no branch, though only one thread may need the result
    } else {
      if (ctx.wave_rank() == 0 && ctx.wave_count() > 1) {
        result = reduce_waves(ctx, scratch, op, where);
        if constexpr (ForAll) {
          w.sync(where);  // all lanes of the wave have read the scratch
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
    expect_same(ctx, "scratch", &scratch, where);
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
        w.sync(where);  // all lanes of the wave have read the scratch
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

/// Returns the result of the thread of rank 0. On the host the other threads get a value that no test takes for the right one: the bytes
/// 0xfb, 0xff, 0xfb, ..., a NaN for floating-point numbers; the opposite for bool.
template <class Ctx, class T>
CROSSLANE_FN T for_leader([[maybe_unused]] Ctx const& ctx, T result) {
  if constexpr (Ctx::native_type::spoils_results) {
    if (ctx.thread_rank() != 0) {
      if constexpr (std::same_as<T, bool>)
        result = !result;
      else
        for (std::size_t i = 0; i < sizeof(T); ++i) reinterpret_cast<unsigned char*>(&result)[i] = i % 2 == 0 ? 0xfb : 0xff;
    }
  }
  return result;
}

/// The types that reductions take as scratch.
template <class S, class T, class Ctx>
concept reduce_scratch = std::same_as<S, block_scratch<T, Ctx>> || std::same_as<S, block_reduce_scratch<T, Ctx>>;

}  // namespace detail

/// Returns the reduction of the values of all threads to the thread of rank 0. The result of the other threads is meaningless: on
/// the host it has the bytes 0xfb 0xff 0xfb ..., which is a NaN for floating-point numbers. It costs one barrier of the block, or none if
/// the largest block of the kernel is one wave.
///
///   xl::block_scratch<float, Ctx> scratch;  // in the kernel's shared struct
///   ...
///   float const sum = xl::block_reduce_to_leader(ctx, s.scratch, value, xl::plus{});
///   if (ctx.thread_rank() == 0) sums[ctx.block_index()] = sum;
template <kernel_context Ctx, class T, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce_to_leader(Ctx const& ctx, Scratch& scratch, T const& value, Op const& op,
                                      source_location where = source_location::current()) {
  return detail::for_leader(ctx, detail::reduce_block<false>(ctx, scratch, value, op, where));
}

/// Returns the reduction of the values of all threads to every thread.
///
/// With a block_scratch it costs one barrier, and is then the fastest way, if the block size is fixed and a block has at most 8 waves.
/// Otherwise it costs two barriers: the first wave combines the values of the waves, because all waves at once would delay each other. With
/// a block_reduce_scratch and an operator that the library knows to be commutative it costs two barriers and the fewest instructions. It
/// costs no barrier if the largest block of the kernel is one wave.
///
///   xl::block_scratch<float, Ctx> scratch;  // in the kernel's shared struct
///   ...
///   float const sum = xl::block_reduce(ctx, s.scratch, value, xl::plus{});
template <kernel_context Ctx, class T, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce(Ctx const& ctx, Scratch& scratch, T const& value, Op const& op,
                            source_location where = source_location::current()) {
  return detail::reduce_block<true>(ctx, scratch, value, op, where);
}

/// Returns the reduction of N values of each thread to every thread. The N values of a thread are neighbours in the order of the operands.
/// The cost is that of block_reduce() of one value, after N - 1 operations in each thread.
///
///   float items[4];
///   xl::block_load<xl::arrangement::blocked>(ctx, piece, items);
///   float const sum = xl::block_reduce(ctx, s.scratch, items, xl::plus{});
template <kernel_context Ctx, class T, std::size_t N, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce(Ctx const& ctx, Scratch& scratch, T const (&values)[N], Op const& op,
                            source_location where = source_location::current()) {
  return detail::reduce_block<true>(ctx, scratch, detail::reduce_items(values, op), op, where);
}
/// Returns the reduction of N values of each thread to the thread of rank 0, like block_reduce_to_leader() of one value.
template <kernel_context Ctx, class T, std::size_t N, class Op, detail::reduce_scratch<T, Ctx> Scratch>
CROSSLANE_FN T block_reduce_to_leader(Ctx const& ctx, Scratch& scratch, T const (&values)[N], Op const& op,
                                      source_location where = source_location::current()) {
  return detail::for_leader(ctx, detail::reduce_block<false>(ctx, scratch, detail::reduce_items(values, op), op, where));
}

}  // namespace crosslane
