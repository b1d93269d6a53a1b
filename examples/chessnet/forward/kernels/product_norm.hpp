// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A product and the norm of the skip connection behind it in one kernel: for rows that a tile of the product holds.
#pragma once

#include "forward/board_values.hpp"

namespace chessnet::kernels {

/// x = norm(scale * (in * weights + bias) + x) for rows of up to 256 channels, a multiple of 8. The product is rounded to T before it is
/// added. A block for the 64 squares of each board. Rows begin at multiples of 16 bytes.
template <class T>
struct product_norm {
  static constexpr unsigned threads = 256, rows = 64, width = 256, lanes = 32, group = width / lanes;
  static_assert(sizeof(T) * group == 16, "a lane has 8 elements of a row, which are one access");
  using product = xl::block_gemm<T, T, xl::gemm_policy<rows, width, 32, 3, threads, 2>>;
  static constexpr auto block = product::block;
  static constexpr int min_blocks = 2;
  static constexpr unsigned pitch = width + group;  // another bank for each row

  template <class Ctx>
  union shared {
    typename product::template shared<Ctx> tiles;
    alignas(16) T rows[product_norm::rows * pitch];
  };

  float epsilon, scale;

  template <xl::kernel_context Ctx, class Weights>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tensor_view<T const, square_rows> in, Weights weights,
                               xl::span<float const> bias, xl::span<float const> gamma, xl::span<float const> beta,
                               xl::tensor_view<T, square_rows> x) const {
    using vector = xl::vec<T, group>;
    int const first = int(ctx.block_rank()) * int(rows), channels = x.template extent<axis::col>();
    auto sums = product::multiply(ctx, s.tiles, in, weights, first, 0);
    ctx.sync_block();
    sums.for_each(ctx, [&](int row, int col, float& sum) {
      s.rows[unsigned(row - first) * pitch + unsigned(col)] = T(sum + bias[std::size_t(col)]);
    });
    ctx.sync_block();

    auto const tile = xl::tile<lanes>(ctx);
    int const col = int(ctx.thread_rank() % lanes * group);
    bool const inside = col < channels;
    float factor[group] = {}, summand[group] = {};
    if (inside) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < group; ++i) {
        factor[i] = gamma[std::size_t(col) + i];
        summand[i] = beta[std::size_t(col) + i];
      }
    }
    for (unsigned row = ctx.thread_rank() / lanes; row < rows; row += threads / lanes) {
      float value[group] = {}, sum = 0, squares = 0;
      if (inside) {
        auto const skip = *reinterpret_cast<vector const*>(&x(first + int(row), col));
        auto const branch = *reinterpret_cast<vector const*>(&s.rows[row * pitch + unsigned(col)]);
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < group; ++i) {
          value[i] = float(branch[i]) * scale + float(skip[i]);
          sum += value[i];
        }
      }
      float const mean = tile.reduce(sum, xl::plus{}) / float(channels);
      if (inside) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < group; ++i) squares += (value[i] - mean) * (value[i] - mean);
      }
      float const deviation = xl::rsqrt(tile.reduce(squares, xl::plus{}) / float(channels) + epsilon);
      if (!inside) continue;
      vector result;
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < group; ++i) result[i] = T((value[i] - mean) * deviation * factor[i] + summand[i]);
      *reinterpret_cast<vector*>(&x(first + int(row), col)) = result;
    }
  }
};

}  // namespace chessnet::kernels
