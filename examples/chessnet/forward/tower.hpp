// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The residual tower of a network on the device.
#pragma once

#include "forward/device_weights.hpp"
#include "forward/kernels/squeeze_excite.hpp"

#include <optional>
#include <vector>

namespace chessnet {

template <class T>
class device_tower {
 public:
  /// Of n.tower, with memory for the largest batch.
  device_tower(xl::stream_ref q, network const& n, int largest_batch)
      : activation_{n.default_activation},
        planes_{q, largest_batch, int(plane_count)},
        x_{q, largest_batch, n.tower->channels()},
        y_{q, largest_batch, n.tower->channels()},
        z_{q, largest_batch, n.tower->channels()},
        input_{q, n.tower->input} {
    for (auto const& b : n.tower->blocks) blocks_.emplace_back(q, b);
  }

  /// The memory of the input.
  [[nodiscard]] board_values<T> planes(int boards) { return planes_.of(boards); }

  /// Returns where the output is.
  [[nodiscard]] board_values<T> output(int boards) { return x_.of(boards); }

  /// Queues the tower. Returns where its output is.
  board_values<T> run(pass_context const& p, board_values<T> const& planes) {
    auto const x = x_.of(p.boards), y = y_.of(p.boards), z = z_.of(p.boards);
    with_default_activation(activation_, [&](auto f) {
      convolve(p, planes, input_, x, f);
      p.show_board("input_conv", x);
      for (std::size_t b = 0; b < blocks_.size(); ++b) {
        auto const& block = blocks_[b];
        convolve(p, x, block.first, y, f);
        if (block.squeeze) {
          convolve(p, y, block.second, z, no_activation);
          squeeze_excite(p, z, *block.squeeze, x, f);
        } else {
          xl::convolve(p.q, y.images(), block.second.view(), x.images(),
                       xl::epilogue_chain{xl::add_to_columns{block.second.bias()}, xl::add_matrix{x.squares()}, f}, p.options);
        }
        p.show_board("block", x, int(b));
      }
    });
    return x;
  }

 private:
  struct layer_pair {
    device_convolution<T> first, second;
    std::optional<device_squeeze<T>> squeeze;

    layer_pair(xl::stream_ref q, residual_block const& b) : first{q, b.first}, second{q, b.second} {
      if (b.squeeze) squeeze.emplace(q, *b.squeeze);
    }
  };

  activation activation_;
  board_memory<T> planes_, x_, y_, z_;
  device_convolution<T> input_;
  std::vector<layer_pair> blocks_;
};

}  // namespace chessnet
