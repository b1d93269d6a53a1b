// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Decodes machine code to Inst. generate.py writes the tables of opcodes; the layouts of the encodings are here.
#include <sys/mman.h>
#include <cstring>
#include <map>
#include <mutex>
#include "isa.hpp"

namespace emu {
extern OpInfo const ops_cdna[], ops_gfx90a[], ops_rdna3[], ops_rdna4[];
extern size_t const ops_gfx90a_n, ops_cdna_n, ops_rdna3_n, ops_rdna4_n;
extern MemInfo const mems_cdna[], mems_rdna3[], mems_rdna4[];
extern size_t const mems_cdna_n, mems_rdna3_n, mems_rdna4_n;

Isa::Isa(std::string const& g) : gfx(g) {
  std::string f = family(g);
  fam = f == "cdna" ? Family::cdna : f == "rdna3" ? Family::rdna3 : Family::rdna4;
  wave = wave_size(g);
  fnuz = g == "gfx940" || g == "gfx941" || g == "gfx942";
  OpInfo const* o = fam == Family::cdna ? ops_cdna : fam == Family::rdna3 ? ops_rdna3 : ops_rdna4;
  size_t const no = fam == Family::cdna ? ops_cdna_n : fam == Family::rdna3 ? ops_rdna3_n : ops_rdna4_n;
  for (size_t i = 0; i < no; i++) {
    auto& t = ops[o[i].enc];
    if (t.size() <= o[i].code) t.resize(o[i].code + 1);
    t[o[i].code] = &o[i];
  }
  if (g == "gfx90a")
    for (size_t i = 0; i < ops_gfx90a_n; i++) ops[ops_gfx90a[i].enc][ops_gfx90a[i].code] = &ops_gfx90a[i];
  MemInfo const* m = fam == Family::cdna ? mems_cdna : fam == Family::rdna3 ? mems_rdna3 : mems_rdna4;
  size_t const nm = fam == Family::cdna ? mems_cdna_n : fam == Family::rdna3 ? mems_rdna3_n : mems_rdna4_n;
  for (size_t i = 0; i < nm; i++) {
    auto& t = mems[m[i].enc];
    if (t.size() <= m[i].code) t.resize(m[i].code + 1);
    t[m[i].code] = &m[i];
  }
}

// ------------------------------------------------------------------------------------------------ operands
// A constant as one word per lane, then the high words. Constants are shared and never freed.
static uint32_t const* constant(uint64_t v, uint32_t lanes) {
  static std::map<std::pair<uint64_t, uint32_t>, uint32_t*> m;
  static std::mutex mx;
  std::lock_guard<std::mutex> l(mx);
  uint32_t*& p = m[{v, lanes}];
  if (!p) {
    p = static_cast<uint32_t*>(aligned_alloc(64, 2 * lanes * 4));
    for (uint32_t i = 0; i < lanes; i++) {
      p[i] = uint32_t(v);
      p[lanes + i] = uint32_t(v >> 32);
    }
  }
  return p;
}

static uint64_t inline_float(int c, char type, unsigned bits) {
  static float const f[9] = {0.5f, -0.5f, 1, -1, 2, -2, 4, -4, 0.15915494309189535f};
  float const v = f[c - 240];
  if (type == 'h' || type == 'H') return c == 248 ? 0x3118 : pcode::f2h(v);
  if (type == 'x' || type == 'X') return pcode::f2bf(v);
  if (type == 'P') return uint64_t(pcode::fbits(v)) << 32 | pcode::fbits(v);
  if (bits == 64) return c == 248 ? 0x3fc45f306dc9c882ull : pcode::dbits(v);
  return pcode::fbits(v);  // 16-bit integers too: the low half of the single-precision value
}

struct Bits {  // the instruction's code words
  uint32_t w[4] = {};
  uint32_t get(int hi, int lo) const {
    uint64_t v = uint64_t(w[(lo / 32 + 1) & 3]) << 32 | w[lo / 32];
    return uint32_t(v >> (lo & 31) & ((1ull << (hi - lo + 1)) - 1));
  }
};
static int sext(uint32_t v, int bits) { return int32_t(v << (32 - bits)) >> (32 - bits); }

struct Decoder {
  Isa const& isa;
  Bits b;
  Inst* I;
  bool cdna;
  int lit_at;  // lit_at: word index of a literal
  uint32_t lit() const { return b.w[lit_at]; }

  Src operand(int c, char type, unsigned bits, bool vop12 = false) {
    Src s;
    s.type = type;
    s.bits = bits;
    if (c >= 256) {
      s.kind = S_VGPR;
      s.reg = c - 256;
      if (vop12 && !cdna && bits == 16 && s.reg >= 128) {
        s.reg -= 128;
        s.hi = true;
      }
      return s;
    }
    auto cst = [&](uint64_t v) {
      s.kind = S_CONST;
      s.value = v;
      s.cst = constant(v, isa.wave);
      s.reg = c;
    };
    if (c < 128) {
      if (!cdna && c == 124) {
        cst(0);
        return s;
      }
      s.kind = S_SGPR;
      s.reg = c;
      return s;
    }
    if (c <= 208) {
      int64_t n = c <= 192 ? c - 128 : -(c - 192);
      cst(type == 'P' ? uint64_t(uint32_t(n)) << 32 | uint32_t(n) : bits == 64 ? uint64_t(n) : uint64_t(uint32_t(n)));
      return s;
    }
    if (c >= 240 && c <= 248) {
      cst(inline_float(c, type, bits));
      return s;
    }
    if (c == 255) {
      I->size = std::max<int>(I->size, lit_at * 4 + 4);
      uint64_t v = lit();
      if (bits == 64) v = type == 'd' ? v << 32 : type == 's' ? uint64_t(int64_t(int32_t(v))) : type == 'P' ? v << 32 | v : v;
      cst(v);
      return s;
    }
    s.kind = S_SPECIAL;
    s.reg = c;
    return s;
  }

  void bad(std::string const& why) {
    I->kind = BAD;
    I->name += " (" + why + ")";
  }

  static Dpp* new_dpp(int W) {
    auto* d = new Dpp;
    d->enabled = d->valid = W == 64 ? ~0ull : 0xffffffffull;
    d->bound0 = d->fi = false;
    for (int i = 0; i < 64; i++) d->src[i] = i;
    return d;
  }

