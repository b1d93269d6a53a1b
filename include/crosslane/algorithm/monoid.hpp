// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operators with a neutral value, which stands for missing elements. Operators that have none get one.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/numeric.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// Whether neutral_of<T, Op>() is known: for the library's operators on numbers.
template <class T, class Op>
inline constexpr bool has_neutral =
    has_identity<T, Op> ||
    (is_number<T> && !std::is_integral_v<T> &&
     (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies> || std::is_same_v<Op, minimum> || std::is_same_v<Op, maximum>));

/// Returns the value that changes no other operand, not even a zero with a sign.
template <class T, class Op>
CROSSLANE_FN constexpr T neutral_of() {
  if constexpr (std::is_integral_v<T>)
    return identity_of<T, Op>();
  else if constexpr (std::is_same_v<Op, plus>)
    return T(-0.0f);
  else if constexpr (std::is_same_v<Op, multiplies>)
    return T(1.0f);
  else
    return T(__builtin_nanf(""));  // the minimum and maximum of a NaN and a number are the number
}

/// An unsigned integer that leaves no gap beside a T, so that copies read no byte that nothing has written.
template <class T>
using number_beside =
    std::conditional_t<alignof(T) >= 8, std::uint64_t,
                       std::conditional_t<alignof(T) == 4, unsigned, std::conditional_t<alignof(T) == 2, std::uint16_t, unsigned char>>>;

/// A value, or none.
template <class T>
struct maybe {
  T value;
  number_beside<T> any;  ///< 1 if there is a value
};
/// Applies Op to values, of which one or both may be missing.
template <class Op>
struct maybe_op {
  Op op;
  template <class T>
  CROSSLANE_FN constexpr maybe<T> operator()(maybe<T> const& a, maybe<T> const& b) const {
    if (b.any == 0) return a;
    if (a.any == 0) return b;
    return {op(a.value, b.value), 1};
  }
};

/// Returns a op b, where b is one element behind all those of a. An operator can have a shorter way for that: its member with_later(a, b).
template <class Op, class T>
CROSSLANE_FN constexpr T append(Op const& op, T const& a, T const& b) {
  if constexpr (requires { op.with_later(a, b); })
    return op.with_later(a, b);
  else
    return op(a, b);
}

/// An operator on values of T, of which some may be missing: `value` is the type of operands, `op` the operator on them.
template <class T, class Op, bool = has_neutral<T, Op>>
struct monoid {
  using value = T;
  using op_type = Op;
  Op op;
  CROSSLANE_FN static constexpr T none() { return neutral_of<T, Op>(); }
  CROSSLANE_FN static constexpr T of(T const& x) { return x; }
  /// Returns the value. Precondition: it is not missing.
  CROSSLANE_FN static constexpr T get(T const& x) { return x; }
  /// Returns sum op x, where x is behind all elements of the sum.
  CROSSLANE_FN constexpr value with(value const& sum, T const& x) const { return append(op, sum, x); }
};
template <class T, class Op>
struct monoid<T, Op, false> {
  using value = maybe<T>;
  using op_type = maybe_op<Op>;
  maybe_op<Op> op;
  CROSSLANE_FN static constexpr value none() { return {T{}, 0}; }
  CROSSLANE_FN static constexpr value of(T const& x) { return {x, 1}; }
  CROSSLANE_FN static constexpr T get(value const& x) { return x.value; }
  CROSSLANE_FN constexpr value with(value const& sum, T const& x) const { return {sum.any != 0 ? append(op.op, sum.value, x) : x, 1}; }
};
template <class T, class Op>
constexpr monoid<T, Op> monoid_of(Op const& op) {
  return {{op}};
}

}  // namespace crosslane::detail
