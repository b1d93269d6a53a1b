// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix instructions against a plain loop. The places of the elements in lanes and registers are those of AMD's matrix instruction
/// calculator. All sums are exact, so that the order of the additions, which AMD does not document, does not matter.
#include "support.hpp"

template <class T, int n>
using vec = T __attribute__((ext_vector_type(n)));
template <class T>
__device__ T at(u32 const* p) {
  T v;
  __builtin_memcpy(&v, p + threadIdx.x * (sizeof(T) / 4), sizeof v);
  return v;
}
#if defined(__gfx90a__) || defined(__gfx942__)
#define ON_gfx9(...) __VA_ARGS__
#else
#define ON_gfx9(...)
#endif
#if defined(__gfx90a__)
#define ON_gfx90a(...) __VA_ARGS__
#else
#define ON_gfx90a(...)
#endif
#if defined(__gfx942__)
#define ON_gfx94(...) __VA_ARGS__
#else
#define ON_gfx94(...)
#endif
#if defined(__GFX11__)
#define ON_gfx11(...) __VA_ARGS__
#else
#define ON_gfx11(...)
#endif
#if defined(__GFX12__)
#define ON_gfx12(...) __VA_ARGS__
#else
#define ON_gfx12(...)
#endif

/// An instruction. The types of A, B and C: f: float, x: float with 10 bits of fraction, d: double, h: half, b: bfloat16, 8: fp8, 5: bf8,
/// i: signed byte, u: unsigned byte, n: signed 4 bits, m: unsigned 4 bits, s: int.
struct Instruction {
  char const* arch;
  char const* name;
  void (*kernel)(u32 const*, u32 const*, u32 const*, u32*);
  int m, n, k, blocks;
  char a, b, c;
  bool sparse = false;
  int cbsz = 0, abid = 0, blgp = 0;
  int half = 0;  // gfx11 with C of 16 bits: the half of the register
};
static std::vector<Instruction>& all() {
  static std::vector<Instruction> v;
  return v;
}
struct Add {
  explicit Add(Instruction const& i) { all().push_back(i); }
};
// A kernel of one instruction: `call` sets c from a, b, c and, if it is sparse, i.
#define MATRIX(arch, name, A, B, C, call, ...)                                               \
  __global__ void name(u32 const* pa, u32 const* pb, u32 const* pi, u32* pc) {               \
    [[maybe_unused]] A a = at<A>(pa);                                                        \
    [[maybe_unused]] B b = at<B>(pb);                                                        \
    [[maybe_unused]] int i = pi[threadIdx.x];                                                \
    C c = at<C>(pc);                                                                         \
    ON_##arch(c = call;) __builtin_memcpy(pc + threadIdx.x * (sizeof(C) / 4), &c, sizeof c); \
  }                                                                                          \
  static Add const add_##name({#arch, #name, name, __VA_ARGS__});

using f2 = vec<float, 2>;
using f4 = vec<float, 4>;
using f8 = vec<float, 8>;
using f16 = vec<float, 16>;
using f32 = vec<float, 32>;
using i2 = vec<int, 2>;
using i4 = vec<int, 4>;
using i8 = vec<int, 8>;
using i16 = vec<int, 16>;
using i32 = vec<int, 32>;
using d4 = vec<double, 4>;
using h4 = vec<_Float16, 4>;
using h8 = vec<_Float16, 8>;
using h16 = vec<_Float16, 16>;
using s2 = vec<short, 2>;
using s4 = vec<short, 4>;
using s8 = vec<short, 8>;
using s16 = vec<short, 16>;

