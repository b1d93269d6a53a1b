// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory instructions: loads, stores, atomics and the LDS crossbar.
#include <immintrin.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include "exec.hpp"
#include "races.hpp"
#include "settings.hpp"
#include "undefined.hpp"
#include "weak_memory.hpp"

namespace emu {

static float h2f(uint16_t h) { return _cvtsh_ss(h); }
static uint16_t f2h(float f) { return _cvtss_sh(f, 0); }

// Returns the new value of an atomic operation on o.
template <class U, class S, class F>
static U combined(Atom at, U o, U d, U d2) {
  U r = o;
  auto f = [](U x) {
    F y;
    memcpy(&y, &x, sizeof y);
    return y;
  };
  auto u = [](F x) {
    U y;
    memcpy(&y, &x, sizeof y);
    return y;
  };
  switch (at) {
    case SWAP: r = d; break;
    case CAS: r = o == d2 ? d : o; break;       // data pair: new value, compare value
    case CAS_DS9: r = o == d ? d2 : o; break;   // ds_cmpst: data0 compares
    case CAS_DS11: r = o == d2 ? d : o; break;  // ds_cmpstore: data1 compares
    case ADD: r = o + d; break;
    case SUB: r = o - d; break;
    case RSUB: r = d - o; break;
    case SMIN: r = std::min<S>(S(o), S(d)); break;
    case SMAX: r = std::max<S>(S(o), S(d)); break;
    case UMIN: r = std::min(o, d); break;
    case UMAX: r = std::max(o, d); break;
    case AND: r = o & d; break;
    case OR: r = o | d; break;
    case XOR: r = o ^ d; break;
    case INC: r = o >= d ? 0 : o + 1; break;
    case DEC: r = o == 0 || o > d ? d : o - 1; break;
    case CSUB: r = o < d ? 0 : o - d; break;
    case CONDSUB: r = o >= d ? o - d : o; break;
    case WRAP: r = o >= d ? o - d : o + d2; break;
    case CONDXCHG:  // each word is replaced if the top bit of its data is set
      for (unsigned k = 0; k < 8 * sizeof(U); k += 32)
        if (d >> (k + 31) & 1) r = (r & ~(U(0xffffffffu) << k)) | (d & U(0x7fffffffu) << k);
      break;
    case MSKOR: r = (o & ~d) | d2; break;
    case FADD: r = u(f(o) + f(d)); break;
    case FMIN: r = u(std::fmin(f(o), f(d))); break;
    case FMAX: r = u(std::fmax(f(o), f(d))); break;
    default:
      if constexpr (sizeof(U) == 4) {
        if (at == PKADDF16)
          r = f2h(h2f(o) + h2f(d)) | uint32_t(f2h(h2f(o >> 16) + h2f(d >> 16))) << 16;
        else {
          auto b = [](uint32_t lo) {
            uint32_t x = lo << 16;
            float y;
            memcpy(&y, &x, 4);
            return y;
          };
          auto q = [](float y) {
            uint32_t x;
            memcpy(&x, &y, 4);
            if (y != y) return 0x7fffu;
            return (x + 0x7fff + (x >> 16 & 1)) >> 16;
          };
          r = (q(b(o & 0xffff) + b(d & 0xffff)) & 0xffff) | q(b(o >> 16) + b(d >> 16)) << 16;
        }
      }
  }
  return r;
}
// Returns the old value. shared: other threads may access the address.
template <class U, class S, class F>
static U atomic(Atom at, uint8_t* p, U d, U d2, bool shared) {
  U o = rd<U>(p);
  if (!shared || reinterpret_cast<uint64_t>(p) % sizeof(U)) {
    wr<U>(p, combined<U, S, F>(at, o, d, d2));
    return o;
  }
  U* const target = reinterpret_cast<U*>(p);
  while (!__atomic_compare_exchange_n(target, &o, (combined<U, S, F>(at, o, d, d2)), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return o;
}

// Calls f with each active lane.
template <uint32_t W, class F>
static inline void each_lane(uint64_t exec, F f) {
  if (exec == (W == 64 ? ~0ull : 0xffffffffull)) {
    for (uint32_t l = 0; l < W; l++) f(l);
    return;
  }
  for (uint64_t m = exec; m; m &= m - 1) f(uint32_t(__builtin_ctzll(m)));
}
// A load of one or two bytes, extended to a word.
static inline uint32_t narrow(Inst const& I, uint8_t const* p) {
  return I.n == 1 ? (I.sx ? uint32_t(int32_t(rd<int8_t>(p))) : *p) : I.sx ? uint32_t(int32_t(rd<int16_t>(p))) : rd<uint16_t>(p);
}
template <uint32_t W, int N>
static inline void load(uint64_t exec, uint8_t* const* p, uint32_t* dst) {
  each_lane<W>(exec, [&](uint32_t l) {
    uint32_t t[N];
    memcpy(t, p[l], 4 * N);
    for (int i = 0; i < N; i++) dst[i * W + l] = t[i];
  });
}
template <uint32_t W, int N>
static inline void store(uint64_t exec, uint8_t* const* p, uint32_t const* src) {
  each_lane<W>(exec, [&](uint32_t l) {
    uint32_t t[N];
    for (int i = 0; i < N; i++) t[i] = src[i * W + l];
    memcpy(p[l], t, 4 * N);
  });
}
template <uint32_t W>
static void loads(int n, uint64_t exec, uint8_t* const* p, uint32_t* dst) {
  switch (n) {
    case 4: load<W, 1>(exec, p, dst); break;
    case 8: load<W, 2>(exec, p, dst); break;
    case 12: load<W, 3>(exec, p, dst); break;
    default: load<W, 4>(exec, p, dst);
  }
}
template <uint32_t W>
static void stores(int n, uint64_t exec, uint8_t* const* p, uint32_t const* src) {
  switch (n) {
    case 4: store<W, 1>(exec, p, src); break;
    case 8: store<W, 2>(exec, p, src); break;
    case 12: store<W, 3>(exec, p, src); break;
    default: store<W, 4>(exec, p, src);
  }
}

template <uint32_t W>
static void crossbar(Inst const& I, uint64_t exec, uint32_t const* va, uint32_t const* data,
                     uint32_t* dst) {  // permutes between lanes
  uint32_t out[64] = {};
  for (uint32_t l = 0; l < W; l++) {
    if (I.op == PERMUTE) {
      if (exec >> l & 1) out[(va[l] + I.off) / 4 % W] = data[l];
      continue;
    }
    uint32_t src;
    if (I.op == BPERMUTE)
      src = (va[l] + I.off) / 4 % W;
    else if (I.off & 0x8000) {
      if (I.off >= 0xc000) fail(Err::unsupported, I.name + " rotate/FFT mode");
      src = (l & ~3u) | (I.off >> (2 * (l & 3)) & 3);
    } else
      src = (l & ~31u) | ((((l & 31) & (I.off & 31)) | (I.off >> 5 & 31)) ^ (I.off >> 10 & 31));
    uint32_t from = I.op == SWIZZLE ? va[src] : data[src];
    out[l] = I.sx || exec >> src & 1 ? from : 0;  // sx: fetches inactive lanes too
  }
  each_lane<W>(exec, [&](uint32_t l) { dst[l] = out[l]; });
}

// The masks of undefined bits move as the data do.
template <uint32_t W>
static void crossbar_undefined(Wave& w, Inst const& I, uint64_t exec, uint32_t const* va) {
  Undefined& u = *w.undefined;
  bool const swizzle = I.op == SWIZZLE;
  int const from = swizzle ? I.a : I.v;
  if (!u.some[from] && !u.some[I.a] && !u.some[I.d]) return;
  bool any = false;
  for (int k = 0; k < Undefined::PLANES; k++) {
    uint32_t* const masks = u.row(Undefined::Plane(k), from);
    crossbar<W>(I, exec, swizzle ? masks : va, masks, u.row(Undefined::Plane(k), I.d));
  }
  uint32_t* const all = u.row(Undefined::ALL, I.d);
  each_lane<W>(exec, [&](uint32_t l) {
    if (swizzle || !u.row(Undefined::ALL, I.a)[l]) return;  // a lane that nothing has chosen
    all[l] = u.row(Undefined::COMPUTED, I.d)[l] = ~0u;
  });
  for (uint32_t l = 0; l < W; l++) any = any || all[l];
  if (any && !u.some[I.d]) u.origin[I.d] = u.origin[u.some[from] ? from : I.a];
  u.some[I.d] = any;
}

// States that an access to LDS is not wholly inside the group's: with AMDEMU_LDS_OOB=error it fails the launch, otherwise the first one of
// a launch is printed.
static void lds_outside(Exec& x, std::string const& what, std::string const& where) {
  std::string const text = what + " [" + where + "]";
  if (is_error("AMDEMU_LDS_OOB")) fail(Err::fault, text, true);
  if (!std::exchange(x.lds_warned, true)) fprintf(stderr, "[amd-emulator] warning: %s\n", text.c_str());
}
// Returns the lanes whose n bytes of LDS at address(lane), a number of the group's LDS, lie inside it. The others read 0 in `words` rows of
// dst and write nothing, as hardware does.
template <uint32_t W, class Address>
static uint64_t lanes_inside(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint32_t n, uint32_t* dst, int words, Address address) {
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint64_t const at = address(l);
    if (at <= x.lds_size && n <= x.lds_size - at) continue;
    char b[160];
    if (at >> 32)
      snprintf(b, sizeof b, "access to the LDS of another group, %u bytes at 0x%lx (lane %u)", n, (unsigned long)(w.lds + at), l);
    else
      snprintf(b, sizeof b, "access to %u bytes at LDS byte %u, outside the group's %u bytes (lane %u)", n, uint32_t(at), x.lds_size, l);
    if (at < x.lds_size && may_be_part(I, at)) {
      if (I.op == LD && x.check)
        defer(*x.grp, w.idx, w.lds + at, n, [&x, what = std::string(b), where = place(x)] { lds_outside(x, what, where); });
      continue;
    }
    lds_outside(x, b, place(x));
    for (int i = 0; i < words; i++) dst[i * W + l] &= I.md16 == 1 ? 0xffff0000u : I.md16 == 2 ? 0xffff : 0;
    exec &= ~(1ull << l);
  }
  return exec;
}

// Computes the LDS addresses of a load from global memory to LDS: a word of each lane, or I.n bytes, side by side from M0 on. Returns the
// lanes that it has a place for.
template <uint32_t W>
static uint64_t lds_addresses(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t** to) {
  uint32_t const each = std::max<uint32_t>(I.n, 4), from = (w.s[x.cdna ? M0_C : M0_R] & 0x3ffff) + uint32_t(I.off);
  exec = lanes_inside<W>(x, w, I, exec, each, nullptr, 0, [&](uint32_t l) { return uint64_t(from) + l * each; });
  for (uint32_t l = 0; l < W; l++) to[l] = x.grp->lds + from + l * each;
  if (x.check && exec) {
    check_lds(x, w, I, exec, to);
  }
  return exec;
}

// One word of LDS, for the wave.
template <uint32_t W>
static void append(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint32_t* dst) {
  uint32_t const at = (w.s[x.cdna ? M0_C : M0_R] & 0xffff) + uint32_t(I.off);
  if (!lanes_inside<W>(x, w, I, exec, 4, dst, 1, [&](uint32_t) { return at; })) return;
  uint8_t* const p = x.grp->lds + at;
  if (x.uninit) append_undefined(x, w, I, p);
  uint32_t const old = rd<uint32_t>(p), n = uint32_t(__builtin_popcountll(exec));
  uint8_t after[4];
  wr<uint32_t>(after, I.sx ? old - n : old + n);
  if (x.race) x.race->atomic(w, I, uint32_t(__builtin_ctzll(exec)), p, after, 4);
  memcpy(p, after, 4);
  each_lane<W>(exec, [&](uint32_t l) { dst[l] = old; });
}

// A lane's atomic operation on memory at p. Returns the old value.
template <uint32_t W>
static uint64_t update(Inst const& I, uint32_t l, uint8_t* p, uint32_t const* data, uint32_t const* data1) {
  if (I.n == 4) {
    uint32_t const d = data[l], d2 = I.sp == 'd' ? data1[l] : I.at == CAS ? data[W + l] : 0;
    return atomic<uint32_t, int32_t, float>(I.at, p, d, d2, I.sp != 'd');
  }
  uint64_t const d = uint64_t(data[W + l]) << 32 | data[l];
  uint64_t const d2 = I.sp == 'd'   ? uint64_t(data1[W + l]) << 32 | data1[l]
                      : I.at == CAS ? uint64_t(data[3 * W + l]) << 32 | data[2 * W + l]
                                    : 0;
  return atomic<uint64_t, int64_t, double>(I.at, p, d, d2, I.sp != 'd');
}

// p2: the second addresses of instructions that have two.
template <uint32_t W>
static void check_races(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data,
                        uint32_t const* data1) {
  if (!exec) return;
  bool const store = I.op == ST || I.op == ST2;
  if (I.op != AT && I.op != XCHG2) {
    x.race->access(w, I, exec, p, I.n, store, data, false);
    if (I.op == LD2 || I.op == ST2) x.race->access(w, I, exec, p2, I.n, store, data1, true);
    if (I.op == LD_LDS) x.race->access(w, I, exec, p2, std::max<uint32_t>(I.n, 4), true, nullptr, true);
    return;
  }
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint8_t after[8];
    if (I.op == AT) {
      memcpy(after, p[l], I.n);
      update<W>(I, l, after, data, data1);
      x.race->atomic(w, I, l, p[l], after, I.n);
      continue;
    }
    for (int k = 0; k < 2; k++) {
      for (int i = 0; i < I.n / 4; i++) wr<uint32_t>(after + 4 * i, (k ? data1 : data)[i * W + l]);
      x.race->atomic(w, I, l, (k ? p2 : p)[l], after, I.n);
    }
  }
}

template <uint32_t W>
void transfer(Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data, uint32_t const* data1,
              uint32_t* dst) {
  int const nd = (I.n + 3) / 4;
  switch (I.op) {
    case LD:
      if (I.n >= 4) {
        loads<W>(I.n, exec, p, dst);
        break;
      }
      each_lane<W>(exec, [&](uint32_t l) {
        uint32_t const t = narrow(I, p[l]);
        dst[l] = I.md16 == 1 ? (dst[l] & 0xffff0000u) | (t & 0xffff) : I.md16 == 2 ? (dst[l] & 0xffff) | t << 16 : t;
      });
      break;
    case ST:
      if (I.n >= 4) {
        stores<W>(I.n, exec, p, data);
        break;
      }
      each_lane<W>(exec, [&](uint32_t l) {
        uint32_t const t = I.md16 == 2 ? data[l] >> 16 : data[l];
        if (I.n == 1)
          *p[l] = uint8_t(t);
        else
          wr<uint16_t>(p[l], uint16_t(t));
      });
      break;
    case LD2:
      loads<W>(I.n, exec, p, dst);
      loads<W>(I.n, exec, p2, dst + nd * W);
      break;  // the address has been read
    case ST2:
      stores<W>(I.n, exec, p, data);
      stores<W>(I.n, exec, p2, data1);
      break;
    case XCHG2:
      each_lane<W>(exec, [&](uint32_t l) {
        uint32_t old[4], fresh[2][2];
        memcpy(old, p[l], I.n);
        memcpy(old + nd, p2[l], I.n);
        for (int i = 0; i < nd; i++) {
          fresh[0][i] = data[i * W + l];
          fresh[1][i] = data1[i * W + l];
        }
        memcpy(p[l], fresh[0], I.n);
        memcpy(p2[l], fresh[1], I.n);
        for (int i = 0; i < 2 * nd; i++) dst[i * W + l] = old[i];
      });
      break;
    case LD_LDS:
      each_lane<W>(exec, [&](uint32_t l) {
        if (I.n >= 4)
          memcpy(p2[l], p[l], I.n);
        else
          wr<uint32_t>(p2[l], narrow(I, p[l]));
      });
      break;
    case AT:
      for (uint64_t m = exec; m; m &= m - 1) {
        uint32_t const l = __builtin_ctzll(m);
        uint64_t const o = update<W>(I, l, p[l], data, data1);
        if (!I.rtn) continue;
        dst[l] = uint32_t(o);
        if (I.n == 8) dst[W + l] = uint32_t(o >> 32);
      }
      break;
    default: break;
  }
}

template <uint32_t W>
void mem_op(Exec& x, Wave& w, Inst const& I) {
  uint64_t exec = W == 64 ? rd64(w.s + EXEC) : w.s[EXEC];
  if (!exec) {
    if (__builtin_expect(x.weak != nullptr, 0)) x.weak->issued(w, I, false);
    return;
  }
  if (__builtin_expect((w.missing & exec) != 0, 0)) {
    divergent_barrier(x, w, "by only a part of a wave: these lanes were off and ran on later", w.missing & exec);
    w.missing = 0;
  }
  uint32_t* const data = (I.acc ? w.acc : w.v) + size_t(I.v) * W;
  uint32_t* const data1 = (I.acc ? w.acc : w.v) + size_t(I.v1) * W;
  uint32_t* const dst = (I.acc ? w.acc : w.v) + size_t(I.d) * W;
  uint32_t const* const va = w.v + size_t(I.a) * W;
  if (I.op == BPERMUTE || I.op == PERMUTE || I.op == SWIZZLE) {
    if (__builtin_expect(x.uninit && has_undefined(w), 0)) crossbar_undefined<W>(w, I, exec, va);
    crossbar<W>(I, exec, va, data, dst);
    if (__builtin_expect(x.weak != nullptr, 0)) x.weak->issued(w, I, true);
    return;
  }
  if (I.op == APPEND) {
    if (__builtin_expect(x.weak != nullptr, 0)) x.weak->perform_all(w, LDS_COUNT);
    append<W>(x, w, I, exec, dst);
    if (__builtin_expect(x.weak != nullptr, 0)) x.weak->issued(w, I, true);
    return;
  }
  bool const two = I.op == LD2 || I.op == ST2 || I.op == XCHG2, is_ld = I.op == LD || I.op == LD2 || I.op == LD_LDS,
             is_at = I.op == AT || I.op == XCHG2;
  int const nd = (I.n + 3) / 4, results = is_ld || (is_at && I.rtn) ? two ? 2 * nd : nd : 0;  // rows of the results
  uint8_t *p[W], *p2[W];                                                                      // where each active lane's data is
  uint64_t global = 0;                                                                        // lanes that access global memory
  if (I.sp == 'd') {
    uint8_t* const lds = x.grp->lds;
    uint32_t const o0 = two ? (I.off & 0xff) * I.mul : I.off, o1 = two ? (I.off >> 8) * I.mul : 0;
    bool const all = exec == (W == 64 ? ~0ull : 0xffffffffull);
    uint32_t own[W];  // addresses that do not come from a register, or are aligned
    uint32_t const* va = w.v + size_t(I.a) * W;
    if (__builtin_expect(I.tid || I.at == CONDXCHG, 0)) {
      for (uint32_t l = 0; l < W; l++) own[l] = I.tid ? (w.s[x.cdna ? M0_C : M0_R] & 0xffff) + 4 * l : ((va[l] + o0) & ~7u) - o0;
      va = own;
    }
    auto where = [&](uint8_t** q, uint32_t o) {
      uint32_t top = 0;
      for (uint32_t l = 0; l < W; l++) q[l] = lds + uint32_t(va[l] + o);
      if (all)
        for (uint32_t l = 0; l < W; l++) top = std::max(top, va[l] + o);
      else
        for (uint32_t l = 0; l < W; l++) top = std::max(top, exec >> l & 1 ? va[l] + o : 0);
      return top;
    };
    uint32_t const top = std::max(where(p, o0), two ? where(p2, o1) : 0);
    if (__builtin_expect(uint64_t(top) + I.n > x.lds_size, 0))
      exec = lanes_inside<W>(x, w, I, exec, I.n, dst, results, [&](uint32_t l) { return std::max(va[l] + o0, two ? va[l] + o1 : 0); });
    if (__builtin_expect(x.check, 0)) {
      check_lds(x, w, I, exec, p);
      if (two) check_lds(x, w, I, exec, p2);
      if (x.race) check_races<W>(x, w, I, exec, p, p2, data, data1);
    }
  } else {
    bool const stack = I.sp == 'b' && x.cdna && w.s[I.base + 3] >> 23 & 1;  // scratch of gfx90a
    bool scratch = I.sp == 's' || stack, flat_lds = false;
    uint64_t zeros = 0;
    if (I.sp == 'b' && !stack)
      exec = buffer_addresses<W>(x, w, I, exec, p, zeros);
    else if (I.sp == 'g' && I.tid) {
      uint64_t const s = rd64(w.s + I.sa) + int64_t(I.off);
      for (uint32_t l = 0; l < W; l++) p[l] = reinterpret_cast<uint8_t*>(s + 4 * l);
    } else if (I.sp == 'g' && I.sa >= 0) {
      uint64_t const s = rd64(w.s + I.sa) + int64_t(I.off);
      for (uint32_t l = 0; l < W; l++) p[l] = reinterpret_cast<uint8_t*>(s + va[l]);
    } else if (!scratch) {
      bool priv = false, lds = false;
      for (uint32_t l = 0; l < W; l++) {
        uint64_t const a = (uint64_t(va[W + l]) << 32 | va[l]) + int64_t(I.off);
        p[l] = reinterpret_cast<uint8_t*>(a);
        priv |= a >> 32 == priv_hi || a >> 32 == old_priv_hi;
        lds |= in_lds(a) || a >> 32 == old_lds_hi;
      }
      scratch = I.sp == 'f' && priv;
      flat_lds = I.sp == 'f' && lds;
    } else {
      uint32_t const s = (I.sp == 'b' ? (I.soff == 128 ? 0 : w.s[I.soff] / W)
                          : I.sa >= 0 ? w.s[I.sa]
                                      : 0) +
                         uint32_t(I.off);  // soffset counts for all lanes
      for (uint32_t l = 0; l < W; l++) p[l] = reinterpret_cast<uint8_t*>(uint64_t(s + (I.sve ? va[l] : 0)));
    }
    global = I.sp == 's' || stack ? 0 : exec & ~zeros;
    if (scratch)
      for (uint64_t m = exec; m; m &= m - 1) {
        uint32_t const l = __builtin_ctzll(m);
        uint64_t const a = reinterpret_cast<uint64_t>(p[l]);
        uint32_t const o = uint32_t(a);
        if (I.sp == 'f' && a >> 32 != priv_hi && a >> 32 != old_priv_hi) continue;
        if (__builtin_expect(uint64_t(o) + I.n > x.stride, 0)) {
          char b[200];
          snprintf(b, sizeof b, "scratch access at byte %u of a %u-byte frame (stack overflow?)", o, x.stride);
          fail(Err::fault, b);
        }
        p[l] = w.scratch + size_t(l) * x.stride + o;
        global &= ~(1ull << l);
      }
    uint64_t lds = 0;  // lanes that access LDS by a flat address
    if (__builtin_expect(flat_lds, 0)) {
      for (uint64_t m = exec & global; m; m &= m - 1) {
        uint32_t const l = __builtin_ctzll(m);
        uint64_t const a = reinterpret_cast<uint64_t>(p[l]);
        if (a >> 32 == old_lds_hi)
          p[l] = x.grp->lds + uint32_t(a);
        else if (!in_lds(a))
          continue;
        lds |= 1ull << l;
      }
      global &= ~lds;
      exec &= ~lds;
      lds = lanes_inside<W>(x, w, I, lds, I.n, dst, results, [&](uint32_t l) { return reinterpret_cast<uint64_t>(p[l]) - w.lds; });
      exec |= lds;
      if (x.check && lds) check_lds(x, w, I, lds, p);
      if (x.race) check_races<W>(x, w, I, lds, p, p2, data, data1);
    }
    if (__builtin_expect(x.check && global, 0)) check_global(x, w, I, global, p, !is_ld);
    if (I.op == LD_LDS) {
      exec = lds_addresses<W>(x, w, I, exec, p2);
      global &= exec;
    }
    if (__builtin_expect(x.race && global, 0)) check_races<W>(x, w, I, global, p, p2, data, data1);
  }
  if (__builtin_expect(x.uninit, 0)) memory_undefined<W>(x, w, I, exec, p, p2);
  if (is_at)
    for (uint64_t m = exec; m; m &= m - 1) {  // hardware reports a memory violation
      uint64_t const at = reinterpret_cast<uint64_t>(p[__builtin_ctzll(m)]);
      if (!(at & (I.n - 1))) continue;
      char b[120];
      snprintf(b, sizeof b, "atomic operation on %u bytes at 0x%lx, which is not a multiple of %u", I.n, (unsigned long)at, I.n);
      fail(Err::fault, b);
    }
  if (__builtin_expect(x.weak != nullptr, 0))
    x.weak->issue<W>(w, I, exec, global, p, p2, data, data1);
  else
    transfer<W>(I, exec, p, p2, data, data1, dst);
}

void smem(Exec& x, Wave& w, Inst const& I) {
  if (__builtin_expect(x.weak != nullptr, 0)) x.weak->issued(w, I, true);
  if (I.sp == 'b') return scalar_buffer_load(x, w, I);
  uint64_t a = rd64(w.s + I.base) + int64_t(I.off) + (I.soff >= 0 ? w.s[I.soff] : 0);
  if (__builtin_expect(x.check, 0)) {
    uint8_t const* const p = reinterpret_cast<uint8_t*>(I.n >= 4 ? a & ~3ull : a);
    access(x, w, I, p, I.n, false);
    if (x.uninit) scalar_undefined(x, w, I, p, I.n, 0);
    if (x.race) x.race->scalar(w, I, p, I.n);
  }
  if (I.n >= 4) {
    uint32_t t[16];
    memcpy(t, reinterpret_cast<void*>(a & ~3ull), I.n);
    memcpy(w.s + I.d, t, I.n);
    return;
  }
  w.s[I.d] = narrow(I, reinterpret_cast<uint8_t const*>(a));
}

template void transfer<64>(Inst const&, uint64_t, uint8_t* const*, uint8_t* const*, uint32_t const*, uint32_t const*, uint32_t*);
template void transfer<32>(Inst const&, uint64_t, uint8_t* const*, uint8_t* const*, uint32_t const*, uint32_t const*, uint32_t*);
template void mem_op<64>(Exec&, Wave&, Inst const&);
template void mem_op<32>(Exec&, Wave&, Inst const&);

}  // namespace emu
