// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions under C's names, which all targets have, and hooks for native integer operations. A backend's math class derives
/// from this. C's functions come from the compiler on the host and from the vendor in device code; neither needs a header.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

#if CROSSLANE_DEVICE_PASS()
#define CROSSLANE_C(name) ::name
#else
#define CROSSLANE_C(name) __builtin_##name
#endif
#define CROSSLANE_C_1(name)                                                   \
  static CROSSLANE_FN float name(float x) { return CROSSLANE_C(name##f)(x); } \
  static CROSSLANE_FN double name(double x) { return CROSSLANE_C(name)(x); }
#define CROSSLANE_C_2(name)                                                               \
  static CROSSLANE_FN float name(float x, float y) { return CROSSLANE_C(name##f)(x, y); } \
  static CROSSLANE_FN double name(double x, double y) { return CROSSLANE_C(name)(x, y); }

struct math_hooks {
  CROSSLANE_C_1(sqrt)
  CROSSLANE_C_1(cbrt)
  CROSSLANE_C_1(exp)
  CROSSLANE_C_1(exp2)
  CROSSLANE_C_1(expm1)
  CROSSLANE_C_1(log)
  CROSSLANE_C_1(log2)
  CROSSLANE_C_1(log10)
  CROSSLANE_C_1(log1p)
  CROSSLANE_C_1(sin)
  CROSSLANE_C_1(cos)
  CROSSLANE_C_1(tan)
  CROSSLANE_C_1(asin)
  CROSSLANE_C_1(acos)
  CROSSLANE_C_1(atan)
  CROSSLANE_C_1(sinh)
  CROSSLANE_C_1(cosh)
  CROSSLANE_C_1(tanh)
  CROSSLANE_C_1(asinh)
  CROSSLANE_C_1(acosh)
  CROSSLANE_C_1(atanh)
  CROSSLANE_C_1(erf)
  CROSSLANE_C_1(erfc)
  CROSSLANE_C_1(tgamma)
  CROSSLANE_C_1(lgamma)
  CROSSLANE_C_1(fabs)
  CROSSLANE_C_1(floor)
  CROSSLANE_C_1(ceil)
  CROSSLANE_C_1(trunc)
  CROSSLANE_C_1(round)
  CROSSLANE_C_1(rint)
  CROSSLANE_C_2(pow)
  CROSSLANE_C_2(atan2)
  CROSSLANE_C_2(hypot)
  CROSSLANE_C_2(fmod)
  CROSSLANE_C_2(remainder)
  static CROSSLANE_FN float fma(float a, float b, float c) { return CROSSLANE_C(fmaf)(a, b, c); }
  static CROSSLANE_FN double fma(double a, double b, double c) { return CROSSLANE_C(fma)(a, b, c); }
  static CROSSLANE_FN float ldexp(float x, int n) { return CROSSLANE_C(ldexpf)(x, n); }
  static CROSSLANE_FN double ldexp(double x, int n) { return CROSSLANE_C(ldexp)(x, n); }

  // --- approximations. If has_fast is false, the precise functions are used ---

  static constexpr bool has_fast = false;
  static CROSSLANE_FN float fast_exp2(float);
  static CROSSLANE_FN float flushed_exp2(float);  ///< the same; subnormal arguments and results are zero
  static CROSSLANE_FN float fast_log2(float);
  static CROSSLANE_FN float fast_sin(float);
  static CROSSLANE_FN float fast_cos(float);
  static CROSSLANE_FN float fast_tanh(float);
  static CROSSLANE_FN float fast_rsqrt(float);
  static CROSSLANE_FN float fast_reciprocal(float);
  static CROSSLANE_FN float fast_divide(float, float);

  // --- integers. If a constant is false, the generic code of kernel/math/integer.hpp is used, with the same results ---

  template <class U>
  static constexpr bool has_reverse_bits = false;
  template <class U>
  static CROSSLANE_FN U reverse_bits(U);

  static constexpr bool has_byte_permute = false;
  static CROSSLANE_FN std::uint32_t byte_permute(std::uint32_t, std::uint32_t, std::uint32_t);

  static constexpr bool has_funnel_shift = false;
  static CROSSLANE_FN std::uint32_t funnel_shift_left(std::uint32_t, std::uint32_t, unsigned);
  static CROSSLANE_FN std::uint32_t funnel_shift_right(std::uint32_t, std::uint32_t, unsigned);

  template <class T>
  static constexpr bool has_saturating = false;
  template <class T>
  static CROSSLANE_FN T saturating_add(T, T);
  template <class T>
  static CROSSLANE_FN T saturating_subtract(T, T);

  template <class T>
  static constexpr bool has_dot4 = false;
  template <class T>
  static CROSSLANE_FN T dot4(T, T, T);
};

#undef CROSSLANE_C_1
#undef CROSSLANE_C_2
#undef CROSSLANE_C

}  // namespace crosslane::backend
