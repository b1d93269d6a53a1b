// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Addresses of buffer instructions: a resource of four SGPRs has the base, the stride and the number of records, against which each
/// access is checked. Loads from outside return 0 and stores are dropped.
#include "exec.hpp"
#include "races.hpp"
#include "undefined.hpp"

namespace emu {
namespace {
struct Resource {
  uint64_t base;
  uint32_t stride, records;
  unsigned check;  // how RDNA checks: 0: index and offset, 1: index, 2: only whether there are records, 3: bytes
};
Resource resource(Exec const& x, Wave const& w, Inst const& I) {
  uint32_t const* const r = w.s + I.base;
  if (x.cdna ? r[1] >> 31 : r[1] >> 30) fail(Err::unsupported, I.name + " with a swizzled buffer");
  if (r[3] >> 23 & 1) fail(Err::unsupported, I.name + " with a buffer that adds the lane's number to the index");
  return {r[0] | uint64_t(r[1] & 0xffff) << 32, r[1] >> 16 & 0x3fff, r[2], x.cdna ? 3 : r[3] >> 28 & 3};
}
}  // namespace

template <uint32_t W>
uint64_t buffer_addresses(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t** p, uint64_t& zeros) {
  static uint8_t const zero[16] = {};
  zeros = 0;
  Resource const r = resource(x, w, I);
  uint32_t const* const index = w.v + size_t(I.a) * W;
  uint32_t const* const offset = index + (I.idxen ? W : 0);
  uint32_t const soffset = w.s[I.soff];
  uint32_t const step = I.n < 4 ? I.n : 4;  // words are checked one by one, atomics as a whole
  uint32_t* const dst = (I.acc ? w.acc : w.v) + size_t(I.d) * W;
  uint32_t const* const data = (I.acc ? w.acc : w.v) + size_t(I.v) * W;
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint64_t const i = I.idxen ? index[l] : 0, o = (I.sve ? offset[l] : 0) + uint64_t(uint32_t(I.off));
    uint64_t const at = i * r.stride + o;
    p[l] = reinterpret_cast<uint8_t*>(r.base + soffset + at);
    auto inside = [&](uint64_t from, uint32_t bytes) {
      switch (r.check) {
        case 0: return i < r.records && o + from + bytes <= r.stride;
        case 1: return i < r.records;
        case 2: return r.records != 0;
      }
      return soffset <= r.records && at + from + bytes <= r.records - soffset;
    };
    uint32_t const each = I.op == AT ? I.n : step;
    if (inside(I.n - each, each)) continue;
    if (I.op == LD_LDS) {
      p[l] = const_cast<uint8_t*>(zero);
      zeros |= 1ull << l;
      continue;
    }
    exec &= ~(1ull << l);
    if (I.op == AT || I.n < 4) {
      if (I.op == LD) dst[l] = I.md16 == 1 ? dst[l] & 0xffff0000u : I.md16 == 2 ? dst[l] & 0xffff : 0;
      if (I.op == AT && I.rtn)
        for (uint32_t k = 0; k < I.n / 4; k++) dst[k * W + l] = 0;
      continue;
    }
    for (uint32_t k = 0; k < I.n / 4; k++) {  // the words that lie inside
      uint8_t* const q = p[l] + 4 * k;
      bool const in = inside(4 * k, 4);
      if (in && x.check) access(x, w, I, q, 4, I.op == ST);
      if (I.op == LD) dst[k * W + l] = in ? rd<uint32_t>(q) : 0;
      if (I.op == ST && in) wr<uint32_t>(q, data[k * W + l]);
    }
  }
  return exec;
}
template uint64_t buffer_addresses<64>(Exec&, Wave&, Inst const&, uint64_t, uint8_t**, uint64_t&);
template uint64_t buffer_addresses<32>(Exec&, Wave&, Inst const&, uint64_t, uint8_t**, uint64_t&);

void scalar_buffer_load(Exec& x, Wave& w, Inst const& I) {
  Resource const r = resource(x, w, I);
  uint64_t const size = r.stride ? uint64_t(r.stride) * r.records : r.records;
  uint64_t const offset = uint32_t(I.off) + uint64_t(I.soff >= 0 ? w.s[I.soff] : 0);
  uint32_t t[16] = {};
  auto read = [&](uint64_t from, uint32_t bytes, void* to) {
    if (from + bytes > size) return;
    uint8_t const* const p = reinterpret_cast<uint8_t const*>(r.base + from);
    if (x.check) access(x, w, I, p, bytes, false);
    if (x.uninit) scalar_undefined(x, w, I, p, bytes, bytes < 4 ? 0 : uint32_t(from - (offset & ~3ull)) / 4);
    if (x.race) x.race->scalar(w, I, p, bytes);
    memcpy(to, p, bytes);
  };
  if (I.n < 4) {
    read(offset, I.n, t);
    w.s[I.d] = !I.sx ? t[0] : I.n == 1 ? uint32_t(int32_t(int8_t(t[0]))) : uint32_t(int32_t(int16_t(t[0])));
    return;
  }
  for (uint32_t k = 0; k < I.n / 4; k++) read((offset & ~3ull) + 4 * k, 4, t + k);
  memcpy(w.s + I.d, t, I.n);
}

}  // namespace emu
