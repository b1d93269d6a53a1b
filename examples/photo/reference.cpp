// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference.hpp"

#include <algorithm>
#include <cmath>

namespace photo::reference {
namespace {

using planes = xl::tensor_view<float const, planar::layout>;

/// Returns the value at (x, y), or at the nearest border pixel.
float clamped(planes const& p, int channel, int x, int y) {
  return p(channel, std::clamp(y, 0, p.extent<axis::h>() - 1), std::clamp(x, 0, p.extent<axis::w>() - 1));
}

planar blur(planar const& in, int step_x, int step_y) {
  planar out{in.width, in.height, std::vector<float>(in.value.size())};
  auto const from = in.view();
  auto const to = out.view();
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x) {
        float sum = 0;
        for (int i = -blur_radius; i <= blur_radius; ++i)
          sum = std::fma(blur_weights.weight[i + blur_radius], clamped(from, c, x + i * step_x, y + i * step_y), sum);
        to(c, y, x) = sum;
      }
  return out;
}

int bin_of(planes const& p, int x, int y) {
  return (luma_red_256 * to_byte(p(0, y, x)) + luma_green_256 * to_byte(p(1, y, x)) + luma_blue_256 * to_byte(p(2, y, x)) + 128) / 256;
}

}  // namespace

planar unpack(image const& in) {
  planar out{in.width, in.height, std::vector<float>(in.rgb.size())};
  auto const from = in.view();
  auto const to = out.view();
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x) to(c, y, x) = float(from(c, y, x)) * byte_step;
  return out;
}

planar blur_horizontal(planar const& in) { return blur(in, 1, 0); }
planar blur_vertical(planar const& in) { return blur(in, 0, 1); }

std::vector<float> sobel(planar const& in) {
  auto const luminance = [from = in.view()](int x, int y) {
    return std::fma(luma_blue, clamped(from, 2, x, y), std::fma(luma_green, clamped(from, 1, x, y), luma_red * clamped(from, 0, x, y)));
  };
  std::vector<float> out;
  out.reserve(in.value.size() / 3);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x) {
      float const right = luminance(x + 1, y - 1) + 2 * luminance(x + 1, y) + luminance(x + 1, y + 1);
      float const left = luminance(x - 1, y - 1) + 2 * luminance(x - 1, y) + luminance(x - 1, y + 1);
      float const below = luminance(x - 1, y + 1) + 2 * luminance(x, y + 1) + luminance(x + 1, y + 1);
      float const above = luminance(x - 1, y - 1) + 2 * luminance(x, y - 1) + luminance(x + 1, y - 1);
      float const gx = right - left;
      float const gy = below - above;
      out.push_back(std::min(1.0f, edge_gain * std::sqrt(std::fma(gx, gx, gy * gy))));
    }
  return out;
}

unsigned char to_byte(float value) {
  // Rounds to nearest with a single rounded operation: doubles the value, rounds down, adds one, halves and rounds down.
  return static_cast<unsigned char>((int(std::clamp(value, 0.0f, 1.0f) * 510.0f) + 1) / 2);
}

histogram_counts histogram(planar const& in) {
  histogram_counts counts{};
  auto const from = in.view();
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x) ++counts[std::size_t(bin_of(from, x, y))];
  return counts;
}

tone_curve equalising_curve(histogram_counts const& counts) {
  std::uint32_t pixels = 0;
  std::uint32_t lowest = 0;  // cdf(m): pixels of the lowest used bin
  for (auto const count : counts) {
    if (pixels == 0) lowest = count;
    pixels += count;
  }
  tone_curve curve{};
  if (pixels == lowest) return curve;
  std::uint32_t cdf = 0;
  for (std::size_t b = 0; b < curve.size(); ++b) {
    cdf += counts[b];
    if (cdf == 0) continue;
    curve[b] = float(cdf - lowest) / float(pixels - lowest) - float(b) / 255.0f;
  }
  return curve;
}

planar equalise(planar const& in, tone_curve const& curve) {
  planar out = in;
  auto const from = in.view();
  auto const to = out.view();
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x) {
      float const lift = curve[std::size_t(bin_of(from, x, y))];
      for (int c = 0; c < 3; ++c) to(c, y, x) = std::clamp(from(c, y, x) + lift, 0.0f, 1.0f);
    }
  return out;
}

image pack(planar const& in) {
  image out{in.width, in.height, std::vector<unsigned char>(in.value.size())};
  auto const from = in.view();
  auto const to = out.view();
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x) to(c, y, x) = to_byte(from(c, y, x));
  return out;
}

image pack_grey(std::vector<float> const& plane, int width, int height) {
  image out{width, height, {}};
  out.rgb.reserve(3 * plane.size());
  for (float const value : plane) out.rgb.insert(out.rgb.end(), 3, to_byte(value));
  return out;
}

results run(image const& in) {
  results r{};
  r.unpacked = unpack(in);
  r.blurred_across = blur_horizontal(r.unpacked);
  r.blurred = blur_vertical(r.blurred_across);
  r.edges = sobel(r.unpacked);
  r.counts = histogram(r.unpacked);
  r.curve = equalising_curve(r.counts);
  r.equalised = equalise(r.unpacked, r.curve);
  r.blurred_picture = pack(r.blurred);
  r.edges_picture = pack_grey(r.edges, in.width, in.height);
  r.equalised_picture = pack(r.equalised);
  return r;
}

}  // namespace photo::reference
