// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "game.hpp"

namespace chessnet {

void game::play(move m) {
  positions_.push_back(chessnet::play(current(), m));
  int count = 0;
  auto const last = std::ptrdiff_t(positions_.size()) - 1;
  for (auto i = last - 2; i >= 0 && last - i <= current().half_moves && count == 0; i -= 2)
    if (positions_[std::size_t(i)].repeats(current())) count = repetitions_[std::size_t(i)] + 1;
  repetitions_.push_back(count);
}

void game::take_back() {
  positions_.pop_back();
  repetitions_.pop_back();
}

void game::play(std::string_view moves) {
  constexpr auto spaces = " \t\r\n";
  for (std::size_t at = 0; (at = moves.find_first_not_of(spaces, at)) != moves.npos;) {
    auto const end = std::min(moves.find_first_of(spaces, at), moves.size());
    play(parse_move(current(), moves.substr(at, end - at)));
    at = end;
  }
}

ending end_of(game const& g, std::span<move const> legal) {
  auto const& p = g.current();
  if (legal.empty()) return in_check(p) ? ending::checkmate : ending::stalemate;
  if (insufficient_material(p)) return ending::insufficient_material;
  if (g.repetitions(g.positions().size() - 1) >= 2) return ending::repetition;
  return p.half_moves >= 100 ? ending::fifty_moves : ending::none;
}

}  // namespace chessnet
