// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Undefined bits: where they come from, what passes them on, what they must not decide.
#include "undefined.hpp"
#include <algorithm>
#include <cstdio>
#include <map>
#include "settings.hpp"

namespace emu {
namespace {

constexpr int vectors_of_both_files = 512;

uint32_t* register_row(Wave& w, int reg, uint32_t W) { return reg < 256 ? w.v + size_t(reg) * W : w.acc + size_t(reg - 256) * W; }
int index_in_s(int reg) { return reg == Undefined::FLAG ? int(SCC) : reg - vectors_of_both_files; }

Undefined& undefined_of(Wave& w, uint32_t W) {
  if (!w.undefined) w.undefined = new Undefined(W);
  return *w.undefined;
}

std::string describe(Exec& x, Undefined::Origin const& from) {
  char b[160];
  if (from.address >= reinterpret_cast<uint64_t>(x.grp->lds) && from.address < reinterpret_cast<uint64_t>(x.grp->lds) + x.lds_size)
    snprintf(b, sizeof b, "LDS byte %lu of %u, perhaps for lack of a barrier",
             (unsigned long)(from.address - reinterpret_cast<uint64_t>(x.grp->lds)), x.lds_size);
  else if (Region const* const r = region(x, from.address))
    snprintf(b, sizeof b, "device memory at 0x%lx, byte %lu of an allocation of %lu", (unsigned long)from.address,
             (unsigned long)(from.address - r->lo), (unsigned long)(r->hi - r->lo));
  else
    snprintf(b, sizeof b, "memory at 0x%lx", (unsigned long)from.address);
  return b;
}
// Reports a use of what `from` has read; how: what it decides.
void report(Exec& x, Undefined::Origin const& from, char const* how) {
  static std::map<uint64_t, int> seen;  // by instruction
  x.uninit_reads++;
  std::string text = "read of uninitialised " + describe(x, from) + ", which " + how;
  if (from.inst && from.inst != x.inst) {
    Inst const* const user = x.inst;
    x.inst = from.inst;
    text += " [read at " + place(x) + "]";
    x.inst = user;
  }
  if (is_error("AMDEMU_UNINIT")) fail(Err::fault, text);
  if (!seen[x.inst->pc]++) fprintf(stderr, "[amd-emulator] UNINIT: %s [%s]\n", text.c_str(), place(x).c_str());
}

// Whether the result has only bits of the sources, so that padding stays padding.
bool moves_bits(Inst const& I) {
  if (I.moves_bits >= 0) return I.moves_bits;
  static char const* const names[] = {"MOV",  "CNDMASK", "CSELECT", "PERM",    "AND",     "OR",      "XOR",    "XNOR",
                                      "NOT",  "NAND",    "NOR",     "BFE",     "BFI",     "LSHL_OR", "LSHL_B", "LSHLREV",
                                      "LSHR", "ASHR",    "ALIGN",   "PACK",    "SWAP",    "READ",    "WRITE",  "ACCVGPR",
                                      "CMOV", "SEXT",    "PK_LSHL", "PK_LSHR", "PK_ASHR", "BITSET"};
  bool yes = I.kind == LANEOP || I.kind == MOVREL;
  std::string const name = I.info ? I.info->name : I.name;
  size_t const begin = name.rfind("V_DUAL_", 0) == 0 ? 7 : 2;
  for (char const* n : names) yes = yes || name.compare(begin, strlen(n), n) == 0;
  if (yes && I.kind == VOPD && !I.in_turn) yes = moves_bits(*I.second);
  I.moves_bits = yes;
  return yes;
}

// Values for undefined bits: extremes, those of the other operand (an equal value decides a comparison), and arbitrary ones.
enum { FILLS = 8 };
uint32_t arbitrary(uint32_t a, uint32_t b, uint32_t c) {
  uint64_t h = (uint64_t(a) << 40 ^ uint64_t(b) << 20 ^ c) * 0x9e3779b97f4a7c15ull;
  h ^= h >> 29;
  h *= 0xbf58476d1ce4e5b9ull;
  return uint32_t(h >> 32);
}
uint32_t word_of(Wave const& w, Src const& s, int word, uint32_t lane, uint32_t W) {
  switch (s.kind) {
    case S_CONST: return uint32_t(s.value >> 32 * (word & 1));
    case S_SGPR: return w.s[std::min(s.reg + word, NSGPR - 1)];
    case S_VGPR: return s.reg + word < 256 ? w.v[size_t(s.reg + word) * W + lane] : 0;
    default: return 0;
  }
}
uint32_t fill_of(Wave const& w, Inst const& I, int kind, int reg, int word, uint32_t lane, uint32_t W) {
  switch (kind) {
    case 0: return 0;
    case 1: return ~0u;
    case 2: return 0x7fffffff;
    case 3: return 0x80000000;
    case 4: return word_of(w, I.s[1], word, lane, W);
    case 5: return word_of(w, I.s[0], word, lane, W);
  }
  return arbitrary(uint32_t(kind), uint32_t(reg), lane);
}

template <uint32_t W>
void operation(Exec& x, Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  Undefined& u = *w.undefined;
  auto const& ranges = registers_of(I, W).ranges;
  bool const flag = u.some[Undefined::FLAG];
  bool touched = flag;
  for (auto const& r : ranges)
    for (int i = 0; i < r.n; i++) touched = touched || u.some[r.first + i];
  if (!touched) return t.run(w, t);

  struct Row {
    int reg, word;
    bool written;
    uint32_t *now, *masks[Undefined::PLANES];
    uint32_t before[W], first[W], differ[Undefined::PLANES][W];
  };
  static std::vector<Row> rows;  // launches with this check run on one thread
  rows.clear();
  uint64_t const exec = W == 64 ? rd64(w.s + EXEC) : w.s[EXEC];
  bool written_scalars[NSGPR] = {};
  Undefined::Origin from = {};
  for (auto const& r : ranges)
    for (int i = 0; i < r.n; i++) {
      int const reg = r.first + i;
      if (!from.inst && u.some[reg]) from = u.origin[reg];
      if (reg >= vectors_of_both_files) {
        if (r.written) written_scalars[index_in_s(reg)] = true;
        continue;
      }
      auto const known = std::find_if(rows.begin(), rows.end(), [&](Row const& o) { return o.reg == reg; });
      if (known != rows.end()) {
        known->written = known->written || r.written;
        continue;
      }
      rows.push_back(
          {reg, i, r.written, register_row(w, reg, W), {u.row(Undefined::ALL, reg), u.row(Undefined::COMPUTED, reg)}, {}, {}, {}});
      memcpy(rows.back().before, rows.back().now, 4 * W);
    }
  if (!from.inst && flag) from = u.origin[Undefined::FLAG];
  if (I.kind == SCALAR) written_scalars[SCC] = I.info->flags & F_SCCw;
  uint32_t before[NSGPR], first[NSGPR], differ[Undefined::PLANES][NSGPR] = {};
  memcpy(before, w.s, sizeof before);

  auto const restore = [&] {
    for (Row& r : rows) memcpy(r.now, r.before, 4 * W);
    memcpy(w.s, before, sizeof before);
  };
  auto const compare = [&](int plane, bool begin) {
    for (Row& r : rows) {
      if (begin) memcpy(r.first, r.now, 4 * W);
      for (uint32_t l = 0; l < W; l++) r.differ[plane][l] |= r.first[l] ^ r.now[l];
    }
    if (begin) memcpy(first, w.s, sizeof first);
    for (int i = 0; i < NSGPR; i++) differ[plane][i] |= first[i] ^ w.s[i];
  };
  auto const probe = [&](int plane) {
    uint32_t const* const masks = u.scalars[plane];
    for (int kind = 0; kind < FILLS; kind++) {
      restore();
      static std::vector<uint32_t> values;
      values.clear();
      for (Row& r : rows)
        for (uint32_t l = 0; l < W; l++)
          values.push_back(r.masks[plane][l]
                               ? (r.before[l] & ~r.masks[plane][l]) | (fill_of(w, I, kind, r.reg, r.word, l, W) & r.masks[plane][l])
                               : r.before[l]);
      uint32_t scalar_values[NSGPR];
      for (int i = 0; i < NSGPR; i++)
        scalar_values[i] = masks[i] ? (before[i] & ~masks[i]) | (fill_of(w, I, kind, 1000 + i, 0, 0, W) & masks[i]) : before[i];
      uint32_t const* value = values.data();
      for (Row& r : rows) {
        memcpy(r.now, value, 4 * W);
        value += W;
      }
      memcpy(w.s, scalar_values, sizeof scalar_values);
      t.run(w, t);
      compare(plane, !kind);
    }
    restore();
  };
  probe(Undefined::ALL);
  bool const moves = moves_bits(I);
  if (moves) probe(Undefined::COMPUTED);
  t.run(w, t);

  for (Row& r : rows) {
    bool any = false;
    for (uint32_t l = 0; l < W; l++) {
      if (!moves) {
        bool const fresh = r.written && (exec >> l & 1);
        r.differ[Undefined::COMPUTED][l] = r.differ[Undefined::ALL][l] & (fresh ? ~0u : r.masks[Undefined::COMPUTED][l]);
      }
      for (int k = 0; k < Undefined::PLANES; k++) r.masks[k][l] = r.differ[k][l];
      any = any || r.differ[Undefined::ALL][l];
    }
    if (any && (r.written || !u.some[r.reg])) u.origin[r.reg] = from;
    u.some[r.reg] = any;
  }
  for (int i = 0; i < NSGPR; i++) {
    if (i >= 128 && i != SCC) continue;
    int const reg = i == SCC ? int(Undefined::FLAG) : vectors_of_both_files + i;
    if (!moves) differ[Undefined::COMPUTED][i] = differ[Undefined::ALL][i] & (written_scalars[i] ? ~0u : u.scalars[Undefined::COMPUTED][i]);
    for (int k = 0; k < Undefined::PLANES; k++) u.scalars[k][i] = differ[k][i];
    bool const any = differ[Undefined::ALL][i];
    if (any && (written_scalars[i] || !u.some[reg])) u.origin[reg] = from;
    u.some[reg] = any;
  }
  for (int i = EXEC; i < EXEC + (W == 64 ? 2 : 1); i++)
    if (u.scalars[Undefined::ALL][i]) {
      report(x, u.origin[vectors_of_both_files + i], "decides which lanes run");
      u.scalars[Undefined::ALL][i] = u.scalars[Undefined::COMPUTED][i] = 0;
      u.some[vectors_of_both_files + i] = false;
    }
}

// v_mov_b32 with a register that M0 chooses moves the masks too.
template <uint32_t W>
void indexed(Exec& x, Wave& w, Step const& t, int rel, uint32_t index) {
  Inst const& I = *t.inst;
  Undefined& u = *w.undefined;
  int const m0 = vectors_of_both_files + (W == 64 ? M0_C : M0_R);
  if (u.some[m0]) report(x, u.origin[m0], "decides which register is moved");
  static uint32_t const zeros[128] = {};
  Src source = I.s[0];
  int const to = I.d + (rel & 8 ? int(index) : 0), at = int(source.reg + (rel & 1 ? index : 0));
  if (to >= 256 || (source.kind == S_VGPR && at >= 256)) return;
  bool const from_vector = source.kind == S_VGPR;
  uint32_t const scalar = source.kind == S_SGPR && source.reg < 128 ? source.reg : 128;
  uint64_t const exec = W == 64 ? rd64(w.s + EXEC) : w.s[EXEC];
  bool any = false;
  for (uint32_t l = 0; l < W; l++)
    for (int k = 0; k < Undefined::PLANES; k++) {
      uint32_t& mask = u.row(Undefined::Plane(k), to)[l];
      if (exec >> l & 1) mask = from_vector ? u.row(Undefined::Plane(k), at)[l] : scalar < 128 ? u.scalars[k][scalar] : zeros[l];
      any = any || mask;
    }
  if (any && !u.some[to]) u.origin[to] = u.origin[from_vector ? at : vectors_of_both_files + int(scalar % 128)];
  u.some[to] = any;
}

// The defined bits of the bytes at q, or null: all are.
uint8_t* mask_of(Exec& x, Wave& w, uint8_t const* q, bool create) {
  Group& g = *x.grp;
  uint64_t const in_group = uint64_t(q - g.lds), in_scratch = uint64_t(q - w.scratch);
  if (in_group < x.lds_size) return g.written.data() + in_group;
  size_t const bytes = size_t(x.stride) * x.wave;
  if (w.scratch && in_scratch < bytes) {
    if (create) {
      Undefined& u = undefined_of(w, x.wave);
      if (u.scratch.size() < bytes) u.scratch.resize(bytes, 0xff);
    }
    return w.undefined && !w.undefined->scratch.empty() ? w.undefined->scratch.data() + in_scratch : nullptr;
  }
  uint64_t const a = reinterpret_cast<uint64_t>(q);
  if (in_lds(a)) return nullptr;
  Region const* const r = region(x, a);
  return r && r->shadow && a < r->hi ? r->shadow + (a - r->lo) : nullptr;
}
// The computed bits of bytes at q in LDS and scratch, or null: none. Stores of such bits to global memory are findings.
uint8_t* computed_of(Exec& x, Wave& w, uint8_t const* q, bool create) {
  Group& g = *x.grp;
  uint64_t const in_group = uint64_t(q - g.lds), in_scratch = uint64_t(q - w.scratch);
  size_t const bytes = size_t(x.stride) * x.wave;
  auto const at = [&](std::vector<uint8_t>& masks, size_t size, uint64_t i) {
    if (create && masks.empty()) masks.assign(size, 0);
    return masks.empty() ? nullptr : masks.data() + i;
  };
  if (in_group < x.lds_size) return at(g.computed, x.lds_size + 16, in_group);
  return w.undefined && w.scratch && in_scratch < bytes ? at(w.undefined->computed, bytes, in_scratch) : nullptr;
}
bool all_defined(uint8_t const* mask, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (mask[i] != 0xff) return false;
  return true;
}
// Whether the undefined bytes of a store may be those between the members of a struct, or behind its last one.
bool may_be_padding(uint8_t const* undefined, uint32_t n) {
  uint32_t run = 0, most = 0, whole = 0;
  for (uint32_t i = 0; i < n; i++) {
    run = undefined[i] == 0xff ? run + 1 : 0;
    whole += undefined[i] == 0xff;
    most = std::max(most, run);
  }
  return most < 8 && whole < n;
}
template <uint32_t W>
bool any_lane(uint32_t const* masks, uint64_t exec) {
  for (uint64_t m = exec; m; m &= m - 1)
    if (masks[__builtin_ctzll(m)]) return true;
  return false;
}
template <uint32_t W>
void refresh(Undefined& u, int reg, Undefined::Origin const& from) {
  bool const any = any_lane<W>(u.row(Undefined::ALL, reg), W == 64 ? ~0ull : 0xffffffffull);
  if (any && from.inst) u.origin[reg] = from;
  u.some[reg] = any;
}
// Reports registers that are an address.
template <uint32_t W>
void check_address(Exec& x, Wave& w, Inst const& I, uint64_t exec) {
  Undefined& u = *w.undefined;
  for (auto const& r : registers_of(I, W).ranges)
    for (int i = 0; r.address && i < r.n; i++) {
      int const reg = r.first + i;
      if (!u.some[reg]) continue;
      if (reg < vectors_of_both_files ? any_lane<W>(u.row(Undefined::ALL, reg), exec) : u.scalars[Undefined::ALL][index_in_s(reg)])
        report(x, u.origin[reg], "decides an address");
    }
}

// The masks of the lanes' data, as bytes, for transfer().
template <uint32_t W>
struct Bytes {
  uint8_t bytes[W][16];
  uint8_t* p[W];
  Bytes() {
    memset(bytes, 0, sizeof bytes);
    for (uint32_t l = 0; l < W; l++) p[l] = bytes[l];
  }
};

template <uint32_t W>
void atomic_undefined(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p) {
  Undefined* u = has_undefined(w) ? w.undefined : nullptr;
  int const words = I.n / 4, file = I.acc ? 256 : 0;
  bool const ds = I.sp == 'd', second_is_new = I.at == CAS_DS9;
  int const data = I.v + file, second = ds ? I.v1 + file : data + words;
  int const fresh = is_cas(I) && second_is_new ? second : data, expected = second_is_new ? data : second;
  Undefined::Origin loaded = {};
  uint32_t old_masks[2][W] = {};
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint8_t* const mask = mask_of(x, w, p[l], false);
    bool const clean = !mask || all_defined(mask, I.n);
    if (clean && !u) continue;
    uint32_t memory[2] = {}, now[2] = {}, expect[2] = {}, value[2] = {};
    memcpy(value, p[l], I.n);
    bool whole = true, equal = true;
    for (int k = 0; k < words; k++) {
      if (mask) memory[k] = ~rd<uint32_t>(mask + 4 * k);
      whole = whole && memory[k] == ~0u;
      if (u && u->some[fresh + k]) now[k] = u->row(Undefined::ALL, fresh + k)[l];
      if (!is_cas(I)) continue;
      if (u && u->some[expected + k]) expect[k] = u->row(Undefined::ALL, expected + k)[l];
      equal = equal && register_row(w, expected + k, W)[l] == value[k];
    }
    Undefined::Origin const here{&I, reinterpret_cast<uint64_t>(p[l])};
    if (is_cas(I)) {
      if (whole) report(x, here, "an atomic operation compares");
      for (int k = 0; k < words; k++) {
        if (now[k] & ~memory[k]) report(x, u->origin[fresh + k], "an atomic operation stores");
        if (expect[k] & ~memory[k]) report(x, u->origin[expected + k], "an atomic operation compares");
        uint32_t const kept = equal ? now[k] | (memory[k] & ~(value[k] ^ register_row(w, fresh + k, W)[l])) : memory[k];
        if (mask) wr<uint32_t>(mask + 4 * k, whole ? ~0u : ~kept);
        // A wave that updates some bytes of a word compares all of it: what it has loaded of the others is no finding.
        if (!u || !expect[k]) continue;
        uint32_t const word = register_row(w, expected + k, W)[l], bits = expect[k];
        for (int reg = 0; reg < vectors_of_both_files; reg++)
          if (u->some[reg] && u->row(Undefined::ALL, reg)[l] == bits && register_row(w, reg, W)[l] == word)
            u->row(Undefined::ALL, reg)[l] = u->row(Undefined::COMPUTED, reg)[l] = 0;
      }
      continue;
    }
    for (int k = 0; k < words; k++)
      if (now[k]) report(x, u->origin[fresh + k], "goes into an atomic operation");
    if (I.at != SWAP && !clean) report(x, here, "an atomic operation changes");
    if (I.at == SWAP && !clean) {
      loaded = here;
      for (int k = 0; k < words; k++) old_masks[k][l] = memory[k];
    }
    if (mask) memset(mask, 0xff, I.n);
  }
  if (!I.rtn || (!u && !loaded.inst)) return;
  Undefined& all = undefined_of(w, W);
  for (int k = 0; k < words; k++) {
    for (uint64_t m = exec; m; m &= m - 1) {
      uint32_t const l = __builtin_ctzll(m);
      all.row(Undefined::ALL, I.d + file + k)[l] = old_masks[k][l];
      all.row(Undefined::COMPUTED, I.d + file + k)[l] = 0;
    }
    refresh<W>(all, I.d + file + k, loaded);
  }
}

template <uint32_t W>
void loaded(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2) {
  bool const two = I.op == LD2;
  int const words = (I.n + 3) / 4 * (two ? 2 : 1), dst = I.d + (I.acc ? 256 : 0);
  bool clean = true;
  for (uint64_t m = exec; m && clean; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    for (int k = 0; k < (two ? 2 : 1); k++) {
      uint8_t const* const mask = mask_of(x, w, (k ? p2 : p)[l], false);
      clean = clean && (!mask || all_defined(mask, I.n));
    }
  }
  bool overwrites = false;
  if (w.undefined)
    for (int k = 0; k < words; k++) overwrites = overwrites || w.undefined->some[dst + k];
  if (clean && !overwrites) return;
  Undefined& u = undefined_of(w, W);
  static Bytes<W> masks[2], computed[2];
  Undefined::Origin from = {};
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    for (int k = 0; k < (two ? 2 : 1); k++) {
      uint8_t const* const q = (k ? p2 : p)[l];
      uint8_t const *const mask = mask_of(x, w, q, false), *const sums = computed_of(x, w, q, false);
      for (uint32_t i = 0; i < I.n; i++) {
        masks[k].bytes[l][i] = mask ? uint8_t(~mask[i]) : 0;
        computed[k].bytes[l][i] = sums ? sums[i] & masks[k].bytes[l][i] : 0;
        if (masks[k].bytes[l][i] && !from.inst) from = {&I, reinterpret_cast<uint64_t>(q + i)};
      }
    }
  }
  transfer<W>(I, exec, masks[0].p, masks[1].p, nullptr, nullptr, u.row(Undefined::ALL, dst));
  transfer<W>(I, exec, computed[0].p, computed[1].p, nullptr, nullptr, u.row(Undefined::COMPUTED, dst));
  for (int k = 0; k < words; k++) refresh<W>(u, dst + k, from);
}

