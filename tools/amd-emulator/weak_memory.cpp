// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "weak_memory.hpp"
#include <algorithm>
#include <cstdio>
#include "settings.hpp"

namespace emu {

// The number that the random sequences of a launch begin with.
static uint32_t seed_of(uint64_t launch) { return uint32_t(number("AMDEMU_SEED", "0")) * 1000003u + uint32_t(launch) + 1; }

WeakMemory::WeakMemory(Exec& x, uint8_t const* kd, uint64_t launch)
    : x_(x),
      weak_(enabled("AMDEMU_WEAK")),
      rereads_(number("AMDEMU_WEAK", "0") > 1),
      wait_(enabled("AMDEMU_WAIT")),
      wait_is_error_(is_error("AMDEMU_WAIT")),
      random_(seed_of(launch)),
      places_(seed_of(launch)) {
  random_.discard(8);
  // gfx90a, gfx942: threadgroup split mode. gfx11, gfx12: a block runs on both compute units of a work-group processor, or on one.
  shared_unit_ = x.cdna ? !(rd<uint32_t>(kd + 44) >> 16 & 1) : !(rd<uint32_t>(kd + 48) >> 29 & 1);
  std::string const& gfx = x.co->arch;
  keeps_stores_ = x.cdna && gfx != "gfx90a";                   // a device of several dies with an L2 each
  two_levels_ = keeps_stores_ || x.isa->fam == Family::rdna3;  // gfx11: a cache for a shader array
}

// ------------------------------------------------------------------------------------------------ operations in flight
void WeakMemory::begin(Wave& w) {
  if (!w.in_flight) w.in_flight = new InFlight;
  InFlight& f = *w.in_flight;
  for (auto& q : f.queue) q.clear();
  if (f.registers) std::fill(std::begin(f.busy), std::end(f.busy), 0);
  f.registers = f.later = f.pause = 0;
  uint32_t const* g = x_.grp->id;
  uint32_t const group = g[0] + x_.L->grid[0] * (g[1] + x_.L->grid[1] * g[2]);
  if (x_.cdna)
    f.unit = (shared_unit_ ? group : group + w.idx) % 8;
  else
    f.unit = shared_unit_ ? group % 8 : group % 4 * 2 + ((w.idx ^ w.idx >> 1) & 1);
}
Cache& WeakMemory::cache(Wave const& w) {
  uint32_t const u = w.in_flight->unit;
  auto& c = units_[u];
  if (!c) {
    uint32_t const b = x_.cdna ? u % 2 : u / 2 % 2;
    if (two_levels_ && !behind_[b]) behind_[b] = std::make_unique<Cache>(1024, places_, nullptr, keeps_stores_);
    c = std::make_unique<Cache>(256, places_, two_levels_ ? behind_[b].get() : nullptr, true);
  }
  return *c;
}
Counter WeakMemory::counter(Inst const& I) const {
  if (I.kind == SMEM || I.kind == TIME || I.kind == ZERO) return x_.isa->fam == Family::rdna4 ? SCALAR_COUNT : LDS_COUNT;
  if (I.kind == MEM && I.sp == 'd') return LDS_COUNT;
  bool const store = I.kind == WRITE_BACK || (I.kind == MEM && (I.op == ST || (I.op == AT && !I.rtn)));
  return store && !x_.cdna ? STORE_COUNT : LOAD_COUNT;
}
Pending& WeakMemory::push(Wave& w, Counter c, Inst const& I, bool results, bool in_order) {
  InFlight& f = *w.in_flight;
  Pending& p = f.queue[c].emplace_back();
  p.inst = &I;
  p.in_order = in_order;
  if (results)
    for (auto& r : registers_of(I, x_.wave).ranges)
      if (r.written) p.result = r;
  for (uint32_t i = 0; i < p.result.n; i++) {
    uint32_t const r = p.result.first + i;
    f.busy_counter[r] = in_order && (!f.busy[r] || f.busy_counter[r] == c) ? c : COUNTERS;
    f.busy[r]++;
  }
  f.registers += p.result.n;
  return p;
}
void WeakMemory::complete(Wave& w, Pending& p) {
  InFlight& f = *w.in_flight;
  if (p.access) perform(w, p);
  for (auto& d : p.dirty) cache(w).clean(d.line, d.bytes);
  if (p.inst->kind == WRITE_BACK && p.inst->levels && weak_) {
    cache(w);
    behind_[f.unit % 2]->clean_all();
  }
  for (uint32_t i = 0; i < p.result.n; i++) f.busy[p.result.first + i]--;
  f.registers -= p.result.n;
}
void WeakMemory::wait(Wave& w, Counter c, uint32_t limit) {
  auto& q = w.in_flight->queue[c];
  if (limit >= q.size()) return;
  if (limit)  // operations that complete in any order: it is not known which have
    for (auto& p : q)
      if (!p.in_order) return;
  size_t const n = q.size() - limit;
  for (size_t i = 0; i < n; i++) complete(w, q[i]);
  q.erase(q.begin(), q.begin() + n);
}
void WeakMemory::end(Wave& w) {
  for (int c = 0; c < COUNTERS; c++) perform_all(w, Counter(c));
  InFlight& f = *w.in_flight;  // stores stay in the cache until it writes them back
  for (auto& q : f.queue) q.clear();
}
void WeakMemory::perform_all(Wave& w, Counter c) {
  if (!w.in_flight->later) return;
  for (auto& p : w.in_flight->queue[c])
    if (p.access) perform(w, p);
}
void WeakMemory::perform_overlapping(Wave& w, uint64_t lo, uint64_t hi) {
  if (!w.in_flight->later) return;
  for (Counter c : {LOAD_COUNT, STORE_COUNT})
    for (auto& p : w.in_flight->queue[c])
      if (p.access && p.access->lo < hi && lo < p.access->hi) perform(w, p);
}

// ------------------------------------------------------------------------------------------------ registers
void WeakMemory::check_registers(Wave& w, Inst const& I) {
  if (!wait_) return;
  InFlight const& f = *w.in_flight;
  Counter const own = I.kind == MEM && I.sp != 'f' ? counter(I) : COUNTERS;
  // Indexing adds this to vector registers: to a source if bit 0 of `relative` is set, to the destination if bit 3 is.
  uint32_t const relative = I.kind == MOVREL                       ? I.w
                            : I.kind <= MATRIX && I.name[0] == 'V' ? w.gpr_idx
                                                                   : 0,
                 index = x_.cdna ? w.s[M0_C] & 0xff : w.s[M0_R];
  for (auto& r : registers_of(I, x_.wave).ranges) {
    uint64_t const begin = r.first + uint64_t{r.first < 256 && relative & (r.written ? 8 : 1) ? index : 0};
    if (r.first < 256 && begin + r.n > 256) continue;  // the instruction itself is an error
    for (uint32_t k = uint32_t(begin); k < begin + r.n; k++) {
      if (!f.busy[k]) continue;
      if (r.written && own != COUNTERS && f.busy_counter[k] == own) continue;  // both return in order
      Inst const* other = nullptr;
      for (auto& q : f.queue)
        for (auto& p : q)
          if (k >= p.result.first && k < uint32_t(p.result.first + p.result.n)) other = p.inst;
      char b[300];
      snprintf(b, sizeof b, "%s of register %c%u before the wait for %s at code offset 0x%lx, which loads it", r.written ? "write" : "read",
               k < 256   ? 'v'
               : k < 512 ? 'a'
                         : 's',
               k < 512 ? k % 256 : k - 512, other ? other->name.c_str() : "?",
               other ? (unsigned long)(other->pc - reinterpret_cast<uint64_t>(x_.co->image)) : 0ul);
      missing_wait(x_, b, wait_is_error_);
      return;
    }
  }
}

// ------------------------------------------------------------------------------------------------ memory
static void range(uint64_t exec, uint8_t* const* p, uint32_t n, uint64_t& lo, uint64_t& hi) {
  lo = ~0ull;
  hi = 0;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint64_t const a = reinterpret_cast<uint64_t>(p[__builtin_ctzll(m)]);
    lo = std::min(lo, a);
    hi = std::max(hi, a + n);
  }
}

