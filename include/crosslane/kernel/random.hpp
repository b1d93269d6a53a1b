// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Random numbers as a function of a counter: no state in memory, the same numbers on every target, any of them at once.
#pragma once

#include <crosslane/platform/bits.hpp>

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Four random words.
struct random_block {
  std::uint32_t words[4];  ///< each of 32 random bits
};

/// Philox4x32-10, bit for bit as published: counter and key to four words that pass TestU01's BigCrush. Salmon, Moraes, Dror, Shaw:
/// Parallel random numbers: as easy as 1, 2, 3. SC 2011.
CROSSLANE_FN constexpr random_block philox(random_block counter, std::uint32_t key0, std::uint32_t key1) {
  std::uint32_t c0 = counter.words[0], c1 = counter.words[1], c2 = counter.words[2], c3 = counter.words[3];
  for (int round = 0; round < 10; ++round) {
    std::uint32_t const a = c0, b = c2;
    c0 = detail::multiply_high(0xcd9e8d57u, b) ^ c1 ^ key0;
    c1 = 0xcd9e8d57u * b;
    c2 = detail::multiply_high(0xd2511f53u, a) ^ c3 ^ key1;
    c3 = 0xd2511f53u * a;
    key0 += 0x9e3779b9u;  // of the golden ratio
    key1 += 0xbb67ae85u;  // of the square root of 3
  }
  return {{c0, c1, c2, c3}};
}

/// A stream of random words, one of 2^64 of a seed: 2^66 words, then they repeat. Made in each thread from the number of what it works
/// on, so that results depend neither on the grid nor on the width of waves. A value; copies go on independently.
class random_engine {
 public:
  using result_type = std::uint32_t;  ///< as engines of the standard library have it

  /// The begin of stream `number` of a seed.
  CROSSLANE_FN constexpr random_engine(std::uint64_t seed, std::uint64_t number) : seed_{seed}, stream_{number} {}

  static CROSSLANE_FN constexpr std::uint32_t min() { return 0; }                  ///< the smallest word
  static CROSSLANE_FN constexpr std::uint32_t max() { return ~std::uint32_t{0}; }  ///< the largest word

  /// The next word.
  CROSSLANE_FN constexpr std::uint32_t operator()() {
    if (used_ == 0) block_ = block(at_);
    std::uint32_t const word = pick(used_);
    if (++used_ == 4) used_ = 0, ++at_;
    return word;
  }
  /// The next two words, the first one low.
  CROSSLANE_FN constexpr std::uint64_t next_64() {
    std::uint64_t const low = (*this)();
    return low | std::uint64_t{(*this)()} << 32;
  }

  /// Leaves out `count` words, in constant time.
  CROSSLANE_FN constexpr void skip(std::uint64_t count) {
    unsigned const used = used_ + unsigned(count % 4);
    at_ += count / 4 + used / 4;
    used_ = used % 4;
    if (used_ != 0) block_ = block(at_);
  }

 private:
  CROSSLANE_FN constexpr random_block block(std::uint64_t i) const {
    return philox({{static_cast<std::uint32_t>(i), detail::high_word(i), static_cast<std::uint32_t>(stream_), detail::high_word(stream_)}},
                  static_cast<std::uint32_t>(seed_), detail::high_word(seed_));
  }
  /// Not words[i]: an index known at run time only would put the words into memory.
  CROSSLANE_FN constexpr std::uint32_t pick(unsigned i) const {
    return i == 0 ? block_.words[0] : i == 1 ? block_.words[1] : i == 2 ? block_.words[2] : block_.words[3];
  }

  std::uint64_t seed_, stream_, at_ = 0;
  random_block block_{};
  unsigned used_ = 0;  ///< words of block at_ that have been handed out
};

// --- distributions: functions of random words, or of an engine that gives them. The same bits on every target unless they say else ---

