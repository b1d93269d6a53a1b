// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fast approximations of float functions by instructions of GPUs. The host computes them by the precise functions. Each comment gives the
/// largest error on any GPU. ULP are units in the last place of the result. docs/reference/math.md has the measured errors. AMD GPUs may
/// treat subnormal arguments and results as zero.
#pragma once

#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/math/real.hpp>
#include <crosslane/kernel/math/trigonometric.hpp>

#include <concepts>

namespace crosslane::fast {

/// Returns 2 to the power of x. Error: 2 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T exp2(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(x);
  else
    return crosslane::exp2(x);
}
/// Returns e to the power of x. Error: 2 + 1.2 * |x| ULP, because x * log2(e) is rounded.
template <std::same_as<float> T>
CROSSLANE_FN T exp(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(x * 1.44269504f);
  else
    return crosslane::exp(x);
}
/// Returns the logarithm of x to base 2. Error: 2 ULP; for x from 0.5 to 2 an absolute error of 2^-22.
template <std::same_as<float> T>
CROSSLANE_FN T log2(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_log2(x);
  else
    return crosslane::log2(x);
}
/// Returns the natural logarithm of x. Error: 3 ULP; for x from 0.5 to 2 an absolute error of 2^-22.
template <std::same_as<float> T>
CROSSLANE_FN T log(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_log2(x) * 0.693147181f;
  else
    return crosslane::log(x);
}
/// Returns x to the power of y. Precondition: x > 0. Error: 2 + 3 * |y * log2(x)| ULP; for x from 0.5 to 2: 2 + 3 * (|y * log2(x)| + |y|)
/// ULP.
template <std::same_as<float> T>
CROSSLANE_FN T pow(T x, T y) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(y * backend::native_math::fast_log2(x));
  else
    return crosslane::pow(x, y);
}
/// Returns the sine of x radians. Absolute error: 2^-20 for x from -pi to pi. Beyond this range it grows with |x|.
template <std::same_as<float> T>
CROSSLANE_FN T sin(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_sin(x);
  else
    return crosslane::sin(x);
}
/// Returns the cosine of x radians. Absolute error: 2^-20 for x from -pi to pi. Beyond this range it grows with |x|.
template <std::same_as<float> T>
CROSSLANE_FN T cos(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_cos(x);
  else
    return crosslane::cos(x);
}
/// Returns the results of sin() and cos().
template <std::same_as<float> T>
CROSSLANE_FN sine_and_cosine<T> sincos(T x) {
  return {fast::sin(x), fast::cos(x)};
}
/// Returns the hyperbolic tangent of x. Relative error: 2^-10.9.
template <std::same_as<float> T>
CROSSLANE_FN T tanh(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_tanh(x);
  else
    return crosslane::tanh(x);
}
/// Returns 1 / sqrt(x). Error: 2 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T rsqrt(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_rsqrt(x);
  else
    return crosslane::rsqrt(x);
}
/// Returns 1 / x. Error: 1.5 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T reciprocal(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_reciprocal(x);
  else
    return 1 / x;
}
/// Returns x / y. Error: 2.5 ULP for |y| from 2^-126 to 2^126.
template <std::same_as<float> T>
CROSSLANE_FN T divide(T x, T y) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_divide(x, y);
  else
    return x / y;
}

}  // namespace crosslane::fast
