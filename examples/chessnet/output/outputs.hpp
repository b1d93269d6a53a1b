// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a network computes for a position, seen by the side to move.
#pragma once

#include <vector>

namespace chessnet {

template <class Real>
struct network_outputs {
  std::vector<Real> policy;  // 1858 logits, policy_moves() has their moves
  Real q = 0;                // the expected result: win - loss, from -1 to 1
  Real draw = 0;             // the probability of a draw, 0 if the network has a scalar value
  Real moves_left = 0;       // plies to the end of the game, 0 if the network has no such head

  [[nodiscard]] Real win() const { return (1 + q - draw) / 2; }
  [[nodiscard]] Real loss() const { return (1 - q - draw) / 2; }
};

}  // namespace chessnet
