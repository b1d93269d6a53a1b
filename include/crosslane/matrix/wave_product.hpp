// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The part of a product of a block that one wave computes, in its registers: by fragments if the target has a matrix instruction for the
/// types, otherwise by fused multiply-adds of each lane.
#pragma once

#include <crosslane/kernel/matrix_arithmetic.hpp>
#include <crosslane/matrix/fragment.hpp>
#include <crosslane/matrix/gemm_policy.hpp>
#include <crosslane/matrix/load.hpp>
#include <crosslane/matrix/multiply.hpp>
#include <crosslane/matrix/operand_tile.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// The first shape of a list that multiplies A by B with sums of type Sum; void if there is none.
template <class List, class A, class B, class Sum>
struct shape_for_types {
  using type = void;
};
template <class First, class... Rest, class A, class B, class Sum>
struct shape_for_types<matrix_shapes<First, Rest...>, A, B, Sum>
    : std::conditional_t<std::is_same_v<typename First::template element<matrix_use::a>, A> &&
                             std::is_same_v<typename First::template element<matrix_use::b>, B> &&
                             std::is_same_v<typename First::template element<matrix_use::accumulator>, Sum>,
                         std::type_identity<First>, shape_for_types<matrix_shapes<Rest...>, A, B, Sum>> {};

template <class Backend, class Shape>
inline constexpr bool multiplies_fragments = Backend::template prefers_fragments<Shape>;
template <class Backend>
inline constexpr bool multiplies_fragments<Backend, void> = false;

/// The shape of the fragments that the waves of a kernel multiply; void if each lane multiplies its own elements.
template <class Ctx, class A, class B>
using fragment_shape_for =
    std::conditional_t<multiplies_fragments<matrix_backend<Ctx>, typename shape_for_types<typename matrix_backend<Ctx>::target::shapes, A,
                                                                                          B, gemm_sum<A>>::type>,
                       typename shape_for_types<typename matrix_backend<Ctx>::target::shapes, A, B, gemm_sum<A>>::type, void>;

/// Returns the line whose address a lane gives to an instruction that loads two fragments of B side by side, each as one of half the
/// matrices: see backend::line_of_lane().
template <class Layout, bool Trans, unsigned Bytes>
CROSSLANE_FN constexpr matrix_position line_of_pair(unsigned lane) {
  constexpr unsigned lanes = Layout::size * Bytes / 4 * 8;  // that give the lines of a fragment
  auto const at = backend::line_of_lane<Layout, Trans, Bytes>(lane);
  return {at.row, at.col + lane / lanes % 2 * Layout::cols};
}

/// Places of the waves of a block in its tile: `rows` x `cols` of them. The wave's own tiles are as square as they can be.
template <unsigned M, unsigned N, unsigned Waves>
struct wave_grid {
  static constexpr unsigned rows = [] {
    unsigned best = 1, least = ~0u;
    for (unsigned r = 1; r <= Waves; r *= 2) {
      unsigned const m = M / r, n = N / (Waves / r);
      if (m >= 16 && n >= 16 && m + n < least) {
        least = m + n;
        best = r;
      }
    }
    return best;
  }();
  static constexpr unsigned cols = Waves / rows, m = M / rows, n = N / cols;
  static_assert(Waves > 0 && m >= 16 && n >= 16 && M % rows == 0 && N % cols == 0,
                "crosslane: a gemm_policy has too many threads for its tile: a wave needs at least 16 x 16 elements");
};

/// The tile of a wave. `A` and `B` are the types of the operands of instructions, TileA and TileB the tiles of the block in shared memory.
/// `M` and `N` are the rows and columns of the wave's tile.
template <class Ctx, class A, class B, unsigned M, unsigned N, class TileA, class TileB, class Shape = fragment_shape_for<Ctx, A, B>>
class wave_product {
  using target = matrix_target_of<Ctx>;
  static_assert(M % Shape::m == 0 && N % Shape::n == 0 && TileA::k % Shape::k == 0,
                "crosslane: the tile of a wave is no multiple of the target's fragments: take larger M, N and K in the gemm_policy");
  static constexpr unsigned rows = M / Shape::m, cols = N / Shape::n;
  using a_fragment = fragment<matrix_use::a, Shape, target>;
  using b_fragment = fragment<matrix_use::b, Shape, target>;
  using sum_fragment = fragment<matrix_use::accumulator, Shape, target>;
  using a_type = typename TileA::value_type;
  using b_type = typename TileB::value_type;

 public:
  using sum = gemm_sum<A>;
  static constexpr unsigned steps = TileA::k / Shape::k;  ///< multiply() calls for a tile

  /// The operands of a step: the elements of fragments. Arrays of fragments would be initialised by a loop.
  struct operands {
    typename a_fragment::value_type a[rows][a_fragment::size];
    typename b_fragment::value_type b[cols][b_fragment::size];
  };

