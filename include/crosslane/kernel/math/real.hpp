// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The types of the mathematical functions.
///
/// All arguments of a function have one type, and no argument is converted: min(1, 2.0f), pow(x, 2) and exp(1) do not compile. Functions of
/// float and double call the accurate functions of the target: the vendor's on a GPU, C's on the host. Their results may differ in the last
/// places; docs/reference/math.md has the bounds. Functions of half and bfloat16 compute in float and round the result once more.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/bits.hpp>

#include <concepts>
#include <cstdint>

namespace crosslane::detail {

template <class T>
concept real = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, half> || std::same_as<T, bfloat16>;

/// Returns the same number in the type in which functions compute.
CROSSLANE_FN constexpr float widened(float x) { return x; }
CROSSLANE_FN constexpr double widened(double x) { return x; }
template <class F>
CROSSLANE_FN constexpr float widened(small_float<F> x) {
  return float(x);
}

/// The masks of a type's bits: a sign and, below it, a magnitude. Magnitudes compare as the absolute values of the numbers.
template <class T>
struct real_bits;
template <>
struct real_bits<float> {
  static constexpr std::uint32_t sign = 0x80000000u, infinity = 0x7f800000u;
};
template <>
struct real_bits<double> {
  static constexpr std::uint64_t sign = std::uint64_t{1} << 63, infinity = std::uint64_t{0x7ff} << 52;
};
template <class F>
struct real_bits<small_float<F>> {
  static constexpr typename F::bits sign = F::sign, infinity = F::infinity;
};

template <class T>
CROSSLANE_FN constexpr auto bits_of(T x) {
  return __builtin_bit_cast(bits_of_size<T>, x);
}
template <class T>
CROSSLANE_FN constexpr auto magnitude_of(T x) {
  return static_cast<bits_of_size<T>>(bits_of(x) & (real_bits<T>::sign - 1));
}
template <class T>
CROSSLANE_FN constexpr T from_bits(bits_of_size<T> bits) {
  return __builtin_bit_cast(T, bits);
}

}  // namespace crosslane::detail
