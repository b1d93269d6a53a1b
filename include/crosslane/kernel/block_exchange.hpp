// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Rearranging the items of a block among its threads. All threads of the block must call; the scratch, shared memory that the kernel
/// declares, can be used again after the next ctx.sync_block().
#pragma once

#include <crosslane/kernel/tile.hpp>

namespace crosslane {

/// Where item i of a thread's N stands in the order of the block's items. r is the thread's rank, l and w those of its lane and wave.
enum class arrangement : unsigned char {
  blocked,       ///< r * N + i: a thread's items are neighbours
  striped,       ///< i * block_size + r: threads' items are neighbours
  wave_striped,  ///< (w * N + i) * wave_size + l: striped within each wave. In a partial last wave by its own size
};

/// Position of item `i` of the calling thread in the order of the block.
template <arrangement A, unsigned N, kernel_context Ctx>
CROSSLANE_FN unsigned item_position(Ctx const& ctx, unsigned i) {
  if constexpr (A == arrangement::blocked) {
    return ctx.thread_rank() * N + i;
  } else if constexpr (A == arrangement::striped) {
    return i * ctx.block_size() + ctx.thread_rank();
  } else {
    auto const w = wave(ctx);
    return ctx.wave_rank() * Ctx::wave_size * N + i * w.size() + w.rank();
  }
}

/// Shared memory of an exchange: one T for each item of the block, and gaps that keep threads which are N items apart in different banks.
template <class T, unsigned N, class Ctx>
struct block_exchange_scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: values in shared memory are trivially copyable and not initialised");
  /// @{
  /// For the exchange itself.
  static constexpr bool gaps = N % 2 == 0;
  static constexpr unsigned count = Ctx::shape::max_threads * N;
  T items[count + (gaps ? count / 32 : 0)];

  CROSSLANE_FN static constexpr unsigned slot(unsigned position) { return gaps ? position + position / 32 : position; }
  CROSSLANE_FN T& at(unsigned position) { return items[slot(position)]; }
  /// @}
};

/// From one arrangement to another. Between blocked and wave_striped only the lanes of a wave wait for each other.
template <arrangement From, arrangement To, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_exchange(Ctx const& ctx, block_exchange_scratch<T, unsigned(N), Ctx>& scratch, T (&items)[N],
                                 source_location where = source_location::current()) {
  if constexpr (From != To) {
    for (unsigned i = 0; i < N; ++i) scratch.at(item_position<From, N>(ctx, i)) = items[i];
    if constexpr (From != arrangement::striped && To != arrangement::striped)
      wave(ctx).sync(where);
    else
      ctx.sync_block(where);
    for (unsigned i = 0; i < N; ++i) items[i] = scratch.at(item_position<To, N>(ctx, i));
  }
}

/// Each item goes to the position that is given for it; `positions` are different numbers below block_size * N.
template <arrangement To, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_scatter(Ctx const& ctx, block_exchange_scratch<T, unsigned(N), Ctx>& scratch, T (&items)[N],
                                unsigned const (&positions)[N], source_location where = source_location::current()) {
  for (unsigned i = 0; i < N; ++i) scratch.at(positions[i]) = items[i];
  ctx.sync_block(where);
  for (unsigned i = 0; i < N; ++i) items[i] = scratch.at(item_position<To, N>(ctx, i));
}

}  // namespace crosslane
