// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products on NVIDIA GPUs: mma.sync and ldmatrix.
#pragma once

#include <crosslane/backend/cuda/intrinsics.hpp>
#include <crosslane/backend/gpu/matrix.hpp>
#include <crosslane/backend/native/cuda/architecture.hpp>

#include <concepts>
#include <cstdint>

namespace crosslane {
struct cuda;
}

namespace crosslane::backend {

// In the host pass, for which no code is made, the target is that of the oldest architecture.
#if CROSSLANE_DEVICE_PASS()
inline constexpr bool has_cuda_matrix = CROSSLANE_SM_HAS(MATRIX), has_cuda_matrix_fp8 = CROSSLANE_SM_HAS(FP8),
                      has_cuda_stmatrix = CROSSLANE_SM_HAS(STORE_MATRIX);
#else
inline constexpr bool has_cuda_matrix = CROSSLANE_ALL_SM_HAVE(MATRIX), has_cuda_matrix_fp8 = CROSSLANE_ALL_SM_HAVE(FP8),
                      has_cuda_stmatrix = CROSSLANE_ALL_SM_HAVE(STORE_MATRIX);
#endif

template <unsigned Bytes>
struct gemm_sizes_of<cuda, Bytes> {
  static constexpr gemm_sizes large{128, 256, 128, 3, 256, 1}, small{64, 64, 64, 4, 128, 4};
};
/// Sums of double have two registers, and products of float without tf32 keep more operands in registers.
template <unsigned Bytes>
requires(Bytes >= 4) struct gemm_sizes_of<cuda, Bytes> {
  static constexpr gemm_sizes large{128, 128, 64, 4, 256, 1}, small{64, 64, 64, 4, 128, 2};
};

template <std::derived_from<cuda_intrinsics> Native, unsigned W>
struct matrix_of<Native, W> : gpu_matrix<Native, W> {
  using target = std::conditional_t<has_cuda_matrix_fp8, matrix_target::sm_89,
                                    std::conditional_t<has_cuda_matrix, matrix_target::sm_80, matrix_target::portable<W>>>;
  template <class Target>
  static constexpr bool runs = std::is_base_of_v<Target, target> || std::is_same_v<Target, matrix_target::portable<W>>;
  template <class Shape>
  static constexpr bool prefers_fragments = has_cuda_matrix;
#if CROSSLANE_DEVICE_PASS()
  static constexpr bool copies_proceed = CROSSLANE_SM_HAS(ASYNC_COPY);
#else
  static constexpr bool copies_proceed = true;
#endif

  template <class Shape, class Target, class A, class B, class C, unsigned NA, unsigned NB, unsigned NC>
  static CROSSLANE_DEVICE_FN void multiply_add(Native const& n, unsigned lane, A const (&a)[NA], B const (&b)[NB], C (&c)[NC],
                                               source_location where) {
    if constexpr (std::is_same_v<Target, matrix_target::portable<W>>) {
      gpu_matrix<Native, W>::template multiply_add_by_shuffles<Shape>(n, lane, a, b, c, where);
    } else if constexpr (sizeof(A) == 8) {
      asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                   : "+d"(c[0]), "+d"(c[1])
                   : "d"(a[0]), "d"(b[0]));
    } else {
      registers<sizeof(a)> x;
      registers<sizeof(b)> y;
      registers<sizeof(c)> z;
      __builtin_memcpy(x.word, a, sizeof a);
      __builtin_memcpy(y.word, b, sizeof b);
      __builtin_memcpy(z.word, c, sizeof c);
      multiply_add_words<Shape, A, B, C>(x.word, y.word, z.word);
      __builtin_memcpy(c, z.word, sizeof c);
    }
  }

  /// Fragments whose matrices of 8 lines of 16 bytes are one register of each lane. Only elements of 2 bytes can be transposed.
  template <class Layout, class T, bool Trans>
  static constexpr bool has_load = has_cuda_matrix && sizeof(T) <= 4 && Layout::map.neighbours * sizeof(T) == 4 &&
                                   Layout::map.lanes_along == 4 && Layout::map.along_stride == 1 && Layout::map.lanes_across == 8 &&
                                   Layout::map.across_stride == 4 && (!Trans || sizeof(T) == 2) && Layout::size * sizeof(T) <= 16;

