// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The last layers of the heads that say how the game ends and when.
#pragma once

#include "forward/pass_context.hpp"

namespace chessnet::kernels {

/// The last layer of a head: its input, and its weights [output][input]. A head that a network does not have has no outputs.
template <class T>
struct last_layer {
  xl::tensor_view<T const, board_rows> in;
  xl::tensor_view<float const, matrix_layout> weights;
  xl::span<float const> bias;
};

/// out(b, 0) = the expected result, out(b, 1) = the probability of a draw, out(b, 2) = the moves left; 0 for what the heads do not say.
/// raw(b, i) = the output i of the value, before softmax or tanh. A tile of 32 lanes for each board.
template <class T>
struct outcome {
  static constexpr auto block = xl::block_size<128>;
  static constexpr unsigned lanes = 32;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, last_layer<T> value, last_layer<T> moves_left, xl::tensor_view<float, board_rows> raw,
                               xl::tensor_view<float, board_rows> out) const {
    auto const tile = xl::tile<lanes>(ctx);
    int const board = int(ctx.global_rank() / lanes);
    if (board >= out.extent<axis::row>()) return;  // the same for all lanes of a tile
    float y[3] = {};
    int const outputs = value.weights.template extent<axis::out>();
    CROSSLANE_UNROLL
    for (int o = 0; o < 3; ++o)
      if (o < outputs) y[o] = output(tile, value, board, o);
    bool const has_moves = moves_left.weights.template extent<axis::out>() > 0;
    float const moves = has_moves ? output(tile, moves_left, board, 0) : 0;
    if (!tile.is_leader()) return;
    for (int o = 0; o < outputs; ++o) raw(board, o) = y[o];
    float q, draw = 0;
    if (outputs == 3) {
      float const largest = xl::max(y[0], xl::max(y[1], y[2]));
      float const win = xl::exp(y[0] - largest), loss = xl::exp(y[2] - largest);
      draw = xl::exp(y[1] - largest);
      float const sum = win + draw + loss;
      q = (win - loss) / sum;
      draw /= sum;
    } else {
      q = xl::tanh(y[0]);
    }
    out(board, 0) = q;
    out(board, 1) = draw;
    out(board, 2) = moves > 0 ? moves : 0;
  }

 private:
  template <class Tile>
  CROSSLANE_FN static float output(Tile const& tile, last_layer<T> const& layer, int board, int o) {
    float sum = 0;
    int const inputs = layer.weights.template extent<axis::in>();
    for (int i = int(tile.rank()); i < inputs; i += int(lanes)) sum += layer.weights(o, i) * static_cast<float>(layer.in(board, i));
    return tile.reduce(sum, xl::plus{}) + layer.bias[std::size_t(o)];
  }
};

}  // namespace chessnet::kernels
