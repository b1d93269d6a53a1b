// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How much two recordings differ.
#pragma once

#include "recording.hpp"

#include <optional>
#include <string>
#include <vector>

namespace chessnet {

struct difference {
  std::string name;                 // "logits", "legal moves", "q", "draw", "moves left", or "layer " and the name of a layer
  double largest = 0;               // the largest absolute difference; infinite if a number is not finite
  double relative = 0;              // the same by the largest absolute value of the second recording
  std::optional<double> tolerance;  // of `largest`, of layers for `relative`
  bool passed = true;
};

/// Returns the differences of the outputs, then of the layers that both recordings have. "legal moves" are the probabilities of the legal
/// moves. Tolerances are those of the lower precision of the two. Throws std::runtime_error if they are of different positions.
[[nodiscard]] std::vector<difference> compare(recording const& a, recording const& b);

[[nodiscard]] bool all_passed(std::vector<difference> const& differences);

/// Return a table for people, and a JSON object.
[[nodiscard]] std::string to_text(recording const& a, recording const& b, std::vector<difference> const& differences);
[[nodiscard]] std::string to_json(recording const& a, recording const& b, std::vector<difference> const& differences);

}  // namespace chessnet
