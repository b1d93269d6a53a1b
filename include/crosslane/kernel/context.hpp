// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The context through which a kernel uses the device. It is written once, over the primitives of a backend.
#pragma once

#include <crosslane/core/span.hpp>
#include <crosslane/kernel/cluster.hpp>
#include <crosslane/kernel/index.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/kernel/shape.hpp>
#include <crosslane/platform/source_location.hpp>

#include <concepts>

namespace crosslane {

/// The context of a kernel: positions, sizes, loops, shared memory and barriers. Positions are those of the calling thread. Any thread may
/// call any function; only sync_block() and sync_grid() must be called by all threads.
///
/// `Native` holds the primitives of the backend: nothing on a GPU, the state of the lane on the host. `Width` is the number of lanes of a
/// wave. `Shape` is what the kernel fixes at compile time.
template <class Native, unsigned Width, class Shape>
class context {
  static_assert(lane_mask<Width>::width == Width);  // lane_mask refuses other widths

 public:
  using native_type = Native;                           ///< the backend's primitives
  using shape = Shape;                                  ///< the kernel_shape of the kernel
  static constexpr unsigned wave_size = Width;          ///< lanes of a wave
  static constexpr int dimensions = Shape::dimensions;  ///< dimensions of the kernel: 1, 2 or 3

  /// Constructs the context. The backend calls it at the start of a kernel.
  CROSSLANE_FN constexpr explicit context(Native native) : native_{native} {}

  // --- positions and extents: unsigned in kernels of one dimension, index2 in two, index3 in three ---

  CROSSLANE_FN auto thread_index() const { return pick(thread<0>(), thread<1>(), thread<2>()); }  ///< position of the thread in its block
  CROSSLANE_FN auto block_index() const { return pick(block<0>(), block<1>(), block<2>()); }      ///< position of the block in the grid
  CROSSLANE_FN auto block_extent() const { return pick(extent<0>(), extent<1>(), extent<2>()); }  ///< threads of a block along each axis
  CROSSLANE_FN auto grid_extent() const { return pick(grid<0>(), grid<1>(), grid<2>()); }         ///< blocks of the grid along each axis

  /// Returns the position of the thread in the grid: a std::uint64_t in kernels of one dimension, global_index2 in two, global_index3 in
  /// three. It has 64 bits because it can exceed 2^32.
  ///
  ///   auto const [x, y] = ctx.global_index();  // in a kernel of two dimensions
  CROSSLANE_FN auto global_index() const {
    if constexpr (dimensions == 1)
      return global<0>();
    else if constexpr (dimensions == 2)
      return global_index2{global<0>(), global<1>()};
    else
      return global_index3{global<0>(), global<1>(), global<2>()};
  }

  // --- ranks: positions as one number, x fastest ---

  /// Returns the rank of the thread in its block, 0 to block_size() - 1.
  CROSSLANE_FN unsigned thread_rank() const {
    unsigned rank = thread<0>();
    if constexpr (dimensions > 1) rank += extent<0>() * thread<1>();
    if constexpr (dimensions > 2) rank += extent<0>() * extent<1>() * thread<2>();
    return rank;
  }
  /// Returns the number of threads of a block. It is a constant if the kernel fixes its block size.
  CROSSLANE_FN constexpr unsigned block_size() const {
    if constexpr (Shape::fixed) {
      return Shape::threads;
    } else {
      unsigned size = extent<0>();
      if constexpr (dimensions > 1) size *= extent<1>();
      if constexpr (dimensions > 2) size *= extent<2>();
      return size;
    }
  }
  /// Returns the rank of the block in the grid, 0 to block_count() - 1.
  CROSSLANE_FN std::uint64_t block_rank() const {
    std::uint64_t rank = block<0>();
    if constexpr (dimensions > 1) rank += std::uint64_t{grid<0>()} * block<1>();
    if constexpr (dimensions > 2) rank += std::uint64_t{grid<0>()} * grid<1>() * block<2>();
    return rank;
  }
  /// Returns the number of blocks of the grid.
  CROSSLANE_FN std::uint64_t block_count() const {
    std::uint64_t count = grid<0>();
    if constexpr (dimensions > 1) count *= grid<1>();
    if constexpr (dimensions > 2) count *= grid<2>();
    return count;
  }
  /// Returns the rank of the thread in the grid, 0 to global_size() - 1. Threads of a block have consecutive ranks.
  CROSSLANE_FN std::uint64_t global_rank() const { return block_rank() * block_size() + thread_rank(); }
  /// Returns the number of threads of the grid.
  CROSSLANE_FN std::uint64_t global_size() const { return block_count() * block_size(); }

