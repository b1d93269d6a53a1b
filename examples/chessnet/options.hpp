// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command line of the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace chessnet {

extern char const* const usage_text;

struct options {
  std::optional<std::filesystem::path> weights;  // else synthetic ones
  std::string synthetic = "se-64x6";
  std::uint64_t seed = 1;
  std::string fen = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
  std::string moves;
  std::string policy_head, value_head;
  double temperature = 1;
  std::size_t top = 5;
  std::optional<std::filesystem::path> picture;
  bool json = false;
  bool help = false;
};

/// Returns the options. Throws examples::usage_error if they are wrong.
[[nodiscard]] options parse_options(int count, char const* const* arguments);

}  // namespace chessnet
