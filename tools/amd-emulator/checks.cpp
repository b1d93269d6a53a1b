// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checks: accesses outside allocations, divergent barriers. undefined.cpp has the unwritten bytes, races.cpp the races.
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
void access(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, bool wr) {
  uint64_t const a = reinterpret_cast<uint64_t>(p);
  if (p >= x.grp->lds && p + n <= x.grp->lds + x.lds_size) {
    if (x.uninit && wr) memset(x.grp->written.data() + (p - x.grp->lds), 0xff, n);
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
  if (x.uninit && wr && r->shadow) memset(r->shadow + (a - r->lo), 0xff, n);
}

static void forgive_lanes(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p) {
  if (x.grp->deferred.empty() || !is_cas(I)) return;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint64_t const at = reinterpret_cast<uint64_t>(p[__builtin_ctzll(m)]);
    forgive(x, w, at, at + I.n);
  }
}
void check_lds(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p) { forgive_lanes(x, w, I, exec, p); }

void check_global(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool wr) {
  forgive_lanes(x, w, I, exec, p);
  if (!x.bounds && x.L->devices < 2) return;
  uint8_t *lo = p[__builtin_ctzll(exec)], *hi = lo;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint8_t* q = p[__builtin_ctzll(m)];
    lo = std::min(lo, q);
    hi = std::max(hi, q);
  }
  Region const* r = region(x, reinterpret_cast<uint64_t>(lo));
  if (r && reinterpret_cast<uint64_t>(hi) + I.n <= r->hi) return;
  for (uint64_t m = exec; m; m &= m - 1) access(x, w, I, p[__builtin_ctzll(m)], I.n, wr);
}

}  // namespace emu