template <uint32_t W>
void stored(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2) {
  int const count = I.op == ST2 ? 2 : 1, words = (I.n + 3) / 4;
  int const data[2] = {I.v + (I.acc ? 256 : 0), I.v1 + (I.acc ? 256 : 0)};
  int reg = -1;
  if (w.undefined)
    for (int k = 0; k < count; k++)
      for (int i = 0; i < words; i++)
        if (w.undefined->some[data[k] + i]) reg = data[k] + i;
  if (reg < 0) {
    for (uint64_t m = exec; m; m &= m - 1)
      for (int k = 0; k < count; k++)
        if (uint8_t* const mask = mask_of(x, w, (k ? p2 : p)[__builtin_ctzll(m)], false)) memset(mask, 0xff, I.n);
    return;
  }
  Undefined& u = *w.undefined;
  static Bytes<W> masks[Undefined::PLANES][2];
  for (int k = 0; k < Undefined::PLANES; k++)
    transfer<W>(I, exec, masks[k][0].p, masks[k][1].p, u.row(Undefined::Plane(k), data[0]), u.row(Undefined::Plane(k), data[1]), nullptr);
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    for (int k = 0; k < count; k++) {
      uint8_t const *const all = masks[Undefined::ALL][k].bytes[l], *const computed = masks[Undefined::COMPUTED][k].bytes[l];
      bool const some = std::any_of(all, all + I.n, [](uint8_t b) { return b; });
      uint8_t* const q = (k ? p2 : p)[l];
      uint8_t* const mask = mask_of(x, w, q, some);
      bool const own = uint64_t(q - x.grp->lds) < x.lds_size || (w.scratch && uint64_t(q - w.scratch) < size_t(x.stride) * W);
      bool told = false;
      if (some && !own) {
        told = std::any_of(computed, computed + I.n, [](uint8_t b) { return b; });
        if (told || !may_be_padding(all, I.n))
          report(x, u.origin[reg], told ? "decides a value in global memory" : "goes to global memory");
      }
      if (mask)
        for (uint32_t i = 0; i < I.n; i++) mask[i] = told ? 0xff : uint8_t(~all[i]);
      if (own && some)
        if (uint8_t* const sums = computed_of(x, w, q, std::any_of(computed, computed + I.n, [](uint8_t b) { return b; })))
          memcpy(sums, computed, I.n);
    }
  }
}

}  // namespace

