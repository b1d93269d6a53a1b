// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The decoders behind read_image().
#pragma once

#include "image.hpp"

#include <span>
#include <stdexcept>

namespace photo {

/// The reason why a file's content cannot be decoded. read_image() adds the path.
struct decode_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws decode_error if a picture of this size has no pixels or exceeds the limits of image_io.hpp.
void require_usable_size(unsigned long width, unsigned long height);

[[nodiscard]] image decode_png(std::span<unsigned char const> file);
[[nodiscard]] image decode_jpeg(std::span<unsigned char const> file);

}  // namespace photo