#define MFMA(arch, name, A, C, ...) MATRIX(arch, name, A, A, C, __builtin_amdgcn_##name(a, b, c, 0, 0, 0), __VA_ARGS__)
MFMA(gfx9, mfma_f32_32x32x1f32, float, f32, 32, 32, 1, 2, 'f', 'f', 'f')
MFMA(gfx9, mfma_f32_16x16x1f32, float, f16, 16, 16, 1, 4, 'f', 'f', 'f')
MFMA(gfx9, mfma_f32_4x4x1f32, float, f4, 4, 4, 1, 16, 'f', 'f', 'f')
MFMA(gfx9, mfma_f32_32x32x2f32, float, f16, 32, 32, 2, 1, 'f', 'f', 'f')
MFMA(gfx9, mfma_f32_16x16x4f32, float, f4, 16, 16, 4, 1, 'f', 'f', 'f')
MFMA(gfx9, mfma_f32_32x32x4f16, h4, f32, 32, 32, 4, 2, 'h', 'h', 'f')
MFMA(gfx9, mfma_f32_16x16x4f16, h4, f16, 16, 16, 4, 4, 'h', 'h', 'f')
MFMA(gfx9, mfma_f32_4x4x4f16, h4, f4, 4, 4, 4, 16, 'h', 'h', 'f')
MFMA(gfx9, mfma_f32_32x32x8f16, h4, f16, 32, 32, 8, 1, 'h', 'h', 'f')
MFMA(gfx9, mfma_f32_16x16x16f16, h4, f4, 16, 16, 16, 1, 'h', 'h', 'f')
MFMA(gfx9, mfma_f32_32x32x4bf16_1k, s4, f32, 32, 32, 4, 2, 'b', 'b', 'f')
MFMA(gfx9, mfma_f32_16x16x4bf16_1k, s4, f16, 16, 16, 4, 4, 'b', 'b', 'f')
MFMA(gfx9, mfma_f32_4x4x4bf16_1k, s4, f4, 4, 4, 4, 16, 'b', 'b', 'f')
MFMA(gfx9, mfma_f32_32x32x8bf16_1k, s4, f16, 32, 32, 8, 1, 'b', 'b', 'f')
MFMA(gfx9, mfma_f32_16x16x16bf16_1k, s4, f4, 16, 16, 16, 1, 'b', 'b', 'f')
MFMA(gfx90a, mfma_f32_32x32x2bf16, s2, f32, 32, 32, 2, 2, 'b', 'b', 'f')
MFMA(gfx90a, mfma_f32_16x16x2bf16, s2, f16, 16, 16, 2, 4, 'b', 'b', 'f')
MFMA(gfx90a, mfma_f32_4x4x2bf16, s2, f4, 4, 4, 2, 16, 'b', 'b', 'f')
MFMA(gfx90a, mfma_f32_32x32x4bf16, s2, f16, 32, 32, 4, 1, 'b', 'b', 'f')
MFMA(gfx90a, mfma_f32_16x16x8bf16, s2, f4, 16, 16, 8, 1, 'b', 'b', 'f')
MFMA(gfx9, mfma_i32_32x32x4i8, int, i32, 32, 32, 4, 2, 'i', 'i', 's')
MFMA(gfx9, mfma_i32_16x16x4i8, int, i16, 16, 16, 4, 4, 'i', 'i', 's')
MFMA(gfx9, mfma_i32_4x4x4i8, int, i4, 4, 4, 4, 16, 'i', 'i', 's')
MFMA(gfx90a, mfma_i32_32x32x8i8, int, i16, 32, 32, 8, 1, 'i', 'i', 's')
MFMA(gfx90a, mfma_i32_16x16x16i8, int, i4, 16, 16, 16, 1, 'i', 'i', 's')
MFMA(gfx94, mfma_i32_32x32x16_i8, long, i16, 32, 32, 16, 1, 'i', 'i', 's')
MFMA(gfx94, mfma_i32_16x16x32_i8, long, i4, 16, 16, 32, 1, 'i', 'i', 's')
MFMA(gfx9, mfma_f64_16x16x4f64, double, d4, 16, 16, 4, 1, 'd', 'd', 'd')
MFMA(gfx9, mfma_f64_4x4x4f64, double, double, 4, 4, 4, 4, 'd', 'd', 'd')
MFMA(gfx94, mfma_f32_16x16x8_xf32, f2, f4, 16, 16, 8, 1, 'x', 'x', 'f')
MFMA(gfx94, mfma_f32_32x32x4_xf32, f2, f16, 32, 32, 4, 1, 'x', 'x', 'f')
MFMA(gfx94, mfma_f32_16x16x32_fp8_fp8, long, f4, 16, 16, 32, 1, '8', '8', 'f')
MFMA(gfx94, mfma_f32_16x16x32_fp8_bf8, long, f4, 16, 16, 32, 1, '8', '5', 'f')
MFMA(gfx94, mfma_f32_16x16x32_bf8_fp8, long, f4, 16, 16, 32, 1, '5', '8', 'f')
MFMA(gfx94, mfma_f32_16x16x32_bf8_bf8, long, f4, 16, 16, 32, 1, '5', '5', 'f')
MFMA(gfx94, mfma_f32_32x32x16_fp8_fp8, long, f16, 32, 32, 16, 1, '8', '8', 'f')
MFMA(gfx94, mfma_f32_32x32x16_fp8_bf8, long, f16, 32, 32, 16, 1, '8', '5', 'f')
MFMA(gfx94, mfma_f32_32x32x16_bf8_fp8, long, f16, 32, 32, 16, 1, '5', '8', 'f')
MFMA(gfx94, mfma_f32_32x32x16_bf8_bf8, long, f16, 32, 32, 16, 1, '5', '5', 'f')
// The modifiers: cbsz and abid broadcast a block of A to 2 ^ cbsz blocks, blgp permutes the lanes of B, and negates doubles.
#define MFMA_MODIFIED(suffix, name, A, C, m, n, k, blocks, a_, b_, c_, cbsz, abid, blgp)                                                  \
  MATRIX(gfx9, name##suffix, A, A, C, __builtin_amdgcn_##name(a, b, c, cbsz, abid, blgp), m, n, k, blocks, a_, b_, c_, false, cbsz, abid, \
         blgp)
