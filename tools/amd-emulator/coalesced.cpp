// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores whose lanes access consecutive addresses, and loads of one address by all lanes: one check and one copy for the wave.
#include <cstring>
#include "exec.hpp"
#include "races.hpp"
#include "registers.hpp"
#include "undefined.hpp"

namespace emu {

// Whether lane l's word is that of lane 0 plus l * step.
template <int W>
static bool in_steps(uint32_t const* words, uint32_t step) {
  __m256i const eight = _mm256_set1_epi32(int(8 * step));
  __m256i want = _mm256_add_epi32(_mm256_set1_epi32(int(words[0])),
                                  _mm256_mullo_epi32(_mm256_set1_epi32(int(step)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
  __m256i differ = _mm256_setzero_si256();
  for (int l = 0; l < W; l += 8) {
    differ = _mm256_or_si256(differ, _mm256_xor_si256(want, words_at(words + l)));
    want = _mm256_add_epi32(want, eight);
  }
  return _mm256_testz_si256(differ, differ);
}

// Whether all bits are 1.
static bool all_written(uint8_t const* p, uint32_t n) {
  uint64_t const ones = ~0ull;
  uint64_t differ = 0;
  uint32_t i = 0;
  for (; i + 8 <= n; i += 8) differ |= rd<uint64_t>(p + i) ^ ones;
  if (i < n) differ |= rd<uint32_t>(p + i) ^ uint32_t(ones);
  return differ == 0;
}

// Copies `Words` consecutive words for each lane to rows, or the words of one address to all lanes.
template <int W, int Words>
static void to_rows(uint8_t const* p, uint32_t* rows, bool same) {
  if (same) {
    for (int i = 0; i < Words; i++) {
      uint32_t const word = rd<uint32_t>(p + 4 * i);
      for (int l = 0; l < W; l++) rows[i * W + l] = word;
    }
    return;
  }
#pragma clang loop vectorize(assume_safety)
  for (int l = 0; l < W; l++)
    for (int i = 0; i < Words; i++) rows[i * W + l] = rd<uint32_t>(p + 4 * (Words * l + i));
}
template <int W, int Words>
static void from_rows(uint8_t* p, uint32_t const* rows) {
#pragma clang loop vectorize(assume_safety)
  for (int l = 0; l < W; l++)
    for (int i = 0; i < Words; i++) wr(p + 4 * (Words * l + i), rows[i * W + l]);
}

bool can_coalesce(Inst const& I) {
  return I.kind == MEM && (I.op == LD || I.op == ST) && (I.sp == 'g' || I.sp == 'f' || I.sp == 'd') && !I.tid && I.n >= 4;
}

template <int W>
bool coalesced(Exec& x, Wave& w, Inst const& I) {
  if (x.by_lane || (x.uninit && has_undefined(w)) || exec_mask<W>(w) != (W == 64 ? ~0ull : 0xffffffffull) || w.missing) return false;
  uint32_t const* const va = w.v + size_t(I.a) * W;
  bool const load = I.op == LD, same = load && va[1] == va[0];
  if (!in_steps<W>(va, same ? 0 : I.n)) return false;
  uint32_t const bytes = same ? I.n : W * I.n;
  uint8_t* p;
  uint8_t* shadow = nullptr;
  if (I.sp == 'd') {
    uint64_t const offset = uint64_t(va[0]) + uint32_t(I.off);
    if (offset + bytes > x.lds_size) return false;
    p = x.grp->lds + offset;
    if (x.uninit) shadow = x.grp->written.data() + offset;
  } else {
    if (uint64_t(va[0]) + bytes > 0xffffffffu) return false;  // the high words may differ
    uint64_t address;
    if (I.sp == 'g' && I.sa >= 0)
      address = rd64(w.s + I.sa) + va[0];
    else {
      if (!in_steps<W>(va + W, 0)) return false;
      uint32_t const high = va[W];
      if (I.sp == 'f' && (high == priv_hi || high == old_lds_hi || high == old_priv_hi)) return false;
      address = uint64_t(high) << 32 | va[0];
    }
    address += uint64_t(int64_t(I.off));
    if (in_lds(address)) return false;
    p = reinterpret_cast<uint8_t*>(address);
    if (x.check) {
      Region const* const r = region(x, address);
      if (!r || address + bytes > r->hi) return false;
      if (x.uninit && r->shadow) shadow = r->shadow + (address - r->lo);
    }
  }
  if (shadow) {
    if (!load)
      memset(shadow, 0xff, bytes);
    else if (!all_written(shadow, bytes))
      return false;
  }
  if (x.race && !x.race->consecutive(w, I, p, bytes, same)) return false;
  uint32_t* const rows = (I.acc ? w.acc : w.v) + size_t(load ? I.d : I.v) * W;
  switch (I.n) {
    case 4: load ? to_rows<W, 1>(p, rows, same) : from_rows<W, 1>(p, rows); break;
    case 8: load ? to_rows<W, 2>(p, rows, same) : from_rows<W, 2>(p, rows); break;
    case 12: load ? to_rows<W, 3>(p, rows, same) : from_rows<W, 3>(p, rows); break;
    default: load ? to_rows<W, 4>(p, rows, same) : from_rows<W, 4>(p, rows);
  }
  return true;
}
template bool coalesced<64>(Exec&, Wave&, Inst const&);
template bool coalesced<32>(Exec&, Wave&, Inst const&);

}  // namespace emu
