// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Approximations by the instructions that GPUs have for them; on the host the precise functions. float only. Each states the largest
/// error on any GPU: in ULP, units in the last place of the result; docs/reference/math.md has those measured. On AMD subnormal
/// arguments and results may be taken for zero.
#pragma once

#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/math/real.hpp>
#include <crosslane/kernel/math/trigonometric.hpp>

#include <concepts>

namespace crosslane::fast {

/// 2 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T exp2(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(x);
  else
    return crosslane::exp2(x);
}
/// 2 + 1.2 * |x| ULP: the product is rounded.
template <std::same_as<float> T>
CROSSLANE_FN T exp(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(x * 1.44269504f);
  else
    return crosslane::exp(x);
}
/// 2 ULP, but for x from 0.5 to 2: 2^-22, absolutely.
template <std::same_as<float> T>
CROSSLANE_FN T log2(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_log2(x);
  else
    return crosslane::log2(x);
}
/// 3 ULP, but for x from 0.5 to 2: 2^-22, absolutely.
template <std::same_as<float> T>
CROSSLANE_FN T log(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_log2(x) * 0.693147181f;
  else
    return crosslane::log(x);
}
/// x > 0. 2 + 3 * |y * log2(x)| ULP, but for x from 0.5 to 2: 2 + 3 * (|y * log2(x)| + |y|).
template <std::same_as<float> T>
CROSSLANE_FN T pow(T x, T y) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_exp2(y * backend::native_math::fast_log2(x));
  else
    return crosslane::pow(x, y);
}
/// 2^-20, absolutely, for x from -pi to pi. Beyond it grows with |x|.
template <std::same_as<float> T>
CROSSLANE_FN T sin(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_sin(x);
  else
    return crosslane::sin(x);
}
/// 2^-20, absolutely, for x from -pi to pi. Beyond it grows with |x|.
template <std::same_as<float> T>
CROSSLANE_FN T cos(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_cos(x);
  else
    return crosslane::cos(x);
}
/// sin() and cos().
template <std::same_as<float> T>
CROSSLANE_FN sine_and_cosine<T> sincos(T x) {
  return {fast::sin(x), fast::cos(x)};
}
/// 2^-10.9, relatively.
template <std::same_as<float> T>
CROSSLANE_FN T tanh(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_tanh(x);
  else
    return crosslane::tanh(x);
}
/// 1 / sqrt(x), 2 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T rsqrt(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_rsqrt(x);
  else
    return crosslane::rsqrt(x);
}
/// 1 / x, 1.5 ULP.
template <std::same_as<float> T>
CROSSLANE_FN T reciprocal(T x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_reciprocal(x);
  else
    return 1 / x;
}
/// 2.5 ULP for |y| from 2^-126 to 2^126.
template <std::same_as<float> T>
CROSSLANE_FN T divide(T x, T y) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::fast_divide(x, y);
  else
    return x / y;
}

}  // namespace crosslane::fast