MFMA_MODIFIED(_cbsz1, mfma_f32_32x32x1f32, float, f32, 32, 32, 1, 2, 'f', 'f', 'f', 1, 1, 0)
MFMA_MODIFIED(_cbsz2, mfma_f32_16x16x4f16, h4, f16, 16, 16, 4, 4, 'h', 'h', 'f', 2, 3, 0)
MFMA_MODIFIED(_cbsz3, mfma_i32_4x4x4i8, int, i4, 4, 4, 4, 16, 'i', 'i', 's', 3, 5, 0)
MFMA_MODIFIED(_blgp1, mfma_f32_32x32x1f32, float, f32, 32, 32, 1, 2, 'f', 'f', 'f', 0, 0, 1)
MFMA_MODIFIED(_blgp2, mfma_f32_16x16x4f16, h4, f16, 16, 16, 4, 4, 'h', 'h', 'f', 0, 0, 2)
MFMA_MODIFIED(_blgp3, mfma_f32_4x4x1f32, float, f4, 4, 4, 1, 16, 'f', 'f', 'f', 2, 1, 3)
MFMA_MODIFIED(_blgp6, mfma_f32_16x16x1f32, float, f16, 16, 16, 1, 4, 'f', 'f', 'f', 0, 0, 6)
MFMA_MODIFIED(_neg5, mfma_f64_16x16x4f64, double, d4, 16, 16, 4, 1, 'd', 'd', 'd', 0, 0, 5)
MFMA_MODIFIED(_neg2, mfma_f64_4x4x4f64, double, double, 4, 4, 4, 4, 'd', 'd', 'd', 0, 0, 2)

