// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Positions for measurements and comparisons.
#pragma once

#include "game.hpp"

#include <cstdint>

namespace chessnet {

/// Returns games of pseudo-random legal moves from the starting position, at most 80 plies, none of which is over. The same seed gives the
/// same games on every machine.
[[nodiscard]] std::vector<game> sample_games(std::size_t count, std::uint64_t seed);

}  // namespace chessnet
