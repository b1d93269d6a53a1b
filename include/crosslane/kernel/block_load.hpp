// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of a block's items. Each thread moves its own items; there is no synchronisation.
#pragma once

#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/vec.hpp>

namespace crosslane {
namespace detail {

/// How many of N neighbouring elements one access moves, at most 16 bytes.
template <class T, unsigned N>
inline constexpr unsigned elements_of_access = [] {
  unsigned count = elements_per_access<T>();
  while (N % count != 0) count /= 2;
  return count;
}();

}  // namespace detail

/// Loads the calling thread's N items of the block: items[i] = from[item_position<A, N>(ctx, i)]. `from` begins with the first item of the
/// block. Items beyond the end of `from` become `beyond`. Each thread calls it for its own items. Blocked items move in the widest accesses
/// that N, T and the alignment of `from` allow.
///
///   float items[4];
///   xl::block_load<xl::arrangement::blocked>(ctx, in.subspan(first, count), items);
///   ...
///   xl::block_store<xl::arrangement::blocked>(ctx, items, out.subspan(first, count));
template <arrangement A, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_load(Ctx const& ctx, std::type_identity_t<span<T const>> from, T (&items)[N],
                             std::type_identity_t<T> const& beyond = T{}) {
  constexpr unsigned width = A == arrangement::blocked ? detail::elements_of_access<T, N> : 1;
  if constexpr (width > 1) {
    using vector = vec<T, width>;
    std::size_t const first = std::size_t{ctx.thread_rank()} * N;
    if (first + N <= from.size() && detail::aligned_for<width>(from.data())) {
      auto const* const source = reinterpret_cast<vector const*>(from.data() + first);
      for (unsigned k = 0; k < N / width; ++k) {
        vector const loaded = source[k];
        for (unsigned i = 0; i < width; ++i) items[k * width + i] = loaded[i];
      }
      return;
    }
  }
  for (unsigned i = 0; i < N; ++i) {
    std::size_t const position = item_position<A, N>(ctx, i);
    items[i] = position < from.size() ? from[position] : beyond;
  }
}

/// Stores the calling thread's N items of the block: to[item_position<A, N>(ctx, i)] = items[i]. `to` begins with the place of the first
/// item of the block. Items beyond the end of `to` are not stored. Each thread calls it for its own items. Blocked items move in the widest
/// accesses that N, T and the alignment of `to` allow. See block_load() for an example.
template <arrangement A, kernel_context Ctx, class T, std::size_t N>
CROSSLANE_FN void block_store(Ctx const& ctx, T const (&items)[N], std::type_identity_t<span<T>> to) {
  constexpr unsigned width = A == arrangement::blocked ? detail::elements_of_access<T, N> : 1;
  if constexpr (width > 1) {
    using vector = vec<T, width>;
    std::size_t const first = std::size_t{ctx.thread_rank()} * N;
    if (first + N <= to.size() && detail::aligned_for<width>(to.data())) {
      auto* const target = reinterpret_cast<vector*>(to.data() + first);
      for (unsigned k = 0; k < N / width; ++k) {
        vector stored;
        for (unsigned i = 0; i < width; ++i) stored[i] = items[k * width + i];
        target[k] = stored;
      }
      return;
    }
  }
  for (unsigned i = 0; i < N; ++i) {
    std::size_t const position = item_position<A, N>(ctx, i);
    if (position < to.size()) to[position] = items[i];
  }
}

}  // namespace crosslane
