// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Binary operators for reductions and scans. Their types let a backend pick an instruction.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <type_traits>

namespace crosslane {

struct plus {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a + b);
  }
};
/// Not for reductions: the order of the operands matters.
struct minus {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a - b);
  }
};
struct multiplies {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a * b);
  }
};
/// Not for reductions, as minus.
struct divides {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a / b);
  }
};
/// The smaller; the first where neither is smaller.
struct minimum {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return b < a ? b : a;
  }
};
/// The larger; the first where neither is larger.
struct maximum {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return a < b ? b : a;
  }
};
struct bit_and {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a & b);
  }
};
struct bit_or {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a | b);
  }
};
struct bit_xor {
  template <class T>
  CROSSLANE_FN constexpr T operator()(T const& a, T const& b) const {
    return static_cast<T>(a ^ b);
  }
};

namespace detail {

/// Types of numbers with the usual arithmetic; the library's own are added where they are defined.
template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T>;

/// The order of the operands of Op on T does not matter: the library's own operators on numbers. Not minimum and maximum of floating
/// point, where a NaN or the sign of zero tells the operands apart.
template <class T, class Op>
inline constexpr bool is_commutative =
    is_number<T> && (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies> ||
                     (std::is_integral_v<T> && (std::is_same_v<Op, minimum> || std::is_same_v<Op, maximum> || std::is_same_v<Op, bit_and> ||
                                                std::is_same_v<Op, bit_or> || std::is_same_v<Op, bit_xor>)));

}  // namespace detail

}  // namespace crosslane
