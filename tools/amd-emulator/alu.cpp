// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations on registers. A result goes to a buffer first: the sources of all lanes are read before a destination is written. So a
/// destination may be one of the sources, also in part, and lanes may read each other (DPP, permutes).
#include <algorithm>
#include <cmath>
#include "registers.hpp"

namespace emu {
using namespace pcode;

double trig_preop_bits(u32 shift) {
  static u64 const t[21] = {0xa2f9836e4e441529ull, 0xfc2757d1f534ddc0ull, 0xdb6295993c439041ull, 0xfe5163abdebbc561ull,
                            0xb7246e3a424dd2e0ull, 0x06492eea09d1921cull, 0xfe1deb1cb129a73eull, 0xe88235f52ebb4484ull,
                            0xe99c7026b45f7e41ull, 0x3991d639835339f4ull, 0x9c845f8bbdf9283bull, 0x1ff897ffde05980full,
                            0xef2f118b5a0a6d1full, 0x6d367ecf27cb09b7ull, 0x4f463f669e5fea2dull, 0x7527bac7ebe5f17bull,
                            0x3d0739f78a5292eaull, 0x6bfb5fb11f8d5d08ull, 0x56033046fc7b6babull, 0xf0cfbc209af4361dull,
                            0xa9e391615ee61b08ull};
  u32 w = shift / 64, o = shift % 64;
  u64 hi = w < 21 ? t[w] : 0, lo = w + 1 < 21 ? t[w + 1] : 0;
  return double((o ? hi << o | lo >> (64 - o) : hi) >> 11);  // the 53 bits of a double
}

template <int W>
struct Buf {
  alignas(64) u32 s[3][2 * W], out[2 * W], out2[2 * W], old[2 * W], mask[W], vin[W];
};
template <int W>
static Buf<W>& buf() {
  static Buf<W> b;
  return b;
}  // kernels run one at a time

template <int W>
static u64 const all_lanes = W == 64 ? ~0ull : 0xffffffffull;

template <int W>
static inline void expand(u64 m, u32* o) {
  __m256i const bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (int k = 0; k < W / 8; k++) {
    __m256i x = _mm256_and_si256(_mm256_set1_epi32(int(m >> (8 * k) & 255)), bits);
    _mm256_store_si256(reinterpret_cast<__m256i*>(o + 8 * k), _mm256_cmpeq_epi32(x, bits));
  }
}
template <int W>
static inline u64 collapse(u32 const* m) {
  u64 r = 0;
  for (int k = 0; k < W / 8; k++) r |= u64(u32(_mm256_movemask_ps(_mm256_load_ps(reinterpret_cast<float const*>(m + 8 * k))))) << (8 * k);
  return r;
}
template <int W>
static inline u32 const* exec_vector(Wave& w, u64 e) {
  if (w.exec_key != e) {
    expand<W>(e, w.exec_v);
    w.exec_key = e;
  }
  return w.exec_v;
}
template <int W>
static inline void put(u32* d, u32 const* s) {
  for (int k = 0; k < W; k += 8)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d + k), _mm256_loadu_si256(reinterpret_cast<__m256i const*>(s + k)));
}
template <int W>
static inline void put(u32* d, u32 const* s, u32 const* m) {
  for (int k = 0; k < W; k += 8) {
    __m256i a = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(d + k)), b = _mm256_load_si256(reinterpret_cast<__m256i const*>(s + k));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d + k),
                        _mm256_blendv_epi8(a, b, _mm256_load_si256(reinterpret_cast<__m256i const*>(m + k))));
  }
}
template <int W>
static inline void fill(u32* t, u32 v) {
  for (int l = 0; l < W; l++) t[l] = v;
}

