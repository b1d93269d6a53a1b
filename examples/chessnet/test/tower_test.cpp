// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of towers and of heads against plain loops.
#include "forward/activations.hpp"
#include "forward/kernels/expand_planes.hpp"
#include "forward/kernels/gather_policy.hpp"
#include "forward/kernels/outcome.hpp"
#include "forward/kernels/squeeze_excite.hpp"
#include "noise.hpp"
#include "reference.hpp"

#include <support/target.hpp>

#include <cmath>

namespace {

using namespace chessnet;
using namespace crosslane_test;
using chessnet_test::noise;

;

/// Planes with a gap behind them keep what is in the gap.
template <class T>
void check_planes(xl::device d) {
  xl::stream const q{d};
  constexpr int boards = 3, pitch = int(plane_count) + 8;
  noise random;
  std::vector<std::uint64_t> masks(boards * plane_count);
  for (auto& m : masks) m = random.bits();
  auto const values = random(masks.size(), 4);
  auto const masks_there = crosslane_test::upload(q, masks);
  auto const values_there = crosslane_test::upload(q, values);
  xl::buffer<T> planes{q, boards * 64 * pitch}, pieces{q, boards * 64 * 12};
  xl::fill(q, planes, static_cast<T>(77.0f));
  plane_masks const layout{{boards, int(plane_count)}};
  expand_planes<T>({q, boards, {}}, {masks_there.data(), layout}, {values_there.data(), layout},
                   board_values<T>{planes.data(), boards, int(plane_count), pitch}, {pieces.data(), board_rows{{boards, 64 * 12}}});
  auto const got = read(q, planes), got_pieces = read(q, pieces);
  for (std::size_t b = 0; b < boards; ++b)
    for (std::size_t s = 0; s < 64; ++s)
      for (std::size_t c = 0; c < pitch; ++c) {
        float expected = 77;
        if (c < plane_count) expected = masks[b * plane_count + c] >> s & 1 ? values[b * plane_count + c] : 0;
        auto const rounded = static_cast<float>(static_cast<T>(expected));
        if (static_cast<float>(got[(b * 64 + s) * pitch + c]) != rounded) return CROSSLANE_CHECK_EQ(c, std::size_t(pitch));
        if (c < 12) CROSSLANE_CHECK_EQ(static_cast<float>(got_pieces[(b * 64 + s) * 12 + c]), rounded);
      }
}
CROSSLANE_TEST(tower, planes) {
  check_planes<float>(d);
  check_planes<xl::half>(d);
}

squeeze_layer squeeze_of(noise& random, int channels, int squeezed) {
  auto const dense = [&](int out, int in) {
    return dense_layer{out, in, random(std::size_t(out * in), 2 / std::sqrt(float(in))), random(std::size_t(out))};
  };
  return {dense(squeezed, channels), dense(2 * channels, squeezed)};
}

template <class T, class F>
void check_squeeze(xl::device d, int boards, int channels, int squeezed, F const& f, activation a, double tolerance) {
  xl::stream const q{d};
  noise random;
  auto const s = squeeze_of(random, channels, squeezed);
  auto const size = std::size_t(boards) * 64 * std::size_t(channels);
  auto const z = random.operator()<T>(size, 3), x = random.operator()<T>(size);
  auto z_there = crosslane_test::upload(q, z), x_there = crosslane_test::upload(q, x);
  device_squeeze<T> const weights{q, s};
  squeeze_excite<T>({q, boards, {}}, {z_there.data(), boards, channels, channels}, weights, {x_there.data(), boards, channels, channels},
                    f);
  auto const got = read(q, x_there);

  using reference::activate;
  auto const weight = [](float w) { return double(static_cast<float>(static_cast<T>(w))); };
  double largest = 0;
  auto const n = std::size_t(channels), k = std::size_t(squeezed);
  for (std::size_t b = 0; b < std::size_t(boards); ++b) {
    auto const at = [&](std::size_t square, std::size_t c) { return (b * 64 + square) * n + c; };
    std::vector<double> means(n), hidden(k), u(2 * n);
    for (std::size_t c = 0; c < n; ++c)
      for (std::size_t i = 0; i < 64; ++i) means[c] += double(static_cast<float>(z[at(i, c)])) / 64;
    for (std::size_t o = 0; o < k; ++o) {
      hidden[o] = double(s.first.bias[o]);
      for (std::size_t c = 0; c < n; ++c) hidden[o] += weight(s.first.weights[o * n + c]) * means[c];
      hidden[o] = activate(a, hidden[o]);
    }
    for (std::size_t o = 0; o < 2 * n; ++o) {
      u[o] = double(s.second.bias[o]);
      for (std::size_t i = 0; i < k; ++i) u[o] += weight(s.second.weights[o * k + i]) * hidden[i];
    }
    for (std::size_t i = 0; i < 64; ++i)
      for (std::size_t c = 0; c < n; ++c) {
        double const expected = activate(a, double(static_cast<float>(x[at(i, c)])) +
                                                activate(activation::sigmoid, u[c]) * double(static_cast<float>(z[at(i, c)])) + u[n + c]);
        double const off = std::abs(double(static_cast<float>(got[at(i, c)])) - expected) / (1 + std::abs(expected));
        if (!(off <= largest)) largest = off;
      }
  }
  std::printf("%d channels, %d squeezed: relative to 1 and the value: %.1e\n", channels, squeezed, largest);
  CROSSLANE_CHECK(largest <= tolerance);
}
CROSSLANE_TEST(tower, squeeze_and_excitation) {
  clipped_activation const relu{0};
  smooth_activation const mish{1, 2, 2};
  check_squeeze<float>(d, 2, 40, 3, mish, activation::mish, 1e-5);      // the last wave has no 32 lanes
  check_squeeze<xl::half>(d, 3, 64, 24, relu, activation::relu, 1e-3);  // more outputs than tiles
  check_squeeze<xl::half>(d, 1, 384, 48, relu, activation::relu, 1e-3);
  if (all_combinations) check_squeeze<float>(d, 1, 1024, 64, relu, activation::relu, 1e-5);
}
CROSSLANE_TEST(tower, squeeze_of_unfit_channels) {
  xl::stream const q{d};
  noise random;
  for (int const channels : {20, 1032}) {
    std::string message;
    try {
      device_squeeze<float> const weights{q, squeeze_of(random, channels, 4)};
    } catch (weights_error const& e) {
      message = e.what();
    }
    CROSSLANE_CHECK_EQ(message, "squeeze and excitation of " + std::to_string(channels) + " channels: it takes multiples of 8 up to 1024");
  }
}

CROSSLANE_TEST(tower, gathered_policy) {
  xl::stream const q{d};
  constexpr int boards = 2, planes = 5;
  noise random;
  auto const values = random(boards * 64 * planes);
  std::vector<std::uint16_t> map;
  for (unsigned i = 0; i < 300; ++i) map.push_back(std::uint16_t(i * 7 % (64 * planes)));
  auto const there = crosslane_test::upload(q, values);
  auto const map_there = crosslane_test::upload(q, map);
  xl::buffer<float> out{q, boards * map.size()};
  xl::launch(q, {.grid = {xl::cover(unsigned(map.size()), 256), boards}}, kernels::gather_policy{},
             board_values<float const>{there.data(), boards, planes, planes}.squares(), map_there,
             xl::tensor_view<float, board_rows>{out.data(), board_rows{{boards, int(map.size())}}});
  auto const got = read(q, out);
  for (std::size_t b = 0; b < boards; ++b)
    for (std::size_t i = 0; i < map.size(); ++i)
      CROSSLANE_CHECK_EQ(got[b * map.size() + i], values[(b * 64 + map[i] % 64) * planes + map[i] / 64]);
}

/// Heads with three outputs, with one, and without moves left.
template <class T>
void check_outcome(xl::device d, int outputs, bool has_moves, float spread) {
  xl::stream const q{d};
  constexpr int boards = 7, inputs = 45;
  noise random;
  auto const in = random.operator()<T>(boards * inputs), moves_in = random.operator()<T>(boards * inputs);
  auto const weights = random(std::size_t(outputs * inputs), spread), bias = random(std::size_t(outputs), spread);
  auto const moves_weights = random(inputs), moves_bias = random(1);
  auto const in_there = crosslane_test::upload(q, in), moves_in_there = crosslane_test::upload(q, moves_in);
  auto const weights_there = crosslane_test::upload(q, weights), bias_there = crosslane_test::upload(q, bias);
  auto const moves_weights_there = crosslane_test::upload(q, moves_weights), moves_bias_there = crosslane_test::upload(q, moves_bias);
  xl::buffer<float> raw{q, std::size_t(boards * outputs)}, out{q, boards * 3};
  kernels::last_layer<T> const value{
      {in_there.data(), board_rows{{boards, inputs}}}, {weights_there.data(), matrix_layout{{outputs, inputs}}}, bias_there.view()};
  kernels::last_layer<T> const moves{{moves_in_there.data(), board_rows{{boards, inputs}}},
                                     {moves_weights_there.data(), matrix_layout{{1, inputs}}},
                                     moves_bias_there.view()};
  using kernel = kernels::outcome<T>;
  xl::launch(q, {.grid = xl::cover(boards * kernel::lanes, 128)}, kernel{}, value, has_moves ? moves : kernels::last_layer<T>{},
             xl::tensor_view<float, board_rows>{raw.data(), board_rows{{boards, outputs}}},
             xl::tensor_view<float, board_rows>{out.data(), board_rows{{boards, 3}}});
  auto const got = read(q, out), got_raw = read(q, raw);
  auto const sum = [&](auto const& x, auto const& w, auto const& b, std::size_t board, std::size_t o) {
    double result = double(b[o]);
    for (std::size_t i = 0; i < inputs; ++i) result += double(w[o * inputs + i]) * double(static_cast<float>(x[board * inputs + i]));
    return result;
  };
  for (std::size_t b = 0; b < boards; ++b) {
    std::vector<double> y, e;
    for (std::size_t o = 0; o < std::size_t(outputs); ++o) {
      y.push_back(sum(in, weights, bias, b, o));
      e.push_back(std::exp(y[o] - y[0]));
      CROSSLANE_CHECK(std::abs(double(got_raw[b * std::size_t(outputs) + o]) - y[o]) <= 1e-5 * double(1 + spread));
    }
    double const q_expected = outputs == 3 ? (e[0] - e[2]) / (e[0] + e[1] + e[2]) : std::tanh(y[0]);
    double const draw = outputs == 3 ? e[1] / (e[0] + e[1] + e[2]) : 0;
    double const left = has_moves ? std::max(0.0, sum(moves_in, moves_weights, moves_bias, b, 0)) : 0;
    CROSSLANE_CHECK(std::abs(double(got[b * 3]) - q_expected) <= 1e-5 * double(1 + spread));
    CROSSLANE_CHECK(std::abs(double(got[b * 3 + 1]) - draw) <= 1e-5 * double(1 + spread));
    CROSSLANE_CHECK(std::abs(double(got[b * 3 + 2]) - left) <= 1e-5);
  }
}
CROSSLANE_TEST(tower, outcome) {
  check_outcome<float>(d, 3, true, 1);
  check_outcome<float>(d, 1, false, 1);
  check_outcome<xl::half>(d, 3, false, 40);  // the exponential function overflows unless the largest is subtracted
}

}  // namespace