  // DPP16: word x = [7:0] register, [16:8] control, [18] fetch inactive, [19] bound_ctrl, [23:20] abs/neg, [27:24] bank mask, [31:28] row
  // mask
  Dpp* dpp16(uint32_t x) {
    int const W = isa.wave, ctrl = x >> 8 & 0x1ff, n = ctrl & 15;
    auto* d = new_dpp(W);
    d->fi = !cdna && (x >> 18 & 1);
    d->bound0 = x >> 19 & 1;
    uint64_t en = 0, ok = 0;
    for (int l = 0; l < W; l++) {
      int const row = l & ~15, p = l & 15;
      if ((x >> 28 >> (l / 16) & 1) && (x >> 24 >> (p / 4) & 1)) en |= 1ull << l;
      int s = l;
      bool v = true;
      if (ctrl < 0x100)
        s = (l & ~3) | (ctrl >> (2 * (l & 3)) & 3);  // quad_perm
      else if (ctrl > 0x100 && ctrl < 0x110) {
        s = l + n;
        v = p + n < 16;
      }  // row_shl
      else if (ctrl > 0x110 && ctrl < 0x120) {
        s = l - n;
        v = p >= n;
      }  // row_shr
      else if (ctrl > 0x120 && ctrl < 0x130)
        s = row | ((p - n) & 15);  // row_ror
      else if (ctrl == 0x140)
        s = row | (15 - p);  // row_mirror
      else if (ctrl == 0x141)
        s = row | (p ^ 7);  // row_half_mirror
      else if (cdna && ctrl == 0x130) {
        s = l + 1;
        v = l + 1 < W;
      }  // wave_shl:1
      else if (cdna && ctrl == 0x134)
        s = (l + 1) % W;  // wave_rol:1
      else if (cdna && ctrl == 0x138) {
        s = l - 1;
        v = l >= 1;
      }  // wave_shr:1
      else if (cdna && ctrl == 0x13c)
        s = (l + W - 1) % W;  // wave_ror:1
      else if (cdna && ctrl == 0x142) {
        s = row - 1;
        v = l >= 16;
      }  // row_bcast:15: the last lane of a row to the next row
      else if (cdna && ctrl == 0x143) {
        s = 31;
        v = l >= 32;
      }  // row_bcast:31
      else if (ctrl >= 0x150 && ctrl < 0x160)
        s = row | n;  // row_share, row_newbcast
      else if (!cdna && ctrl >= 0x160 && ctrl < 0x170)
        s = row | (p ^ n);  // row_xmask
      else {
        delete d;
        return nullptr;
      }
      d->src[l] = v ? s : l;
      if (v) ok |= 1ull << l;
    }
    d->enabled = en;
    d->valid = ok;
    return d;
  }
  Dpp* dpp8(uint32_t x, bool fi) {  // [7:0] register, then eight 3-bit lane numbers
    auto* d = new_dpp(isa.wave);
    for (unsigned l = 0; l < isa.wave; l++) d->src[l] = (l & ~7) | (x >> (8 + 3 * (l & 7)) & 7);
    d->fi = fi;
    d->bound0 = true;
    return d;
  }

  // ---------------------------------------------------------------------------------------------- vector instructions
  // Derives the rest from the table's entry once the operands are known.
  void finish() {
    OpInfo const& o = *I->info;
    std::string const n = I->name;
    I->dt = o.types[3];
    if (n == "V_SAT_PK_U8_I16") I->dt = 'w';
    I->dw = o.bits[3] > 32 && I->dt != 'm' ? 2 : 1;
    I->d16 = strchr("hwx", I->dt) != nullptr && I->dt && !I->mix;
    I->f64 = strchr(o.types, 'd') != nullptr;
    I->fn = o.fn;
    if (I->clamp && o.clamp) {
      I->fn = o.clamp;
      I->clamp = false;
    }
    bool simple = !I->dpp && !I->sdwa && !I->omod && !I->clamp && !I->d16 && I->md < 0 && I->vin < 0 && !I->packed && !I->pkf32 &&
                  !I->mix && !(o.flags & F_MASK);
    for (auto& s : I->s) simple = simple && s.plain() && s.kind != S_SPECIAL;
    if (!I->fn) {
      bad("no operation for it");
      return;
    }
    I->kind = simple ? FAST : LANE;
  }

