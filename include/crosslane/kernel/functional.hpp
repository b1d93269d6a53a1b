// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Binary operators for reductions and scans. Their types let a backend pick an instruction.
#pragma once

#include <crosslane/platform/min_max.hpp>

#include <type_traits>

namespace crosslane {

/// Addition.
struct plus {
  /// a + b, as T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a + b);
  }
};
/// Subtraction. Not for reductions: the order of the operands matters.
struct minus {
  /// a - b, as T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a - b);
  }
};
/// Multiplication. Unsigned integers wrap around.
struct multiplies {
  /// a * b, as T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    if constexpr (std::is_unsigned_v<T> && sizeof(T) < sizeof(int))
      return static_cast<T>(unsigned(a) * unsigned(b));  // of int, to which they would be promoted, it could overflow
    else
      return static_cast<T>(a * b);
  }
};
/// Division. Not for reductions, as minus.
struct divides {
  /// a / b, as T.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a / b);
  }
};
/// The smaller; the first where neither is. Of floating point the number where the other is NaN, and either of +0 and -0.
struct minimum {
  /// The smaller of both.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return detail::smaller(a, b);
  }
};
/// The larger; the first where neither is. Of floating point the number where the other is NaN, and either of +0 and -0.
struct maximum {
  /// The larger of both.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return detail::larger(a, b);
  }
};
/// Bitwise and.
struct bit_and {
  /// a & b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a & b);
  }
};
/// Bitwise or.
struct bit_or {
  /// a | b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a | b);
  }
};
/// Bitwise exclusive or.
struct bit_xor {
  /// a ^ b.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a ^ b);
  }
};

namespace detail {

template <class Op>
inline constexpr bool is_bitwise = std::is_same_v<Op, bit_and> || std::is_same_v<Op, bit_or> || std::is_same_v<Op, bit_xor>;

/// Whether identity_of<T, Op>() exists: the value that changes no other.
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

/// The order of the operands of Op on T does not matter: the library's own operators on numbers.
template <class T, class Op>
inline constexpr bool is_commutative = (is_number<T> && (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies> ||
                                                         std::is_same_v<Op, minimum> || std::is_same_v<Op, maximum>)) ||
                                       (std::is_integral_v<T> && is_bitwise<Op>);

}  // namespace detail

}  // namespace crosslane
