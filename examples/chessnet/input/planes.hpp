// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A position as a network's input: 112 planes of 8 x 8 squares.
#pragma once

#include "chess/game.hpp"
#include "transform.hpp"

#include <array>
#include <cstdint>

namespace chessnet {

/// The formats of the input, by their numbers in files of weights.
enum class input_format : std::uint32_t {
  classical = 1,
  castling_plane = 2,
  canonical = 3,
  canonical_hectoplies = 4,
  canonical_hectoplies_armageddon = 132,
  canonical_v2 = 5,
  canonical_v2_armageddon = 133,
};

[[nodiscard]] constexpr bool is_canonical(input_format f) { return f != input_format::classical && f != input_format::castling_plane; }

/// Fills the planes of boards before the first known one.
enum class history_fill {
  no,        // empty, except that a possible en passant shows the board before it
  fen_only,  // with the first known board, unless it is the normal starting position
  always,    // with the first known board
};

inline constexpr std::size_t plane_count = 112;

/// Plane i has value[i] on the squares of mask[i], and 0 elsewhere. 13 planes each for the current board and the seven before it, the
/// newest first: our pawns, knights, bishops, rooks, queens, king, theirs, and all squares if the position had occurred before. Then eight
/// planes: castling (4), Black to move or en passant, half moves, armageddon, all ones.
struct input_planes {
  std::array<bitboard, plane_count> mask{};
  std::array<float, plane_count> value{};
  /// Canonical formats only: squares of moves go through it before the look-up of their policy output.
  chessnet::transform transform;
};

[[nodiscard]] input_planes encode(game const& g, input_format format, history_fill fill = history_fill::fen_only);

}  // namespace chessnet
