// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The constants of the filters. The kernels and the reference share them, but not the code that uses them.
#pragma once

namespace photo {

/// Weights of a Gaussian, sampled at whole pixels and normalised to a sum of 1. A kernel takes them as an argument. This needs no table in
/// device memory, and GPUs read an argument at a constant index without extra cost.
template <int Radius>
struct gaussian {
  static constexpr int radius = Radius;
  static constexpr int taps = 2 * Radius + 1;
  float weight[taps];
};

namespace detail {

/// Returns e^x for x <= 0, by the series of e^(x/64). std::exp is not constexpr.
constexpr double exp_of_negative(double x) {
  double const part = x / 64;
  double term = 1;
  double sum = 1;
  for (int i = 1; i < 30; ++i) {
    term *= part / i;
    sum += term;
  }
  for (int i = 0; i < 6; ++i) sum *= sum;
  return sum;
}

}  // namespace detail

template <int Radius>
constexpr gaussian<Radius> make_gaussian(double sigma) {
  double weight[2 * Radius + 1] = {};
  double sum = 0;
  for (int i = -Radius; i <= Radius; ++i) sum += weight[i + Radius] = detail::exp_of_negative(-(i * i) / (2 * sigma * sigma));
  gaussian<Radius> result{};
  for (int i = 0; i <= 2 * Radius; ++i) result.weight[i] = static_cast<float>(weight[i] / sum);
  return result;
}

inline constexpr int blur_radius = 16;
inline constexpr double blur_sigma = 5.0;
inline constexpr auto blur_weights = make_gaussian<blur_radius>(blur_sigma);

/// One 8-bit step, if 1 is the range from black to white.
inline constexpr float byte_step = 1 / 255.0f;

/// Weights of the luminance by Rec. 709.
inline constexpr float luma_red = 0.2126f;
inline constexpr float luma_green = 0.7152f;
inline constexpr float luma_blue = 0.0722f;

/// The same weights in 256ths, for the histogram. Integer arithmetic makes the bin of a pixel unambiguous.
inline constexpr int luma_red_256 = 54;
inline constexpr int luma_green_256 = 183;
inline constexpr int luma_blue_256 = 19;
static_assert(luma_red_256 + luma_green_256 + luma_blue_256 == 256);

/// The factor of the gradient's length. Photographs rarely have steps from black to white.
inline constexpr float edge_gain = 2.0f;

inline constexpr int bins = 256;

}  // namespace photo
