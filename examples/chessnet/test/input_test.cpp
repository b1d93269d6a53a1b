// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares legal moves, policy outputs and planes of the seven formats with the reference data, and tests the maps of the policy.
#include "input/planes.hpp"
#include "input/policy_index.hpp"
#include "reference_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <sstream>

namespace {

using namespace chessnet;
using chessnet_test::all_reference_planes;
using chessnet_test::reference_positions;

TEST(reference_positions, state) {
  CHESSNET_NEEDS_DATA();
  for (auto const& r : reference_positions()) {
    auto const g = r.game();
    EXPECT_EQ(g.current().black_to_move, r.black) << r.name;
    EXPECT_EQ(g.current().half_moves, r.half_moves) << r.name;
    EXPECT_EQ(g.repetitions(g.positions().size() - 1), r.repetitions) << r.name;
    EXPECT_EQ(canonical_transform(g.current()).parts, r.transform) << r.name;
  }
}

TEST(reference_positions, legal_moves_and_their_outputs) {
  CHESSNET_NEEDS_DATA();
  for (auto const& r : reference_positions()) {
    std::vector<std::string> expected, found;
    std::istringstream words{r.legal};
    for (std::string word; words >> word;) expected.push_back(word);
    auto const p = r.game().current();
    for (auto const m : legal_moves(p)) found.push_back(to_uci(p, m) + ':' + std::to_string(policy_index(m)));
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected) << r.name;
  }
}

TEST(encode, planes_bit_for_bit) {
  CHESSNET_NEEDS_DATA();
  std::size_t compared = 0;
  for (auto const& expected : all_reference_planes())
    for (std::size_t i = 0; i < reference_positions().size(); ++i) {
      auto const planes = encode(reference_positions()[i].game(), expected.format);
      if (!expected.known[i]) continue;
      ++compared;
      for (std::size_t plane = 0; plane < plane_count; ++plane) {
        auto const where = [&] {
          return "format " + std::to_string(unsigned(expected.format)) + ", " + reference_positions()[i].name + ", plane " +
                 std::to_string(plane);
        };
        EXPECT_EQ(planes.mask[plane], expected.mask[i][plane]) << where();
        EXPECT_EQ(std::bit_cast<std::uint32_t>(planes.value[plane]), std::bit_cast<std::uint32_t>(expected.value[i][plane])) << where();
      }
    }
  EXPECT_EQ(compared, 7u * 47 - 2 * 13);
}

/// Without the reference data: what a player can check by eye.
TEST(encode, starting_position) {
  auto const planes = encode(game{starting_position()}, input_format::classical);
  EXPECT_EQ(planes.mask[0], rank_mask(1));  // our pawns
  EXPECT_EQ(planes.mask[5], bit(4));        // our king on e1
  EXPECT_EQ(planes.mask[6 + 4], bit(59));   // their queen on d8
  EXPECT_EQ(planes.mask[13], 0u);           // no board before the normal starting position
  for (std::size_t i = 104; i < 108; ++i) EXPECT_EQ(planes.mask[i], ~bitboard{0});
  EXPECT_EQ(planes.mask[108], 0u);  // White to move
  EXPECT_EQ(planes.value[109], 0.0f);
  EXPECT_EQ(planes.mask[111], ~bitboard{0});
}

TEST(encode, history_before_the_first_board) {
  auto const p = parse_fen("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1");
  auto const boards = [](position const& at, history_fill fill) {
    auto const planes = encode(game{at}, input_format::classical, fill);
    int count = 0;
    for (std::size_t h = 0; h < 8; ++h) count += planes.mask[13 * h + 5] != 0;
    return count;
  };
  EXPECT_EQ(boards(p, history_fill::no), 2);
  EXPECT_EQ(boards(p, history_fill::fen_only), 8);
  EXPECT_EQ(encode(game{p}, input_format::classical).mask[13 + 6], bit(51));  // the pawn on d7, before its double step
  EXPECT_EQ(boards(starting_position(), history_fill::no), 1);
  EXPECT_EQ(boards(starting_position(), history_fill::fen_only), 1);
  EXPECT_EQ(boards(starting_position(), history_fill::always), 8);
}

