// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The probabilities of the legal moves.
#pragma once

#include "serve/evaluator.hpp"

#include <crosslane/crosslane.hpp>
#include <crosslane/tensor.hpp>

#include <limits>

namespace chessnet {

/// Logits of a batch: [position][output].
using policy_logits = crosslane::row_major<crosslane::axis::row, crosslane::axis::col>;

namespace kernels {

/// shares[i] = the probability of the move moves[i]: the softmax of the logits of the moves of its position, divided by the temperature.
/// starts[b] to starts[b + 1] are the moves of position b, at most most_moves; a position may have none. A tile of 32 lanes for each
/// position. It reads each logit once.
struct legal_softmax {
  static constexpr auto block = crosslane::block_size<128>;
  static constexpr unsigned lanes = 32, of_each = most_moves / lanes;

  float temperature;

  [[nodiscard]] static unsigned blocks(int positions) { return crosslane::cover(unsigned(positions) * lanes, 128u); }

  template <crosslane::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, crosslane::tensor_view<float const, policy_logits> logits,
                               crosslane::span<std::uint32_t const> starts, crosslane::span<std::uint16_t const> moves,
                               crosslane::span<float> shares) const {
    namespace xl = crosslane;
    auto const tile = xl::tile<lanes>(ctx);
    auto const position = unsigned(ctx.global_rank() / lanes);
    if (position + 1 >= starts.size()) return;  // the same for all lanes of a tile
    unsigned const begin = starts[position], count = starts[position + 1] - begin;
    constexpr float lowest = std::numeric_limits<float>::lowest();
    float x[of_each] = {};
    float largest = lowest;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < of_each; ++k) {
      unsigned const i = k * lanes + tile.rank();
      if (i < count) {
        x[k] = logits(position, moves[begin + i]);
        largest = xl::maximum{}(largest, x[k]);
      }
    }
    largest = tile.reduce(largest, xl::maximum{});
    float sum = 0;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < of_each; ++k)
      if (k * lanes + tile.rank() < count) sum += x[k] = xl::exp((x[k] - largest) / temperature);
    sum = tile.reduce(sum, xl::plus{});
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < of_each; ++k) {
      unsigned const i = k * lanes + tile.rank();
      if (i < count) shares[begin + i] = x[k] / sum;
    }
  }
};

}  // namespace kernels
}  // namespace chessnet
