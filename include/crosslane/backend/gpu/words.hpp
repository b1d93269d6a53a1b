// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Values of any type as the 32-bit words that cross-lane instructions move.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

/// The words of a value. The last word of a type whose size is no multiple of 4 is padded with zeros.
template <class T>
struct value_words {
  static constexpr unsigned count = (sizeof(T) + 3) / 4;
  std::uint32_t word[count];

  // The built-in function: HIP's own memcpy in device code is a loop over bytes, which compilers then carry through everything.
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE explicit value_words(T const& value) {
    word[count - 1] = 0;
    __builtin_memcpy(word, &value, sizeof(T));
  }
};

/// f(word) for each word of a value, reassembled.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE T map_words(T const& value, F const& f) {
  value_words<T> words{value};
#pragma unroll
  for (unsigned i = 0; i < words.count; ++i) words.word[i] = f(words.word[i]);
  T result = value;
  __builtin_memcpy(&result, words.word, sizeof(T));
  return result;
}

/// f(word) for each word of a value.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void for_words(T const& value, F const& f) {
  value_words<T> const words{value};
#pragma unroll
  for (unsigned i = 0; i < words.count; ++i) f(words.word[i]);
}

}  // namespace crosslane::backend
