// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sizes of grids and blocks.
#pragma once

#include <crosslane/runtime/error.hpp>

#include <concepts>
#include <cstdint>

namespace crosslane {

/// Up to three dimensions, x fastest. An integer converts to {n, 1, 1}; wider integers than 32 bits do not.
struct extent3 {
  unsigned x = 1;  ///< along the first axis, whose neighbours are neighbours in rank
  unsigned y = 1;  ///< along the second
  unsigned z = 1;  ///< along the third

  /// One of everything: {1, 1, 1}.
  constexpr extent3() = default;

  /// Missing dimensions are 1. Negative numbers become large ones, which a launch refuses.
  template <std::integral X, std::integral Y = unsigned, std::integral Z = unsigned>
  CROSSLANE_FN constexpr extent3(X x_, Y y_ = 1, Z z_ = 1) : x{unsigned(x_)}, y{unsigned(y_)}, z{unsigned(z_)} {
    static_assert(sizeof(X) <= 4 && sizeof(Y) <= 4 && sizeof(Z) <= 4,
                  "crosslane: grid and block sizes are 32-bit; make one of a 64-bit count with crosslane::cover(n, block), which checks");
  }

  /// Number of elements.
  CROSSLANE_FN constexpr std::uint64_t count() const noexcept { return std::uint64_t{x} * y * z; }

  /// Equal in all dimensions.
  friend constexpr bool operator==(extent3 const&, extent3 const&) = default;
};

/// The block size that the kernel itself fixes; what a launch_config has unless told otherwise.
inline constexpr extent3 block_of_kernel{~0u, ~0u, ~0u};

/// The number of blocks of `block` elements that cover `n` elements. Throws limit_exceeded above 2^31 - 1 blocks.
template <std::integral N>
constexpr unsigned cover(N n, unsigned block, source_location where = source_location::current()) {
  if constexpr (std::signed_integral<N>)
    if (n < 0) throw_error(errc::invalid_argument, where, "cover: a count of %lld elements", static_cast<long long>(n));
  if (block == 0) throw_error(errc::invalid_argument, where, "cover: a block of 0 elements");
  auto const count = static_cast<std::uint64_t>(n);
  std::uint64_t const blocks = count / block + (count % block != 0);
  if (blocks > 0x7fffffffu)
    throw_error(errc::limit_exceeded, where, "cover: %llu elements in blocks of %u need %llu blocks, the limit is 2147483647",
                static_cast<unsigned long long>(count), block, static_cast<unsigned long long>(blocks));
  return unsigned(blocks);
}

/// The same for each dimension.
constexpr extent3 cover(extent3 n, extent3 block, source_location where = source_location::current()) {
  return {cover(n.x, block.x, where), cover(n.y, block.y, where), cover(n.z, block.z, where)};
}

}  // namespace crosslane
