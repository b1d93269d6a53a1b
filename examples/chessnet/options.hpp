// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The command line of the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace chessnet {

extern char const* const usage_text;

enum class program_mode { evaluate, check, bench };

struct options {
  program_mode mode = program_mode::evaluate;
  std::optional<std::filesystem::path> weights;  // else synthetic ones
  std::string synthetic = "se-64x6";
  std::uint64_t seed = 1;
  std::string policy_head, value_head;
  int device = 0;
  std::string precision;  // float, half, bfloat16, or reference; empty: the one that suits the device
  bool json = false;
  bool help = false;

  // evaluate
  std::string fen = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";
  std::string moves;
  double temperature = 1;
  std::size_t top = 5;
  std::optional<std::filesystem::path> picture;

  // check
  std::size_t positions = 8;
  std::optional<std::filesystem::path> save, against;

  // bench
  std::vector<int> sizes;  // empty: those that suit the device
  int batches = 50;
  int in_flight = 3;
  int threads = 0;  // 0: as many as the machine has, at most 8
};

/// Returns the options. Throws examples::usage_error if they are wrong.
[[nodiscard]] options parse_options(int count, char const* const* arguments);

}  // namespace chessnet
