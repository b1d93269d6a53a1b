// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions on NVIDIA GPUs.
#pragma once

#include <crosslane/backend/native/gpu/math.hpp>

#include <type_traits>

#if CROSSLANE_DEVICE_PASS()

namespace crosslane::backend {

struct cuda_math : gpu_math {
  // --- the special function unit; instructions without .ftz keep subnormal numbers ---

  static CROSSLANE_DEVICE_FN float fast_exp2(float x) {
    float result;
    asm("ex2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float flushed_exp2(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_log2(float x) {
    float result;
    asm("lg2.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_sin(float x) {
    float result;
    asm("sin.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_cos(float x) {
    float result;
    asm("cos.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_tanh(float x) {
    float result;
    asm("tanh.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_rsqrt(float x) {
    float result;
    asm("rsqrt.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_reciprocal(float x) {
    float result;
    asm("rcp.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }
  static CROSSLANE_DEVICE_FN float fast_divide(float x, float y) {
    float result;
    asm("div.approx.f32 %0, %1, %2;" : "=f"(result) : "f"(x), "f"(y));
    return result;
  }

  // --- integers ---

  template <class U>
  static constexpr bool has_reverse_bits = true;
  static CROSSLANE_DEVICE_FN std::uint32_t reverse_bits(std::uint32_t x) { return __brev(x); }
  static CROSSLANE_DEVICE_FN std::uint64_t reverse_bits(std::uint64_t x) { return __brevll(x); }

  static constexpr bool has_byte_permute = true;
  static CROSSLANE_DEVICE_FN std::uint32_t byte_permute(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
    return __byte_perm(low, high, selector & 0x7777u);  // the highest bit of a digit would replicate a sign bit
  }

  static constexpr bool has_funnel_shift = true;
  static CROSSLANE_DEVICE_FN std::uint32_t funnel_shift_left(std::uint32_t low, std::uint32_t high, unsigned n) {
    return __funnelshift_l(low, high, n);
  }
  static CROSSLANE_DEVICE_FN std::uint32_t funnel_shift_right(std::uint32_t low, std::uint32_t high, unsigned n) {
    return __funnelshift_r(low, high, n);
  }

  template <class T>
  static constexpr bool has_saturating = std::is_same_v<T, std::int32_t>;
  static CROSSLANE_DEVICE_FN std::int32_t saturating_add(std::int32_t a, std::int32_t b) {
    std::int32_t result;
    asm("add.sat.s32 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
  static CROSSLANE_DEVICE_FN std::int32_t saturating_subtract(std::int32_t a, std::int32_t b) {
    std::int32_t result;
    asm("sub.sat.s32 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }

  template <class T>
  static constexpr bool has_dot4 = true;
  static CROSSLANE_DEVICE_FN std::int32_t dot4(std::int32_t a, std::int32_t b, std::int32_t c) { return __dp4a(a, b, c); }
  static CROSSLANE_DEVICE_FN std::uint32_t dot4(std::uint32_t a, std::uint32_t b, std::uint32_t c) { return __dp4a(a, b, c); }
};

}  // namespace crosslane::backend

#endif
