// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Instructions: the tables that generate.py writes, the decoded form that decode.cpp makes, and the registers of a wave.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>
#include "engine.hpp"
#include "pcode.hpp"

namespace emu {
struct Wave;
struct Exec;
struct Inst;

/// An instruction as a block's array holds it: what it needs in the usual case, in one cache line. The operation of a vector instruction
/// reads and writes rows, which have a word for each lane, then the high words of 64-bit values. That of a scalar instruction reads and
/// writes scalar registers.
struct alignas(64) Step {
  void (*run)(Wave&, Step const&);
  uint64_t at[5];  // by Operand: an address, or an offset in the wave's registers
  Inst* inst;
  int8_t inside[5];    // -1: at is an offset
  bool unmasked;       // writes all lanes, also those that are off
  uint8_t scalars[2];  // scalar registers whose rows must be up to date, or NO_SCALAR
};
enum Operand { OLD = 3, OUT = 4 };  // 0 to 2: the sources. OLD: the destination before
typedef void (*Run)(Wave&, Step const&);

// ---- tables that generate.py writes

/// Encodings.
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
/// Registers that an operation reads and writes besides its sources. F_D0: reads the destination; F_D0w: writes it; F_VIN: reads a mask of
/// lanes; F_MASK: writes one; F_K: a constant follows the instruction, as in v_fmaak_f32.
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
};

/// A vector or scalar operation.
struct OpInfo {
  char const* name;
  Enc enc;
  uint16_t code;
  Run fn, clamp;     // clamp: the saturating form, or null
  Run scal;          // of a scalar operation
  uint16_t bits[4];  // sizes of the three sources and the destination; 0: there is none
  // Types of the sources and the destination. f: float; d: double; h: half; x: bfloat16; w: integer of 16 bits; H, X, W: two of these in a
  // register; P: two words; s: signed, q: other 64 bits; m: mask of lanes; 8: bytes; i: anything else
  char const* types;
  uint16_t flags;
  uint8_t simm;  // SOPK: the immediate is the second source, not the first
};

/// Memory operations. LD2, ST2, XCHG2: two accesses with offsets of their own; LD_LDS: loads global memory to LDS; APPEND: adds the number
/// of active lanes, or subtracts it (sx), to one word; AT: atomic.
enum Op : uint8_t { LD, ST, LD2, ST2, XCHG2, LD_LDS, APPEND, PERMUTE, BPERMUTE, SWIZZLE, AT };
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
  WRAP,
  CONDXCHG,
  MSKOR,
  FADD,
  FMIN,
  FMAX,
  PKADDF16,
  PKADDBF16
};
/// A memory instruction. n: bytes; sx: sign-extends; d16: 1, 2: writes the low, high half of the register; rtn: returns the old value; mul:
/// unit of the two offsets; known: it is implemented.
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

/// Kinds of instructions. alu.cpp and matrix.cpp execute those up to MATRIX, interpreter.cpp the others.
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
  WAIT,
  INVALIDATE,
  WRITE_BACK,
  BAD
};
/// A wave's counters of memory operations in flight. Older architectures have fewer: gfx9 counts stores as loads, and all but gfx12 count
/// scalar loads as operations on LDS.
enum Counter : uint8_t { LOAD_COUNT, STORE_COUNT, LDS_COUNT, SCALAR_COUNT, COUNTERS };
enum Cond : uint8_t { ALWAYS, SCC0, SCC1, VCCZ, VCCNZ, EXECZ, EXECNZ };
/// Operations that move values between lanes, registers and scalars. TO_SGPR: v_s_exp_f32 and its like.
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
};
enum SrcKind : uint8_t { S_NONE, S_VGPR, S_SGPR, S_CONST, S_SPECIAL };

