// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The reference data: positions, and what other programs compute for them. It is a folder beside the source code, or the one that the
/// environment variable CHESSNET_DATA names. Tests that need it are skipped if it is missing.
#pragma once

#include "chess/game.hpp"
#include "input/planes.hpp"

#include <support/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace chessnet_test {

/// Returns the folder. Without it, tests that call for it by CHESSNET_NEEDS_DATA() are skipped.
[[nodiscard]] std::filesystem::path data_folder();

#define CHESSNET_NEEDS_DATA() \
  if (!std::filesystem::exists(chessnet_test::data_folder())) GTEST_SKIP() << "no reference data in " << chessnet_test::data_folder()

/// A position of positions.json.
struct reference_position {
  std::string name, fen, moves, legal;
  bool black = false;
  int half_moves = 0, repetitions = 0;
  unsigned transform = 0;

  [[nodiscard]] chessnet::game game() const;
};
[[nodiscard]] std::vector<reference_position> const& reference_positions();

/// A format of planes.bin.
struct reference_planes {
  chessnet::input_format format;
  std::vector<bool> known;  // false: the entry is zero
  std::vector<std::array<std::uint64_t, 112>> mask;
  std::vector<std::array<float, 112>> value;
};
[[nodiscard]] std::vector<reference_planes> const& all_reference_planes();

/// The results of a network: the file <set>.exact.bin or <set>.ref.bin.
struct reference_outputs {
  std::vector<std::vector<float>> policy;  // by position: 1858 logits
  std::vector<float> q, draw, moves_left;
};
[[nodiscard]] reference_outputs read_outputs(std::string const& file);

[[nodiscard]] crosslane_test::json_value read_json(std::string const& file);

}  // namespace chessnet_test