  CROSSLANE_FN void clear() {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < rows; ++i) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < cols; ++j) {
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < sum_fragment::size; ++e) sums_[i][j][e] = 0;
      }
    }
  }

  /// Loads the operands of a step from the block's tiles. `row` and `col` are the place of the wave's tile.
  CROSSLANE_FN CROSSLANE_INLINE static void load(Ctx const& ctx, operands& to, a_type const* a, b_type const* b, unsigned row, unsigned col,
                                                 unsigned step, source_location where) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < rows; ++i) {
      auto const place = TileA::at(a + wave_offset<TileA>(row), i * Shape::m + wave_index<TileA>(row), step * Shape::k);
      auto const f = load_whole_fragment<a_fragment, true>(ctx, place.band, place.row, place.col, where);
      __builtin_memcpy(to.a[i], f.data, sizeof f.data);
    }
    if constexpr (loads_pairs) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < cols; j += 2) {
        auto const place = TileB::at(b + wave_offset<TileB>(col), j * Shape::n + wave_index<TileB>(col), step * Shape::k);
        load_pair(ctx, to.b[j], to.b[j + 1], place);
      }
    } else {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < cols; ++j) {
        auto const place = TileB::at(b + wave_offset<TileB>(col), j * Shape::n + wave_index<TileB>(col), step * Shape::k);
        auto const f = load_whole_fragment<b_fragment, true>(ctx, place.band, place.row, place.col, where);
        __builtin_memcpy(to.b[j], f.data, sizeof f.data);
      }
    }
  }
  CROSSLANE_FN CROSSLANE_INLINE void multiply(Ctx const& ctx, operands const& x, source_location where) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < rows; ++i) {
      CROSSLANE_UNROLL
      for (unsigned jj = 0; jj < cols; ++jj) {
        unsigned const j = i % 2 == 0 ? jj : cols - 1 - jj;  // a neighbour in the order of the instructions shares an operand
        matrix_backend<Ctx>::template multiply_add<Shape, target>(ctx.native(), ctx.lane_rank(), x.a[i], x.b[j], sums_[i][j], where);
      }
    }
  }

  /// Calls f(row, column, elements, integral_constant<count>) for the sums of the calling lane, of which `count` lie side by side in a row.
  /// `elements` points to the first one.
  template <class F>
  CROSSLANE_FN CROSSLANE_INLINE void for_each_run(Ctx const& ctx, F const& f) {
    using layout = typename sum_fragment::layout_type;
    constexpr unsigned run = layout::map.along_columns ? layout::map.neighbours : 1;
    unsigned const lane = ctx.lane_rank();
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < rows; ++i) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < cols; ++j) {
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < sum_fragment::size; e += run) {
          auto const at = layout::position(lane, e);
          f(i * Shape::m + at.row, j * Shape::n + at.col, sums_[i][j] + e, std::integral_constant<unsigned, run>{});
        }
      }
    }
  }

 private:
  using b_layout = typename b_fragment::layout_type;
  /// Whether one instruction may load two fragments of B.
  static constexpr bool loads_pairs = cols % 2 == 0 && std::is_same_v<B, b_type> && b_fragment::size * sizeof(b_type) <= 8 &&
                                      matrix_backend<Ctx>::template has_load<b_layout, b_type, !TileB::along_k>;

  template <class Place>
  CROSSLANE_FN CROSSLANE_INLINE static void load_pair(Ctx const& ctx, b_type (&first)[b_fragment::size], b_type (&second)[b_fragment::size],
                                                      Place const& place) {
    constexpr unsigned bytes = sizeof first;
    b_type both[2 * b_fragment::size];
    auto const at = line_of_pair<b_layout, !TileB::along_k, sizeof(b_type)>(ctx.lane_rank());
    matrix_backend<Ctx>::template load_lines<!TileB::along_k>(
        both, place.band.data() + place.band.layout().offset({{place.row + std::int32_t(at.row), place.col + std::int32_t(at.col)}}));
    __builtin_memcpy(first, both, bytes);
    __builtin_memcpy(second, both + b_fragment::size, bytes);
  }

  /// The beginning of the wave's tile is added to the address if it is the beginning of a band. Then the places of fragments in the wave's
  /// tile are constants. Otherwise it is a part of the index.
  template <class Tile>
  CROSSLANE_FN static unsigned wave_offset(unsigned index) {
    return Tile::along_k ? index * Tile::length : 0;
  }
  template <class Tile>
  CROSSLANE_FN static unsigned wave_index(unsigned index) {
    return Tile::along_k ? 0 : index;
  }

  sum sums_[rows][cols][sum_fragment::size];
};

