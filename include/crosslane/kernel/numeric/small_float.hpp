// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The types half, bfloat16 and the 8-bit floating-point types.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>
#include <crosslane/kernel/numeric/saturate_cast.hpp>

#include <concepts>

namespace crosslane {
namespace detail {

/// The formats with arithmetic. The 8-bit formats are for storage only: convert their numbers first.
template <class F>
concept arithmetic_format = sizeof(typename F::bits) == 2;

template <class F>
inline constexpr overflow default_overflow = arithmetic_format<F> ? overflow::special : overflow::saturate;

// --- by an instruction of the hardware if it has one, else the generic way, as always in constant expressions ---

template <class F>
CROSSLANE_FN constexpr typename F::bits convert_from(float x) {
  if constexpr (backend::native_numeric::has_narrow<F>)
    if (!__builtin_is_constant_evaluated()) return backend::native_numeric::narrow<F>(x);
  return narrow<F, default_overflow<F>>(x);
}
template <class F>
CROSSLANE_FN constexpr typename F::bits convert_from(double x) {
  if constexpr (backend::native_numeric::has_narrow<F>)
    if (!__builtin_is_constant_evaluated()) return backend::native_numeric::narrow<F>(round_to_odd(x));
  return narrow<F, default_overflow<F>>(x);
}
template <class F>
CROSSLANE_FN constexpr float convert_to_float(typename F::bits bits) {
  if constexpr (backend::native_numeric::has_widen<F>)
    if (!__builtin_is_constant_evaluated()) return backend::native_numeric::widen<F>(bits);
  return widen<F>(bits);
}

/// Computes op in float. The result for half is the same as that of one rounding. Let the operands have p bits. The first p bits of a sum,
/// difference, product, quotient or square root, correctly rounded, follow from its first 2 * p + 2 bits (Figueroa, "When is double
/// rounding innocuous?", 1995). float has 24 = 2 * 11 + 2 bits. float does not overflow here, and loses no bits below its smallest numbers.
/// bfloat16 has the range of float, and its operations are defined this way: subnormal products and quotients may be rounded twice.
template <class F, class Op>
CROSSLANE_FN constexpr typename F::bits apply(Op op, typename F::bits a, typename F::bits b) {
  if constexpr (backend::native_numeric::has_apply<F, Op>)
    if (!__builtin_is_constant_evaluated()) return backend::native_numeric::apply<F>(op, a, b);
  return convert_from<F>(op(convert_to_float<F>(a), convert_to_float<F>(b)));
}

/// Returns a * b + c, rounded once. The product is exact in double. The sum is rounded to odd (see round_to_odd()); Knuth's two-sum
/// computes the part that it lost.
template <class F>
CROSSLANE_FN constexpr typename F::bits multiply_add(typename F::bits a, typename F::bits b, typename F::bits c) {
  if constexpr (backend::native_numeric::has_fma<F>)
    if (!__builtin_is_constant_evaluated()) return backend::native_numeric::fma<F>(a, b, c);
  double const product = double(convert_to_float<F>(a)) * double(convert_to_float<F>(b)), addend = double(convert_to_float<F>(c));
  double const sum = product + addend;
  double const from_addend = sum - product;
  double const lost = (product - (sum - from_addend)) + (addend - from_addend);
  auto const bits = __builtin_bit_cast(std::uint64_t, sum);
  // If the sum is infinite or NaN, the lost part is NaN.
  if (lost == 0 || lost != lost || (bits & 1) != 0) return narrow<F, overflow::special>(sum);
  return narrow<F, overflow::special>(__builtin_bit_cast(double, (lost > 0) == (sum > 0) ? bits + 1 : bits - 1));
}

}  // namespace detail

/// A floating-point number of 8 or 16 bits. It is trivially copyable and has the size and alignment of its bits. It does not convert
/// implicitly.
///
/// Conversions round once, to nearest, ties to even, and keep subnormal numbers. The results are the same on all targets, bit for bit.
/// Numbers that are too large become infinity in half and bfloat16. In the 8-bit formats they and infinities become the largest number;
/// unsaturated() converts them to infinity or NaN instead. Every NaN becomes the same NaN of the format, without a sign. In conversions to
/// float and double the bits of a NaN are unspecified.
///
/// half and bfloat16 have arithmetic. An operation of half rounds once. An operation of bfloat16 computes in float and converts the result.
/// The results are the same on all targets, except for the bits of NaNs.
template <class Format>
class small_float {
 public:
  using format = Format;                    ///< the meaning of the bits
  using bits_type = typename Format::bits;  ///< std::uint8_t or std::uint16_t

  small_float() = default;  ///< uninitialised; small_float{} is zero

  /// @{
  /// Converts a number, rounded once to nearest, ties to even. The class says what numbers that are too large become.
  CROSSLANE_FN explicit constexpr small_float(float x) : bits_{detail::convert_from<Format>(x)} {}
  CROSSLANE_FN explicit constexpr small_float(double x) : bits_{detail::convert_from<Format>(x)} {}
  template <detail::whole_number Integer>
  CROSSLANE_FN explicit constexpr small_float(Integer x) : small_float{detail::round_to_odd_integer(x)} {}
  template <class Other>
  requires(!std::same_as<Other, Format>)
  CROSSLANE_FN explicit constexpr small_float(small_float<Other> x) : small_float{static_cast<float>(x)} {}
  /// @}

  /// Converts like the constructor, but numbers that are too large become infinity, or NaN if the format has no infinity.
  CROSSLANE_FN static constexpr small_float unsaturated(float x) requires(!detail::arithmetic_format<Format>) {
    return from_bits(detail::narrow<Format, detail::overflow::special>(x));
  }
  /// Converts a double like unsaturated(float).
  CROSSLANE_FN static constexpr small_float unsaturated(double x) requires(!detail::arithmetic_format<Format>) {
    return from_bits(detail::narrow<Format, detail::overflow::special>(x));
  }

