// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions on AMD GPUs.
#pragma once

#include <crosslane/backend/native/gpu/math.hpp>
#include <crosslane/backend/native/hip/architecture.hpp>

#include <type_traits>

#if CROSSLANE_DEVICE_PASS()

namespace crosslane::backend {

struct hip_math : gpu_math {
  // --- single instructions; exp2, log2, reciprocal and rsqrt flush subnormal arguments or results to zero ---

  static CROSSLANE_DEVICE_FN float fast_exp2(float x) {
#if __has_builtin(__builtin_amdgcn_exp2f)
    return __builtin_amdgcn_exp2f(x);
#else
    return __builtin_exp2f(x);  // compilers without the built-in generate one instruction for this
#endif
  }
  static CROSSLANE_DEVICE_FN float flushed_exp2(float x) { return fast_exp2(x); }
  static CROSSLANE_DEVICE_FN float fast_log2(float x) {
#if __has_builtin(__builtin_amdgcn_logf)
    return __builtin_amdgcn_logf(x);
#else
    return __builtin_log2f(x);
#endif
  }
  /// The instructions take turns, not radians. Chips before gfx10 accept at most 256 turns.
  static CROSSLANE_DEVICE_FN float fast_sin(float x) { return __builtin_amdgcn_sinf(__builtin_amdgcn_fractf(x * turns_per_radian)); }
  static CROSSLANE_DEVICE_FN float fast_cos(float x) { return __builtin_amdgcn_cosf(__builtin_amdgcn_fractf(x * turns_per_radian)); }
  /// Computes 1 - 2 / (e^2x + 1), and the first Taylor terms where that would cancel.
  static CROSSLANE_DEVICE_FN float fast_tanh(float x) {
    float const large = 1 - 2 * __builtin_amdgcn_rcpf(fast_exp2(x * 2.88539008f) + 1);
    float const small = x - x * x * x * (1.0f / 3);
    return __builtin_fabsf(x) < 0.04f ? small : large;
  }
  static CROSSLANE_DEVICE_FN float fast_rsqrt(float x) { return __builtin_amdgcn_rsqf(x); }
  static CROSSLANE_DEVICE_FN float fast_reciprocal(float x) { return __builtin_amdgcn_rcpf(x); }
  static CROSSLANE_DEVICE_FN float fast_divide(float x, float y) { return x * __builtin_amdgcn_rcpf(y); }

  // --- integers ---

  template <class U>
  static constexpr bool has_reverse_bits = true;
  static CROSSLANE_DEVICE_FN std::uint32_t reverse_bits(std::uint32_t x) { return __builtin_bitreverse32(x); }
  static CROSSLANE_DEVICE_FN std::uint64_t reverse_bits(std::uint64_t x) { return __builtin_bitreverse64(x); }

  static constexpr bool has_byte_permute = true;
  static CROSSLANE_DEVICE_FN std::uint32_t byte_permute(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
    // Each digit of four bits becomes a byte.
    std::uint32_t const digits = selector & 0x7777u, pairs = (digits | digits << 8) & 0xff00ffu;
    return __builtin_amdgcn_perm(high, low, (pairs | pairs << 4) & 0x0f0f0f0fu);
  }

#if __has_builtin(__builtin_elementwise_add_sat)
  template <class T>
  static constexpr bool has_saturating = true;
  template <class T>
  static CROSSLANE_DEVICE_FN T saturating_add(T a, T b) {
    return __builtin_elementwise_add_sat(a, b);
  }
  template <class T>
  static CROSSLANE_DEVICE_FN T saturating_subtract(T a, T b) {
    return __builtin_elementwise_sub_sat(a, b);
  }
#endif

#if CROSSLANE_GFX_HAS(DOT4_MIXED)
  template <class T>
  static constexpr bool has_dot4 = true;
  static CROSSLANE_DEVICE_FN std::int32_t dot4(std::int32_t a, std::int32_t b, std::int32_t c) {
    return __builtin_amdgcn_sudot4(true, a, true, b, c, false);
  }
  static CROSSLANE_DEVICE_FN std::uint32_t dot4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return __builtin_amdgcn_udot4(a, b, c, false);
  }
#elif CROSSLANE_GFX_HAS(DOT4)
  template <class T>
  static constexpr bool has_dot4 = true;
  static CROSSLANE_DEVICE_FN std::int32_t dot4(std::int32_t a, std::int32_t b, std::int32_t c) {
    return __builtin_amdgcn_sdot4(a, b, c, false);
  }
  static CROSSLANE_DEVICE_FN std::uint32_t dot4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return __builtin_amdgcn_udot4(a, b, c, false);
  }
#endif

 private:
  static constexpr float turns_per_radian = 0.15915494309189535f;
};

}  // namespace crosslane::backend

#endif