/// The tile of a wave without matrix instructions: each lane has some rows and some columns, and multiplies their elements.
template <class Ctx, class A, class B, unsigned M, unsigned N, class TileA, class TileB>
class wave_product<Ctx, A, B, M, N, TileA, TileB, void> {
  static constexpr unsigned lane_rows = 8, lane_cols = Ctx::wave_size / 8, rows = M / lane_rows, cols = N / lane_cols;
  using a_type = typename TileA::value_type;
  using b_type = typename TileB::value_type;
  using arithmetic = matrix_arithmetic<gemm_sum<A>>;

  /// Elements that a lane loads together.
  template <class Tile, unsigned Own>
  static constexpr unsigned width = [] {
    constexpr unsigned bytes = sizeof(typename Tile::value_type);
    unsigned w = 16 / bytes < 4 ? 16 / bytes : 4;
    while (w * bytes > Tile::unit || (!Tile::along_k && w > Own)) w /= 2;
    return w;
  }();
  static constexpr unsigned depth = [] {
    unsigned const a = TileA::along_k ? width<TileA, rows> : 1, b = TileB::along_k ? width<TileB, cols> : 1;
    return a > b ? a : b;
  }();

 public:
  using sum = gemm_sum<A>;
  static constexpr unsigned steps = TileA::k / depth;  ///< multiply() calls for a tile

  /// The operands of a step.
  struct operands {
    sum a[rows][depth];
    sum b[cols][depth];
  };

  CROSSLANE_FN void clear() {
    for (auto& row : sums_)
      for (auto& x : row) x = 0;
  }

  CROSSLANE_FN CROSSLANE_INLINE static void load(Ctx const& ctx, operands& to, a_type const* a, b_type const* b, unsigned row, unsigned col,
                                                 unsigned step, source_location) {
    unsigned const lane = ctx.lane_rank();
    load_part<TileA, lane_rows>(to.a, a, row, lane / lane_cols, step * depth);
    load_part<TileB, lane_cols>(to.b, b, col, lane % lane_cols, step * depth);
  }
  CROSSLANE_FN CROSSLANE_INLINE void multiply(Ctx const&, operands const& x, source_location) {
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < depth; ++k) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < rows; ++i) {
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < cols; ++j) sums_[i][j] = arithmetic::step(x.a[i][k], x.b[j][k], sums_[i][j]);
      }
    }
  }

  template <class F>
  CROSSLANE_FN CROSSLANE_INLINE void for_each_run(Ctx const& ctx, F const& f) {
    constexpr unsigned run = TileB::along_k ? 1 : width<TileB, cols>;
    unsigned const lane = ctx.lane_rank();
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < rows; ++i) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < cols; j += run)
        f(index<TileA, lane_rows, rows>(i, lane / lane_cols), index<TileB, lane_cols, cols>(j, lane % lane_cols), sums_[i] + j,
          std::integral_constant<unsigned, run>{});
    }
  }

 private:
  /// Returns the place in the wave's tile of row or column i of a lane: adjacent lanes have adjacent units of what they load together.
  template <class Tile, unsigned Lanes, unsigned Own>
  CROSSLANE_FN static unsigned index(unsigned i, unsigned lane) {
    if constexpr (Tile::along_k)
      return i * Lanes + lane;
    else
      return i / width<Tile, Own> * (Lanes * width<Tile, Own>)+lane * width<Tile, Own> + i % width<Tile, Own>;
  }
  template <class Tile, unsigned Lanes, unsigned Own>
  CROSSLANE_FN CROSSLANE_INLINE static void load_part(sum (&to)[Own][depth], typename Tile::value_type const* tile, unsigned first,
                                                      unsigned lane, unsigned k) {
    constexpr unsigned w = width<Tile, Own>;
    using vector = vec<typename Tile::value_type, w>;
    if constexpr (Tile::along_k) tile += first * Tile::length;  // the beginning of a band
    auto const load = [&](unsigned outer, unsigned at_k) {
      return backend::native_access::load<access::plain>(
          reinterpret_cast<vector const*>(tile + (Tile::along_k ? Tile::offset(outer, at_k) : Tile::offset(at_k, outer))));
    };
    if constexpr (Tile::along_k) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Own; ++i) {
        CROSSLANE_UNROLL
        for (unsigned d = 0; d < depth; d += w) {
          vector const some = load(index<Tile, Lanes, Own>(i, lane), k + d);
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < w; ++e) to[i][d + e] = arithmetic::widen(some[e]);
        }
      }
    } else {
      CROSSLANE_UNROLL
      for (unsigned d = 0; d < depth; ++d) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < Own; i += w) {
          vector const some = load(first + index<Tile, Lanes, Own>(i, lane), k + d);
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < w; ++e) to[i + e][d] = arithmetic::widen(some[e]);
        }
      }
    }
  }

  sum sums_[rows][cols];
};

}  // namespace crosslane::detail
