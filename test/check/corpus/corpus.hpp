// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The memory that the kernels of the corpus use. The mark "// @name" in a wrong kernel stands on the lines that its finding must name.
#pragma once

#include <crosslane/check.hpp>

#include <utility>

namespace corpus {

namespace xl = crosslane;

struct memory {
  xl::span<int> data;       ///< 1024 zeros
  xl::span<int> unwritten;  ///< 1024 elements that are not written
  int* gone;                ///< the address of a freed buffer
};

}  // namespace corpus
