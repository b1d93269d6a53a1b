// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The small floating-point formats by their definition: a table of all numbers, and a search for the nearest one. It shares no code with
/// the library.
#pragma once

#include <crosslane/kernel/numeric.hpp>

#include <cmath>
#include <cstring>
#include <vector>

namespace crosslane_test {

namespace xl = crosslane;

/// Codes of numbers that are not negative go up from 0 to `max`; the sign is the highest bit.
struct format_description {
  char const* name;
  int exponent_bits, mantissa_bits, bias;
  unsigned max, infinity, nan;  ///< codes; infinity 0 where there is none
  bool negative_zero;

  unsigned sign() const { return 1u << (exponent_bits + mantissa_bits); }
  unsigned codes() const { return 2 * sign(); }
  bool is_nan(unsigned code) const {
    return infinity != 0 ? (code & (sign() - 1)) > infinity : negative_zero ? (code & (sign() - 1)) == nan : code == nan;
  }
  bool is_infinity(unsigned code) const { return infinity != 0 && (code & (sign() - 1)) == infinity; }

  /// Returns the magnitude of a code without sign. The code max + 1 gives the number that would follow the largest.
  long double magnitude(unsigned code) const {
    unsigned const exponent = code >> mantissa_bits, mantissa = code & ((1u << mantissa_bits) - 1);
    if (exponent == 0) return std::ldexp(static_cast<long double>(mantissa), 1 - bias - mantissa_bits);
    return std::ldexp(static_cast<long double>(mantissa + (1u << mantissa_bits)), int(exponent) - bias - mantissa_bits);
  }
  double value(unsigned code) const {
    if (is_nan(code)) return std::nan("");
    double const sign_factor = (code & sign()) != 0 ? -1 : 1;
    if (is_infinity(code)) return sign_factor * HUGE_VAL;
    return sign_factor * double(magnitude(code & (sign() - 1)));
  }
};

template <class T>
format_description describe();
template <>
inline format_description describe<xl::half>() {
  return {"half", 5, 10, 15, 0x7bff, 0x7c00, 0x7fff, true};
}
template <>
inline format_description describe<xl::bfloat16>() {
  return {"bfloat16", 8, 7, 127, 0x7f7f, 0x7f80, 0x7fff, true};
}
template <>
inline format_description describe<xl::fp8_e4m3>() {
  return {"fp8_e4m3", 4, 3, 7, 0x7e, 0, 0x7f, true};
}
template <>
inline format_description describe<xl::fp8_e5m2>() {
  return {"fp8_e5m2", 5, 2, 15, 0x7b, 0x7c, 0x7f, true};
}
template <>
inline format_description describe<xl::fp8_e4m3_fnuz>() {
  return {"fp8_e4m3_fnuz", 4, 3, 8, 0x7f, 0, 0x80, false};
}
template <>
inline format_description describe<xl::fp8_e5m2_fnuz>() {
  return {"fp8_e5m2_fnuz", 5, 2, 16, 0x7f, 0, 0x80, false};
}

/// Rounds by search.
class reference {
 public:
  explicit reference(format_description const& f) : format{f}, magnitudes_(f.max + 2) {
    for (unsigned code = 0; code < magnitudes_.size(); ++code) magnitudes_[code] = f.magnitude(code);
  }

  /// Returns the code of the number nearest to x. If two are equally near, returns the even code.
  unsigned round(long double x, bool saturating) const {
    if (std::isnan(x)) return format.nan;
    long double const magnitude = std::fabs(x);
    unsigned low = 0, high = format.max + 1;  // magnitudes_[low] <= magnitude; high is above it, or overflow
    while (high - low > 1) {
      unsigned const middle = (low + high) / 2;
      (magnitudes_[middle] <= magnitude ? low : high) = middle;
    }
    long double const above = magnitudes_[high] - magnitude, below = magnitude - magnitudes_[low];
    unsigned code = above < below || (above == below && low % 2 != 0) ? high : low;
    if (code > format.max) {
      if (!saturating && format.infinity == 0) return format.nan;
      code = saturating ? format.max : format.infinity;
    }
    if (std::signbit(x) && (code != 0 || format.negative_zero)) code |= format.sign();
    return code;
  }

  format_description const format;

 private:
  std::vector<long double> magnitudes_;
};

template <class T>
reference const& reference_of() {
  static reference const r{describe<T>()};
  return r;
}

template <class T>
inline constexpr bool is_storage = sizeof(T) == 1;  ///< the types that saturate

inline std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// Floats that show every mistake of rounding to a format: its numbers, the middle between neighbours and the floats next to it, each
/// end of every binade of float, and random bits.
template <class T>
std::vector<float> telling_floats(unsigned random_count) {
  format_description const f = describe<T>();
  std::vector<float> result;
  for (unsigned code = 0; code <= f.max; ++code) {
    float const number = float(f.magnitude(code)), middle = float((f.magnitude(code) + f.magnitude(code + 1)) / 2);
    for (float const x : {number, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, HUGE_VALF)}) {
      result.push_back(x);
      result.push_back(-x);
    }
  }
  for (std::uint32_t high = 0; high < 512; ++high)
    for (std::uint32_t const low : {0x0u, 0x1u, 0x400000u, 0x7fffffu}) result.push_back(float_of(high << 23 | low));
  std::uint64_t state = 1;
  for (unsigned i = 0; i < random_count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    result.push_back(float_of(std::uint32_t(state >> 32)));
  }
  return result;
}

}  // namespace crosslane_test
