// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of whole matrices as loops on the CPU.
#pragma once

#include <crosslane/kernel/matrix_arithmetic.hpp>
#include <crosslane/matrix/gemm_problem.hpp>
#include <crosslane/matrix/patch_operand.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// Computes tiles of C. Parts of the operands are converted to the type of the sums and put into the order in which they are used, so that
/// the compiler can use vectors.
template <bool AlongA, bool AlongB, class P, class E>
class gemm_loops {
  using sum = gemm_sum<typename P::a_type>;
  // rows x cols sums stay in vector registers, of 16 bytes or more.
  static constexpr int side = 64, depth = 128, rows = 4, cols = 32 / int(sizeof(sum));

 public:
  static constexpr int tile = side;

  /// `first` is the number of the first product.
  static void run(P const& p, E const& e, std::int32_t batch, std::int32_t first, std::int32_t row, std::int32_t col) {
    sum a[depth * side], b[depth * side], sums[side * side] = {};
    int const m = p.m - row < side ? p.m - row : side, n = p.n - col < side ? p.n - col : side;
    for (std::int32_t k = 0; k < p.k; k += depth) {
      int const count = p.k - k < depth ? p.k - k : depth;
      pack<AlongA>(p.a_of(batch), row, m, k, count, a);
      pack<AlongB>(p.b_of(batch), col, n, k, count, b);
      for (int i = 0; i < m; i += rows)
        for (int j = 0; j < n; j += cols) multiply(a + i, b + j, count, sums + i * side + j);
    }
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j)
        *p.c_at(batch, row + i, col + j) =
            static_cast<typename P::c_type>(apply_epilogue(e, sums[i * side + j], gemm_index{row + i, col + j, first + batch}));
  }

 private:
  /// Writes to[k * side + i]. Elements outside the operand become zero.
  template <bool AlongK, class T>
  static void pack(gemm_operand<T> const& from, std::int32_t outer, int outers, std::int32_t k, int count, sum* to) {
    for (int i = 0; i < count * side; ++i) to[i] = 0;
    if constexpr (AlongK) {
      for (int i = 0; i < outers; ++i)
        for (int j = 0; j < count; ++j) to[j * side + i] = static_cast<sum>(from.data[(outer + i) * from.pitch + k + j]);
    } else {
      for (int j = 0; j < count; ++j)
        for (int i = 0; i < outers; ++i) to[j * side + i] = static_cast<sum>(from.data[(k + j) * from.pitch + outer + i]);
    }
  }
  template <bool AlongK, class T>
  static void pack(patch_operand<T> const& from, std::int32_t outer, int outers, std::int32_t k, int count, sum* to) {
    static_assert(AlongK);
    image_memory<T const> const& images = from.images;
    for (int i = 0; i < count * side; ++i) to[i] = 0;
    for (int i = 0; i < outers; ++i) {
      pixel_index const p = pixel_index::of(outer + i, from.height, from.width);
      for (int j = 0; j < count;) {  // the channels of a pixel
        std::int32_t const pixel = (k + j) / images.channels, channel = (k + j) % images.channels;
        std::int32_t const y = p.y - from.top + pixel / from.cols, x = p.x - from.left + pixel % from.cols;
        int const n = images.channels - channel < count - j ? images.channels - channel : count - j;
        if (y >= 0 && y < images.height && x >= 0 && x < images.width)
          for (int c = 0; c < n; ++c) to[(j + c) * side + i] = static_cast<sum>(*images.at(p.image, channel + c, y, x));
        j += n;
      }
    }
  }
  static void multiply(sum const* a, sum const* b, int count, sum* sums) {
    sum own[std::size_t(rows)][std::size_t(cols)];
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j) own[i][j] = sums[i * side + j];
    for (int k = 0; k < count; ++k)
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < cols; ++j) own[i][j] = add(own[i][j], a[k * side + i], b[k * side + j]);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j) sums[i * side + j] = own[i][j];
  }
  static sum add(sum c, sum a, sum b) {
    if constexpr (std::is_integral_v<sum>)
      return sum(unsigned(c) + unsigned(a) * unsigned(b));
    else
      return c + a * b;
  }
};

}  // namespace crosslane::detail