/// Canonical formats: the history ends after a capture or a move of a pawn, and before other castling rights or en passant.
TEST(encode, history_of_canonical_formats) {
  auto const boards = [](char const* moves, input_format format) {
    game g{starting_position()};
    g.play(moves);
    auto const planes = encode(g, format);
    int count = 0;
    for (std::size_t h = 0; h < 8; ++h) count += planes.mask[13 * h + 5] != 0;
    return count;
  };
  EXPECT_EQ(boards("e2e4 e7e5 g1f3 b8c6", input_format::classical), 5);
  EXPECT_EQ(boards("e2e4 e7e5 g1f3 b8c6", input_format::canonical), 3);       // back to e7e5
  EXPECT_EQ(boards("e2e4 e7e5 g1f3 b8c6 e1e2", input_format::canonical), 1);  // White could castle before
  EXPECT_EQ(boards("e2e4 g8f6 e4e5 d7d5 b1c3", input_format::classical), 6);
  EXPECT_EQ(boards("e2e4 g8f6 e4e5 d7d5 b1c3", input_format::canonical), 1);  // before, e5d6 was possible
  // The second version shows only older boards that are repetitions.
  constexpr auto to_and_fro = "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1";
  EXPECT_EQ(boards(to_and_fro, input_format::canonical), 8);
  EXPECT_EQ(boards(to_and_fro, input_format::canonical_v2), 4);
}

TEST(transform, is_a_symmetry) {
  for (unsigned parts = 0; parts < 8; ++parts) {
    transform const t{parts};
    bitboard all = 0;
    for (int s = 0; s < 64; ++s) {
      EXPECT_EQ(t.squares(bit(s)), bit(t.square(s)));
      all |= bit(t.square(s));
    }
    EXPECT_EQ(all, ~bitboard{0});
  }
  EXPECT_EQ(reflect(0), 63);   // a1 and h8
  EXPECT_EQ(reflect(56), 56);  // a8 stays
  EXPECT_EQ(reflect(1), 55);   // b1 and h7
}

TEST(policy, list_of_moves) {
  auto const& moves = policy_moves();
  EXPECT_EQ(moves[0], (move{0, 1, piece::pawn}));         // a1b1
  EXPECT_EQ(moves[1857], (move{55, 63, piece::bishop}));  // h7h8=B
  for (std::size_t i = 0; i < policy_size; ++i) EXPECT_EQ(policy_index(moves[i]), i);
  EXPECT_EQ(policy_index({48, 56, piece::knight}), policy_index({48, 56, piece::pawn}));
  EXPECT_THROW((void)policy_index({0, 25, piece::pawn}), chess_error);    // nothing goes from a1 to b4
  EXPECT_THROW((void)policy_index({0, 8, piece::queen}), chess_error);    // no promotion from rank 1
  EXPECT_THROW((void)policy_index({48, 58, piece::queen}), chess_error);  // nor two files aside
}

/// A legal move has the output of its image in the image of the position.
TEST(policy, moves_under_transforms) {
  auto const p = parse_fen("8/5B2/5K2/8/3k4/8/8/2B5 w - - 0 80");
  transform const t = canonical_transform(p);
  ASSERT_EQ(t.parts, unsigned(transform::ranks | transform::diagonal));
  // Ranks first: f6 becomes f3, f6g7 becomes f3g2. Both lie on the diagonal.
  EXPECT_EQ(policy_index(parse_move(p, "f6g7"), t), policy_index({21, 14, piece::pawn}));
  // c1e3 becomes c8e6, and by reflection a6c4.
  EXPECT_EQ(policy_index(parse_move(p, "c1e3"), t), policy_index({40, 26, piece::pawn}));
  std::set<std::size_t> outputs;
  for (auto const m : legal_moves(p)) outputs.insert(policy_index(m, t));
  EXPECT_EQ(outputs.size(), legal_moves(p).size());
}

TEST(policy, maps_of_the_heads) {
  for (auto const* map : {&attention_policy_map(), &convolution_policy_map()})
    EXPECT_EQ(std::set<std::uint16_t>(map->begin(), map->end()).size(), policy_size);  // all different
  EXPECT_LT(*std::max_element(attention_policy_map().begin(), attention_policy_map().end()), 64 * 64 + 8 * 24);
  EXPECT_LT(*std::max_element(convolution_policy_map().begin(), convolution_policy_map().end()), 64 * convolution_policy_planes);
  auto const place = [](auto const& map, move m) { return map[policy_index(m)]; };
  auto const& planes = convolution_policy_map();
  EXPECT_EQ(place(planes, {12, 28, piece::pawn}), 64 * 1 + 12);         // e2e4: two to the north
  EXPECT_EQ(place(planes, {7, 0, piece::pawn}), 64 * (7 * 6 + 6) + 7);  // h1a1: seven to the west
  EXPECT_EQ(place(planes, {1, 18, piece::pawn}), 64 * 56 + 1);          // b1c3: the first step of a knight
  EXPECT_EQ(place(planes, {48, 57, piece::rook}), 64 * 70 + 48);        // a7b8=R
  EXPECT_EQ(place(planes, {49, 56, piece::queen}), 64 * 66 + 49);       // b7a8=Q
  EXPECT_EQ(place(attention_policy_map(), {12, 28, piece::pawn}), 64 * 12 + 28);
  EXPECT_EQ(place(attention_policy_map(), {55, 63, piece::bishop}), 4096 + 24 * 7 + 3 * 7 + 2);
}

}  // namespace
