// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// layer_norm() against its definition in double. Lengths of rows are close to those at which another kernel is chosen.
#include <crosslane/tensor.hpp>

#include <support/captured.hpp>
#include <support/target.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using columns = xl::axis::col;
using rows_of_matrix = xl::axis::row;
using matrix = xl::row_major<>;

constexpr float epsilon = 1e-3f;

/// An activation that is not odd, so that a wrong order of bias, activation and skip shows.
struct leaky {
  CROSSLANE_FN float operator()(float x) const { return x < 0 ? 0.25f * x : x; }
};

template <class T>
struct problem {
  int rows, length;
  xl::stream q;
  std::vector<T> x, skip;
  std::vector<float> bias, gamma, beta;

  problem(xl::device d, int rows_, int length_, float mean = 0.5f, float deviation = 1) : rows{rows_}, length{length_}, q{d} {
    std::mt19937 random{unsigned(rows * 10'000 + length)};
    auto const number = [&] { return 3.4f * (float(random() >> 8) / (1 << 24) - 0.5f); };
    for (int i = 0; i < rows * length; ++i) {
      x.push_back(T(mean + deviation * number()));
      skip.push_back(T(number()));
    }
    for (int i = 0; i < length; ++i) {
      bias.push_back(number());
      gamma.push_back(number());
      beta.push_back(number());
    }
  }

  /// Compares the output with the normalised rows of `before(index, column)`.
  template <class Before>
  void check(std::vector<T> const& got, Before const& before) const {
    double const unit = std::is_same_v<T, float> ? 0x1p-24 : std::is_same_v<T, xl::half> ? 0x1p-11 : 0x1p-8;
    for (int row = 0; row < rows; ++row) {
      std::vector<double> numbers;
      double mean = 0, variance = 0;
      for (int i = 0; i < length; ++i) mean += numbers.emplace_back(before(std::size_t(row * length + i), std::size_t(i)));
      mean /= length;
      for (double const n : numbers) variance += (n - mean) * (n - mean);
      double const deviation = std::sqrt(variance / length + double(epsilon));
      for (int i = 0; i < length; ++i) {
        double const g = double(gamma[std::size_t(i)]), b = double(beta[std::size_t(i)]), n = (numbers[std::size_t(i)] - mean) / deviation;
        double const expected = n * g + b, result = double(float(got[std::size_t(row * length + i)]));
        // The rounding errors of the input and of the mean are larger than those of the output by |mean| / deviation.
        double const errors = (32 + length / 8) * 0x1p-24 * (1 + (std::abs(mean) + 4) / deviation);
        double const tolerance =
            1.01 * unit * std::abs(expected) + errors * ((1 + std::abs(n)) * std::abs(g) + std::abs(b)) + unit * 0x1p-13;
        bool const same = expected != expected ? result != result : std::abs(result - expected) <= tolerance;
        if (!same)
          fail_and_end("rows of " + std::to_string(length) + ": row " + std::to_string(row) + ", column " + std::to_string(i) + " is " +
                           std::to_string(result) + ", not " + std::to_string(expected) + " +- " + std::to_string(tolerance),
                       xl::source_location::current());
      }
    }
  }
};

template <class T>
xl::tensor<T, matrix> matrix_of(xl::stream const& q, std::vector<T> const& numbers, int rows, int length) {
  xl::tensor<T, matrix> result{q, {rows, length}};
  xl::copy(q, numbers, result.storage());
  q.synchronize();
  return result;
}

/// Normalises rows alone.
template <class T>
void plain(xl::device d, int rows, int length, float mean = 0.5f, float deviation = 1) {
  problem<T> p{d, rows, length, mean, deviation};
  auto const x = matrix_of(p.q, p.x, rows, length);
  auto const gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
  xl::tensor<T, matrix> out{p.q, {rows, length}};
  xl::fill(p.q, out, T(std::numeric_limits<float>::quiet_NaN()));
  xl::layer_norm<columns>(p.q, x, gamma, beta, out, {.epsilon = epsilon});
  p.check(read(p.q, out.storage()), [&](std::size_t i, std::size_t) { return double(float(p.x[i])); });
}

/// Normalises with all operands.
template <class T>
void fused(xl::device d, int rows, int length) {
  problem<T> p{d, rows, length};
  auto const x = matrix_of(p.q, p.x, rows, length), skip = matrix_of(p.q, p.skip, rows, length);
  auto const bias = upload(p.q, p.bias), gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
  xl::tensor<T, matrix> out{p.q, {rows, length}};
  xl::fill(p.q, out, T(std::numeric_limits<float>::quiet_NaN()));
  xl::layer_norm<columns>(p.q, x, bias, skip, gamma, beta, out, leaky{}, {.epsilon = epsilon, .scale = 0.75f});
  p.check(read(p.q, out.storage()), [&](std::size_t i, std::size_t col) {
    double const y = double(float(p.x[i])) + double(p.bias[col]);
    return (y < 0 ? 0.25 * y : y) * 0.75 + double(float(p.skip[i]));
  });
}

}  // namespace

CROSSLANE_TEST(layer_norm, lengths_around_every_boundary) {
  for (int const length : {1, 7, 8, 9, 63, 64, 65, 72, 128, 129, 1024, 1025, 1032, 8192, 8200}) plain<xl::half>(d, 3, length);
}

CROSSLANE_TEST(layer_norm, numbers_of_rows) {
  for (int const rows : {1, 2, 31, 33, 127, 128, 129, 700}) plain<xl::half>(d, rows, 24);
  plain<xl::half>(d, 37, 200);
}

CROSSLANE_TEST(layer_norm, bias_activation_skip) {
  for (int const length : {5, 64, 768, 1025, 4100}) fused<float>(d, 5, length);
  if constexpr (all_combinations)
    for (int const length : {5, 64, 768, 1025, 9000}) {
      fused<xl::half>(d, 5, length);
      fused<xl::bfloat16>(d, 5, length);
      plain<xl::bfloat16>(d, 5, length);
    }
}

// In float, the mean of squares minus the squared mean has no correct digit here.
CROSSLANE_TEST(layer_norm, mean_far_above_the_deviation) {
  for (int const length : {64, 100, 1024, 3000, 5000}) fused<float>(d, 2, length);
  for (int const length : {64, 1024, 3001}) plain<float>(d, 2, length, 10'000, 1);
}

CROSSLANE_TEST(layer_norm, not_a_number) {
  for (int const length : {20, 64, 300, 9000}) {
    problem<xl::half> p{d, 3, length};
    p.x[std::size_t(length + 3)] = xl::half(std::numeric_limits<float>::quiet_NaN());
    auto x = matrix_of(p.q, p.x, 3, length);
    auto const gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
    xl::layer_norm<columns>(p.q, x, gamma, beta, x, {.epsilon = epsilon});  // in place
    p.check(read(p.q, x.storage()), [&](std::size_t i, std::size_t) { return double(float(p.x[i])); });
  }
}

// Rows of three axes without a common distance: the output has another order of memory than the input.
CROSSLANE_TEST(layer_norm, other_orders_of_rows) {
  using E = xl::extents<int, xl::axis::n, xl::axis::h, xl::axis::w, columns>;
  using forward = xl::packed<E, xl::axes<xl::axis::n, xl::axis::h, xl::axis::w, columns>>;
  using backward = xl::packed<E, xl::axes<xl::axis::w, xl::axis::h, xl::axis::n, columns>>;
  for (int const length : {16, 19}) {
    problem<float> p{d, 2 * 3 * 4, length};
    xl::tensor<float, forward> x{p.q, {2, 3, 4, length}}, got{p.q, {2, 3, 4, length}};
    xl::tensor<float, backward> out{p.q, {2, 3, 4, length}};
    xl::copy(p.q, p.x, x.storage());
    auto const gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
    xl::layer_norm<columns>(p.q, x, gamma, beta, out, {.epsilon = epsilon});
    xl::convert(p.q, out, got);
    p.check(read(p.q, got.storage()), [&](std::size_t i, std::size_t) { return double(p.x[i]); });
  }
}

// Rows with gaps, of a tensor of three axes whose rows have no common distance; and a bias without a skip connection.
CROSSLANE_TEST(layer_norm, strides) {
  using E = xl::extents<int, xl::axis::n, rows_of_matrix, columns>;
  using layout = xl::strided<E, xl::axes<xl::axis::n, rows_of_matrix, columns>, xl::strides<xl::dynamic, xl::dynamic, 1>>;
  struct sizes {
    int length, pitch;
  };
  for (auto const& [length, pitch] : {sizes{64, 72}, sizes{64, 67}, sizes{1500, 1501}}) {
    problem<xl::half> p{d, 6, length};
    layout const l{E{2, 3, length}, {{4 * pitch, pitch, 1}}};
    xl::buffer<xl::half> in{p.q, std::size_t(8 * pitch)}, out{p.q, in.size()};
    xl::fill(p.q, out, xl::half(5));
    std::vector<xl::half> spread(in.size(), xl::half(std::numeric_limits<float>::quiet_NaN()));
    auto const at = [distance = pitch](int row, int col) { return std::size_t((row / 3 * 4 + row % 3) * distance + col); };
    for (int row = 0; row < 6; ++row)
      for (int col = 0; col < length; ++col) spread[at(row, col)] = p.x[std::size_t(row * length + col)];
    xl::copy(p.q, spread, in);
    auto const bias = upload(p.q, p.bias), gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
    xl::layer_norm<columns>(p.q, xl::tensor_view<xl::half const, layout>{in.data(), l}, bias, xl::no_operand{}, gamma, beta,
                            xl::tensor_view<xl::half, layout>{out.data(), l}, xl::identity{}, {.epsilon = epsilon});
    auto const all = read(p.q, out);
    std::vector<xl::half> got;
    for (int row = 0; row < 6; ++row) {
      for (int col = 0; col < length; ++col) got.push_back(all[at(row, col)]);
      for (int col = length; col < pitch; ++col) CROSSLANE_CHECK_EQ(float(all[at(row, col)]), 5.f);  // nothing beside the rows is written
    }
    p.check(got, [&p](std::size_t i, std::size_t col) { return double(float(p.x[i])) + double(p.bias[col]); });
  }
}

CROSSLANE_TEST(layer_norm, in_a_graph) {
  problem<xl::half> p{d, 3, 64};
  auto const x = matrix_of(p.q, p.x, 3, 64);
  auto const gamma = upload(p.q, p.gamma), beta = upload(p.q, p.beta);
  xl::tensor<xl::half, matrix> out{p.q, {3, 64}};
  compare_captured(p.q, out, [&] { xl::layer_norm<columns>(p.q, x, gamma, beta, out, {.epsilon = epsilon}); });
}

CROSSLANE_TEST(layer_norm, errors) {
  xl::stream const q{d};
  xl::tensor<float, matrix> const x{q, {3, 10}};
  xl::tensor<float, matrix> out{q, {3, 10}}, other{q, {3, 11}};
  xl::buffer<float> const ten{q, 10}, nine{q, 9};
  using xl::errc;
  expect_error(errc::size_mismatch, {"layer_norm: the extent of axis col is 10 in the input and 11 in the output"},
               [&] { xl::layer_norm<columns>(q, x, ten, ten, other); });
  expect_error(errc::size_mismatch, {"layer_norm: the extent of axis col is 10 in the input and 11 in the skip connection"},
               [&] { xl::layer_norm<columns>(q, x, ten, other, ten, ten, out, xl::identity{}); });
  expect_error(errc::size_mismatch, {"layer_norm: 9 elements of gamma, but rows of 10"},
               [&] { xl::layer_norm<columns>(q, x, nine, ten, out); });
  expect_error(errc::size_mismatch, {"layer_norm: 9 elements of the bias, but rows of 10"},
               [&] { xl::layer_norm<columns>(q, x, nine, xl::no_operand{}, ten, ten, out, xl::identity{}); });
}
