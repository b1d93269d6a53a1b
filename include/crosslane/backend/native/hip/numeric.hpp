// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point formats on AMD GPUs, with the compiler's half type and built-ins.
#pragma once

#include <crosslane/backend/native/hip/architecture.hpp>
#include <crosslane/backend/native/numeric_hooks.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>

#include <type_traits>

// _Float16 exists in device code only.
#if CROSSLANE_DEVICE_PASS()

namespace crosslane::backend {

struct hip_numeric : numeric_hooks {
  using native = _Float16;
  using native_pair = _Float16 __attribute__((ext_vector_type(2)));

  template <class F>
  static constexpr bool is_half = std::is_same_v<F, half_format>;
  /// gfx942 has the formats without infinities and negative zero; later chips have the OCP formats.
#if CROSSLANE_GFX_HAS(FP8_FNUZ)
#define CROSSLANE_HIP_FP8() 1
  template <class F>
  static constexpr bool is_fp8 = std::is_same_v<F, fp8_e4m3_fnuz_format> || std::is_same_v<F, fp8_e5m2_fnuz_format>;
#elif CROSSLANE_GFX_HAS(FP8_OCP) && __has_builtin(__builtin_amdgcn_cvt_pk_fp8_f32)
#define CROSSLANE_HIP_FP8() 1
  template <class F>
  static constexpr bool is_fp8 = std::is_same_v<F, fp8_e4m3_format> || std::is_same_v<F, fp8_e5m2_format>;
#else
#define CROSSLANE_HIP_FP8() 0
  template <class F>
  static constexpr bool is_fp8 = false;
#endif

  // --- conversions ---

  template <class F>
  static constexpr bool has_narrow = is_half<F> || is_fp8<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN typename F::bits narrow(float x) {
    if constexpr (is_half<F>)  // the instruction would keep a NaN's sign and upper bits
      return x != x ? std::uint16_t(F::nan) : __builtin_bit_cast(std::uint16_t, static_cast<native>(x));
    else
      return static_cast<typename F::bits>(narrow_pair<F>({x, 0}));
  }
  template <class F>
  static constexpr bool has_widen = is_half<F> || is_fp8<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN float widen(typename F::bits bits) {
    if constexpr (is_half<F>)
      return static_cast<float>(__builtin_bit_cast(native, bits));
    else
      return widen_byte<F, 0>(bits);
  }

  /// The 32-bit instructions saturate and convert NaN to 0. There is none for 64 bits.
  template <class Integer, class S>
  static constexpr bool has_truncate = sizeof(Integer) <= 4;
  template <class Integer, class S>
  static CROSSLANE_DEVICE_FN Integer truncate(S x) {
    // For the compiler, a conversion out of range is undefined. The empty assembly hides the argument and the use of the result from it.
    // The conversion itself is not written in assembly, because the compiler would not know the wait states that it needs after some
    // instructions.
    std::conditional_t<std::is_signed_v<Integer>, std::int32_t, std::uint32_t> result;
    asm("" : "+v"(x));
    result = static_cast<decltype(result)>(x);
    asm("" : "+v"(result));
    return clamped<Integer>(result);
  }

#if CROSSLANE_HIP_FP8()
  template <class F>
  static constexpr bool has_narrow_pair = is_fp8<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint32_t narrow_pair(float_pair x) {
    // Above the largest number the instruction gives infinity or NaN.
    constexpr float max = detail::widen<F>(F::max);
    float const low = __builtin_amdgcn_fmed3f(x.low, max, -max), high = __builtin_amdgcn_fmed3f(x.high, max, -max);
    std::uint32_t result;
    if constexpr (F::mantissa_bits == 3)
      result = std::uint32_t(__builtin_amdgcn_cvt_pk_fp8_f32(low, high, 0, false));
    else
      result = std::uint32_t(__builtin_amdgcn_cvt_pk_bf8_f32(low, high, 0, false));
    if (x.low != x.low) result = (result & 0xff00u) | F::nan;
    if (x.high != x.high) result = (result & 0xffu) | F::nan << 8;
    return result;
  }
  template <class F>
  static constexpr bool has_widen_pair = is_fp8<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN float_pair widen_pair(std::uint32_t bits) {
#if CROSSLANE_GFX_HAS(GFX12) && __clang_major__ < 20
    // clang 19 lets the instruction for pairs read v128 and higher, where its encoding means upper halves of v0 and higher.
    return {widen_byte<F, 0>(bits), widen_byte<F, 1>(bits)};
#else
    if constexpr (F::mantissa_bits == 3) {
      auto const pair = __builtin_amdgcn_cvt_pk_f32_fp8(int(bits), false);
      return {pair[0], pair[1]};
    } else {
      auto const pair = __builtin_amdgcn_cvt_pk_f32_bf8(int(bits), false);
      return {pair[0], pair[1]};
    }
#endif
  }
  /// Returns the number in byte `Byte`.
  template <class F, int Byte>
  static CROSSLANE_DEVICE_FN float widen_byte(std::uint32_t bits) {
    if constexpr (F::mantissa_bits == 3)
      return __builtin_amdgcn_cvt_f32_fp8(int(bits), Byte);
    else
      return __builtin_amdgcn_cvt_f32_bf8(int(bits), Byte);
  }
#endif
#undef CROSSLANE_HIP_FP8

