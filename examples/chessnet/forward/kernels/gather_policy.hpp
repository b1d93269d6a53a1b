// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Picks the 1858 policy outputs from what a head computes.
#pragma once

#include "forward/pass_context.hpp"

namespace chessnet::kernels {

/// out(b, i) = from(b, map[i] % 64, map[i] / 64): a map counts planes of squares. A block for each 256 outputs of a board.
struct gather_policy {
  static constexpr auto block = xl::block_size<256>;
  static constexpr int dimensions = 2;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<float const, board_squares> from, xl::span<std::uint16_t const> map,
                               xl::tensor_view<float, board_rows> out) const {
    unsigned const i = unsigned(ctx.global_index().x), board = ctx.block_index().y;
    if (i >= map.size()) return;
    unsigned const place = map[i];
    out(board, i) = from(board, place % 64, place / 64);
  }
};

}  // namespace chessnet::kernels