/// Uniform in [0, 1): a multiple of 2^-24 (float, of one word) or 2^-53 (double, of two).
CROSSLANE_FN constexpr float uniform_float(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
/// The same of a double's 53 bits.
CROSSLANE_FN constexpr double uniform_double(std::uint64_t word) { return static_cast<double>(word >> 11) * 0x1p-53; }
/// Uniform in (0, 1]: what a logarithm can take.
CROSSLANE_FN constexpr float uniform_positive_float(std::uint32_t word) { return static_cast<float>((word >> 8) + 1) * 0x1p-24f; }
/// The same of a double's 53 bits.
CROSSLANE_FN constexpr double uniform_positive_double(std::uint64_t word) { return static_cast<double>((word >> 11) + 1) * 0x1p-53; }

/// Uniform in [0, 1), T float or double.
template <class T>
CROSSLANE_FN constexpr T uniform(random_engine& engine) {
  if constexpr (std::is_same_v<T, float>) {
    return uniform_float(engine());
  } else {
    static_assert(std::is_same_v<T, double>, "crosslane: random numbers are float or double; of other types convert them");
    return uniform_double(engine.next_64());
  }
}
/// Uniform in (0, 1].
template <class T>
CROSSLANE_FN constexpr T uniform_positive(random_engine& engine) {
  if constexpr (std::is_same_v<T, float>) {
    return uniform_positive_float(engine());
  } else {
    static_assert(std::is_same_v<T, double>, "crosslane: random numbers are float or double; of other types convert them");
    return uniform_positive_double(engine.next_64());
  }
}

/// Uniform in 0 ... bound - 1, without bias; bound is at least 1. It takes one word, rarely more: with probability bound / 2^32 at most.
/// Lemire: Fast random integer generation in an interval. ACM TOMACS 29 (2019).
CROSSLANE_FN constexpr std::uint32_t uniform_below(random_engine& engine, std::uint32_t bound) {
  std::uint64_t product = std::uint64_t{engine()} * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    std::uint32_t const threshold = (0u - bound) % bound;
    while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{engine()} * bound;
  }
  return detail::high_word(product);
}

/// Two numbers of a distribution.
template <class T>
struct random_pair {
  T first;   ///< the one
  T second;  ///< the other
};

namespace detail {

/// Cosine and sine of `turns` whole turns, 0 <= turns < 1, by Taylor's series of the angle to the nearest quarter. The target's own
/// functions would have to be ready for any angle, which costs them more than this.
template <class T>
CROSSLANE_FN random_pair<T> point_on_circle(T turns) {
  constexpr int terms = std::is_same_v<T, float> ? 4 : 8;
  int const quarter = static_cast<int>(turns * 4 + T(0.5));
  T const angle = (turns - static_cast<T>(quarter) / 4) * T(6.283185307179586476925286766559), square = angle * angle;
  T c = 1, s = 1;
  for (int k = terms; k > 0; --k) {
    s = 1 - s * square * T(1. / (2 * k * (2 * k + 1)));
    c = 1 - c * square * T(1. / (2 * k * (2 * k - 1)));
  }
  s *= angle;
  switch (quarter & 3) {
    case 0: return {c, s};
    case 1: return {-s, c};
    case 2: return {-c, -s};
    default: return {s, -c};
  }
}

}  // namespace detail

/// Two independent normal numbers, mean 0, standard deviation 1, by Box and Muller. The logarithm is the target's own, and targets may
/// fuse multiplications with additions, so they differ in the last places: each number is within 8 * epsilon * r of the exact one, where r
/// * r is the sum of both squares and epsilon 2^-24 (float) or 2^-53 (double). None exceeds 5.8 (float) or 8.6 (double).
template <class T>
CROSSLANE_FN random_pair<T> normal_pair(random_engine& engine) {
  T const radius = std::sqrt(T(-2) * std::log(uniform_positive<T>(engine)));
  random_pair<T> const point = detail::point_on_circle(uniform<T>(engine));
  return {radius * point.first, radius * point.second};
}

/// One normal number. normal_pair costs as much and gives two.
template <class T>
CROSSLANE_FN T normal(random_engine& engine) {
  return normal_pair<T>(engine).first;
}

/// Exponential with mean 1; divide by the rate. The logarithm is the target's own: within 4 * epsilon of the exact number, relatively.
template <class T>
CROSSLANE_FN T exponential(random_engine& engine) {
  return -std::log(uniform_positive<T>(engine));
}

}  // namespace crosslane
