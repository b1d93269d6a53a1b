// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Values of any type as the 32-bit words that cross-lane instructions move.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>

namespace crosslane::backend {

/// The 32-bit words of a value. If the size is not a multiple of 4, the last word is padded with zeros.
template <class T>
struct value_words {
  static constexpr unsigned count = (sizeof(T) + 3) / 4;
  std::uint32_t word[count];

  // Uses the built-in: HIP's own memcpy in device code is a loop over bytes that compilers do not optimise away.
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE explicit value_words(T const& value) {
    word[count - 1] = 0;
    T const copy = value;  // its alignment is known: nvcc would read the reference's bytes one by one
    __builtin_memcpy(word, &copy, sizeof(T));
  }
};

/// Applies f to each word of a value and returns the value with the resulting words.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE T map_words(T const& value, F const& f) {
  value_words<T> words{value};
#pragma unroll
  for (unsigned i = 0; i < words.count; ++i) words.word[i] = f(words.word[i]);
  T result = value;
  __builtin_memcpy(&result, words.word, sizeof(T));
  return result;
}

/// Calls f with each word of a value.
template <class T, class F>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void for_words(T const& value, F const& f) {
  value_words<T> const words{value};
#pragma unroll
  for (unsigned i = 0; i < words.count; ++i) f(words.word[i]);
}

}  // namespace crosslane::backend
