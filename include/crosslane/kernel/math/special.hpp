// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The error function and the gamma function.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns the error function of x.
template <detail::real T>
CROSSLANE_FN T erf(T x) {
  return T(backend::native_math::erf(detail::widened(x)));
}
/// Returns 1 - erf(x). It is accurate even if erf(x) is near 1.
template <detail::real T>
CROSSLANE_FN T erfc(T x) {
  return T(backend::native_math::erfc(detail::widened(x)));
}
/// Returns the gamma function of x.
template <detail::real T>
CROSSLANE_FN T tgamma(T x) {
  return T(backend::native_math::tgamma(detail::widened(x)));
}
/// Returns log(|gamma(x)|). Near the zeros of the result at negative x, the bound holds for the absolute error, not for the relative error.
template <detail::real T>
CROSSLANE_FN T lgamma(T x) {
  return T(backend::native_math::lgamma(detail::widened(x)));
}

}  // namespace crosslane
