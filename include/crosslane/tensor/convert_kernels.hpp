// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of convert().
#pragma once

#include <crosslane/algorithm/elementwise.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane::detail {

/// An axis of a conversion: strides in elements of the source and of the destination.
struct conversion_axis {
  std::int64_t extent, from, to;
};
/// The last axis is the fastest.
struct conversion_plan {
  int rank = 0;
  conversion_axis axis[8] = {};
};

/// Elements of a row and of a column of a tile; threads of its block.
inline constexpr unsigned conversion_tile = 64, conversion_block = 256;
/// Below this many indices along either contiguous axis a tile would be mostly empty.
inline constexpr std::int64_t conversion_small = 8;

/// Elements that are moved together: the larger of the types then fills 16 bytes. 1 where that is impossible.
template <class T, class U>
inline constexpr unsigned conversion_vector = elements_per_access<T, U>();

template <class U>
struct cast_to {
  CROSSLANE_NO_EXEC_CHECK
  template <class T>
  CROSSLANE_FN U operator()(T const& x) const {
    return static_cast<U>(x);
  }
};

/// float(x) * scale as a U; integers to the nearest, ties to even.
template <class U>
struct scale_to {
  float scale;
  template <class T>
  CROSSLANE_FN U operator()(T const& x) const {
    float const y = static_cast<float>(x) * scale;
    if constexpr (std::is_integral_v<U>) {
      static_assert(sizeof(U) <= 2, "crosslane: convert_scaled() to integers of 8 and 16 bits, which float holds exactly");
      constexpr float low = std::is_signed_v<U> ? -float(1u << (8 * sizeof(U) - 1)) : 0.f;
      constexpr float high = float((1u << (8 * sizeof(U) - std::is_signed_v<U>)) - 1);
      if (!(y > low)) return y != y ? U{0} : U(low);
      if (!(y < high)) return U(high);
      constexpr float round = 12582912.f;  // 1.5 * 2^23: the sum has no bits below 1
      float const sum = y + round;
      return U(static_cast<int>(sum - round));
    } else {
      return static_cast<U>(y);
    }
  }
};

/// f of each element; conversions by pairs where the machine has them.
CROSSLANE_NO_EXEC_CHECK
template <class F, class T, unsigned N>
CROSSLANE_FN auto convert_vector(F const& f, vec<T, N> const& x) {
  using U = decltype(f(x[0]));
  if constexpr (std::is_same_v<F, cast_to<U>>) {
    return vec_cast<U>(x);
  } else {
    vec<U, N> y;
    for (unsigned j = 0; j < N; ++j) y[j] = f(x[j]);
    return y;
  }
}

/// A thread moves N neighbours along the last axis, at position begin + its rank of all positions.
template <unsigned N, class Index>
struct gather_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  CROSSLANE_NO_EXEC_CHECK
  template <kernel_context Ctx, class T, class U, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, T const* from, U* to, conversion_plan p, F f, std::uint64_t begin, std::uint64_t n) const {
    std::uint64_t const rank = ctx.global_rank();
    if (rank >= n) return;
    Index k = Index(begin + rank);
    std::int64_t source = 0, destination = 0;
    CROSSLANE_UNROLL
    for (int i = 7; i >= 0; --i) {  // constant positions: the plan then stays where kernel arguments are
      if (i >= p.rank) continue;
      Index const extent = Index(p.axis[i].extent), rest = i == 0 ? Index{0} : k / extent;
      std::int64_t const at = std::int64_t(k - rest * extent);
      k = rest;
      source += at * p.axis[i].from;
      destination += at * p.axis[i].to;
    }
    if constexpr (N == 1) {
      to[destination] = f(from[source]);
    } else {
      // Strides of the last axis are 1, of vectors; the others were made so.
      reinterpret_cast<vec<U, N>*>(to)[destination] = convert_vector(f, reinterpret_cast<vec<T, N> const*>(from)[source]);
    }
  }
};

/// Between layouts that have no strides: every index by both layouts.
struct place_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  CROSSLANE_NO_EXEC_CHECK
  template <kernel_context Ctx, class T, class From, class U, class To, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, tensor_view<T, From> from, tensor_view<U, To> to, F f, std::uint64_t begin,
                               std::uint64_t n) const {
    std::uint64_t const rank = ctx.global_rank();
    if (rank >= n) return;
    auto const i = to.memory_order(begin + rank);
    to[i] = f(from[index_of<From, To>(i, typename From::extents_type::axes{})]);
  }

 private:
  template <class From, class To, class... A>
  CROSSLANE_FN static auto index_of(typename To::extents_type::multi_index const& i, axes<A...>) {
    using index = typename From::extents_type::index_type;
    return typename From::extents_type::multi_index{{static_cast<index>(i[position_of<typename To::extents_type, A>])...}};
  }
};

