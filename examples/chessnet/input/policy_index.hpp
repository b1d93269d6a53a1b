// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Which of a network's 1858 policy outputs stands for which move, and where the heads compute it.
///
/// The list has every pair of squares that a queen or a knight could go between on an empty board, by the square of origin, then by the
/// other. Promotions to queen, rook and bishop follow. A promotion to a knight is the plain pair. Squares are those of the mover.
#pragma once

#include "transform.hpp"

#include <array>
#include <optional>

namespace chessnet {

inline constexpr std::size_t policy_size = 1858;

/// The move of each output.
[[nodiscard]] std::array<move, policy_size> const& policy_moves();

/// Returns the output for a legal move. Throws chess_error if no piece can move like that.
[[nodiscard]] std::size_t policy_index(move m, transform t = {});

/// Each output's place in what an attention policy computes: logits [from][to] of 64 x 64 squares, then promotions [from file][to
/// file][queen, rook, bishop] of 8 x 8 x 3.
[[nodiscard]] std::array<std::uint16_t, policy_size> const& attention_policy_map();

/// Each output's place in what a convolution policy computes: planes of 64 squares. Its plane is a way to move, its square is the origin.
[[nodiscard]] std::array<std::uint16_t, policy_size> const& convolution_policy_map();

/// The planes that convolution_policy_map() uses. Files have 80 planes.
inline constexpr std::size_t convolution_policy_planes = 73;

}  // namespace chessnet
