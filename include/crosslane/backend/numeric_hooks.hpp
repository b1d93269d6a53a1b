// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Native ways of working with small floating-point formats, on their bits. A backend derives from this and redeclares the constants
/// of what it has with the functions; where they are false, the generic way is used, whose results are the same but for the bits of
/// NaNs. F is a format of kernel/numeric/format.hpp, Op one of plus, minus, multiplies, divides. Of pairs the first is in the lower
/// bits.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

struct float_pair {
  float low, high;
};

struct numeric_hooks {
  /// As detail::narrow, saturating to 8-bit formats.
  template <class F>
  static constexpr bool has_narrow = false;
  template <class F>
  static CROSSLANE_FN typename F::bits narrow(float);
  template <class F>
  static constexpr bool has_narrow_pair = false;
  template <class F>
  static CROSSLANE_FN std::uint32_t narrow_pair(float_pair);

  /// As detail::widen.
  template <class F>
  static constexpr bool has_widen = false;
  template <class F>
  static CROSSLANE_FN float widen(typename F::bits);
  template <class F>
  static constexpr bool has_widen_pair = false;
  template <class F>
  static CROSSLANE_FN float_pair widen_pair(std::uint32_t);

  /// As detail::truncate: float or double to an integer of 8 to 64 bits.
  template <class Integer, class S>
  static constexpr bool has_truncate = false;
  template <class Integer, class S>
  static CROSSLANE_FN Integer truncate(S);

  /// As in float, followed by narrow.
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

  /// a * b + c, rounded once.
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
