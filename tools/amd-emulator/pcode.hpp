// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions that translated pseudo-code (generate.py) calls. Integers have the register's width. Values of half and bfloat16 are
/// floats that were rounded to that type.
#pragma once
#include <immintrin.h>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace pcode {
typedef uint32_t u32;
typedef int32_t i32;
typedef uint64_t u64;
typedef int64_t i64;
typedef uint16_t u16;
typedef uint8_t u8;
typedef unsigned __int128 u128;
typedef __int128 i128;
#define PC_FN static inline __attribute__((always_inline))
template <class T, class F>
PC_FN T as(F f) {
  static_assert(sizeof(T) == sizeof(F), "");
  return __builtin_bit_cast(T, f);
}
PC_FN float asf(u32 x) { return as<float>(x); }
PC_FN double asd(u64 x) { return as<double>(x); }
PC_FN u32 fbits(float x) { return as<u32>(x); }
PC_FN u64 dbits(double x) { return as<u64>(x); }

// ---- half and bfloat16
PC_FN float h2f(u32 h) { return float(as<_Float16>(u16(h))); }
PC_FN u32 f2h(float f) { return as<u16>(_Float16(f)); }
PC_FN float rh(float f) { return h2f(f2h(f)); }
PC_FN u32 f2h_rtz(float f) {  // round to nearest, then undo a step away from zero
  u32 h = f2h(f);
  float b = h2f(h);
  bool away = std::fabs(b) > std::fabs(f);
  return f != f ? h : away ? h - 1 : h;
}
PC_FN float bf2f(u32 b) { return asf(b << 16); }
PC_FN u32 f2bf(float f) {
  u32 x = fbits(f);
  return f != f ? (x >> 16 | 0x40) : (x + 0x7fff + (x >> 16 & 1)) >> 16;
}
PC_FN float rbf(float f) { return bf2f(f2bf(f)); }
// Rounds a double to odd in float, so that a second rounding to half or bfloat16 gives the result of a single one.
PC_FN float d2f_odd(double d) {
  float f = float(d);
  double back = f;
  u32 b = fbits(f);
  bool inexact = back != d && d == d, big = std::fabs(back) > std::fabs(d);
  return inexact ? asf((b - (big ? 1 : 0)) | 1) : f;
}
PC_FN float d2half(double d) { return rh(d2f_odd(d)); }
PC_FN float fma_h(float a, float b, float c) {  // the product of two halves is exact in a float; the sum is rounded to odd
  float p = a * b, s = p + c;
  float bb = s - p, e = (p - (s - bb)) + (c - bb);  // s + e is exact (two-sum)
  u32 x = fbits(s);
  bool inexact = e != 0 && e == e && std::fabs(s) < 3e38f, down = (e < 0) != (s < 0);
  return rh(inexact ? asf((x - (down ? 1 : 0)) | 1) : s);
}
PC_FN float fma_bf(float a, float b, float c) { return rbf(d2f_odd(double(a) * double(b) + double(c))); }
PC_FN float fma_(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
PC_FN double fma_(double a, double b, double c) { return __builtin_fma(a, b, c); }

// ---- 8-bit floats; fnuz: gfx94x, where 0x80 is the only NaN and there is no infinity
template <int E, int M>
PC_FN float f8_to_f32(u32 x, bool fnuz) {
  x &= 255;
  u32 const s = x >> 7, e = x >> M & ((1 << E) - 1), m = x & ((1 << M) - 1);
  int const bias = (1 << (E - 1)) - (fnuz ? 0 : 1);
  float mag = e ? asf(u32(int(e) - bias + 127) << 23 | m << (23 - M)) : float(m) * asf(u32(1 - bias - M + 127) << 23);
  float r = s ? -mag : mag;
  if (fnuz) return x == 0x80 ? asf(0x7fc00000) : r;
  if (E == 4) return (x & 127) == 127 ? asf(s << 31 | 0x7fc00000) : r;
  return e == 31 ? asf(s << 31 | (m ? 0x7fc00000 : 0x7f800000)) : r;
}
template <int E, int M>
PC_FN u32 f32_to_f8(float f, bool fnuz, bool sr = false, u32 rnd = 0) {
  u32 const x = fbits(f), s = x >> 31;
  float const a = std::fabs(f);
  int const bias = (1 << (E - 1)) - (fnuz ? 0 : 1);
  u32 const max_code = fnuz ? 0x7f : E == 4 ? 0x7e : 0x7b, nan = fnuz ? 0x80 : 0x7f, inf = E == 5 && !fnuz ? 0x7c : nan;
  if (f != f) return fnuz ? 0x80 : s << 7 | 0x7f;
  if (a > 3e38f * 2) return fnuz ? 0x80 : s << 7 | inf;
  int ex = int(x >> 23 & 255) - 127;
  u32 man = (x & 0x7fffff) | ((x >> 23 & 255) ? 0x800000 : 0);
  if (!(x >> 23 & 255)) ex = -126;
  int shift = 23 - M;
  int emin = 1 - bias;
  if (ex < emin) {
    shift += emin - ex;
    ex = emin;
  }
  u32 q;
  if (shift > 31)
    q = 0;
  else if (sr)
    q = u32((u64(man) + (shift >= 32 ? 0 : (u64(rnd) >> (32 - shift)))) >> shift);
  else {
    u32 half = 1u << (shift - 1), rem = man & ((1u << shift) - 1);
    q = man >> shift;
    q += rem > half || (rem == half && (q & 1));
  }
  // q has M fraction bits and the hidden bit, or is subnormal
  u32 code = q + (u32(ex + bias - 1) << M);
  if (q == 0) return fnuz ? 0 : s << 7;
  if (code > max_code) return fnuz ? 0x80 : s << 7 | inf;  // no saturation: MODE.FP16_OVFL is 0 by default
  return s << 7 | code;
}

// ---- integers
template <class T, class N>
PC_FN T shl_(T a, N n) {
  return u64(n) >= 8 * sizeof(T) ? T(0) : T(a << (n & (8 * sizeof(T) - 1)));
}
PC_FN u32 shr_(u32 a, u32 n) { return n >= 32 ? 0 : a >> (n & 31); }
PC_FN u64 shr_(u64 a, u32 n) { return n >= 64 ? 0 : a >> (n & 63); }
PC_FN i32 shr_(i32 a, u32 n) { return a >> (n >= 32 ? 31 : n & 31); }
PC_FN i64 shr_(i64 a, u32 n) { return a >> (n >= 64 ? 63 : n & 63); }
PC_FN u32 mask32(u32 n) { return n >= 32 ? ~0u : (1u << (n & 31)) - 1; }
PC_FN i32 signext_from_bit(i32 v, u32 n) {
  u32 k = n >= 32 ? 0 : 32 - n;
  return n == 0 ? 0 : i32(u32(v) << k) >> k;
}
PC_FN i64 signext_from_bit(i64 v, u32 n) {
  u32 k = n >= 64 ? 0 : 64 - n;
  return n == 0 ? 0 : i64(u64(v) << k) >> k;
}
PC_FN u32 bcnt(u32 x) {
  x -= x >> 1 & 0x55555555;
  x = (x & 0x33333333) + (x >> 2 & 0x33333333);
  return ((x + (x >> 4)) & 0x0f0f0f0f) * 0x01010101u >> 24;
}
PC_FN u32 brev(u32 x) {
  x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
  x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
  x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
  return __builtin_bswap32(x);
}
PC_FN i32 clz_(u32 x) { return x ? __builtin_clz(x) : -1; }
PC_FN i32 ctz_(u32 x) { return x ? __builtin_ctz(x) : -1; }
PC_FN i32 clz_(u64 x) { return x ? __builtin_clzll(x) : -1; }
PC_FN i32 ctz_(u64 x) { return x ? __builtin_ctzll(x) : -1; }
PC_FN i32 cls_(u32 x) {
  u32 y = i32(x) < 0 ? ~x : x;
  return y ? __builtin_clz(y) : -1;
}
PC_FN i32 cls_(u64 x) {
  u64 y = i64(x) < 0 ? ~x : x;
  return y ? __builtin_clzll(y) : -1;
}
template <class T>
PC_FN T clampi(i64 v, i64 lo, i64 hi) {
  return T(v < lo ? lo : v > hi ? hi : v);
}
PC_FN u32 perm_byte(u32 s0, u32 s1, u32 sel) {
  u64 d = u64(s0) << 32 | s1;
  if (sel >= 13) return 0xff;
  if (sel == 12) return 0;
  if (sel >= 8) return (d >> (16 * (sel - 8) + 15) & 1) ? 0xff : 0;
  return d >> (8 * sel) & 255;
}
PC_FN u32 perm_b32(u32 s0, u32 s1, u32 s2) {
  return perm_byte(s0, s1, s2 & 255) | perm_byte(s0, s1, s2 >> 8 & 255) << 8 | perm_byte(s0, s1, s2 >> 16 & 255) << 16 |
         perm_byte(s0, s1, s2 >> 24) << 24;
}
PC_FN u32 bitop3(u32 a, u32 b, u32 c, u32 t) {
  u32 r = 0;
  for (u32 i = 0; i < 8; i++) r |= (t >> i & 1 ? ~0u : 0u) & (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
  return r;
}

// ---- maximum and minimum of IEEE 754-2019: a NaN wins, and -0 is below 0
PC_FN float maximum_(float a, float b) { return a != a ? a : b != b ? b : a > b ? a : b > a ? b : asf(fbits(a) & fbits(b)); }
PC_FN float minimum_(float a, float b) { return a != a ? a : b != b ? b : a < b ? a : b < a ? b : asf(fbits(a) | fbits(b)); }

// ---- classification; f16 ones take the bits, since a conversion to float would quiet a NaN
PC_FN bool isNAN(float x) { return x != x; }
PC_FN bool isNAN(double x) { return x != x; }
PC_FN bool is_snan(float x) {
  u32 b = fbits(x);
  return x != x && !(b & 0x400000);
}
PC_FN bool is_snan(double x) {
  u64 b = dbits(x);
  return x != x && !(b >> 51 & 1);
}
PC_FN bool is_snan16(u32 b) { return (b & 0x7fff) > 0x7c00 && !(b & 0x200); }
PC_FN bool is_qnan(float x) { return x != x && (fbits(x) & 0x400000); }
PC_FN bool is_qnan(double x) { return x != x && (dbits(x) >> 51 & 1); }
PC_FN bool is_qnan16(u32 b) { return (b & 0x7fff) > 0x7c00 && (b & 0x200); }
PC_FN float quiet(float x) { return asf(fbits(x) | 0x400000); }
PC_FN double quiet(double x) { return asd(dbits(x) | 1ull << 51); }
PC_FN u32 sign_(float x) { return fbits(x) >> 31; }
PC_FN u32 sign_(double x) { return u32(dbits(x) >> 63); }
PC_FN i32 exp_(float x) { return fbits(x) >> 23 & 255; }
PC_FN i32 exp_(double x) { return i32(dbits(x) >> 52 & 2047); }
PC_FN i32 exp16(u32 b) { return b >> 10 & 31; }

// ---- conversions: out of range saturates, NaN gives 0
PC_FN i32 f32_to_i32(float x) {
  float c = x >= 2147483648.f ? 0.f : x < -2147483648.f ? -2147483648.f : x;
  i32 r = i32(c == c ? c : 0.f);
  return x >= 2147483648.f ? 0x7fffffff : r;
}
PC_FN u32 f32_to_u32(float x) {
  float c = x >= 4294967296.f || !(x > 0) ? 0.f : x;
  u32 r = u32(i64(c));
  return x >= 4294967296.f ? ~0u : r;
}
PC_FN i32 f64_to_i32(double x) {
  double c = x != x ? 0 : x < -2147483648.0 ? -2147483648.0 : x > 2147483647.0 ? 2147483647.0 : x;
  return i32(c);
}
PC_FN u32 f64_to_u32(double x) {
  double c = !(x > 0) ? 0 : x > 4294967295.0 ? 4294967295.0 : x;
  return u32(i64(c));
}
PC_FN i32 f16_to_i16(float x) {
  float c = x != x ? 0 : x < -32768.f ? -32768.f : x > 32767.f ? 32767.f : x;
  return i32(c);
}
PC_FN u32 f16_to_u16(float x) {
  float c = !(x > 0) ? 0 : x > 65535.f ? 65535.f : x;
  return u32(i32(c));
}
PC_FN i32 f32_to_i16(float x) { return f16_to_i16(x); }
PC_FN u32 f32_to_u16(float x) { return f16_to_u16(x); }
PC_FN u32 f32_to_u8(float x) {
  float c = !(x > 0) ? 0 : x > 255.f ? 255.f : x;
  return u32(i32(std::nearbyint(c)));
}
PC_FN i32 f32_to_snorm(float x) {
  float c = x != x ? 0 : x < -1 ? -1 : x > 1 ? 1 : x;
  return i32(std::nearbyint(c * 32767.f));
}
PC_FN u32 f32_to_unorm(float x) {
  float c = !(x > 0) ? 0 : x > 1 ? 1 : x;
  return u32(i32(std::nearbyint(c * 65535.f)));
}
PC_FN u32 u32_to_u16(u32 x) { return x > 0xffff ? 0xffff : x; }
PC_FN i32 i32_to_i16(i32 x) { return x < -32768 ? -32768 : x > 32767 ? 32767 : x; }

// ---- functions that hardware approximates; here the exact result is rounded
PC_FN float fract_(float x) {
  float r = x - std::floor(x);
  return r >= 1.f ? asf(0x3f7fffff) : r;
}
PC_FN double fract_(double x) {
  double r = x - std::floor(x);
  return r >= 1.0 ? asd(0x3fefffffffffffffull) : r;
}
PC_FN float fract_h(float x) {
  float r = rh(x - std::floor(x));
  return r >= 1.f ? h2f(0x3bff) : r;
}
PC_FN float rndne_(float x) { return __builtin_rintf(x); }
PC_FN double rndne_(double x) { return __builtin_rint(x); }
PC_FN float mant_(float x) {
  int e;
  return x != x || std::isinf(x) ? x : std::frexp(x, &e);
}
PC_FN double mant_(double x) {
  int e;
  return x != x || std::isinf(x) ? x : std::frexp(x, &e);
}
PC_FN i32 frexp_exp(double x) {
  int e = 0;
  if (x != x || std::isinf(x) || x == 0) return 0;
  (void)std::frexp(x, &e);
  return e;
}
PC_FN float ldexp_(float x, i32 e) { return std::ldexp(x, e < -1000 ? -1000 : e > 1000 ? 1000 : e); }
PC_FN double ldexp_(double x, i32 e) { return std::ldexp(x, e < -5000 ? -5000 : e > 5000 ? 5000 : e); }
// Sine and cosine of an angle in turns. The reduction to a quarter turn is exact, so that zeros and tiny angles are.
// Computed as doubles: those of float are wrong in the last bit for some arguments.
PC_FN float exp2_(float x) { return float(std::exp2(double(x))); }
PC_FN float log2_(float x) { return float(std::log2(double(x))); }
PC_FN float sin_(float x) {
  constexpr double two_pi = 6.283185307179586476925;
  float r = x - std::rint(x);
  r = r > 0.25f ? 0.5f - r : r < -0.25f ? -0.5f - r : r;
  return r == 0 ? std::copysign(0.f, x) : float(std::sin(two_pi * r));
}
PC_FN float cos_(float x) {
  constexpr double two_pi = 6.283185307179586476925;
  return float(std::sin(two_pi * (0.25 - std::fabs(double(x) - std::rint(double(x))))));
}
double trig_preop(double s0, u32 segment);
}  // namespace pcode