  // --- arithmetic of half ---

  template <class F, class Op>
  static constexpr bool has_apply = is_half<F> && (std::is_same_v<Op, plus> || std::is_same_v<Op, minus> || std::is_same_v<Op, multiplies>);
  template <class F, class Op>
  static CROSSLANE_DEVICE_FN std::uint16_t apply(Op op, std::uint16_t a, std::uint16_t b) {
    return __builtin_bit_cast(std::uint16_t, compute(op, __builtin_bit_cast(native, a), __builtin_bit_cast(native, b)));
  }
  template <class F, class Op>
  static constexpr bool has_apply_pair = has_apply<F, Op>;
  template <class F, class Op>
  static CROSSLANE_DEVICE_FN std::uint32_t apply_pair(Op op, std::uint32_t a, std::uint32_t b) {
    return __builtin_bit_cast(std::uint32_t, compute(op, __builtin_bit_cast(native_pair, a), __builtin_bit_cast(native_pair, b)));
  }

  template <class F>
  static constexpr bool has_compare = is_half<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN bool equal(std::uint16_t a, std::uint16_t b) {
    return __builtin_bit_cast(native, a) == __builtin_bit_cast(native, b);
  }
  template <class F>
  static CROSSLANE_DEVICE_FN bool less(std::uint16_t a, std::uint16_t b) {
    return __builtin_bit_cast(native, a) < __builtin_bit_cast(native, b);
  }
  template <class F>
  static CROSSLANE_DEVICE_FN bool less_equal(std::uint16_t a, std::uint16_t b) {
    return __builtin_bit_cast(native, a) <= __builtin_bit_cast(native, b);
  }

  template <class F>
  static constexpr bool has_fma = is_half<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint16_t fma(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
    return __builtin_bit_cast(
        std::uint16_t, __builtin_fmaf16(__builtin_bit_cast(native, a), __builtin_bit_cast(native, b), __builtin_bit_cast(native, c)));
  }
#if __has_builtin(__builtin_elementwise_fma)
  template <class F>
  static constexpr bool has_fma_pair = is_half<F>;
  template <class F>
  static CROSSLANE_DEVICE_FN std::uint32_t fma_pair(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return __builtin_bit_cast(std::uint32_t,
                              __builtin_elementwise_fma(__builtin_bit_cast(native_pair, a), __builtin_bit_cast(native_pair, b),
                                                        __builtin_bit_cast(native_pair, c)));
  }
#endif

 private:
  /// Returns an int or unsigned, clamped to the limits of Integer, which has the same signedness.
  template <class Integer, class Word>
  static CROSSLANE_DEVICE_FN Integer clamped(Word x) {
    if constexpr (sizeof(Integer) < 4) {
      constexpr Word high = (Word{1} << (8 * sizeof(Integer) - std::is_signed_v<Integer>)) - 1,
                     low = std::is_signed_v<Integer> ? ~high : Word{0};
      x = x > low ? x : low;
      x = x < high ? x : high;
    }
    return static_cast<Integer>(x);
  }

  /// Not contracted with neighbouring operations, so that all targets give the same result.
  template <class Op, class T>
  static CROSSLANE_DEVICE_FN T compute(Op, T a, T b) {
#pragma clang fp contract(off)
    if constexpr (std::is_same_v<Op, plus>)
      return a + b;
    else if constexpr (std::is_same_v<Op, minus>)
      return a - b;
    else
      return a * b;
  }
};

}  // namespace crosslane::backend

#endif
