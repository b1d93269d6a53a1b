// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// N elements that are loaded and stored together.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstddef>

namespace crosslane {

/// Size and alignment are N * sizeof(T), N a power of two: one instruction moves it where the hardware has one that wide.
template <class T, unsigned N>
struct alignas(N * sizeof(T)) vec {
  static_assert(N > 0 && (N & (N - 1)) == 0, "crosslane: a vec has a power of two of elements");
  T data[N];

  CROSSLANE_FN constexpr T& operator[](std::size_t i) { return data[i]; }
  CROSSLANE_FN constexpr T const& operator[](std::size_t i) const { return data[i]; }
};

}  // namespace crosslane
