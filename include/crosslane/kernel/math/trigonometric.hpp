// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Trigonometric and hyperbolic functions. Angles are in radians.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// The sine of x radians, of any size.
template <detail::real T>
CROSSLANE_FN T sin(T x) {
  return T(backend::native_math::sin(detail::widened(x)));
}
/// The cosine of x radians, of any size.
template <detail::real T>
CROSSLANE_FN T cos(T x) {
  return T(backend::native_math::cos(detail::widened(x)));
}
/// The tangent of x radians, of any size.
template <detail::real T>
CROSSLANE_FN T tan(T x) {
  return T(backend::native_math::tan(detail::widened(x)));
}
/// What sincos() gives.
template <detail::real T>
struct sine_and_cosine {
  T sine;    ///< sin(x)
  T cosine;  ///< cos(x)
};
/// Both of one angle: `auto [s, c] = xl::sincos(x);`
template <detail::real T>
CROSSLANE_FN sine_and_cosine<T> sincos(T x) {
  decltype(detail::widened(x)) sine, cosine;
  backend::native_math::sincos(detail::widened(x), sine, cosine);
  return {T(sine), T(cosine)};
}
/// sin(pi * x), without the error of that product.
template <detail::real T>
CROSSLANE_FN T sinpi(T x) {
  return T(backend::native_math::sinpi(detail::widened(x)));
}
/// cos(pi * x), without the error of that product.
template <detail::real T>
CROSSLANE_FN T cospi(T x) {
  return T(backend::native_math::cospi(detail::widened(x)));
}
/// The angle whose sine is x, -pi/2 to pi/2; NaN where |x| > 1.
template <detail::real T>
CROSSLANE_FN T asin(T x) {
  return T(backend::native_math::asin(detail::widened(x)));
}
/// The angle whose cosine is x, 0 to pi; NaN where |x| > 1.
template <detail::real T>
CROSSLANE_FN T acos(T x) {
  return T(backend::native_math::acos(detail::widened(x)));
}
/// The angle whose tangent is x, -pi/2 to pi/2.
template <detail::real T>
CROSSLANE_FN T atan(T x) {
  return T(backend::native_math::atan(detail::widened(x)));
}
/// The angle of the point (x, y).
template <detail::real T>
CROSSLANE_FN T atan2(T y, T x) {
  return T(backend::native_math::atan2(detail::widened(y), detail::widened(x)));
}
/// The hyperbolic sine.
template <detail::real T>
CROSSLANE_FN T sinh(T x) {
  return T(backend::native_math::sinh(detail::widened(x)));
}
/// The hyperbolic cosine.
template <detail::real T>
CROSSLANE_FN T cosh(T x) {
  return T(backend::native_math::cosh(detail::widened(x)));
}
/// The hyperbolic tangent.
template <detail::real T>
CROSSLANE_FN T tanh(T x) {
  return T(backend::native_math::tanh(detail::widened(x)));
}
/// The inverse of sinh().
template <detail::real T>
CROSSLANE_FN T asinh(T x) {
  return T(backend::native_math::asinh(detail::widened(x)));
}
/// The inverse of cosh(), at least 0; NaN where x < 1.
template <detail::real T>
CROSSLANE_FN T acosh(T x) {
  return T(backend::native_math::acosh(detail::widened(x)));
}
/// The inverse of tanh(); NaN where |x| > 1.
template <detail::real T>
CROSSLANE_FN T atanh(T x) {
  return T(backend::native_math::atanh(detail::widened(x)));
}

}  // namespace crosslane