template <int W>
static inline void set_sgpr(Wave& w, int r, u32 v) {
  if (W == 64 || r != 124) w.s[r] = v;
}
template <int W>
static inline void set_mask(Wave& w, int r, u64 m) {
  if (W == 64) {
    w.s[r] = u32(m);
    w.s[r + 1] = u32(m >> 32);
  } else
    set_sgpr<W>(w, r, u32(m));
}
// Writes the mask of a comparison or carry. V_CMPX instructions write EXEC too.
template <int W>
static inline void set_result_mask(Wave& w, Inst const& I, u64 m) {
  set_mask<W>(w, I.md, m);
  if (I.cmpx) set_mask<W>(w, EXEC, m);
}

template <int W>
static inline u64 mask_of(Wave const& w, int r) {  // a carry-in or condition
  if (r >= 128) return r <= 192 ? u64(r - 128) : r <= 208 ? u64(i64(192 - r)) : 0;
  if (W == 32 && r == 124) return 0;
  return W == 64 ? rd64(w.s + r) : w.s[r];
}

// Returns the lanes of an operand without modifiers: in the registers if it is a VGPR, else in t.
template <int W>
static inline u32 const* plain(Wave const& w, Src const& s, u32* t) {
  switch (s.kind) {
    case S_VGPR: return w.v + size_t(s.reg) * W;
    case S_CONST: return s.cst;
    case S_NONE: return t;
    default: {
      u64 v = scalar_value<W>(w, s);
      fill<W>(t, u32(v));
      if (s.bits == 64) fill<W>(t + W, u32(v >> 32));
      return t;
    }
  }
}

static inline u32 float_bits(Src const& s) { return s.bits == 16 ? 0x8000u : 0x80000000u; }
// Returns the lanes of source k with DPP, SDWA, op_sel, abs and neg applied. Removes from `on` the lanes that DPP does not write.
template <int W>
static u32 const* operand(Wave const& w, Inst const& I, int k, u64 exec, u64& on, u32* t) {
  Src const& s = I.s[k];
  u32 const* p = plain<W>(w, s, t);
  int const words = s.bits == 64 ? 2 : 1;
  if (k == 0 && I.dpp) {
    Dpp const& d = *I.dpp;
    u64 valid = d.valid;
    if (!d.fi && exec != all_lanes<W>) {
      valid = 0;
      for (int l = 0; l < W; l++)
        if ((d.valid >> l & 1) && (exec >> d.src[l] & 1)) valid |= 1ull << l;
    }
    for (int q = 0; q < words; q++)
      for (int l = 0; l < W; l++) t[q * W + l] = valid >> l & 1 ? p[q * W + d.src[l]] : 0;
    on &= d.enabled & (d.bound0 ? ~0ull : valid);
    p = t;
  }
  if (I.sdwa && k < 2 && I.sdwa->sel[k] < 6) {
    int const sel = I.sdwa->sel[k], sh = sel < 4 ? 8 * sel : 16 * (sel - 4), n = sel < 4 ? 24 : 16;
    if (I.sdwa->sext[k])
      for (int l = 0; l < W; l++) t[l] = u32(i32(p[l] >> sh << n) >> n);
    else
      for (int l = 0; l < W; l++) t[l] = p[l] >> sh << n >> n;
    p = t;
  }
  if (s.hi) {
    for (int l = 0; l < W; l++) t[l] = p[l] >> 16;
    p = t;
  }
  if (s.abs || s.neg) {
    u32 const m = float_bits(s), keep = s.abs ? ~m : ~0u, flip = s.neg ? m : 0;
    if (words == 2) {
      if (p != t) put<W>(t, p);
      for (int l = 0; l < W; l++) t[W + l] = (p[W + l] & keep) ^ flip;
    } else
      for (int l = 0; l < W; l++) t[l] = (p[l] & keep) ^ flip;
    p = t;
  }
  return p;
}

