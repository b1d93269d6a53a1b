// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The reports of the undefined-behaviour sanitizer of g++ and clang about casts, shifts, indices and alignment, and the numbers in them.
#pragma once

#include <crosslane/kernel/numeric.hpp>

#include <cstdint>
#include <cstring>

namespace crosslane::backend {

struct sanitizer_type {
  std::uint16_t kind;  ///< 0: integer, 1: floating point
  std::uint16_t bits;  ///< of an integer: twice the logarithm to base 2 of its bits, plus 1 if it is signed
  char name[1];        ///< quoted, null-terminated
};
struct sanitizer_cast {
  char const* file;
  std::uint32_t line, column;
  sanitizer_type const *from, *to;
};

struct sanitizer_index {
  char const* file;
  std::uint32_t line, column;
  sanitizer_type const *array, *index;
};

struct sanitizer_access {
  char const* file;
  std::uint32_t line, column;
  sanitizer_type const* type;
  unsigned char log_alignment, how;
};

/// A place where the program says that an address is aligned: std::assume_aligned, an aligned operator new.
struct sanitizer_assumption {
  char const* file;
  std::uint32_t line, column;
  char const* said_in_file;
  std::uint32_t said_in_line, said_in_column;
  sanitizer_type const* type;
};

/// Returns the number. One that fits a word is passed by value, a larger one by address.
inline long double value_of(sanitizer_type const& type, std::uintptr_t value) {
  if (type.bits == 32) return __builtin_bit_cast(float, static_cast<std::uint32_t>(value));
  if (type.bits == 64) return __builtin_bit_cast(double, static_cast<std::uint64_t>(value));
  if (type.bits == 16) {
    auto const bits = static_cast<std::uint16_t>(value);
    return std::strstr(type.name, "bf16") != nullptr ? float(bfloat16::from_bits(bits)) : float(half::from_bits(bits));
  }
#ifdef __SIZEOF_FLOAT128__
  if (std::strstr(type.name, "loat128") != nullptr) {  // __float128, _Float128
    __extension__ __float128 quad;
    __builtin_memcpy(&quad, reinterpret_cast<void const*>(value), sizeof quad);
    return static_cast<long double>(quad);
  }
#endif
  long double result = 0;
  __builtin_memcpy(&result, reinterpret_cast<void const*>(value), type.bits / 8 < sizeof result ? type.bits / 8 : sizeof result);
  return result;
}

/// Returns the integer; of one with more than 64 bits the low word.
inline long long integer_of(sanitizer_type const& type, std::uintptr_t value) {
  unsigned const bits = 1u << (type.bits >> 1);
  if (bits > 64) value = *reinterpret_cast<std::uintptr_t const*>(value);  // the low word, which comes first
  if ((type.bits & 1) == 0 || bits >= 64) return static_cast<long long>(value);
  return static_cast<long long>(value << (64 - bits)) >> (64 - bits);
}

}  // namespace crosslane::backend
