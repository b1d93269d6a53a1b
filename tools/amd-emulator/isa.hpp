// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions: decoded form (decode.cpp), the waves they work on, and the operations on registers (alu.cpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>
#include "engine.hpp"
#include "pcode.hpp"

namespace emu {
// ---- tables that generate.py writes
enum Enc : uint8_t {
  E_VOP1,
  E_VOP2,
  E_VOP3,
  E_VOP3P,
  E_VOP3SD,
  E_VOPC,
  E_VOPD,
  E_SOP1,
  E_SOP2,
  E_SOPC,
  E_SOPK,
  E_SOPP,
  E_DS,
  E_FLAT,
  E_GLOBAL,
  E_SCRATCH,
  E_SMEM,
  E_MUBUF,
  E_COUNT
};
enum : uint16_t {
  F_D0 = 1,
  F_D0w = 2,
  F_VIN = 4,
  F_MASK = 8,
  F_SCCw = 16,
  F_EXECw = 32,
  F_VCCw = 64,
  F_K = 128,
  F_EXEC = 256,
  F_VCC = 512
};  // F_K: a constant follows (fmaak)
struct OpInfo {
  char const* name;
  Enc enc;
  uint16_t code;
  pcode::LaneFn fn, clamp;
  pcode::ScalFn scal;
  uint16_t bits[4];   // of the three sources and the destination, 0 where there is none
  char const* types;  // f d h x: float, double, half, bfloat16; w: 16-bit integer; H X W: two of them; P: two words; s q: signed, other 64
                      // bits; m: lane mask; 8: bytes; i: other
  uint16_t flags;
  uint8_t simm;
};
enum Op : uint8_t { LD, ST, LD2, ST2, PERMUTE, BPERMUTE, SWIZZLE, AT };
enum Atom : uint8_t {
  SWAP,
  CAS,
  CAS_DS9,
  CAS_DS11,
  ADD,
  SUB,
  RSUB,
  SMIN,
  UMIN,
  SMAX,
  UMAX,
  AND,
  OR,
  XOR,
  INC,
  DEC,
  CSUB,
  CONDSUB,
  MSKOR,
  FADD,
  FMIN,
  FMAX,
  PKADDF16,
  PKADDBF16
};
struct MemInfo {
  char const* name;
  Enc enc;
  uint16_t code;
  Op op;
  Atom at;
  uint8_t n, sx, d16, rtn;
  uint16_t mul;
  bool known;
};

// ---- decoded instructions
enum Kind : uint8_t {
  FAST,
  LANE,
  VOPD,
  SCALAR,
  LANEOP,
  MATRIX,
  NOP,
  END,
  BARRIER,
  TRAP,
  BR,
  GETREG,
  TIME,
  ZERO,
  PCOP,
  CALL,
  MOVREL,
  GPRIDX,
  SMEM,
  MEM,
  GWS,
  SLEEP,
  BAD
};
enum Cond : uint8_t { ALWAYS, SCC0, SCC1, VCCZ, VCCNZ, EXECZ, EXECNZ };
enum LaneOp : uint8_t {
  READLANE,
  READFIRSTLANE,
  WRITELANE,
  PERMLANE16,
  PERMLANEX16,
  PERMLANE16_VAR,
  PERMLANEX16_VAR,
  PERMLANE64,
  PERMLANE16_SWAP,
  PERMLANE32_SWAP,
  SWAP_B32,
  SWAP_B16,
  ACC_READ,
  ACC_WRITE,
  ACC_MOV,
  TO_SGPR
};  // TO_SGPR: v_s_exp_f32 and its like
enum SrcKind : uint8_t { S_NONE, S_VGPR, S_SGPR, S_CONST, S_SPECIAL };
struct Src {
  SrcKind kind = S_NONE;
  char type = 'i';
  uint8_t bits = 32;
  bool abs = false, neg = false, hi = false;  // hi: the upper half of a register, for 16-bit operands
  uint16_t reg = 0;                           // register, or the operand's code when special
  uint32_t const* cst = nullptr;              // one word per lane, then the high words
  uint64_t value = 0;                         // of a constant
  uint64_t at = 0, inRegs = 0;                // address of the lanes' words: at + (base of the VGPRs & inRegs), unless it is scalar
  bool plain() const { return !abs && !neg && !hi; }
};
struct Sdwa {
  uint8_t sel[2], dst, unused;
  bool sext[2];
};
struct Dpp {
  int8_t src[64];
  uint64_t enabled, valid;
  bool bound0, fi;
};  // lane to read; lanes that row_mask/bank_mask leave on; source exists; bound_ctrl; fetch inactive
struct Matrix {
  int m, n, k, blocks;
  char a, b, c;
  bool accA, accB, accC, wmma, sparse, gfx12;
  uint8_t cbsz, abid, blgp, neg, negHi, opselHi;
  bool clamp;
};

struct Wave;
struct Inst {
  Kind kind = BAD;
  uint8_t size = 4, scalars = 0;              // scalars: which sources have to be copied to all lanes
  void (*run)(Wave&, Inst const&) = nullptr;  // register operations
  uint64_t pc = 0, nextPc = 0;                // its address; that of the instruction after it and after following no-operations
  Inst *next = nullptr, *target = nullptr;    // the same, and where a branch goes, once known
  std::string name;
  // registers and their operations
  OpInfo const* info = nullptr;
  pcode::LaneFn fn = nullptr;
  pcode::ScalFn scal = nullptr;
  Src s[3];
  int d = 0, md = -1, vin = -1;  // destination; SGPRs of the mask that is written, or read
  char dt = 'i';
  uint8_t dw = 1, omod = 0;
  bool dHi = false, keep = false, clamp = false, d16 = false, cmpx = false, packed = false, pkf32 = false, mix = false, f64 = false,
       fnuz = false;
  uint8_t opsel = 0, opselHi = 0, neg = 0, negHi = 0, ttbl = 0;
  uint32_t simm = 0;
  LaneOp lop = READLANE;
  Inst* second = nullptr;  // VOPD: the other half
  Dpp* dpp = nullptr;
  Sdwa* sdwa = nullptr;
  Matrix* mat = nullptr;
  // memory, branches, the rest
  Op op = LD;
  Atom at = SWAP;
  char sp = 'g';
  uint8_t n = 4, sx = 0, md16 = 0, rtn = 0, acc = 0, sve = 0;
  int a = 0, v = 0, v1 = 0, sa = -1, off = 0, mul = 0, base = 0, soff = -1, w = 0, imm = 0;
  Cond c = ALWAYS;
};

struct Error : std::runtime_error {
  Err e;
  Error(Err e, std::string const& s) : std::runtime_error(s), e(e) {}
};
[[noreturn]] inline void fail(Err e, std::string const& s) { throw Error(e, s); }

// ---- machine state
enum { VCC = 106, M0_C = 124, M0_R = 125, EXEC = 126, SCC = 253, PC = 256, NSGPR = 264 };
static uint64_t const kPrivHi = 0x5EAE;  // high half of the private (scratch) aperture
struct Wave {
  uint32_t s[NSGPR];  // SGPRs, 128 and up: constants and special values by operand code
  uint32_t *v, *acc;  // [register][lane]
  uint8_t* scratch;
  bool done, barrier, gws;  // gws: waits at the grid barrier
  uint64_t init, missing;   // lanes that the wave began with; lanes that were off at a workgroup barrier
  uint64_t barrierPc;
  uint8_t idx;     // number within the group
  uint8_t gprIdx;  // gfx9 VGPR indexing mode: bit 0 src0, bit 3 destination
  uint64_t lds;    // address of the group's LDS
  uint64_t execKey = 0;
  alignas(32) uint32_t execV[64];  // EXEC as one word per lane, kept for the mask execKey
};
inline uint64_t rd64(uint32_t const* s) {
  uint64_t v;
  __builtin_memcpy(&v, s, 8);
  return v;
}
inline void wr64(uint32_t* s, uint64_t v) { __builtin_memcpy(s, &v, 8); }

enum class Family : uint8_t { cdna, rdna3, rdna4 };
struct Isa {  // one architecture's decoder
  std::string gfx;
  Family fam;
  uint32_t wave;
  bool fnuz;
  std::vector<OpInfo const*> ops[E_COUNT];
  std::vector<MemInfo const*> mems[E_COUNT];
  explicit Isa(std::string const& gfx);
  Inst* decode(uint8_t const* code, size_t left) const;
};
char const* reason(Inst const& I);  // why it is BAD

// alu.cpp; one instance per wave size
template <int W>
void bind(Inst& I);  // sets run
template <int W>
void mfma(Wave& w, Inst const& I);  // matrix.cpp
template <int W>
void wmma(Wave& w, Inst const& I);
template <int W>
void movRel(Wave& w, int dst, Src const& src, int rel, uint32_t idx);
}  // namespace emu
