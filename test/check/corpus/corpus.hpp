// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the kernels of the corpus work on. Each wrong one has the mark "// @name" on the lines that a finding has to name.
#pragma once

#include <crosslane/check.hpp>

#include <utility>

namespace corpus {

namespace xl = crosslane;

struct memory {
  xl::span<int> data;       ///< 1024 zeros
  xl::span<int> unwritten;  ///< 1024 elements that nobody has written
  int* gone;                ///< of a buffer that has been freed
};

}  // namespace corpus
