// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Edge detection with Sobel's operators.
#pragma once

#include "filters.hpp"
#include "kernels/common.hpp"

namespace photo::kernels {

/// edges = the length of the luminance gradient of `in`, times edge_gain, at most 1. Grid: tiles in x, tiles in y. The tile holds
/// luminance, so that the kernel computes it once for each pixel and not nine times.
struct sobel {
  static constexpr auto block = xl::block_size<32, 8>;
  static constexpr unsigned columns = 32;
  static constexpr unsigned rows = 32;

  struct shared {
    float tile[rows + 2][columns + 2];
  };

  static xl::extent3 grid(picture_extents const& e) {
    return {xl::cover(e.extent<axis::w>(), columns), xl::cover(e.extent<axis::h>(), rows)};
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tensor_view<float const, planar> in,
                               xl::tensor_view<float, plane> edges) const {
    int const width = in.extent<axis::w>(), height = in.extent<axis::h>();
    auto const thread = ctx.thread_index();
    auto const tile = ctx.block_index();
    int const left = int(tile.x * columns) - 1;
    int const top = int(tile.y * rows) - 1;
    for (auto i : ctx.block_stride((rows + 2) * (columns + 2))) {
      int const column = int(i % (columns + 2)), row = int(i / (columns + 2));
      int const x = clamped(left + column, 0, width - 1), y = clamped(top + row, 0, height - 1);
      s.tile[row][column] = std::fma(luma_blue, in(2, y, x), std::fma(luma_green, in(1, y, x), luma_red * in(0, y, x)));
    }
    ctx.sync_block();

    int const x = int(tile.x * columns + thread.x);
    if (x >= width) return;
    for (unsigned r = thread.y; r < rows && int(tile.y * rows + r) < height; r += 8) {
      auto const at = [&](unsigned dx, unsigned dy) { return s.tile[r + dy][thread.x + dx]; };
      float const gx = (at(2, 0) + 2 * at(2, 1) + at(2, 2)) - (at(0, 0) + 2 * at(0, 1) + at(0, 2));
      float const gy = (at(0, 2) + 2 * at(1, 2) + at(2, 2)) - (at(0, 0) + 2 * at(1, 0) + at(2, 0));
      float const length = edge_gain * std::sqrt(std::fma(gx, gx, gy * gy));
      edges(tile.y * rows + r, x) = length < 1.0f ? length : 1.0f;
    }
  }
};

}  // namespace photo::kernels
