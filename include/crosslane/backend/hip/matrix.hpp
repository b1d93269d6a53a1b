// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products on AMD GPUs: MFMA on CDNA, WMMA on RDNA.
#pragma once

#include <crosslane/backend/gpu/matrix.hpp>
#include <crosslane/backend/hip/intrinsics.hpp>
#include <crosslane/backend/native/hip/architecture.hpp>

#include <concepts>
#include <cstdint>

namespace crosslane {
struct hip;
}

namespace crosslane::backend {

template <unsigned Bytes>
struct gemm_sizes_of<hip, Bytes> {
  static constexpr gemm_sizes large{128, 128, 64, 2, 256, 2}, small{64, 64, 64, 2, 128, 4};
};

template <std::derived_from<hip_intrinsics> Native, unsigned W>
struct matrix_of<Native, W> : gpu_matrix<Native, W> {
#if CROSSLANE_GFX_HAS(MFMA_1K)
  using target = matrix_target::gfx90a;
#elif CROSSLANE_GFX_HAS(MFMA_XF32)
  using target = matrix_target::gfx942;
#elif CROSSLANE_GFX_HAS(WMMA_256)
  using target = matrix_target::gfx11;
#elif CROSSLANE_GFX_HAS(WMMA_128)
  using target = matrix_target::gfx12;
#else  // without matrix instructions; and the host pass, which makes no code of kernels
  using target = matrix_target::portable<W>;
#endif
  template <class Target>
  static constexpr bool runs = std::is_same_v<Target, target> || std::is_same_v<Target, matrix_target::portable<W>>;
  template <class Shape>
  static constexpr bool prefers_fragments = !std::is_same_v<target, matrix_target::portable<W>>;
  static constexpr bool copies_proceed = false;

  template <class Shape, class Target, class A, class B, class C, unsigned NA, unsigned NB, unsigned NC>
  static CROSSLANE_DEVICE_FN void multiply_add(Native const& n, unsigned lane, A const (&a)[NA], B const (&b)[NB], C (&c)[NC],
                                               source_location where) {
    if constexpr (std::is_same_v<Target, matrix_target::portable<W>>)
      gpu_matrix<Native, W>::template multiply_add_by_shuffles<Shape>(n, lane, a, b, c, where);
    else
      multiply_add_native<Shape>(a, b, c);
  }

 private:
  /// Whether T is an 8-bit format with 5 bits of exponent. AMD's names call it bf8.
  template <class T>
  static constexpr bool is_wide = std::is_same_v<T, fp8_e5m2> || std::is_same_v<T, fp8_e5m2_fnuz>;

  template <class T, unsigned N>
  using vector = T __attribute__((ext_vector_type(N)));

  /// Returns the elements as a value of a type of the same size, as built-in functions take them.
  template <class To, class T, unsigned N>
  static CROSSLANE_DEVICE_FN To as(T const (&elements)[N]) {
    static_assert(sizeof(To) == sizeof elements);
    To result;
    __builtin_memcpy(&result, elements, sizeof result);
    return result;
  }
  template <class From, class T, unsigned N>
  static CROSSLANE_DEVICE_FN void set(T (&elements)[N], From const& from) {
    static_assert(sizeof(From) == sizeof elements);
    __builtin_memcpy(elements, &from, sizeof elements);
  }

  // The compiler declares built-in functions only for the architectures that have them.

