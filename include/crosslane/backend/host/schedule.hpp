// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The order in which blocks, waves and lanes run, by seed. Seed 0 is ascending order, seed 1 descending order; other seeds are
/// pseudo-random.
#pragma once

#include <cstdint>

namespace crosslane::backend {

/// The SplitMix64 generator.
class order_numbers {
 public:
  order_numbers(std::uint64_t seed, std::uint64_t stream) noexcept : state_{seed * 0x9e3779b97f4a7c15 ^ stream * 0xd1b54a32d192ed03} {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned n) noexcept { return unsigned((next() >> 32) * n >> 32); }

 private:
  std::uint64_t state_;
};

/// Returns which of n blocks runs as the i-th.
inline std::uint64_t scheduled_block(std::uint64_t seed, std::uint64_t n, std::uint64_t i) noexcept {
  if (seed == 0) return i;
  if (seed == 1) return n - 1 - i;
  // A bijection on the next power of two. Results of n and above are mapped again until they are below n.
  unsigned const bits = n > 1 ? 64 - unsigned(__builtin_clzll(n - 1)) : 1;
  std::uint64_t const mask = ~std::uint64_t{0} >> (64 - bits);
  order_numbers numbers{seed, n};
  std::uint64_t const factor = numbers.next() | 1, offset = numbers.next();
  unsigned const shift = (bits + 1) / 2;
  do {
    i = (i * factor + offset) & mask;
    i ^= i >> shift;
    i = (i * factor + offset) & mask;
  } while (i >= n);
  return i;
}

/// Writes the order of a block's threads: waves one after another, and the lanes of each wave in an order of its own.
inline void schedule_threads(std::uint64_t seed, std::uint64_t block_rank, unsigned threads, unsigned wave_size,
                             std::uint16_t* order) noexcept {
  if (seed < 2) {
    for (unsigned i = 0; i < threads; ++i) order[i] = std::uint16_t(seed == 0 ? i : threads - 1 - i);
    return;
  }
  order_numbers numbers{seed, block_rank + 1};
  unsigned const waves = (threads + wave_size - 1) / wave_size;
  std::uint16_t wave_order[32];  // 1024 threads in waves of 32
  for (unsigned w = 0; w < waves; ++w) wave_order[w] = std::uint16_t(w);
  auto const shuffle = [&numbers](std::uint16_t* first, unsigned count) {
    for (unsigned i = count; i > 1; --i) {
      unsigned const other = numbers.below(i);
      std::uint16_t const kept = first[i - 1];
      first[i - 1] = first[other];
      first[other] = kept;
    }
  };
  shuffle(wave_order, waves);
  unsigned placed = 0;
  for (unsigned w = 0; w < waves; ++w) {
    unsigned const first = wave_order[w] * wave_size, count = threads - first < wave_size ? threads - first : wave_size;
    for (unsigned lane = 0; lane < count; ++lane) order[placed + lane] = std::uint16_t(first + lane);
    shuffle(order + placed, count);
    placed += count;
  }
}

}  // namespace crosslane::backend
