// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of attention bodies and of attention policies against plain loops.
#include "forward/activations.hpp"
#include "forward/kernels/embedding.hpp"
#include "forward/kernels/gather_attention_policy.hpp"
#include "forward/kernels/product_norm.hpp"
#include "forward/kernels/square_attention.hpp"
#include "noise.hpp"
#include "reference.hpp"

#include <support/target.hpp>

#include <algorithm>
#include <cmath>

namespace {

using namespace chessnet;
using namespace crosslane_test;
using chessnet_test::noise;

;

template <class T>
double largest_difference(std::vector<T> const& got, std::vector<double> const& expected) {
  CROSSLANE_CHECK_EQ(got.size(), expected.size());
  double result = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    double const difference = std::abs(double(float(got[i])) - expected[i]);
    result = difference <= result ? result : difference;  // a NaN is larger
  }
  return result;
}

/// Returns the result of attention in double. With one table, all boards and heads share it.
template <class T>
std::vector<double> attention_in_double(std::vector<T> const& in, std::vector<T> const& table, int boards, int heads, int depth,
                                        float scale) {
  std::vector<double> out;
  auto const at = [&](int n, int square, int part, int head) {
    return &in[std::size_t((((n * 64 + square) * 3 + part) * heads + head) * depth)];
  };
  for (int n = 0; n < boards; ++n)
    for (int i = 0; i < 64; ++i)
      for (int h = 0; h < heads; ++h) {
        std::vector<double> weight(64), sums(std::size_t(depth), 0.0);
        auto const* const addends = &table[table.size() == 64 * 64 ? std::size_t(i * 64) : std::size_t(((n * heads + h) * 64 + i) * 64)];
        for (int j = 0; j < 64; ++j) {
          double product = 0;
          for (int c = 0; c < depth; ++c) product += double(float(at(n, i, 0, h)[c])) * double(float(at(n, j, 1, h)[c]));
          weight[std::size_t(j)] = product * double(scale) + double(float(addends[j]));
        }
        double const largest = *std::max_element(weight.begin(), weight.end());
        double sum = 0;
        for (int j = 0; j < 64; ++j) {
          double const w = std::exp(weight[std::size_t(j)] - largest);
          sum += w;
          for (int c = 0; c < depth; ++c) sums[std::size_t(c)] += w * double(float(at(n, j, 2, h)[c]));
        }
        for (double const s : sums) out.push_back(s / sum);
      }
  return out;
}

template <class T, int Depth>
void check_attention(xl::device d, int boards, int heads, bool shared_table, double tolerance) {
  xl::stream const q{d};
  noise random;
  auto const in = random.operator()<T>(std::size_t(boards * 64 * 3 * heads * Depth), 2);
  int const tables = shared_table ? 1 : boards, heads_of_table = shared_table ? 1 : heads;
  auto const table = random.operator()<T>(std::size_t(tables * heads_of_table * 64 * 64), 3);
  auto const device_in = crosslane_test::upload(q, in), device_table = crosslane_test::upload(q, table);
  auto out = crosslane_test::upload(q, std::vector<T>(std::size_t(boards * 64 * heads * Depth), T(NAN)));
  float const scale = 0.3f;
  attend<T, Depth>(q, {device_in.data(), attention_input<Depth>{{boards, 64, 3, heads, Depth}}},
                   {device_table.data(), attention_table{{tables, heads_of_table, 64, 64}}},
                   {out.data(), attention_output<Depth>{{boards, 64, heads, Depth}}}, scale);
  CROSSLANE_CHECK(largest_difference(read(q, out), attention_in_double(in, table, boards, heads, Depth, scale)) <= tolerance);
}

CROSSLANE_TEST(body, attention_in_float) {
  check_attention<float, 16>(d, 2, 3, false, 2e-6);
  check_attention<float, 32>(d, 1, 2, true, 2e-6);
  if (all_combinations) check_attention<float, 64>(d, 2, 2, false, 2e-6);
}
CROSSLANE_TEST(body, attention_in_half) { check_attention<xl::half, 16>(d, 2, 3, false, 2e-3); }

