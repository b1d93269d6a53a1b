// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A position as a picture, in SVG, with arrows for its most probable moves.
#pragma once

#include "evaluation.hpp"

#include <string>

namespace chessnet {

struct picture_options {
  std::size_t arrows = 3;    // at most; moves below 1 % have none
  bool black_below = false;  // seen from Black's side
  std::string caption{};     // a line below the board; escaped
};

/// Returns an SVG file: the board, an arrow with its percentage for each of the best moves, and a bar of the outcome, White's part below.
[[nodiscard]] std::string board_picture(evaluation const& e, picture_options const& options = {});

}  // namespace chessnet
