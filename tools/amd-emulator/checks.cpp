// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checks: reads of unwritten bytes, accesses outside allocations, races on LDS, divergent barriers.
#include <cstdio>
#include "exec.hpp"
#include "settings.hpp"

namespace emu {

void divergent_barrier(Exec& x, Wave& w, char const* what, uint64_t lanes) {
  if (x.div_warned) return;
  x.div_warned = true;
  fprintf(stderr, "[amd-emulator] warning: __syncthreads in kernel %s (code offset 0x%lx, group %u,%u,%u) was executed %s (mask 0x%lx)\n",
          name_of(*x.L->k).c_str(), (unsigned long)(w.barrier_pc - reinterpret_cast<uint64_t>(x.co->image)), x.grp->id[0], x.grp->id[1],
          x.grp->id[2], what, (unsigned long)lanes);
  static bool const hard = is_error("AMDEMU_BARRIER");
  if (hard) fail(Err::trap, "divergent workgroup barrier");
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
  Region& o = x.near[x.near_next++ & 3];
  o = r;
  return &o;
}
static void uninit_read(Exec& x, std::string const& what) {
  x.uninit_reads++;
  static bool const hard = is_error("AMDEMU_UNINIT");
  if (hard) fail(Err::fault, "read of uninitialised " + what);
  if (first_at(x)) fprintf(stderr, "[amd-emulator] UNINIT: read of uninitialised %s [%s]\n", what.c_str(), place(x).c_str());
}
static void race(Exec& x, std::string const& what, bool here) {
  x.races++;
  static bool const hard = is_error("AMDEMU_RACE");
  if (hard) fail(Err::trap, what);
  if (!here || first_at(x)) fprintf(stderr, "[amd-emulator] RACE: %s%s\n", what.c_str(), here ? (" [" + place(x) + "]").c_str() : "");
}
void missing_wait(Exec& x, std::string const& what, bool hard) {
  if (hard) fail(Err::trap, what);
  if (first_at(x)) fprintf(stderr, "[amd-emulator] WAIT: %s [%s]\n", what.c_str(), place(x).c_str());
}
void early_reads(Exec& x, Wave const& w) {
  auto& v = x.grp->early;
  for (size_t k = 0; k < v.size();)
    if (v[k].wave == w.idx) {
      std::string const s = v[k].what;
      v.erase(v.begin() + k);
      race(x, s, false);
    } else
      k++;
}
void access(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, bool rd, bool wr, bool at) {
  uint64_t const a = reinterpret_cast<uint64_t>(p);
  char b[200];
  if (p >= x.grp->lds && p + n <= x.grp->lds + x.lds_size) {
    uint32_t const o = p - x.grp->lds;
    if (x.uninit) {
      uint8_t* s = x.grp->written.data() + o;
      if (rd)
        for (uint32_t i = 0; i < n; i++)
          if (!s[i]) {
            snprintf(b, sizeof b, "LDS byte %u of %u", o + i, x.lds_size);
            uninit_read(x, b);
            break;
          }
      if (wr) memset(s, 1, n);
    }
    if (x.race) {
      uint8_t const me = w.idx + 1;
      bool const cas = at && (I.at == CAS || I.at == CAS_DS9 || I.at == CAS_DS11);
      if (cas)
        for (size_t k = x.grp->early.size(); k--;) {
          auto& e = x.grp->early[k];
          if (e.wave == w.idx && e.lo < o + n && e.hi > o) x.grp->early.erase(x.grp->early.begin() + k);
        }
      for (uint32_t i = 0; i < n; i++) {  // each byte has the wave that wrote, read, used it atomically; 255: several waves
        uint8_t* const mk = x.grp->marks.data() + o + i;
        uint8_t* const m[3] = {mk, mk + x.lds_size, mk + 2 * size_t(x.lds_size)};
        auto other = [me](uint8_t v) { return v && v != me; };
        if (cas && *m[1] == me) *m[1] = 0;  // the read only gave the first value to compare
        char const* how = at   ? (other(*m[0])   ? "atomic after write"
                                  : other(*m[1]) ? "atomic after read"
                                                 : nullptr)
                          : wr ? (other(*m[0])   ? "write after write"
                                  : other(*m[1]) ? "write after read"
                                  : other(*m[2]) ? "write after atomic"
                                                 : nullptr)
                               : (other(*m[0])   ? "read after write"
                                  : other(*m[2]) ? "read after atomic"
                                                 : nullptr);
        if (how) {
          snprintf(b, sizeof b, "%s of LDS byte %u by wave %u and another wave without a barrier between", how, o + i, w.idx);
          if (!at && !wr && !other(*m[0]))
            x.grp->early.push_back({w.idx, o, o + n, std::string(b) + " [" + place(x) + "]"});
          else
            race(x, b, true);
        }
        uint8_t& k = *m[at ? 2 : wr ? 0 : 1];
        k = other(k) ? 255 : me;
        if (how) break;
      }
    }
    return;
  }
  if (in_lds(a)) return;
  Region const* r = region(x, a);
  if (!r || a >= r->hi || a + n > r->hi) {
    bool own = !r;
    if (own) {
      own = false;
      for (auto& o : x.own) own = own || (a >= o[0] && a + n <= o[1]);
    }
    if (x.bounds && !own) {
      if (r)
        snprintf(b, sizeof b, "%s of %u bytes at 0x%lx, %ld bytes past the end of the allocation 0x%lx of %lu bytes", wr ? "write" : "read",
                 n, (unsigned long)a, long(a + n - r->hi), (unsigned long)r->lo, (unsigned long)(r->hi - r->lo));
      else
        snprintf(b, sizeof b, "%s of %u bytes at 0x%lx, which is not memory that HIP allocated (a host pointer?)", wr ? "write" : "read", n,
                 (unsigned long)a);
      fail(Err::fault, b);
    }
    return;
  }
  if (!x.uninit || !r->shadow) return;
  uint8_t* s = r->shadow + (a - r->lo);
  if (rd)
    for (uint32_t i = 0; i < n; i++)
      if (!s[i]) {
        snprintf(b, sizeof b, "device memory at 0x%lx, byte %lu of an allocation of %lu", (unsigned long)a + i,
                 (unsigned long)(a + i - r->lo), (unsigned long)(r->hi - r->lo));
        uninit_read(x, b);
        break;
      }
  if (wr) memset(s, 1, n);
}

// The checks of access() for all bytes at once. Returns false if there may be a finding; access() then looks at each byte.
template <class T>
static inline bool quick_lds(Exec& x, uint8_t me, uint32_t o, bool rd, bool wr) {
  T const all = T(0x0101010101010101ull), mine = all * me;
  Group& g = *x.grp;
  if (x.race) {
    uint8_t* m = g.marks.data() + o;
    size_t const n = x.lds_size;
    T const W = ::emu::rd<T>(m), R = ::emu::rd<T>(m + n), A = ::emu::rd<T>(m + 2 * n);
    if ((W && W != mine) || (A && A != mine) || (wr && R && R != mine)) return false;
    if (wr)
      ::emu::wr<T>(m, mine);
    else if (R == 0)
      ::emu::wr<T>(m + n, mine);
    else if (R != mine && R != T(~T(0)))
      return false;
  }
  if (x.uninit) {
    uint8_t* s = g.written.data() + o;
    if (rd && ::emu::rd<T>(s) != all) return false;
    if (wr) ::emu::wr<T>(s, all);
  }
  return true;
}
void check_lds(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool ld, bool atomic) {
  uint8_t const me = w.idx + 1;
  uint8_t* const lds = x.grp->lds;
  uint8_t const* last = nullptr;
  auto go = [&](auto quick) {
    for (uint64_t m = exec; m; m &= m - 1) {
      uint8_t* const q = p[__builtin_ctzll(m)];
      if (ld && q == last) continue;  // lanes often read the same word
      last = q;
      if (!quick(uint32_t(q - lds))) access(x, w, I, q, I.n, ld || atomic, !ld, atomic);
    }
  };
  if (atomic) return go([](uint32_t) { return false; });
  switch (I.n) {
    case 1: return go([&](uint32_t o) { return quick_lds<uint8_t>(x, me, o, ld, !ld); });
    case 2: return go([&](uint32_t o) { return quick_lds<uint16_t>(x, me, o, ld, !ld); });
    case 4: return go([&](uint32_t o) { return quick_lds<uint32_t>(x, me, o, ld, !ld); });
    case 8: return go([&](uint32_t o) { return quick_lds<uint64_t>(x, me, o, ld, !ld); });
    case 16: return go([&](uint32_t o) { return quick_lds<uint64_t>(x, me, o, ld, !ld) && quick_lds<uint64_t>(x, me, o + 8, ld, !ld); });
    default: return go([](uint32_t) { return false; });
  }
}
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

void check_global(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool rd, bool wr, bool at) {
  uint8_t *lo = p[__builtin_ctzll(exec)], *hi = lo;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* q = p[__builtin_ctzll(m)];
    lo = std::min(lo, q);
    hi = std::max(hi, q);
  }
  Region const* r = in_lds(reinterpret_cast<uint64_t>(lo)) ? nullptr : region(x, reinterpret_cast<uint64_t>(lo));
  bool const inside = r && reinterpret_cast<uint64_t>(hi) + I.n <= r->hi;
  if (inside && !(x.uninit && r->shadow)) return;
  uint8_t* const shadow = inside ? r->shadow : nullptr;
  uint64_t const base = inside ? r->lo : 0;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* q = p[__builtin_ctzll(m)];
    if (!shadow || !quick_shadow(shadow + (reinterpret_cast<uint64_t>(q) - base), I.n, rd, wr)) access(x, w, I, q, I.n, rd, wr, at);
  }
}

}  // namespace emu
