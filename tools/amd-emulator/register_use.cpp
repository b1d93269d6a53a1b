// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds the registers that an instruction reads and writes, for AMDEMU_WAIT and AMDEMU_UNINIT.
#include "isa.hpp"

namespace emu {
namespace {

constexpr int accumulation = 256, scalars = 512;

struct Finder {
  std::vector<RegisterUse::Range>& out;
  int mask_words;

  void add(int first, int n, bool written, bool address = false) {
    if (first >= 0 && n > 0) out.push_back({uint16_t(first), uint8_t(n), written, address});
  }
  void address(int first, int n) { add(first, n, false, true); }
  static int words(int bits) { return bits > 32 ? (bits + 31) / 32 : 1; }
  void source(Src const& s, int bits, bool acc = false) {
    if (s.kind == S_VGPR)
      add(s.reg + (acc ? accumulation : 0), words(bits), false);
    else if (s.kind == S_SGPR && s.reg < 128)
      add(scalars + s.reg, std::min(words(bits), 2), false);
  }

  void operation(Inst const& I) {
    OpInfo const* o = I.info;
    for (int k = 0; k < 3; k++) source(I.s[k], o && o->bits[k] ? o->bits[k] : I.s[k].bits);
    if (I.d >= 0) add(I.d, I.dw, true);
    if (I.md >= 0 && I.md < 128) add(scalars + I.md, mask_words, true);
    if (I.vin >= 0 && I.vin < 128) add(scalars + I.vin, mask_words, false);
  }
  void matrix(Inst const& I) {
    Matrix const& m = *I.mat;
    auto const& bits = I.info->bits;
    source(I.s[0], bits[0], m.acc_a);
    source(I.s[1], bits[1], m.acc_b);
    source(I.s[2], bits[2], m.acc_c && !m.sparse);
    add(I.d + (m.acc_c ? accumulation : 0), words(bits[3]), true);
  }
  void lanes(Inst const& I) {
    bool const to_scalar = I.lop == READLANE || I.lop == READFIRSTLANE || I.lop == TO_SGPR, acc = I.lop == ACC_READ || I.lop == ACC_MOV;
    bool const by_lane = I.lop == READLANE || I.lop == WRITELANE || I.lop == PERMLANE16_VAR || I.lop == PERMLANEX16_VAR;
    int const sources = I.lop == PERMLANE16 || I.lop == PERMLANEX16 ? 3 : by_lane ? 2 : 1;  // the encoding has three
    for (int k = 0; k < sources; k++) source(I.s[k], 32, k == 0 && acc);
    if (to_scalar && I.d >= 128) return;
    add(I.d + (to_scalar ? scalars : I.lop == ACC_WRITE || I.lop == ACC_MOV ? accumulation : 0), 1, true);
  }
  void memory(Inst const& I) {
    int const n = (I.n + 3) / 4, file = I.acc ? accumulation : 0;
    bool const scratch = I.sp == 's';
    if (I.tid) {
    } else if (I.sp == 'b')
      address(I.a, I.sve + I.idxen);
    else if (I.sp == 'd' || (I.sp == 'g' && I.sa >= 0) || (scratch && I.sve))
      address(I.a, 1);
    else if (!scratch)
      address(I.a, 2);
    if (I.sa >= 0 && I.sp != 'd' && I.sp != 'b') address(scalars + I.sa, scratch ? 1 : 2);
    if (I.sp == 'b') {
      address(scalars + I.base, 4);
      if (I.soff >= 0 && I.soff < 128) address(scalars + I.soff, 1);
    }
    switch (I.op) {
      case LD: add(I.d + file, n, true); break;
      case LD2: add(I.d + file, 2 * n, true); break;
      case ST: add(I.v + file, n, false); break;
      case ST2:
        add(I.v + file, n, false);
        add(I.v1 + file, n, false);
        break;
      case XCHG2:
        add(I.v + file, n, false);
        add(I.v1 + file, n, false);
        add(I.d + file, 2 * n, true);
        break;
      case LD_LDS: break;
      case APPEND: add(I.d + file, 1, true); break;
      case PERMUTE:
      case BPERMUTE: add(I.v, 1, false); [[fallthrough]];
      case SWIZZLE: add(I.d, 1, true); break;
      case AT:
        add(I.v + file, I.sp != 'd' && I.at == CAS ? 2 * n : n, false);
        if (I.sp == 'd' && (I.at == CAS || I.at == CAS_DS9 || I.at == CAS_DS11 || I.at == MSKOR || I.at == WRAP))
          add(I.v1 + file, n, false);
        if (I.rtn) add(I.d + file, n, true);
        break;
    }
  }
};

}  // namespace

RegisterUse const& registers_of(Inst const& I, uint32_t wave) {
  if (I.use) return *I.use;
  I.use = new RegisterUse;
  Finder f{I.use->ranges, int(wave / 32)};
  switch (I.kind) {
    case FAST:
    case LANE: f.operation(I); break;
    case VOPD:
      f.operation(I);
      f.operation(*I.second);
      break;
    case LANEOP: f.lanes(I); break;
    case MATRIX: f.matrix(I); break;
    case SCALAR:
      for (Src const& s : I.s) f.source(s, s.bits);
      if (I.d >= 0 && I.d < 128) f.add(scalars + I.d, I.dw, true);
      if (I.info->flags & (F_VCC | F_VCCw)) f.add(scalars + VCC, 2, I.info->flags & F_VCCw);
      break;
    case MOVREL:  // without what M0 adds
      f.source(I.s[0], 32);
      f.add(I.d, 1, true);
      break;
    case BR:
      if (I.c == VCCZ || I.c == VCCNZ) f.add(scalars + VCC, f.mask_words, false);
      break;
    case PCOP:
      if (I.v >= 0) f.add(scalars + I.v, 2, false);
      if (I.d >= 0) f.add(scalars + I.d, 2, true);
      break;
    case CALL: f.add(scalars + I.d, 2, true); break;
    case GPRIDX:
      if (I.base >= 0 && I.base < 128) f.add(scalars + I.base, 1, false);
      break;
    case MEM: f.memory(I); break;
    case SMEM:
      f.address(scalars + I.base, I.sp == 'b' ? 4 : 2);
      if (I.soff >= 0 && I.soff < 128) f.address(scalars + I.soff, 1);
      f.add(scalars + I.d, (I.n + 3) / 4, true);
      break;
    case TIME: f.add(scalars + I.d, 2, true); break;
    case ZERO: f.add(scalars + I.d, 1, true); break;
    default: break;
  }
  return *I.use;
}

}  // namespace emu
