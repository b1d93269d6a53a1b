// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/convolutions.md, with a test of it.
#include <crosslane/matrix.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

// [residual]
namespace axis = xl::axis;
using images = xl::tensor<xl::half, xl::nhwc>;   // indexed (n, c, h, w); the channels of a pixel are adjacent
using filters = xl::tensor<xl::half, xl::khwc>;  // indexed (k, c, h, w): k output channels, c input channels

/// y = relu(second * relu(first * x + first_bias) + second_bias + x), where * is the convolution of boards with filters of 3 x 3.
void residual_block(xl::stream const& q, images const& x, filters const& first, xl::buffer<float> const& first_bias, images& between,
                    filters const& second, xl::buffer<float> const& second_bias, images& y) {
  xl::convolve(q, x, first, between, xl::epilogue_chain{xl::add_to_columns{first_bias.view()}, xl::relu{}});
  auto const skip = xl::permute<axis::n, axis::row, axis::c>(xl::merge<axis::h, axis::w, axis::row>(x.view()));
  xl::convolve(q, between, second, y, xl::epilogue_chain{xl::add_to_columns{second_bias.view()}, xl::add_matrix{skip}, xl::relu{}});
}
// [residual]

namespace {

// [factors]
/// Multiplies each channel of each image by a factor of its own, as squeeze-and-excitation does.
struct scale_channels {
  xl::span<float const> factors;  // [image][channel]
  int channels;
  CROSSLANE_FN float operator()(float x, xl::gemm_index const& at) const {
    return x * factors[std::size_t(at.batch * channels + at.col)];  // at.row is the pixel: y * width + x
  }
};
// [factors]

CROSSLANE_TEST(guide_convolutions, residual_block) {
  constexpr int n = 2, c = 16, side = 8;
  xl::stream const q{d};
  xl::tensor<xl::half, xl::nhwc> x{q, {n, c, side, side}}, between{q, {n, c, side, side}}, y{q, {n, c, side, side}};
  xl::tensor<xl::half, xl::khwc> first{q, {c, c, 3, 3}}, second{q, {c, c, 3, 3}};
  xl::buffer<float> first_bias{q, c}, second_bias{q, c};
  auto const number = [](int i, int modulus) { return float(i * 7 % modulus - modulus / 2) / 16; };
  auto const fill = [&](auto& tensor, int modulus) {
    std::vector<xl::half> elements(std::size_t(tensor.layout().span_size()));
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = xl::half(number(int(i), modulus));
    xl::copy(q, elements, xl::span<xl::half>{tensor.data(), elements.size()});
    q.synchronize();
    return elements;
  };
  auto const x_values = fill(x, 13), first_values = fill(first, 11), second_values = fill(second, 9);
  std::vector<float> bias(c);
  for (int i = 0; i < c; ++i) bias[std::size_t(i)] = number(i, 5);
  xl::copy(q, bias, first_bias);
  xl::copy(q, bias, second_bias);
  residual_block(q, x, first, first_bias, between, second, second_bias, y);

  auto const convolved = [&](std::vector<xl::half> const& in, std::vector<xl::half> const& filter, int image, int k, int row, int col) {
    double sum = double(bias[std::size_t(k)]);
    for (int i = -1; i <= 1; ++i)
      for (int j = -1; j <= 1; ++j)
        for (int from = 0; from < c; ++from)
          if (row + i >= 0 && row + i < side && col + j >= 0 && col + j < side)
            sum += double(float(in[std::size_t(x.layout().offset({{image, from, row + i, col + j}}))])) *
                   double(float(filter[std::size_t(first.layout().offset({{k, from, i + 1, j + 1}}))]));
    return sum;
  };
  auto const each = [&](auto const& f) {
    for (int image = 0; image < n; ++image)
      for (int k = 0; k < c; ++k)
        for (int row = 0; row < side; ++row)
          for (int col = 0; col < side; ++col) f(image, k, row, col, std::size_t(x.layout().offset({{image, k, row, col}})));
  };
  std::vector<xl::half> inner(x_values.size());
  each([&](int image, int k, int row, int col, std::size_t i) {
    inner[i] = xl::half(float(std::max(0., convolved(x_values, first_values, image, k, row, col))));
  });
  auto const read_elements = [&](auto const& tensor) {
    std::vector<xl::half> got(inner.size());
    xl::copy(q, xl::span<xl::half const>{tensor.data(), got.size()}, got);
    q.synchronize();
    return got;
  };
  auto const got = read_elements(y);
  double worst = 0;
  each([&](int image, int k, int row, int col, std::size_t i) {
    double const expected = std::max(0., convolved(inner, second_values, image, k, row, col) + double(float(x_values[i])));
    worst = std::max(worst, std::fabs(double(float(got[i])) - expected) / (1 + expected));
  });
  CROSSLANE_CHECK(worst < 4e-3);

  std::vector<float> factors(std::size_t(n * c));
  for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = number(int(i), 7);
  auto const on_device = upload(q, factors);
  xl::convolve(q, x, first, y, xl::epilogue_chain{xl::add_to_columns{first_bias.view()}, scale_channels{on_device.view(), c}});
  auto const scaled = read_elements(y);
  worst = 0;
  each([&](int image, int k, int row, int col, std::size_t i) {
    double const expected = convolved(x_values, first_values, image, k, row, col) * double(factors[std::size_t(image * c + k)]);
    worst = std::max(worst, std::fabs(double(float(scaled[i])) - expected) / (1 + std::fabs(expected)));
  });
  CROSSLANE_CHECK(worst < 4e-3);
}

}  // namespace
