// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Writes files whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace chessnet {

/// Writes the text under a temporary name in the same folder and renames it. Throws std::runtime_error with one line; then there is no new
/// file.
void write_file(std::filesystem::path const& path, std::string_view text);

}  // namespace chessnet
