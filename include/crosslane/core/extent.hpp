// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The sizes of grids and blocks.
#pragma once

#include <crosslane/core/error.hpp>

#include <concepts>
#include <cstdint>

namespace crosslane {

/// Sizes in up to three dimensions; x varies fastest. An integer converts to {n, 1, 1}; integers wider than 32 bits do not convert.
struct extent3 {
  unsigned x = 1;  ///< along the first axis; neighbours along x have neighbouring ranks
  unsigned y = 1;  ///< along the second axis
  unsigned z = 1;  ///< along the third axis

  /// Creates {1, 1, 1}.
  constexpr extent3() = default;

  /// Creates sizes. Missing dimensions are 1. Negative numbers become large numbers, which a launch refuses.
  template <std::integral X, std::integral Y = unsigned, std::integral Z = unsigned>
  CROSSLANE_FN constexpr extent3(X x_, Y y_ = 1, Z z_ = 1) : x{unsigned(x_)}, y{unsigned(y_)}, z{unsigned(z_)} {
    static_assert(sizeof(X) <= 4 && sizeof(Y) <= 4 && sizeof(Z) <= 4,
                  "crosslane: grid and block sizes are 32-bit; make one of a 64-bit count with crosslane::cover(n, block), which checks");
  }

  /// Returns the number of elements: x * y * z.
  CROSSLANE_FN constexpr std::uint64_t size() const noexcept { return std::uint64_t{x} * y * z; }

  /// Whether all three sizes are equal.
  friend constexpr bool operator==(extent3 const&, extent3 const&) = default;
};

/// Stands for the block size that the kernel fixes. The default of launch_config::block.
inline constexpr extent3 block_of_kernel{~0u, ~0u, ~0u};

/// Returns the number of blocks of `block` elements that cover `n` elements: n / block, rounded up. Throws limit_exceeded above 2^31 - 1
/// blocks, and invalid_argument for a negative `n` or an empty block.
template <std::integral N>
constexpr unsigned cover(N n, unsigned block, source_location where = source_location::current()) {
  if constexpr (std::signed_integral<N>)
    if (n < 0)
      throw_error(errc::invalid_argument, where, "cover: the number of elements is %lld but must not be negative",
                  static_cast<long long>(n));
  if (block == 0) throw_error(errc::invalid_argument, where, "cover: the block has 0 elements but must have at least 1");
  auto const count = static_cast<std::uint64_t>(n);
  std::uint64_t const blocks = count / block + (count % block != 0);
  if (blocks > 0x7fffffffu)
    throw_error(errc::limit_exceeded, where, "cover: %llu elements in blocks of %u need %llu blocks, the limit is 2147483647",
                static_cast<unsigned long long>(count), block, static_cast<unsigned long long>(blocks));
  return unsigned(blocks);
}

/// Returns the number of blocks for each dimension.
constexpr extent3 cover(extent3 n, extent3 block, source_location where = source_location::current()) {
  return {cover(n.x, block.x, where), cover(n.y, block.y, where), cover(n.z, block.z, where)};
}

}  // namespace crosslane