  /// Returns the same number as a float, which can represent all numbers of the format.
  CROSSLANE_FN explicit constexpr operator float() const { return detail::convert_to_float<Format>(bits_); }
  /// Returns the same number as a double.
  CROSSLANE_FN explicit constexpr operator double() const { return double(static_cast<float>(*this)); }
  /// Returns the number as an integer, like saturate_cast(): rounded towards zero. Numbers beyond the limits become the nearer limit, NaN
  /// becomes 0.
  template <detail::whole_number Integer>
  CROSSLANE_FN explicit constexpr operator Integer() const {
    return saturate_cast<Integer>(static_cast<float>(*this));
  }

  /// Returns the number that has these bits.
  CROSSLANE_FN static constexpr small_float from_bits(bits_type bits) {
    small_float result{};
    result.bits_ = bits;
    return result;
  }
  /// Returns the bits of the number.
  CROSSLANE_FN constexpr bits_type bits() const { return bits_; }

  // --- arithmetic of half and bfloat16 ---

  CROSSLANE_FN friend constexpr small_float operator+(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    return from_bits(detail::apply<Format>(plus{}, a.bits_, b.bits_));
  }
  CROSSLANE_FN friend constexpr small_float operator-(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    return from_bits(detail::apply<Format>(minus{}, a.bits_, b.bits_));
  }
  CROSSLANE_FN friend constexpr small_float operator*(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    return from_bits(detail::apply<Format>(multiplies{}, a.bits_, b.bits_));
  }
  CROSSLANE_FN friend constexpr small_float operator/(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    return from_bits(detail::apply<Format>(divides{}, a.bits_, b.bits_));
  }
  CROSSLANE_FN friend constexpr small_float& operator+=(small_float& a, small_float b) requires detail::arithmetic_format<Format> {
    return a = a + b;
  }
  CROSSLANE_FN friend constexpr small_float& operator-=(small_float& a, small_float b) requires detail::arithmetic_format<Format> {
    return a = a - b;
  }
  CROSSLANE_FN friend constexpr small_float& operator*=(small_float& a, small_float b) requires detail::arithmetic_format<Format> {
    return a = a * b;
  }
  CROSSLANE_FN friend constexpr small_float& operator/=(small_float& a, small_float b) requires detail::arithmetic_format<Format> {
    return a = a / b;
  }
  CROSSLANE_FN friend constexpr small_float operator+(small_float a) requires detail::arithmetic_format<Format> { return a; }
  /// The sign of a NaN changes too.
  CROSSLANE_FN friend constexpr small_float operator-(small_float a) requires detail::arithmetic_format<Format> {
    return from_bits(static_cast<bits_type>(a.bits_ ^ Format::sign));
  }

  CROSSLANE_FN friend constexpr bool operator==(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    if constexpr (backend::native_numeric::has_compare<Format>)
      if (!__builtin_is_constant_evaluated()) return backend::native_numeric::equal<Format>(a.bits_, b.bits_);
    return static_cast<float>(a) == static_cast<float>(b);
  }
  CROSSLANE_FN friend constexpr bool operator<(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    if constexpr (backend::native_numeric::has_compare<Format>)
      if (!__builtin_is_constant_evaluated()) return backend::native_numeric::less<Format>(a.bits_, b.bits_);
    return static_cast<float>(a) < static_cast<float>(b);
  }
  CROSSLANE_FN friend constexpr bool operator<=(small_float a, small_float b) requires detail::arithmetic_format<Format> {
    if constexpr (backend::native_numeric::has_compare<Format>)
      if (!__builtin_is_constant_evaluated()) return backend::native_numeric::less_equal<Format>(a.bits_, b.bits_);
    return static_cast<float>(a) <= static_cast<float>(b);
  }
  CROSSLANE_FN friend constexpr bool operator>(small_float a, small_float b) requires detail::arithmetic_format<Format> { return b < a; }
  CROSSLANE_FN friend constexpr bool operator>=(small_float a, small_float b) requires detail::arithmetic_format<Format> { return b <= a; }

  /// Returns a * b + c, rounded once.
  CROSSLANE_FN friend constexpr small_float fma(small_float a, small_float b, small_float c) requires detail::arithmetic_format<Format> {
    return from_bits(detail::multiply_add<Format>(a.bits_, b.bits_, c.bits_));
  }
  CROSSLANE_FN friend constexpr small_float abs(small_float a) requires detail::arithmetic_format<Format> {
    return from_bits(static_cast<bits_type>(a.bits_ & (Format::sign - 1)));
  }

 private:
  bits_type bits_;
};

/// IEEE 754 binary16: 11 significant bits, up to 65504.
using half = small_float<half_format>;
/// The upper half of a float: 8 significant bits, float's range.
using bfloat16 = small_float<bfloat16_format>;
/// OCP E4M3: 4 significant bits, up to 448, no infinity.
using fp8_e4m3 = small_float<fp8_e4m3_format>;
/// OCP E5M2: 3 significant bits, up to 57344.
using fp8_e5m2 = small_float<fp8_e5m2_format>;
/// E4M3 as in AMD's gfx942: up to 240, no infinity, no negative zero.
using fp8_e4m3_fnuz = small_float<fp8_e4m3_fnuz_format>;
/// E5M2 as in AMD's gfx942: up to 57344, no infinity, no negative zero.
using fp8_e5m2_fnuz = small_float<fp8_e5m2_fnuz_format>;

namespace detail {

template <class F>
inline constexpr bool is_number<small_float<F>> = arithmetic_format<F>;

}  // namespace detail
}  // namespace crosslane
