// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tables for people, and strings for JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

/// Returns lines with aligned columns. The first row is the head. The first column is on the left, the others on the right.
[[nodiscard]] std::string to_table(std::vector<std::vector<std::string>> const& rows);

/// Returns the text in quotation marks, as JSON wants it.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace chessnet
