// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point formats, and their conversion from and to float by integer arithmetic. The method is the same for all formats and
/// targets, and works in constant expressions. Backends have instructions for some conversions.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {
namespace detail {

/// The meaning of the codes with all exponent bits set, and of the code of negative zero.
enum class special_codes : unsigned char {
  ieee,     ///< infinities and NaNs, as in IEEE 754
  one_nan,  ///< numbers, but the last code is NaN; no infinity (OCP's E4M3)
  fnuz,     ///< numbers; the code of negative zero is the only NaN; no infinity
};

/// A format with a sign bit, `Exponent` bits of an exponent biased by `Bias`, and `Mantissa` bits of a mantissa.
template <class Bits, int Exponent, int Mantissa, int Bias, special_codes Special>
struct float_format {
  static_assert(1 + Exponent + Mantissa == 8 * sizeof(Bits));
  using bits = Bits;
  static constexpr int exponent_bits = Exponent;
  static constexpr int mantissa_bits = Mantissa;
  static constexpr int bias = Bias;
  static constexpr bool has_infinity = Special == special_codes::ieee;
  static constexpr bool has_negative_zero = Special != special_codes::fnuz;

  static constexpr std::uint32_t sign = std::uint32_t{1} << (Exponent + Mantissa);
  static constexpr std::uint32_t nan = Special == special_codes::fnuz ? sign : sign - 1;  ///< the NaN that conversions return
  static constexpr std::uint32_t infinity = sign - (std::uint32_t{1} << Mantissa);        ///< if the format has one
  static constexpr std::uint32_t max = Special == special_codes::ieee ? infinity - 1 : sign - 1 - (Special == special_codes::one_nan);
  static constexpr std::uint32_t min_normal = std::uint32_t{1} << Mantissa;
  static constexpr int min_exponent = 1 - Bias;
};

/// The formats of float and double, from and to which numbers are converted.
template <class S>
struct native_format;
template <>
struct native_format<float> {
  using bits = std::uint32_t;
  using signed_bits = std::int32_t;  // signed, because most SIMD units compare signed integers only
  static constexpr int mantissa_bits = 23;
  static constexpr int bias = 127;
};
template <>
struct native_format<double> {
  using bits = std::uint64_t;
  using signed_bits = std::int64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr int bias = 1023;
};

/// The result of a conversion of numbers beyond the largest of a format.
enum class overflow : bool {
  special,   ///< infinity, or NaN if the format has none
  saturate,  ///< the largest number, with the sign; also for infinities
};

/// Returns condition ? a : b without a branch. g++ would move floating-point work into a branch and then not vectorise.
template <class Integer>
CROSSLANE_FN constexpr Integer select(bool condition, Integer a, Integer b) {
  Integer const mask = -Integer(condition);
  return (a & mask) | (b & ~mask);
}

/// Returns x in format F, rounded once to nearest, ties to even. All NaNs become one NaN of the format, without a sign if the format allows
/// that.
template <class F, overflow Overflow, class S>
CROSSLANE_FN constexpr typename F::bits narrow(S x) {
  using N = native_format<S>;
  using U = typename N::bits;
  using Integer = typename N::signed_bits;
  constexpr int shift = N::mantissa_bits - F::mantissa_bits;
  constexpr Integer infinity = Integer{2 * N::bias + 1} << N::mantissa_bits;
  constexpr bool same_range = F::bias == N::bias && F::has_infinity;

  U const bits = __builtin_bit_cast(U, x);
  Integer const magnitude = Integer(bits & (~U{0} >> 1));
  // Round by an addition that carries where it must: just under half of what is cut off, and one more if the result would be odd.
  Integer result = Integer((U(magnitude) + ((U{1} << (shift - 1)) - 1) + (U(magnitude) >> shift & 1)) >> shift);
  if constexpr (!same_range) {
    result -= Integer{N::bias - F::bias} << F::mantissa_bits;
    // Below the normal numbers an addition of the machine rounds: near `magic` the last bit of an S has the weight of the last bit of F.
    constexpr Integer magic = Integer{N::bias + F::min_exponent + shift} << N::mantissa_bits;
    constexpr Integer normal = Integer{N::bias + F::min_exponent} << N::mantissa_bits;
    S const small = __builtin_bit_cast(S, select(magnitude < normal, magnitude, Integer{0}));
    Integer const subnormal = __builtin_bit_cast(Integer, small + __builtin_bit_cast(S, magic)) - magic;
    result = select(magnitude < normal, subnormal, result);
  }
  if constexpr (Overflow == overflow::saturate)
    result = select(result > Integer{F::max}, Integer{F::max}, result);
  else if constexpr (F::has_infinity && !same_range)
    result = select(result > Integer{F::infinity}, Integer{F::infinity}, result);

  Integer sign = Integer(bits >> (8 * sizeof(S) - 1)) << (F::exponent_bits + F::mantissa_bits);
  if constexpr (!F::has_negative_zero) sign = select(result == 0, Integer{0}, sign);
  bool is_nan = magnitude > infinity;
  if constexpr (Overflow == overflow::special && !F::has_infinity) is_nan = is_nan || result > Integer{F::max};
  return static_cast<typename F::bits>(select(is_nan, Integer{F::nan}, result | sign));
}

/// Returns the same number as a float, which can represent all numbers of every format. A NaN becomes a NaN.
template <class F>
CROSSLANE_FN constexpr float widen(typename F::bits bits) {
  using N = native_format<float>;
  constexpr int shift = N::mantissa_bits - F::mantissa_bits;
  if constexpr (F::bias == N::bias) {
    return __builtin_bit_cast(float, std::uint32_t{bits} << shift);
  } else {
    std::int32_t const magnitude = std::int32_t(bits & (F::sign - 1));
    std::int32_t const sign = std::int32_t(bits & F::sign);
    // A product with a power of two is exact.
    constexpr std::int32_t smallest = (N::bias + F::min_exponent - F::mantissa_bits) << N::mantissa_bits;
    std::int32_t const subnormal = __builtin_bit_cast(std::int32_t, float(magnitude) * __builtin_bit_cast(float, smallest));
    std::int32_t const normal = (magnitude << shift) + ((N::bias - F::bias) << N::mantissa_bits);
    std::int32_t result = select(magnitude < std::int32_t(F::min_normal), subnormal, normal);
    constexpr std::int32_t infinity = 0x7f800000, quiet_nan = 0x7fc00000;
    if constexpr (F::has_infinity)
      result |= select(magnitude >= std::int32_t(F::infinity), infinity, 0);
    else if constexpr (F::has_negative_zero)
      result |= select(magnitude == std::int32_t(F::nan), quiet_nan, 0);
    result |= sign << (31 - (F::exponent_bits + F::mantissa_bits));
    if constexpr (!F::has_negative_zero) result |= select(bits == F::nan, quiet_nan, 0);
    return __builtin_bit_cast(float, result);
  }
}

/// Returns x as a float, rounded to odd: towards zero, and then with the last bit set unless that was exact. A float has more than two bits
/// more than any small format. So rounding the result to a small format gives the same as rounding x to it directly.
CROSSLANE_FN constexpr float round_to_odd(double x) {
  float const nearest = float(x);
  auto const bits = __builtin_bit_cast(std::uint32_t, nearest);
  double const back = double(nearest);
  if (back == x || x != x || (bits & 1) != 0) return nearest;
  bool const too_large = (back < 0 ? -back : back) > (x < 0 ? -x : x);
  return __builtin_bit_cast(float, too_large ? bits - 1 : bits + 1);
}

/// Returns a double that rounds to any small format as x itself does. Low bits that have the same effect on such a rounding become one bit.
template <class Integer>
CROSSLANE_FN constexpr double round_to_odd_integer(Integer x) {
  if constexpr (sizeof(Integer) < 8) {
    return double(x);
  } else {
    bool negative = false;
    if constexpr (std::is_signed_v<Integer>) negative = x < 0;
    std::uint64_t magnitude = negative ? ~static_cast<std::uint64_t>(x) + 1 : static_cast<std::uint64_t>(x);
    constexpr std::uint64_t low = (std::uint64_t{1} << 12) - 1;
    if (magnitude >> 52 != 0) magnitude = (magnitude & ~low) | ((magnitude & low) != 0 ? low + 1 : 0);
    return negative ? -double(magnitude) : double(magnitude);
  }
}

}  // namespace detail

/// IEEE 754 binary16.
struct half_format : detail::float_format<std::uint16_t, 5, 10, 15, detail::special_codes::ieee> {};
/// The upper half of a float.
struct bfloat16_format : detail::float_format<std::uint16_t, 8, 7, 127, detail::special_codes::ieee> {};
/// OCP OFP8 E4M3.
struct fp8_e4m3_format : detail::float_format<std::uint8_t, 4, 3, 7, detail::special_codes::one_nan> {};
/// OCP OFP8 E5M2.
struct fp8_e5m2_format : detail::float_format<std::uint8_t, 5, 2, 15, detail::special_codes::ieee> {};
/// The E4M3 format of AMD's gfx942. The exponent's bias is 1 more than in OCP's E4M3, and there is no negative zero.
struct fp8_e4m3_fnuz_format : detail::float_format<std::uint8_t, 4, 3, 8, detail::special_codes::fnuz> {};
/// The E5M2 format of AMD's gfx942. The exponent's bias is 1 more than in OCP's E5M2, and there is no negative zero.
struct fp8_e5m2_fnuz_format : detail::float_format<std::uint8_t, 5, 2, 16, detail::special_codes::fnuz> {};

}  // namespace crosslane