  void vop12(Enc enc) {  // VOP1, VOP2 and VOPC, with literal, DPP or SDWA
    OpInfo const& o = *I->info;
    int c0 = b.get(8, 0);
    bool const two = enc != E_VOP1;
    int const c1 = b.get(16, 9);
    I->size = 4;
    lit_at = 1;
    auto bits = [&](int i) { return o.bits[i] ? o.bits[i] : 32; };
    Dpp* dpp = nullptr;
    if (c0 == 250) {
      uint32_t x = b.w[1];
      I->size = 8;
      if (!(dpp = dpp16(x))) return bad("DPP control " + std::to_string(x >> 8 & 0x1ff));
      c0 = 256 + (x & 255);
    } else if (!cdna && (c0 == 233 || c0 == 234)) {
      I->size = 8;
      dpp = dpp8(b.w[1], c0 == 234);
      c0 = 256 + (b.w[1] & 255);
    } else if (cdna && c0 == 249) {
      uint32_t x = b.w[1];
      I->size = 8;
      auto* s = I->sdwa = new Sdwa{};
      s->sel[0] = x >> 16 & 7;
      s->sext[0] = x >> 19 & 1;
      s->sel[1] = x >> 24 & 7;
      s->sext[1] = x >> 27 & 1;
      s->dst = 6;
      s->unused = 0;
      if (enc != E_VOPC) {
        s->dst = x >> 8 & 7;
        s->unused = x >> 11 & 3;
        I->clamp = x >> 13 & 1;
        I->omod = x >> 14 & 3;
      }
      c0 = (x & 255) + ((x >> 23 & 1) ? 0 : 256);
      I->s[0] = operand(c0, o.types[0], bits(0));
      I->s[0].neg = x >> 20 & 1;
      I->s[0].abs = x >> 21 & 1;
      if (two) {
        I->s[1] = operand((x >> 31 & 1) ? c1 : 256 + c1, o.types[1], bits(1));
        I->s[1].neg = x >> 28 & 1;
        I->s[1].abs = x >> 29 & 1;
      }
      if (enc == E_VOPC && (x >> 15 & 1)) I->md = x >> 8 & 127;
    }
    if (!I->sdwa) {
      I->s[0] = operand(c0, o.types[0], bits(0), true);
      if (two) I->s[1] = operand(256 + c1, o.types[1], bits(1), true);
    }
    if (!cdna && I->name == "V_PK_FMAC_F16" && I->s[0].kind == S_CONST && c0 != 255) {
      uint64_t const v = I->s[0].cst[0] & 0xffff;
      I->s[0].value = v << 16 | v;
      I->s[0].cst = constant(v << 16 | v, isa.wave);
    }  // both halves from gfx11 on
    if (dpp) {
      I->dpp = dpp;
      if (b.get(8, 0) == 250) {
        uint32_t x = b.w[1];
        I->s[0].neg = x >> 20 & 1;
        I->s[0].abs = x >> 21 & 1;
        if (two) {
          I->s[1].neg = x >> 22 & 1;
          I->s[1].abs = x >> 23 & 1;
        }
      }
    }
    if (o.flags & F_K) {
      I->simm = b.w[1];
      I->size = 8;
    }
    I->d = b.get(24, 17);
    bool const half = strchr("hwx", o.types[3]) && o.types[3];
    if (!cdna && half && I->d >= 128 && enc != E_VOPC) {
      I->d -= 128;
      I->d_high = true;
    }
    I->keep = !cdna;
    if (o.flags & F_VIN) I->vin = VCC;
    if (enc == E_VOPC) {
      if (I->md < 0) I->md = I->cmpx && !cdna ? EXEC : VCC;
    } else if (o.flags & F_MASK)
      I->md = VCC;
    finish();
    if (enc == E_VOPC && I->kind != BAD) {
      I->kind = LANE;
      I->d = -1;
    }
  }

  // Returns the code of the first source in an encoding of 64 bits. On RDNA it can announce DPP.
  int src0_code() {
    int c0 = b.get(40, 32);
    lit_at = 2;
    I->size = 8;
    if (!cdna && c0 == 250) {
      uint32_t x = b.w[2];
      I->size = 12;
      I->dpp = dpp16(x);
      if (!I->dpp) return -1;
      return 256 + (x & 255);
    }
    if (!cdna && (c0 == 233 || c0 == 234)) {
      I->size = 12;
      I->dpp = dpp8(b.w[2], c0 == 234);
      return 256 + (b.w[2] & 255);
    }
    return c0;
  }

  void vop3(bool sd) {
    OpInfo const& o = *I->info;
    std::string const& n = I->name;
    int const c[3] = {src0_code(), int(b.get(49, 41)), int(b.get(58, 50))};
    if (c[0] < 0) return bad("DPP control");
    uint32_t const abs = sd ? 0 : b.get(10, 8), neg = b.get(63, 61), opsel = sd ? 0 : b.get(14, 11);
    I->omod = b.get(60, 59);
    I->clamp = b.get(15, 15);
    I->opsel = opsel;
    bool const bitop = n.find("BITOP3") != std::string::npos;
    if (bitop) {
      I->ttbl = I->omod << 6 | abs << 3 | neg;
      I->omod = 0;
    }
    bool const cmp = n.rfind("V_CMP", 0) == 0, cnd = n.rfind("V_CNDMASK", 0) == 0;
    for (int i = 0; i < 3; i++) {
      if (!o.bits[i] && !(i < 2 && cnd)) continue;
      if (o.types[i] == 'm') {
        I->vin = c[i];
        continue;
      }
      Src& s = I->s[i] = operand(c[i], o.types[i], o.bits[i] ? o.bits[i] : 32);
      if (!bitop) {
        s.abs = abs >> i & 1;
        s.neg = neg >> i & 1;
      }
      if (strchr("hwx", s.type)) s.hi = opsel >> i & 1;
    }
    I->d = b.get(7, 0);
    if (cmp) {
      I->md = I->cmpx && !cdna ? EXEC : I->d;
      I->d = -1;
    } else if (sd)
      I->md = b.get(14, 8);
    if ((o.flags & F_VIN) && I->vin < 0) I->vin = sd || cnd ? c[2] : VCC;
    bool const half = strchr("hwx", o.types[3]) && o.types[3];
    I->d_high = half && (opsel & 8);
    // gfx9: operations of 16 bits clear the upper half if VOP1 or VOP2 has them too; the others keep it.
    bool old = false;
    if (cdna)
      for (Enc e : {E_VOP1, E_VOP2})
        for (auto* x : isa.ops[e]) old = old || (x && n == x->name);
    I->keep = !cdna || (!old && n.find("LEGACY") == std::string::npos);
    if (cdna && I->d_high) I->keep = true;
    finish();
    if (n.rfind("V_S_", 0) == 0 && I->kind != BAD) {
      I->kind = LANEOP;
      I->lop = TO_SGPR;
    }
    if (cmp && I->kind != BAD) I->kind = LANE;
    if (!cmp && sd && I->kind != BAD) I->kind = LANE;
  }

  void vop3p() {
    OpInfo const& o = *I->info;
    std::string const& n = I->name;
    int const c[3] = {src0_code(), int(b.get(49, 41)), int(b.get(58, 50))};
    if (c[0] < 0) return bad("DPP control");
    I->opsel = b.get(13, 11);
    I->opsel_hi = b.get(60, 59) | b.get(14, 14) << 2;
    I->neg = b.get(63, 61);
    I->neg_hi = b.get(10, 8);
    I->clamp = b.get(15, 15);
    I->d = b.get(7, 0);
    I->mix = n.find("_MIX") != std::string::npos;
    bool const mov = n == "V_PK_MOV_B32";
    for (int i = 0; i < 3; i++)
      if (o.bits[i]) I->s[i] = operand(c[i], o.types[i], o.bits[i]);
    I->pkf32 = !mov && o.types[0] == 'P';
    I->packed = !mov && !I->pkf32 && !I->mix;
    I->keep = true;
    finish();
    if (mov && I->kind != BAD) I->kind = LANE;
  }

