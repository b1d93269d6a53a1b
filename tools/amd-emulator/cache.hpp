// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A cache between waves and memory, for AMDEMU_WEAK.
#pragma once
#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace emu {

/// Gives each page of memory a random place in the caches when it is used first: which lines caches replace depends on the seed, and not on
/// addresses, which differ from process to process.
class Places {
 public:
  explicit Places(uint32_t seed) : random_(seed) {}
  /// Returns the place of a line, a number without bound.
  uint32_t of(uint64_t line_address) {
    uint64_t const page = line_address >> 12;
    Entry& e = recent_[page % 64];
    if (e.page != page) e = {page, find(page)};
    return e.place + uint32_t(line_address >> 6 & 63);
  }

 private:
  struct Entry {
    uint64_t page = ~0ull;
    uint32_t place = 0;
  };
  uint32_t find(uint64_t page) {
    auto const [it, is_new] = all_.emplace(page, 0);
    if (is_new) it->second = uint32_t(random_());
    return it->second;
  }
  std::minstd_rand random_;
  std::unordered_map<uint64_t, uint32_t> all_;
  Entry recent_[64];
};

/// A direct-mapped cache of lines of 64 bytes that keeps the state of each byte. A store makes bytes dirty: they reach the level below when
/// clean() is called or the line is replaced. A byte that was read stays as it is until invalidate() is called or the line is replaced.
class Cache {
 public:
  /// below: the next level; null: memory. takes_stores: stores from above stay here as dirty bytes instead of passing through.
  /// places: shared by all caches.
  Cache(uint32_t lines, Places& places, Cache* below, bool takes_stores)
      : lines_(lines), places_(places), below_(below), takes_stores_(takes_stores) {}

  /// Reads n bytes.
  void read(uint64_t address, uint32_t n, uint8_t* to);
  /// Makes n bytes dirty. through: they do not stay in a level below.
  void write(uint64_t address, uint32_t n, uint8_t const* from, bool through);
  /// Sends dirty bytes of a line down. bytes: a bit for each.
  void clean(uint64_t line_address, uint64_t bytes);
  void clean_all();
  /// Forgets all bytes that are not dirty.
  void invalidate();
  /// Sends n bytes down to memory if they are dirty, and forgets them, in this level and those below.
  void settle(uint64_t address, uint32_t n);
  /// Reads the lines again that were used last, as other waves of the compute unit might do.
  void refetch();

  /// Calls f(address of the line, mask of its bytes, number of the first one) for the lines of n <= 64 bytes.
  template <class F>
  static void each_line(uint64_t address, uint32_t n, F f) {
    uint32_t const at = address & 63, here = n < 64 - at ? n : 64 - at;
    f(address - at, mask(here) << at, 0u);
    if (n > here) f(address - at + 64, mask(n - here), here);
  }

 private:
  static constexpr uint64_t none = ~0ull;
  static uint64_t mask(uint32_t n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
  struct Line {
    uint64_t address = none, valid = 0, dirty = 0, through = 0;
    uint8_t data[64];
  };
  Line& slot(uint64_t line_address) { return lines_[places_.of(line_address) % lines_.size()]; }
  Line& line(uint64_t line_address);
  void clean(Line& l, uint64_t bytes);
  void fill(Line& l, uint64_t bytes);
  void fetch(uint64_t line_address, uint64_t bytes, uint8_t* to);
  void store(uint64_t line_address, uint64_t bytes, uint8_t const* from, bool through);

  std::vector<Line> lines_;
  Places& places_;
  Cache* below_;
  bool takes_stores_;
};

}  // namespace emu
