// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads and writes picture files.
#pragma once

#include "image.hpp"

#include <filesystem>
#include <stdexcept>

namespace photo {

/// what() is one line with the path and the reason.
struct image_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Larger pictures are refused before memory is allocated, because a small compressed file can ask for any amount of memory.
inline constexpr int max_side = 65'535;
inline constexpr std::size_t max_pixels = std::size_t{64} << 20;

/// Reads a PNG or a JPEG, detected by content. Grey becomes RGB, 16 bits become 8, transparency is blended with white, and CMYK is
/// converted without a colour profile. Throws image_error, also for a damaged or truncated file. Never returns a partial picture.
[[nodiscard]] image read_image(std::filesystem::path const& path);

/// Writes an 8-bit RGB PNG to exactly this path. Throws image_error; the file may then be incomplete. output_files writes all files or
/// none.
void write_png(std::filesystem::path const& path, image const& picture);

}  // namespace photo
