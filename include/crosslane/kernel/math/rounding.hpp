// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Rounding to integers, and remainders.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns x rounded down to an integer.
template <detail::real T>
CROSSLANE_FN T floor(T x) {
  return T(backend::native_math::floor(detail::widened(x)));
}
/// Returns x rounded up to an integer.
template <detail::real T>
CROSSLANE_FN T ceil(T x) {
  return T(backend::native_math::ceil(detail::widened(x)));
}
/// Returns x rounded towards 0 to an integer.
template <detail::real T>
CROSSLANE_FN T trunc(T x) {
  return T(backend::native_math::trunc(detail::widened(x)));
}
/// Returns x rounded to the nearest integer, ties away from 0.
template <detail::real T>
CROSSLANE_FN T round(T x) {
  return T(backend::native_math::round(detail::widened(x)));
}
/// Returns x rounded to the nearest integer, ties to even.
template <detail::real T>
CROSSLANE_FN T rint(T x) {
  return T(backend::native_math::rint(detail::widened(x)));
}
/// Returns x - n * y, where n is x / y rounded towards 0. The result is exact.
template <detail::real T>
CROSSLANE_FN T fmod(T x, T y) {
  return T(backend::native_math::fmod(detail::widened(x), detail::widened(y)));
}
/// Returns x - n * y, where n is x / y rounded to the nearest integer, ties to even. The result is exact.
template <detail::real T>
CROSSLANE_FN T remainder(T x, T y) {
  return T(backend::native_math::remainder(detail::widened(x), detail::widened(y)));
}

}  // namespace crosslane