  // --- waves ---

  /// Returns the rank of the lane in its wave, 0 to wave_size - 1.
  CROSSLANE_FN unsigned lane_rank() const { return thread_rank() % wave_size; }
  /// Returns the rank of the wave in its block, 0 to wave_count() - 1.
  CROSSLANE_FN unsigned wave_rank() const { return thread_rank() / wave_size; }
  /// Returns the number of waves of the block. The last wave may be partial.
  CROSSLANE_FN constexpr unsigned wave_count() const { return (block_size() + wave_size - 1) / wave_size; }

  // --- loops ---

  /// Returns the calling thread's share of the indices 0 ... n-1 when all threads of the block divide them:
  /// `for (auto i : ctx.block_stride(n))`. The thread takes every block_size()-th index from its rank on. A negative n counts as 0.
  template <std::integral N>
  CROSSLANE_FN auto block_stride(N n) const {
    using counter = detail::block_counter<N>;
    return stride_range<N, counter>{thread_rank(), block_size(), detail::count_of<counter>(n)};
  }
  /// Returns the calling thread's share of the indices 0 ... n-1 when all threads of the grid divide them. The thread takes every
  /// global_size()-th index from its rank on. A negative n counts as 0.
  template <std::integral N>
  CROSSLANE_FN auto grid_stride(N n) const {
    return stride_range<N, std::uint64_t>{global_rank(), global_size(), detail::count_of<std::uint64_t>(n)};
  }

  // --- the whole block ---

  /// Waits until all threads of the block have called it. Every thread of the block must call it, at the same place. Accesses to shared and
  /// global memory before the barrier are visible to the block after it. A release by one thread after the barrier covers these accesses of
  /// all threads of the block: the other threads need no fence.
  CROSSLANE_FN void sync_block(source_location where = source_location::current()) const { native_.sync_block(where); }

  // --- the cluster ---

  /// Returns the blocks of the cluster as a group. Kernels state their cluster: `static constexpr auto cluster = xl::cluster_size<2>;`. In
  /// other kernels it is the block alone. Do not keep it longer than the context.
  CROSSLANE_FN cluster_group<context> cluster() const { return cluster_group<context>{*this}; }

  // --- the whole grid ---

  /// Waits until all threads of the grid have called it. The kernel must state `static constexpr bool cooperative = true;`. Every thread of
  /// the grid must call it, at the same place. Accesses to global memory before the barrier are visible to the grid after it. It is also a
  /// barrier of each block.
  ///
  ///   struct smooth_twice {  // b = smooth(a), then a = smooth(b), in one launch
  ///     static constexpr bool cooperative = true;
  ///     template <xl::kernel_context Ctx>
  ///     CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> a, xl::span<float> b) const {
  ///       for (auto i : ctx.grid_stride(a.size())) b[i] = smooth(a, i);
  ///       ctx.sync_grid();
  ///       for (auto i : ctx.grid_stride(a.size())) a[i] = smooth(b, i);
  ///     }
  ///   };
  ///   unsigned const grid = xl::max_cooperative_blocks(q.device(), {.block = 256}, smooth_twice{}, a, b);
  ///   xl::launch(q, {.grid = grid, .block = 256}, smooth_twice{}, a, b);
  CROSSLANE_FN void sync_grid(source_location where = source_location::current()) const {
    static_assert(Shape::cooperative, "crosslane: sync_grid() needs a kernel that states 'static constexpr bool cooperative = true;'");
    if constexpr (Shape::cooperative) native_.sync_grid(thread_rank() == 0, block_rank() == 0, unsigned(block_count()), where);
  }

  // --- the kernels before and after in the stream ---

