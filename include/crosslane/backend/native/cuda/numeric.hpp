// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point formats on NVIDIA GPUs, in PTX. Including the vendor's headers for them costs more than the whole core of this
/// library.
#pragma once

#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/backend/native/numeric_hooks.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>

#include <type_traits>

namespace crosslane::backend {

struct cuda_numeric : numeric_hooks {
  template <class F>
  static constexpr bool is_half = std::is_same_v<F, half_format>;
  template <class F>
  static constexpr bool is_bfloat16 = std::is_same_v<F, bfloat16_format>;
  template <class F>
  static constexpr bool is_e4m3 = std::is_same_v<F, fp8_e4m3_format>;
  template <class F>
  static constexpr bool is_fp8 = is_e4m3<F> || std::is_same_v<F, fp8_e5m2_format>;

  // --- conversions ---

  template <class F>
  static constexpr bool has_narrow = is_half<F> || (is_bfloat16<F> && CROSSLANE_SM_HAS(BFLOAT16)) || (is_fp8<F> && CROSSLANE_SM_HAS(FP8));
  template <class F>
  static CROSSLANE_DEVICE_FN typename F::bits narrow(float x) {
    std::uint16_t result;
    if constexpr (is_half<F>)
      asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(x));
    else if constexpr (is_bfloat16<F>)
      asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result) : "f"(x));
    else
      result = std::uint16_t(narrow_pair<F>({x, 0}));
    return static_cast<typename F::bits>(result);
  }

  template <class F>
  static constexpr bool has_narrow_pair =
      ((is_half<F> || is_bfloat16<F>) && CROSSLANE_SM_HAS(BFLOAT16)) || (is_fp8<F> && CROSSLANE_SM_HAS(FP8));
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint32_t narrow_pair(float_pair x) {
    if constexpr (is_fp8<F>) {
      std::uint16_t result;
      if constexpr (is_e4m3<F>)
        asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(result) : "f"(x.high), "f"(x.low));
      else
        asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(result) : "f"(x.high), "f"(x.low));
      return result;
    } else {
      std::uint32_t result;
      if constexpr (is_half<F>)
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(x.high), "f"(x.low));
      else
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(x.high), "f"(x.low));
      return result;
    }
  }

  template <class F>
  static constexpr bool has_widen = is_half<F> || (is_fp8<F> && CROSSLANE_SM_HAS(FP8));
  template <class F>
  static CROSSLANE_DEVICE_FN float widen(typename F::bits bits) {
    if constexpr (is_half<F>) {
      float result;
      asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(bits));
      return result;
    } else {
      return widen_pair<F>(bits).low;
    }
  }

  template <class F>
  static constexpr bool has_widen_pair = is_fp8<F> && CROSSLANE_SM_HAS(FP8);
  template <class F>
  static CROSSLANE_DEVICE_FN float_pair widen_pair(std::uint32_t bits) {
    std::uint32_t halves;
    if constexpr (is_e4m3<F>)
      asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(halves) : "h"(std::uint16_t(bits)));
    else
      asm("cvt.rn.f16x2.e5m2x2 %0, %1;" : "=r"(halves) : "h"(std::uint16_t(bits)));
    return {widen<half_format>(std::uint16_t(halves)), widen<half_format>(std::uint16_t(halves >> 16))};
  }

  /// The instruction saturates. From double, and to 64 bits, it converts NaN to 2^(n - 1); otherwise to 0.
  template <class Integer, class S>
  static constexpr bool has_truncate = true;
  template <class Integer>
  static CROSSLANE_DEVICE_FN Integer truncate(float x) {
    if constexpr (sizeof(Integer) == 8) {
      if constexpr (std::is_signed_v<Integer>)
        return zero_for_nan(x, Integer(__float2ll_rz(x)));
      else
        return zero_for_nan(x, Integer(__float2ull_rz(x)));
    } else if constexpr (sizeof(Integer) == 4) {
      if constexpr (std::is_signed_v<Integer>)
        return Integer(__float2int_rz(x));
      else
        return Integer(__float2uint_rz(x));
    } else {
      unsigned result;
      if constexpr (sizeof(Integer) == 2 && std::is_signed_v<Integer>)
        asm("cvt.rzi.s16.f32 %0, %1;" : "=r"(result) : "f"(x));
      else if constexpr (sizeof(Integer) == 2)
        asm("cvt.rzi.u16.f32 %0, %1;" : "=r"(result) : "f"(x));
      else if constexpr (std::is_signed_v<Integer>)
        asm("cvt.rzi.s8.f32 %0, %1;" : "=r"(result) : "f"(x));
      else
        asm("cvt.rzi.u8.f32 %0, %1;" : "=r"(result) : "f"(x));
      return static_cast<Integer>(result);
    }
  }
  template <class Integer>
  static CROSSLANE_DEVICE_FN Integer truncate(double x) {
    if constexpr (sizeof(Integer) == 8) {
      if constexpr (std::is_signed_v<Integer>)
        return zero_for_nan(x, Integer(__double2ll_rz(x)));
      else
        return zero_for_nan(x, Integer(__double2ull_rz(x)));
    } else if constexpr (sizeof(Integer) == 4) {
      if constexpr (std::is_signed_v<Integer>)
        return zero_for_nan(x, Integer(__double2int_rz(x)));
      else
        return zero_for_nan(x, Integer(__double2uint_rz(x)));
    } else {
      unsigned result;
      if constexpr (sizeof(Integer) == 2 && std::is_signed_v<Integer>)
        asm("cvt.rzi.s16.f64 %0, %1;" : "=r"(result) : "d"(x));
      else if constexpr (sizeof(Integer) == 2)
        asm("cvt.rzi.u16.f64 %0, %1;" : "=r"(result) : "d"(x));
      else if constexpr (std::is_signed_v<Integer>)
        asm("cvt.rzi.s8.f64 %0, %1;" : "=r"(result) : "d"(x));
      else
        asm("cvt.rzi.u8.f64 %0, %1;" : "=r"(result) : "d"(x));
      return zero_for_nan(x, static_cast<Integer>(result));
    }
  }

  // --- arithmetic. The rounding mode is explicit, so that operations are not contracted ---

  template <class Op>
  static constexpr bool is_sum = std::is_same_v<Op, plus> || std::is_same_v<Op, minus>;

  /// For bfloat16 sums only. The instruction for products rounds once where the generic code rounds twice, so subnormal results can differ.
  template <class F, class Op>
  static constexpr bool has_apply =
      (is_half<F> && (is_sum<Op> || std::is_same_v<Op, multiplies>)) || (is_bfloat16<F> && is_sum<Op> && CROSSLANE_SM_HAS(BFLOAT16_SUMS));
  template <class F, class Op>
  static CROSSLANE_DEVICE_FN std::uint16_t apply(Op, std::uint16_t a, std::uint16_t b) {
    std::uint16_t result;
    if constexpr (is_bfloat16<F> && std::is_same_v<Op, plus>)
      asm("add.rn.bf16 %0, %1, %2;" : "=h"(result) : "h"(a), "h"(b));
    else if constexpr (is_bfloat16<F>)
      asm("sub.rn.bf16 %0, %1, %2;" : "=h"(result) : "h"(a), "h"(b));
    else if constexpr (std::is_same_v<Op, plus>)
      asm("add.rn.f16 %0, %1, %2;" : "=h"(result) : "h"(a), "h"(b));
    else if constexpr (std::is_same_v<Op, minus>)
      asm("sub.rn.f16 %0, %1, %2;" : "=h"(result) : "h"(a), "h"(b));
    else
      asm("mul.rn.f16 %0, %1, %2;" : "=h"(result) : "h"(a), "h"(b));
    return result;
  }

  template <class F, class Op>
  static constexpr bool has_apply_pair = has_apply<F, Op>;
  template <class F, class Op>
  static CROSSLANE_DEVICE_FN std::uint32_t apply_pair(Op, std::uint32_t a, std::uint32_t b) {
    std::uint32_t result;
    if constexpr (is_bfloat16<F> && std::is_same_v<Op, plus>)
      asm("add.rn.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    else if constexpr (is_bfloat16<F>)
      asm("sub.rn.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    else if constexpr (std::is_same_v<Op, plus>)
      asm("add.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    else if constexpr (std::is_same_v<Op, minus>)
      asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    else
      asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }

  template <class F>
  static constexpr bool has_compare = is_half<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN bool equal(std::uint16_t a, std::uint16_t b) {
    unsigned result;
    asm("{.reg .pred p; setp.eq.f16 p, %1, %2; selp.u32 %0, 1, 0, p;}" : "=r"(result) : "h"(a), "h"(b));
    return result != 0;
  }
  template <class F>
  static CROSSLANE_DEVICE_FN bool less(std::uint16_t a, std::uint16_t b) {
    unsigned result;
    asm("{.reg .pred p; setp.lt.f16 p, %1, %2; selp.u32 %0, 1, 0, p;}" : "=r"(result) : "h"(a), "h"(b));
    return result != 0;
  }
  template <class F>
  static CROSSLANE_DEVICE_FN bool less_equal(std::uint16_t a, std::uint16_t b) {
    unsigned result;
    asm("{.reg .pred p; setp.le.f16 p, %1, %2; selp.u32 %0, 1, 0, p;}" : "=r"(result) : "h"(a), "h"(b));
    return result != 0;
  }

  template <class F>
  static constexpr bool has_fma = is_half<F> || (is_bfloat16<F> && CROSSLANE_SM_HAS(BFLOAT16));
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint16_t fma(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
    std::uint16_t result;
    if constexpr (is_half<F>)
      asm("fma.rn.f16 %0, %1, %2, %3;" : "=h"(result) : "h"(a), "h"(b), "h"(c));
    else
      asm("fma.rn.bf16 %0, %1, %2, %3;" : "=h"(result) : "h"(a), "h"(b), "h"(c));
    return result;
  }
  template <class F>
  static constexpr bool has_fma_pair = has_fma<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint32_t fma_pair(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    std::uint32_t result;
    if constexpr (is_half<F>)
      asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    else
      asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(a), "r"(b), "r"(c));
    return result;
  }

 private:
  template <class S, class Integer>
  static CROSSLANE_DEVICE_FN Integer zero_for_nan(S x, Integer result) {
    return x != x ? Integer{0} : result;
  }
};

}  // namespace crosslane::backend
