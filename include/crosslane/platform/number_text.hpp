// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Floating-point numbers as text, with a decimal point in every locale.
#pragma once

#include <charconv>
#include <string>

namespace crosslane::detail {

/// Returns what printf("%.*g", digits, x) prints in the C locale.
inline std::string number_text(double x, int digits = 6) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, x, std::chars_format::general, digits).ptr};
}

}  // namespace crosslane::detail
