// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The facts of a tensor by which a copy engine copies tiles of it.
#pragma once

#include <cstdint>

namespace crosslane {

/// A tensor and its tiles. Axes are in the order of memory, the contiguous axis first.
struct tensor_map_facts {
  void* data = nullptr;           ///< the first element, aligned to 16 bytes
  unsigned element_bytes = 0;     ///< 1, 2, 4 or 8
  unsigned rank = 0;              ///< 1 to 5
  std::uint64_t extents[5] = {};  ///< elements along each axis
  std::uint64_t strides[5] = {};  ///< bytes between neighbours along each axis, multiples of 16 from the second axis on
  unsigned tile[5] = {};          ///< extents of a tile, 1 to 256
  bool swizzled = false;          ///< whether the 16-byte parts of the tile's lines of 128 bytes are permuted by the number of the line
  bool rounds_to_tf32 = false;    ///< whether elements are floats that become tf32
  /// Whether the tensor is images whose axes are channels, columns, rows and images. A tile is then tile[1] pixels, one after another, of a
  /// part of each image. Elements outside the images are zero.
  bool takes_pixels = false;
  int first[2] = {};  ///< the first column and row of the part, -128 to 127
  int last[2] = {};   ///< its last column and row, counted from those of the image, -128 to 127
};

}  // namespace crosslane