  void vopd() {
    auto& t = isa.ops[E_VOPD];
    unsigned const ox = b.get(25, 22), oy = b.get(21, 17);
    OpInfo const* x = ox < t.size() ? t[ox] : nullptr;
    OpInfo const* y = oy < t.size() ? t[oy] : nullptr;
    I->size = 8;
    lit_at = 2;
    if (!x || !y) {
      I->name = "VOPD";
      return bad("unknown opcode");
    }
    I->name = std::string(x->name) + "_" + y->name;
    auto* J = new Inst;
    J->name = I->name;
    auto half = [&](Inst* D, OpInfo const* o, int c0, int c1, int d) {
      D->info = o;
      D->fn = o->fn;
      D->d = d;
      D->dt = 'i';
      D->kind = FAST;
      D->s[0] = operand(c0, 'f', 32);
      if (strcmp(o->name, "V_DUAL_MOV_B32")) D->s[1] = operand(256 + c1, 'f', 32);
      if (o->flags & F_K) {
        D->simm = lit();
        I->size = 12;
      }
      if (o->flags & F_VIN) D->vin = VCC;
      if (!D->fn) bad("no operation for it");
    };
    I->kind = VOPD;
    int const dx = b.get(63, 56), dy = b.get(55, 49) << 1 | (~dx & 1);
    half(J, y, b.get(40, 32), b.get(48, 41), dy);
    half(I, x, b.get(8, 0), b.get(16, 9), dx);
    if (I->kind == BAD) return;
    I->kind = VOPD;
    I->second = J;
    J->size = I->size;
  }

  // ---------------------------------------------------------------------------------------------- lanes and matrices
  bool lane_op(Enc enc) {
    static std::map<std::string, LaneOp> const L = {{"V_READLANE_B32", READLANE},
                                                    {"V_READFIRSTLANE_B32", READFIRSTLANE},
                                                    {"V_WRITELANE_B32", WRITELANE},
                                                    {"V_PERMLANE16_B32", PERMLANE16},
                                                    {"V_PERMLANEX16_B32", PERMLANEX16},
                                                    {"V_PERMLANE16_VAR_B32", PERMLANE16_VAR},
                                                    {"V_PERMLANEX16_VAR_B32", PERMLANEX16_VAR},
                                                    {"V_PERMLANE64_B32", PERMLANE64},
                                                    {"V_PERMLANE16_SWAP_B32", PERMLANE16_SWAP},
                                                    {"V_PERMLANE32_SWAP_B32", PERMLANE32_SWAP},
                                                    {"V_SWAP_B32", SWAP_B32},
                                                    {"V_SWAP_B16", SWAP_B16},
                                                    {"V_ACCVGPR_READ", ACC_READ},
                                                    {"V_ACCVGPR_WRITE", ACC_WRITE},
                                                    {"V_ACCVGPR_MOV_B32", ACC_MOV}};
    auto it = L.find(I->name);
    if (it == L.end()) return false;
    I->lop = it->second;
    I->kind = LANEOP;
    bool const wide = enc == E_VOP3 || enc == E_VOP3P;
    I->size = wide ? 8 : 4;
    lit_at = wide ? 2 : 1;
    int c0 = wide ? b.get(40, 32) : b.get(8, 0);
    if (I->lop == SWAP_B16) {
      I->s[0] = operand(c0, 'w', 16, true);
      I->d = b.get(24, 17);
      if (I->d >= 128) {
        I->d -= 128;
        I->d_high = true;
      }
      return true;
    }
    I->s[0] = operand(c0, 'i', 32);
    if (wide) {
      I->s[1] = operand(b.get(49, 41), 'i', 32);
      I->s[2] = operand(b.get(58, 50), 'i', 32);
      I->opsel = b.get(14, 11);
      I->d = b.get(7, 0);
    } else
      I->d = b.get(24, 17);
    return true;
  }

  // V_MFMA_<out>_<M>X<N>X<K>[_<blocks>B]_<in>, V_SMFMAC_..., V_WMMA_<out>_16X16X<K>_<in>, V_SWMMAC_...
  void matrix() {
    std::string const n = I->name;
    auto* m = I->mat = new Matrix{};
    m->wmma = n.find("WMM") != std::string::npos;
    m->sparse = n.find("SMFMAC") != std::string::npos || n.find("SWMMAC") != std::string::npos;
    m->gfx12 = isa.fam == Family::rdna4;
    std::vector<std::string> p;
    size_t at = 0;
    while (at <= n.size()) {
      size_t e = n.find('_', at);
      if (e == std::string::npos) e = n.size();
      p.push_back(n.substr(at, e - at));
      at = e + 1;
    }
    m->blocks = 1;
    if (p.size() < 5 || sscanf(p[3].c_str(), "%dX%dX%d", &m->m, &m->n, &m->k) != 3) return bad("matrix shape");
    size_t i = 4;
    if (p[i].back() == 'B' && isdigit(p[i][0])) m->blocks = atoi(p[i++].c_str());
    if (i >= p.size()) return bad("matrix type");
    auto ty = [](std::string const& s) {
      return s == "F32"                ? 'f'
             : s == "F64"              ? 'd'
             : s == "F16"              ? 'h'
             : s == "BF16"             ? 'b'
             : s == "I8" || s == "IU8" ? 'i'
             : s == "IU4"              ? '4'
             : s == "FP8"              ? '8'
             : s == "BF8"              ? '5'
             : s == "I32"              ? 's'
             : s == "XF32"             ? 'X'
                                       : '?';
    };
    m->c = ty(p[2]);
    m->a = ty(p[i]);
    m->b = i + 1 < p.size() ? ty(p[i + 1]) : m->a;
    m->flush = isa.gfx == "gfx90a" && (m->a == 'h' || m->a == 'b');
    if (!m->wmma) {  // the name does not always say the number of blocks; the size of the registers does
      int const in = m->a == 'f' || m->a == 'X' ? 32 : m->a == 'd' ? 64 : m->a == 'h' || m->a == 'b' ? 16 : 8;
      int const regs = m->a == 'X' ? 2 : I->info->bits[0] / 32;  // per lane of A
      m->blocks = m->sparse ? 1 : regs * 32 / in * 64 / (m->m * m->k);
      if (m->blocks < 1) m->blocks = 1;
    }
    I->size = 8;
    lit_at = 2;
    for (int k = 0; k < 3; k++)
      I->s[k] = operand(k == 0   ? b.get(40, 32)
                        : k == 1 ? b.get(49, 41)
                                 : b.get(58, 50),
                        m->c == 'd'   ? 'd'
                        : m->c == 's' ? 'i'
                                      : 'f',
                        m->c == 'd' ? 64 : 32);
    I->d = b.get(7, 0);
    if (m->wmma) {
      m->neg = b.get(63, 61);
      m->neg_hi = b.get(10, 8);
      m->clamp = b.get(15, 15);
      m->opsel_hi = b.get(13, 11);
    } else {
      m->cbsz = b.get(10, 8);
      m->abid = b.get(14, 11);
      m->acc_c = b.get(15, 15);
      m->acc_a = b.get(59, 59);
      m->acc_b = b.get(60, 60);
      m->blgp = b.get(63, 61);
    }
    if (m->a == '?' || m->b == '?' || m->c == '?') return bad("matrix type");
    if (n.find("F8F6F4") != std::string::npos) return bad("matrix type");
    I->kind = MATRIX;
  }

