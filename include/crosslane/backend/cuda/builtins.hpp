// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Device versions of built-ins that constexpr functions of the standard library call at run time, such as std::copy, std::gcd and
/// std::string_view. nvcc has these built-ins for host code only. With --expt-relaxed-constexpr it lets such a function into a kernel
/// without a diagnostic; the kernel would end at the call.
#pragma once

#include <crosslane/platform/compiler.hpp>

#include <cstddef>
#include <cstdint>

#if CROSSLANE_DEVICE_PASS()

namespace crosslane::backend {

/// memmove in units of `Word`. Addresses and size are multiples of its size.
template <class Word>
__device__ inline void move_words(unsigned char* to, unsigned char const* from, std::size_t bytes) {
  auto const move = [&](std::size_t i) {
    Word word;
    memcpy(&word, __builtin_assume_aligned(from + i, sizeof(Word)), sizeof(Word));
    memcpy(__builtin_assume_aligned(to + i, sizeof(Word)), &word, sizeof(Word));
  };
  if (to < from)
    for (std::size_t i = 0; i < bytes; i += sizeof(Word)) move(i);
  else
    for (std::size_t i = bytes; i != 0; i -= sizeof(Word)) move(i - sizeof(Word));
}

}  // namespace crosslane::backend

extern "C" {

__device__ inline int __builtin_ctz(unsigned x) { return __ffs(int(x)) - 1; }
__device__ inline int __builtin_ctzl(unsigned long x) { return __ffsll(static_cast<long long>(x)) - 1; }
__device__ inline int __builtin_ctzll(unsigned long long x) { return __ffsll(static_cast<long long>(x)) - 1; }
__device__ inline int __builtin_clzl(unsigned long x) { return __clzll(static_cast<long long>(x)); }
__device__ inline int __builtin_popcountl(unsigned long x) { return __popcll(x); }
__device__ inline int __builtin_ffsl(long x) { return __ffsll(static_cast<long long>(x)); }
__device__ inline int __builtin_parity(unsigned x) { return __popc(x) & 1; }
__device__ inline int __builtin_parityl(unsigned long x) { return __popcll(x) & 1; }
__device__ inline int __builtin_parityll(unsigned long long x) { return __popcll(x) & 1; }
__device__ inline int __builtin_clrsb(int x) { return __clz(x ^ (x >> 31)) - 1; }
__device__ inline int __builtin_clrsbl(long x) { return __clzll(x ^ (x >> 63)) - 1; }
__device__ inline int __builtin_clrsbll(long long x) { return __clzll(x ^ (x >> 63)) - 1; }

// std::advance asks whether the distance is a constant. It selects between forms of the same step, so no is always right.
__device__ inline int __builtin_constant_p(...) { return 0; }

__device__ inline std::uint16_t __builtin_bswap16(std::uint16_t x) { return static_cast<std::uint16_t>(x << 8 | x >> 8); }
__device__ inline std::uint32_t __builtin_bswap32(std::uint32_t x) { return __byte_perm(x, 0, 0x0123); }
__device__ inline std::uint64_t __builtin_bswap64(std::uint64_t x) {
  return std::uint64_t{__byte_perm(unsigned(x), 0, 0x0123)} << 32 | __byte_perm(unsigned(x >> 32), 0, 0x0123);
}

#if CROSSLANE_STANDARD_COPY_IS_LATE()
__device__ void* include_crosslane_before_the_standard_library(void*, void const*, std::size_t);
__device__ inline void* __builtin_memmove(void* to, void const* from, std::size_t bytes) {
  return include_crosslane_before_the_standard_library(to, from, bytes);
}
#else
__device__ inline void* __builtin_memmove(void* to, void const* from, std::size_t bytes) {
  auto* const t = static_cast<unsigned char*>(to);
  auto const* const f = static_cast<unsigned char const*>(from);
  if ((reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from) | bytes) % sizeof(unsigned) == 0)
    crosslane::backend::move_words<unsigned>(t, f, bytes);
  else
    crosslane::backend::move_words<unsigned char>(t, f, bytes);
  return to;
}
#endif

__device__ inline int __builtin_memcmp(void const* a, void const* b, std::size_t bytes) {
  auto const* const p = static_cast<unsigned char const*>(a);
  auto const* const q = static_cast<unsigned char const*>(b);
  for (std::size_t i = 0; i < bytes; ++i)
    if (p[i] != q[i]) return p[i] < q[i] ? -1 : 1;
  return 0;
}

__device__ inline void* __builtin_memchr(void const* text, int wanted, std::size_t bytes) {
  auto const* const p = static_cast<unsigned char const*>(text);
  for (std::size_t i = 0; i < bytes; ++i)
    if (p[i] == static_cast<unsigned char>(wanted)) return const_cast<unsigned char*>(p + i);
  return nullptr;
}

__device__ inline std::size_t __builtin_strlen(char const* text) {
  std::size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}

// Those that take any type cannot be written here: std::isgreater, std::isnormal, std::fpclassify, std::lcm and the like. Declared for the
// device they are errors of ptxas, "Unresolved extern function 'isgreater'", where otherwise the kernel would go on with any value.
__device__ int __builtin_isgreater(...);
__device__ int __builtin_isgreaterequal(...);
__device__ int __builtin_isless(...);
__device__ int __builtin_islessequal(...);
__device__ int __builtin_islessgreater(...);
__device__ int __builtin_isunordered(...);
__device__ int __builtin_isnormal(...);
__device__ int __builtin_isinf_sign(...);
__device__ int __builtin_fpclassify(int, int, int, int, int, ...);
__device__ bool __builtin_add_overflow(...);
__device__ bool __builtin_sub_overflow(...);
__device__ bool __builtin_mul_overflow(...);

}  // extern "C"

#endif
