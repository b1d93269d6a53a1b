// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Every step of the demo in plain sequential C++: what the kernels are compared with, and their specification.
///
/// Sums of products are written with std::fma. What to fuse is otherwise the compiler's choice, and a GPU's compiler chooses
/// differently; written out, every target gives the same bits.
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

/// out(x, y) = sum over i = -r ... r, in this order, of weight[i + r] * in(x + i, y), the first product rounded and the others
/// fused; beyond the border the border's pixel repeats. blur_vertical: the same along y.
[[nodiscard]] planar blur_horizontal(planar const& in);
[[nodiscard]] planar blur_vertical(planar const& in);

/// Length of the luminance's gradient by Sobel's 3 x 3 operators, times edge_gain, at most 1; [height x width]. Border as above.
[[nodiscard]] std::vector<float> sobel(planar const& in);

/// Nearest 8-bit step of a value in [0, 1], halves upwards, values outside clamped.
[[nodiscard]] unsigned char to_byte(float value);

/// How many pixels have luminance (54 r + 183 g + 19 b + 128) / 256, rounded down, of the bytes to_byte(r), ...
[[nodiscard]] histogram_counts histogram(planar const& in);

/// What equalisation adds to a pixel of each bin: (cdf(b) - cdf(m)) / (n - cdf(m)) - b / 255, where cdf counts the pixels of
/// bins up to b, m is the lowest bin in use and n all pixels. Nothing where n = cdf(m) (one tone only) or below m.
[[nodiscard]] tone_curve equalising_curve(histogram_counts const& counts);

/// Adds curve[bin of the pixel] to each channel and clamps to [0, 1]: luminance is equalised, colour differences stay.
[[nodiscard]] planar equalise(planar const& in, tone_curve const& curve);

/// to_byte() of each value.
[[nodiscard]] image pack(planar const& in);
/// A plane as a grey picture.
[[nodiscard]] image pack_grey(std::vector<float> const& plane, int width, int height);

/// What comes out of each step of the demo.
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
