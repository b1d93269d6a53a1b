// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Hooks for native operations on the bits of small floating-point formats. A backend derives from this class. For what it supports, it
/// redeclares the constant as true and defines the function. Otherwise generic code is used; results are equal except for the bits of NaNs.
/// F is a format of core/number_format.hpp. Op is plus, minus, multiplies or divides. In a pair the first value is in the lower bits.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

struct float_pair {
  float low, high;
};

struct numeric_hooks {
  /// Converts as detail::narrow does; saturates for 8-bit formats.
  template <class F>
  static constexpr bool has_narrow = false;
  template <class F>
  static CROSSLANE_FN typename F::bits narrow(float);
  template <class F>
  static constexpr bool has_narrow_pair = false;
  template <class F>
  static CROSSLANE_FN std::uint32_t narrow_pair(float_pair);

  /// Converts as detail::widen does.
  template <class F>
  static constexpr bool has_widen = false;
  template <class F>
  static CROSSLANE_FN float widen(typename F::bits);
  template <class F>
  static constexpr bool has_widen_pair = false;
  template <class F>
  static CROSSLANE_FN float_pair widen_pair(std::uint32_t);

  /// Converts as detail::truncate does: float or double to an integer of 8 to 64 bits.
  template <class Integer, class S>
  static constexpr bool has_truncate = false;
  template <class Integer, class S>
  static CROSSLANE_FN Integer truncate(S);

  /// Computes in float, then narrows the result.
  template <class F, class Op>
  static constexpr bool has_apply = false;
  template <class F, class Op>
  static CROSSLANE_FN typename F::bits apply(Op, typename F::bits, typename F::bits);
  template <class F, class Op>
  static constexpr bool has_apply_pair = false;
  template <class F, class Op>
  static CROSSLANE_FN std::uint32_t apply_pair(Op, std::uint32_t, std::uint32_t);

  template <class F>
  static constexpr bool has_compare = false;
  template <class F>
  static CROSSLANE_FN bool equal(typename F::bits, typename F::bits);
  template <class F>
  static CROSSLANE_FN bool less(typename F::bits, typename F::bits);
  template <class F>
  static CROSSLANE_FN bool less_equal(typename F::bits, typename F::bits);

  /// Returns a * b + c, rounded once.
  template <class F>
  static constexpr bool has_fma = false;
  template <class F>
  static CROSSLANE_FN typename F::bits fma(typename F::bits a, typename F::bits b, typename F::bits c);
  template <class F>
  static constexpr bool has_fma_pair = false;
  template <class F>
  static CROSSLANE_FN std::uint32_t fma_pair(std::uint32_t a, std::uint32_t b, std::uint32_t c);
};

}  // namespace crosslane::backend
