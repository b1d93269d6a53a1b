// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Every step of the demo in plain sequential C++. The kernels are compared with this code. It is their specification.
///
/// Sums of products use std::fma. Otherwise each compiler chooses which operations to fuse, and a GPU's compiler chooses differently. With
/// explicit fused operations, every target gives the same bits.
#pragma once

#include "filters.hpp"
#include "image.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace photo::reference {

/// Three planes, one after the other, of values in [0, 1].
struct planar {
  using layout = xl::packed<picture_extents, xl::axes<axis::c, axis::h, axis::w>>;
  int width = 0;
  int height = 0;
  std::vector<float> value;

  [[nodiscard]] xl::tensor_view<float, layout> view() { return {value.data(), layout{{3, height, width}}}; }
  [[nodiscard]] xl::tensor_view<float const, layout> view() const { return {value.data(), layout{{3, height, width}}}; }
};

using histogram_counts = std::array<std::uint32_t, bins>;
using tone_curve = std::array<float, bins>;

/// value = byte * byte_step.
[[nodiscard]] planar unpack(image const& in);

/// Returns out(x, y) = sum over i = -r ... r, in this order, of weight[i + r] * in(x + i, y). The first product is rounded, the others are
/// fused. Beyond the border, the border's pixel repeats. blur_vertical does the same along y.
[[nodiscard]] planar blur_horizontal(planar const& in);
[[nodiscard]] planar blur_vertical(planar const& in);

/// Returns the length of the luminance gradient by Sobel's 3 x 3 operators, times edge_gain, at most 1; [height x width]. Borders are as
/// above.
[[nodiscard]] std::vector<float> sobel(planar const& in);

/// Returns the nearest 8-bit step of a value. Halves round up. Values outside [0, 1] are clamped.
[[nodiscard]] unsigned char to_byte(float value);

/// Returns the number of pixels in each bin. The bin is the luminance (54 r + 183 g + 19 b + 128) / 256, rounded down, of the bytes
/// r = to_byte(red), ...
[[nodiscard]] histogram_counts histogram(planar const& in);

/// Returns the value that equalisation adds to a pixel of each bin: (cdf(b) - cdf(m)) / (n - cdf(m)) - b / 255. cdf counts the pixels of
/// bins up to b, m is the lowest used bin, and n is the number of pixels. The value is 0 if n = cdf(m) (only one tone) and for bins below
/// m.
[[nodiscard]] tone_curve equalising_curve(histogram_counts const& counts);

/// Adds curve[bin of the pixel] to each channel and clamps to [0, 1]. This equalises the luminance and keeps colour differences.
[[nodiscard]] planar equalise(planar const& in, tone_curve const& curve);

/// Returns to_byte() of each value.
[[nodiscard]] image pack(planar const& in);
/// Returns a plane as a grey picture.
[[nodiscard]] image pack_grey(std::vector<float> const& plane, int width, int height);

/// The results of each step of the demo.
struct results {
  planar unpacked;
  planar blurred_across;
  planar blurred;
  std::vector<float> edges;
  histogram_counts counts;
  tone_curve curve;
  planar equalised;
  image blurred_picture;
  image edges_picture;
  image equalised_picture;
};
[[nodiscard]] results run(image const& in);

}  // namespace photo::reference
