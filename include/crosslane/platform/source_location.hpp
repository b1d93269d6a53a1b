// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Where in the user's source a call stands. std::source_location is not there in clang 14, and costs more to include.
#pragma once

#include <crosslane/platform/annotations.hpp>

namespace crosslane {

/// A place in a source file; line 0 where it is not known.
struct source_location {
  char const* file = "";      ///< as the compiler was given it
  char const* function = "";  ///< the function's name alone
  unsigned line = 0;          ///< counted from 1

  /// As a default argument it names the caller of the function that has it.
  CROSSLANE_FN static constexpr source_location current(char const* file = __builtin_FILE(), char const* function = __builtin_FUNCTION(),
                                                        unsigned line = __builtin_LINE()) noexcept {
    return {file, function, line};
  }
};

}  // namespace crosslane
