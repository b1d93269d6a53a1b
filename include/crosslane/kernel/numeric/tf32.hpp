// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The type tf32: a float with 11 significant bits, an operand of matrix products.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane {

/// A float whose significand is rounded to 11 bits. It has the size of a float and its range. It is for storage only, as an operand of
/// matrix products: convert it to float for other arithmetic.
///
/// The conversion from float rounds once, to nearest, ties to even, and keeps subnormal numbers. A NaN stays a NaN.
class tf32 {
 public:
  tf32() = default;  ///< uninitialised; tf32{} is zero

  /// Converts a number, rounded once to nearest, ties to even.
  CROSSLANE_FN explicit constexpr tf32(float x) : value_{rounded(x)} {}

  /// Returns the same number as a float.
  CROSSLANE_FN explicit constexpr operator float() const { return value_; }
  /// Returns the same number as a double.
  CROSSLANE_FN explicit constexpr operator double() const { return double(value_); }

 private:
  CROSSLANE_FN static constexpr float rounded(float x) {
    auto const bits = __builtin_bit_cast(std::uint32_t, x);
    if (x != x) return __builtin_bit_cast(float, (bits & ~std::uint32_t{0x1fff}) | 0x400000);
    return __builtin_bit_cast(float, (bits + 0xfff + (bits >> 13 & 1)) & ~std::uint32_t{0x1fff});
  }
  float value_;
};

}  // namespace crosslane