// Performs an access through the caches. dirty: gets what a store leaves in the cache.
template <uint32_t W>
void WeakMemory::transfer_global(Wave& w, Inst const& I, uint64_t exec, uint64_t global, uint8_t* const* p, uint8_t* const* p2,
                                 uint32_t const* data, uint32_t const* data1, std::vector<Pending::Dirty>* dirty) {
  Cache& c = cache(w);
  uint32_t* const dst = (I.acc ? w.acc : w.v) + size_t(I.d) * W;
  bool const coherent = I.scope >= 2, loads = I.op == LD || I.op == LD_LDS;
  uint8_t* at[W];
  alignas(64) uint8_t copy[W][16];
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    at[l] = p[l];
    if (!(global >> l & 1)) continue;
    uint64_t const a = reinterpret_cast<uint64_t>(p[l]);
    if (I.op == AT || (loads && coherent))
      c.settle(a, I.n);
    else {
      at[l] = copy[l];
      if (loads) c.read(a, I.n, copy[l]);
    }
  }
  transfer<W>(I, exec, at, p2, data, data1, dst);
  if (I.op != ST) return;
  for (uint64_t m = exec & global; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint64_t const a = reinterpret_cast<uint64_t>(p[l]);
    c.write(a, I.n, copy[l], coherent);
    Cache::each_line(a, I.n, [&](uint64_t line, uint64_t bytes, uint32_t) {
      if (dirty->empty() || dirty->back().line != line)
        dirty->push_back({line, bytes});
      else
        dirty->back().bytes |= bytes;
    });
  }
}

