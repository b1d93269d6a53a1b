// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A picture in memory, and the layout of pictures.
#pragma once

#include <crosslane/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace photo {

namespace xl = crosslane;
namespace axis = xl::axis;

/// The extents of pictures, whatever their order in memory: red, green, blue; rows from top to bottom; pixels from left to right.
using picture_extents = xl::extents<std::int32_t, xl::fixed<axis::c, 3>, axis::h, axis::w>;
/// Interleaved colours: the channels of a pixel are adjacent.
using interleaved = xl::packed<picture_extents, xl::axes<axis::h, axis::w, axis::c>>;

struct image {
  int width = 0;
  int height = 0;
  std::vector<unsigned char> rgb;

  [[nodiscard]] std::size_t pixels() const { return std::size_t(width) * std::size_t(height); }
  [[nodiscard]] picture_extents extents() const { return {3, height, width}; }
  [[nodiscard]] xl::tensor_view<unsigned char, interleaved> view() { return {rgb.data(), interleaved{extents()}}; }
  [[nodiscard]] xl::tensor_view<unsigned char const, interleaved> view() const { return {rgb.data(), interleaved{extents()}}; }
};

}  // namespace photo
