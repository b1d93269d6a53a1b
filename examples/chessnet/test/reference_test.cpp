// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the reference with results of other programs for all kinds of networks, because the kernels are compared with the reference.
#include "reference.hpp"

#include "reference_data.hpp"
#include "weights/read.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace {

using namespace chessnet;
using chessnet_test::reference_positions;

struct set {
  char const* name;  // of the results
  char const* file;
  reference::heads heads = {};
  bool exact = true;  // the results of <name>.exact.bin, else only those of <name>.ref.bin
};
constexpr char const* multihead = "s5-attnbody-pedense-multihead";
set const sets[] = {{"maia-1100", "maia-1100"},
                    {"s1", "s1-se-conv-wdl-mlh"},
                    {"s2", "s2-classic-fcpolicy-scalar"},
                    {"s3", "s3-setower-attnpolicy-mish"},
                    {"s4", "s4-attnbody-pemap-smolgen"},
                    {"s5", multihead},
                    {"s5-optimistic-q", multihead, {"optimistic", "q"}, false},
                    {"s6", "s6-attnbody-encodings"}};

network read(set const& s) { return read_network(chessnet_test::data_folder() / "nets" / (std::string{s.file} + ".pb.gz")); }

#if CROSSLANE_TEST_ALL
constexpr std::size_t step = 1;
#else
constexpr std::size_t step = 4;  // tries positions 0, 4, ...; the one with the largest differences, 32, is among them
#endif

/// The largest differences of logits, q and moves left.
struct differences {
  double policy = 0, q = 0, draw = 0, moves_left = 0;

  template <class Real>
  void add(network_outputs<Real> const& got, chessnet_test::reference_outputs const& expected, std::size_t i) {
    for (std::size_t m = 0; m < got.policy.size(); ++m)
      policy = std::max(policy, std::abs(double(got.policy[m]) - double(expected.policy[i][m])));
    q = std::max(q, std::abs(double(got.q) - double(expected.q[i])));
    draw = std::max(draw, std::abs(double(got.draw) - double(expected.draw[i])));
    moves_left = std::max(moves_left, std::abs(double(got.moves_left) - double(expected.moves_left[i])));
  }
  void check(set const& s, char const* what, double policy_limit, double q_limit, double moves_limit) const {
    std::printf("%-16s %-18s logits %.1e, q %.1e, draw %.1e, moves left %.1e\n", s.name, what, policy, q, draw, moves_left);
    EXPECT_LE(policy, policy_limit) << s.name << ", " << what;
    EXPECT_LE(q, q_limit) << s.name << ", " << what;
    EXPECT_LE(draw, q_limit) << s.name << ", " << what;
    EXPECT_LE(moves_left, moves_limit) << s.name << ", " << what;
  }
};

template <class Real>
void check(set const& s, char const* what) {
  auto const n = read(s);
  std::string const name = s.name;
  auto const exact = s.exact ? chessnet_test::read_outputs(name + ".exact.bin") : chessnet_test::reference_outputs{};
  auto const other = chessnet_test::read_outputs(name + ".ref.bin");
  differences to_exact, to_other;
  for (std::size_t i = 0; i < reference_positions().size(); i += step) {
    auto const out = reference::evaluate<Real>(n, encode(reference_positions()[i].game(), n.input), s.heads);
    ASSERT_EQ(out.policy.size(), 1858u);
    if (s.exact) to_exact.add(out, exact, i);
    to_other.add(out, other, i);
  }
  if (s.exact) to_exact.check(s, (std::string{what} + " to exact").c_str(), 5e-5, 1e-5, 1e-4);
  to_other.check(s, (std::string{what} + " to float").c_str(), 5e-4, 5e-5, 2e-4);
}

TEST(reference, outputs_in_float) {
  CHESSNET_NEEDS_DATA();
  for (auto const& s : sets) check<float>(s, "float");
}

TEST(reference, outputs_in_double) {
  CHESSNET_NEEDS_DATA();
  for (auto const& s : sets) check<double>(s, "double");
}

/// Compares the sums, the first and the last values of each layer's results.
template <class Real>
void check_trace(set const& s, double relative) {
  auto const n = read(s);
  auto const traces = chessnet_test::read_json(std::string{s.name} + ".trace.json");
  double largest = 0;
  for (std::size_t t = 0; t < traces.keys.size(); ++t) {
    auto const& layers = traces.elements[t].elements;
    auto const found =
        std::find_if(reference_positions().begin(), reference_positions().end(), [&](auto const& p) { return p.name == traces.keys[t]; });
    ASSERT_NE(found, reference_positions().end());
    std::size_t at = 0;
    reference::tracer<Real> const compare = [&](std::string const& name, std::vector<int> const& extents, std::span<Real const> values) {
      ASSERT_LT(at, layers.size()) << s.name << ": " << name << " is not in the trace";
      auto const& layer = layers[at++];
      auto const where = std::string{s.name} + ", " + traces.keys[t] + ", " + name;
      ASSERT_EQ(name, layer["name"].s) << where;
      std::size_t size = 1;
      ASSERT_EQ(extents.size(), layer["shape"].elements.size()) << where;
      for (std::size_t i = 0; i < extents.size(); ++i) {
        EXPECT_EQ(extents[i], int(layer["shape"].elements[i].n)) << where;
        size *= std::size_t(extents[i]);
      }
      ASSERT_EQ(values.size(), size) << where;
      double sum = 0, absolute = 0;
      for (auto const v : values) {
        sum += double(v);
        absolute += std::abs(double(v));
      }
      auto const near = [&](double a, double b, double scale) {
        largest = std::max(largest, std::abs(a - b) / scale);
        EXPECT_NEAR(a, b, relative * scale) << where;
      };
      double const typical = 1 + absolute / double(size);
      near(sum, layer["sum"].n, 1 + absolute);
      near(absolute, layer["abssum"].n, 1 + absolute);
      auto const& first = layer["first"].elements;
      auto const& last = layer["last"].elements;
      for (std::size_t i = 0; i < first.size(); ++i) near(double(values[i]), first[i].n, typical);
      for (std::size_t i = 0; i < last.size(); ++i) near(double(values[size - last.size() + i]), last[i].n, typical);
    };
    (void)reference::evaluate<Real>(n, encode(found->game(), n.input), s.heads, compare);
    EXPECT_EQ(at, layers.size()) << s.name;
  }
  std::printf("%-16s layers, relative to their mean absolute value: %.1e\n", s.name, largest);
}

TEST(reference, layers) {
  CHESSNET_NEEDS_DATA();
  for (auto const& s : sets) {
    if (!s.exact) continue;
    check_trace<float>(s, 2e-5);
    check_trace<double>(s, 1e-6);
  }
}

}  // namespace