// The same for VOP3P. op_sel and op_sel_hi choose the low and the high half from the register's halves; neg and neg_hi negate them.
template <int W>
static u32 const* packed(Wave const& w, Inst const& I, int k, u64 exec, u64& on, u32* t) {
  Src const& s = I.s[k];
  u32 const* p = operand<W>(w, I, k, exec, on, t);
  bool const lo = I.opsel >> k & 1, hi = I.opsel_hi >> k & 1, nl = I.neg >> k & 1, nh = I.neg_hi >> k & 1;
  bool const pair = s.type == 'H' || s.type == 'W' || s.type == 'X';
  if (I.pkf32) {
    u32 const* a = p + (lo ? W : 0);
    u32 const* b = p + (hi ? W : 0);
    u32 const fl = nl ? 0x80000000u : 0, fh = nh ? 0x80000000u : 0;
    if (!lo && hi && !fl && !fh) return p;
    alignas(32) u32 x[2 * W];
    for (int l = 0; l < W; l++) {
      x[l] = a[l] ^ fl;
      x[W + l] = b[l] ^ fh;
    }
    put<W>(t, x);
    put<W>(t + W, x + W);
    return t;
  }
  if (I.mix) {
    u32 const m = !hi ? 0x80000000u : lo ? 0x80000000u : 0x8000u, keep = nh ? ~m : ~0u, flip = nl ? m : 0;  // neg_hi is abs here
    if (keep == ~0u && !flip) return p;
    for (int l = 0; l < W; l++) t[l] = (p[l] & keep) ^ flip;
    return t;
  }
  if (pair) {
    if (!lo && hi && !nl && !nh) return p;
    u32 const f = s.type == 'W' ? 0 : (nl ? 0x8000u : 0) | (nh ? 0x80000000u : 0);
    int const sl = lo ? 16 : 0, sh = hi ? 16 : 0;
    for (int l = 0; l < W; l++) t[l] = ((p[l] >> sl & 0xffff) | (p[l] >> sh) << 16) ^ f;
    return t;
  }
  if (nl && s.type == 'f') {
    for (int l = 0; l < W; l++) t[l] = p[l] ^ 0x80000000u;
    return t;
  }
  return p;
}

template <class F>
static inline F clamp01(F x) {
  return x != x ? F(0) : std::min(std::max(x, F(0)), F(1));
}

// Applies the output modifiers of float results.
template <int W>
static void output_mods(Inst const& I, u32* o) {
  float const mul = I.omod == 1 ? 2.f : I.omod == 2 ? 4.f : I.omod == 3 ? 0.5f : 1.f;
  switch (I.dt) {
    case 'f':
      for (int l = 0; l < W; l++) {
        float x = asf(o[l]) * mul;
        o[l] = fbits(I.clamp ? clamp01(x) : x);
      }
      break;
    case 'd':
      for (int l = 0; l < W; l++) {
        double x = asd(u64(o[W + l]) << 32 | o[l]) * mul;
        u64 r = dbits(I.clamp ? clamp01(x) : x);
        o[l] = u32(r);
        o[W + l] = u32(r >> 32);
      }
      break;
    case 'P':
      for (int l = 0; l < 2 * W; l++) {
        float x = asf(o[l]);
        o[l] = fbits(I.clamp ? clamp01(x) : x);
      }
      break;
    case 'h':
      if (I.mix) {
        int const sh = I.name.find("HI") != std::string::npos ? 16 : 0;
        for (int l = 0; l < W; l++)
          if (I.clamp) o[l] = (o[l] & ~(0xffffu << sh)) | f2h(clamp01(h2f(o[l] >> sh & 0xffff))) << sh;
      } else
        for (int l = 0; l < W; l++) {
          float x = rh(h2f(o[l] & 0xffff) * mul);
          o[l] = f2h(I.clamp ? clamp01(x) : x);
        }
      break;
    case 'H':
      if (I.clamp)
        for (int l = 0; l < W; l++) o[l] = f2h(clamp01(h2f(o[l] & 0xffff))) | f2h(clamp01(h2f(o[l] >> 16))) << 16;
      break;
    default: break;
  }
}

