// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Access to a wave's registers, as the operations of generate.py, alu.cpp and matrix.cpp need it.
#pragma once
#include <immintrin.h>
#include <cstring>
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

// ---- operands of a Step

/// The lanes of an operand of a vector operation.
inline uint32_t const* row(Wave const& w, Step const& t, int k) {
  return reinterpret_cast<uint32_t const*>(t.at[k] + (reinterpret_cast<uint64_t>(w.v) & uint64_t(int64_t(t.inside[k]))));
}
/// The value of an operand of a scalar operation.
template <class T>
inline T scalar(Wave const& w, Step const& t, int k) {
  T v;
  memcpy(&v, reinterpret_cast<void const*>(t.at[k] + (reinterpret_cast<uint64_t>(w.s) & uint64_t(int64_t(t.inside[k])))), sizeof v);
  return v;
}
/// Writes the result of a scalar operation.
template <class T>
inline void set_scalar(Wave& w, Step const& t, T v) {
  memcpy(reinterpret_cast<char*>(w.s) + t.at[OUT], &v, sizeof v);
}
/// Whether the step must not write all lanes.
template <int W>
inline bool some_off(Wave const& w, Step const& t) {
  bool const off = W == 64 ? rd64(w.s + EXEC) != ~0ull : w.s[EXEC] != ~0u;
  return __builtin_expect(off && !t.unmasked, 0);
}
/// Runs the step's operation and writes the result of the lanes that are on. alu.cpp
template <int W>
void masked(Wave& w, Step const& t);

// ---- eight lanes of an operation. Those of an operation with 64-bit values are in the order 0 1 4 5 2 3 6 7.

inline __m256i reorder(__m256i words) { return _mm256_permute4x64_epi64(words, 0xd8); }
inline __m256i words_at(void const* p) { return _mm256_loadu_si256(static_cast<__m256i const*>(p)); }
inline void write_words(void* p, __m256i words) { _mm256_storeu_si256(static_cast<__m256i*>(p), words); }

/// Bits 0 to 7 as words, 0 or ~0.
template <bool Reordered = false>
inline void to_lanes(uint64_t bits, uint32_t* words) {
  __m256i const each = Reordered ? _mm256_setr_epi32(1, 2, 16, 32, 4, 8, 64, 128) : _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  __m256i const x = _mm256_and_si256(_mm256_set1_epi32(int(bits)), each);
  write_words(words, _mm256_cmpeq_epi32(x, each));
}
/// The highest bits of eight words.
template <bool Reordered = false>
inline uint32_t from_lanes(uint32_t const* words) {
  __m256i const x = words_at(words);
  return uint32_t(_mm256_movemask_ps(_mm256_castsi256_ps(Reordered ? reorder(x) : x)));
}
/// Loads 64-bit values, whose low words are at p and whose high words are a row behind.
template <int W>
inline void load(uint32_t const* p, uint64_t* values) {
  __m256i const low = words_at(p), high = words_at(p + W);
  write_words(values, _mm256_unpacklo_epi32(low, high));
  write_words(values + 4, _mm256_unpackhi_epi32(low, high));
}
template <int W>
inline void load(uint32_t const* p, uint32_t* values) {
  write_words(values, reorder(words_at(p)));
}
template <int W>
inline void store(uint32_t* p, uint64_t const* values) {
  __m256 const a = _mm256_castsi256_ps(words_at(values)), b = _mm256_castsi256_ps(words_at(values + 4));
  write_words(p, _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)));
  write_words(p + W, _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd)));
}
template <int W>
inline void store(uint32_t* p, uint32_t const* values) {
  write_words(p, reorder(words_at(values)));
}

}  // namespace emu
