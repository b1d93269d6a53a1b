// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Evaluates batches of positions.
#pragma once

#include "input/planes.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace chessnet {

/// A position to evaluate.
struct request {
  input_planes planes;
  std::vector<std::uint16_t> moves;  // policy_index() of the legal moves, at most most_moves; none if the game is over
};

/// The most moves of a request. No position has more than 218 legal moves.
inline constexpr std::size_t most_moves = 256;

/// Returns the request for the current position of a game.
[[nodiscard]] request request_for(game const& g, input_format format);

/// Throws std::invalid_argument if the request has more than most_moves moves, or one that is not below policy_size.
void require_valid(request const& r);

/// What a network says about a position, seen by the side to move.
struct reply {
  float q = 0;               // the expected result: win - loss, from -1 to 1
  float draw = 0;            // its probability, 0 if the network does not know it
  float moves_left = 0;      // plies to the end of the game, 0 if the network does not know it
  std::vector<float> moves;  // the probabilities of request::moves, in their order; their sum is 1
};

/// Whatever evaluates a batch: the network on a device, or a test's stand-in. One thread at a time calls it.
class evaluator {
 public:
  virtual ~evaluator() = default;

  /// The most requests of a batch.
  [[nodiscard]] virtual int largest_batch() const = 0;

  /// Evaluates the requests. `replies` has as many elements. Throws if the device fails; then no reply is valid.
  virtual void evaluate(std::span<request const> requests, std::span<reply> replies) = 0;
};

}  // namespace chessnet
