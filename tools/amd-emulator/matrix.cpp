// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix instructions: MFMA and SMFMAC of waves of 64 lanes, WMMA and SWMMAC of waves of 32.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>
#include "registers.hpp"

namespace emu {
using namespace pcode;

// Returns element i of a lane's registers. Types are those of Decoder::matrix().
template <int W>
static double element(u32 const* base, u32 lane, u32 i, char ty, bool fnuz) {
  switch (ty) {
    case 'f': return asf(base[i * W + lane]);
    case 'X': {
      u32 const x = base[i * W + lane];
      return asf((x & 0x7f800000) == 0x7f800000 ? x : (x + 0xfff + (x >> 13 & 1)) & ~0x1fffu);
    }  // 10 bits of fraction
    case 'd': return asd(u64(base[(2 * i + 1) * W + lane]) << 32 | base[2 * i * W + lane]);
    case 'h': return h2f(base[i / 2 * W + lane] >> 16 * (i & 1) & 0xffff);
    case 'b': return bf2f(base[i / 2 * W + lane] >> 16 * (i & 1) & 0xffff);
    case '8': return f8_to_f32<4, 3>(base[i / 4 * W + lane] >> 8 * (i & 3), fnuz);
    case '5': return f8_to_f32<5, 2>(base[i / 4 * W + lane] >> 8 * (i & 3), fnuz);
    case 'i': return i32(base[i / 4 * W + lane] >> 8 * (i & 3) << 24) >> 24;
    default: return 0;
  }
}

// One step of a sum over k, rounded once. The order and precision of hardware are not documented.
static inline double mul_add(double acc, double a, double b) { return std::fma(a, b, acc); }
static inline float mul_add(float acc, float a, float b) { return __builtin_fmaf(a, b, acc); }
static inline i32 mul_add(i32 acc, i32 a, i32 b) { return i32(u32(acc) + u32(a) * u32(b)); }

// Returns 0 with the sign of v instead of a number below the smallest normal one of a type.
static inline double flushed(double v, char type) { return std::fabs(v) < (type == 'h' ? 0x1p-14 : 0x1p-126) ? std::copysign(0.0, v) : v; }

void place_elements(Matrix& m) {
  if (m.wmma) return;
  int const M = m.m, N = m.n, K = m.k, B = m.blocks, per_lane = M * K * B / 64, out = M * N * B / 64;
  bool const f64 = m.c == 'd';
  auto block_and_k = [&](int l, int dim, int e, int& blk, int& k) {
    int const g = l / dim;  // block, or part of K
    blk = f64 && M == 4 ? l / 4 % 4 : B == 1 ? 0 : g % B;
    k = f64 && M == 4 ? l / 16 : B == 1 ? g * per_lane + e : g / B * per_lane + e;
  };
  for (int l = 0; l < 64; l++) {
    int blk, k;
    for (int e = 0; e < per_lane; e++) {
      block_and_k(l, M, e, blk, k);
      m.place_a.push_back(uint16_t((blk * M + l % M) * K + k));
      block_and_k(l, N, e, blk, k);
      m.place_b.push_back(uint16_t((blk * K + k) * N + l % N));
    }
    for (int r = 0; r < out; r++) {
      int i;
      if (f64) {
        blk = M == 4 ? l / 4 % 4 : 0;
        i = M == 4 ? l / 16 : 4 * r + l / 16;
      } else if (M == 4) {
        blk = l / 4;
        i = r;
      } else if (M == 16) {
        blk = r / 4;
        i = 4 * (l / 16) + r % 4;
      } else {
        blk = r / 16;
        i = 8 * (r % 16 / 4) + 4 * (l / 32) + r % 4;
      }
      m.place_c.push_back(uint16_t((blk * M + i) * N + l % N));
    }
  }
}

// T: the type of the sums.
template <int W, class T>
static void mfma_of(Wave& w, Inst const& I) {
  bool const fnuz = I.fnuz;
  Matrix const& m = *I.mat;
  int const M = m.m, N = m.n, K = m.k, B = m.blocks, per_lane = M * K * B / 64;  // elements of B (and a full A) in a lane
  u32 const* a = (m.acc_a ? w.acc : w.v) + size_t(I.s[0].reg) * W;
  u32 const* b = (m.acc_b ? w.acc : w.v) + size_t(I.s[1].reg) * W;
  u32 const* c = m.sparse                ? (m.acc_c ? w.acc : w.v) + size_t(I.d) * W
                 : I.s[2].kind == S_VGPR ? (m.acc_c ? w.acc : w.v) + size_t(I.s[2].reg) * W
                                         : nullptr;
  constexpr bool f64 = std::is_same_v<T, double>;
  bool const na = f64 && (m.blgp & 1), nb = f64 && (m.blgp & 2), nc = f64 && (m.blgp & 4);
  std::vector<T> A(size_t(B) * M * K), Bm(size_t(B) * N * K), C(size_t(B) * M * N);  // [block][i][k], [block][k][j], [block][i][j]
  auto element_at = [&](u32 const* p, u32 lane, u32 i, char ty, bool negate) {
    double const v = element<W>(p, lane, i, ty, fnuz), x = m.flush ? flushed(v, ty) : v;
    return T(negate ? -x : x);
  };
  if (m.sparse) {  // two of every four elements of K; src2 says which
    u32 const* index = w.v + size_t(I.s[2].reg) * W;
    int const set = m.cbsz ? 0 : m.a == 'h' || m.a == 'b' ? 8 * (m.abid & 3) : 16 * (m.abid & 1);
    for (int l = 0; l < 64; l++)
      for (int g = 0; g < per_lane / 4; g++) {
        u32 const x = index[l] >> (set + 4 * g);
        T* to = &A[size_t(l % M) * K + l / M * per_lane + 4 * g];
        to[x & 3] += T(element<W>(a, l, 2 * g, m.a, fnuz));
        to[x >> 2 & 3] += T(element<W>(a, l, 2 * g + 1, m.a, fnuz));
      }
  } else
    for (int l = 0; l < 64; l++)
      for (int e = 0; e < per_lane; e++) A[m.place_a[size_t(l) * per_lane + e]] = element_at(a, l, e, m.a, na);
  for (int l = 0; l < 64; l++) {
    int from = l;
    if (!f64) switch (m.blgp) {
        case 1: from = l & 31; break;
        case 2: from = 32 | (l & 31); break;
        case 3: from = (l + 16) & 63; break;
        case 4:
        case 5:
        case 6:
        case 7: from = (m.blgp - 4) * 16 + (l & 15); break;
        default: break;
      }
    for (int e = 0; e < per_lane; e++) Bm[m.place_b[size_t(l) * per_lane + e]] = element_at(b, from, e, m.b, nb);
  }
  auto value = [](u64 bits) {
    if constexpr (f64)
      return asd(bits);
    else
      return as<T>(u32(bits));
  };
  int const out = M * N * B / 64;  // results per lane
  u64 const same = c ? 0 : scalar_value<W>(w, I.s[2]);
  for (int l = 0; l < 64; l++)
    for (int r = 0; r < out; r++) {
      u64 const bits = !c ? same : f64 ? u64(c[(2 * r + 1) * W + l]) << 32 | c[2 * r * W + l] : c[r * W + l];
      T x = value(bits);
      if (nc) x = -x;
      if (m.flush) x = T(flushed(double(x), 'f'));
      C[m.place_c[size_t(l) * out + r]] = x;
    }
  for (int blk = 0; blk < B; blk++) {
    int const n = 1 << m.cbsz, from = m.cbsz && B > 1 ? blk / n * n + m.abid % n : blk;
    for (int i = 0; i < M; i++) {
      T* const sums = &C[(size_t(blk) * M + i) * N];
      for (int k = 0; k < K; k++) {
        T const x = A[(size_t(from) * M + i) * K + k];
        T const* const y = &Bm[(size_t(blk) * K + k) * N];
        for (int j = 0; j < N; j++) sums[j] = mul_add(sums[j], x, y[j]);
      }
    }
  }
  u32* d = (m.acc_c ? w.acc : w.v) + size_t(I.d) * W;  // EXEC does not apply
  for (int l = 0; l < 64; l++)
    for (int r = 0; r < out; r++) {
      T const sum = C[m.place_c[size_t(l) * out + r]], x = m.flush ? T(flushed(double(sum), 'f')) : sum;
      if constexpr (f64) {
        d[2 * r * W + l] = u32(dbits(x));
        d[(2 * r + 1) * W + l] = u32(dbits(x) >> 32);
      } else
        d[r * W + l] = as<u32>(x);
    }
}

template <int W>
void mfma(Wave& w, Inst const& I) {
  if constexpr (W != 64)
    fail(Err::unsupported, "this matrix instruction");
  else if (I.mat->c == 'd')
    mfma_of<W, double>(w, I);
  else if (I.mat->c == 's')
    mfma_of<W, i32>(w, I);
  else
    mfma_of<W, float>(w, I);
}

template <int W>
void wmma(Wave& w, Inst const& I) {
  Matrix const& m = *I.mat;
  if (W != 32) fail(Err::unsupported, "this matrix instruction");
  int const K = m.k, bits = m.a == '4' ? 4 : m.a == 'i' || m.a == '8' || m.a == '5' ? 8 : 16;
  bool const g12 = m.gfx12;
  // Sets the lane and element of (row, k) of A, or of (column, k) of B.
  double A[16][64], B[16][64], C[16][16], D[16][16];
  auto place = [&](int i, int k, int& lane, int& e) {
    lane = i;
    e = k;
    if (!g12) return;
    if (bits < 16) {  // lanes 16-31 hold the second half of K
      lane = i + k / (K / 2) * 16;
      e = k % (K / 2);
      return;
    }
    int const q = K / 4, part = k / q;  // lanes 16-31 hold the second and fourth quarter of K
    lane = i + (part & 1) * 16;
    e = (part >> 1) * q + k % q;
  };
  auto get = [&](Src const& s, double out[16][64], char ty, int which, bool sparse) {
    u32 const* p = w.v + size_t(s.reg) * W;
    u32 const* index = w.v + size_t(I.s[2].reg) * W;
    if (sparse)
      for (int i = 0; i < 16; i++)
        for (int k = 0; k < K; k++) out[i][k] = 0;
    for (int i = 0; i < 16; i++)
      for (int kk = 0; kk < (sparse ? K / 2 : K); kk++) {
        int lane, e, k = kk;
        if (sparse) {  // element kk % 2 of the two that stand for four
          place(i, kk / 2 * 4, lane, e);
          u32 const x = index[lane] >> (e + (K == 64 ? 0 : 16 * (m.opsel_hi & 1)));  // e / 4 groups of 4 bits before it
          k = kk / 2 * 4 + int(x >> 2 * (kk & 1) & 3);
          e = e / 2 + (kk & 1);
        } else
          place(i, k, lane, e);
        double v;
        if (bits == 4) {
          u32 x = p[e / 8 * W + lane] >> 4 * (e & 7) & 15;
          v = m.neg >> which & 1 ? double(i32(x << 28) >> 28) : double(x);
        } else if (ty == 'i') {
          u32 x = p[e / 4 * W + lane] >> 8 * (e & 3) & 255;
          v = m.neg >> which & 1 ? double(i32(x << 24) >> 24) : double(x);
        } else {
          v = element<W>(p, lane, e, ty, false);
          if ((e & 1 ? m.neg_hi : m.neg) >> which & 1) v = -v;
        }
        out[i][k] = sparse ? out[i][k] + v : v;
      }
  };
  get(I.s[0], A, m.a, 0, m.sparse);
  get(I.s[1], B, m.b, 1, false);
  bool const pk = m.c == 'h' || m.c == 'b';
  auto at = [&](int i, int j, int& lane, int& reg, int& half) {  // sets the place of result (i, j)
    if (g12) {
      lane = j + (i / 8) * 16;
      reg = pk ? i % 8 / 2 : i % 8;
      half = pk ? i & 1 : 0;
    } else {
      lane = j + (i & 1) * 16;
      reg = i / 2;
      half = pk ? m.opsel_hi >> 2 & 1 : 0;
    }
  };
  u32 const* c = m.sparse ? w.v + size_t(I.d) * W : I.s[2].kind == S_VGPR ? w.v + size_t(I.s[2].reg) * W : nullptr;
  u64 const sc = c ? 0 : scalar_value<W>(w, I.s[2]);
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) {
      int l, r, h;
      at(i, j, l, r, h);
      u32 x = c ? c[r * W + l] : u32(sc);
      if (pk) x = c ? x >> 16 * h & 0xffff : m.c == 'h' ? f2h(asf(x)) : f2bf(asf(x));
      double v = m.c == 's' ? double(i32(x)) : m.c == 'h' ? h2f(x) : m.c == 'b' ? bf2f(x) : asf(x);
      if (m.c != 's' && !m.sparse) {
        if (m.neg_hi & 4) v = std::fabs(v);
        if (m.neg & 4) v = -v;
      }
      C[i][j] = v;
    }
  if (m.c == 's')
    for (int i = 0; i < 16; i++)
      for (int j = 0; j < 16; j++) {
        i64 s = i64(C[i][j]);
        for (int k = 0; k < K; k++) s += i64(A[i][k]) * i64(B[j][k]);
        D[i][j] = double(m.clamp ? i32(std::min<i64>(std::max<i64>(s, -2147483648ll), 2147483647ll)) : i32(u32(u64(s))));
      }
  else {
    float columns[64][16];
    for (int k = 0; k < K; k++)
      for (int j = 0; j < 16; j++) columns[k][j] = float(B[j][k]);
    for (int i = 0; i < 16; i++) {
      float sums[16];
      for (int j = 0; j < 16; j++) sums[j] = float(C[i][j]);
      for (int k = 0; k < K; k++)
        for (int j = 0; j < 16; j++) sums[j] = mul_add(sums[j], float(A[i][k]), columns[k][j]);
      for (int j = 0; j < 16; j++) D[i][j] = sums[j];
    }
  }
  u32* d = w.v + size_t(I.d) * W;
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 16; j++) {
      int l, r, h;
      at(i, j, l, r, h);
      u32& o = d[r * W + l];
      if (pk) {
        u32 const x = m.c == 'h' ? f2h(float(D[i][j])) : f2bf(float(D[i][j]));
        o = (o & ~(0xffffu << 16 * h)) | x << 16 * h;
      } else
        o = m.c == 's' ? u32(i32(D[i][j])) : fbits(float(D[i][j]));
    }
}

template void mfma<64>(Wave&, Inst const&);
template void mfma<32>(Wave&, Inst const&);
template void wmma<64>(Wave&, Inst const&);
template void wmma<32>(Wave&, Inst const&);

}  // namespace emu