Undefined::Undefined(uint32_t lanes) : wave(lanes) {
  for (auto& v : vectors) v.assign(size_t(vectors_of_both_files) * lanes, 0);
}
void Undefined::clear() {
  for (int reg = 0; reg < vectors_of_both_files; reg++)
    if (some[reg])
      for (int k = 0; k < PLANES; k++) memset(row(Plane(k), reg), 0, 4 * wave);
  memset(scalars, 0, sizeof scalars);
  some.reset();
  scratch.clear();
  computed.clear();
}

void run_undefined(Exec& x, Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  if (I.kind == MOVREL || w.gpr_idx) {
    int const rel = w.gpr_idx ? w.gpr_idx : I.w;
    uint32_t const index = w.gpr_idx ? w.s[M0_C] & 0xff : w.s[x.wide ? M0_C : M0_R];
    x.wide ? indexed<64>(x, w, t, rel, index) : indexed<32>(x, w, t, rel, index);
    if (I.kind == MOVREL) t.run(w, t);  // the other one is run by its caller
    return;
  }
  x.wide ? operation<64>(x, w, t) : operation<32>(x, w, t);
}
void branch_undefined(Exec& x, Wave& w, Inst const& I) {
  Undefined& u = *w.undefined;
  auto const decided = [&](int reg, bool undefined) {
    if (!undefined) return;
    report(x, u.origin[reg], "decides a branch");
  };
  if (I.c == SCC0 || I.c == SCC1)
    decided(Undefined::FLAG, u.scalars[Undefined::ALL][SCC]);
  else if (I.c == VCCZ || I.c == VCCNZ) {
    uint32_t const* const masks = u.scalars[Undefined::ALL] + VCC;
    uint32_t const certain = (w.s[VCC] & ~masks[0]) | (x.wide ? w.s[VCC + 1] & ~masks[1] : 0);
    for (int i = 0; i < (x.wide ? 2 : 1); i++) decided(vectors_of_both_files + VCC + i, masks[i] && !certain);
  }
}

