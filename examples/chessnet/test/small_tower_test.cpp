// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the kernel of small towers with the reference.
#include "forward/small_tower.hpp"

#include "reference.hpp"
#include "weights/synthetic.hpp"

#include <support/target.hpp>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <type_traits>

namespace {

using namespace chessnet;
using namespace crosslane_test;

/// Planes of pieces and of whole boards, as positions have them.
std::vector<input_planes> some_planes(int boards) {
  std::mt19937_64 random{7};
  std::vector<input_planes> result(static_cast<std::size_t>(boards));
  for (auto& p : result)
    for (std::size_t i = 0; i < plane_count; ++i) {
      p.mask[i] = i % 13 == 12 || i >= 104 ? (random() % 2 != 0 ? ~std::uint64_t{0} : 0) : random() & random() & random();
      p.value[i] = i == 109 ? float(random() % 40) : 1;
    }
  return result;
}

/// Returns the tower's output of each board as [square][channel].
std::vector<std::vector<double>> expected_of(network const& n, std::vector<input_planes> const& planes) {
  auto const channels = std::size_t(n.tower->channels());
  std::string const last = "block" + std::to_string(n.tower->blocks.size() - 1);
  std::vector<std::vector<double>> result;
  for (auto const& p : planes) {
    reference::tracer<float> const keep = [&](std::string const& name, std::vector<int> const&, std::span<float const> values) {
      if (name != last) return;
      std::vector<double> board(values.size());
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t s = 0; s < 64; ++s) board[s * channels + c] = double(values[c * 64 + s]);
      result.push_back(board);
    };
    (void)reference::evaluate<float>(n, p, {}, keep);
  }
  return result;
}

/// Returns the output of a convolution with an activation of [square][channel].
std::vector<double> convolved(convolution_layer const& c, std::vector<double> const& x, activation f) {
  auto const channels = std::size_t(c.out);
  std::vector<double> y(64 * channels);
  for (int square = 0; square < 64; ++square)
    for (int out = 0; out < c.out; ++out) {
      double sum = double(c.bias[std::size_t(out)]);
      for (int tap = 0; tap < 9; ++tap) {
        int const rank = square / 8 + tap / 3 - 1, file = square % 8 + tap % 3 - 1;
        if (rank < 0 || rank > 7 || file < 0 || file > 7) continue;
        for (int in = 0; in < c.in; ++in)
          sum += double(c.view()(out, in, tap / 3, tap % 3)) * x[std::size_t(rank * 8 + file) * channels + std::size_t(in)];
      }
      y[std::size_t(square) * channels + std::size_t(out)] = reference::activate(f, sum);
    }
  return y;
}

/// Memory for results, with gaps between squares.
template <class T>
class results {
 public:
  results(xl::stream const& q, int boards, int channels)
      : boards_{boards},
        channels_{channels},
        memory_{upload(q, std::vector<T>(std::size_t(boards) * 64 * std::size_t(channels + gap) + 64, T(3)))} {}

  xl::tensor_view<T, small_tower_result> view() {
    int const pitch = channels_ + gap;
    return {memory_.data(), small_tower_result{{boards_, 64, channels_}, {{64 * pitch, pitch, 1}}}};
  }

  /// Returns the norm of the difference, relative to the norm of what is expected. Checks that gaps are not touched.
  double error(xl::stream const& q, std::vector<std::vector<double>> const& expected) const {
    auto const got = read(q, memory_);
    auto const channels = std::size_t(channels_), pitch = channels + gap;
    double difference = 0, norm = 0;
    for (std::size_t b = 0; b < expected.size(); ++b)
      for (std::size_t i = 0; i < expected[b].size(); ++i) {
        double const x = double(float(got[(b * 64 + i / channels) * pitch + i % channels])), y = expected[b][i];
        difference += (x - y) * (x - y);
        norm += y * y;
      }
    std::size_t touched = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
      touched += (i >= expected.size() * 64 * pitch || i % pitch >= channels) && float(got[i]) != 3.0f;
    CROSSLANE_CHECK_EQ(touched, 0u);
    CROSSLANE_CHECK(norm > 0);
    return std::sqrt(difference / norm);
  }

