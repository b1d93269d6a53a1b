// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a kernel says about itself: its dimensions, its block size, its bounds, its shared memory, whether its blocks cooperate.
///
///   struct my_kernel {
///     static constexpr int dimensions = 2;                     // 1 unless said: indices are then plain numbers
///     static constexpr auto block = xl::block_size<16, 16>;    // fixes the block: sizes become constants
///     static constexpr int max_threads = 256;                  // or only bounds it
///     static constexpr int min_blocks = 4;                     // blocks that shall fit a multiprocessor at once
///     static constexpr bool cooperative = true;                // all blocks run at once and may wait for each other: ctx.sync_grid()
///     template <class Ctx> struct shared { float tile[...]; }; // one struct, the same for all threads of the block
///     ...
///   };
#pragma once

#include <crosslane/runtime/extent.hpp>

#include <concepts>
#include <type_traits>

namespace crosslane {

/// The type of block_size.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
struct block_size_constant {
  static_assert(X > 0 && Y > 0 && Z > 0 && X <= 1024 && Y <= 1024 && Z <= 1024 && X * Y * Z <= 1024,
                "crosslane: a block has 1 to 1024 threads");
};

/// For a kernel's `static constexpr auto block`.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
inline constexpr block_size_constant<X, Y, Z> block_size{};

/// Dimensions and, where fixed, extents of the blocks, zeros where not; the most threads that a block can have; whether the blocks can
/// wait for each other.
template <int Dimensions, unsigned X, unsigned Y, unsigned Z, unsigned MaxThreads = X == 0 ? 1024 : X * Y * Z, bool Cooperative = false>
struct kernel_shape {
  static_assert(Dimensions >= 1 && Dimensions <= 3, "crosslane: a kernel has 1, 2 or 3 dimensions");
  /// @{
  /// The template's argument.
  static constexpr int dimensions = Dimensions;
  static constexpr bool fixed = X != 0;
  static constexpr unsigned x = X, y = Y, z = Z;
  static constexpr unsigned threads = X * Y * Z;
  static constexpr unsigned max_threads = MaxThreads;
  static constexpr bool cooperative = Cooperative;
  /// @}
};

namespace detail {

template <unsigned X, unsigned Y, unsigned Z>
constexpr int dimensions_of(block_size_constant<X, Y, Z>) {
  return Z > 1 ? 3 : Y > 1 ? 2 : 1;
}

template <class K>
constexpr int kernel_dimensions() {
  if constexpr (requires { K::dimensions; })
    return K::dimensions;
  else if constexpr (requires { K::block; })
    return dimensions_of(K::block);
  else
    return 1;
}

template <class K>
constexpr bool kernel_cooperative() {
  if constexpr (requires { K::cooperative; })
    return K::cooperative;
  else
    return false;
}

template <int D, bool Cooperative, unsigned X, unsigned Y, unsigned Z>
kernel_shape<D, X, Y, Z, X * Y * Z, Cooperative> make_shape(block_size_constant<X, Y, Z>);

template <class K>
constexpr unsigned bound_of_free_block() {
  if constexpr (requires { K::max_threads; })
    return K::max_threads;
  else
    return 1024;
}

template <class K>
struct shape_of {
  using type = kernel_shape<kernel_dimensions<K>(), 0, 0, 0, bound_of_free_block<K>(), kernel_cooperative<K>()>;
};
template <class K>
requires requires { K::block; } struct shape_of<K> {
  using type = decltype(make_shape<kernel_dimensions<K>(), kernel_cooperative<K>()>(K::block));
};

struct no_shared {};

template <class K, class Ctx>
struct shared_of {
  using type = no_shared;
};
template <class K, class Ctx>
requires requires { typename K::template shared<Ctx>; } struct shared_of<K, Ctx> {
  using type = typename K::template shared<Ctx>;
};
template <class K, class Ctx>
requires requires { typename K::shared; } struct shared_of<K, Ctx> {
  using type = typename K::shared;
};

}  // namespace detail

/// The kernel_shape of a kernel, from what it states.
template <class K>
using kernel_shape_of = typename detail::shape_of<K>::type;

/// The kernel's shared struct for a context, or an empty type.
template <class K, class Ctx>
using kernel_shared = typename detail::shared_of<K, Ctx>::type;
/// Whether the kernel declares a shared struct.
template <class K, class Ctx>
inline constexpr bool has_shared = !std::is_same_v<kernel_shared<K, Ctx>, detail::no_shared>;

/// The most threads a block of the kernel may have, as it states; 0 when it states none.
template <class K>
constexpr unsigned kernel_max_threads() {
  if constexpr (kernel_shape_of<K>::fixed) {
    return kernel_shape_of<K>::threads;
  } else if constexpr (requires { K::max_threads; }) {
    static_assert(K::max_threads > 0 && K::max_threads <= 1024, "crosslane: max_threads is 1 to 1024");
    return K::max_threads;
  } else {
    return 0;
  }
}

/// Blocks that shall be resident on a multiprocessor at once, as the kernel states; 0 when it states none.
template <class K>
constexpr unsigned kernel_min_blocks() {
  if constexpr (requires { K::min_blocks; }) {
    static_assert(K::min_blocks > 0, "crosslane: min_blocks is at least 1");
    static_assert(kernel_max_threads<K>() != 0, "crosslane: min_blocks needs max_threads or a fixed block beside it");
    return K::min_blocks;
  } else {
    return 0;
  }
}

}  // namespace crosslane
