// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// AMDEMU_UNINIT: undefined bits are those that nothing has written. Each byte of device memory and LDS has a mask of its defined bits,
/// each register a mask of undefined ones. Loads, moves and operations pass them on; a finding is a use that they decide:
///
/// - an address, a branch, the lanes that run (EXEC), an atomic operation;
/// - a store to global memory of what was computed from them, or of nothing else. Padding between the members of a struct may be stored.
///
/// An operation that reads undefined bits runs several times, with other values for them: the bits of its results that differ are
/// undefined. So what an operation does need not be known here. A wave without undefined bits in its registers runs at full speed.
#pragma once
#include <bitset>
#include <vector>
#include "exec.hpp"

namespace emu {

struct Undefined {
  enum { FLAG = 640, REGISTERS = 641 };  // registers as in RegisterUse, and SCC
  /// Masks: all undefined bits; those that were computed from such ones, not only moved.
  enum Plane { ALL, COMPUTED, PLANES };
  /// The load that undefined bits come from.
  struct Origin {
    Inst const* inst;
    uint64_t address;
  };
  explicit Undefined(uint32_t wave);
  void clear();
  uint32_t* row(Plane p, int reg) { return vectors[p].data() + size_t(reg) * wave; }

  uint32_t wave;
  std::bitset<REGISTERS> some;            // those that may have undefined bits
  std::vector<uint32_t> vectors[PLANES];  // [register][lane]
  uint32_t scalars[PLANES][NSGPR] = {};   // by their number in Wave::s
  Origin origin[REGISTERS] = {};          // of registers in `some`
  std::vector<uint8_t> scratch;           // for each byte its defined bits; empty: all
  std::vector<uint8_t> computed;          // and the undefined ones that were computed; empty: none
};

/// Runs an operation (kinds up to MATRIX, MOVREL) of a wave that has undefined bits.
void run_undefined(Exec& x, Wave& w, Step const& t);
/// Before a branch, and a jump to an address in registers.
void branch_undefined(Exec& x, Wave& w, Inst const& I);
/// Before a memory instruction, also one between lanes. The lanes of exec are on, their data is at p and p2.
template <uint32_t W>
void memory_undefined(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2);
/// Before a scalar load of n bytes from p to words of the destination from `word` on.
void scalar_undefined(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, uint32_t word);
/// Before DS_APPEND and DS_CONSUME.
void append_undefined(Exec& x, Wave& w, Inst const& I, uint8_t* p);
/// All registers that an instruction writes are defined.
void overwrite_undefined(Wave& w, Inst const& I);
/// Whether a wave has undefined bits.
inline bool has_undefined(Wave const& w) { return w.undefined && w.undefined->some.any(); }

}  // namespace emu
