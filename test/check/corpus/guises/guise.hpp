// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The guises of mistakes: kernels and programs as real CUDA and HIP code has them. Each is its own right twin if `right` is true.
#pragma once

#include <crosslane/check.hpp>

namespace corpus {

namespace xl = crosslane;
using xl::checks::kind;

/// The subject of a guise: the kind of its finding, the memory, the kind of access, the structure of the code around it, and the launch.
struct guise {
  xl::checks::kind kind;
  char const* memory;
  char const* access;
  char const* structure;
  unsigned grid = 2, block = 64;
  unsigned only_at = 0;               ///< wrong only if waves have as many lanes
  char const* not_claimed = nullptr;  ///< why nothing is found
  bool has_consequences = false;      ///< some orders also have findings of other kinds
  unsigned first_order = 0;           ///< the lowest seed with which it is found
  char const* orders = nullptr;       ///< why lower seeds do not find it
};

/// The arguments of the kernels.
struct arguments {
  xl::span<int> data;             ///< 4096 elements: i % 64 at i < 1024, and zeros
  xl::span<int> unwritten;        ///< 1024 elements that are not written
  int* gone;                      ///< the address of 1024 elements of a buffer that is freed
  int* of_program;                ///< the address of 1024 elements of the program's heap
  xl::span<int> pinned, managed;  ///< 1024 zeros each
  xl::span<int> new_pinned;       ///< 1024 elements that are not written
  int* gone_pinned;               ///< the address of 1024 elements of pinned memory that is freed
  bool right;
  int zero = 0, far = 1 << 30;  ///< numbers that compilers do not know
};

/// Where the kernels write their results.
constexpr unsigned results = 1024;

}  // namespace corpus
