// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The words that one memory access of a GPU moves: 1, 2, 4, 8 or 16 bytes.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::backend {

/// The size of the accesses that move a T, in bytes.
template <class T>
inline constexpr unsigned access_bytes = alignof(T) < 16 ? alignof(T) : 16;

template <unsigned Bytes>
using access_word = std::conditional_t<Bytes == 1, std::uint8_t, std::conditional_t<Bytes == 2, std::uint16_t, std::uint32_t>>;

/// Words that may alias objects of any type.
template <unsigned Bytes>
struct __attribute__((may_alias, aligned(Bytes))) access_words {
  access_word<Bytes> word[Bytes <= 4 ? 1 : Bytes / 4];
};

/// Loads a T: calls load(access_words const*) for each of its parts.
template <class T, class Load>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE T load_words(T const* from, Load const& load) {
  using words = access_words<access_bytes<T>>;
  words parts[sizeof(T) / sizeof(words)];
#pragma unroll
  for (unsigned i = 0; i < sizeof(T) / sizeof(words); ++i) parts[i] = load(reinterpret_cast<words const*>(from) + i);
  T result;
  __builtin_memcpy(&result, parts, sizeof(T));
  return result;
}
/// Stores a T: calls store(access_words*, access_words) for each of its parts.
template <class T, class Store>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void store_words(T* to, T const& value, Store const& store) {
  using words = access_words<access_bytes<T>>;
  words parts[sizeof(T) / sizeof(words)];
  __builtin_memcpy(parts, &value, sizeof(T));
#pragma unroll
  for (unsigned i = 0; i < sizeof(T) / sizeof(words); ++i) store(reinterpret_cast<words*>(to) + i, parts[i]);
}

}  // namespace crosslane::backend
