// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The properties that a kernel states: dimensions, block size, limits, shared memory, clusters, and whether its blocks cooperate.
///
///   struct my_kernel {
///     static constexpr int dimensions = 2;                     // default 1: indices are then plain numbers
///     static constexpr auto block = xl::block_size<16, 16>;    // fixes the block size, so sizes are constants
///     static constexpr int max_threads = 256;                  // or only limits it
///     static constexpr int min_blocks = 4;                     // blocks that must fit on a multiprocessor at once
///     static constexpr std::size_t host_stack_bytes = 4 << 20; // stack of a thread on the host, if the default of 1 MiB is too small
///     static constexpr auto cluster = xl::cluster_size<2>;     // blocks that run at the same time and share memory: ctx.cluster()
///     static constexpr bool resident = true;                   // all blocks are on the device at once, and may wait for each other
///     static constexpr bool cooperative = true;                // the same, with a barrier of the grid: ctx.sync_grid()
///     static constexpr bool overlaps_previous = true;          // may begin before the kernel before it in the stream has ended
///     template <class Ctx> struct shared { float tile[...]; }; // shared memory, one object for all threads of a block
///     ...
///   };
///
/// A kernel does not compile if a member has one of these names and another form. The exception is `shared`, which may be an ordinary
/// member.
#pragma once

#include <crosslane/core/extent.hpp>

#include <concepts>
#include <type_traits>