template <int W>
static void sdwa_write(Sdwa const& x, u32* o, u32 const* old) {
  if (x.dst >= 6) return;
  u32 const m = x.dst < 4 ? 0xffu : 0xffffu;
  int const sh = x.dst < 4 ? 8 * x.dst : 16 * (x.dst - 4);
  for (int l = 0; l < W; l++) {
    u32 v = (o[l] & m) << sh;
    if (x.unused == 2)
      v |= old[l] & ~(m << sh);
    else if (x.unused == 1) {
      int const n = x.dst < 4 ? 24 - sh : 16 - sh;
      v = u32(i32(v << n) >> n);
    }
    o[l] = v;
  }
}

template <int W>
static inline Lanes args(Wave const& w, Inst const& I, Buf<W>& B, u32* out) {
  Lanes a;
  a.old = I.d >= 0 ? w.v + size_t(I.d) * W : B.old;
  a.vin = B.vin;
  a.out = out;
  a.mask = B.mask;
  a.simm = I.simm;
  a.opsel = I.opsel;
  a.opsel_hi = I.opsel_hi;
  a.neg = I.neg;
  a.ttbl = I.ttbl;
  a.fnuz = I.fnuz;
  return a;
}

// The usual case, fast: plain operands, one result.
template <int W, int Words, bool Vin = false>
static void fast(Wave& w, Inst const& I) {
  u64 const e = exec_mask<W>(w);
  if (!e) return;
  Buf<W>& B = buf<W>();
  u32* const d = w.v + size_t(I.d) * W;
  Lanes a;
  a.old = d;
  a.out = B.out;
  a.simm = I.simm;
  a.opsel = I.opsel;
  a.fnuz = I.fnuz;
  a.ttbl = I.ttbl;
  u64 const regs = reinterpret_cast<u64>(w.v);
  for (int k = 0; k < 3; k++) a.s[k] = reinterpret_cast<u32 const*>(I.s[k].at + (regs & I.s[k].in_regs));
  if (I.scalars)
    for (int k = 0; k < 3; k++)
      if (I.scalars >> k & 1) a.s[k] = plain<W>(w, I.s[k], B.s[k]);
  if (Vin) {
    a.vin = B.vin;
    expand<W>(mask_of<W>(w, I.vin), B.vin);
  }
  I.fn(a);
  if (e == all_lanes<W>) {
    put<W>(d, B.out);
    if (Words == 2) put<W>(d + W, B.out + W);
    return;
  }
  u32 const* m = exec_vector<W>(w, e);
  put<W>(d, B.out, m);
  if (Words == 2) put<W>(d + W, B.out + W, m);
}

// The same for comparisons, which only write a mask.
template <int W>
static void compare(Wave& w, Inst const& I) {
  Buf<W>& B = buf<W>();
  Lanes a;
  a.mask = B.mask;
  u64 const regs = reinterpret_cast<u64>(w.v);
  for (int k = 0; k < 2; k++) a.s[k] = reinterpret_cast<u32 const*>(I.s[k].at + (regs & I.s[k].in_regs));
  if (I.scalars)
    for (int k = 0; k < 2; k++)
      if (I.scalars >> k & 1) a.s[k] = plain<W>(w, I.s[k], B.s[k]);
  I.fn(a);
  u64 const m = collapse<W>(B.mask) & exec_mask<W>(w);
  set_result_mask<W>(w, I, m);
}