  template <class Shape, class A, class B, class C, unsigned NA, unsigned NB, unsigned NC>
  static CROSSLANE_DEVICE_FN void multiply_add_native([[maybe_unused]] A const (&a)[NA], [[maybe_unused]] B const (&b)[NB],
                                                      [[maybe_unused]] C (&c)[NC]) {
#if CROSSLANE_GFX_HAS(MFMA_1K) || CROSSLANE_GFX_HAS(MFMA_XF32)
#define CROSSLANE_MFMA(Operand, large_name, small_name)                                                        \
  if constexpr (Shape::m == 32)                                                                                \
    set(c, __builtin_amdgcn_mfma_##large_name(as<Operand>(a), as<Operand>(b), as<vector<C, NC>>(c), 0, 0, 0)); \
  else                                                                                                         \
    set(c, __builtin_amdgcn_mfma_##small_name(as<Operand>(a), as<Operand>(b), as<vector<C, NC>>(c), 0, 0, 0))
    using halves = vector<_Float16, 4>;
    using bfloats = vector<short, 4>;
    if constexpr (std::is_same_v<A, half>) {
      CROSSLANE_MFMA(halves, f32_32x32x8f16, f32_16x16x16f16);
    } else if constexpr (std::is_same_v<A, bfloat16>) {
      CROSSLANE_MFMA(bfloats, f32_32x32x8bf16_1k, f32_16x16x16bf16_1k);
    } else if constexpr (std::is_same_v<A, float>) {
      CROSSLANE_MFMA(float, f32_32x32x2f32, f32_16x16x4f32);
    } else if constexpr (std::is_same_v<A, double>) {
      set(c, __builtin_amdgcn_mfma_f64_16x16x4f64(as<double>(a), as<double>(b), as<vector<double, 4>>(c), 0, 0, 0));
#if CROSSLANE_GFX_HAS(MFMA_1K)
    } else {
      CROSSLANE_MFMA(int, i32_32x32x8i8, i32_16x16x16i8);
#else
    } else if constexpr (std::is_same_v<A, std::int8_t>) {
      CROSSLANE_MFMA(std::int64_t, i32_32x32x16_i8, i32_16x16x32_i8);
    } else if constexpr (std::is_same_v<A, tf32>) {
      using floats = vector<float, 2>;
      CROSSLANE_MFMA(floats, f32_32x32x4_xf32, f32_16x16x8_xf32);
    } else if constexpr (is_wide<A> && is_wide<B>) {
      CROSSLANE_MFMA(std::int64_t, f32_32x32x16_bf8_bf8, f32_16x16x32_bf8_bf8);
    } else if constexpr (is_wide<A>) {
      CROSSLANE_MFMA(std::int64_t, f32_32x32x16_bf8_fp8, f32_16x16x32_bf8_fp8);
    } else if constexpr (is_wide<B>) {
      CROSSLANE_MFMA(std::int64_t, f32_32x32x16_fp8_bf8, f32_16x16x32_fp8_bf8);
    } else {
      CROSSLANE_MFMA(std::int64_t, f32_32x32x16_fp8_fp8, f32_16x16x32_fp8_fp8);
#endif
    }
#undef CROSSLANE_MFMA
#elif CROSSLANE_GFX_HAS(WMMA_256)
    using halves = vector<_Float16, 16>;
    using bfloats = vector<short, 16>;
    using bytes = vector<int, 4>;
    if constexpr (std::is_same_v<C, half>) {
      halves sums = {};
      for (unsigned i = 0; i < NC; ++i)
        sums[2 * i] = __builtin_bit_cast(_Float16, c[i]);  // an element of c is the lower half of a register
      sums = __builtin_amdgcn_wmma_f16_16x16x16_f16_w32(as<halves>(a), as<halves>(b), sums, false);
      for (unsigned i = 0; i < NC; ++i) c[i] = __builtin_bit_cast(half, _Float16(sums[2 * i]));
    } else if constexpr (std::is_same_v<A, half>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(as<halves>(a), as<halves>(b), as<vector<float, 8>>(c)));
    } else if constexpr (std::is_same_v<A, bfloat16>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(as<bfloats>(a), as<bfloats>(b), as<vector<float, 8>>(c)));
    } else {
      set(c, __builtin_amdgcn_wmma_i32_16x16x16_iu8_w32(true, as<bytes>(a), true, as<bytes>(b), as<vector<int, 8>>(c), false));
    }
#elif CROSSLANE_GFX_HAS(WMMA_128)
    using halves = vector<_Float16, 8>;
    using bfloats = vector<short, 8>;
    using bytes = vector<int, 2>;
    if constexpr (std::is_same_v<C, half>) {
      set(c, __builtin_amdgcn_wmma_f16_16x16x16_f16_w32_gfx12(as<halves>(a), as<halves>(b), as<halves>(c)));
    } else if constexpr (std::is_same_v<A, half>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(as<halves>(a), as<halves>(b), as<vector<float, 8>>(c)));
    } else if constexpr (std::is_same_v<A, bfloat16>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(as<bfloats>(a), as<bfloats>(b), as<vector<float, 8>>(c)));
    } else if constexpr (std::is_same_v<A, std::int8_t>) {
      set(c, __builtin_amdgcn_wmma_i32_16x16x16_iu8_w32_gfx12(true, as<bytes>(a), true, as<bytes>(b), as<vector<int, 8>>(c), false));
    } else if constexpr (is_wide<A> && is_wide<B>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_bf8_bf8_w32_gfx12(as<bytes>(a), as<bytes>(b), as<vector<float, 8>>(c)));
    } else if constexpr (is_wide<A>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_bf8_fp8_w32_gfx12(as<bytes>(a), as<bytes>(b), as<vector<float, 8>>(c)));
    } else if constexpr (is_wide<B>) {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_fp8_bf8_w32_gfx12(as<bytes>(a), as<bytes>(b), as<vector<float, 8>>(c)));
    } else {
      set(c, __builtin_amdgcn_wmma_f32_16x16x16_fp8_fp8_w32_gfx12(as<bytes>(a), as<bytes>(b), as<vector<float, 8>>(c)));
    }
#endif
  }
};

}  // namespace crosslane::backend