  // ---------------------------------------------------------------------------------------------- scalar and control
  void scalar(Enc enc) {
    OpInfo const& o = *I->info;
    I->size = 4;
    lit_at = 1;
    I->fn = o.scal;
    I->kind = SCALAR;
    I->d = -1;
    auto bits = [&](int i) { return o.bits[i] ? o.bits[i] : 32; };
    if (enc != E_SOPK && enc != E_SOPP) {
      if (enc != E_SOP1 || o.bits[0]) I->s[0] = operand(b.get(7, 0), o.types[0], bits(0));
      if (enc != E_SOP1) I->s[1] = operand(b.get(15, 8), o.types[1], bits(1));
    }
    I->simm = b.get(15, 0);
    if (o.flags & F_K) {
      I->simm = b.w[1];
      I->size = 8;
    }
    if (enc == E_SOP1 || enc == E_SOP2 || enc == E_SOPK) {
      I->d = b.get(22, 16);
      I->dw = o.bits[3] == 64 ? 2 : 1;
    }
    if (!(o.flags & F_D0w)) {
      if (enc != E_SOPK) I->d = -1;
    }
    if (!I->fn) bad("no operation for it");
  }

  // S_WAITCNT and its like. Their limits are the highest values that the counters may have.
  void wait(std::string const& n, int simm, int sgpr) {
    auto& l = I->limit;
    auto below_most = [](unsigned v, unsigned most) { return uint8_t(v >= most ? 255 : v); };  // the highest value does not wait
    if (n == "S_WAITCNT" && cdna) {
      l[LOAD_COUNT] = l[STORE_COUNT] = below_most(b.get(3, 0) | b.get(15, 14) << 4, 63);
      l[LDS_COUNT] = l[SCALAR_COUNT] = below_most(b.get(11, 8), 15);
    } else if (n == "S_WAITCNT") {
      l[LOAD_COUNT] = below_most(b.get(15, 10), 63);
      l[LDS_COUNT] = l[SCALAR_COUNT] = below_most(b.get(9, 4), 63);
    } else if (n == "S_WAIT_IDLE")
      l[LOAD_COUNT] = l[STORE_COUNT] = l[LDS_COUNT] = l[SCALAR_COUNT] = 0;
    else if (n == "S_WAIT_LOADCNT_DSCNT" || n == "S_WAIT_STORECNT_DSCNT") {
      l[n == "S_WAIT_LOADCNT_DSCNT" ? LOAD_COUNT : STORE_COUNT] = below_most(simm >> 8 & 63, 63);
      l[LDS_COUNT] = below_most(simm & 63, 63);
    } else {
      static std::map<std::string, Counter> const names = {{"S_WAIT_LOADCNT", LOAD_COUNT},   {"S_WAIT_STORECNT", STORE_COUNT},
                                                           {"S_WAIT_DSCNT", LDS_COUNT},      {"S_WAIT_KMCNT", SCALAR_COUNT},
                                                           {"S_WAITCNT_VSCNT", STORE_COUNT}, {"S_WAITCNT_VMCNT", LOAD_COUNT},
                                                           {"S_WAITCNT_LGKMCNT", LDS_COUNT}};
      auto const it = names.find(n);
      if (it == names.end() || (n.rfind("S_WAITCNT", 0) == 0 && sgpr != 124)) {  // other counters; limits in a register are not read
        I->kind = NOP;
        return;
      }
      l[it->second] = below_most(simm & 63, 63);
      if (n == "S_WAITCNT_LGKMCNT") l[SCALAR_COUNT] = l[LDS_COUNT];
    }
    I->kind = WAIT;
  }

