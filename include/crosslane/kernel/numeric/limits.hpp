// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// std::numeric_limits of the small floating-point types.
#pragma once

#include <crosslane/kernel/numeric/small_float.hpp>

#include <limits>

template <class F>
struct std::numeric_limits<crosslane::small_float<F>> {
  using number = crosslane::small_float<F>;

  static constexpr bool is_specialized = true;
  static constexpr bool is_signed = true;
  static constexpr bool is_integer = false;
  static constexpr bool is_exact = false;
  static constexpr bool has_infinity = F::has_infinity;
  static constexpr bool has_quiet_NaN = true;
  static constexpr bool has_signaling_NaN = false;
  static constexpr std::float_denorm_style has_denorm = std::denorm_present;
  static constexpr bool has_denorm_loss = false;
  static constexpr std::float_round_style round_style = std::round_to_nearest;
  static constexpr bool is_iec559 = std::is_same_v<F, crosslane::half_format>;
  static constexpr bool is_bounded = true;
  static constexpr bool is_modulo = false;
  static constexpr bool traps = false;
  static constexpr bool tinyness_before = false;
  static constexpr int radix = 2;
  static constexpr int digits = F::mantissa_bits + 1;
  static constexpr int digits10 = F::mantissa_bits * 301 / 1000;
  static constexpr int max_digits10 = 2 + digits * 301 / 1000;
  static constexpr int min_exponent = F::min_exponent + 1;
  static constexpr int min_exponent10 = (min_exponent - 1) * 301 / 1000;
  static constexpr int max_exponent = int(F::max >> F::mantissa_bits) - F::bias + 1;
  static constexpr int max_exponent10 = (max_exponent - 1) * 301 / 1000;

  CROSSLANE_FN static constexpr number min() noexcept { return from(F::min_normal); }
  CROSSLANE_FN static constexpr number lowest() noexcept { return from(F::sign | F::max); }
  CROSSLANE_FN static constexpr number max() noexcept { return from(F::max); }
  CROSSLANE_FN static constexpr number epsilon() noexcept { return number{1.0f / (1 << F::mantissa_bits)}; }
  CROSSLANE_FN static constexpr number round_error() noexcept { return number{0.5f}; }
  /// Zero if the format has no infinity, as the standard requires.
  CROSSLANE_FN static constexpr number infinity() noexcept { return from(F::has_infinity ? F::infinity : 0); }
  CROSSLANE_FN static constexpr number quiet_NaN() noexcept { return from(F::nan); }
  CROSSLANE_FN static constexpr number signaling_NaN() noexcept { return from(0); }
  CROSSLANE_FN static constexpr number denorm_min() noexcept { return from(1); }

 private:
  CROSSLANE_FN static constexpr number from(std::uint32_t bits) { return number::from_bits(static_cast<typename F::bits>(bits)); }
};