 private:
  static constexpr int gap = 8;
  int boards_, channels_;
  xl::buffer<T> memory_;
};

synthetic_shape shape_of(int channels, int blocks, int squeeze, activation f) {
  synthetic_shape s;
  s.channels = channels;
  s.layers = blocks;
  s.squeeze = squeeze;
  s.normal = f;
  s.policy_channels = channels;
  return s;
}

/// Checks both ways to divide the work: several boards in a block, and one; the first with the policy's convolution behind the tower.
template <class T>
void check(xl::device d, int channels, int blocks, int squeeze, activation f, int boards) {
  auto const n = synthetic_network(shape_of(channels, blocks, squeeze, f), 3);
  auto const& behind = n.policy_heads[0].first_convolution;
  CROSSLANE_CHECK(small_tower<T>::fits_behind(n, behind));
  auto const planes = some_planes(boards);
  std::vector<std::uint64_t> masks;
  std::vector<float> values;
  for (auto const& p : planes) {
    masks.insert(masks.end(), p.mask.begin(), p.mask.end());
    values.insert(values.end(), p.value.begin(), p.value.end());
  }
  auto const expected = expected_of(n, planes);
  xl::stream const q{d};
  auto const device_masks = upload(q, masks);
  auto const device_values = upload(q, values);
  double const limit = std::is_same_v<T, xl::half> ? 1e-3 : 8e-3;
  for (int const few : {0, boards}) {
    results<T> out{q, boards, channels}, out_behind{q, boards, channels};
    small_tower<T> const tower{q, n, {.behind = few == 0 ? &behind : nullptr, .few = few}};
    tower.queue(q, boards, device_masks.view(), device_values.view(), out.view(), few == 0 ? out_behind.view() : out.view());
    double const error = out.error(q, expected);
    std::printf("%d x %d, squeeze %d, %s, %d boards, %s: %.1e", channels, blocks, squeeze,
                std::is_same_v<T, xl::half> ? "half" : "bfloat16", boards, few == 0 ? "several in a block" : "one in a block", error);
    CROSSLANE_CHECK(error < limit);
    if (few == 0) {
      auto expected_behind = expected;
      for (auto& board : expected_behind) board = convolved(behind, board, f);
      double const error_behind = out_behind.error(q, expected_behind);
      std::printf(", behind it %.1e", error_behind);
      CROSSLANE_CHECK(error_behind < limit);
    }
    std::printf("\n");
  }
}

CROSSLANE_TEST(small_tower, wide) { check<xl::half>(d, 64, 2, 8, activation::relu, 3); }
CROSSLANE_TEST(small_tower, narrow) { check<xl::half>(d, 32, 2, 0, activation::mish, 5); }
CROSSLANE_TEST(small_tower, many_hidden_channels) { check<xl::bfloat16>(d, 64, 1, 40, activation::mish, 1); }
CROSSLANE_TEST(small_tower, narrow_with_squeeze) { check<xl::bfloat16>(d, 32, 1, 5, activation::relu, 2); }

CROSSLANE_TEST_ONCE(small_tower, networks_that_fit) {
  auto const fits = [](synthetic_shape const& s) { return small_tower<xl::half>::fits(synthetic_network(s, 1)); };
  CROSSLANE_CHECK(fits(shape_of(64, 1, 8, activation::mish)));
  CROSSLANE_CHECK(!fits(shape_of(48, 1, 8, activation::relu)));
  synthetic_shape body;
  body.body = true;
  body.layers = 1;
  body.policy = policy_kind::attention;
  CROSSLANE_CHECK(!fits(body));
  auto n = synthetic_network(shape_of(32, 2, 8, activation::relu), 1);
  n.tower->blocks[1].squeeze.reset();
  CROSSLANE_CHECK(!small_tower<xl::half>::fits(n));
}

}  // namespace