  bool control(Enc enc) {
    std::string const& n = I->name;
    auto is = [&](char const* p) { return n.rfind(p, 0) == 0; };
    int const simm = b.get(15, 0), d = b.get(22, 16), s0 = b.get(7, 0);
    static char const* nops[] = {"S_NOP",
                                 "S_CLAUSE",
                                 "S_DELAY_ALU",
                                 "S_SETPRIO",
                                 "S_SET_INST_PREFETCH_DISTANCE",
                                 "S_WAKEUP",
                                 "S_ICACHE_INV",
                                 "S_INCPERFLEVEL",
                                 "S_DECPERFLEVEL",
                                 "S_TTRACEDATA",
                                 "S_TTRACEDATA_IMM",
                                 "S_ROUND_MODE",
                                 "S_SENDMSG",
                                 "S_BARRIER_SIGNAL",
                                 "S_BARRIER_LEAVE",
                                 "S_DENORM_MODE",
                                 "V_NOP",
                                 "V_PIPEFLUSH",
                                 "V_CLREXCP",
                                 "S_VERSION",
                                 "S_SLEEP_VAR"};
    I->size = 4;
    for (auto* x : nops)
      if (n == x) {
        I->kind = NOP;
        if (n == "V_NOP" && enc == E_VOP3) I->size = 8;
        return true;
      }
    if (is("S_WAIT")) {
      wait(n, simm, d);
      return true;
    }
    if (is("S_SETREG")) {
      I->kind = NOP;
      if (n == "S_SETREG_IMM32_B32") I->size = 8;
      return true;
    }  // the modes for floats stay those that the kernel begins with
    if (n == "S_SLEEP") {
      I->kind = SLEEP;
      return true;
    }
    if (n == "S_ENDPGM" || n == "S_ENDPGM_SAVED") {
      I->kind = END;
      return true;
    }
    if (n == "S_BARRIER" || n == "S_BARRIER_WAIT") {
      I->kind = BARRIER;
      return true;
    }
    if (n == "S_TRAP" || n == "S_SETHALT" || n == "S_CODE_END") {
      I->kind = TRAP;
      return true;
    }
    static std::map<std::string, Cond> const B = {{"S_BRANCH", ALWAYS},        {"S_CBRANCH_SCC0", SCC0},   {"S_CBRANCH_SCC1", SCC1},
                                                  {"S_CBRANCH_VCCZ", VCCZ},    {"S_CBRANCH_VCCNZ", VCCNZ}, {"S_CBRANCH_EXECZ", EXECZ},
                                                  {"S_CBRANCH_EXECNZ", EXECNZ}};
    auto it = B.find(n);
    if (it != B.end()) {
      I->kind = BR;
      I->c = it->second;
      I->off = sext(simm, 16) * 4;
      return true;
    }
    if (is("S_GETREG")) {
      I->kind = GETREG;
      I->d = d;
      I->imm = simm;
      return true;
    }
    if (is("S_SENDMSG_RTN")) {
      I->kind = n.back() == '4' ? TIME : ZERO;
      I->d = d;
      return true;
    }
    if (n == "S_GETPC_B64") {
      I->kind = PCOP;
      I->d = d;
      I->v = -1;
      return true;
    }
    if (n == "S_SETPC_B64") {
      I->kind = PCOP;
      I->d = -1;
      I->v = s0;
      return true;
    }
    if (n == "S_SWAPPC_B64") {
      I->kind = PCOP;
      I->d = d;
      I->v = s0;
      return true;
    }
    if (n == "S_CALL_B64") {
      I->kind = CALL;
      I->d = d;
      I->off = sext(simm, 16) * 4;
      return true;
    }
    if (n == "V_MOVRELS_B32" || n == "V_MOVRELD_B32" || n == "V_MOVRELSD_B32") {
      bool const wide = enc == E_VOP3;
      I->kind = MOVREL;
      I->size = wide ? 8 : 4;
      lit_at = wide ? 2 : 1;
      I->s[0] = operand(wide ? b.get(40, 32) : b.get(8, 0), 'i', 32);
      I->d = wide ? b.get(7, 0) : b.get(24, 17);
      I->w = n == "V_MOVRELS_B32" ? 1 : n == "V_MOVRELD_B32" ? 8 : 9;
      return true;
    }
    if (n == "S_SET_GPR_IDX_ON") {
      I->kind = GPRIDX;
      I->base = s0;
      I->imm = b.get(15, 8);
      return true;
    }
    if (n == "S_SET_GPR_IDX_IDX") {
      I->kind = GPRIDX;
      I->base = s0;
      I->imm = -1;
      return true;
    }
    if (n == "S_SET_GPR_IDX_OFF") {
      I->kind = GPRIDX;
      I->base = -1;
      I->imm = 0;
      return true;
    }
    if (n == "S_SET_GPR_IDX_MODE") {
      I->kind = GPRIDX;
      I->base = -1;
      I->imm = simm & 15;
      return true;
    }
    if (is("S_MOVREL") || is("S_CBRANCH") || is("S_BARRIER") || is("S_GET_BARRIER") || is("S_ALLOC") || is("S_SUBVECTOR") ||
        is("S_SETVSKIP") || is("S_RFE") || is("S_SENDMSGHALT") || is("S_SETKILL")) {
      bad("not implemented");
      return true;
    }
    return false;
  }

  // ---------------------------------------------------------------------------------------------- memory
  void fill(MemInfo const& m) {
    I->op = m.op;
    I->at = m.at;
    I->n = m.n;
    I->sx = m.sx;
    I->md16 = m.d16;
    I->rtn = m.rtn;
    I->mul = m.mul;
    I->kind = MEM;
    I->tid = I->name.find("ADDTID") != std::string::npos;
  }
  void memory(Enc enc) {
    auto& t = isa.mems[enc];
    bool const r4 = isa.fam == Family::rdna4;
    unsigned const op = enc == E_DS ? (cdna ? b.get(24, 17) : b.get(25, 18)) : r4 ? b.get(21, 14) : b.get(24, 18);
    I->size = enc == E_DS || !r4 ? 8 : 12;
    MemInfo const* m = op < t.size() ? t[op] : nullptr;
    I->name = m ? m->name : enc == E_DS ? "DS opcode " + std::to_string(op) : "FLAT opcode " + std::to_string(op);
    if (!m && enc == E_DS && cdna && op == 0x9d) {
      I->name = "DS_GWS_BARRIER";
      I->kind = GWS;
      return;
    }
    if (!m) return bad("unknown opcode");
    if (I->name.rfind("DS_GWS_BARRIER", 0) == 0) {
      I->kind = GWS;
      return;
    }
    if (r4 && enc != E_DS) I->scope = b.get(51, 50);
    if (I->name == "GLOBAL_INV" || I->name == "GLOBAL_WB" || I->name == "GLOBAL_WBINV") {
      I->kind = I->name == "GLOBAL_INV" ? INVALIDATE : WRITE_BACK;
      I->levels = I->kind == INVALIDATE && I->scope ? 1 : 0;  // L2 is the one of the device
      return;
    }
    if (I->name == "DS_NOP") {
      I->kind = NOP;
      return;
    }
    if (!m->known) return bad("not implemented");
    fill(*m);
    if (enc == E_DS) {
      if (!r4 && b.get(cdna ? 16 : 17, cdna ? 16 : 17)) return bad("GDS");
      I->sp = 'd';
      I->a = b.get(39, 32);
      I->v = b.get(47, 40);
      I->v1 = b.get(55, 48);
      I->d = b.get(63, 56);
      I->off = b.get(15, 0);
      I->acc = cdna ? b.get(25, 25) : 0;
      return;
    }
    I->sp = enc == E_FLAT ? 'f' : enc == E_GLOBAL ? 'g' : 's';
    int sa;
    if (r4) {
      I->d = b.get(39, 32);
      I->a = b.get(71, 64);
      I->v = b.get(62, 55);
      sa = b.get(6, 0);
      I->off = sext(b.get(95, 72), 24);
      I->sve = b.get(49, 49);
      if (I->op == AT) I->rtn = b.get(52, 52);
    } else {
      I->d = b.get(63, 56);
      I->a = b.get(39, 32);
      I->v = b.get(47, 40);
      sa = b.get(54, 48);
      I->off = cdna && enc == E_FLAT ? b.get(11, 0) : sext(b.get(12, 0), 13);
      I->sve = cdna ? b.get(13, 13) : b.get(55, 55);
      if (isa.gfx == "gfx90a") {  // bit 13 says that a load goes to LDS
        if (b.get(13, 13) && I->op != LD) return bad("to LDS");
        if (b.get(13, 13)) I->op = LD_LDS;
        I->sve = sa == 0x7f;
      }
      I->acc = cdna ? b.get(55, 55) : 0;
      if (I->op == AT) I->rtn = cdna ? b.get(16, 16) : b.get(14, 14);
      if (isa.gfx == "gfx90a" || !cdna)
        I->scope = cdna ? 2 * (b.get(16, 16) | b.get(25, 25)) : 2 * b.get(14, 14);
      else
        I->scope = b.get(16, 16) | b.get(25, 25) << 1;
    }
    I->sa = sa >= 124 || enc == E_FLAT ? -1 : sa;
  }

