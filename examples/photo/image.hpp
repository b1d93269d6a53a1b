// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A picture in memory.
#pragma once

#include <cstddef>
#include <vector>

namespace photo {

/// Rows from top to bottom, pixels from left to right, red, green, blue.
struct image {
  int width = 0;
  int height = 0;
  std::vector<unsigned char> rgb;

  [[nodiscard]] std::size_t pixels() const { return std::size_t(width) * std::size_t(height); }
  /// Of a pixel's red.
  [[nodiscard]] std::size_t offset(int x, int y) const { return 3 * (std::size_t(y) * std::size_t(width) + std::size_t(x)); }
};

}  // namespace photo
