// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Trigonometric and hyperbolic functions. Angles are in radians.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns the sine of x radians. x may have any magnitude.
template <detail::real T>
CROSSLANE_FN T sin(T x) {
  return T(backend::native_math::sin(detail::widened(x)));
}
/// Returns the cosine of x radians. x may have any magnitude.
template <detail::real T>
CROSSLANE_FN T cos(T x) {
  return T(backend::native_math::cos(detail::widened(x)));
}
/// Returns the tangent of x radians. x may have any magnitude.
template <detail::real T>
CROSSLANE_FN T tan(T x) {
  return T(backend::native_math::tan(detail::widened(x)));
}
/// The result of sincos() and sincospi().
template <detail::real T>
struct sine_and_cosine {
  T sine;    ///< the sine
  T cosine;  ///< the cosine
};
/// Returns the sine and the cosine of one angle: `auto [s, c] = xl::sincos(x);`
template <detail::real T>
CROSSLANE_FN sine_and_cosine<T> sincos(T x) {
  decltype(detail::widened(x)) sine, cosine;
  backend::native_math::sincos(detail::widened(x), sine, cosine);
  return {T(sine), T(cosine)};
}
/// Returns sin(pi * x) without the rounding error of the product.
template <detail::real T>
CROSSLANE_FN T sinpi(T x) {
  return T(backend::native_math::sinpi(detail::widened(x)));
}
/// Returns cos(pi * x) without the rounding error of the product.
template <detail::real T>
CROSSLANE_FN T cospi(T x) {
  return T(backend::native_math::cospi(detail::widened(x)));
}
/// Returns the sine and the cosine of pi * x without the rounding error of the product.
template <detail::real T>
CROSSLANE_FN sine_and_cosine<T> sincospi(T x) {
  decltype(detail::widened(x)) sine, cosine;
  backend::native_math::sincospi(detail::widened(x), sine, cosine);
  return {T(sine), T(cosine)};
}
/// Returns the angle whose sine is x, from -pi/2 to pi/2; NaN if |x| > 1.
template <detail::real T>
CROSSLANE_FN T asin(T x) {
  return T(backend::native_math::asin(detail::widened(x)));
}
/// Returns the angle whose cosine is x, from 0 to pi; NaN if |x| > 1.
template <detail::real T>
CROSSLANE_FN T acos(T x) {
  return T(backend::native_math::acos(detail::widened(x)));
}
/// Returns the angle whose tangent is x, from -pi/2 to pi/2.
template <detail::real T>
CROSSLANE_FN T atan(T x) {
  return T(backend::native_math::atan(detail::widened(x)));
}
/// Returns the angle of the point (x, y), from -pi to pi.
template <detail::real T>
CROSSLANE_FN T atan2(T y, T x) {
  return T(backend::native_math::atan2(detail::widened(y), detail::widened(x)));
}
/// Returns the hyperbolic sine of x.
template <detail::real T>
CROSSLANE_FN T sinh(T x) {
  return T(backend::native_math::sinh(detail::widened(x)));
}
/// Returns the hyperbolic cosine of x.
template <detail::real T>
CROSSLANE_FN T cosh(T x) {
  return T(backend::native_math::cosh(detail::widened(x)));
}
/// Returns the hyperbolic tangent of x.
template <detail::real T>
CROSSLANE_FN T tanh(T x) {
  return T(backend::native_math::tanh(detail::widened(x)));
}
/// Returns the inverse of sinh() at x.
template <detail::real T>
CROSSLANE_FN T asinh(T x) {
  return T(backend::native_math::asinh(detail::widened(x)));
}
/// Returns the inverse of cosh() at x, at least 0; NaN if x < 1.
template <detail::real T>
CROSSLANE_FN T acosh(T x) {
  return T(backend::native_math::acosh(detail::widened(x)));
}
/// Returns the inverse of tanh() at x; NaN if |x| > 1.
template <detail::real T>
CROSSLANE_FN T atanh(T x) {
  return T(backend::native_math::atanh(detail::widened(x)));
}

}  // namespace crosslane
