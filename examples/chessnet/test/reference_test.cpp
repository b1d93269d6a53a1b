// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the reference with results of other programs for all kinds of networks, because the kernels are compared with the reference.
#include "reference.hpp"

#include "reference_data.hpp"
#include "weights/synthetic.hpp"
#include "weights/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace {

using namespace chessnet;
using namespace chessnet_test;

#if CROSSLANE_TEST_ALL
constexpr std::size_t step = 1;
#else
constexpr std::size_t step = 8;  // tries positions 0, 8, ...; the one with the largest differences, 32, is among them
#endif

void check_limits(differences const& d, reference_set const& s, std::string const& what, double policy_limit, double q_limit,
                  double moves_limit) {
  d.print(s.name, what);
  EXPECT_LE(d.policy, policy_limit) << s.name << ", " << what;
  EXPECT_LE(d.q, q_limit) << s.name << ", " << what;
  EXPECT_LE(d.draw, q_limit) << s.name << ", " << what;
  EXPECT_LE(d.moves_left, moves_limit) << s.name << ", " << what;
}

template <class Real>
void check(reference_set const& s, char const* what) {
  auto const n = s.read();
  std::string const name = s.name;
  auto const exact = s.exact ? read_outputs(name + ".exact.bin") : reference_outputs{};
  auto const other = read_outputs(name + ".ref.bin");
  differences to_exact, to_other;
  for (std::size_t i = 0; i < reference_positions().size(); i += step) {
    auto const out = reference::evaluate<Real>(n, encode(reference_positions()[i].game(), n.input), s.heads);
    ASSERT_EQ(out.policy.size(), 1858u);
    if (s.exact) to_exact.add(out, exact, i);
    to_other.add(out, other, i);
  }
  if (s.exact) check_limits(to_exact, s, std::string{what} + " to exact", 5e-5, 1e-5, 1e-4);
  check_limits(to_other, s, std::string{what} + " to float", 5e-4, 5e-5, 2e-4);
}

TEST(reference, outputs_in_float) {
  CHESSNET_NEEDS_DATA();
  for (auto const& s : reference_sets()) check<float>(s, "float");
}

TEST(reference, outputs_in_double) {
  CHESSNET_NEEDS_DATA();
  for (auto const& s : reference_sets()) check<double>(s, "double");
}

/// Compares the sums, the first and the last values of each layer's results.
template <class Real>
void check_trace(reference_set const& s, double relative) {
  auto const n = s.read();
  auto const traces = read_json(std::string{s.name} + ".trace.json");
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
  for (auto const& s : reference_sets()) {
    if (!s.exact) continue;
    check_trace<float>(s, 2e-5);
    check_trace<double>(s, 1e-6);
  }
}

TEST(activate, definitions) {
  using reference::activate;
  for (double const x : {-30.0, -3.0, -0.7, -0.6, -0.5, 0.0, 0.5, 2.0, 20.0}) {
    EXPECT_NEAR(activate(activation::mish, x), x * std::tanh(std::log1p(std::exp(x))), 1e-12) << x;
    EXPECT_NEAR(activate(activation::swish, x), x / (1 + std::exp(-x)), 1e-12) << x;
    EXPECT_NEAR(activate(activation::selu, x), 1.05070098 * (x > 0 ? x : 1.67326324 * std::expm1(x)), 1e-12) << x;
    EXPECT_EQ(activate(activation::relu, x), x > 0 ? x : 0);
    EXPECT_EQ(activate(activation::relu_squared, x), x > 0 ? x * x : 0);
    EXPECT_EQ(activate(activation::none, x), x);
    EXPECT_EQ(activate(activation::tanh, x), std::tanh(x));
    EXPECT_NEAR(activate(activation::sigmoid, x), 1 / (1 + std::exp(-x)), 1e-15);
    EXPECT_NEAR(double(activate(activation::mish, float(x))), x * std::tanh(std::log1p(std::exp(x))), 1e-5 * (1 + std::abs(x))) << x;
  }
  for (float const x : {-1000.0f, 50.0f, 100.0f, 1e20f}) EXPECT_EQ(activate(activation::mish, x), x > 0 ? x : 0.0f);
}

/// Needs no data: all kinds give finite outputs, in float about the same as in double.
TEST(reference, synthetic_networks) {
  game g{starting_position()};
  g.play("e2e4 e7e5 g1f3");
  for (auto const& kind : synthetic_kinds().first(6)) {
    auto const n = synthetic_network(kind.shape, 5);
    auto const planes = encode(g, n.input);
    for (auto const& policy : n.policy_heads)
      for (auto const& value : n.value_heads) {
        reference::heads const heads{policy.name, value.name};
        auto const f = reference::evaluate<float>(n, planes, heads);
        auto const d = reference::evaluate<double>(n, planes, heads);
        double square = 0;
        for (std::size_t i = 0; i < f.policy.size(); ++i) {
          EXPECT_NEAR(double(f.policy[i]), d.policy[i], 5e-5) << kind.name;
          square += d.policy[i] * d.policy[i];
        }
        EXPECT_GT(square / double(f.policy.size()), 0.1) << kind.name;  // logits that say something
        EXPECT_NEAR(double(f.q), d.q, 1e-5) << kind.name;
        EXPECT_NEAR(double(f.draw), d.draw, 1e-5) << kind.name;
        EXPECT_NEAR(double(f.moves_left), d.moves_left, 1e-4) << kind.name;
        EXPECT_NEAR(f.win() + f.draw + f.loss(), 1, 1e-6);
        EXPECT_EQ(d.moves_left > 0, n.moves_left.has_value()) << kind.name;
      }
  }
}

/// A body behind a tower reads the tower's channels of each square.
TEST(reference, body_behind_a_tower) {
  auto shape = synthetic_kinds()[3].shape;  // a body that reads 112 + 64 channels
  auto both = synthetic_network(shape, 1);
  shape = synthetic_kinds()[1].shape;
  shape.channels = 16;
  auto const front = synthetic_network(shape, 2);
  chessnet_test::put_behind(both, *front.tower);
  std::vector<double> board, rows;
  auto const out = reference::evaluate<double>(both, encode(game{starting_position()}, input_format::classical), {},
                                               [&](std::string const& name, std::vector<int> const&, std::span<double const> x) {
                                                 if (name.starts_with("block")) board.assign(x.begin(), x.end());
                                                 if (name == "embedding_input") rows.assign(x.begin(), x.end());
                                               });
  ASSERT_EQ(rows.size(), 64u * 16);
  for (std::size_t s = 0; s < 64; ++s)
    for (std::size_t c = 0; c < 16; ++c) EXPECT_EQ(rows[s * 16 + c], board[c * 64 + s]);
  EXPECT_TRUE(std::isfinite(out.q));
}

TEST(reference, unknown_heads) {
  auto const n = synthetic_network(synthetic_kinds()[0].shape, 1);
  auto const planes = encode(game{starting_position()}, n.input);
  EXPECT_THROW((void)reference::evaluate<float>(n, planes, {"soft", ""}), weights_error);
  EXPECT_THROW((void)reference::evaluate<float>(n, planes, {"", "q"}), weights_error);
}

}  // namespace
