// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Trigonometric and hyperbolic functions. Angles are in radians.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

template <detail::real T>
CROSSLANE_FN T sin(T x) {
  return T(backend::native_math::sin(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T cos(T x) {
  return T(backend::native_math::cos(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T tan(T x) {
  return T(backend::native_math::tan(detail::widened(x)));
}
template <detail::real T>
struct sine_and_cosine {
  T sine, cosine;
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
template <detail::real T>
CROSSLANE_FN T asin(T x) {
  return T(backend::native_math::asin(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T acos(T x) {
  return T(backend::native_math::acos(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T atan(T x) {
  return T(backend::native_math::atan(detail::widened(x)));
}
/// The angle of the point (x, y).
template <detail::real T>
CROSSLANE_FN T atan2(T y, T x) {
  return T(backend::native_math::atan2(detail::widened(y), detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T sinh(T x) {
  return T(backend::native_math::sinh(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T cosh(T x) {
  return T(backend::native_math::cosh(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T tanh(T x) {
  return T(backend::native_math::tanh(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T asinh(T x) {
  return T(backend::native_math::asinh(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T acosh(T x) {
  return T(backend::native_math::acosh(detail::widened(x)));
}
template <detail::real T>
CROSSLANE_FN T atanh(T x) {
  return T(backend::native_math::atanh(detail::widened(x)));
}

}  // namespace crosslane
