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
  /// Whether the tensor is images whose axes are channels, columns, rows and images. A tile is then tile[1] pixels, one after another, of
  /// the part of the images from column first[0] to extents[1] - 1 + last[0] and from row first[1] to extents[2] - 1 + last[1]. All of
  /// these are -128 to 127. Elements outside the images are zero.
  bool takes_pixels = false;
  int first[2] = {}, last[2] = {};
};

}  // namespace crosslane
