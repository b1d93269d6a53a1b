// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Values of any type as the 32-bit words that cross-lane instructions move.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <cstring>

namespace crosslane::backend {

/// f(word) for each word of a value, reassembled. The last word of a type whose size is no multiple of 4 is padded with zeros.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE T map_words(T const& value, F const& f) {
  constexpr unsigned count = (sizeof(T) + 3) / 4;
  std::uint32_t words[count];
  words[count - 1] = 0;
  memcpy(words, &value, sizeof(T));
#pragma unroll
  for (unsigned i = 0; i < count; ++i) words[i] = f(words[i]);
  T result = value;
  memcpy(&result, words, sizeof(T));
  return result;
}

/// f(word) for each word of a value.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void for_words(T const& value, F const& f) {
  constexpr unsigned count = (sizeof(T) + 3) / 4;
  std::uint32_t words[count];
  words[count - 1] = 0;
  memcpy(words, &value, sizeof(T));
#pragma unroll
  for (unsigned i = 0; i < count; ++i) f(words[i]);
}

}  // namespace crosslane::backend
