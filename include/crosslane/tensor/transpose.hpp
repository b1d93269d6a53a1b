// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work on one input whose contiguous axis is not the output's: through tiles in shared memory.
#pragma once

#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/walk.hpp>

namespace crosslane::detail {

/// Elements of a row and of a column of a tile; threads of its block.
inline constexpr unsigned conversion_tile = 64, conversion_block = 256;
/// Below this many indices along either contiguous axis a tile would be mostly empty.
inline constexpr std::int64_t conversion_small = 8;

/// Elements that are moved together: the larger of the types then fills 16 bytes. 1 where that is impossible.
template <class T, class U>
inline constexpr unsigned conversion_vector = elements_per_access<T, U>();

/// Elements that such tiles hold.
template <class T, class U>
inline constexpr bool has_tiles = sizeof(U) <= 16 && (sizeof(U) & (sizeof(U) - 1)) == 0 &&
                                  std::is_trivially_default_constructible_v<vec<U, 1>> && std::is_default_constructible_v<T>;

/// The two axes along which source and destination are contiguous, and the others. A block has one tile.
struct tile_plan {
  walk_axis<2> along_from, along_to;
  walk_plan<2> other;
  std::int64_t tiles_from, tiles_to;
};

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
    from += a0 + b0 * p.along_to.stride[1];
    to += b0 + a0 * p.along_from.stride[0];
    CROSSLANE_UNROLL
    for (int i = 5; i >= 0; --i) {
      if (i >= p.other.rank) continue;
      rest = k;
      k = divide(rest, std::uint64_t(p.other.axis[i].extent));
      from += std::int64_t(rest) * p.other.axis[i].stride[1];
      to += std::int64_t(rest) * p.other.axis[i].stride[0];
    }
    int const a_end = within_tile(p.along_from.extent - a0), b_end = within_tile(p.along_to.extent - b0);

    // All of a thread's loads are under way before the first is used. None is left out, for a branch would part them: in place of what lies
    // outside of the tensor comes the tile's first vector, which nobody reads again.
    constexpr unsigned reads = conversion_tile * conversion_tile / VFrom / conversion_block;
    vec<T, VFrom> x[reads];
    CROSSLANE_UNROLL
    for (unsigned step = 0; step < reads; ++step) {
      place const here = place_of<VFrom>(step * conversion_block + ctx.thread_rank());
      std::int64_t const offset = here.along + here.across * p.along_to.stride[1];
      bool const inside = here.along < a_end && here.across < b_end;
      x[step] = *reinterpret_cast<vec<T, VFrom> const*>(from + (inside ? offset : 0));
    }
    CROSSLANE_UNROLL
    for (unsigned step = 0; step < reads; ++step) {
      place const here = place_of<VFrom>(step * conversion_block + ctx.thread_rank());
      auto const y = apply_to_vector<U, VFrom>(f, x[step]);
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
      *reinterpret_cast<vec<U, VTo>*>(to + b + a * p.along_from.stride[0]) = y;
    }
  }

 private:
  struct place {
    int along, across;
  };
  /// Of the i-th vector: lanes go along 32 elements, or 8 vectors, or a row of fewer, then to the next row. That many rows and columns have
  /// banks of their own.
  template <unsigned V>
  CROSSLANE_FN static place place_of(unsigned i) {
    constexpr unsigned lanes = V == 1 ? 32 : V > 8 ? conversion_tile / V : 8;
    unsigned const across = i / lanes % conversion_tile, piece = i / lanes / conversion_tile;
    return {int((piece * lanes + i % lanes) * V), int(across)};
  }
  CROSSLANE_FN static int within_tile(std::int64_t n) { return n < conversion_tile ? int(n) : int(conversion_tile); }
};

}  // namespace crosslane::detail
