// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The arithmetic of matrix products where no matrix instruction does it: on the host, and on GPUs that have none.
#pragma once

#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/matrix_target.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// How a product with accumulators of type C computes: the type of its sums and one step of a sum.
template <class C>
struct matrix_arithmetic {
  /// float for half. Others are the accumulators' own.
  using sum = std::conditional_t<std::is_same_v<C, half>, float, C>;

  /// Returns a * b + c. Floating-point numbers round once. Integers wrap.
  CROSSLANE_FN static sum step(sum a, sum b, sum c) {
    if constexpr (std::is_integral_v<sum>)
      return sum(unsigned(c) + unsigned(a) * unsigned(b));
    else
      return crosslane::fma(a, b, c);
  }

  /// Returns a number as an operand or as the start of a sum. If `flush` is true, subnormal numbers of T become zeros.
  template <class T>
  CROSSLANE_FN static sum widen(T x, bool flush = false) {
    auto const wide = static_cast<sum>(x);
    if constexpr (!std::is_integral_v<sum>) {
      constexpr sum smallest = std::is_same_v<T, half> ? sum(0x1p-14f) : sum(0x1p-126f);
      if (flush && wide < smallest && wide > -smallest) return wide * 0;
    }
    return wide;
  }
};

}  // namespace crosslane::detail
