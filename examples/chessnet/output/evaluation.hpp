// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A network's outputs as what they mean: probabilities of legal moves and of the outcome.
#pragma once

#include "chess/position.hpp"
#include "input/transform.hpp"
#include "outputs.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chessnet {

struct move_share {
  move played;
  float logit = 0;
  double probability = 0;
};

/// Returns the legal moves with their probabilities: the softmax of the logits of legal moves, divided by the temperature. The most
/// probable move is first. `policy` has policy_size logits. A low temperature favours the best move, a high one makes moves alike; it must
/// be positive.
[[nodiscard]] std::vector<move_share> legal_shares(position const& p, std::span<float const> policy, transform t, double temperature = 1);

struct evaluation {
  position at;
  std::vector<move_share> moves;  // none if the game is over
  double q = 0;                   // the expected result for the side to move, from -1 to 1
  std::optional<double> draw;     // the probability, if the network knows it
  std::optional<double> moves_left;

  // Probabilities for the side to move. Without `draw` they are those of a game without draws.
  [[nodiscard]] double win() const { return (1 + q - draw.value_or(0)) / 2; }
  [[nodiscard]] double loss() const { return (1 - q - draw.value_or(0)) / 2; }
};

/// Returns the outputs for a position as an evaluation. Of probabilities that the network does not have, pass false.
[[nodiscard]] evaluation interpret(position const& p, transform t, network_outputs<float> const& out, bool has_draw, bool has_moves_left,
                                   double temperature = 1);

/// Returns several lines for people: the outcome, then at most `most` moves.
[[nodiscard]] std::string to_text(evaluation const& e, std::size_t most);

/// Returns a JSON object with all moves. Moves are in UCI's notation; probabilities are for the side to move.
[[nodiscard]] std::string to_json(evaluation const& e);

}  // namespace chessnet