void WeakMemory::perform(Wave& w, Pending& pending) {
  std::unique_ptr<Access> const a = std::move(pending.access);
  Inst const& I = *pending.inst;
  w.in_flight->later--;
  auto go = [&](auto lanes) {
    constexpr uint32_t W = decltype(lanes)::value;
    uint32_t* const dst = (I.acc ? w.acc : w.v) + size_t(I.d) * W;
    if (I.sp == 'd')
      transfer<W>(I, a->exec, a->p, a->p2, a->data, a->data1, dst);
    else
      transfer_global<W>(w, I, a->exec, a->exec, a->p, a->p2, a->data, a->data1, &pending.dirty);
  };
  if (x_.wide)
    go(std::integral_constant<uint32_t, 64>());
  else
    go(std::integral_constant<uint32_t, 32>());
}

template <uint32_t W>
void WeakMemory::issue(Wave& w, Inst const& I, uint64_t exec, uint64_t global, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data,
                       uint32_t const* data1) {
  InFlight& f = *w.in_flight;
  bool const lds = I.sp == 'd', result = I.op == LD || I.op == LD2 || I.op == XCHG2 || (I.op == AT && I.rtn), flat = I.sp == 'f';
  Counter const c = counter(I);
  if (result && f.later) {  // results that go to the same registers arrive in order
    uint32_t const first = I.d + (I.acc ? 256 : 0), n = (I.n + 3) / 4 * (I.op == LD2 || I.op == XCHG2 ? 2 : 1);
    bool busy = false;
    for (uint32_t i = 0; i < n; i++) busy = busy || f.busy[first + i];
    if (busy)
      for (int k = 0; k < COUNTERS; k++) perform_all(w, Counter(k));
  }
  bool const in_order = !flat || !x_.cdna;  // gfx9 counts operations that access LDS and those that do not out of order
  Pending* pending = &push(w, c, I, result, in_order);
  bool later = false, early = false;  // early: others may see the store before what came before it
  uint64_t lo = 0, hi = ~0ull;
  bool const may_wait = weak_ && !(x_.race && result);  // AMDEMU_RACE takes a result for that of the moment of issue
  if (lds) {
    later = may_wait;
    if (!later) perform_all(w, LDS_COUNT);
  } else if (weak_) {
    if (exec & ~global) perform_all(w, LDS_COUNT);  // flat: LDS
    if (global) {
      range(exec & global, p, I.n, lo, hi);
      if (shared_unit_)
        for (Wave* o : x_.grp->w) {
          if (!o->done) perform_overlapping(*o, lo, hi);
        }
      else
        perform_overlapping(w, lo, hi);
      later = may_wait && I.op != ST && global == exec && chance(2);
    }
  }
  if (later) {
    pending->access.reset(new Access);
    Access& a = *pending->access;
    a.exec = exec;
    a.lo = lo;
    a.hi = hi;
    memcpy(a.p, p, W * sizeof *p);
    if (I.op == LD2 || I.op == ST2 || I.op == XCHG2 || I.op == LD_LDS) memcpy(a.p2, p2, W * sizeof *p2);
    if (I.op == ST || I.op == ST2 || I.op == XCHG2 || I.op == AT) {
      uint32_t const words = (I.n + 3) / 4 * (!lds && I.op == AT && I.at == CAS ? 2 : 1);
      memcpy(a.data, data, words * W * 4);
      if (lds && I.op != ST && I.n <= 8) memcpy(a.data1, data1, (I.n + 3) / 4 * W * 4);
    }
    f.later++;
    if (lds && chance(3)) perform_all(w, LDS_COUNT);
  } else if (!weak_ || !global) {
    uint32_t* const dst = (I.acc ? w.acc : w.v) + size_t(I.d) * W;
    transfer<W>(I, exec, p, p2, data, data1, dst);
  } else {
    transfer_global<W>(w, I, exec, global, p, p2, data, data1, &pending->dirty);
    if (I.op == ST && chance(2)) {
      for (auto& d : pending->dirty) cache(w).clean(d.line, d.bytes);
      pending->dirty.clear();
      early = true;
    }
  }
  if (weak_ && chance(early ? 3 : 24)) {
    stops_ = true;
    f.pause = random_() % 40;
  }
  if (flat) push(w, LDS_COUNT, I, result, in_order);
}
void WeakMemory::issued(Wave& w, Inst const& I, bool results) {
  Counter const c = counter(I);
  bool const flat = I.kind == MEM && I.sp == 'f', in_order = !(flat && x_.cdna) && I.kind != SMEM && I.kind != TIME && I.kind != ZERO;
  push(w, c, I, results, in_order);
  if (flat) push(w, LDS_COUNT, I, results, in_order);
}