/// Scores far from 0 must not overflow, and -1e9 hides a key.
CROSSLANE_TEST(body, attention_of_large_scores) {
  xl::stream const q{d};
  std::vector<float> in(64 * 3 * 16), table(64 * 64);
  for (int s = 0; s < 64; ++s) {
    std::fill_n(&in[std::size_t(s * 48)], 16, 30.0f);       // query
    std::fill_n(&in[std::size_t(s * 48 + 16)], 16, 30.0f);  // key: all scores are 14400
    std::fill_n(&in[std::size_t(s * 48 + 32)], 16, float(s));
    for (int j = 0; j < 64; ++j) table[std::size_t(s * 64 + j)] = j <= s ? 0 : -1e9f;
  }
  auto const device_in = crosslane_test::upload(q, in), device_table = crosslane_test::upload(q, table);
  xl::buffer<float> out{q, 64 * 16};
  attend<float, 16>(q, {device_in.data(), attention_input<16>{{1, 64, 3, 1, 16}}}, {device_table.data(), attention_table{{1, 1, 64, 64}}},
                    {out.data(), attention_output<16>{{1, 64, 1, 16}}}, 1);
  auto const got = read(q, out);
  for (std::size_t s = 0; s < 64; ++s) CROSSLANE_CHECK(std::abs(got[s * 16] - float(s) / 2) < 1e-5f);
}

/// Keys are channels of rows with a pitch, as a product of queries and keys writes them.
template <class T>
void check_policy(xl::device d, int boards, int channels) {
  xl::stream const q{d};
  noise random;
  int const pitch = 2 * channels;
  auto const products = random(std::size_t(boards) * 64 * 64), weights = random(std::size_t(4 * channels));
  auto const pairs = random.operator()<T>(std::size_t(boards * 64 * pitch));
  float const scale = 0.5f;
  auto const key = [&](int n, int square, int c) { return double(float(pairs[std::size_t((n * 64 + square) * pitch + channels + c)])); };
  std::vector<double> expected;
  for (int n = 0; n < boards; ++n) {
    auto const logit = [&](int from, int to) { return double(scale * products[std::size_t((n * 64 + from) * 64 + to)]); };
    auto const extra = [&](int piece, int file) {
      double sum = 0;
      for (int c = 0; c < channels; ++c) sum += double(weights[std::size_t(piece * channels + c)]) * key(n, 56 + file, c);
      return sum;
    };
    for (auto const m : policy_moves()) {
      double sum = logit(m.from, m.to);
      if (m.promotion != piece::pawn) {
        int const kind = m.promotion == piece::queen ? 0 : m.promotion == piece::rook ? 1 : 2;
        sum += extra(kind, m.to % 8) + extra(3, m.to % 8);
      }
      expected.push_back(sum);
    }
  }
  auto const device_products = crosslane_test::upload(q, products), device_weights = crosslane_test::upload(q, weights);
  auto const device_pairs = crosslane_test::upload(q, pairs);
  xl::buffer<std::uint16_t> const map = xl::make_buffer(q, attention_policy_map());
  auto out = crosslane_test::upload(q, std::vector<float>(std::size_t(boards) * policy_size, NAN));
  board_values<T const> const both{device_pairs.data(), boards, pitch, pitch};
  xl::launch(q, {.grid = unsigned(boards)}, kernels::gather_attention_policy{scale},
             xl::tensor_view<float const, square_pairs>{device_products.data(), square_pairs{{boards, 64, 64}}},
             both.part(channels, channels).squares(),
             xl::tensor_view<float const, xl::row_major<>>{device_weights.data(), xl::row_major<>{{4, channels}}}, map,
             xl::tensor_view<float, board_rows>{out.data(), board_rows{{boards, int(policy_size)}}});
  CROSSLANE_CHECK(largest_difference(read(q, out), expected) <= 1e-5);
}

CROSSLANE_TEST(body, policy) {
  check_policy<float>(d, 2, 20);
  check_policy<xl::half>(d, 1, 64);
}

