// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Counts games of a given length from standard positions. The figures are common knowledge among writers of chess programs.
#include "chess/position.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

struct known {
  char const* fen;
  std::vector<std::uint64_t> counts;  // of 1, 2, ... plies
};

void check(known const& k, std::size_t most) {
  auto const p = chessnet::parse_fen(k.fen);
  for (std::size_t depth = 1; depth <= k.counts.size(); ++depth)
    if (k.counts[depth - 1] <= most) {
      EXPECT_EQ(chessnet::perft(p, int(depth)), k.counts[depth - 1]) << depth << " plies of " << k.fen;
    }
}

/// All 5 plies take 3 s with optimisation.
#if CROSSLANE_TEST_ALL
constexpr std::size_t most = 1'000'000'000;
#else
constexpr std::size_t most = 1'000'000;
#endif

TEST(perft, six_standard_positions) {
  known const positions[] = {
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", {20, 400, 8902, 197'281, 4'865'609}},
      {"r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", {48, 2039, 97'862, 4'085'603, 193'690'690}},
      {"8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", {14, 191, 2812, 43'238, 674'624}},
      {"r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", {6, 264, 9467, 422'333, 15'833'292}},
      {"rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", {44, 1486, 62'379, 2'103'487, 89'941'194}},
      {"r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", {46, 2079, 89'890, 3'894'594, 164'075'551}}};
  for (auto const& k : positions) check(k, most);
}

/// The mirror image of a position with Black to move has as many games.
TEST(perft, black_to_move) {
  check({"r2q1rk1/pP1p2pp/Q4n2/bbp1p3/Np6/1B3NBn/pPPP1PPP/R3K2R b KQ - 0 1", {6, 264, 9467, 422'333, 15'833'292}}, most);
}

TEST(perft, chess960) {
  known const positions[] = {{"bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9", {21, 528, 12'189, 326'672, 8'146'062}},
                             {"2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9", {21, 807, 18'002, 667'366, 16'253'601}},
                             {"b1q1rrkb/pppppppp/3nn3/8/P7/1PPP4/4PPPP/BQNNRKRB w GE - 1 9", {20, 479, 10'471, 273'318, 6'417'013}}};
  for (auto const& k : positions) check(k, most);
}

}  // namespace