/// The two axes along which source and destination are contiguous, and the others. A block has one tile.
struct tile_plan {
  conversion_axis along_from, along_to;
  conversion_plan other;
  std::int64_t tiles_from, tiles_to;
};

/// Quotient of a and b, which becomes the remainder; mostly in 32 bits.
CROSSLANE_FN inline std::uint64_t divide(std::uint64_t& a, std::uint64_t b) {
  std::uint64_t const q = ((a | b) >> 32) == 0 ? std::uint32_t(a) / std::uint32_t(b) : a / b;
  a -= q * b;
  return q;
}

/// A tile is read along the source's contiguous axis and written along the destination's, VFrom and VTo elements at a time; in between
/// it lies in shared memory, as the destination's type.
template <class U, unsigned VFrom, unsigned VTo>
struct transpose_kernel {
  static constexpr auto block = block_size<conversion_block>;
  using tile_extents = extents<std::int32_t, fixed<axis::row, conversion_tile>, fixed<axis::col, conversion_tile>>;
  using tile_layout = swizzled<tile_extents, tile_extents::axes, sizeof(U)>;
  struct shared {
    alignas(16) U tile[conversion_tile * conversion_tile];
  };

  CROSSLANE_NO_EXEC_CHECK
  template <kernel_context Ctx, class T, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, T const* from, U* to, tile_plan p, F f, std::uint64_t begin) const {
    constexpr tile_layout at;
    std::uint64_t k = begin + ctx.block_rank(), rest = k;
    k = divide(rest, std::uint64_t(p.tiles_from));
    std::int64_t const a0 = std::int64_t(rest) * conversion_tile;  // along the source
    rest = k;
    k = divide(rest, std::uint64_t(p.tiles_to));
    std::int64_t const b0 = std::int64_t(rest) * conversion_tile;  // along the destination
    from += a0 + b0 * p.along_to.from;
    to += b0 + a0 * p.along_from.to;
    CROSSLANE_UNROLL
    for (int i = 5; i >= 0; --i) {
      if (i >= p.other.rank) continue;
      rest = k;
      k = divide(rest, std::uint64_t(p.other.axis[i].extent));
      from += std::int64_t(rest) * p.other.axis[i].from;
      to += std::int64_t(rest) * p.other.axis[i].to;
    }
    int const a_end = within_tile(p.along_from.extent - a0), b_end = within_tile(p.along_to.extent - b0);

    // All of a thread's loads are under way before the first is used. None is left out, for a branch would part them: in place of what lies
    // outside of the tensor comes the tile's first vector, which nobody reads again.
    constexpr unsigned reads = conversion_tile * conversion_tile / VFrom / conversion_block;
    vec<T, VFrom> x[reads];
    CROSSLANE_UNROLL
    for (unsigned step = 0; step < reads; ++step) {
      place const here = place_of<VFrom>(step * conversion_block + ctx.thread_rank());
      std::int64_t const offset = here.along + here.across * p.along_to.from;
      bool const inside = here.along < a_end && here.across < b_end;
      x[step] = *reinterpret_cast<vec<T, VFrom> const*>(from + (inside ? offset : 0));
    }
    CROSSLANE_UNROLL
    for (unsigned step = 0; step < reads; ++step) {
      place const here = place_of<VFrom>(step * conversion_block + ctx.thread_rank());
      auto const y = convert_vector(f, x[step]);
      CROSSLANE_UNROLL
      for (int j = 0; j < int(VFrom); ++j) s.tile[at.offset({{here.across, here.along + j}})] = y[unsigned(j)];
    }
    ctx.sync_block();
    CROSSLANE_UNROLL
    for (unsigned step = 0; step < conversion_tile * conversion_tile / VTo / conversion_block; ++step) {
      place const here = place_of<VTo>(step * conversion_block + ctx.thread_rank());
      int const b = here.along, a = here.across;
      if (a >= a_end || b >= b_end) continue;
      vec<U, VTo> y;
      CROSSLANE_UNROLL
      for (int j = 0; j < int(VTo); ++j) y[unsigned(j)] = s.tile[at.offset({{b + j, a}})];
      *reinterpret_cast<vec<U, VTo>*>(to + b + a * p.along_from.to) = y;
    }
  }

 private:
  struct place {
    int along, across;
  };
  /// Of the i-th vector: lanes go along 32 elements, or 8 vectors, then to the next row. That many rows and columns have banks of their
  /// own.
  template <unsigned V>
  CROSSLANE_FN static place place_of(unsigned i) {
    constexpr unsigned lanes = V == 1 ? 32 : 8;
    unsigned const across = i / lanes % conversion_tile, piece = i / lanes / conversion_tile;
    return {int((piece * lanes + i % lanes) * V), int(across)};
  }
  CROSSLANE_FN static int within_tile(std::int64_t n) { return n < conversion_tile ? int(n) : int(conversion_tile); }
};

}  // namespace crosslane::detail
