// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The targets of matrix products: what each architecture's matrix cores multiply, and how its lanes share the matrices. The tables are the
/// same on all targets, so that the host can print and run the maps of every architecture.
#pragma once

#include <crosslane/kernel/matrix_shape.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/kernel/numeric/tf32.hpp>

#include <cstdint>

namespace crosslane {
namespace detail {

/// A product whose operands have the same type.
template <unsigned M, unsigned N, unsigned K, class T, class C = float>
using uniform_shape = matrix_shape<M, N, K, T, T, C>;

template <class Shape, matrix_use Use>
inline constexpr unsigned element_bytes = sizeof(typename Shape::template element<Use>);

/// The maps of mma.sync: PTX ISA, "Matrix Fragments for mma.m16n8k16" and the sections beside it. Groups of 4 lanes have a row of a and of
/// the accumulator, or a column of b. Neighbours fill a register of 32 bits.
struct mma_sync_maps {
  template <matrix_use Use, class Shape>
  static constexpr fragment_map map() {
    constexpr unsigned bytes = element_bytes<Shape, Use>;
    constexpr unsigned neighbours = Use == matrix_use::accumulator ? 2 : bytes >= 4 ? 1 : 4 / bytes;
    return {Use != matrix_use::b, neighbours, 4, 1, 8, 4};
  }
};

/// The map of a matrix of which a lane has elements of one row of a, or of one column of b or of the accumulator. `size` is the number of
/// these rows or columns.
template <matrix_use Use>
constexpr fragment_map column_map(unsigned lanes, unsigned size, unsigned neighbours) {
  return {Use == matrix_use::a, neighbours, lanes / size, size, size, 1};
}

/// The maps of MFMA: AMD's CDNA ISA documents and matrix instruction calculator.
struct mfma_maps {
  template <matrix_use Use, class Shape>
  static constexpr fragment_map map() {
    static_assert(Shape::m == Shape::n);
    constexpr unsigned neighbours = Use != matrix_use::accumulator ? Shape::k * Shape::m / 64 : element_bytes<Shape, Use> == 8 ? 1 : 4;
    return column_map<Use>(64, Shape::m, neighbours);
  }
};

}  // namespace detail

/// Targets of matrix products. A target has:
///  - wave_size: the number of lanes of a wave;
///  - shapes: the products that it has, a matrix_shapes list;
///  - map<Use, Shape>(): the form in which the lanes share a matrix;
///  - flushes_subnormals<Shape>: whether subnormal numbers count as zeros, in operands and results.
namespace matrix_target {

/// Targets without matrix instructions, and the host. It is available on every device: the map is the same everywhere. The elements of a
/// and of the accumulator are dealt to the lanes in row-major order, those of b in column-major order, and each lane has the same number
/// of adjacent ones. The sizes of a shape differ as they do on other targets, so that a kernel which confuses them is wrong on the host
/// too.
///
/// GPUs move operands by shuffles: a product of W lanes costs k + k * 128 / W of them. Sums begin with c, and take the products in the
/// order of k. Each step rounds once, in the format of the result (in float for half).
template <unsigned W>
struct portable {
  static constexpr unsigned wave_size = W;  ///< lanes of a wave
  /// The products that the target has.
  using shapes =
      matrix_shapes<detail::uniform_shape<16, 8, 16, half>, detail::uniform_shape<16, 8, 16, half, half>,
                    detail::uniform_shape<16, 8, 16, bfloat16>, detail::uniform_shape<16, 8, 8, tf32>,
                    detail::uniform_shape<16, 8, 8, float>, detail::uniform_shape<16, 8, 8, double, double>,
                    detail::uniform_shape<16, 8, 32, std::int8_t, std::int32_t>, detail::uniform_shape<16, 8, 32, fp8_e4m3>,
                    detail::uniform_shape<16, 8, 32, fp8_e5m2>, matrix_shape<16, 8, 32, fp8_e4m3, fp8_e5m2, float>,
                    matrix_shape<16, 8, 32, fp8_e5m2, fp8_e4m3, float>, detail::uniform_shape<16, 8, 32, fp8_e4m3_fnuz>,
                    detail::uniform_shape<16, 8, 32, fp8_e5m2_fnuz>, matrix_shape<16, 8, 32, fp8_e4m3_fnuz, fp8_e5m2_fnuz, float>,
                    matrix_shape<16, 8, 32, fp8_e5m2_fnuz, fp8_e4m3_fnuz, float>>;
  /// Returns the form in which the lanes share a matrix.
  template <matrix_use Use, class Shape>
  static constexpr fragment_map map() {
    constexpr bool along_columns = Use != matrix_use::b;
    constexpr unsigned along = along_columns ? Shape::template cols<Use> : Shape::k, across = along_columns ? Shape::m : Shape::n;
    constexpr unsigned neighbours = along * across / W;
    static_assert(neighbours > 0 && along % neighbours == 0);
    return {along_columns, neighbours, along / neighbours, 1, across, along / neighbours};
  }
  /// Whether subnormal numbers count as zeros.
  template <class Shape>
  static constexpr bool flushes_subnormals = false;
};

/// NVIDIA GPUs from compute capability 8.0 on: mma.sync.
struct sm_80 : detail::mma_sync_maps {
  static constexpr unsigned wave_size = 32;  ///< lanes of a wave
  /// The products that the target has.
  using shapes = matrix_shapes<detail::uniform_shape<16, 8, 16, half>, detail::uniform_shape<16, 8, 8, half>,
                               detail::uniform_shape<16, 8, 16, half, half>, detail::uniform_shape<16, 8, 8, half, half>,
                               detail::uniform_shape<16, 8, 16, bfloat16>, detail::uniform_shape<16, 8, 8, bfloat16>,
                               detail::uniform_shape<16, 8, 8, tf32>, detail::uniform_shape<16, 8, 4, tf32>,
                               detail::uniform_shape<16, 8, 32, std::int8_t, std::int32_t>,
                               detail::uniform_shape<16, 8, 16, std::int8_t, std::int32_t>, detail::uniform_shape<8, 8, 4, double, double>>;
  /// Whether subnormal numbers count as zeros.
  template <class Shape>
  static constexpr bool flushes_subnormals = false;
};

/// NVIDIA GPUs from compute capability 8.9 on: also the OCP 8-bit formats.
struct sm_89 : sm_80 {
  /// The products that the target has.
  using shapes =
      typename detail::longer_list<sm_80::shapes, detail::uniform_shape<16, 8, 32, fp8_e4m3>, detail::uniform_shape<16, 8, 32, fp8_e5m2>,
                                   matrix_shape<16, 8, 32, fp8_e4m3, fp8_e5m2, float>,
                                   matrix_shape<16, 8, 32, fp8_e5m2, fp8_e4m3, float>>::type;
};

/// AMD's gfx90a (CDNA 2): MFMA.
struct gfx90a : detail::mfma_maps {
  static constexpr unsigned wave_size = 64;  ///< lanes of a wave
  /// The products that the target has.
  using shapes =
      matrix_shapes<detail::uniform_shape<16, 16, 16, half>, detail::uniform_shape<32, 32, 8, half>,
                    detail::uniform_shape<16, 16, 16, bfloat16>, detail::uniform_shape<32, 32, 8, bfloat16>,
                    detail::uniform_shape<16, 16, 4, float>, detail::uniform_shape<32, 32, 2, float>,
                    detail::uniform_shape<16, 16, 16, std::int8_t, std::int32_t>,
                    detail::uniform_shape<32, 32, 8, std::int8_t, std::int32_t>, detail::uniform_shape<16, 16, 4, double, double>>;
  /// Whether subnormal numbers count as zeros. Those of half and bfloat16 do, and of their sums.
  template <class Shape>
  static constexpr bool flushes_subnormals = detail::element_bytes<Shape, matrix_use::a> == 2;
};

/// AMD's gfx942 (CDNA 3): MFMA, with 8-bit formats that have no infinity and no negative zero.
struct gfx942 : detail::mfma_maps {
  static constexpr unsigned wave_size = 64;  ///< lanes of a wave
  /// The products that the target has.
  using shapes = matrix_shapes<
      detail::uniform_shape<16, 16, 16, half>, detail::uniform_shape<32, 32, 8, half>, detail::uniform_shape<16, 16, 16, bfloat16>,
      detail::uniform_shape<32, 32, 8, bfloat16>, detail::uniform_shape<16, 16, 8, tf32>, detail::uniform_shape<32, 32, 4, tf32>,
      detail::uniform_shape<16, 16, 4, float>, detail::uniform_shape<32, 32, 2, float>,
      detail::uniform_shape<16, 16, 32, std::int8_t, std::int32_t>, detail::uniform_shape<32, 32, 16, std::int8_t, std::int32_t>,
      detail::uniform_shape<16, 16, 4, double, double>, detail::uniform_shape<16, 16, 32, fp8_e4m3_fnuz>,
      detail::uniform_shape<32, 32, 16, fp8_e4m3_fnuz>, detail::uniform_shape<16, 16, 32, fp8_e5m2_fnuz>,
      detail::uniform_shape<32, 32, 16, fp8_e5m2_fnuz>, matrix_shape<16, 16, 32, fp8_e4m3_fnuz, fp8_e5m2_fnuz, float>,
      matrix_shape<32, 32, 16, fp8_e4m3_fnuz, fp8_e5m2_fnuz, float>, matrix_shape<16, 16, 32, fp8_e5m2_fnuz, fp8_e4m3_fnuz, float>,
      matrix_shape<32, 32, 16, fp8_e5m2_fnuz, fp8_e4m3_fnuz, float>>;
  /// Whether subnormal numbers count as zeros.
  template <class Shape>
  static constexpr bool flushes_subnormals = false;
};

/// AMD's gfx11 (RDNA 3): WMMA. Lanes 16 to 31 repeat the elements of a and b that lanes 0 to 15 have.
struct gfx11 {
  static constexpr unsigned wave_size = 32;  ///< lanes of a wave
  /// The products that the target has.
  using shapes = matrix_shapes<detail::uniform_shape<16, 16, 16, half>, detail::uniform_shape<16, 16, 16, half, half>,
                               detail::uniform_shape<16, 16, 16, bfloat16>, detail::uniform_shape<16, 16, 16, std::int8_t, std::int32_t>>;
  /// Returns the form in which the lanes share a matrix.
  template <matrix_use Use, class Shape>
  static constexpr fragment_map map() {
    return Use == matrix_use::accumulator ? detail::column_map<Use>(32, 16, 1) : detail::column_map<Use>(16, 16, 16);
  }
  /// Whether subnormal numbers count as zeros.
  template <class Shape>
  static constexpr bool flushes_subnormals = false;
};

/// AMD's gfx12 (RDNA 4): WMMA, with the OCP 8-bit formats. No lane repeats elements of another one.
struct gfx12 {
  static constexpr unsigned wave_size = 32;  ///< lanes of a wave
  /// The products that the target has.
  using shapes = matrix_shapes<detail::uniform_shape<16, 16, 16, half>, detail::uniform_shape<16, 16, 16, half, half>,
                               detail::uniform_shape<16, 16, 16, bfloat16>, detail::uniform_shape<16, 16, 16, std::int8_t, std::int32_t>,
                               detail::uniform_shape<16, 16, 16, fp8_e4m3>, detail::uniform_shape<16, 16, 16, fp8_e5m2>,
                               matrix_shape<16, 16, 16, fp8_e4m3, fp8_e5m2, float>, matrix_shape<16, 16, 16, fp8_e5m2, fp8_e4m3, float>>;
  /// Returns the form in which the lanes share a matrix.
  template <matrix_use Use, class Shape>
  static constexpr fragment_map map() {
    return detail::column_map<Use>(32, 16, Use != matrix_use::accumulator && detail::element_bytes<Shape, Use> == 2 ? 4 : 8);
  }
  /// Whether subnormal numbers count as zeros.
  template <class Shape>
  static constexpr bool flushes_subnormals = false;
};

}  // namespace matrix_target

}  // namespace crosslane
