// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the kernels share: where pixels lie, and small functions.
#pragma once

#include <crosslane/crosslane.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace photo {

namespace xl = crosslane;

/// Where the pixels of a picture lie in device memory. Interleaved bytes: pixel i at 3 i. Planes of floats: channel c of pixel i at
/// c * pitch + i. Pixel i is that of column i % width and row i / width.
struct frame {
  unsigned width;
  unsigned height;
  unsigned pitch;  // a multiple of 64: every plane begins where wide accesses may

  constexpr frame(int w, int h) : width(unsigned(w)), height(unsigned(h)), pitch((width * height + 63) / 64 * 64) {}

  CROSSLANE_FN constexpr unsigned pixels() const { return width * height; }
};

namespace kernels {

/// Pixels that a thread of an element-wise kernel takes: a 16-byte access to each plane, three of 4 bytes to interleaved bytes.
inline constexpr unsigned group = 4;

template <class T>
CROSSLANE_FN constexpr T clamped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/// Calls f with the constants 0 ... N-1: what f indexes by them stays in registers.
template <unsigned... I, class F>
CROSSLANE_FN constexpr void unrolled(std::integer_sequence<unsigned, I...>, F const& f) {
  (f(std::integral_constant<unsigned, I>{}), ...);
}
template <unsigned N, class F>
CROSSLANE_FN constexpr void unrolled(F const& f) {
  unrolled(std::make_integer_sequence<unsigned, N>{}, f);
}

/// See reference::to_byte.
CROSSLANE_FN inline unsigned to_byte(float value) { return (unsigned(clamped(value, 0.0f, 1.0f) * 510.0f) + 1) / 2; }

}  // namespace kernels
}  // namespace photo