/// A source operand.
struct Src {
  SrcKind kind = S_NONE;
  char type = 'i';
  uint8_t bits = 32;
  bool abs = false, neg = false;
  bool hi = false;                // 16 bits: the upper half of the register
  uint16_t reg = 0;               // the register; S_SPECIAL: the operand's code
  uint32_t const* cst = nullptr;  // S_CONST: a word per lane, then the high words
  uint64_t value = 0;             // S_CONST
  bool plain() const { return !abs && !neg && !hi; }
};
/// Modifiers of SDWA. sel, dst: 0 to 3: byte, 4, 5: half, 6: word; unused: what the rest of the destination gets: 0: zeros, 1: the sign, 2:
/// its old value.
struct Sdwa {
  uint8_t sel[2], dst, unused;
  bool sext[2];
};
/// Modifiers of DPP.
struct Dpp {
  int8_t src[64];    // the lane that each lane reads
  uint64_t enabled;  // lanes that row_mask and bank_mask leave on
  uint64_t valid;    // lanes whose source exists
  bool bound0;       // bound_ctrl: a lane without a source reads 0
  bool fi;           // a source lane may be off
};
/// A matrix instruction. a, b, c: types as in Decoder::matrix(); acc_a, acc_b, acc_c: the operand lies in the accumulation registers.
/// flush: denormals of the inputs and of the result count as 0.
struct Matrix {
  int m, n, k, blocks;
  char a, b, c;
  bool acc_a, acc_b, acc_c, wmma, sparse, gfx12, flush;
  uint8_t cbsz, abid, blgp, neg, neg_hi, opsel_hi;
  bool clamp;
  // MFMA: the indices of the operands' elements in [block][i][k] and [block][k][j], and of the results in [block][i][j]; by lane, then by
  // element. place_elements() sets them.
  std::vector<uint16_t> place_a, place_b, place_c;
};

struct RegisterUse;

/// A decoded instruction.
struct Inst {
  Kind kind = BAD;
  uint8_t size = 4;     // bytes
  uint8_t scalars = 0;  // bit k: source k is copied to all lanes first
  uint64_t pc = 0;      // its address
  Step step = {};       // kinds up to MATRIX
  std::string name;
  // Operations on registers
  OpInfo const* info = nullptr;
  Run fn = nullptr;    // the operation
  Run body = nullptr;  // what is run for doubles
  Src s[3];
  int d = 0;                 // the destination
  int md = -1;               // the SGPRs of the mask that is written
  int vin = -1;              // the SGPRs of the mask that is read
  char dt = 'i';             // type of the destination
  uint8_t dw = 1, omod = 0;  // dw: words of the destination
  // d_high: writes the upper half; keep: keeps the other half; pkf32: two floats; mix: v_fma_mix
  bool d_high = false, keep = false, clamp = false, d16 = false, cmpx = false, packed = false, pkf32 = false, mix = false, f64 = false,
       fnuz = false;
  uint8_t opsel = 0, opsel_hi = 0, neg = 0, neg_hi = 0, ttbl = 0;
  uint32_t simm = 0;
  LaneOp lop = READLANE;
  Inst* second = nullptr;  // VOPD: the other half
  bool in_turn = true;     // VOPD: the other half may run after this one
  Dpp* dpp = nullptr;
  Sdwa* sdwa = nullptr;
  Matrix* mat = nullptr;
  // Memory, branches, the rest. a, v, v1, d: registers of address, data, second data, result; sa: SGPRs of the base; off: offset; idxen: a
  // buffer's address has an index; tid: the address is that of M0 and the lane
  Op op = LD;
  Atom at = SWAP;
  char sp = 'g';
  uint8_t n = 4, sx = 0, md16 = 0, rtn = 0, acc = 0, sve = 0, idxen = 0, tid = 0;
  int a = 0, v = 0, v1 = 0, sa = -1, off = 0, mul = 0, base = 0, soff = -1, w = 0, imm = 0;
  Cond c = ALWAYS;
  // scope: of coherence: 0: wave, 1: block, 2: device, 3: system. levels: of caches, for INVALIDATE and WRITE_BACK: bit 0: that of the
  // compute unit, bit 1: the one behind it
  uint8_t scope = 0, levels = 0;
  uint8_t limit[COUNTERS] = {255, 255, 255, 255};  // WAIT: waits until the counters are not higher
  mutable RegisterUse* use = nullptr;              // the registers that it reads and writes, once known
  // Findings of races.cpp about loads and compare-and-swaps. polls: 0: not known, 1: no, 2: waits for a value, or
  // guesses what a compare-and-swap expects. read_before: the atomic
  // load that runs before it without a branch in between; 1: there is none. whole: it has changed more than half a word.
  mutable uint8_t polls = 0;
  mutable uint64_t read_before = 0;
  mutable bool whole = false;
  mutable int8_t moves_bits = -1;  // whether its result has only bits of its sources; -1: not known. undefined.cpp
};