  template <class Layout, class T, bool Trans>
  static constexpr bool has_store = has_cuda_stmatrix && has_load<Layout, T, Trans> && sizeof(T) == 2;

  static CROSSLANE_DEVICE_FN bool is_shared(void const* address) { return __isShared(address) != 0; }

  template <class Layout, bool Trans, class T, unsigned N, class Line>
  static CROSSLANE_DEVICE_FN void load(unsigned lane, T (&elements)[N], Line const& line) {
    load_lines<Trans>(elements, line(line_of_lane<Layout, Trans, sizeof(T)>(lane)));
  }
  /// Loads matrices of 8 lines of 16 bytes. Lanes 8 * i to 8 * i + 7 give the addresses of the lines of matrix i.
  template <bool Trans, class T, unsigned N>
  static CROSSLANE_DEVICE_FN void load_lines(T (&elements)[N], void const* line) {
    constexpr unsigned count = N * sizeof(T) / 4;
    static_assert(count == 1 || count == 2 || count == 4);
    auto const from = static_cast<std::uint32_t>(__cvta_generic_to_shared(line));
    std::uint32_t r[count];
#define CROSSLANE_LDMATRIX(form, outputs, ...)                                                                              \
  if constexpr (Trans)                                                                                                      \
    asm volatile("ldmatrix.sync.aligned.m8n8." form ".trans.shared.b16 " outputs ";" : __VA_ARGS__ : "r"(from) : "memory"); \
  else                                                                                                                      \
    asm volatile("ldmatrix.sync.aligned.m8n8." form ".shared.b16 " outputs ";" : __VA_ARGS__ : "r"(from) : "memory")
    if constexpr (count == 4) {
      CROSSLANE_LDMATRIX("x4", "{%0, %1, %2, %3}, [%4]", "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]));
    } else if constexpr (count == 2) {
      CROSSLANE_LDMATRIX("x2", "{%0, %1}, [%2]", "=r"(r[0]), "=r"(r[1]));
    } else {
      CROSSLANE_LDMATRIX("x1", "{%0}, [%1]", "=r"(r[0]));
    }
#undef CROSSLANE_LDMATRIX
    __builtin_memcpy(elements, r, sizeof elements);
  }

  template <class Layout, bool Trans, class T, unsigned N, class Line>
  static CROSSLANE_DEVICE_FN void store(unsigned lane, T const (&elements)[N], Line const& line) {
    constexpr unsigned count = N / 2;
    static_assert(count == 1 || count == 2 || count == 4);
    auto const to = static_cast<std::uint32_t>(__cvta_generic_to_shared(line(line_of_lane<Layout, Trans>(lane))));
    std::uint32_t r[count];
    __builtin_memcpy(r, elements, sizeof elements);
#define CROSSLANE_STMATRIX(form, inputs, ...)                                                                                   \
  if constexpr (Trans)                                                                                                          \
    asm volatile("stmatrix.sync.aligned.m8n8." form ".trans.shared.b16 [%0], " inputs ";" : : "r"(to), __VA_ARGS__ : "memory"); \
  else                                                                                                                          \
    asm volatile("stmatrix.sync.aligned.m8n8." form ".shared.b16 [%0], " inputs ";" : : "r"(to), __VA_ARGS__ : "memory")
    if constexpr (count == 4) {
      CROSSLANE_STMATRIX("x4", "{%1, %2, %3, %4}", "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]));
    } else if constexpr (count == 2) {
      CROSSLANE_STMATRIX("x2", "{%1, %2}", "r"(r[0]), "r"(r[1]));
    } else {
      CROSSLANE_STMATRIX("x1", "{%1}", "r"(r[0]));
    }
#undef CROSSLANE_STMATRIX
  }

 private:
  template <std::size_t Bytes>
  struct registers {
    std::uint32_t word[Bytes / 4];
  };

  /// Calls of mma.sync whose c has 4 registers of 32 bits, or 2. `types` are those of the instruction's name.
#define CROSSLANE_MMA_4_4_2(types)                                                                          \
  asm volatile("mma.sync.aligned." types " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])                                             \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#define CROSSLANE_MMA_4_2_1(types)                                                              \
  asm volatile("mma.sync.aligned." types " {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};" \
               : "+r"(c[0]), "+r"(c[1]), "+r"(c[2]), "+r"(c[3])                                 \
               : "r"(a[0]), "r"(a[1]), "r"(b[0]))
#define CROSSLANE_MMA_2_4_2(types)                                                          \
  asm volatile("mma.sync.aligned." types " {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%0, %1};" \
               : "+r"(c[0]), "+r"(c[1])                                                     \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#define CROSSLANE_MMA_2_2_1(types) \
  asm volatile("mma.sync.aligned." types " {%0, %1}, {%2, %3}, {%4}, {%0, %1};" : "+r"(c[0]), "+r"(c[1]) : "r"(a[0]), "r"(a[1]), "r"(b[0]))

  template <class Shape, class A, class B, class C, unsigned NA, unsigned NB, unsigned NC>
  static CROSSLANE_DEVICE_FN void multiply_add_words(std::uint32_t const (&a)[NA], std::uint32_t const (&b)[NB], std::uint32_t (&c)[NC]) {
    constexpr bool large = NA == 4;
    if constexpr (std::is_same_v<A, half> && std::is_same_v<C, float>) {
      if constexpr (large)
        CROSSLANE_MMA_4_4_2("m16n8k16.row.col.f32.f16.f16.f32");
      else
        CROSSLANE_MMA_4_2_1("m16n8k8.row.col.f32.f16.f16.f32");
    } else if constexpr (std::is_same_v<A, half>) {
      if constexpr (large)
        CROSSLANE_MMA_2_4_2("m16n8k16.row.col.f16.f16.f16.f16");
      else
        CROSSLANE_MMA_2_2_1("m16n8k8.row.col.f16.f16.f16.f16");
    } else if constexpr (std::is_same_v<A, bfloat16>) {
      if constexpr (large)
        CROSSLANE_MMA_4_4_2("m16n8k16.row.col.f32.bf16.bf16.f32");
      else
        CROSSLANE_MMA_4_2_1("m16n8k8.row.col.f32.bf16.bf16.f32");
    } else if constexpr (std::is_same_v<A, tf32>) {
      if constexpr (large)
        CROSSLANE_MMA_4_4_2("m16n8k8.row.col.f32.tf32.tf32.f32");
      else
        CROSSLANE_MMA_4_2_1("m16n8k4.row.col.f32.tf32.tf32.f32");
    } else if constexpr (std::is_same_v<A, std::int8_t>) {
      if constexpr (large)
        CROSSLANE_MMA_4_4_2("m16n8k32.row.col.s32.s8.s8.s32");
      else
        CROSSLANE_MMA_4_2_1("m16n8k16.row.col.s32.s8.s8.s32");
    } else if constexpr (has_cuda_matrix_fp8) {
      constexpr bool wide_a = std::is_same_v<A, fp8_e5m2>, wide_b = std::is_same_v<B, fp8_e5m2>;
      if constexpr (wide_a && wide_b)
        CROSSLANE_MMA_4_4_2("m16n8k32.row.col.f32.e5m2.e5m2.f32");
      else if constexpr (wide_a)
        CROSSLANE_MMA_4_4_2("m16n8k32.row.col.f32.e5m2.e4m3.f32");
      else if constexpr (wide_b)
        CROSSLANE_MMA_4_4_2("m16n8k32.row.col.f32.e4m3.e5m2.f32");
      else
        CROSSLANE_MMA_4_4_2("m16n8k32.row.col.f32.e4m3.e4m3.f32");
    }
  }
#undef CROSSLANE_MMA_4_4_2
#undef CROSSLANE_MMA_4_2_1
#undef CROSSLANE_MMA_2_4_2
#undef CROSSLANE_MMA_2_2_1
};

}  // namespace crosslane::backend