template <int W>
static void lanes(Wave& w, Inst const& I) {
  u64 const e = exec_mask<W>(w);
  Buf<W>& B = buf<W>();
  u64 on = e;
  Lanes a = args<W>(w, I, B, B.out);
  bool const p3 = I.packed || I.pkf32 || I.mix;
  for (int k = 0; k < 3; k++)
    a.s[k] = I.s[k].kind == S_NONE ? B.s[k] : p3 ? packed<W>(w, I, k, e, on, B.s[k]) : operand<W>(w, I, k, e, on, B.s[k]);
  if (I.vin >= 0) expand<W>(mask_of<W>(w, I.vin), B.vin);
  if (I.d16 && I.d >= 0 && (I.info->flags & F_D0) && I.d_high) {
    for (int l = 0; l < W; l++) B.old[l] = a.old[l] >> 16;
    a.old = B.old;
  }
  I.fn(a);
  u32* d = I.d >= 0 ? w.v + size_t(I.d) * W : nullptr;
  if (d && (I.info->flags & F_D0w)) {
    if (I.clamp && (I.info->flags & F_MASK) && I.dt == 'i') {  // add/subtract with carry: saturates
      u32 const sat = I.name.find("SUB") != std::string::npos ? 0 : ~0u;
      for (int l = 0; l < W; l++)
        if (B.mask[l]) B.out[l] = sat;
    } else if (I.omod || I.clamp)
      output_mods<W>(I, B.out);
    if (I.sdwa) {
      if (I.d16)
        for (int l = 0; l < W; l++) B.out[l] &= 0xffff;
      sdwa_write<W>(*I.sdwa, B.out, d);
    } else if (I.d16) {
      if (I.d_high)
        for (int l = 0; l < W; l++) B.out[l] = (d[l] & 0xffff) | B.out[l] << 16;
      else if (I.keep)
        for (int l = 0; l < W; l++) B.out[l] = (d[l] & 0xffff0000u) | (B.out[l] & 0xffff);
      else
        for (int l = 0; l < W; l++) B.out[l] &= 0xffff;
    }
    if (on == all_lanes<W>) {
      put<W>(d, B.out);
      if (I.dw == 2) put<W>(d + W, B.out + W);
    } else if (on) {
      alignas(32) u32 x[W];
      u32 const* m = x;
      if (on == e)
        m = exec_vector<W>(w, e);
      else
        expand<W>(on, x);
      put<W>(d, B.out, m);
      if (I.dw == 2) put<W>(d + W, B.out + W, m);
    }
  }
  if (I.info->flags & F_MASK && I.md >= 0) {
    u64 const m = collapse<W>(B.mask) & on;  // lanes that are off get 0
    set_result_mask<W>(w, I, m);
  }
}

template <int W>
static void dual(Wave& w, Inst const& X) {
  u64 const e = exec_mask<W>(w);
  if (!e) return;
  Buf<W>& B = buf<W>();
  Inst const& Y = *X.second;
  for (int h = 0; h < 2; h++) {
    Inst const& I = h ? Y : X;
    Lanes a = args<W>(w, I, B, h ? B.out2 : B.out);
    for (int k = 0; k < 2; k++) a.s[k] = plain<W>(w, I.s[k], B.s[k]);
    a.s[2] = B.s[2];
    if (I.vin >= 0) expand<W>(mask_of<W>(w, I.vin), B.vin);
    I.fn(a);
  }
  u32 const* m = exec_vector<W>(w, e);
  put<W>(w.v + size_t(X.d) * W, B.out, m);
  put<W>(w.v + size_t(Y.d) * W, B.out2, m);
}

template <int W>
static void scalar(Wave& w, Inst const& I) {
  Scal a;
  OpInfo const& o = *I.info;
  if (o.enc == E_SOPK) {
    u64 const imm = u64(int64_t(int16_t(I.simm)));
    a.s0 = o.simm ? w.s[I.d] : imm;
    a.s1 = imm;
  } else {
    a.s0 = scalar_value<W>(w, I.s[0]);
    a.s1 = scalar_value<W>(w, I.s[1]);
  }
  a.d = 0;
  if ((o.flags & F_D0) && !(W == 32 && I.d == 124)) a.d = I.dw == 2 ? rd64(w.s + I.d) : w.s[I.d];
  if (o.flags & (F_EXEC | F_EXECw)) a.exec = rd64(w.s + EXEC);
  if (o.flags & (F_VCC | F_VCCw)) a.vcc = rd64(w.s + VCC);
  a.scc = w.s[SCC];
  a.simm = I.simm;
  I.scal(a);
  if ((o.flags & F_D0w) && I.d >= 0) {
    set_sgpr<W>(w, I.d, u32(a.d));
    if (I.dw == 2 && (W == 64 || I.d != 124)) w.s[I.d + 1] = u32(a.d >> 32);
  }
  if (o.flags & F_EXECw) wr64(w.s + EXEC, a.exec);
  if (o.flags & F_VCCw) wr64(w.s + VCC, a.vcc);
  if (o.flags & F_SCCw) w.s[SCC] = a.scc;
}

