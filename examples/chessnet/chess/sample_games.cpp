// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sample_games.hpp"

namespace chessnet {

std::vector<game> sample_games(std::size_t count, std::uint64_t seed) {
  std::uint64_t state = seed;
  auto const next = [&](std::uint64_t below) {  // Knuth's generator; the upper bits are the random ones
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  std::vector<game> games;
  while (games.size() < count) {
    game g{starting_position()};
    for (auto plies = next(81); plies > 0; --plies) {
      auto const moves = legal_moves(g.current());
      if (moves.empty()) break;
      g.play(moves[next(moves.size())]);
    }
    if (!legal_moves(g.current()).empty()) games.push_back(std::move(g));
  }
  return games;
}

}  // namespace chessnet