CROSSLANE_TEST(body, embedding) {
  constexpr int boards = 2, in = 24, channels = 20;
  xl::stream const q{d};
  noise random;
  auto const x = random(std::size_t(boards * 64 * in)), w = random(std::size_t(channels * in));
  auto const addends = random(64 * channels), multiply = random(64 * channels), add = random(64 * channels);
  auto const view = [](xl::buffer<float> const& b) { return square_values_view{b.data(), square_values{{64, channels}}}; };
  auto const device_x = crosslane_test::upload(q, x), device_w = crosslane_test::upload(q, w);
  auto const device_addends = crosslane_test::upload(q, addends), device_multiply = crosslane_test::upload(q, multiply);
  auto const device_add = crosslane_test::upload(q, add);
  for (bool const gated : {false, true})
    for (bool const is_mish : {false, true}) {
      std::vector<double> expected;
      for (int row = 0; row < boards * 64; ++row)
        for (int c = 0; c < channels; ++c) {
          auto const at = std::size_t(row % 64 * channels + c);
          double sum = double(addends[at]);
          for (int i = 0; i < in; ++i) sum += double(x[std::size_t(row * in + i)]) * double(w[std::size_t(c * in + i)]);
          sum = reference::activate(is_mish ? activation::mish : activation::relu, sum);
          expected.push_back(gated ? sum * double(multiply[at]) + double(add[at]) : sum);
        }
      auto out = crosslane_test::upload(q, std::vector<float>(expected.size(), NAN));
      xl::tensor_view<float, xl::row_major<>> const y{out.data(), xl::row_major<>{{boards * 64, channels}}};
      square_embedding e{view(device_addends), {}, {}, gated, is_mish};
      if (gated) {
        e.multiply = view(device_multiply);
        e.add = view(device_add);
      }
      xl::gemm(q, xl::tensor_view<float const, xl::row_major<>>{device_x.data(), xl::row_major<>{{boards * 64, in}}},
               xl::tensor_view<float const, xl::column_major<>>{device_w.data(), xl::column_major<>{{in, channels}}}, y, e);
      CROSSLANE_CHECK(largest_difference(read(q, out), expected) <= 1e-5);
    }
}

CROSSLANE_TEST(body, gates) {
  constexpr int boards = 3, channels = 20;
  xl::stream const q{d};
  noise random;
  auto const x = random.operator()<xl::half>(std::size_t(boards * 64 * channels));
  auto const multiply = random(64 * channels), add = random(64 * channels);
  std::vector<double> expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto const at = i % (64 * channels);
    expected.push_back(double(float(x[i])) * double(multiply[at]) + double(add[at]));
  }
  auto device_x = crosslane_test::upload(q, x);
  auto const device_multiply = crosslane_test::upload(q, multiply), device_add = crosslane_test::upload(q, add);
  square_values const layout{{64, channels}};
  apply_gates(q, board_values<xl::half>{device_x.data(), boards, channels, channels}.squares(), {device_multiply.data(), layout},
              {device_add.data(), layout});
  CROSSLANE_CHECK(largest_difference(read(q, device_x), expected) <= 1e-3);
}

/// The product is rounded to half before it is added.
CROSSLANE_TEST(body, product_and_norm) {
  using T = xl::half;
  xl::stream const q{d};
  noise random;
  float const epsilon = 1e-3f, scale = 0.4f;
  for (auto const [boards, in, channels] : {std::array{1, 72, 136}, std::array{2, 36, 256}}) {
    auto const x = random.operator()<T>(std::size_t(boards * 64 * channels)), a = random.operator()<T>(std::size_t(boards * 64 * in));
    auto const w = random.operator()<T>(std::size_t(channels * in), 0.5f);
    auto const bias = random(std::size_t(channels)), gamma = random(std::size_t(channels)), beta = random(std::size_t(channels));
    std::vector<double> expected;
    for (int row = 0; row < boards * 64; ++row) {
      std::vector<double> values;
      double mean = 0, variance = 0;
      for (int c = 0; c < channels; ++c) {
        double sum = double(bias[std::size_t(c)]);
        for (int i = 0; i < in; ++i) sum += double(float(a[std::size_t(row * in + i)])) * double(float(w[std::size_t(c * in + i)]));
        values.push_back(sum * double(scale) + double(float(x[std::size_t(row * channels + c)])));
        mean += values.back() / channels;
      }
      for (double const v : values) variance += (v - mean) * (v - mean) / channels;
      for (std::size_t c = 0; c < values.size(); ++c)
        expected.push_back((values[c] - mean) / std::sqrt(variance + double(epsilon)) * double(gamma[c]) + double(beta[c]));
    }
    auto device_x = crosslane_test::upload(q, x);
    auto const device_a = crosslane_test::upload(q, a), device_w = crosslane_test::upload(q, w);
    auto const device_bias = crosslane_test::upload(q, bias), device_gamma = crosslane_test::upload(q, gamma);
    auto const device_beta = crosslane_test::upload(q, beta);
    xl::tensor_view<T const, square_rows> const rows{device_a.data(), {{boards * 64, in}, {{in, 1}}}};
    xl::tensor_view<T const, xl::column_major<>> const weights{device_w.data(), xl::column_major<>{{in, channels}}};
    xl::launch(q, {.grid = unsigned(boards)}, kernels::product_norm<T>{epsilon, scale}, rows, weights, device_bias, device_gamma,
               device_beta, board_values<T>{device_x.data(), boards, channels, channels}.rows());
    CROSSLANE_CHECK(largest_difference(read(q, device_x), expected) <= 3e-3);
  }
}

}  // namespace
