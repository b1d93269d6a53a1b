// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "policy_index.hpp"

#include <algorithm>
#include <cstdlib>

namespace chessnet {
namespace {

constexpr std::size_t first_promotion = 1792;
constexpr piece promotions[] = {piece::queen, piece::rook, piece::bishop};

/// Returns the place among {queen, rook, bishop}.
std::size_t promotion_rank(piece p) { return std::size_t(std::find(promotions, promotions + 3, p) - promotions); }

std::array<move, policy_size> make_moves() {
  std::array<move, policy_size> result;
  std::size_t n = 0;
  for (int from = 0; from < 64; ++from)
    for_each_square(reachable(from), [&](int to) { result[n++] = {std::uint8_t(from), std::uint8_t(to), piece::pawn}; });
  for (int file = 0; file < 8; ++file)
    for (int target = std::max(file - 1, 0); target <= std::min(file + 1, 7); ++target)
      for (auto const p : promotions) result[n++] = {std::uint8_t(square_of(file, 6)), std::uint8_t(square_of(target, 7)), p};
  return result;
}

/// The output for each pair of squares, or policy_size.
std::array<std::array<std::uint16_t, 64>, 64> make_pairs() {
  std::array<std::array<std::uint16_t, 64>, 64> result;
  for (auto& row : result) row.fill(policy_size);
  for (std::size_t i = 0; i < first_promotion; ++i) result[policy_moves()[i].from][policy_moves()[i].to] = std::uint16_t(i);
  return result;
}

std::uint16_t attention_place(move m) {
  if (m.promotion == piece::pawn) return std::uint16_t(64 * m.from + m.to);
  return std::uint16_t(4096 + 24 * file_of(m.from) + 3 * file_of(m.to) + int(promotion_rank(m.promotion)));
}

std::uint16_t convolution_place(move m) {
  int const dx = file_of(m.to) - file_of(m.from), dy = rank_of(m.to) - rank_of(m.from);
  int plane = 0;
  if (m.promotion != piece::pawn) {
    plane = 64 + 3 * (dx + 1) + (int(promotion_rank(m.promotion)) + 2) % 3;  // rook, bishop, queen
  } else if (dx != 0 && dy != 0 && std::abs(dx) != std::abs(dy)) {
    while (knight_step[plane][0] != dx || knight_step[plane][1] != dy) ++plane;
    plane += 56;
  } else {
    int const distance = std::max(std::abs(dx), std::abs(dy));
    while (direction_step[plane][0] * distance != dx || direction_step[plane][1] * distance != dy) ++plane;
    plane = 7 * plane + distance - 1;
  }
  return std::uint16_t(64 * plane + m.from);
}

std::array<std::uint16_t, policy_size> make_map(std::uint16_t (*place)(move)) {
  std::array<std::uint16_t, policy_size> result;
  std::transform(policy_moves().begin(), policy_moves().end(), result.begin(), place);
  return result;
}

}  // namespace

std::array<move, policy_size> const& policy_moves() {
  static auto const moves = make_moves();
  return moves;
}

std::size_t policy_index(move m, transform t) {
  static auto const pairs = make_pairs();
  int const from = t.square(m.from), to = t.square(m.to);
  if (m.promotion == piece::pawn || m.promotion == piece::knight) {
    if (auto const i = pairs[std::size_t(from)][std::size_t(to)]; i < policy_size) return i;
  } else if (rank_of(from) == 6 && rank_of(to) == 7 && std::abs(file_of(from) - file_of(to)) <= 1 && m.promotion != piece::king) {
    std::size_t const file = std::size_t(file_of(from));
    std::size_t const pairs_before = file == 0 ? 0 : 3 * file - 1;  // files a and h have two targets, the others three
    std::size_t const target = std::size_t(file_of(to) - std::max(int(file) - 1, 0));
    return first_promotion + 3 * (pairs_before + target) + promotion_rank(m.promotion);
  }
  throw chess_error{"no policy output stands for the move from square " + std::to_string(from) + " to square " + std::to_string(to)};
}

std::array<std::uint16_t, policy_size> const& attention_policy_map() {
  static auto const map = make_map(attention_place);
  return map;
}

std::array<std::uint16_t, policy_size> const& convolution_policy_map() {
  static auto const map = make_map(convolution_place);
  return map;
}

}  // namespace chessnet