  /// Waits until all earlier work of the stream has ended, and makes its accesses to memory visible to the grid. It is for kernels that
  /// state `static constexpr bool overlaps_previous = true;`: such a kernel may begin while the kernel before it still runs. Before the
  /// call a thread must not read device memory that earlier work of the stream writes, nor write memory that it accesses, nor access
  /// memory that was allocated in stream order since. Any thread may call it, also several times; threads that a barrier orders behind a
  /// caller need no call of their own. The end of the kernel waits in any case. In kernels that do not overlap it returns at once.
  ///
  ///   struct second_half {
  ///     static constexpr bool overlaps_previous = true;
  ///     template <xl::kernel_context Ctx>
  ///     CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> table, xl::span<float> x) const {
  ///       float const factor = table[ctx.thread_rank()];          // no earlier kernel writes it
  ///       ctx.wait_for_previous();
  ///       for (auto i : ctx.grid_stride(x.size())) x[i] *= factor;  // what the kernel before has written
  ///     }
  ///   };
  CROSSLANE_FN void wait_for_previous(source_location where = source_location::current()) const { native_.wait_for_previous(where); }

  /// Allows the next kernel of the stream to begin once every block has called this or ended, if that kernel states overlaps_previous. One
  /// thread of the block is enough, several may call it. It orders nothing: the next kernel sees what this one writes, before or after the
  /// call, when it has called wait_for_previous(). Call it when the rest of the kernel leaves room on the multiprocessor for blocks of the
  /// next one. It does nothing on devices whose kernels do not overlap.
  CROSSLANE_FN void let_next_start() const { native_.let_next_start(); }

  /// Returns the primitives of the backend. They are for functions of the library.
  CROSSLANE_FN Native const& native() const { return native_; }

 private:
  template <class Integer>
  CROSSLANE_FN static auto pick(Integer x, Integer y, Integer z) {
    if constexpr (dimensions == 1)
      return x;
    else if constexpr (dimensions == 2)
      return index2{x, y};
    else
      return index3{x, y, z};
  }

  template <int A>
  CROSSLANE_FN unsigned thread() const {
    return native_.template thread_index<A>();
  }
  template <int A>
  CROSSLANE_FN unsigned block() const {
    return native_.template block_index<A>();
  }
  template <int A>
  CROSSLANE_FN constexpr unsigned extent() const {
    if constexpr (Shape::fixed)
      return A == 0 ? Shape::x : A == 1 ? Shape::y : Shape::z;
    else
      return native_.template block_extent<A>();
  }
  template <int A>
  CROSSLANE_FN unsigned grid() const {
    return native_.template grid_extent<A>();
  }
  template <int A>
  CROSSLANE_FN std::uint64_t global() const {
    return std::uint64_t{block<A>()} * extent<A>() + thread<A>();
  }

  [[no_unique_address]] Native native_;
};

/// The concept of a context. Kernels constrain their context parameter with it.
template <class C>
concept kernel_context = requires(C const& c) {
  { C::wave_size } -> std::convertible_to<unsigned>;
  { C::dimensions } -> std::convertible_to<int>;
  { c.thread_rank() } -> std::same_as<unsigned>;
  { c.block_size() } -> std::same_as<unsigned>;
  { c.block_rank() } -> std::same_as<std::uint64_t>;
  { c.block_count() } -> std::same_as<std::uint64_t>;
  { c.global_rank() } -> std::same_as<std::uint64_t>;
  { c.lane_rank() } -> std::same_as<unsigned>;
  { c.wave_rank() } -> std::same_as<unsigned>;
  c.sync_block();
  typename C::native_type;
};

namespace detail {

/// Tells the checker that the calling thread calls an operation of the block with an argument, a number or an address, that must be the
/// same in all threads. It does nothing on a GPU.
template <class Ctx, class Value>
CROSSLANE_FN void expect_same([[maybe_unused]] Ctx const& ctx, [[maybe_unused]] char const* name, [[maybe_unused]] Value const& value,
                              [[maybe_unused]] source_location where) {
  if constexpr (Ctx::native_type::checks_arguments) ctx.native().expect_in_block(name, value, where);
}

}  // namespace detail

/// Returns the dynamic shared memory of the launch as a span of T. It has as many elements as fit. The memory is aligned to 16 bytes, and T
/// must not need more. Any thread may call it.
///
///   auto const row = xl::dynamic_shared<float>(ctx);
template <class T, kernel_context Ctx>
CROSSLANE_FN span<T> dynamic_shared(Ctx const& ctx) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16,
                "crosslane: the elements of dynamic shared memory must be trivially copyable and aligned to at most 16 bytes");
  return {static_cast<T*>(ctx.native().dynamic_shared()), ctx.native().dynamic_shared_bytes() / sizeof(T)};
}

}  // namespace crosslane
