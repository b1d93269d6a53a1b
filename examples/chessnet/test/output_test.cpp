// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Probabilities, text, JSON and pictures.
#include "output/board_picture.hpp"
#include "output/evaluation.hpp"
#include "output/number.hpp"
#include "output/write_file.hpp"

#include "chess/game.hpp"
#include "input/policy_index.hpp"

#include <support/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>

namespace {

using namespace chessnet;

/// Returns logits of 0 except for these moves.
std::vector<float> policy_of(position const& p, std::initializer_list<std::pair<char const*, float>> logits, transform t = {}) {
  std::vector<float> result(policy_size);
  for (auto const& [text, logit] : logits) result[policy_index(parse_move(p, text), t)] = logit;
  return result;
}

TEST(legal_shares, is_a_softmax_of_legal_moves) {
  auto const p = starting_position();
  auto policy = policy_of(p, {{"e2e4", std::log(30.0f)}, {"d2d4", std::log(12.0f)}});
  policy[policy_index({4, 12, piece::pawn})] = 100;  // e1e2 is not legal
  auto const shares = legal_shares(p, policy, {});
  ASSERT_EQ(shares.size(), 20u);
  EXPECT_EQ(to_uci(p, shares[0].played), "e2e4");
  EXPECT_EQ(to_uci(p, shares[1].played), "d2d4");
  EXPECT_NEAR(shares[0].probability, 30.0 / (30 + 12 + 18), 1e-7);
  EXPECT_NEAR(shares[1].probability, 12.0 / (30 + 12 + 18), 1e-7);
  EXPECT_NEAR(shares[19].probability, 1.0 / (30 + 12 + 18), 1e-7);
  auto const hot = legal_shares(p, policy, {}, 2);
  EXPECT_NEAR(hot[0].probability / hot[1].probability, std::sqrt(30.0 / 12), 1e-6);
}

TEST(legal_shares, large_logits) {
  auto const p = parse_fen("7k/8/8/8/8/8/8/K7 w - - 0 1");
  auto const shares = legal_shares(p, policy_of(p, {{"a1a2", 3e38f}, {"a1b1", -3e38f}, {"a1b2", 3e38f}}), {});
  EXPECT_EQ(shares[0].probability, 0.5);
  EXPECT_EQ(shares[1].probability, 0.5);
  EXPECT_EQ(shares[2].probability, 0);
}

TEST(legal_shares, squares_of_canonical_formats) {
  auto const p = parse_fen("8/6K1/8/3N4/3k4/8/5R2/8 w - - 0 80");
  transform const t = canonical_transform(p);
  ASSERT_NE(t.parts, 0u);
  EXPECT_EQ(to_uci(p, legal_shares(p, policy_of(p, {{"f2f7", 1}}, t), t)[0].played), "f2f7");
}

TEST(legal_shares, black_and_castling) {
  auto const p = parse_fen("r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1");
  EXPECT_EQ(to_uci(p, legal_shares(p, policy_of(p, {{"e8c8", 9}}), {})[0].played), "e8c8");
}

TEST(legal_shares, wrong_arguments) {
  auto const p = starting_position();
  EXPECT_THROW((void)legal_shares(p, std::vector<float>(1857), {}), std::invalid_argument);
  EXPECT_THROW((void)legal_shares(p, std::vector<float>(policy_size), {}, 0), std::invalid_argument);
}

evaluation example(char const* fen, std::initializer_list<std::pair<char const*, float>> logits) {
  auto const p = parse_fen(fen);
  network_outputs<float> const out{policy_of(p, logits), 0.25f, 0.5f, 61.4f};
  return interpret(p, {}, out, true, true);
}
constexpr auto ending = "7k/8/8/8/8/8/R7/K7 b - - 12 40";

TEST(evaluation, text) {
  EXPECT_EQ(to_text(example(ending, {{"h8g8", 2}}), 2),
            "7k/8/8/8/8/8/R7/K7 b - - 12 40\n"
            "Black to move: win  37.50 %, draw  50.00 %, loss  12.50 %, moves left 61\n"
            "  h8g8   78.70 %  #######################################\n"
            "  h8g7   10.65 %  #####\n"
            "  other  10.65 %, 1 moves\n");
  auto without = example(ending, {});
  without.draw.reset();
  without.moves_left.reset();
  EXPECT_NE(to_text(without, 0).find("win  62.50 %, loss  37.50 %\n"), std::string::npos);
}

TEST(evaluation, end_of_the_game) {
  EXPECT_NE(to_text(example("7k/6Q1/6K1/8/8/8/8/8 b - - 0 1", {}), 5).find("Black to move: checkmate\n"), std::string::npos);
  EXPECT_NE(to_text(example("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", {}), 5).find("Black to move: stalemate\n"), std::string::npos);
  EXPECT_NE(to_json(example("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", {})).find("\"end\": \"stalemate\""), std::string::npos);
}

TEST(evaluation, json) {
  auto const text = to_json(example(ending, {{"h8g8", 2}}));
  auto const json = crosslane_test::json_reader{text}.read();
  EXPECT_EQ(json["fen"].s, ending);
  EXPECT_EQ(json["side_to_move"].s, "black");
  EXPECT_EQ(json["q"].n, 0.25);
  EXPECT_EQ(json["win"].n, 0.375);
  EXPECT_EQ(json["draw"].n, 0.5);
  EXPECT_EQ(json["loss"].n, 0.125);
  EXPECT_NEAR(json["moves_left"].n, 61.4, 0.005);
  ASSERT_EQ(json["moves"].elements.size(), 3u);
  EXPECT_EQ(json["moves"].elements[0]["move"].s, "h8g8");
  EXPECT_NEAR(json["moves"].elements[0]["probability"].n, 0.786986, 1e-6);
  EXPECT_EQ(json["moves"].elements[0]["logit"].n, 2);
}

TEST(to_decimal, numbers) {
  EXPECT_EQ(to_decimal(3.96, 1), "4.0");
  EXPECT_EQ(to_decimal(-0.5, 2), "-0.50");
  EXPECT_EQ(to_decimal(1e300, 0).size(), 301u);
  EXPECT_EQ(to_decimal(std::numeric_limits<double>::quiet_NaN(), 2), "null");
}

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++n;
  return n;
}

