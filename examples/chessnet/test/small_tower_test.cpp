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

/// Returns the norm of the difference, relative to the norm of what is expected.
template <class T>
double error_of_tower(xl::device d, network const& n, int boards, int few) {
  auto const planes = some_planes(boards);
  int const channels = n.tower->channels();
  std::vector<std::uint64_t> masks;
  std::vector<float> values;
  for (auto const& p : planes) {
    masks.insert(masks.end(), p.mask.begin(), p.mask.end());
    values.insert(values.end(), p.value.begin(), p.value.end());
  }
  xl::stream const q{d};
  auto const device_masks = upload(q, masks);
  auto const device_values = upload(q, values);
  int const pitch = channels + 8;  // between squares
  std::size_t const size = std::size_t(boards) * 64 * std::size_t(pitch);
  auto out = upload(q, std::vector<T>(size + 64, T(3)));
  small_tower<T> const tower{q, n, few};
  tower.queue(q, boards, device_masks.view(), device_values.view(),
              {out.data(), small_tower_result{{boards, 64, channels}, {{64 * pitch, pitch, 1}}}});
  auto const got = read(q, out);
  auto const expected = expected_of(n, planes);
  double difference = 0, norm = 0;
  for (std::size_t b = 0; b < expected.size(); ++b)
    for (std::size_t i = 0; i < expected[b].size(); ++i) {
      auto const place = (b * 64 + i / std::size_t(channels)) * std::size_t(pitch) + i % std::size_t(channels);
      double const x = double(float(got[place])), y = expected[b][i];
      difference += (x - y) * (x - y);
      norm += y * y;
    }
  std::size_t touched = 0;  // outside the result
  for (std::size_t i = 0; i < got.size(); ++i)
    touched += (i >= size || i % std::size_t(pitch) >= std::size_t(channels)) && float(got[i]) != 3.0f;
  CROSSLANE_CHECK_EQ(touched, 0u);
  CROSSLANE_CHECK(norm > 0);
  return std::sqrt(difference / norm);
}

synthetic_shape shape_of(int channels, int blocks, int squeeze, activation f) {
  synthetic_shape s;
  s.channels = channels;
  s.layers = blocks;
  s.squeeze = squeeze;
  s.normal = f;
  s.policy_channels = 32;
  return s;
}

/// Checks both ways to divide the work: several boards in a block, and one.
template <class T>
void check(xl::device d, int channels, int blocks, int squeeze, activation f, int boards) {
  auto const n = synthetic_network(shape_of(channels, blocks, squeeze, f), 3);
  CROSSLANE_CHECK(small_tower<T>::fits(n));
  for (int const few : {0, boards}) {
    double const error = error_of_tower<T>(d, n, boards, few);
    std::printf("%d x %d, squeeze %d, %s, %d boards, %s: %.1e\n", channels, blocks, squeeze, xl::type_name<T>(), boards,
                few == 0 ? "several in a block" : "one in a block", error);
    CROSSLANE_CHECK(error < (std::is_same_v<T, xl::half> ? 1e-3 : 8e-3));
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
