// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The first layer's input from masks and values.
#pragma once

#include "forward/pass_context.hpp"

namespace chessnet {

/// Masks or values: [board][plane].
using plane_masks = xl::row_major<axis::n, axis::c>;

namespace kernels {

/// planes(b, s, c) = values(b, c) if bit s of masks(b, c) is set, otherwise 0. If `pieces` has boards, pieces(b, 12 s + c) is the same for
/// the first 12 planes. A block for each board.
template <class T>
struct expand_planes {
  static constexpr auto block = xl::block_size<256>;
  static constexpr unsigned group = 16 / sizeof(T);  // planes that a thread stores at once
  static_assert(plane_count % group == 0);

  struct shared {
    std::uint64_t masks[plane_count];
    float values[plane_count];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tensor_view<std::uint64_t const, plane_masks> masks,
                               xl::tensor_view<float const, plane_masks> values, xl::tensor_view<T, board_squares> planes,
                               xl::tensor_view<T, board_rows> pieces) const {
    int const board = int(ctx.block_rank());
    for (auto i : ctx.block_stride(unsigned(plane_count))) {
      s.masks[i] = masks(board, i);
      s.values[i] = values(board, i);
    }
    ctx.sync_block();
    auto const cell = [&](unsigned plane, unsigned square) {
      return static_cast<T>(s.masks[plane] >> square & 1 ? s.values[plane] : 0.0f);
    };
    constexpr unsigned groups = plane_count / group;
    for (auto i : ctx.block_stride(64 * groups)) {
      unsigned const square = i / groups, first = i % groups * group;
      xl::vec<T, group> some;
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < group; ++k) some[k] = cell(first + k, square);
      *reinterpret_cast<xl::vec<T, group>*>(&planes(board, square, first)) = some;
    }
    if (pieces.template extent<axis::row>() == 0) return;
    for (auto i : ctx.block_stride(64 * 12u)) pieces(board, i) = cell(i % 12, i / 12);
  }
};

}  // namespace kernels

/// Queues the expansion. `planes` has 112 channels, and its pitch is a multiple of 16 bytes.
template <class T>
void expand_planes(pass_context const& p, xl::tensor_view<std::uint64_t const, plane_masks> const& masks,
                   xl::tensor_view<float const, plane_masks> const& values, board_values<T> const& planes,
                   xl::tensor_view<T, board_rows> const& pieces) {
  p.launch({.grid = unsigned(p.boards)}, kernels::expand_planes<T>{}, masks, values, planes.squares(), pieces);
}

}  // namespace chessnet
