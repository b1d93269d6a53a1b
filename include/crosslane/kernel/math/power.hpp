// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fused multiply-add, powers and roots.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns a * b + c, rounded once.
template <detail::real T>
CROSSLANE_FN T fma(T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>)
    return backend::native_math::fma(a, b, c);
  else
    return T::from_bits(detail::multiply_add<typename T::format>(a.bits(), b.bits(), c.bits()));
}
/// Returns x to the power of y.
template <detail::real T>
CROSSLANE_FN T pow(T x, T y) {
  return T(backend::native_math::pow(detail::widened(x), detail::widened(y)));
}
/// Returns the square root of x, correctly rounded.
template <detail::real T>
CROSSLANE_FN T sqrt(T x) {
  return T(backend::native_math::sqrt(detail::widened(x)));
}
/// Returns 1 / sqrt(x).
template <detail::real T>
CROSSLANE_FN T rsqrt(T x) {
  return T(backend::native_math::rsqrt(detail::widened(x)));
}
/// Returns the cube root of x.
template <detail::real T>
CROSSLANE_FN T cbrt(T x) {
  return T(backend::native_math::cbrt(detail::widened(x)));
}
/// Returns sqrt(x * x + y * y). Intermediate results do not overflow.
template <detail::real T>
CROSSLANE_FN T hypot(T x, T y) {
  return T(backend::native_math::hypot(detail::widened(x), detail::widened(y)));
}

}  // namespace crosslane
