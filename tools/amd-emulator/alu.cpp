// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations on registers. An operation writes to its destination if all lanes are on, else to a row of temporary values. A destination
/// may be one of the sources, also in part: an operation reads all that it needs of a lane before it writes this lane. Operands that read
/// other lanes (DPP, permutes) are copied first.
#include <algorithm>
#include <cmath>
#include "registers.hpp"

namespace emu {
using namespace pcode;

double trig_preop_bits(u32 shift) {
  static u64 const t[19] = {// 1201 bits of 2 / pi
                            0xa2f9836e4e441529ull, 0xfc2757d1f534ddc0ull, 0xdb6295993c439041ull, 0xfe5163abdebbc561ull,
                            0xb7246e3a424dd2e0ull, 0x06492eea09d1921cull, 0xfe1deb1cb129a73eull, 0xe88235f52ebb4484ull,
                            0xe99c7026b45f7e41ull, 0x3991d639835339f4ull, 0x9c845f8bbdf9283bull, 0x1ff897ffde05980full,
                            0xef2f118b5a0a6d1full, 0x6d367ecf27cb09b7ull, 0x4f463f669e5fea2dull, 0x7527bac7ebe5f17bull,
                            0x3d0739f78a5292eaull, 0x6bfb5fb11f8d5d08ull, 0x56033046fc7b0000ull};
  u32 w = shift / 64, o = shift % 64;
  u64 hi = w < 19 ? t[w] : 0, lo = w + 1 < 19 ? t[w + 1] : 0;
  return double((o ? hi << o | lo >> (64 - o) : hi) >> 11);  // the 53 bits of a double
}

template <int W>
static inline u32* temporary(Wave const& w, int row) {
  return w.v + size_t(row) * W;
}

template <int W>
static u64 const all_lanes = W == 64 ? ~0ull : 0xffffffffull;

template <int W>
static inline void expand(u64 m, u32* o) {
  for (int k = 0; k < W; k += 8) to_lanes(m >> k, o + k);
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

// The row of a scalar register.
template <int W>
static inline u32 const* scalar_row(Wave& w, u32 r) {
  u32* const row = temporary<W>(w, int(SCALAR_ROWS + r));
  if (w.rows[r] != w.s[r]) {
    fill<W>(row, w.s[r]);
    w.rows[r] = w.s[r];
  }
  return row;
}
// Returns the lanes of an operand without modifiers: in the registers if it is a VGPR, in a row of a scalar register, or in t.
template <int W>
static inline u32 const* plain(Wave& w, Src const& s, u32* t) {
  switch (s.kind) {
    case S_VGPR: return w.v + size_t(s.reg) * W;
    case S_SGPR:
      if (s.bits == 64) (void)scalar_row<W>(w, s.reg + 1u);
      return scalar_row<W>(w, s.reg);
    case S_CONST: return s.cst;
    case S_NONE: return t;
    case S_SPECIAL: break;
  }
  u64 const v = special<W>(w, s.reg);
  fill<W>(t, u32(v));
  if (s.bits == 64) fill<W>(t + W, u32(v >> 32));
  return t;
}

static inline u32 float_bits(Src const& s) { return s.bits == 16 ? 0x8000u : 0x80000000u; }
// Returns the lanes of source k with DPP, SDWA, op_sel, abs and neg applied. Removes from `on` the lanes that DPP does not write.
template <int W>
static u32 const* operand(Wave& w, Inst const& I, int k, u64 exec, u64& on, u32* t) {
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

// Returns the lanes of source k of VOP3P: op_sel and op_sel_hi choose the low and the high half from the register's halves; neg and neg_hi
// negate them.
template <int W>
static u32 const* packed(Wave& w, Inst const& I, int k, u64 exec, u64& on, u32* t) {
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

// The result of an output modifier. A zero loses its sign.
template <class F>
static inline F scaled(F x, F factor) {
  return x * factor + F(0);
}

// Applies the output modifiers of float results. Hardware ignores the factors in the IEEE mode, and where results may be denormals.
template <int W>
static void output_mods(Wave const& w, Inst const& I, u32* o) {
  bool const scale = I.omod && w.scales[I.dt != 'f'];
  float const mul = I.omod == 1 ? 2.f : I.omod == 2 ? 4.f : 0.5f;
  switch (I.dt) {
    case 'f':
      for (int l = 0; l < W; l++) {
        float x = scale ? scaled(asf(o[l]), mul) : asf(o[l]);
        o[l] = fbits(I.clamp ? clamp01(x) : x);
      }
      break;
    case 'd':
      for (int l = 0; l < W; l++) {
        double const result = asd(u64(o[W + l]) << 32 | o[l]), x = scale ? scaled(result, double(mul)) : result;
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
          float const result = h2f(o[l] & 0xffff), x = scale ? rh(scaled(result, mul)) : result;
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

// Brings the rows of sources that are the same for all lanes up to date.
template <int W>
static inline void broadcast(Wave& w, Inst const& I) {
  for (int k = 0; k < 3; k++)
    if (I.scalars >> k & 1) (void)plain<W>(w, I.s[k], temporary<W>(w, COPIES + 2 * k));
}
// An operation with one or two words of scalar registers.
template <int W>
static void with_scalars(Wave& w, Step const& t) {
  (void)scalar_row<W>(w, t.scalars[0]);
  if (t.scalars[1] != NO_SCALAR) (void)scalar_row<W>(w, t.scalars[1]);
  t.inst->fn(w, t);
}

template <int W>
void masked(Wave& w, Step const& t) {
  u64 const e = exec_mask<W>(w);
  if (!e) return;
  Step s = t;
  s.at[OUT] = u64(RESULT) * W * 4;
  s.inside[OUT] = -1;
  s.unmasked = true;
  t.inst->fn(w, s);
  u32* const d = const_cast<u32*>(row(w, t, OUT));
  u32 const* const r = temporary<W>(w, RESULT);
  u32 const* m = exec_vector<W>(w, e);
  put<W>(d, r, m);
  if (t.inst->dw == 2) put<W>(d + W, r + W, m);
}
template void masked<64>(Wave&, Step const&);
template void masked<32>(Wave&, Step const&);

// Operands without modifiers, of which some are scalars or masks of lanes. Vin: reads a mask. Mask: writes one.
template <int W, bool Vin, bool Mask>
static void simple(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  if (I.scalars) broadcast<W>(w, I);
  if (Vin) w.vin = mask_of<W>(w, I.vin);
  I.fn(w, t);
  if (Mask) set_result_mask<W>(w, I, w.mask & exec_mask<W>(w));  // lanes that are off get 0
}

// Everything else.
template <int W>
static void lanes(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  u64 const e = exec_mask<W>(w);
  u64 on = e;
  Step f = t;
  bool const p3 = I.packed || I.pkf32 || I.mix;
  auto const put_address = [&](int k, u32 const* p) {
    f.at[k] = reinterpret_cast<u64>(p);
    f.inside[k] = 0;
  };
  for (int k = 0; k < 3; k++) {
    u32* const temp = temporary<W>(w, COPIES + 2 * k);
    put_address(k, I.s[k].kind == S_NONE ? temp : p3 ? packed<W>(w, I, k, e, on, temp) : operand<W>(w, I, k, e, on, temp));
  }
  if (I.vin >= 0) w.vin = mask_of<W>(w, I.vin);
  u32* const d = I.d >= 0 ? w.v + size_t(I.d) * W : nullptr;
  if (I.d16 && d && (I.info->flags & F_D0) && I.d_high) {
    u32* const old = temporary<W>(w, PREVIOUS);
    for (int l = 0; l < W; l++) old[l] = d[l] >> 16;
    put_address(OLD, old);
  }
  u32* const out = temporary<W>(w, RESULT);
  put_address(OUT, out);
  f.unmasked = true;
  I.fn(w, f);
  if (d && (I.info->flags & F_D0w)) {
    if (I.clamp && (I.info->flags & F_MASK) && I.dt == 'i') {  // add/subtract with carry: saturates
      u32 const sat = I.name.find("SUB") != std::string::npos ? 0 : ~0u;
      for (int l = 0; l < W; l++)
        if (w.mask >> l & 1) out[l] = sat;
    } else if (I.omod || I.clamp)
      output_mods<W>(w, I, out);
    if (I.sdwa) {
      if (I.d16)
        for (int l = 0; l < W; l++) out[l] &= 0xffff;
      sdwa_write<W>(*I.sdwa, out, d);
    } else if (I.d16) {
      if (I.d_high)
        for (int l = 0; l < W; l++) out[l] = (d[l] & 0xffff) | out[l] << 16;
      else if (I.keep)
        for (int l = 0; l < W; l++) out[l] = (d[l] & 0xffff0000u) | (out[l] & 0xffff);
      else
        for (int l = 0; l < W; l++) out[l] &= 0xffff;
    }
    if (on == all_lanes<W>) {
      put<W>(d, out);
      if (I.dw == 2) put<W>(d + W, out + W);
    } else if (on) {
      alignas(32) u32 x[W];
      u32 const* m = x;
      if (on == e)
        m = exec_vector<W>(w, e);
      else
        expand<W>(on, x);
      put<W>(d, out, m);
      if (I.dw == 2) put<W>(d + W, out + W, m);
    }
  }
  if (I.info->flags & F_MASK && I.md >= 0) set_result_mask<W>(w, I, w.mask & on);
}

// Two operations at once: both read their sources before one writes.
template <int W>
static void dual(Wave& w, Step const& t) {
  u64 const e = exec_mask<W>(w);
  if (!e) return;
  Inst const* const halves[2] = {t.inst, t.inst->second};
  int const results[2] = {RESULT, RESULT2};
  for (int h = 0; h < 2; h++) {
    Inst const& I = *halves[h];
    Step s = I.step;
    s.at[OUT] = u64(results[h]) * W * 4;
    s.inside[OUT] = -1;
    s.unmasked = true;
    broadcast<W>(w, I);
    if (I.vin >= 0) w.vin = mask_of<W>(w, I.vin);
    I.fn(w, s);
  }
  u32 const* m = exec_vector<W>(w, e);
  for (int h = 0; h < 2; h++) put<W>(w.v + size_t(halves[h]->d) * W, temporary<W>(w, results[h]), m);
}

// A scalar instruction with an operand that is computed first.
template <int W>
static void specials(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  for (int k = 0; k < 2; k++)
    if (I.s[k].kind == S_SPECIAL) wr64(w.s + SPECIALS + 2 * k, special<W>(w, I.s[k].reg));
  I.fn(w, t);
}

template <int W>
static void lane_op(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  u64 const e = exec_mask<W>(w);
  u32 *const temp = temporary<W>(w, COPIES), *const out = temporary<W>(w, RESULT);
  auto vec = [&](int k) {
    u32* const copy = temp + 2 * k * W;
    u32 const* p = plain<W>(w, I.s[k], copy);
    if (p != copy) put<W>(copy, p);
    return static_cast<u32 const*>(copy);
  };
  u32* d = w.v + size_t(I.d) * W;
  switch (I.lop) {
    case READLANE: {
      u32 const l = u32(scalar_value<W>(w, I.s[1])) & (W - 1);
      set_sgpr<W>(w, I.d, plain<W>(w, I.s[0], temp)[l]);
      return;
    }
    case READFIRSTLANE: set_sgpr<W>(w, I.d, plain<W>(w, I.s[0], temp)[e ? __builtin_ctzll(e) : 0]); return;
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
      Step f = t;
      f.at[0] = reinterpret_cast<u64>(operand<W>(w, I, 0, e, on, temp));
      f.at[OUT] = u64(RESULT) * W * 4;
      f.inside[0] = 0;
      f.inside[OUT] = -1;
      f.unmasked = true;
      I.fn(w, f);
      if (I.omod || I.clamp) output_mods<W>(w, I, out);
      set_sgpr<W>(w, I.d, I.d16 ? out[0] & 0xffff : out[0]);
      return;
    }
    case ACC_READ:
    case ACC_MOV:
    case ACC_WRITE: {
      u32 const* s = I.lop == ACC_WRITE ? plain<W>(w, I.s[0], temp) : w.acc + size_t(I.s[0].reg) * W;
      u32* to = I.lop == ACC_READ ? d : w.acc + size_t(I.d) * W;
      put<W>(to, s, exec_vector<W>(w, e));
      return;
    }
  }
}

template <int W>
void mov_rel(Wave& w, int dst, Src const& src, int rel, u32 idx) {
  u64 const e = exec_mask<W>(w);
  Src s = src;
  u64 const from = s.kind == S_VGPR ? s.reg + u64{rel & 1 ? idx : 0} : 0, to = u64(dst) + u64{rel & 8 ? idx : 0};
  if (from >= 256 || to >= 256) fail(Err::fault, "indexed VGPR out of range");
  if (s.kind == S_VGPR) s.reg = uint16_t(from);
  put<W>(w.v + to * W, plain<W>(w, s, temporary<W>(w, COPIES)), exec_vector<W>(w, e));
}

template <int W>
static void matrix(Wave& w, Step const& t) {
  if (t.inst->mat->wmma)
    wmma<W>(w, *t.inst);
  else
    mfma<W>(w, *t.inst);
}

// Doubles keep their denormals, also if the kernel flushes those of floats.
static void doubles(Wave& w, Step const& t) {
  if (!w.flush) return t.inst->body(w, t);
  unsigned const m = _mm_getcsr();
  _mm_setcsr(m & ~0x8040u);
  t.inst->body(w, t);
  _mm_setcsr(m);
}

// Whether the operands are rows as they are, and the result is written as the operation returns it.
static bool is_simple(Inst const& I) {
  if (I.dpp || I.sdwa || I.omod || I.clamp || I.d16 || I.mix) return false;
  bool const p3 = I.packed || I.pkf32;
  if (p3 && (I.opsel || I.neg || I.neg_hi)) return false;
  for (int k = 0; k < 3; k++) {
    Src const& s = I.s[k];
    bool const pair = I.pkf32 || strchr("HWX", s.type);
    if (!s.plain() || (p3 && pair && s.kind != S_NONE && !(I.opsel_hi >> k & 1))) return false;
  }
  return true;
}

template <int W>
static void bind_scalar(Inst& I) {
  OpInfo const& o = *I.info;
  Step& t = I.step;
  if (o.enc == E_SOPK) {
    I.s[1].kind = I.s[0].kind = S_CONST;
    I.s[1].value = I.s[0].value = u64(i64(int16_t(I.simm)));
    if (o.simm) {
      I.s[0].kind = S_SGPR;
      I.s[0].reg = u16(I.d);
    }
  }
  bool special = false;
  for (int k = 0; k < 2; k++) {
    Src& s = I.s[k];
    bool const scc = s.kind == S_SPECIAL && s.reg == SCC;
    special |= s.kind == S_SPECIAL && !scc;
    t.inside[k] = s.kind == S_SGPR || s.kind == S_SPECIAL ? -1 : 0;
    t.at[k] = scc                   ? SCC * 4
              : s.kind == S_SGPR    ? s.reg * 4u
              : s.kind == S_SPECIAL ? (SPECIALS + 2u * k) * 4
                                    : reinterpret_cast<u64>(&s.value);
  }
  static u64 const zero = 0;
  bool const null = W == 32 && I.d == 124;
  t.inside[OLD] = null ? 0 : -1;
  t.at[OLD] = null ? reinterpret_cast<u64>(&zero) : I.d * 4u;
  t.at[OUT] = null || I.d < 0 ? NO_SGPR * 4 : I.d * 4u;
  t.run = special ? specials<W> : I.fn;
}

template <int W>
static void bind_vector(Inst& I) {
  Step& t = I.step;
  int scalars = 0;
  t.scalars[0] = t.scalars[1] = NO_SCALAR;
  for (int k = 0; k < 3; k++) {
    Src const& s = I.s[k];
    t.inside[k] = s.kind == S_CONST ? 0 : -1;
    t.at[k] = s.kind == S_CONST  ? reinterpret_cast<u64>(s.cst)
              : s.kind == S_VGPR ? u64(s.reg) * W * 4
              : s.kind == S_SGPR ? u64(SCALAR_ROWS + s.reg) * W * 4
                                 : u64(COPIES + 2 * k) * W * 4;
    if (s.kind != S_SGPR && s.kind != S_SPECIAL) continue;
    I.scalars |= 1 << k;
    for (int q = 0; q < (s.bits == 64 ? 2 : 1); q++, scalars++)
      if (scalars < 2) t.scalars[scalars] = u8(s.reg + q);
    if (s.kind == S_SPECIAL) scalars = 3;
  }
  t.inside[OLD] = t.inside[OUT] = -1;
  t.at[OLD] = t.at[OUT] = u64(I.d >= 0 ? I.d : RESULT) * W * 4;
  bool const mask = (I.info->flags & F_MASK) && I.md >= 0;
  if (!is_simple(I))
    t.run = lanes<W>;
  else if (I.vin >= 0)
    t.run = mask ? simple<W, true, true> : simple<W, true, false>;
  else if (mask)
    t.run = simple<W, false, true>;
  else
    t.run = scalars > 2 ? simple<W, false, false> : scalars ? with_scalars<W> : I.fn;
}

template <int W>
void bind(Inst& I) {
  I.step.inst = &I;
  switch (I.kind) {
    case FAST:
    case LANE:
    case VOPD: bind_vector<W>(I); break;
    case SCALAR: bind_scalar<W>(I); break;
    case LANEOP: I.step.run = lane_op<W>; break;
    case MATRIX:
      I.step.run = matrix<W>;
      place_elements(*I.mat);
      break;
    default: break;
  }
  if (I.kind == VOPD) {
    for (Src const& s : I.second->s) I.in_turn = I.in_turn && !(s.kind == S_VGPR && s.reg == I.d);
    if (!I.in_turn) I.step.run = dual<W>;
  }
  if (I.kind <= MATRIX && I.f64) {
    I.body = I.step.run;
    I.step.run = doubles;
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