namespace crosslane {

/// The type of block_size.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
struct block_size_constant {
  static_assert(X > 0 && Y > 0 && Z > 0 && X <= 1024 && Y <= 1024 && Z <= 1024 && X * Y * Z <= 1024,
                "crosslane: a block has 1 to 1024 threads");
};

/// A block size, for a kernel's `static constexpr auto block`.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
inline constexpr block_size_constant<X, Y, Z> block_size{};

/// The type of cluster_size.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
struct cluster_size_constant {
  static_assert(X > 0 && Y > 0 && Z > 0 && X <= 8 && Y <= 8 && Z <= 8 && X * Y * Z <= 8, "crosslane: a cluster has 1 to 8 blocks");
  static constexpr unsigned x = X;               ///< blocks along axis x
  static constexpr unsigned y = Y;               ///< blocks along axis y
  static constexpr unsigned z = Z;               ///< blocks along axis z
  static constexpr unsigned blocks = X * Y * Z;  ///< blocks of the cluster
};

/// A cluster size in blocks, for a kernel's `static constexpr auto cluster`. 8 blocks are the most that every device with clusters has.
template <unsigned X, unsigned Y = 1, unsigned Z = 1>
inline constexpr cluster_size_constant<X, Y, Z> cluster_size{};

/// The shape of a kernel: its dimensions, the extents of its blocks, the most threads of a block, whether its blocks can wait for each
/// other, and the blocks of its clusters. The extents are zeros if the kernel does not fix them.
template <int Dimensions, unsigned X, unsigned Y, unsigned Z, unsigned MaxThreads = X == 0 ? 1024 : X * Y * Z, bool Cooperative = false,
          class Cluster = cluster_size_constant<1>>
struct kernel_shape {
  static_assert(Dimensions >= 1 && Dimensions <= 3, "crosslane: a kernel has 1, 2 or 3 dimensions");
  static_assert(
      Cluster::blocks == 1 || !Cooperative,
      "crosslane: a kernel states 'cooperative' or 'cluster', not both: the blocks of a cooperative grid all wait for each other");
  /// @{
  /// The argument of the template.
  static constexpr int dimensions = Dimensions;
  static constexpr bool fixed = X != 0;
  static constexpr unsigned x = X, y = Y, z = Z;
  static constexpr unsigned threads = X * Y * Z;
  static constexpr unsigned max_threads = MaxThreads;
  static constexpr bool cooperative = Cooperative;
  using cluster = Cluster;
  /// @}
};

namespace detail {

template <unsigned X, unsigned Y, unsigned Z>
constexpr int dimensions_of(block_size_constant<X, Y, Z>) {
  return Z > 1 ? 3 : Y > 1 ? 2 : 1;
}

template <auto Block>
inline constexpr bool is_block_size = false;
template <unsigned X, unsigned Y, unsigned Z, block_size_constant<X, Y, Z> Block>
inline constexpr bool is_block_size<Block> = true;

template <auto Cluster>
inline constexpr bool is_cluster_size = false;
template <unsigned X, unsigned Y, unsigned Z, cluster_size_constant<X, Y, Z> Cluster>
inline constexpr bool is_cluster_size<Cluster> = true;

// Properties that a kernel states: constants of its class, of the right type. The test for a non-static member comes first, because g++ 12
// treats its use as an error.
template <class K>
concept states_block =
    !requires { requires std::is_member_pointer_v<decltype(&K::block)>; } && requires { requires is_block_size<K::block>; };
template <class K>
concept states_cluster =
    !requires { requires std::is_member_pointer_v<decltype(&K::cluster)>; } && requires { requires is_cluster_size<K::cluster>; };
template <class K>
concept states_dimensions = !requires { requires std::is_member_pointer_v<decltype(&K::dimensions)>; } &&
                            requires { typename std::integral_constant<int, K::dimensions>; };
template <class K>
concept states_max_threads = !requires { requires std::is_member_pointer_v<decltype(&K::max_threads)>; } &&
                             requires { typename std::integral_constant<int, K::max_threads>; };
template <class K>
concept states_min_blocks = !requires { requires std::is_member_pointer_v<decltype(&K::min_blocks)>; } &&
                            requires { typename std::integral_constant<int, K::min_blocks>; };
template <class K>
concept states_cooperative = !requires { requires std::is_member_pointer_v<decltype(&K::cooperative)>; } &&
                             requires { typename std::integral_constant<bool, K::cooperative>; };
template <class K>
concept states_resident = !requires { requires std::is_member_pointer_v<decltype(&K::resident)>; } &&
                          requires { typename std::integral_constant<bool, K::resident>; };

template <class K>
concept states_overlaps_previous = !requires { requires std::is_member_pointer_v<decltype(&K::overlaps_previous)>; } &&
                                   requires { typename std::integral_constant<bool, K::overlaps_previous>; };

/// Refuses members that have these names and another form. Otherwise a forgotten `static constexpr` would be ignored.
template <class K>
struct check_statements {
  static_assert(
      states_block<K> || !requires { K::block; },
      "crosslane: the member 'block' of a kernel must be 'static constexpr auto block = crosslane::block_size<...>;', see K of "
      "check_statements; rename a member with another meaning");
  static_assert(
      states_cluster<K> || !requires { K::cluster; },
      "crosslane: the member 'cluster' of a kernel must be 'static constexpr auto cluster = crosslane::cluster_size<...>;', see K of "
      "check_statements; rename a member with another meaning");
  static_assert(
      states_dimensions<K> || !requires { K::dimensions; },
      "crosslane: the member 'dimensions' of a kernel must be 'static constexpr int dimensions = ...;', see K of check_statements; "
      "rename a member with another meaning");
  static_assert(
      states_max_threads<K> || !requires { K::max_threads; },
      "crosslane: the member 'max_threads' of a kernel must be 'static constexpr int max_threads = ...;', see K of check_statements; "
      "rename a member with another meaning");
  static_assert(
      states_min_blocks<K> || !requires { K::min_blocks; },
      "crosslane: the member 'min_blocks' of a kernel must be 'static constexpr int min_blocks = ...;', see K of check_statements; "
      "rename a member with another meaning");
  static_assert(
      states_cooperative<K> || !requires { K::cooperative; },
      "crosslane: the member 'cooperative' of a kernel must be 'static constexpr bool cooperative = ...;', see K of check_statements; "
      "rename a member with another meaning");
  static_assert(
      states_resident<K> || !requires { K::resident; },
      "crosslane: the member 'resident' of a kernel must be 'static constexpr bool resident = ...;', see K of check_statements; "
      "rename a member with another meaning");
  static_assert(
      states_overlaps_previous<K> || !requires { K::overlaps_previous; },
      "crosslane: the member 'overlaps_previous' of a kernel must be 'static constexpr bool overlaps_previous = ...;', see K of "
      "check_statements; rename a member with another meaning");
  static constexpr bool ok = true;
};

template <class K>
constexpr int kernel_dimensions() {
  if constexpr (states_dimensions<K>)
    return K::dimensions;
  else if constexpr (states_block<K>)
    return dimensions_of(K::block);
  else
    return 1;
}

template <class K>
constexpr bool kernel_cooperative() {
  if constexpr (states_cooperative<K>)
    return K::cooperative;
  else
    return false;
}

/// Whether all blocks must be on the device at once.
template <class K>
constexpr bool kernel_resident() {
  if constexpr (states_resident<K>)
    return K::resident || kernel_cooperative<K>();
  else
    return kernel_cooperative<K>();
}

/// Whether the kernel may begin before the kernel before it has ended. A resident kernel may not: it needs the whole device.
template <class K>
constexpr bool kernel_overlaps_previous() {
  if constexpr (states_overlaps_previous<K>) {
    static_assert(!K::overlaps_previous || !kernel_resident<K>(),
                  "crosslane: a kernel that states 'cooperative' or 'resident' cannot state 'overlaps_previous': its blocks wait for each "
                  "other while blocks of the kernel before it occupy the device");
    return K::overlaps_previous;
  } else {
    return false;
  }
}

template <class K>
constexpr auto kernel_cluster() {
  if constexpr (states_cluster<K>)
    return K::cluster;
  else
    return cluster_size_constant<1>{};
}
template <class K>
using cluster_of = std::remove_const_t<decltype(kernel_cluster<K>())>;

template <int D, bool Cooperative, class Cluster, unsigned X, unsigned Y, unsigned Z>
kernel_shape<D, X, Y, Z, X * Y * Z, Cooperative, Cluster> make_shape(block_size_constant<X, Y, Z>);

template <class K>
constexpr unsigned bound_of_free_block() {
  if constexpr (states_max_threads<K>)
    return unsigned(K::max_threads);
  else
    return 1024;
}

template <class K>
struct shape_of {
  static_assert(check_statements<K>::ok);
  using type = kernel_shape<kernel_dimensions<K>(), 0, 0, 0, bound_of_free_block<K>(), kernel_cooperative<K>(), cluster_of<K>>;
};
template <class K>
requires states_block<K> struct shape_of<K> {
  static_assert(check_statements<K>::ok);
  using type = decltype(make_shape<kernel_dimensions<K>(), kernel_cooperative<K>(), cluster_of<K>>(K::block));
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

/// The kernel_shape of a kernel, from the properties that it states.
template <class K>
using kernel_shape_of = typename detail::shape_of<K>::type;

/// The shared struct of a kernel for a context, or an empty type if the kernel has none.
template <class K, class Ctx>
using kernel_shared = typename detail::shared_of<K, Ctx>::type;
/// Whether the kernel declares a shared struct.
template <class K, class Ctx>
inline constexpr bool has_shared = !std::is_same_v<kernel_shared<K, Ctx>, detail::no_shared>;

namespace detail {

/// The bytes of a shared struct in dynamic shared memory, which begins at a multiple of 16, with what a larger alignment can take.
template <class Shared>
inline constexpr std::size_t dynamic_struct_bytes = sizeof(Shared) + (alignof(Shared) > 16 ? alignof(Shared) - 16 : 0);

}  // namespace detail

/// Returns the largest number of threads in a block that the kernel states, or 0 if it states none.
template <class K>
constexpr unsigned kernel_max_threads() {
  if constexpr (kernel_shape_of<K>::fixed) {
    return kernel_shape_of<K>::threads;
  } else if constexpr (detail::states_max_threads<K>) {
    static_assert(K::max_threads > 0 && K::max_threads <= 1024, "crosslane: max_threads of a kernel must be 1 to 1024");
    return unsigned(K::max_threads);
  } else {
    return 0;
  }
}

/// Returns the size in bytes of a thread's stack on the host that the kernel states, or 0 if it states none.
template <class K>
constexpr std::size_t kernel_stack_bytes() {
  if constexpr (requires { K::host_stack_bytes; }) {
    static_assert(K::host_stack_bytes > 0 && K::host_stack_bytes <= (std::size_t{1} << 30),
                  "crosslane: host_stack_bytes of a kernel must be 1 byte to 1 GiB");
    return K::host_stack_bytes;
  } else {
    return 0;
  }
}

/// Returns the number of blocks that the kernel states must be resident on a multiprocessor at once, or 0 if it states none.
template <class K>
constexpr unsigned kernel_min_blocks() {
  if constexpr (detail::states_min_blocks<K>) {
    static_assert(K::min_blocks > 0, "crosslane: min_blocks of a kernel must be at least 1");
    static_assert(kernel_max_threads<K>() != 0, "crosslane: a kernel with min_blocks must also state max_threads or a fixed block");
    return unsigned(K::min_blocks);
  } else {
    return 0;
  }
}

}  // namespace crosslane
