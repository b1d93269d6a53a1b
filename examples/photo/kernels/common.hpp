// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The layouts of pictures in device memory, and small functions that the kernels share.
#pragma once

#include "image.hpp"

#include <crosslane/tensor.hpp>

#include <cmath>
#include <type_traits>
#include <utility>

namespace photo {

/// Planes of colours. make_planar() makes one with planes that are aligned for wide accesses, whatever the size of the picture.
using planar = xl::strided<picture_extents, xl::axes<axis::c, axis::h, axis::w>, xl::strides<xl::dynamic, xl::dynamic, 1>>;
inline planar make_planar(picture_extents const& e) {
  int const width = e.extent<axis::w>(), pixels = e.extent<axis::h>() * width;
  return {e, {{(pixels + 63) / 64 * 64, width, 1}}};
}

/// One number for each pixel.
using plane = xl::row_major<axis::h, axis::w>;

/// Rows and columns merged to one axis, for kernels that do not distinguish them.
struct pixel : xl::axis_tag {};
using flat = xl::strided<xl::extents<std::int32_t, xl::fixed<axis::c, 3>, pixel>, xl::axes<axis::c, pixel>, xl::strides<xl::dynamic, 1>>;

/// The pixels of planes in groups of four, which are one access of 16 bytes to each plane, and up to three remaining pixels.
template <class T>
struct pixel_groups {
  static constexpr unsigned size = 4;
  using group = xl::vec<std::remove_const_t<T>, size>;
  xl::tensor_view<std::conditional_t<std::is_const_v<T>, group const, group>, flat> groups;
  xl::tensor_view<T, flat> rest;

  /// Returns the number of blocks of 256 threads if each thread takes a group or a remaining pixel.
  unsigned blocks() const { return xl::cover(groups.template extent<pixel>() + rest.template extent<pixel>(), 256); }
};
template <class T>
pixel_groups<T> in_groups(xl::tensor_view<T, planar> const& planes) {
  auto const all = xl::merge<axis::h, axis::w, pixel>(planes);
  int const left = all.template extent<pixel>() % int(pixel_groups<T>::size), whole = all.template extent<pixel>() - left;
  return {xl::vectorised<pixel_groups<T>::size>(xl::subrange<pixel>(all, 0, whole)), xl::subrange<pixel>(all, whole, left)};
}

namespace kernels {

template <class T>
CROSSLANE_FN constexpr T clamped(T value, T low, T high) {
  return value < low ? low : value > high ? high : value;
}

/// Calls f with the constants 0 ... N-1. Arrays that f indexes with them stay in registers.
template <unsigned... I, class F>
CROSSLANE_FN constexpr void unrolled(std::integer_sequence<unsigned, I...>, F const& f) {
  (f(std::integral_constant<unsigned, I>{}), ...);
}
template <unsigned N, class F>
CROSSLANE_FN constexpr void unrolled(F const& f) {
  unrolled(std::make_integer_sequence<unsigned, N>{}, f);
}

/// See reference::to_byte.
struct to_byte {
  CROSSLANE_FN constexpr unsigned char operator()(float value) const {
    return static_cast<unsigned char>((unsigned(clamped(value, 0.0f, 1.0f) * 510.0f) + 1) / 2);
  }
};

}  // namespace kernels
}  // namespace photo
