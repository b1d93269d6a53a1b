// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The attention policy of a network on the device.
#pragma once

#include "forward/device_weights.hpp"

namespace chessnet {

template <class T>
class attention_policy {
 public:
  attention_policy(xl::stream_ref, network const&, policy_head const&, int /*largest_batch*/) {
    throw weights_error{"no attention policies yet"};
  }

  /// Queues the head. `logits` is [board][policy_size].
  void run(pass_context const&, board_values<T> const&, xl::tensor_view<float, board_rows> const&) {}
};

}  // namespace chessnet