// abid says which part of the register of indices counts, if cbsz is 0.
#define SMFMAC(suffix, name, A, B, C, m, n, k, a_, b_, c_, abid) \
  MATRIX(gfx94, name##suffix, A, B, C, __builtin_amdgcn_##name(a, b, c, i, 0, abid), m, n, k, 1, a_, b_, c_, true, 0, abid)
SMFMAC(, smfmac_f32_16x16x32_f16, h4, h8, f4, 16, 16, 32, 'h', 'h', 'f', 0)
SMFMAC(_abid2, smfmac_f32_16x16x32_f16, h4, h8, f4, 16, 16, 32, 'h', 'h', 'f', 2)
SMFMAC(_abid3, smfmac_f32_32x32x16_f16, h4, h8, f16, 32, 32, 16, 'h', 'h', 'f', 3)
SMFMAC(, smfmac_f32_16x16x32_bf16, s4, s8, f4, 16, 16, 32, 'b', 'b', 'f', 0)
SMFMAC(, smfmac_f32_32x32x16_bf16, s4, s8, f16, 32, 32, 16, 'b', 'b', 'f', 0)
SMFMAC(, smfmac_i32_16x16x64_i8, i2, i4, i4, 16, 16, 64, 'i', 'i', 's', 0)
SMFMAC(_abid1, smfmac_i32_32x32x32_i8, i2, i4, i16, 32, 32, 32, 'i', 'i', 's', 1)
SMFMAC(_abid1, smfmac_f32_16x16x64_fp8_fp8, i2, i4, f4, 16, 16, 64, '8', '8', 'f', 1)
SMFMAC(, smfmac_f32_16x16x64_fp8_bf8, i2, i4, f4, 16, 16, 64, '8', '5', 'f', 0)
SMFMAC(, smfmac_f32_16x16x64_bf8_fp8, i2, i4, f4, 16, 16, 64, '5', '8', 'f', 0)
SMFMAC(, smfmac_f32_16x16x64_bf8_bf8, i2, i4, f4, 16, 16, 64, '5', '5', 'f', 0)
SMFMAC(, smfmac_f32_32x32x32_fp8_fp8, i2, i4, f16, 32, 32, 32, '8', '8', 'f', 0)
SMFMAC(, smfmac_f32_32x32x32_fp8_bf8, i2, i4, f16, 32, 32, 32, '8', '5', 'f', 0)
SMFMAC(, smfmac_f32_32x32x32_bf8_fp8, i2, i4, f16, 32, 32, 32, '5', '8', 'f', 0)
SMFMAC(, smfmac_f32_32x32x32_bf8_bf8, i2, i4, f16, 32, 32, 32, '5', '5', 'f', 0)

#define WMMA11(suffix, name, A, C, call, k, a_, b_, c_, ...) \
  MATRIX(gfx11, name##suffix, A, A, C, __builtin_amdgcn_##name##_w32 call, 16, 16, k, 1, a_, b_, c_, ##__VA_ARGS__)
WMMA11(, wmma_f32_16x16x16_f16, h16, f8, (a, b, c), 16, 'h', 'h', 'f')
WMMA11(, wmma_f32_16x16x16_bf16, s16, f8, (a, b, c), 16, 'b', 'b', 'f')
WMMA11(, wmma_f16_16x16x16_f16, h16, h16, (a, b, c, false), 16, 'h', 'h', 'h')
WMMA11(_high, wmma_f16_16x16x16_f16_tied, h16, h16, (a, b, c, true), 16, 'h', 'h', 'h', false, 0, 0, 0, 1)
WMMA11(, wmma_bf16_16x16x16_bf16, s16, s16, (a, b, c, false), 16, 'b', 'b', 'b')
WMMA11(_high, wmma_bf16_16x16x16_bf16_tied, s16, s16, (a, b, c, true), 16, 'b', 'b', 'b', false, 0, 0, 0, 1)
WMMA11(_ii, wmma_i32_16x16x16_iu8, i4, i8, (true, a, true, b, c, false), 16, 'i', 'i', 's')
WMMA11(_ui, wmma_i32_16x16x16_iu8, i4, i8, (false, a, true, b, c, false), 16, 'u', 'i', 's')
WMMA11(_iu, wmma_i32_16x16x16_iu8, i4, i8, (true, a, false, b, c, false), 16, 'i', 'u', 's')
WMMA11(_nn, wmma_i32_16x16x16_iu4, i2, i8, (true, a, true, b, c, false), 16, 'n', 'n', 's')
WMMA11(_mn, wmma_i32_16x16x16_iu4, i2, i8, (false, a, true, b, c, false), 16, 'm', 'n', 's')

#define WMMA12(suffix, name, A, C, call, k, a_, b_, c_) \
  MATRIX(gfx12, name##suffix, A, A, C, __builtin_amdgcn_##name##_w32_gfx12 call, 16, 16, k, 1, a_, b_, c_)
WMMA12(_12, wmma_f32_16x16x16_f16, h8, f8, (a, b, c), 16, 'h', 'h', 'f')
WMMA12(_12, wmma_f32_16x16x16_bf16, s8, f8, (a, b, c), 16, 'b', 'b', 'f')
WMMA12(_12, wmma_f16_16x16x16_f16, h8, h8, (a, b, c), 16, 'h', 'h', 'h')
WMMA12(_12, wmma_bf16_16x16x16_bf16, s8, s8, (a, b, c), 16, 'b', 'b', 'b')
WMMA12(_ii_12, wmma_i32_16x16x16_iu8, i2, i8, (true, a, true, b, c, false), 16, 'i', 'i', 's')
WMMA12(_ui_12, wmma_i32_16x16x16_iu8, i2, i8, (false, a, true, b, c, false), 16, 'u', 'i', 's')
WMMA12(_nm_12, wmma_i32_16x16x16_iu4, int, i8, (true, a, false, b, c, false), 16, 'n', 'm', 's')
WMMA12(_nn_12, wmma_i32_16x16x32_iu4, i2, i8, (true, a, true, b, c, false), 32, 'n', 'n', 's')
WMMA12(_12, wmma_f32_16x16x16_fp8_fp8, i2, f8, (a, b, c), 16, '8', '8', 'f')
WMMA12(_12, wmma_f32_16x16x16_fp8_bf8, i2, f8, (a, b, c), 16, '8', '5', 'f')
WMMA12(_12, wmma_f32_16x16x16_bf8_fp8, i2, f8, (a, b, c), 16, '5', '8', 'f')
WMMA12(_12, wmma_f32_16x16x16_bf8_bf8, i2, f8, (a, b, c), 16, '5', '5', 'f')
#define SWMMAC(suffix, name, A, B, C, call, k, a_, b_, c_) \
  MATRIX(gfx12, name##suffix, A, B, C, __builtin_amdgcn_##name##_w32 call, 16, 16, k, 1, a_, b_, c_, true)
SWMMAC(, swmmac_f32_16x16x32_f16, h8, h16, f8, (a, b, c, i), 32, 'h', 'h', 'f')
SWMMAC(, swmmac_f32_16x16x32_bf16, s8, s16, f8, (a, b, c, i), 32, 'b', 'b', 'f')
SWMMAC(, swmmac_f16_16x16x32_f16, h8, h16, h8, (a, b, c, i), 32, 'h', 'h', 'h')
SWMMAC(, swmmac_bf16_16x16x32_bf16, s8, s16, s8, (a, b, c, i), 32, 'b', 'b', 'b')
SWMMAC(_ii, swmmac_i32_16x16x32_iu8, i2, i4, i8, (true, a, true, b, c, i, false), 32, 'i', 'i', 's')
SWMMAC(_iu, swmmac_i32_16x16x32_iu8, i2, i4, i8, (true, a, false, b, c, i, false), 32, 'i', 'u', 's')
SWMMAC(_nn, swmmac_i32_16x16x32_iu4, int, i2, i8, (true, a, true, b, c, i, false), 32, 'n', 'n', 's')
SWMMAC(_mn, swmmac_i32_16x16x64_iu4, i2, i4, i8, (false, a, true, b, c, i, false), 64, 'm', 'n', 's')
SWMMAC(, swmmac_f32_16x16x32_fp8_fp8, i2, i4, f8, (a, b, c, i), 32, '8', '8', 'f')
SWMMAC(, swmmac_f32_16x16x32_fp8_bf8, i2, i4, f8, (a, b, c, i), 32, '8', '5', 'f')
SWMMAC(, swmmac_f32_16x16x32_bf8_fp8, i2, i4, f8, (a, b, c, i), 32, '5', '8', 'f')
SWMMAC(, swmmac_f32_16x16x32_bf8_bf8, i2, i4, f8, (a, b, c, i), 32, '5', '5', 'f')

// ------------------------------------------------------------------------------------------------ elements
static int bits_of(char type) { return type == 'd' ? 64 : strchr("fxs", type) ? 32 : strchr("hb", type) ? 16 : strchr("nm", type) ? 4 : 8; }
// 8-bit floats by their definition: FNUZ on gfx942, OCP elsewhere.
static double float8(u32 code, int exponent_bits, bool fnuz) {
  int const fraction_bits = 7 - exponent_bits, bias = (1 << (exponent_bits - 1)) - (fnuz ? 0 : 1);
  int const e = code >> fraction_bits & ((1 << exponent_bits) - 1), f = code & ((1 << fraction_bits) - 1);
  if (fnuz ? code == 0x80 : exponent_bits == 4 ? (code & 127) == 127 : e == 31) return NAN;
  double const v = e ? std::ldexp(1 + std::ldexp(f, -fraction_bits), e - bias) : std::ldexp(f, 1 - bias - fraction_bits);
  return code & 128 ? -v : v;
}
static u64 encode(double v, char type, bool fnuz) {
  u64 u = 0;
  float const f = float(v);
  _Float16 const h = _Float16(v);
  switch (type) {
    case 'd': memcpy(&u, &v, 8); return u;
    case 'f':
    case 'x': memcpy(&u, &f, 4); return u;
    case 'h': memcpy(&u, &h, 2); return u;
    case 'b': memcpy(&u, &f, 4); return u >> 16;
    case '8':
    case '5':
      for (u32 c = 0; c < 256; c++)
        if (float8(c, type == '8' ? 4 : 5, fnuz) == v) return c;
      return 0;
    default: return u64((long long)(v)) & ((1ull << bits_of(type)) - 1);
  }
}
static double decode(u64 u, char type) {
  double v = 0;
  float f = 0;
  _Float16 h = 0;
  switch (type) {
    case 'd': memcpy(&v, &u, 8); return v;
    case 'f': memcpy(&f, &u, 4); return f;
    case 'h': memcpy(&h, &u, 2); return h;
    case 'b':
      u <<= 16;
      memcpy(&f, &u, 4);
      return f;
    default: return int(u);
  }
}
// A small number that the type represents, such that all sums are exact in the result's type.
static double sample(char type, char result, u32 r) {
  switch (type) {
    case 'i': return int(r % 256) - 128;
    case 'u': return r % 256;
    case 'n': return int(r % 16) - 8;
    case 'm': return r % 16;
    case '8':
    case '5': return (int(r % 15) - 7) * 0.5;
    default: return result == 'b' ? int(r % 5) - 2 : result == 'h' ? (int(r % 9) - 4) * 0.5 : (int(r % 129) - 64) * 0.25;
  }
}

// ------------------------------------------------------------------------------------------------ places
struct Place {
  int lane, element;  // of the lane's registers, in elements of its type
};
// Element (row, k) of a block of A, or of B with its columns as rows.
static Place input(Instruction const& x, char type, int dim, int row, int k, int block) {
  if (is("gfx11")) return {row, k};
  if (is("gfx12")) {
    if (bits_of(type) < 16) return {row + 16 * (k / (x.k / 2)), k % (x.k / 2)};
    int const quarter = x.k / 4;
    return {row + 16 * (k / quarter % 2), k / (2 * quarter) * quarter + k % quarter};
  }
  if (x.c == 'd' && x.m == 4) return {row + 4 * block + 16 * k, 0};
  int const each = x.m * x.k * x.blocks / 64;
  return {row + dim * block + dim * x.blocks * (k / each), k % each};
}
// Element (i, j) of a block of C and D.
static Place output(Instruction const& x, int i, int j, int block) {
  if (is("gfx11")) return {j + 16 * (i % 2), bits_of(x.c) == 16 ? i / 2 * 2 + x.half : i / 2};
  if (is("gfx12")) return {j + 16 * (i / 8), i % 8};
  if (x.c == 'd') return x.m == 4 ? Place{j + 4 * block + 16 * i, 0} : Place{j + 16 * (i % 4), i / 4};
  if (x.m == 4) return {j + 4 * block, i};
  if (x.m == 16) return {j + 16 * (i / 4), i % 4 + 4 * block};
  return {j + 32 * (i / 4 % 2), i / 8 * 4 + i % 4 + 16 * block};
}
// The lane of B that blgp puts in the place of `lane`.
static int permuted(int blgp, int lane) {
  return blgp == 0 ? lane : blgp == 1 ? lane % 32 : blgp == 2 ? 32 + lane % 32 : blgp == 3 ? (lane + 16) % 64 : (blgp - 4) * 16 + lane % 16;
}

struct Registers {
  std::vector<u32> words;
  int each;  // words of a lane
  Registers(int elements, char type) : words(size_t(W) * std::max(1, elements * bits_of(type) / 32)), each(int(words.size()) / W) {}
  void set(Place p, char type, u64 v) {
    for (int bit = 0; bit < bits_of(type); bit += 4) {
      int const to = p.element * bits_of(type) + bit;
      u32& w = words[size_t(p.lane) * each + to / 32];
      w = (w & ~(15u << to % 32)) | u32(v >> bit & 15) << to % 32;
    }
  }
  u64 get(Place p, char type) const {
    u64 v = 0;
    for (int bit = 0; bit < bits_of(type); bit += 4) {
      int const from = p.element * bits_of(type) + bit;
      v |= u64(words[size_t(p.lane) * each + from / 32] >> from % 32 & 15) << bit;
    }
    return v;
  }
};

// infinite: the first element of A is infinite.
static std::string run(Instruction const& x, bool infinite) {
  int const mk = x.m * x.k, nk = x.n * x.k;
  bool const fnuz = is("gfx942"), f64 = x.c == 'd';
  u32 seed = 12345;
  auto random = [&] { return (seed = seed * 1664525u + 1013904223u) >> 8; };
  std::vector<double> A(size_t(mk) * x.blocks), B(size_t(nk) * x.blocks), C(size_t(x.m) * x.n * x.blocks);
  int const lane_elements = is("gfx9") ? mk * x.blocks / 64 : is("gfx11") ? x.k : x.k / 2;
  int const results = is("gfx9") ? x.m * x.n * x.blocks / 64 : is("gfx11") && bits_of(x.c) == 16 ? 16 : 8;
  Registers a(lane_elements / (x.sparse ? 2 : 1), x.a), b(lane_elements, x.b), c(results, x.c), index(1, 's');
  for (int blk = 0; blk < x.blocks; blk++) {
    for (int i = 0; i < x.m; i++)
      for (int k = 0; k < x.k; k++) {
        double& v = A[size_t(blk) * mk + i * x.k + k];
        if (x.sparse) {  // two of four are kept
          if (k % 4) continue;
          int const first = int(random() % 3), second = first + 1 + int(random() % (3 - first));
          Place p = input(x, x.a, x.m, i, k, blk);
          // Fields of 4 bits, one for each four elements of the lane. Other bits are set to what is wrong.
          int const shift = p.element + (is("gfx9") ? x.abid * (bits_of(x.a) == 16 ? 8 : 16) : 0);
          u32& w = index.words[p.lane];
          w = (w & ~(15u << shift)) | u32(first | second << 2) << shift;
          p.element /= 2;
          for (int at : {first, second}) {
            (&v)[at] = sample(x.a, x.c, random());
            a.set(p, x.a, encode((&v)[at], x.a, fnuz));
            p.element++;
          }
          continue;
        }
        v = sample(x.a, x.c, random());
        if (infinite && !blk && !i && !k) v = INFINITY;
        Place p = input(x, x.a, x.m, i, k, blk);
        a.set(p, x.a, encode(v, x.a, fnuz));
        if (is("gfx11")) a.set({p.lane + 16, p.element}, x.a, encode(v, x.a, fnuz));
      }
    for (int j = 0; j < x.n; j++)
      for (int k = 0; k < x.k; k++) {
        double const v = B[size_t(blk) * nk + j * x.k + k] = sample(x.b, x.c, random());
        Place const p = input(x, x.b, x.n, j, k, blk);
        b.set(p, x.b, encode(v, x.b, fnuz));
        if (is("gfx11")) b.set({p.lane + 16, p.element}, x.b, encode(v, x.b, fnuz));
      }
    for (int i = 0; i < x.m; i++)
      for (int j = 0; j < x.n; j++) {
        double const v = C[(size_t(blk) * x.m + i) * x.n + j] = x.c == 's' ? int(random() * 977) : sample('f', x.c, random());
        c.set(output(x, i, j, blk), x.c, encode(v, x.c, fnuz));
      }
  }
  if (is("gfx11") && x.half)
    for (int l = 0; l < W; l++)
      for (int e = 0; e < 16; e += 2) c.set({l, e}, 'h', 0x1234 + l + 64 * e);  // the other half, which stays
  Registers const before = c;
  Dev<u32> da(a.words), db(b.words), di(index.words), dc(c.words);
  x.kernel<<<1, W>>>(da.p, db.p, di.p, dc.p);
  c.words = dc.get();
  char text[200];
  for (int blk = 0; blk < x.blocks; blk++)
    for (int i = 0; i < x.m; i++)
      for (int j = 0; j < x.n; j++) {
        int const from = x.sparse || !x.cbsz ? blk : (blk >> x.cbsz << x.cbsz) + x.abid % (1 << x.cbsz);
        double sum = C[(size_t(blk) * x.m + i) * x.n + j];
        if (f64 && (x.blgp & 4)) sum = -sum;
        for (int k = 0; k < x.k; k++) {
          double p = A[size_t(from) * mk + i * x.k + k], q = B[size_t(blk) * nk + j * x.k + k];
          if (x.sparse && p == 0) continue;
          if (f64 && (x.blgp & 1)) p = -p;
          if (f64 && (x.blgp & 2)) q = -q;
          if (!f64 && x.blgp) {
            Place place = input(x, x.b, x.n, j, k, blk);
            place.lane = permuted(x.blgp, place.lane);
            q = decode(b.get(place, x.b), x.b);
          }
          sum += p * q;
        }
        if (x.c == 's') sum = int((long long)(sum));
        double const got = decode(c.get(output(x, i, j, blk), x.c), x.c);
        if (got != sum && !(std::isnan(got) && std::isnan(sum))) {
          snprintf(text, sizeof text, "D[%d][%d] of block %d is %.9g, expected %.9g", i, j, blk, got, sum);
          return text;
        }
      }
  if (is("gfx11") && x.half)
    for (int l = 0; l < W; l++)
      for (int e = 0; e < 16; e += 2)
        if (c.get({l, e}, 'h') != before.get({l, e}, 'h')) return "the other half of the result changed";
  return "";
}

TEST(Matrix, every_instruction) {
  int tested = 0;
  for (Instruction const& x : all()) {
    if (!is(x.arch)) continue;
    line(x.name, run(x, false));
    if (strchr("fdhb", x.a) && !x.sparse) line(x.name, run(x, true));
    tested++;
  }
  EXPECT_GE(tested, is("gfx94") ? 56 : is("gfx90a") ? 36 : is("gfx11") ? 11 : 24) << "instructions of " << properties().gcnArchName;
}
// MI200 flushes denormals in instructions on half and bfloat16. Later GPUs, and instructions on float, keep them.
TEST(Matrix, denormals) {
  for (Instruction const& x : all()) {
    if (!is(x.arch) || x.c != 'f' || !strchr("fhb", x.a) || x.sparse || x.cbsz || x.blgp) continue;
    Registers c(64, 'f'), index(1, 's');
    double const tiny = x.a == 'h' ? 0x1p-16 : x.a == 'b' ? 0x1p-130 : 0x1p-140;
    u64 const one = encode(1, x.b, false), small = x.a == 'f' ? 1 << 9 : x.a == 'h' ? 1 << 8 : 1 << 3;
    int const lane_elements = is("gfx9") ? x.m * x.k * x.blocks / 64 : is("gfx11") ? x.k : x.k / 2;
    Registers A(lane_elements, x.a), B(lane_elements, x.b);
    for (int l = 0; l < W; l++) {
      for (int e = 0; e < lane_elements; e++) B.set({l, e}, x.b, one);
      A.set({l, 0}, x.a, small);  // one element of a lane
    }
    Dev<u32> da(A.words), db(B.words), di(index.words), dc(c.words);
    x.kernel<<<1, W>>>(da.p, db.p, di.p, dc.p);
    std::vector<u32> const got = dc.get();
    Place const first = output(x, 0, 0, 0);
    float r;
    memcpy(&r, &got[size_t(first.lane) * (is("gfx9") ? x.m * x.n * x.blocks / 64 : 8) + first.element], 4);
    int const terms = is("gfx9") ? x.k / lane_elements : is("gfx11") ? 1 : 2;
    EXPECT_EQ(double(r), is("gfx90a") && x.a != 'f' ? 0 : terms * tiny) << x.name;
  }
}
