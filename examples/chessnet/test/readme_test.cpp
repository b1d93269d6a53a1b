// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of the example's page.
#include "output/evaluation.hpp"
#include "reference.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace {

// [evaluate]
/// Returns the best move after these moves, such as "e2e4 c7c5".
std::string best_move(std::filesystem::path const& weights, std::string_view moves) {
  auto const n = chessnet::read_network(weights);
  chessnet::game g{chessnet::starting_position()};
  g.play(moves);
  auto const planes = chessnet::encode(g, n.input);
  auto const out = chessnet::reference::evaluate<float>(n, planes);
  auto const best = chessnet::legal_shares(g.current(), out.policy, planes.transform).front();
  return chessnet::to_uci(g.current(), best.played);
}
// [evaluate]

TEST(readme, best_move) {
  auto const path = std::filesystem::path{testing::TempDir()} / "chessnet-readme.pb";
  auto const bytes = chessnet::synthetic_file(chessnet::synthetic_kinds()[0].shape, 1);
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<char const*>(bytes.data()), std::streamsize(bytes.size()));
  chessnet::game g{chessnet::starting_position()};
  g.play("e2e4 c7c5");
  EXPECT_NO_THROW((void)chessnet::parse_move(g.current(), best_move(path, "e2e4 c7c5")));
  std::filesystem::remove(path);
}

}  // namespace
