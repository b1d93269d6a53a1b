// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Error function and gamma function.
#pragma once

#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// The error function.
template <detail::real T>
CROSSLANE_FN T erf(T x) {
  return T(backend::native_math::erf(detail::widened(x)));
}
/// 1 - erf(x), exact where erf(x) is near 1 too.
template <detail::real T>
CROSSLANE_FN T erfc(T x) {
  return T(backend::native_math::erfc(detail::widened(x)));
}
/// The gamma function.
template <detail::real T>
CROSSLANE_FN T tgamma(T x) {
  return T(backend::native_math::tgamma(detail::widened(x)));
}
/// log(|gamma(x)|). Near its zeros at negative x the error is absolute.
template <detail::real T>
CROSSLANE_FN T lgamma(T x) {
  return T(backend::native_math::lgamma(detail::widened(x)));
}

}  // namespace crosslane