template <int W>
static void lane_op(Wave& w, Inst const& I) {
  u64 const e = exec_mask<W>(w);
  Buf<W>& B = buf<W>();
  auto vec = [&](int k) {
    u32 const* p = plain<W>(w, I.s[k], B.s[k]);
    if (p != B.s[k]) put<W>(B.s[k], p);
    return static_cast<u32 const*>(B.s[k]);
  };
  u32* d = w.v + size_t(I.d) * W;
  switch (I.lop) {
    case READLANE: {
      u32 const l = u32(scalar_value<W>(w, I.s[1])) & (W - 1);
      set_sgpr<W>(w, I.d, plain<W>(w, I.s[0], B.s[0])[l]);
      return;
    }
    case READFIRSTLANE: set_sgpr<W>(w, I.d, plain<W>(w, I.s[0], B.s[0])[e ? __builtin_ctzll(e) : 0]); return;
    case WRITELANE: {
      u32 const l = u32(scalar_value<W>(w, I.s[1])) & (W - 1);
      d[l] = u32(scalar_value<W>(w, I.s[0]));
      return;
    }
    case PERMLANE16:
    case PERMLANEX16:
    case PERMLANE16_VAR:
    case PERMLANEX16_VAR: {
      u32 const* in = vec(0);
      bool const x = I.lop == PERMLANEX16 || I.lop == PERMLANEX16_VAR, var = I.lop == PERMLANE16_VAR || I.lop == PERMLANEX16_VAR;
      u64 const sel = var ? 0 : u64(u32(scalar_value<W>(w, I.s[2]))) << 32 | u32(scalar_value<W>(w, I.s[1]));
      u32 const* lane = var ? vec(1) : nullptr;
      for (u32 l = 0; l < W; l++) {
        if (!(e >> l & 1)) continue;
        u32 const src = ((l & ~15u) ^ (x ? 16 : 0)) | (var ? lane[l] & 15 : u32(sel >> 4 * (l & 15)) & 15);
        if (I.opsel & 1 || e >> src & 1)
          d[l] = in[src];  // op_sel[0]: fetch inactive lanes, op_sel[1]: bound_ctrl
        else if (I.opsel & 2)
          d[l] = 0;
      }
      return;
    }
    case PERMLANE64:
      if (W == 64) {
        u32 const* in = vec(0);
        for (u32 l = 0; l < W; l++)
          if (e >> l & 1) d[l] = in[l ^ 32];
      }
      return;
    case PERMLANE16_SWAP:
    case PERMLANE32_SWAP: {  // odd rows of vdst with even rows of src0; all lanes
      u32* s = w.v + size_t(I.s[0].reg) * W;
      u32 const h = I.lop == PERMLANE16_SWAP ? 16 : 32;
      for (u32 l = 0; l < W; l++)
        if (!(l & h)) std::swap(s[l], d[l + h]);
      return;
    }
    case SWAP_B32: {
      u32* s = w.v + size_t(I.s[0].reg) * W;
      for (u32 l = 0; l < W; l++)
        if (e >> l & 1) std::swap(s[l], d[l]);
      return;
    }
    case SWAP_B16: {
      u32* s = w.v + size_t(I.s[0].reg) * W;
      int const a = I.s[0].hi ? 16 : 0, b = I.d_high ? 16 : 0;
      for (u32 l = 0; l < W; l++)
        if (e >> l & 1) {
          u32 const x = s[l] >> a & 0xffff, y = d[l] >> b & 0xffff;
          s[l] = (s[l] & ~(0xffffu << a)) | y << a;
          d[l] = (d[l] & ~(0xffffu << b)) | x << b;
        }
      return;
    }
    case TO_SGPR: {
      u64 on = e;
      Lanes a = args<W>(w, I, B, B.out);
      a.old = B.old;
      a.s[0] = operand<W>(w, I, 0, e, on, B.s[0]);
      a.s[1] = a.s[2] = B.s[1];
      I.fn(a);
      if (I.omod || I.clamp) output_mods<W>(I, B.out);
      set_sgpr<W>(w, I.d, I.d16 ? B.out[0] & 0xffff : B.out[0]);
      return;
    }
    case ACC_READ:
    case ACC_MOV:
    case ACC_WRITE: {
      u32 const* s = I.lop == ACC_WRITE ? plain<W>(w, I.s[0], B.s[0]) : w.acc + size_t(I.s[0].reg) * W;
      u32* t = I.lop == ACC_READ ? d : w.acc + size_t(I.d) * W;
      put<W>(B.out, s);
      put<W>(t, B.out, exec_vector<W>(w, e));
      return;
    }
  }
}

