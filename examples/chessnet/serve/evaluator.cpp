// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "evaluator.hpp"

#include "input/policy_index.hpp"

#include <stdexcept>
#include <string>

namespace chessnet {

request request_for(game const& g, input_format format) {
  request r{encode(g, format), {}};
  for (auto const m : legal_moves(g.current())) r.moves.push_back(std::uint16_t(policy_index(m, r.planes.transform)));
  return r;
}

void require_valid(request const& r) {
  if (r.moves.size() > most_moves)
    throw std::invalid_argument{"a request with " + std::to_string(r.moves.size()) + " moves: at most " + std::to_string(most_moves) +
                                " are possible"};
  for (auto const m : r.moves)
    if (m >= policy_size)
      throw std::invalid_argument{"a request with move " + std::to_string(m) + ": a network has " + std::to_string(policy_size) + " moves"};
}

}  // namespace chessnet
