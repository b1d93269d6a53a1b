// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Keys as unsigned numbers that sort alike.
#pragma once

#include <crosslane/platform/annotations.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Which key comes first.
enum class sort_order : unsigned char {
  ascending,   ///< the smallest
  descending,  ///< the largest
};

namespace detail {
template <std::size_t Bytes>
using unsigned_of =
    std::conditional_t<Bytes == 1, std::uint8_t,
                       std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;
}  // namespace detail

/// How keys of a type sort: integers by value; floating point from the negative NaNs over -inf ... -0, +0 ... +inf to the positive NaNs.
/// For other types specialise it with `word`, an unsigned integer, and the two functions, which are inverse to each other.
template <class Key>
struct radix_key {
  static_assert(std::is_arithmetic_v<Key> && sizeof(Key) <= 8,
                "crosslane: specialise radix_key for keys that are no numbers of up to 64 bits");
  using word = detail::unsigned_of<sizeof(Key)>;                        ///< unsigned, of the key's size
  static constexpr word top = word(word{1} << (sizeof(word) * 8 - 1));  ///< the highest bit

  /// Words compare as their keys sort.
  CROSSLANE_FN static word to_word(Key key) {
    word bits;
    __builtin_memcpy(&bits, &key, sizeof bits);
    if constexpr (std::is_floating_point_v<Key>)
      return word((bits & top) != 0 ? ~bits : bits | top);
    else
      return std::is_signed_v<Key> ? word(bits ^ top) : bits;
  }
  /// The key of a word: the inverse of to_word().
  CROSSLANE_FN static Key from_word(word bits) {
    if constexpr (std::is_floating_point_v<Key>)
      bits = word((bits & top) != 0 ? bits & ~top : ~bits);
    else if constexpr (std::is_signed_v<Key>)
      bits = word(bits ^ top);
    Key key;
    __builtin_memcpy(&key, &bits, sizeof key);
    return key;
  }
};

}  // namespace crosslane