  // Buffer loads, stores and atomics. The resource is in SGPRs.
  void buffer(MemInfo const* m) {
    bool const r4 = isa.fam == Family::rdna4;
    I->size = r4 ? 12 : 8;
    I->name = m ? m->name : "buffer opcode " + std::to_string(r4 ? b.get(21, 14) : b.get(cdna ? 24 : 25, 18));
    if (!m) return bad("unknown opcode");
    if (!m->known) return bad("not implemented");
    fill(*m);
    I->sp = 'b';
    I->v = I->d = r4 ? b.get(39, 32) : b.get(47, 40);
    I->a = r4 ? b.get(71, 64) : b.get(39, 32);
    if (r4) {
      I->off = b.get(94, 72);
      I->base = b.get(49, 41);
      I->soff = b.get(6, 0);
      I->sve = b.get(62, 62);
      I->idxen = b.get(63, 63);
      if (I->op == AT) I->rtn = b.get(52, 52);
      I->scope = b.get(51, 50);
    } else {
      I->scope = cdna && isa.gfx != "gfx90a" ? b.get(14, 14) | b.get(15, 15) << 1 : 2 * b.get(14, 14);
      I->off = b.get(11, 0);
      I->base = b.get(52, 48) * 4;
      I->soff = b.get(63, 56);
      I->sve = cdna ? b.get(12, 12) : b.get(54, 54);
      I->idxen = cdna ? b.get(13, 13) : b.get(55, 55);
      I->acc = cdna ? b.get(55, 55) : 0;
      if (I->op == AT) I->rtn = b.get(14, 14);
      if (cdna && b.get(16, 16)) I->op = LD_LDS;
    }
    if (I->base > 124) return bad("buffer in operand " + std::to_string(I->base) + " and the following, of which 124 is the last");
    if (!cdna && I->soff == 124) I->soff = 128;  // null
    if (I->soff > 208 && !(I->soff >= 240 && I->soff <= 248)) return bad("offset of operand code " + std::to_string(I->soff));
    if (I->op == LD_LDS && m->op != LD) return bad("to LDS");
  }

  void smem() {
    auto& t = isa.mems[E_SMEM];
    bool const r4 = isa.fam == Family::rdna4;
    unsigned const op = r4 ? b.get(18, 13) : b.get(25, 18);
    MemInfo const* m = op < t.size() ? t[op] : nullptr;
    I->size = 8;
    I->name = m ? m->name : "SMEM opcode " + std::to_string(op);
    if (!m) return bad("unknown opcode");
    std::string const& n = I->name;
    if (n.rfind("S_DCACHE", 0) == 0 || n.rfind("S_PREFETCH", 0) == 0 || n.rfind("S_BUFFER_PREFETCH", 0) == 0 || n == "S_GL1_INV") {
      I->kind = NOP;
      return;
    }
    I->d = b.get(12, 6);
    I->base = b.get(5, 0) * 2;
    if (n == "S_MEMTIME" || n == "S_MEMREALTIME") {
      I->kind = TIME;
      return;
    }
    bool const buffer = n.rfind("S_BUFFER_LOAD_", 0) == 0;
    if (buffer) I->sp = 'b';
    if (n.rfind("S_LOAD_", 0) != 0 && !buffer) return bad("not implemented");
    std::string ty = n.substr(buffer ? 14 : 7);
    if (ty.rfind("DWORD", 0) == 0)
      I->n = 4 * (ty.size() > 6 ? atoi(ty.c_str() + 6) : 1);
    else {
      I->n = atoi(ty.c_str() + 1) / 8;
      I->sx = ty[0] == 'I';
    }
    if (I->d + I->n / 4 > 128) return bad("result beyond the last scalar register");
    I->kind = SMEM;
    I->soff = b.get(63, 57);
    if (r4)
      I->off = sext(b.get(55, 32), 24);
    else
      I->off = sext(b.get(52, 32), 21);
    if (cdna) {
      bool const soff_en = b.get(14, 14), imm = b.get(17, 17);
      if (soff_en) {
        if (!imm) I->off = 0;
      } else if (imm)
        I->soff = -1;
      else {
        I->soff = b.get(38, 32);
        I->off = 0;
      }
    } else if (I->soff == 124)
      I->soff = -1;
  }