template <uint32_t W>
void memory_undefined(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2) {
  if (has_undefined(w)) check_address<W>(x, w, I, exec);
  if (!exec) return;
  switch (I.op) {
    case LD:
    case LD2: return loaded<W>(x, w, I, exec, p, p2);
    case ST:
    case ST2: return stored<W>(x, w, I, exec, p, p2);
    case AT: return atomic_undefined<W>(x, w, I, exec, p);
    case LD_LDS:
      for (uint64_t m = exec; m; m &= m - 1) {
        uint32_t const l = __builtin_ctzll(m), n = std::max<uint32_t>(I.n, 4);
        uint8_t const* const from = mask_of(x, w, p[l], false);
        uint8_t* const to = mask_of(x, w, p2[l], false);
        if (!to) continue;
        memset(to, 0xff, n);
        if (from) memcpy(to, from, I.n);
      }
      return;
    case XCHG2: {
      Inst part = I;  // what is loaded, then what is stored
      part.op = LD2;
      loaded<W>(x, w, part, exec, p, p2);
      part.op = ST2;
      return stored<W>(x, w, part, exec, p, p2);
    }
    default: return;
  }
}
template void memory_undefined<64>(Exec&, Wave&, Inst const&, uint64_t, uint8_t* const*, uint8_t* const*);
template void memory_undefined<32>(Exec&, Wave&, Inst const&, uint64_t, uint8_t* const*, uint8_t* const*);

