// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference.hpp"

#include <algorithm>
#include <cmath>

namespace photo::reference {
namespace {

std::size_t index(planar const& p, int channel, int x, int y) {
  return (std::size_t(channel) * std::size_t(p.height) + std::size_t(y)) * std::size_t(p.width) + std::size_t(x);
}

/// The value at (x, y) or at the border pixel nearest to it.
float clamped(planar const& p, int channel, int x, int y) {
  return p.value[index(p, channel, std::clamp(x, 0, p.width - 1), std::clamp(y, 0, p.height - 1))];
}

planar blur(planar const& in, int step_x, int step_y) {
  planar out{in.width, in.height, std::vector<float>(in.value.size())};
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < in.height; ++y)
      for (int x = 0; x < in.width; ++x) {
        float sum = 0;
        for (int i = -blur_radius; i <= blur_radius; ++i)
          sum = std::fma(blur_weights.weight[i + blur_radius], clamped(in, c, x + i * step_x, y + i * step_y), sum);
        out.value[index(out, c, x, y)] = sum;
      }
  return out;
}

int bin_of(planar const& p, int x, int y) {
  return (luma_red_256 * to_byte(p.value[index(p, 0, x, y)]) + luma_green_256 * to_byte(p.value[index(p, 1, x, y)]) +
          luma_blue_256 * to_byte(p.value[index(p, 2, x, y)]) + 128) /
         256;
}

}  // namespace

planar unpack(image const& in) {
  planar out{in.width, in.height, std::vector<float>(in.rgb.size())};
  for (int c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < in.pixels(); ++i)
      out.value[std::size_t(c) * in.pixels() + i] = float(in.rgb[3 * i + std::size_t(c)]) * (1 / 255.0f);
  return out;
}

planar blur_horizontal(planar const& in) { return blur(in, 1, 0); }
planar blur_vertical(planar const& in) { return blur(in, 0, 1); }

std::vector<float> sobel(planar const& in) {
  auto const luminance = [&](int x, int y) {
    return std::fma(luma_blue, clamped(in, 2, x, y), std::fma(luma_green, clamped(in, 1, x, y), luma_red * clamped(in, 0, x, y)));
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
  // Twice the value, rounded down, plus one, halved, rounded down: rounds to nearest with a single rounded operation.
  return static_cast<unsigned char>((int(std::clamp(value, 0.0f, 1.0f) * 510.0f) + 1) / 2);
}

histogram_counts histogram(planar const& in) {
  histogram_counts counts{};
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x) ++counts[std::size_t(bin_of(in, x, y))];
  return counts;
}

tone_curve equalising_curve(histogram_counts const& counts) {
  std::uint32_t pixels = 0;
  std::uint32_t lowest = 0;  // cdf(m): pixels of the lowest bin in use
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
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x) {
      float const lift = curve[std::size_t(bin_of(in, x, y))];
      for (int c = 0; c < 3; ++c) {
        auto& value = out.value[index(out, c, x, y)];
        value = std::clamp(value + lift, 0.0f, 1.0f);
      }
    }
  return out;
}

image pack(planar const& in) {
  image out{in.width, in.height, std::vector<unsigned char>(in.value.size())};
  for (int c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < out.pixels(); ++i) out.rgb[3 * i + std::size_t(c)] = to_byte(in.value[std::size_t(c) * out.pixels() + i]);
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
