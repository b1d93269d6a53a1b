// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The reference data: positions, and what other programs compute for them. It is a folder beside the source code, or the one that the
/// environment variable CHESSNET_DATA names. Tests that need it are skipped if it is missing.
#pragma once

#include "chess/game.hpp"
#include "input/planes.hpp"
#include "reference.hpp"

#include <support/json.hpp>

#include <cmath>
#include <filesystem>
#include <span>
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

/// A network with results.
struct reference_set {
  char const* name;  // of the results
  char const* file;
  chessnet::reference::heads heads = {};
  bool exact = true;  // the results of <name>.exact.bin, else only those of <name>.ref.bin

  [[nodiscard]] chessnet::network read() const;
};
[[nodiscard]] std::span<reference_set const> reference_sets();

/// Returns the largest difference of the probabilities of some outputs, given logits of all.
[[nodiscard]] double largest_difference(std::vector<float> const& logits, std::vector<float> const& expected,
                                        std::vector<std::size_t> const& outputs);

/// The largest differences of logits, q, draw and moves left.
struct differences {
  double policy = 0, q = 0, draw = 0, moves_left = 0;

  template <class Real>
  void add(chessnet::network_outputs<Real> const& got, reference_outputs const& expected, std::size_t i) {
    for (std::size_t m = 0; m < got.policy.size(); ++m) larger(policy, double(got.policy[m]), double(expected.policy[i][m]));
    larger(q, double(got.q), double(expected.q[i]));
    larger(draw, double(got.draw), double(expected.draw[i]));
    larger(moves_left, double(got.moves_left), double(expected.moves_left[i]));
  }
  void print(char const* set, std::string const& what) const;

 private:
  /// A NaN is larger than all numbers.
  static void larger(double& largest, double a, double b) {
    if (!(std::abs(a - b) <= largest)) largest = std::abs(a - b);
  }
};

/// Puts the network's body behind a tower, whose channels it reads: those of its embedding's weights that come first.
void put_behind(chessnet::network& n, chessnet::tower const& front);

[[nodiscard]] crosslane_test::json_value read_json(std::string const& file);

}  // namespace chessnet_test
