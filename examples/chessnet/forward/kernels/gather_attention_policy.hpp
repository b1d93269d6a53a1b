// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The last step of an attention policy: promotions, and the choice of the 1858 logits.
#pragma once

#include "forward/board_values.hpp"
#include "input/policy_index.hpp"

namespace chessnet {

/// Products of the queries of the squares of origin with the keys of the others.
using square_pairs = xl::packed<xl::extents<std::int32_t, axis::n, xl::fixed<axis::row, 64>, xl::fixed<axis::col, 64>>,
                                xl::axes<axis::n, axis::row, axis::col>>;

namespace kernels {

/// out[i] = scale * products[map[i]], or a promotion's logit, for each board. A promotion adds two products of the key of the square of
/// promotion to those of its squares: with the weights of its piece, and with the last weights. A block for each board.
struct gather_attention_policy {
  static constexpr auto block = xl::block_size<256>;
  static constexpr int pieces = 4, files = 8, lanes = 256 / (pieces * files);  // lanes that share a product

  struct shared {
    float promotion[pieces][files];
  };

  float scale;

  template <xl::kernel_context Ctx, class T>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::tensor_view<float const, square_pairs> products,
                               xl::tensor_view<T const, board_squares> keys, xl::tensor_view<float const, xl::row_major<>> promotion,
                               xl::span<std::uint16_t const> map, xl::tensor_view<float, board_rows> out) const {
    int const n = int(ctx.block_rank()), channels = keys.template extent<axis::c>();
    int const own = int(ctx.thread_rank()) / lanes, lane = int(ctx.thread_rank()) % lanes, piece = own / files, file = own % files;
    float sum = 0;
    for (int c = lane; c < channels; c += lanes) sum += promotion(piece, c) * float(keys(n, 56 + file, c));
    sum = xl::tile<unsigned(lanes)>(ctx).reduce(sum, xl::plus{});
    if (lane == 0) s.promotion[piece][file] = sum;
    ctx.sync_block();
    for (auto const i : ctx.block_stride(int(policy_size))) {
      int const place = map[std::size_t(i)], extra = place - 64 * 64;
      if (extra < 0) {
        out(n, i) = scale * products(n, place / 64, place % 64);
      } else {
        int const from = extra / 24, to = extra / 3 % files;
        out(n, i) = scale * products(n, 48 + from, 56 + to) + s.promotion[extra % 3][to] + s.promotion[pieces - 1][to];
      }
    }
  }
};

}  // namespace kernels

}  // namespace chessnet
