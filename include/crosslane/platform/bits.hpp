// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Bit operations for the host and for kernels. nvcc cannot call the functions of `<bit>` in device code.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// The unsigned integer of the size of T. That of 8 bytes is unsigned long long, the type for which CUDA's atomic functions have overloads.
template <class T>
requires(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8) using bits_of_size = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t, std::conditional_t<sizeof(T) == 4, std::uint32_t, unsigned long long>>>;

/// Returns the number of set bits.
CROSSLANE_FN constexpr unsigned count_bits(std::uint32_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(__popc(x));
#endif
  return unsigned(__builtin_popcount(x));
}
CROSSLANE_FN constexpr unsigned count_bits(std::uint64_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(__popcll(x));
#endif
  return unsigned(__builtin_popcountll(x));
}

/// Returns the index of the lowest set bit. Precondition: x != 0.
CROSSLANE_FN constexpr unsigned lowest_bit(std::uint32_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(__ffs(int(x)) - 1);
  return unsigned(__builtin_popcount(~x & (x - 1)));  // nvcc has __builtin_ctz only for host code
#else
  return unsigned(__builtin_ctz(x));
#endif
}
CROSSLANE_FN constexpr unsigned lowest_bit(std::uint64_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(__ffsll(static_cast<long long>(x)) - 1);
  return unsigned(__builtin_popcountll(~x & (x - 1)));  // nvcc has __builtin_ctz only for host code
#else
  return unsigned(__builtin_ctzll(x));
#endif
}

/// Returns the index of the highest set bit. Precondition: x != 0.
CROSSLANE_FN constexpr unsigned highest_bit(std::uint32_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(31 - __clz(int(x)));
#endif
  return unsigned(31 - __builtin_clz(x));
}
CROSSLANE_FN constexpr unsigned highest_bit(std::uint64_t x) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return unsigned(63 - __clzll(static_cast<long long>(x)));
#endif
  return unsigned(63 - __builtin_clzll(x));
}

CROSSLANE_FN constexpr std::uint32_t high_word(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

/// Returns the upper 32 bits of the product.
CROSSLANE_FN constexpr std::uint32_t multiply_high(std::uint32_t a, std::uint32_t b) {
#if CROSSLANE_COMPILER_CUDA() && CROSSLANE_DEVICE_PASS()
  if (!__builtin_is_constant_evaluated()) return __umulhi(a, b);  // nvcc may generate full 64-bit multiplications for the generic form
#endif
  return high_word(std::uint64_t{a} * b);
}

}  // namespace crosslane::detail
