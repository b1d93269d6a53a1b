// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Numbers as text for files that programs read.
#pragma once

#include <charconv>
#include <cmath>
#include <string>

namespace chessnet {

/// Returns the number with this many digits after the point, in C's notation whatever the locale. Returns "null", which JSON has, if it is
/// not finite.
[[nodiscard]] inline std::string to_decimal(double value, int digits) {
  if (!std::isfinite(value)) return "null";
  char text[400];
  auto const [end, code] = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return code == std::errc{} ? std::string{text, end} : "null";
}

}  // namespace chessnet