template <int W>
void mov_rel(Wave& w, int dst, Src const& src, int rel, u32 idx) {
  Buf<W>& B = buf<W>();
  u64 const e = exec_mask<W>(w);
  Src s = src;
  if (s.kind == S_VGPR && rel & 1) s.reg += idx;
  if (rel & 8) dst += idx;
  if ((s.kind == S_VGPR && s.reg >= 256) || dst >= 256 || dst < 0) fail(Err::fault, "indexed VGPR out of range");
  u32 const* p = plain<W>(w, s, B.s[0]);
  put<W>(B.out, p);
  put<W>(w.v + size_t(dst) * W, B.out, exec_vector<W>(w, e));
}

template <int W>
void bind(Inst& I) {
  Buf<W>& B = buf<W>();
  for (int k = 0; k < 3; k++) {
    Src& s = I.s[k];
    if (s.kind == S_VGPR) {
      s.at = u64(s.reg) * W * 4;
      s.in_regs = ~0ull;
    } else if (s.kind == S_CONST)
      s.at = reinterpret_cast<u64>(s.cst);
    else {
      s.at = reinterpret_cast<u64>(B.s[k]);
      if (s.kind != S_NONE) I.scalars |= 1 << k;
    }
  }
  switch (I.kind) {
    case FAST: I.run = I.dw == 2 ? fast<W, 2> : fast<W, 1>; break;
    case LANE: {
      bool simple = (I.info->flags & (F_MASK | F_D0w | F_VIN)) == F_MASK && I.d < 0 && I.md >= 0 && !I.dpp && !I.sdwa;
      for (auto& s : I.s) simple = simple && s.plain();
      bool cond = (I.info->flags & (F_MASK | F_D0w | F_VIN)) == (F_D0w | F_VIN) && I.d >= 0 && !I.dpp && !I.sdwa && !I.omod && !I.clamp &&
                  !I.d16 && !I.packed && !I.pkf32 && !I.mix && I.dw == 1;
      for (auto& s : I.s) cond = cond && s.plain();
      I.run = simple ? compare<W> : cond ? fast<W, 1, true> : lanes<W>;
      break;
    }
    case SCALAR: I.run = scalar<W>; break;
    case VOPD: I.run = dual<W>; break;
    case LANEOP: I.run = lane_op<W>; break;
    case MATRIX: I.run = I.mat->wmma ? wmma<W> : mfma<W>; break;
    default: break;
  }
}
template void bind<64>(Inst&);
template void bind<32>(Inst&);
template void mov_rel<64>(Wave&, int, Src const&, int, uint32_t);
template void mov_rel<32>(Wave&, int, Src const&, int, uint32_t);
}  // namespace emu

namespace pcode {
double trig_preop(double s0, u32 segment) {
  i32 const ex = exp_(s0);
  i32 shift = i32(segment) * 53;
  if (ex > 1077) shift += ex - 1077;
  i32 scale = -53 - shift;
  if (ex >= 1968) scale += 128;
  return ldexp_(emu::trig_preop_bits(u32(shift)), scale);
}
}  // namespace pcode
