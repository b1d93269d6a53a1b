// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Keys as unsigned integers that sort in the same order.
#pragma once

#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// The order of a sort, by the key that comes first.
enum class sort_order : unsigned char {
  ascending,   ///< the smallest key is first
  descending,  ///< the largest key is first
};

namespace detail {
template <std::size_t Bytes>
using unsigned_of =
    std::conditional_t<Bytes == 1, std::uint8_t,
                       std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;
template <class T>
inline constexpr bool is_radix_float = std::is_floating_point_v<T> || std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;
}  // namespace detail

/// The order of keys of a type. Integers sort by value. Floating-point keys sort as negative NaNs, -inf ... -0, +0 ... +inf, positive NaNs.
/// For other types specialise it with `word`, an unsigned integer, and both functions, which are inverse to each other.
template <class Key>
struct radix_key {
  static_assert((std::is_integral_v<Key> || detail::is_radix_float<Key>) && sizeof(Key) <= 8,
                "crosslane: radix_key supports numbers of up to 64 bits; specialise it for other types of keys");
  using word = detail::unsigned_of<sizeof(Key)>;                        ///< an unsigned integer of the size of the key
  static constexpr word top = word(word{1} << (sizeof(word) * 8 - 1));  ///< the highest bit

  /// Returns the word of a key. Words compare as their keys sort.
  CROSSLANE_FN static word to_word(Key key) {
    word const bits = __builtin_bit_cast(word, key);
    if constexpr (detail::is_radix_float<Key>)
      return word(bits ^ (all_if((bits & top) != 0) | top));
    else
      return std::is_signed_v<Key> ? word(bits ^ top) : bits;
  }
  /// Returns the key of a word: the inverse of to_word().
  CROSSLANE_FN static Key from_word(word bits) {
    if constexpr (detail::is_radix_float<Key>)
      bits = word(bits ^ (all_if((bits & top) == 0) | top));
    else if constexpr (std::is_signed_v<Key>)
      bits = word(bits ^ top);
    return __builtin_bit_cast(Key, bits);
  }

 private:
  /// Floating-point keys are computed by exclusive or only: clang takes `bits | top` for a sign operation, and for gfx90a and gfx942 it
  /// makes additions of two numbers of that, which change signalling NaNs.
  CROSSLANE_FN static constexpr word all_if(bool condition) { return word(word{0} - word(condition)); }
};

}  // namespace crosslane
