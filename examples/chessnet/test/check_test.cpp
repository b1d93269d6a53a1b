// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Recordings, their files and their comparison.
#include "check/comparison.hpp"
#include "chess/sample_games.hpp"
#include "input/policy_index.hpp"
#include "output/write_file.hpp"
#include "weights/file.hpp"
#include "weights/synthetic.hpp"

#include <support/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>

namespace {

using namespace chessnet;

TEST(sample_games, are_different_and_not_over) {
  auto const games = sample_games(50, 3);
  ASSERT_EQ(games.size(), 50u);
  std::vector<std::string> fens;
  for (auto const& g : games) {
    EXPECT_FALSE(legal_moves(g.current()).empty());
    fens.push_back(to_fen(g.current()));
  }
  std::sort(fens.begin(), fens.end());
  EXPECT_GE(std::unique(fens.begin(), fens.end()) - fens.begin(), 45);
  EXPECT_EQ(to_fen(sample_games(2, 3)[1].current()), to_fen(games[1].current()));
  EXPECT_NE(to_fen(sample_games(2, 4)[1].current()), to_fen(games[1].current()));
}

/// Returns what the reference computes for three positions.
recording const& example() {
  static auto const made = [] {
    auto const games = sample_games(3, 1);
    return record_reference(synthetic_network("plain-32x3", 1), games, {});
  }();
  return made;
}

TEST(recording, of_the_reference) {
  auto const n = synthetic_network("plain-32x3", 1);
  auto const games = sample_games(3, 1);
  auto const& r = example();
  ASSERT_EQ(r.positions.size(), 3u);
  EXPECT_EQ(r.positions[2], to_fen(games[2].current()));
  EXPECT_EQ(r.moves[2].size(), legal_moves(games[2].current()).size());
  auto const out = reference::evaluate<double>(n, encode(games[2], n.input));
  EXPECT_EQ(r.outputs[2].policy[100], float(out.policy[100]));
  EXPECT_EQ(r.outputs[2].q, float(out.q));
  ASSERT_GE(r.layers.size(), 4u);
  EXPECT_EQ(r.layers[0].name, "input_conv");
  EXPECT_EQ(r.layers[0].extents, (std::vector<int>{3, 32, 8, 8}));
  EXPECT_EQ(r.layers[0].values.size(), 3u * 32 * 64);
}

/// Returns the text of the error that f() throws.
std::string error_of(std::function<void()> const& f) {
  try {
    f();
  } catch (std::runtime_error const& error) {
    return error.what();
  }
  return "no error";
}

TEST(recording, files) {
  auto const folder = std::filesystem::path{testing::TempDir()} / "chessnet-recordings";
  std::filesystem::create_directories(folder);
  auto const path = folder / "a";
  auto const& r = example();
  save(r, path);
  auto const back = load(path);
  EXPECT_EQ(back.network, r.network);
  EXPECT_EQ(back.precision, "double");
  EXPECT_EQ(back.positions, r.positions);
  EXPECT_EQ(back.moves, r.moves);
  EXPECT_EQ(back.layers, r.layers);
  EXPECT_EQ(back.outputs[1].policy, r.outputs[1].policy);
  EXPECT_EQ(back.outputs[1].moves_left, r.outputs[1].moves_left);

  auto const bytes = read_file(path);
  std::string const text{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  auto const loads = [&](std::string_view content) {
    write_file(folder / "b", content);
    return error_of([&] { (void)load(folder / "b"); });
  };
  auto const begin = "cannot read '" + (folder / "b").string() + "': ";
  EXPECT_EQ(loads(""), begin + "it is no recording of this program");
  EXPECT_EQ(loads("something else that is longer than the magic words"), begin + "it is no recording of this program");
  for (std::size_t size = 21; size < text.size(); size += size < 2000 ? 7 : 100'003)
    EXPECT_EQ(loads(text.substr(0, size)), begin + "it is cut off") << size;
  EXPECT_EQ(loads(text + "x"), begin + "something follows its end");
  // A number in place of another: no crash, and never more memory than the file has.
  for (std::size_t at = 21; at < 1500; at += 3) {
    auto wrong = text;
    wrong[at] = char(wrong[at] ^ 0x55);
    (void)loads(wrong);
  }
  auto wrong = r;
  wrong.layers[1].extents[2] = 7;
  save(wrong, path);
  EXPECT_EQ(error_of([&] { (void)load(path); }), "cannot read '" + path.string() + "': its layers do not fit each other");
  EXPECT_NE(error_of([&] { (void)load(folder / "none"); }).find("no such file"), std::string::npos);
  std::filesystem::remove_all(folder);
}

difference const& named(std::vector<difference> const& differences, std::string const& name) {
  for (auto const& d : differences)
    if (d.name == name) return d;
  throw std::runtime_error{"no " + name};
}

TEST(comparison, finds_each_difference) {
  auto const& b = example();
  auto a = b;
  a.precision = "float";
  EXPECT_TRUE(all_passed(compare(a, b)));
  EXPECT_EQ(compare(a, b).size(), 5 + b.layers.size());

  a.outputs[1].q += 2e-5f;
  a.outputs[2].policy[b.moves[2][0]] += 1;
  a.layers[1].values[5] += 1;
  auto const found = compare(a, b);
  EXPECT_FALSE(all_passed(found));
  EXPECT_NEAR(named(found, "q").largest, 2e-5, 1e-7);
  EXPECT_FALSE(named(found, "q").passed);
  EXPECT_NEAR(named(found, "logits").largest, 1, 1e-6);
  EXPECT_FALSE(named(found, "logits").passed);
  EXPECT_GT(named(found, "legal moves").largest, 1e-4);
  EXPECT_FALSE(named(found, "legal moves").passed);
  EXPECT_TRUE(named(found, "draw").passed);
  EXPECT_TRUE(named(found, "layer input_conv").passed);
  auto const& layer = named(found, "layer block0");
  float scale = 0;
  for (float const x : b.layers[1].values) scale = std::max(scale, std::abs(x));
  EXPECT_NEAR(layer.largest, 1, 1e-6);
  EXPECT_NEAR(layer.relative, 1 / double(scale), 1e-6);
  EXPECT_FALSE(layer.passed);
}

TEST(comparison, tolerances_are_of_the_lower_precision) {
  auto const& b = example();
  auto a = b;
  a.outputs[1].q += 1e-3f;
  for (auto const& [precision, passed] : {std::pair{"float", false}, {"half", true}, {"bfloat16", true}}) {
    a.precision = precision;
    EXPECT_EQ(all_passed(compare(a, b)), passed) << precision;
    EXPECT_EQ(all_passed(compare(b, a)), passed) << precision;
  }
  a.outputs[1].q += 1e-2f;
  EXPECT_TRUE(all_passed(compare(a, b)));
  a.precision = "half";
  EXPECT_FALSE(all_passed(compare(a, b)));
  a.precision = "bfloat16";
  a.outputs[1].policy[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(named(compare(a, b), "logits").passed);  // without a tolerance, too
}

TEST(comparison, of_different_things) {
  auto const& b = example();
  auto a = b;
  a.positions[0] = "another";
  EXPECT_EQ(error_of([&] { (void)compare(a, b); }), "the recordings are of different positions: use the same --seed and --positions");
  a = b;
  a.layers[0].extents = {3, 64, 8, 4};
  EXPECT_EQ(error_of([&] { (void)compare(a, b); }), "the recordings have layers 'input_conv' of different sizes");
  a = b;
  a.layers.erase(a.layers.begin() + 1);  // a pass that keeps a layer in registers
  EXPECT_TRUE(all_passed(compare(a, b)));
  EXPECT_EQ(compare(a, b).size(), 5 + a.layers.size());
}

TEST(comparison, text_and_json) {
  auto const& b = example();
  auto a = b;
  a.network = "a \"net\"";
  a.target = "cuda sm_90";
  a.precision = "half";
  a.outputs[0].draw += 0.125f;
  auto const found = compare(a, b);
  auto const text = to_text(a, b, found);
  EXPECT_NE(text.find("cuda sm_90, half, against reference, double\n"), std::string::npos);
  EXPECT_NE(text.find("2.0e-03  FAILED\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\nFAILED\n"));
  auto json_text = to_json(a, b, found);
  for (auto const& [word, number] : {std::pair{"true", "1"}, {"false", "0"}, {"null", "-1"}})
    for (std::size_t at = 0; (at = json_text.find(word, at)) != json_text.npos;) json_text.replace(at, std::strlen(word), number);
  auto const json = crosslane_test::json_reader{json_text}.read();
  EXPECT_EQ(json["network"].s, "a \"net\"");
  EXPECT_EQ(json["passed"].n, 0);
  EXPECT_EQ(json["of"]["precision"].s, "half");
  ASSERT_EQ(json["differences"].elements.size(), found.size());
  EXPECT_EQ(json["differences"].elements[0]["tolerance"].n, -1);
  EXPECT_EQ(json["differences"].elements[3]["name"].s, "draw");
  EXPECT_EQ(json["differences"].elements[3]["largest"].n, 0.125);
}

}  // namespace
