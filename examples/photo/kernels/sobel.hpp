// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Edges by Sobel's operators.
#pragma once

#include "filters.hpp"
#include "kernels/common.hpp"

namespace photo::kernels {

/// edges [pixels] = length of the gradient of the luminance of planes [3 x pixels], times edge_gain, at most 1.
/// Grid: tiles in x, tiles in y. The tile holds luminance, so that it is made once for each pixel and not nine times.
struct sobel {
  static constexpr auto block = xl::block_size<32, 8>;
  static constexpr unsigned columns = 32;
  static constexpr unsigned rows = 32;

  struct shared {
    float tile[rows + 2][columns + 2];
  };

  static xl::extent3 grid(frame f) { return {xl::cover(f.width, columns), xl::cover(f.height, rows)}; }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> planes, xl::span<float> edges, frame f) const {
    auto const thread = ctx.thread_index();
    auto const tile = ctx.block_index();
    int const left = int(tile.x * columns) - 1;
    int const top = int(tile.y * rows) - 1;
    for (auto i : ctx.block_stride((rows + 2) * (columns + 2))) {
      int const column = int(i % (columns + 2));
      int const row = int(i / (columns + 2));
      std::size_t const pixel =
          unsigned(clamped(top + row, 0, int(f.height) - 1)) * f.width + unsigned(clamped(left + column, 0, int(f.width) - 1));
      float const red = planes[pixel];
      float const green = planes[f.pitch + pixel];
      float const blue = planes[2 * std::size_t{f.pitch} + pixel];
      s.tile[row][column] = std::fma(luma_blue, blue, std::fma(luma_green, green, luma_red * red));
    }
    ctx.sync_block();

    unsigned const x = tile.x * columns + thread.x;
    if (x >= f.width) return;
    for (unsigned r = thread.y; r < rows && tile.y * rows + r < f.height; r += 8) {
      auto const at = [&](unsigned dx, unsigned dy) { return s.tile[r + dy][thread.x + dx]; };
      float const gx = (at(2, 0) + 2 * at(2, 1) + at(2, 2)) - (at(0, 0) + 2 * at(0, 1) + at(0, 2));
      float const gy = (at(0, 2) + 2 * at(1, 2) + at(2, 2)) - (at(0, 0) + 2 * at(1, 0) + at(2, 0));
      float const length = edge_gain * std::sqrt(std::fma(gx, gx, gy * gy));
      edges[(tile.y * rows + r) * f.width + x] = length < 1.0f ? length : 1.0f;
    }
  }
};

}  // namespace photo::kernels
