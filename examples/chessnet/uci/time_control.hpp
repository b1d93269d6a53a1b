// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command `go`, and how long to think.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

struct go_command {
  using milliseconds = std::chrono::milliseconds;
  std::optional<std::uint64_t> nodes;
  std::optional<milliseconds> movetime;
  std::array<std::optional<milliseconds>, 2> time;  // left on the clock of White and of Black
  std::array<milliseconds, 2> increment{};
  int moves_to_go = 0;  // until the next time control; 0: until the end of the game
  bool infinite = false;
  std::vector<std::string> ignored;  // limits that this program does not have: "depth", "mate", "searchmoves"
};

/// Reads what follows the word "go". Throws protocol_error if it is wrong or asks for pondering.
[[nodiscard]] go_command parse_go(std::string_view text);

/// Returns the time for a move of a side, at least 1 ms, or none if the command says nothing about time. `overhead` is the time of each
/// move that passes elsewhere, of a fixed time at most half.
///
/// With a clock it is an equal share of what is left for 30 moves, or for those to go, and most of the increment, but at most half of what
/// is left, or four fifths before a time control.
[[nodiscard]] std::optional<std::chrono::milliseconds> thinking_time(go_command const& go, bool black, std::chrono::milliseconds overhead);

}  // namespace chessnet