  void vector(Enc enc, unsigned op) {
    auto& t = isa.ops[enc];
    I->info = op < t.size() ? t[op] : nullptr;
    if (!I->info) {
      bool const wide = enc == E_VOP3 || enc == E_VOP3P || enc == E_VOP3SD;
      I->size = wide ? 8 : 4;
      I->name = "vector opcode " + std::to_string(op) + " of encoding " + std::to_string(int(enc));
      return bad("unknown opcode");
    }
    I->name = I->info->name;
    I->cmpx = I->name.rfind("V_CMPX", 0) == 0;
    if (control(enc) || lane_op(enc)) return;
    if (I->name.rfind("V_MFMA", 0) == 0 || I->name.rfind("V_SMFMAC", 0) == 0 || I->name.rfind("V_WMMA", 0) == 0 ||
        I->name.rfind("V_SWMMAC", 0) == 0)
      return matrix();
    if (enc == E_VOP1 || enc == E_VOP2 || enc == E_VOPC) return vop12(enc);
    if (enc == E_VOP3P) return vop3p();
    vop3(enc == E_VOP3SD);
  }

  void go() {
    uint32_t const w = b.w[0];
    auto scal = [&](Enc enc, unsigned op) {
      auto& t = isa.ops[enc];
      I->info = op < t.size() ? t[op] : nullptr;
      I->size = 4;
      if (!I->info) {
        I->name = "scalar opcode " + std::to_string(op) + " of encoding " + std::to_string(int(enc));
        return bad("unknown opcode");
      }
      I->name = I->info->name;
      if (!control(enc)) scalar(enc);
    };
    bool const r4 = isa.fam == Family::rdna4;
    if (!(w >> 31)) {
      if (w >> 25 == 0x3f) return vector(E_VOP1, r4 ? w >> 9 & 0x7f : w >> 9 & 0xff);
      if (w >> 25 == 0x3e) return vector(E_VOPC, w >> 17 & 0xff);
      return vector(E_VOP2, w >> 25 & 0x3f);
    }
    if (w >> 30 == 2) {
      if (w >> 23 == 0x17d) return scal(E_SOP1, w >> 8 & 0xff);
      if (w >> 23 == 0x17e) return scal(E_SOPC, w >> 16 & 0x7f);
      if (w >> 23 == 0x17f) return scal(E_SOPP, w >> 16 & 0x7f);
      if (w >> 28 == 0xb) return scal(E_SOPK, w >> 23 & 0x1f);
      return scal(E_SOP2, w >> 23 & 0x7f);
    }
    if (cdna ? w >> 23 == 0x1a7 : w >> 24 == 0xcc) return vector(E_VOP3P, w >> 16 & 0x7f);
    if (w >> 26 == (cdna ? 0x34u : 0x35u)) {
      unsigned const op = w >> 16 & 0x3ff;
      auto& sd = isa.ops[E_VOP3SD];
      return vector(op < sd.size() && sd[op] ? E_VOP3SD : E_VOP3, op);
    }
    if (!cdna && w >> 26 == 0x32) return vopd();
    if (w >> 26 == (cdna ? 0x30u : 0x3du)) return smem();
    if (w >> 26 == 0x36) return memory(E_DS);
    if (!r4 && w >> 26 == 0x37) {
      unsigned const seg = cdna ? w >> 14 & 3 : w >> 16 & 3;
      return memory(seg == 0 ? E_FLAT : seg == 1 ? E_SCRATCH : E_GLOBAL);
    }
    if (r4 && w >> 24 == 0xec) return memory(E_FLAT);
    if (r4 && w >> 24 == 0xed) return memory(E_SCRATCH);
    if (r4 && w >> 24 == 0xee) return memory(E_GLOBAL);
    if (r4 && w >> 26 == 0x31) {
      auto& t = isa.mems[E_MUBUF];
      unsigned const op = b.get(21, 14);
      return buffer(op < t.size() ? t[op] : nullptr);
    }
    I->size = 8;
    if (!r4 && w >> 26 == 0x38) {  // buffer instructions and cache control
      unsigned const op = w >> 18 & (cdna ? 0x7f : 0xff);
      auto& t = isa.mems[E_MUBUF];
      char const* n = op < t.size() && t[op] ? t[op]->name : "";
      if (isa.fam == Family::rdna3 && ((w >> 18 & 0xff) == 43 || (w >> 18 & 0xff) == 44)) {
        I->name = (w >> 18 & 0xff) == 43 ? "BUFFER_GL0_INV" : "BUFFER_GL1_INV";
        I->kind = INVALIDATE;
        I->levels = (w >> 18 & 0xff) == 43 ? 1 : 2;
        return;
      }
      I->name = *n ? n : "MUBUF";
      if (isa.gfx == "gfx90a" && (op == 0x28 || op == 0x29 || op == 0x3e || op == 0x3f)) {
        I->name = op == 0x28 ? "BUFFER_WBL2" : op == 0x29 ? "BUFFER_INVL2" : "BUFFER_WBINVL1";
        I->kind = op == 0x28 ? WRITE_BACK : INVALIDATE;
        I->levels = op > 0x29 ? 1 : 0;  // L2 is the one of the device
        return;
      }
      if (cdna && (op == 0x28 || op == 0x29)) {
        I->kind = op == 0x28 ? WRITE_BACK : INVALIDATE;
        I->scope = b.get(14, 14) | b.get(15, 15) << 1;
        I->levels = op == 0x28 ? I->scope & 2 : I->scope >= 2 ? 3 : I->scope;
        return;
      }
      return buffer(*n ? t[op] : nullptr);
    }
    char t[40];
    snprintf(t, sizeof t, "code word 0x%08x", w);
    I->name = t;
    bad("unknown encoding");
  }
};

Inst* Isa::decode(uint8_t const* code, size_t left) const {
  auto* I = new Inst;
  Decoder d{*this, {}, I, fam == Family::cdna, 1};
  memcpy(d.b.w, code, std::min<size_t>(left, 16));
  d.go();
  for (Inst* i : {I->second, I}) {
    if (!i) continue;
    i->fnuz = fnuz;
    if (i->kind <= MATRIX) {
      if (wave == 64)
        bind<64>(*i);
      else
        bind<32>(*i);
    }
  }
  return I;
}

void unload(CodeObject* co) {
  for (Block* b : co->blocks) delete b;
  for (Inst* I : co->slots) {
    if (!I) continue;
    for (Inst* i : {I, I->second}) {
      if (!i) continue;
      delete i->dpp;
      delete i->sdwa;
      delete i->mat;
      delete i->use;
      delete i;
    }
  }
  munmap(co->image, co->size);
  delete co;
}
}  // namespace emu
