// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Powers of e, 2 and 10, and logarithms.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns e to the power of x.
template <detail::real T>
CROSSLANE_FN T exp(T x) {
  return T(backend::native_math::exp(detail::widened(x)));
}
/// Returns 2 to the power of x.
template <detail::real T>
CROSSLANE_FN T exp2(T x) {
  return T(backend::native_math::exp2(detail::widened(x)));
}
/// Returns 10 to the power of x.
template <detail::real T>
CROSSLANE_FN T exp10(T x) {
  return T(backend::native_math::exp10(detail::widened(x)));
}
/// Returns exp(x) - 1. It is accurate even if x is near 0.
template <detail::real T>
CROSSLANE_FN T expm1(T x) {
  return T(backend::native_math::expm1(detail::widened(x)));
}
/// Returns the natural logarithm of x.
template <detail::real T>
CROSSLANE_FN T log(T x) {
  return T(backend::native_math::log(detail::widened(x)));
}
/// Returns the logarithm of x to base 2.
template <detail::real T>
CROSSLANE_FN T log2(T x) {
  return T(backend::native_math::log2(detail::widened(x)));
}
/// Returns the logarithm of x to base 10.
template <detail::real T>
CROSSLANE_FN T log10(T x) {
  return T(backend::native_math::log10(detail::widened(x)));
}
/// Returns log(1 + x). It is accurate even if x is near 0.
template <detail::real T>
CROSSLANE_FN T log1p(T x) {
  return T(backend::native_math::log1p(detail::widened(x)));
}

}  // namespace crosslane
