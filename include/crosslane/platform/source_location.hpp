// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Positions in source files. Replaces std::source_location, which clang 14 lacks and which costs more to include.
#pragma once

#include <crosslane/platform/annotations.hpp>

namespace crosslane {

/// A position in a source file. Line 0 means unknown.
struct source_location {
  char const* file = "";      ///< the file name, as passed to the compiler
  char const* function = "";  ///< the function's name without its arguments
  unsigned line = 0;          ///< counted from 1

  /// Returns the caller's position. In a default argument it returns the position of the function's call.
  CROSSLANE_FN static constexpr source_location current(char const* file = __builtin_FILE(), char const* function = __builtin_FUNCTION(),
                                                        unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
};

}  // namespace crosslane
