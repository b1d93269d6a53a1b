// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products, powers, roots.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// a * b + c, rounded once.
template <detail::real T>
CROSSLANE_FN T fma(T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>)
    return backend::native_math::fma(a, b, c);
  else
    return T::from_bits(detail::multiply_add<typename T::format>(a.bits(), b.bits(), c.bits()));
}
/// x to the power of y.
template <detail::real T>
CROSSLANE_FN T pow(T x, T y) {
  return T(backend::native_math::pow(detail::widened(x), detail::widened(y)));
}
/// Rounded correctly.
template <detail::real T>
CROSSLANE_FN T sqrt(T x) {
  return T(backend::native_math::sqrt(detail::widened(x)));
}
/// 1 / sqrt(x).
template <detail::real T>
CROSSLANE_FN T rsqrt(T x) {
  return T(backend::native_math::rsqrt(detail::widened(x)));
}
/// The cube root.
template <detail::real T>
CROSSLANE_FN T cbrt(T x) {
  return T(backend::native_math::cbrt(detail::widened(x)));
}
/// sqrt(x * x + y * y), without overflow on the way.
template <detail::real T>
CROSSLANE_FN T hypot(T x, T y) {
  return T(backend::native_math::hypot(detail::widened(x), detail::widened(y)));
}

}  // namespace crosslane
