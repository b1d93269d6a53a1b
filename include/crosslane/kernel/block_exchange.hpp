// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Exchanges of a block's items among its threads. All threads of the block must call them, at the same place. The kernel declares the
/// scratch in its shared memory; it can be used again after the next ctx.sync_block().
#pragma once

#include <crosslane/kernel/tile.hpp>

namespace crosslane {

/// The position of each item in the order of the block's items, for item i of the N items of a thread. r is the rank of the thread in the
/// block, l the rank of its lane in the wave, w the rank of its wave.
enum class arrangement : unsigned char {
  blocked,       ///< r * N + i: the items of a thread are neighbours
  striped,       ///< i * block_size + r: item i of neighbouring threads is at neighbouring positions
  wave_striped,  ///< (w * N + i) * wave_size + l; in a partial last wave of n lanes w * N * wave_size + i * n + l
};

/// Returns the position of item `i` of the calling thread in the order of the block's items. Any thread may call it.
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

/// Shared memory of an exchange: one T for each item of the block. Gaps keep threads whose positions are N apart in different banks.
template <class T, unsigned N, class Ctx>
struct block_exchange_scratch {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T>,
                "crosslane: values in shared memory must be trivially copyable and have a trivial default constructor");
  /// @{
  /// Parts used by the exchange.
  static constexpr bool gaps = N % 2 == 0;
  static constexpr unsigned count = Ctx::shape::max_threads * N;
  T items[count + (gaps ? count / 32 : 0)];

  CROSSLANE_FN static constexpr unsigned slot(unsigned position) { return gaps ? position + position / 32 : position; }
  CROSSLANE_FN T& at(unsigned position) { return items[slot(position)]; }
  /// @}
};

/// Moves the items of the block from one arrangement to another. Between blocked and wave_striped it synchronises each wave; all other
/// exchanges cost one barrier of the block.
///
///   xl::block_exchange_scratch<float, 4, Ctx> exchange;  // in the kernel's shared struct
///   ...
///   xl::block_exchange<xl::arrangement::striped, xl::arrangement::blocked>(ctx, s.exchange, items);
template <arrangement From, arrangement To, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_exchange(Ctx const& ctx, block_exchange_scratch<T, unsigned(N), Ctx>& scratch, T (&items)[N],
                                 source_location where = source_location::current()) {
  if constexpr (From != To) {
    detail::expect_same(ctx, "scratch", &scratch, where);
    for (unsigned i = 0; i < N; ++i) scratch.at(item_position<From, N>(ctx, i)) = items[i];
    if constexpr (From != arrangement::striped && To != arrangement::striped)
      wave(ctx).sync(where);
    else
      ctx.sync_block(where);
    for (unsigned i = 0; i < N; ++i) items[i] = scratch.at(item_position<To, N>(ctx, i));
  }
}

/// Moves each item to the position given for it, and returns the items in arrangement `To`. The positions of the block are all different
/// and below block_size * N. It costs one barrier of the block.
///
///   xl::block_exchange_scratch<float, 4, Ctx> exchange;  // in the kernel's shared struct
///   ...
///   xl::block_scatter<xl::arrangement::striped>(ctx, s.exchange, items, positions);
template <arrangement To, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_scatter(Ctx const& ctx, block_exchange_scratch<T, unsigned(N), Ctx>& scratch, T (&items)[N],
                                unsigned const (&positions)[N], source_location where = source_location::current()) {
  detail::expect_same(ctx, "scratch", &scratch, where);
  for (unsigned i = 0; i < N; ++i) scratch.at(positions[i]) = items[i];
  ctx.sync_block(where);
  for (unsigned i = 0; i < N; ++i) items[i] = scratch.at(item_position<To, N>(ctx, i));
}

}  // namespace crosslane
