// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cache.hpp"
#include <cstring>

namespace emu {

// Copies the bytes of a line that have a bit in the mask.
static void copy(uint8_t* to, uint8_t const* from, uint64_t bytes) {
  if (bytes == ~0ull) {
    memcpy(to, from, 64);
    return;
  }
  for (int w = 0; bytes >> (8 * w); w++) {
    uint32_t const b = bytes >> (8 * w) & 0xff;
    if (b == 0xff)
      memcpy(to + 8 * w, from + 8 * w, 8);
    else
      for (int i = 0; i < 8; i++)
        if (b >> i & 1) to[8 * w + i] = from[8 * w + i];
    if (w == 7) break;
  }
}
static uint8_t* memory(uint64_t address) { return reinterpret_cast<uint8_t*>(address); }

Cache::Line& Cache::line(uint64_t a) {
  Line& l = slot(a);
  if (__builtin_expect(l.address != a, 0)) {
    if (l.dirty) clean(l, ~0ull);
    l.address = a;
    l.valid = l.dirty = l.through = 0;
  }
  return l;
}
void Cache::fill(Line& l, uint64_t bytes) {
  if (!bytes) return;
  if (below_)
    below_->fetch(l.address, bytes, l.data);
  else
    copy(l.data, memory(l.address), bytes);
  l.valid |= bytes;
}
void Cache::fetch(uint64_t a, uint64_t bytes, uint8_t* to) {
  Line& l = line(a);
  if (bytes & ~(l.valid | l.dirty)) fill(l, ~(l.valid | l.dirty));
  copy(to, l.data, bytes);
}
void Cache::store(uint64_t a, uint64_t bytes, uint8_t const* from, bool through) {
  if (takes_stores_ && !through) {
    Line& l = line(a);
    copy(l.data, from, bytes);
    l.dirty |= bytes;
    return;
  }
  Line& l = slot(a);
  if (l.address == a) {
    l.valid &= ~bytes;
    l.dirty &= ~bytes;
  }
  if (below_)
    below_->store(a, bytes, from, through);
  else
    copy(memory(a), from, bytes);
}
void Cache::clean(Line& l, uint64_t bytes) {
  bytes &= l.dirty;
  if (!bytes) return;
  uint64_t const through = bytes & l.through, rest = bytes & ~through;
  auto down = [&](uint64_t b, bool all_the_way) {
    if (!b) return;
    if (below_)
      below_->store(l.address, b, l.data, all_the_way);
    else
      copy(memory(l.address), l.data, b);
  };
  down(through, true);
  down(rest, false);
  l.dirty &= ~bytes;
  l.through &= ~bytes;
  l.valid |= bytes;
}
void Cache::clean(uint64_t a, uint64_t bytes) {
  Line& l = slot(a);
  if (l.address == a) clean(l, bytes);
}
void Cache::clean_all() {
  for (Line& l : lines_)
    if (l.dirty) clean(l, ~0ull);
}
void Cache::invalidate() {
  for (Line& l : lines_) l.valid = 0;
}
void Cache::refetch() {
  for (Line& l : lines_)
    if (l.address != none) fill(l, ~(l.valid | l.dirty));
}
void Cache::settle(uint64_t address, uint32_t n) {
  each_line(address, n, [&](uint64_t a, uint64_t bytes, uint32_t) {
    Line& l = slot(a);
    if (l.address != a) return;
    l.through |= bytes & l.dirty;
    clean(l, bytes);
    l.valid &= ~bytes;
  });
  if (below_) below_->settle(address, n);
}
void Cache::read(uint64_t address, uint32_t n, uint8_t* to) {
  each_line(address, n, [&](uint64_t a, uint64_t bytes, uint32_t first) {
    Line& l = line(a);
    if (bytes & ~(l.valid | l.dirty)) fill(l, ~(l.valid | l.dirty));
    memcpy(to + first, l.data + ((address + first) & 63), __builtin_popcountll(bytes));
  });
}
void Cache::write(uint64_t address, uint32_t n, uint8_t const* from, bool through) {
  each_line(address, n, [&](uint64_t a, uint64_t bytes, uint32_t first) {
    Line& l = line(a);
    if (!(l.valid | l.dirty)) fill(l, ~0ull);  // an address without memory is the fault of this store
    memcpy(l.data + ((address + first) & 63), from + first, __builtin_popcountll(bytes));
    l.dirty |= bytes;
    l.through = through ? l.through | bytes : l.through & ~bytes;
  });
}

}  // namespace emu
