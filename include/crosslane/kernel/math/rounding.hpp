// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Rounding to integers, and what remains.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Down.
template <detail::real T>
CROSSLANE_FN T floor(T x) {
  return T(backend::native_math::floor(detail::widened(x)));
}
/// Up.
template <detail::real T>
CROSSLANE_FN T ceil(T x) {
  return T(backend::native_math::ceil(detail::widened(x)));
}
/// Towards 0.
template <detail::real T>
CROSSLANE_FN T trunc(T x) {
  return T(backend::native_math::trunc(detail::widened(x)));
}
/// To nearest, ties away from 0.
template <detail::real T>
CROSSLANE_FN T round(T x) {
  return T(backend::native_math::round(detail::widened(x)));
}
/// To nearest, ties to even.
template <detail::real T>
CROSSLANE_FN T rint(T x) {
  return T(backend::native_math::rint(detail::widened(x)));
}
/// x - n * y, n = x / y rounded towards 0. Exact.
template <detail::real T>
CROSSLANE_FN T fmod(T x, T y) {
  return T(backend::native_math::fmod(detail::widened(x), detail::widened(y)));
}
/// x - n * y, n = x / y rounded to nearest, ties to even. Exact.
template <detail::real T>
CROSSLANE_FN T remainder(T x, T y) {
  return T(backend::native_math::remainder(detail::widened(x), detail::widened(y)));
}

}  // namespace crosslane
