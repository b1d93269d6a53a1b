// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads of a wave's registers, as the operations of alu.cpp and matrix.cpp need them.
#pragma once
#include "isa.hpp"

namespace emu {

/// The lanes that are on.
template <int W>
uint64_t exec_mask(Wave const& w) {
  return W == 64 ? rd64(w.s + EXEC) : w.s[EXEC];
}
/// The value of a special operand code. Throws Error for a code that is not emulated.
template <int W>
uint64_t special(Wave const& w, int c) {
  switch (c) {
    case 235: return w.lds;
    case 237: return priv_hi << 32;
    case 251: return (W == 64 ? rd64(w.s + VCC) : w.s[VCC]) == 0;
    case 252: return exec_mask<W>(w) == 0;
    case 253: return w.s[SCC];
  }
  fail(Err::unsupported, "operand code " + std::to_string(c));
}
/// The value of an operand that is the same for all lanes; of a VGPR, that of lane 0.
template <int W>
uint64_t scalar_value(Wave const& w, Src const& s) {
  switch (s.kind) {
    case S_SGPR: return s.bits == 64 ? rd64(w.s + s.reg) : w.s[s.reg];
    case S_CONST: return s.value;
    case S_SPECIAL: return special<W>(w, s.reg);
    case S_VGPR: return w.v[size_t(s.reg) * W];
    default: return 0;
  }
}

}  // namespace emu
