// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Random numbers as a function of a counter. They need no state in memory, are the same on every target, and can be computed in any order.
#pragma once

#include <crosslane/platform/bits.hpp>

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Four random words.
struct random_block {
  std::uint32_t words[4];  ///< 32 random bits each
};

/// Returns four random words for a counter and a key by Philox4x32-10, bit for bit as published. The words pass TestU01's BigCrush. Source:
/// Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011.
CROSSLANE_FN constexpr random_block philox(random_block counter, std::uint32_t key0, std::uint32_t key1) {
  std::uint32_t c0 = counter.words[0], c1 = counter.words[1], c2 = counter.words[2], c3 = counter.words[3];
  for (int round = 0; round < 10; ++round) {
    std::uint32_t const a = c0, b = c2;
    c0 = detail::multiply_high(0xcd9e8d57u, b) ^ c1 ^ key0;
    c1 = 0xcd9e8d57u * b;
    c2 = detail::multiply_high(0xd2511f53u, a) ^ c3 ^ key1;
    c3 = 0xd2511f53u * a;
    key0 += 0x9e3779b9u;  // from the golden ratio
    key1 += 0xbb67ae85u;  // from the square root of 3
  }
  return {{c0, c1, c2, c3}};
}

/// An engine for one stream of random words. A seed has 2^64 streams, and a stream has 2^66 words before it repeats. Each thread makes its
/// own engine from the number of its work item, so results depend neither on the grid nor on the width of waves. It is a value; a copy
/// continues independently.
class random_engine {
 public:
  using result_type = std::uint32_t;  ///< the type of a word, named as in the standard library

  /// Constructs an engine at the start of stream `number` of a seed.
  CROSSLANE_FN constexpr random_engine(std::uint64_t seed, std::uint64_t number) : seed_{seed}, stream_{number} {}

  static CROSSLANE_FN constexpr std::uint32_t min() { return 0; }                  ///< the smallest word
  static CROSSLANE_FN constexpr std::uint32_t max() { return ~std::uint32_t{0}; }  ///< the largest word

  /// Returns the next word.
  CROSSLANE_FN constexpr std::uint32_t operator()() {
    if (used_ == 0) block_ = block(at_);
    std::uint32_t const word = pick(used_);
    if (++used_ == 4) used_ = 0, ++at_;
    return word;
  }
  /// Returns the next two words as one number. The first word is the low half.
  CROSSLANE_FN constexpr std::uint64_t next_64() {
    std::uint64_t const low = (*this)();
    return low | std::uint64_t{(*this)()} << 32;
  }

  /// Skips `count` words in constant time.
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
  /// Returns words[i]. An index that is known only at run time would move the words to memory.
  CROSSLANE_FN constexpr std::uint32_t pick(unsigned i) const {
    return i == 0 ? block_.words[0] : i == 1 ? block_.words[1] : i == 2 ? block_.words[2] : block_.words[3];
  }

  std::uint64_t seed_, stream_, at_ = 0;
  random_block block_{};
  unsigned used_ = 0;  ///< number of words of block at_ that were returned
};

// --- distributions: functions of random words or of an engine; the same bits on every target unless stated otherwise ---

/// Returns a number uniform in [0, 1), a multiple of 2^-24, from one word.
CROSSLANE_FN constexpr float uniform_float(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
/// Returns a number uniform in [0, 1), a multiple of 2^-53, from 64 random bits.
CROSSLANE_FN constexpr double uniform_double(std::uint64_t word) { return static_cast<double>(word >> 11) * 0x1p-53; }
/// Returns a number uniform in (0, 1], a multiple of 2^-24, from one word. Its logarithm is finite.
CROSSLANE_FN constexpr float uniform_positive_float(std::uint32_t word) { return static_cast<float>((word >> 8) + 1) * 0x1p-24f; }
/// Returns a number uniform in (0, 1], a multiple of 2^-53, from 64 random bits. Its logarithm is finite.
CROSSLANE_FN constexpr double uniform_positive_double(std::uint64_t word) { return static_cast<double>((word >> 11) + 1) * 0x1p-53; }

/// Returns the engine's next number uniform in [0, 1). T is float (one word) or double (two words).
template <class T>
CROSSLANE_FN constexpr T uniform(random_engine& engine) {
  if constexpr (std::is_same_v<T, float>) {
    return uniform_float(engine());
  } else {
    static_assert(std::is_same_v<T, double>, "crosslane: uniform() returns float or double; convert the result to other types");
    return uniform_double(engine.next_64());
  }
}
/// Returns the engine's next number uniform in (0, 1]. T is float (one word) or double (two words).
template <class T>
CROSSLANE_FN constexpr T uniform_positive(random_engine& engine) {
  if constexpr (std::is_same_v<T, float>) {
    return uniform_positive_float(engine());
  } else {
    static_assert(std::is_same_v<T, double>, "crosslane: uniform_positive() returns float or double; convert the result to other types");
    return uniform_positive_double(engine.next_64());
  }
}

/// Returns a number uniform in 0 ... bound - 1, without bias. Precondition: bound >= 1. It takes one word; with a probability of at most
/// bound / 2^32 it takes more. Source: Lemire: Fast random integer generation in an interval. ACM TOMACS 29 (2019).
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
  T first;   ///< first number
  T second;  ///< second number
};

namespace detail {

/// Returns the cosine and sine of `turns` whole turns, 0 <= turns < 1. They are Taylor series of the angle to the nearest quarter turn. The
/// target's own functions accept any angle and cost more.
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

/// Returns two independent normal numbers of mean 0 and standard deviation 1, by Box and Muller. No number exceeds 5.8 (float) or 8.6
/// (double) in magnitude.
///
/// Targets differ in the last places: each uses its own logarithm and may fuse multiplications with additions. The error of each number is
/// at most 8 * epsilon * r. r * r is the sum of the squares of both numbers; epsilon is 2^-24 (float) or 2^-53 (double).
template <class T>
CROSSLANE_FN random_pair<T> normal_pair(random_engine& engine) {
  T const radius = std::sqrt(T(-2) * std::log(uniform_positive<T>(engine)));
  random_pair<T> const point = detail::point_on_circle(uniform<T>(engine));
  return {radius * point.first, radius * point.second};
}

/// Returns one normal number. normal_pair() costs the same and returns two.
template <class T>
CROSSLANE_FN T normal(random_engine& engine) {
  return normal_pair<T>(engine).first;
}

/// Returns a number of the exponential distribution with mean 1. Divide it by the rate for other means. The logarithm is the target's own,
/// so the relative error is at most 4 * epsilon.
template <class T>
CROSSLANE_FN T exponential(random_engine& engine) {
  return -std::log(uniform_positive<T>(engine));
}

}  // namespace crosslane