/// Checks that elements are closed in the order of their opening.
void expect_well_formed(std::string const& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = xml.find('<', at)) != xml.npos;) {
    auto const end = xml.find('>', at);
    ASSERT_NE(end, xml.npos);
    auto const tag = xml.substr(at + 1, end - at - 1);
    EXPECT_EQ(tag.find('<'), tag.npos);
    EXPECT_EQ(count(tag, "'") % 2, 0u) << tag;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end;
  }
  EXPECT_TRUE(open.empty());
}

TEST(board_picture, pieces_and_arrows) {
  auto const e = example("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", {{"e2e4", 5}, {"d2d4", 4}, {"g1f3", 3}});
  auto const svg = board_picture(e, {.arrows = 2, .black_below = false, .caption = "a <b> & c"});
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<use "), 32u);
  EXPECT_EQ(count(svg, "'#pawn' class='w'"), 8u);
  EXPECT_EQ(count(svg, "'#king' class='b'"), 1u);
  EXPECT_EQ(count(svg, "opacity="), 2u);
  EXPECT_NE(svg.find(">62%<"), std::string::npos);
  EXPECT_NE(svg.find(">23%<"), std::string::npos);
  EXPECT_NE(svg.find(">a &lt;b&gt; &amp; c<"), std::string::npos);
  // White's king stands on e1, at the left of the lower middle; from Black's side on the upper left.
  EXPECT_NE(svg.find("'#king' class='w' transform='translate(348.0 574.0)"), std::string::npos);
  EXPECT_NE(board_picture(e, {.black_below = true}).find("'#king' class='w' transform='translate(268.0 14.0)"), std::string::npos);
}

TEST(board_picture, moves_without_weight_or_length) {
  EXPECT_EQ(count(board_picture(example(ending, {{"h8g8", 20}})), "opacity="), 1u);  // the others are below 1 %
  auto const p = parse_fen("4k3/8/8/8/8/8/8/6KR w H - 0 1");                         // the king castles without a step
  network_outputs<float> const out{policy_of(p, {{"g1h1", 20}}), 0, 0, 0};
  auto const svg = board_picture(interpret(p, {}, out, false, false));
  expect_well_formed(svg);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(write_file, whole_or_not_at_all) {
  auto const folder = std::filesystem::path{testing::TempDir()} / "chessnet-output";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  write_file(folder / "a", "first");
  write_file(folder / "a", "second");
  std::ifstream file{folder / "a"};
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>{file}, {}}), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder}, {}), 1);
  for (auto const& wrong : {folder / "none" / "a", folder}) {
    try {
      write_file(wrong, "x");
      ADD_FAILURE();
    } catch (std::runtime_error const& error) {
      EXPECT_EQ(std::string{error.what()}.find("cannot write '" + wrong.string() + "': "), 0u);
    }
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder}, {}), 1);
}

}  // namespace