void WeakMemory::control(Wave& w, Inst const& I) {
  if (I.kind == WAIT) {
    for (int c = 0; c < COUNTERS; c++)
      if (I.limit[c] != 255) wait(w, Counter(c), I.limit[c]);
    return;
  }
  if (I.kind == INVALIDATE && weak_) {
    Cache& own = cache(w);
    if (I.levels & 1) own.invalidate();
    if (I.levels & 2 && two_levels_) behind_[x_.cdna ? w.in_flight->unit % 2 : w.in_flight->unit / 2 % 2]->invalidate();
  }
  // buffer_wbinvl1 and buffer_gl0_inv are in no counter
  if (I.kind == WRITE_BACK || x_.isa->fam == Family::rdna4 || keeps_stores_) issued(w, I, false);
}

// ------------------------------------------------------------------------------------------------ time
bool WeakMemory::pauses(Wave& w) {
  if (!weak_) return false;
  InFlight& f = *w.in_flight;
  if (f.pause)
    f.pause--;
  else if (chance(16))
    f.pause = random_() % 30;
  return f.pause != 0;
}
void WeakMemory::before_run(Wave& w) {
  if (!weak_) return;
  uint32_t const r = random_();
  InFlight& f = *w.in_flight;
  if (r % 4 == 0)
    for (int c = 0; c < COUNTERS; c++) perform_all(w, Counter(c));
  if (r / 4 % 4 == 0)
    for (auto& q : f.queue)
      for (auto& p : q) {
        for (auto& d : p.dirty)
          if (chance(2)) cache(w).clean(d.line, d.bytes);
      }
  auto& own = units_[f.unit];
  auto& behind = behind_[x_.cdna ? f.unit % 2 : f.unit / 2 % 2];
  if (rereads_ && r / 16 % 4 == 0) {
    if (behind) behind->refetch();
    if (own) own->refetch();
  }
  if (r / 64 % 64 == 0) {  // caches replace lines
    auto& c = units_[r / 4096 % 8];
    if (c) {
      c->clean_all();
      if (chance(2)) c->invalidate();
    }
    if (behind && chance(4)) {
      behind->clean_all();
      if (chance(2)) behind->invalidate();
    }
  }
}
void WeakMemory::finish() {
  for (auto& c : units_)
    if (c) c->clean_all();
  for (auto& c : behind_)
    if (c) c->clean_all();
}

template void WeakMemory::issue<64>(Wave&, Inst const&, uint64_t, uint64_t, uint8_t* const*, uint8_t* const*, uint32_t const*,
                                    uint32_t const*);
template void WeakMemory::issue<32>(Wave&, Inst const&, uint64_t, uint64_t, uint8_t* const*, uint8_t* const*, uint32_t const*,
                                    uint32_t const*);

}  // namespace emu
