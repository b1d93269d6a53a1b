// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Decomposition and composition of floating-point numbers.
#pragma once

#include <crosslane/kernel/math/classify.hpp>
#include <crosslane/kernel/math/real.hpp>

namespace crosslane {

/// Returns x * 2^n.
template <detail::real T>
CROSSLANE_FN T ldexp(T x, int n) {
  return T(backend::native_math::ldexp(detail::widened(x), n));
}

/// The result of frexp().
template <detail::real T>
struct fraction_and_exponent {
  T fraction;    ///< a number of magnitude at least 1/2 and below 1; the argument itself if that is 0, infinite or NaN
  int exponent;  ///< exponent of 2; 0 if the argument is 0, infinite or NaN
};
/// Splits x into a fraction and an exponent: x = fraction * 2^exponent.
template <detail::real T>
CROSSLANE_FN constexpr fraction_and_exponent<T> frexp(T x) {
  if constexpr (!std::is_floating_point_v<T>) {
    auto const [fraction, exponent] = crosslane::frexp(detail::widened(x));
    return {T(fraction), exponent};
  } else {
    using format = detail::native_format<T>;
    using bits = detail::real_bits<T>;
    if (x == 0 || !crosslane::isfinite(x)) return {x, 0};
    constexpr T scale = T(std::uint64_t{1} << format::mantissa_bits);
    bool const subnormal = detail::magnitude_of(x) >> format::mantissa_bits == 0;
    if (subnormal) x *= scale;
    int const exponent = int(detail::magnitude_of(x) >> format::mantissa_bits) - (format::bias - 1);
    constexpr auto exponent_of_half = detail::bits_of_size<T>{format::bias - 1} << format::mantissa_bits;
    return {detail::from_bits<T>((detail::bits_of(x) & ~bits::infinity) | exponent_of_half),
            exponent - (subnormal ? format::mantissa_bits : 0)};
  }
}

/// Returns the number next to x in the direction of y, or y if both are equal. The result is NaN if an argument is.
template <detail::real T>
CROSSLANE_FN constexpr T nextafter(T x, T y) {
  using bits = detail::bits_of_size<T>;
  if (crosslane::isnan(x) || crosslane::isnan(y)) return x + y;
  if (x == y) return y;
  if (detail::magnitude_of(x) == 0) return crosslane::copysign(detail::from_bits<T>(bits{1}), y);
  bool const away = (x < y) != crosslane::signbit(x);
  return detail::from_bits<T>(static_cast<bits>(away ? detail::bits_of(x) + 1 : detail::bits_of(x) - 1));
}

}  // namespace crosslane
