// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Files of pictures.
#pragma once

#include <filesystem>
#include <string_view>

namespace chessnet {

/// Throws std::runtime_error unless the name ends in .svg, or in .png if the program was built with librsvg.
void require_picture_name(std::filesystem::path const& path);

/// Writes an SVG picture as the name says: as it is, or drawn to PNG, at twice its size. Throws std::runtime_error with one line; then
/// there is no new file.
void write_picture(std::filesystem::path const& path, std::string_view svg);

}  // namespace chessnet
