// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Moving a block's items between memory and its threads. Every thread calls for itself; nothing waits.
#pragma once

#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/vec.hpp>

namespace crosslane {
namespace detail {

/// How many of N neighbouring elements one access of at most 16 bytes moves.
template <class T, unsigned N>
inline constexpr unsigned elements_of_access = [] {
  unsigned count = elements_per_access<T>();
  while (N % count != 0) count /= 2;
  return count;
}();

}  // namespace detail

/// items[i] = from[its position in the order of the block], or `beyond` where `from` has ended. `from` begins with the block's own
/// first item. Blocked items move in the widest accesses that N, T and the alignment of `from` allow.
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

/// to[position of item i in the order of the block] = items[i], as far as `to` reaches. Otherwise like block_load.
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
