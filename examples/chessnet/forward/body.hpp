// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The attention body of a network on the device.
#pragma once

#include "forward/device_weights.hpp"

namespace chessnet {

template <class T>
class device_body {
 public:
  /// Of n.body, with memory for the largest batch.
  device_body(xl::stream_ref, network const&, int /*largest_batch*/) { throw weights_error{"no attention bodies yet"}; }

  /// @{
  /// The memory of the input of a network without a tower: the planes of each square, and [board][64 x 12] the first 12 planes of each
  /// square, of no boards if the body does not need them.
  [[nodiscard]] board_values<T> planes(int) { return {}; }
  [[nodiscard]] xl::tensor_view<T, board_rows> pieces(int) { return {}; }
  /// @}

  /// Queues the body. `in` is what planes() returned, or the tower's output. Returns where its output is.
  board_values<T> run(pass_context const&, board_values<T> const& in) { return in; }
};

}  // namespace chessnet
