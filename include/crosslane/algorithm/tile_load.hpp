// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads of a block's tile of a range.
#pragma once

#include <crosslane/algorithm/range.hpp>
#include <crosslane/kernel/block_load.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace crosslane::detail {

/// A range whose elements are computed from those of another one, `inner()`, and their places: apply_at(element, place).
template <class R>
concept computed_range = requires(R const& r) { r.apply_at(r.inner()[0], std::uint64_t{}); };

/// The bytes that a range loads for each element, or those of the element if that is not known.
template <class R>
constexpr std::size_t loaded_bytes() {
  if constexpr (computed_range<R>)
    return loaded_bytes<std::remove_cvref_t<decltype(std::declval<R const&>().inner())>>();
  else
    return sizeof(typename R::value_type);
}

/// Loads N elements of the thread from a whole tile of a block of `Threads` threads, in an order that the threads share, in the widest
/// accesses that are possible: loaded[i] = convert(element, place). The tile begins at in[at].
template <unsigned Threads, class Ctx, class In, class T, std::size_t N, class Convert>
CROSSLANE_FN void load_striped(Ctx const& ctx, In const& in, std::uint64_t at, T (&loaded)[N], Convert const& convert) {
  unsigned const rank = ctx.thread_rank();
  if constexpr (computed_range<In>) {
    load_striped<Threads>(ctx, in.inner(), at, loaded,
                          [&](auto const& element, std::uint64_t place) { return convert(in.apply_at(element, place), place); });
  } else {
    if constexpr (is_span<In>) {
      constexpr unsigned width = elements_of_access<typename In::value_type, unsigned(N)>;
      using vector = vec<typename In::value_type, width>;
      if (width > 1 && aligned_for<width>(in.data() + at)) {
        auto const* const vectors = reinterpret_cast<vector const*>(in.data() + at);
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < N / width; ++k) {
          vector const v = vectors[k * Threads + rank];
          for (unsigned i = 0; i < width; ++i) loaded[k * width + i] = convert(v[i], at + (k * Threads + rank) * width + i);
        }
        return;
      }
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      std::uint64_t const place = at + i * Threads + rank;
      loaded[i] = convert(in[place], place);
    }
  }
}

}  // namespace crosslane::detail
