// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The measurement with a stand-in for the device.
#include "bench/measure.hpp"

#include "chess/sample_games.hpp"

#include <support/json.hpp>

#include <gtest/gtest.h>

#include <map>

namespace {

using namespace chessnet;

/// Counts batches. Checks that they are encoded and that there are never too many.
struct stand_in {
  int most = 2;
  std::vector<request> expected;
  std::map<std::size_t, int> alone, submitted;
  int pending = 0;
  std::size_t next = 0;

  int most_in_flight() const { return most; }
  void check(std::span<request const> requests) {
    for (auto const& r : requests) {
      auto const& e = expected[next++ % expected.size()];
      EXPECT_EQ(r.planes.mask, e.planes.mask);
      EXPECT_EQ(r.moves, e.moves);
    }
  }
  void evaluate(std::span<request const> requests, std::span<reply> replies) {
    EXPECT_EQ(requests.size(), replies.size());
    EXPECT_EQ(pending, 0);
    if (alone[requests.size()]++ == 0) next = 0;
    check(requests);
  }
  int submit(std::span<request const> requests) {
    check(requests);
    EXPECT_LE(++pending, most);
    return submitted[requests.size()]++;
  }
  void wait(int, std::span<reply>) { --pending; }
};

TEST(measure, batches_of_each_size) {
  auto const games = sample_games(7, 1);
  stand_in e;
  for (auto const& g : games) e.expected.push_back(request_for(g, input_format::classical));
  std::vector<std::string> shown;
  auto const measured = measure(e, games, input_format::classical,
                                {.sizes = {1, 5, 12}, .batches = 3, .threads = 3, .show = [&](auto const& s) { shown.push_back(s); }});
  ASSERT_EQ(measured.size(), 3u);
  for (auto const& m : measured) {
    EXPECT_EQ(m.alone.size(), 3u);
    EXPECT_GT(m.median(), 0);
    EXPECT_GT(m.in_flight, 0);
    EXPECT_EQ(e.alone[std::size_t(m.batch)], 3 + 2);  // two to warm up
    EXPECT_EQ(e.submitted[std::size_t(m.batch)], 3 + 2 * 2);
  }
  EXPECT_EQ(measured[2].batch, 12);
  EXPECT_EQ(e.pending, 0);
  ASSERT_EQ(shown.size(), 6u);
  EXPECT_EQ(shown[5], "batches of 12, 2 in flight");
}

TEST(measurement, text_and_json) {
  measurement const m{64, {0.004, 0.001, 0.002, 0.001}, 0.0005};
  EXPECT_DOUBLE_EQ(m.median(), 0.0015);
  EXPECT_DOUBLE_EQ(m.mean(), 0.002);
  bench_facts const facts{"net", "cuda sm_90", "half", 3, 8};
  auto const text = to_text(facts, {m});
  EXPECT_NE(text.find("cuda sm_90, half, 8 threads encode\n"), std::string::npos);
  EXPECT_NE(text.find("1.500"), std::string::npos);
  EXPECT_NE(text.find("42667"), std::string::npos);
  EXPECT_NE(text.find("32000"), std::string::npos);
  EXPECT_NE(text.find("128000\n"), std::string::npos);
  auto const json_text = to_json(facts, {m, m});
  auto const json = crosslane_test::json_reader{json_text}.read();
  EXPECT_EQ(json["precision"].s, "half");
  ASSERT_EQ(json["measurements"].elements.size(), 2u);
  EXPECT_EQ(json["measurements"].elements[1]["batch"].n, 64);
  EXPECT_EQ(json["measurements"].elements[1]["median_ms"].n, 1.5);
  EXPECT_EQ(json["measurements"].elements[1]["per_second_in_flight"].n, 128000);
}

}  // namespace
