// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Pictures from and to files.
#pragma once

#include "image.hpp"

#include <filesystem>
#include <stdexcept>

namespace photo {

/// what() is one line that names the path and the reason.
struct image_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Larger pictures are refused before memory is taken: a few bytes of a compressed file can ask for any amount of it.
inline constexpr int max_side = 65'535;
inline constexpr std::size_t max_pixels = std::size_t{64} << 20;

/// Reads a PNG or a JPEG, told apart by content. Grey becomes RGB, 16 bits become 8, transparency is laid on white, CMYK is
/// converted without a colour profile. A damaged or incomplete file is an error, never a partial picture. Throws image_error.
[[nodiscard]] image read_image(std::filesystem::path const& path);

/// Writes an 8-bit RGB PNG to exactly this path. Throws image_error; the file may then be incomplete. See output_files for
/// writing that is all or nothing.
void write_png(std::filesystem::path const& path, image const& picture);

}  // namespace photo
