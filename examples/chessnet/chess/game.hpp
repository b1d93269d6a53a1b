// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A position with the positions before it, which networks see too.
#pragma once

#include "position.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace chessnet {

class game {
 public:
  explicit game(position const& start) : positions_{start}, repetitions_{0} {}

  /// Plays a legal move.
  void play(move m);
  /// Plays moves in UCI's notation, separated by spaces. Throws chess_error at the first that is wrong. The moves before it stay played.
  void play(std::string_view moves);

  /// Takes the last move back. There must be one.
  void take_back();

  /// Returns the current position.
  [[nodiscard]] position const& current() const { return positions_.back(); }
  /// Returns all positions, the oldest first. Each is seen by its own side to move.
  [[nodiscard]] std::vector<position> const& positions() const { return positions_; }
  /// Returns how often the i-th position had occurred before it, since the last capture or move of a pawn.
  [[nodiscard]] int repetitions(std::size_t i) const { return repetitions_[i]; }

 private:
  std::vector<position> positions_;
  std::vector<int> repetitions_;
};

/// Why a game is over. The side to move has lost by checkmate. All others are draws.
enum class ending : std::uint8_t { none, checkmate, stalemate, insufficient_material, repetition, fifty_moves };

/// Returns why the game is over in its current position, whose legal moves are given, or none. A position that occurs for the third time
/// and 50 moves of each side without a capture or a move of a pawn end a game, though a player could leave a draw unclaimed.
[[nodiscard]] ending end_of(game const& g, std::span<move const> legal);

}  // namespace chessnet