/// Instructions that are executed one after another, and the one that may continue elsewhere.
struct Block {
  std::vector<Step> steps;
  Inst* last = nullptr;
  uint64_t pc = 0;
  uint32_t count = 0;                        // instructions
  bool issues = false;                       // it has memory instructions
  Block *next = nullptr, *target = nullptr;  // what follows, and where a branch goes, once known
};
/// The registers of an instruction: 0 to 255: vector, 256 to 511: accumulation, from 512 on: scalar.
struct RegisterUse {
  struct Range {
    uint16_t first;
    uint8_t n;
    bool written;
    bool address;  // of a memory instruction
  };
  std::vector<Range> ranges;
};
/// Finds the registers of an instruction. lanes: of a wave. register_use.cpp
RegisterUse const& registers_of(Inst const& I, uint32_t lanes);

/// An error that ends the launch.
struct Error : std::runtime_error {
  Err e;
  bool has_place;  ///< the text says where; otherwise it is where the wave is now
  Error(Err e, std::string const& s, bool has_place = false) : std::runtime_error(s), e(e), has_place(has_place) {}
};
[[noreturn]] inline void fail(Err e, std::string const& s, bool has_place = false) { throw Error(e, s, has_place); }

// ---- machine state
enum { VCC = 106, M0_C = 124, M0_R = 125, EXEC = 126, SCC = 253, PC = 256, NO_SGPR = 258, SPECIALS = 260, NSGPR = 264 };
/// Rows behind the 256 vector registers. COPIES: temporary values, two rows for each source; RESULT: two; SCALAR_ROWS: the scalar
/// registers.
enum { COPIES = 258, RESULT = 264, RESULT2 = 266, PREVIOUS = 267, SCALAR_ROWS = 268, ROWS = SCALAR_ROWS + 129 };
enum { NO_SCALAR = 255 };
constexpr uint64_t priv_hi = 0x5EAE;  // high half of the addresses of scratch

/// A wave's memory operations in flight. weak_memory.hpp
struct InFlight;

struct RaceWave;

/// The undefined bits of a wave's registers. undefined.hpp
struct Undefined;

/// A wave that runs or waits.
struct Wave {
  uint32_t s[NSGPR];   // SGPRs; from 128 on: constants and special values by operand code. NO_SGPR: for results that are dropped
  uint32_t *v, *acc;   // vector and accumulation registers: [register][lane]
  uint64_t rows[129];  // the values that the rows of scalar registers have; others if they have none
  uint64_t vin, mask;  // masks of lanes that an operation reads and writes
  Exec* x;             // the launch
  uint8_t* scratch;
  bool done, barrier;  // barrier: waits at the group's barrier
  bool gws;            // waits at the grid's barrier
  bool flush;          // the kernel flushes denormals of floats
  bool scales[2];      // output modifiers have an effect: on 32-bit floats, on others
  uint64_t init;       // lanes that the wave began with
  uint64_t missing;    // lanes that were off at the last barrier
  uint64_t barrier_pc;
  uint8_t idx;      // rank in the group
  uint8_t gpr_idx;  // gfx9's indexing of VGPRs by M0: bit 0: the first source, bit 3: the destination
  uint64_t lds;     // address of the group's LDS
  InFlight* in_flight = nullptr;
  RaceWave* race = nullptr;
  Undefined* undefined = nullptr;  // null until the wave loads undefined bits for the first time
  uint64_t exec_key = 0;
  alignas(32) uint32_t exec_v[64];  // the mask exec_key as a word per lane, 0 or ~0
};
inline uint64_t rd64(uint32_t const* s) {
  uint64_t v;
  __builtin_memcpy(&v, s, 8);
  return v;
}
inline void wr64(uint32_t* s, uint64_t v) { __builtin_memcpy(s, &v, 8); }

enum class Family : uint8_t { cdna, rdna3, rdna4 };
/// The decoder of an architecture.
struct Isa {
  std::string gfx;
  Family fam;
  uint32_t wave;
  bool fnuz;
  std::vector<OpInfo const*> ops[E_COUNT];
  std::vector<MemInfo const*> mems[E_COUNT];
  explicit Isa(std::string const& gfx);
  /// Decodes one instruction of at most `left` bytes. An unknown one has the kind BAD and its reason in the name.
  Inst* decode(uint8_t const* code, size_t left) const;
};

// ---- operations, for waves of W lanes

/// Sets Inst::step. alu.cpp
template <int W>
void bind(Inst& I);
/// Matrix instructions. matrix.cpp
void place_elements(Matrix& m);
template <int W>
void mfma(Wave& w, Inst const& I);
template <int W>
void wmma(Wave& w, Inst const& I);
/// v_mov_b32 with registers indexed by idx: bit 0 of rel: the source, bit 3: the destination. alu.cpp
template <int W>
void mov_rel(Wave& w, int dst, Src const& src, int rel, uint32_t idx);
}  // namespace emu