void scalar_undefined(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, uint32_t word) {
  if (has_undefined(w)) x.wide ? check_address<64>(x, w, I, 0) : check_address<32>(x, w, I, 0);
  uint8_t const* const mask = mask_of(x, w, p, false);
  bool const clean = !mask || all_defined(mask, n);
  if (clean && !w.undefined) return;
  Undefined& u = undefined_of(w, x.wave);
  uint8_t undefined[64] = {};
  for (uint32_t i = 0; i < n && mask; i++) undefined[i] = uint8_t(~mask[i]);
  if (n < 4 && I.sx && undefined[n - 1] & 0x80) memset(undefined + n, 0xff, 4 - n);
  for (uint32_t k = 0; k < (n + 3) / 4; k++) {
    int const i = I.d + int(word + k), reg = vectors_of_both_files + i;
    if (i >= 128) continue;
    u.scalars[Undefined::ALL][i] = rd<uint32_t>(undefined + 4 * k);
    u.scalars[Undefined::COMPUTED][i] = 0;
    u.some[reg] = u.scalars[Undefined::ALL][i];
    uint32_t first = 4 * k;
    while (first < n && !undefined[first]) first++;
    u.origin[reg] = {&I, reinterpret_cast<uint64_t>(p) + first};
  }
}
void append_undefined(Exec& x, Wave& w, Inst const& I, uint8_t* p) {
  uint8_t* const mask = mask_of(x, w, p, false);
  if (mask && !all_defined(mask, 4)) report(x, {&I, reinterpret_cast<uint64_t>(p)}, "an atomic operation changes");
  if (mask) memset(mask, 0xff, 4);
  overwrite_undefined(w, I);
}
void overwrite_undefined(Wave& w, Inst const& I) {
  if (!has_undefined(w)) return;
  Undefined& u = *w.undefined;
  uint64_t const exec = u.wave == 64 ? rd64(w.s + EXEC) : w.s[EXEC];
  for (auto const& r : registers_of(I, u.wave).ranges)
    for (int i = 0; r.written && i < r.n; i++) {
      int const reg = r.first + i;
      if (!u.some[reg]) continue;
      if (reg < vectors_of_both_files) {
        for (uint64_t m = exec; m; m &= m - 1)
          for (int k = 0; k < Undefined::PLANES; k++) u.row(Undefined::Plane(k), reg)[__builtin_ctzll(m)] = 0;
        u.wave == 64 ? refresh<64>(u, reg, {}) : refresh<32>(u, reg, {});
      } else {
        u.scalars[Undefined::ALL][index_in_s(reg)] = u.scalars[Undefined::COMPUTED][index_in_s(reg)] = 0;
        u.some[reg] = false;
      }
    }
}

}  // namespace emu
