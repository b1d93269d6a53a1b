// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Binary operators for reductions and scans. A backend chooses its instruction by their types.
#pragma once

#include <crosslane/platform/min_max.hpp>

#include <type_traits>

namespace crosslane {

/// Addition.
struct plus {
  /// Returns a + b as a T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a + b);
  }
};
/// Subtraction. It is not for reductions, because the order of the operands matters.
struct minus {
  /// Returns a - b as a T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a - b);
  }
};
/// Multiplication. Unsigned integers wrap around.
struct multiplies {
  /// Returns a * b as a T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) < sizeof(int))
      return static_cast<T>(unsigned(a) * unsigned(b));  // the product as int, after promotion, could overflow
    else
      return static_cast<T>(a * b);
  }
};
/// Division. It is not for reductions, because the order of the operands matters.
struct divides {
  /// Returns a / b as a T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a / b);
  }
};
/// The minimum. If neither operand is smaller, the result is the first. If one of two floating-point operands is NaN, the result is the
/// other. If they are +0 and -0, the result may be either.
struct minimum {
  /// Returns the smaller of a and b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return detail::smaller(a, b);
  }
};
/// The maximum. If neither operand is larger, the result is the first. If one of two floating-point operands is NaN, the result is the
/// other. If they are +0 and -0, the result may be either.
struct maximum {
  /// Returns the larger of a and b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return detail::larger(a, b);
  }
};
/// Bitwise and.
struct bit_and {
  /// Returns a & b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a & b);
  }
};
/// Bitwise or.
struct bit_or {
  /// Returns a | b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a | b);
  }
};
/// Bitwise exclusive or.
struct bit_xor {
  /// Returns a ^ b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a ^ b);
  }
};

namespace detail {

template <class Op>
inline constexpr bool is_bitwise = std::is_same_v<Op, bit_and> || std::is_same_v<Op, bit_or> || std::is_same_v<Op, bit_xor>;

/// Whether identity_of<T, Op>() exists. The identity is the value that leaves every other operand unchanged.
template <class T, class Op>
inline constexpr bool has_identity = std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                                     (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies> || std::is_same_v<Op, minimum> ||
                                      std::is_same_v<Op, maximum> || is_bitwise<Op>);

template <class T, class Op>
CROSSLANE_FN constexpr T identity_of() {
  constexpr T lowest = std::is_signed_v<T> ? T(std::make_unsigned_t<T>(1) << (sizeof(T) * 8 - 1)) : T(0);
  if constexpr (std::is_same_v<Op, multiplies>)
    return T(1);
  else if constexpr (std::is_same_v<Op, bit_and>)
    return T(~T(0));
  else if constexpr (std::is_same_v<Op, minimum>)
    return T(~lowest);
  else if constexpr (std::is_same_v<Op, maximum>)
    return lowest;
  else
    return T(0);
}

/// Whether the library knows that Op is commutative on T: true for its own operators on numbers.
template <class T, class Op>
inline constexpr bool is_commutative = (is_number<T> && (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies> ||
                                                         std::is_same_v<Op, minimum> || std::is_same_v<Op, maximum>)) ||
                                       (std::is_integral_v<T> && is_bitwise<Op>);

}  // namespace detail

}  // namespace crosslane
