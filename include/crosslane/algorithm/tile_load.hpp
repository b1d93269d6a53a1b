// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads of a block's tile of a range.
#pragma once

#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/block_load.hpp>

#include <cstdint>

namespace crosslane::detail {

/// Loads N elements of the thread from a whole tile of a block of `Threads` threads, in an order that the threads share, in the widest
/// accesses that are possible: loaded[i] = convert(element). The tile begins at in[at].
template <unsigned Threads, class Ctx, class In, class T, std::size_t N, class Convert>
CROSSLANE_FN void load_striped(Ctx const& ctx, In const& in, std::uint64_t at, T (&loaded)[N], Convert const& convert) {
  unsigned const rank = ctx.thread_rank();
  if constexpr (is_span<In>) {
    constexpr unsigned width = elements_of_access<typename In::value_type, unsigned(N)>;
    using vector = vec<typename In::value_type, width>;
    if (width > 1 && aligned_for<width>(in.data() + at)) {
      auto const* const vectors = reinterpret_cast<vector const*>(in.data() + at);
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < N / width; ++k) {
        vector const v = vectors[k * Threads + rank];
        for (unsigned i = 0; i < width; ++i) loaded[k * width + i] = convert(v[i]);
      }
      return;
    }
  }
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) loaded[i] = convert(in[at + i * Threads + rank]);
}

/// Loads N neighbouring elements of the thread from a tile of `count` elements that begins at in[first]. Elements beyond it are T{}. All
/// threads of the block call it.
template <class Ctx, class T, std::size_t N, class In>
CROSSLANE_FN void load_blocked(Ctx const& ctx, block_exchange_scratch<T, unsigned(N), Ctx>& scratch, In const& in, std::uint64_t first,
                               unsigned count, T (&items)[N]) {
  for (unsigned i = 0; i < N; ++i) {
    unsigned const at = item_position<arrangement::wave_striped, unsigned(N)>(ctx, i);
    items[i] = at < count ? T(in[first + at]) : T{};
  }
  block_exchange<arrangement::wave_striped, arrangement::blocked>(ctx, scratch, items);
}

}  // namespace crosslane::detail
