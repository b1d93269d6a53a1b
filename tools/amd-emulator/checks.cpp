// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checks: reads of unwritten bytes, accesses outside allocations, divergent barriers. races.cpp has the races.
#include <bitset>
#include <cstdio>
#include <map>
#include "exec.hpp"
#include "settings.hpp"

namespace emu {

void divergent_barrier(Exec& x, Wave& w, char const* what, uint64_t lanes) {
  if (x.div_warned) return;
  x.div_warned = true;
  fprintf(stderr, "[amd-emulator] warning: __syncthreads in kernel %s (code offset 0x%lx, group %u,%u,%u) was executed %s (mask 0x%lx)\n",
          name_of(*x.L->k).c_str(), (unsigned long)(w.barrier_pc - reinterpret_cast<uint64_t>(x.co->image)), x.grp->id[0], x.grp->id[1],
          x.grp->id[2], what, (unsigned long)lanes);
  bool const hard = is_error("AMDEMU_BARRIER");
  if (hard) {
    char b[160];
    snprintf(b, sizeof b, "divergent workgroup barrier at code offset 0x%lx, executed %s (mask 0x%lx)",
             (unsigned long)(w.barrier_pc - reinterpret_cast<uint64_t>(x.co->image)), what, (unsigned long)lanes);
    fail(Err::trap, b);
  }
}

// Whether this is the first finding of the instruction.
static bool first_at(Exec& x) {
  static std::map<uint64_t, int> seen;
  return !seen[x.inst->pc]++;
}
Region const* region(Exec& x, uint64_t a) {
  for (auto& r : x.near)
    if (a >= r.lo && a < r.end) return &r;
  Region r;
  if (!find_region || !find_region(a, r)) return nullptr;
  if (r.foreign >= 0) {
    char b[160];
    snprintf(b, sizeof b, "access to 0x%lx, memory of %sdevice %d, by device %d without peer access (%s)", (unsigned long)a,
             r.in_pool ? "a pool of " : "", r.foreign, x.L->device, r.in_pool ? "hipMemPoolSetAccess" : "hipDeviceEnablePeerAccess");
    fail(Err::fault, b);
  }
  Region& o = x.near[x.near_next++ & 3];
  o = r;
  return &o;
}
static void uninit_read(Exec& x, std::string const& what, std::string const& where, bool first) {
  x.uninit_reads++;
  static bool const hard = is_error("AMDEMU_UNINIT");
  if (hard) fail(Err::fault, "read of uninitialised " + what + where);
  if (first) fprintf(stderr, "[amd-emulator] UNINIT: read of uninitialised %s [%s]\n", what.c_str(), place(x).c_str());
}
void missing_wait(Exec& x, std::string const& what, bool hard) {
  if (hard) fail(Err::trap, what);
  if (first_at(x)) fprintf(stderr, "[amd-emulator] WAIT: %s [%s]\n", what.c_str(), place(x).c_str());
}
// ---- findings that are none if the wave's compare-and-swap on the same bytes follows
void defer(Group& g, uint8_t wave, uint64_t address, uint32_t n, std::function<void()> tell) {
  auto& all = g.deferred;
  for (auto const& o : all)
    if (o.wave == wave && o.lo == address && o.hi == address + n) return;
  if (all.size() >= 4096) {  // a wave without end; each lane of all waves of a block may have several
    auto const oldest = std::move(all.front().tell);
    all.erase(all.begin());
    oldest();
  }
  all.push_back({wave, address, address + n, std::move(tell)});
}
void forgive(Exec& x, Wave const& w, uint64_t lo, uint64_t hi) {
  auto& all = x.grp->deferred;
  for (size_t k = all.size(); k--;)
    if (all[k].wave == w.idx && all[k].lo < hi && all[k].hi > lo) all.erase(all.begin() + k);
}
void tell_deferred(Exec& x, Wave const& w) {
  auto& all = x.grp->deferred;
  for (size_t k = 0; k < all.size();)
    if (all[k].wave == w.idx) {
      auto const tell = std::move(all[k].tell);
      all.erase(all.begin() + k);
      tell();
    } else
      k++;
}

bool may_be_part(Inst const& I, uint64_t address) {
  return (I.kind == MEM ? I.op == LD || is_cas(I) : I.kind == SMEM) && I.n == 4 && !(address & 3);
}
// Whether the unwritten bytes of an access may be those between the members of a struct, or behind its last one.
static bool looks_like_padding(uint8_t const* written, uint32_t n) {
  uint32_t run = 0, most = 0;
  for (uint32_t i = 0; i < n; i++) {
    run = written[i] ? 0 : run + 1;
    most = std::max(most, run);
  }
  return most < 8 && memchr(written, 1, n);
}
// Whether a load's registers that get unwritten bytes are only moved and stored until they are written again, as in the copy of a struct
// with its padding. Follows all branches.
static bool only_copied(Exec& x, Inst const& I, uint8_t const* written, uint32_t n) {
  if ((I.kind != MEM || (I.op != LD && I.op != LD2)) && I.kind != SMEM) return false;
  int const first = I.kind == SMEM ? 512 + I.d : I.acc ? 256 + I.d : I.d, words = int(n + 3) / 4;
  uint32_t mask = 0;
  for (uint32_t i = 0; i < n; i++) mask |= uint32_t(!written[i]) << i / 4;
  if (I.op == LD2 && I.kind == MEM) mask |= mask << words;  // either of the two
  if (I.unwritten_mask == mask) return I.unwritten_copied;
  I.unwritten_mask = mask;
  I.unwritten_copied = false;
  using Registers = std::bitset<640>;
  std::map<uint64_t, Registers> before;  // each instruction
  std::vector<std::pair<uint64_t, Registers>> todo{{I.pc + I.size, Registers(mask) << first}};
  while (!todo.empty()) {
    auto [pc, live] = todo.back();
    todo.pop_back();
    Registers& seen = before[pc];
    if ((live & ~seen).none()) continue;
    seen |= live;
    live = seen;
    if (before.size() > 1000) return false;
    Inst const& o = *instruction_at(x, pc);
    if (o.kind == END) continue;
    if (o.kind == BAD || o.kind == PCOP || o.kind == CALL || o.kind == MOVREL || o.kind == GPRIDX) return false;
    bool const move = o.name == "V_MOV_B32" || o.name == "S_MOV_B32" || o.name == "S_MOV_B64" || o.name == "V_ACCVGPR_WRITE_B32" ||
                      o.name == "V_ACCVGPR_READ_B32";
    bool const store = o.kind == MEM && (o.op == ST || o.op == ST2);
    int const data = o.acc ? 256 : 0;
    Registers moved;
    for (auto const& r : registers_of(o, x.wave).ranges) {
      if (r.written) continue;
      Registers const used = live >> r.first & Registers((1ull << r.n) - 1);
      bool const stored = store && (r.first == o.v + data || (o.op == ST2 && r.first == o.v1 + data)) && r.first != o.a;
      if (used.any() && !stored && !move) return false;
      if (move) moved = used;
    }
    for (auto const& r : registers_of(o, x.wave).ranges)
      if (r.written) {
        live &= ~(Registers((1ull << r.n) - 1) << r.first);
        if (move) live |= moved << r.first;
      }
    if (live.none()) continue;
    uint64_t const next = pc + o.size;
    if (o.kind == BR) todo.push_back({next + uint64_t(int64_t(o.off)), live});
    if (o.kind != BR || o.c != ALWAYS) todo.push_back({next, live});
  }
  return I.unwritten_copied = true;
}
// n bytes at `address` are read. written: a mark for each.
static void check_written(Exec& x, Wave& w, Inst const& I, uint64_t address, uint8_t const* written, uint32_t n,
                          std::function<std::string(uint32_t)> const& byte) {
  uint8_t const* const none = static_cast<uint8_t const*>(memchr(written, 0, n));
  if (!none) return;
  if (looks_like_padding(written, n) && only_copied(x, I, written, n)) return;
  std::string const what = byte(uint32_t(none - written));
  if (!may_be_part(I, address) || !memchr(written, 1, n)) return uninit_read(x, what, "", first_at(x));
  if (I.op == AT) return;
  std::string const where = " [read at " + place(x) + "]";
  defer(*x.grp, w.idx, address, n, [&x, what, where, first = first_at(x)] { uninit_read(x, what, where, first); });
}

void access(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, bool rd, bool wr) {
  uint64_t const a = reinterpret_cast<uint64_t>(p);
  if (p >= x.grp->lds && p + n <= x.grp->lds + x.lds_size) {
    if (!x.uninit) return;
    uint32_t const o = p - x.grp->lds;
    uint8_t* const s = x.grp->written.data() + o;
    if (rd)
      check_written(x, w, I, a, s, n, [&](uint32_t i) {
        return "LDS byte " + std::to_string(o + i) + " of " + std::to_string(x.lds_size) + ", perhaps for lack of a barrier";
      });
    if (wr) memset(s, 1, n);
    return;
  }
  if (in_lds(a)) return;  // a word that ends behind the group's LDS: memory.cpp has looked at it
  Region const* r = region(x, a);
  if (!r || a >= r->hi || a + n > r->hi) {
    bool own = false;
    if (!r)
      for (auto& o : x.own) own = own || (a >= o[0] && a + n <= o[1]);
    if (!x.bounds || own) return;
    char b[200];
    if (r)
      snprintf(b, sizeof b,
               a >= r->hi ? "%s of %u bytes at 0x%lx, %lu bytes behind the end of the allocation 0x%lx of %lu bytes"
                          : "%s of %u bytes at 0x%lx, the last %lu of them behind the end of the allocation 0x%lx of %lu bytes",
               wr ? "write" : "read", n, (unsigned long)a, (unsigned long)(a >= r->hi ? a - r->hi : a + n - r->hi), (unsigned long)r->lo,
               (unsigned long)(r->hi - r->lo));
    else
      snprintf(b, sizeof b, "%s of %u bytes at 0x%lx, %s", wr ? "write" : "read", n, (unsigned long)a, describe_address(a).c_str());
    if (!r || a >= r->hi || !may_be_part(I, a)) fail(Err::fault, b);
    if (I.op != AT) defer(*x.grp, w.idx, a, n, [what = b + (" [at " + place(x) + "]")] { fail(Err::fault, what); });
    return;
  }
  if (!x.uninit || !r->shadow) return;
  uint8_t* const s = r->shadow + (a - r->lo);
  if (rd)
    check_written(x, w, I, a, s, n, [&](uint32_t i) {
      char b[120];
      snprintf(b, sizeof b, "device memory at 0x%lx, byte %lu of an allocation of %lu", (unsigned long)a + i,
               (unsigned long)(a + i - r->lo), (unsigned long)(r->hi - r->lo));
      return std::string(b);
    });
  if (wr) memset(s, 1, n);
}

// The checks of access() for all bytes at once. Returns false if there may be a finding; access() then looks at each byte.
static inline bool quick_shadow(uint8_t* s, uint32_t n, bool rd, bool wr) {
  auto f = [&](auto one, uint32_t at) {
    using T = decltype(one);
    T const all = T(0x0101010101010101ull);
    if (rd && ::emu::rd<T>(s + at) != all) return false;
    if (wr) ::emu::wr<T>(s + at, all);
    return true;
  };
  switch (n) {
    case 1: return f(uint8_t(), 0);
    case 2: return f(uint16_t(), 0);
    case 4: return f(uint32_t(), 0);
    case 8: return f(uint64_t(), 0);
    case 12: return f(uint64_t(), 0) && f(uint32_t(), 8);
    case 16: return f(uint64_t(), 0) && f(uint64_t(), 8);
  }
  return false;
}
static void forgive_lanes(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p) {
  if (x.grp->deferred.empty() || !is_cas(I)) return;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint64_t const at = reinterpret_cast<uint64_t>(p[__builtin_ctzll(m)]);
    forgive(x, w, at, at + I.n);
  }
}
void check_lds(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool rd, bool wr) {
  forgive_lanes(x, w, I, exec, p);
  if (!x.uninit) return;
  uint8_t* const written = x.grp->written.data();
  uint8_t const *const lds = x.grp->lds, *last = nullptr;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* const q = p[__builtin_ctzll(m)];
    if (!wr && q == last) continue;  // lanes often read the same word
    last = q;
    if (!quick_shadow(written + (q - lds), I.n, rd, wr)) access(x, w, I, q, I.n, rd, wr);
  }
}

void check_global(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool rd, bool wr) {
  forgive_lanes(x, w, I, exec, p);
  if (!x.uninit && !x.bounds && x.L->devices < 2) return;
  uint8_t *lo = p[__builtin_ctzll(exec)], *hi = lo;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* q = p[__builtin_ctzll(m)];
    lo = std::min(lo, q);
    hi = std::max(hi, q);
  }
  Region const* r = region(x, reinterpret_cast<uint64_t>(lo));
  bool const inside = r && reinterpret_cast<uint64_t>(hi) + I.n <= r->hi;
  if (inside && !(x.uninit && r->shadow)) return;
  uint8_t* const shadow = inside ? r->shadow : nullptr;
  uint64_t const base = inside ? r->lo : 0;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* q = p[__builtin_ctzll(m)];
    if (!shadow || !quick_shadow(shadow + (reinterpret_cast<uint64_t>(q) - base), I.n, rd, wr)) access(x, w, I, q, I.n, rd, wr);
  }
}

}  // namespace emu
