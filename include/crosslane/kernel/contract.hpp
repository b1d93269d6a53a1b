// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel part of a backend's contract: the primitives on which context, groups, atomics and copies are built.
///
/// A backend has one class of primitives. On a GPU it is empty and its functions are static. On the host an object is a lane's view of its
/// block. The class may offer more than is required: `backend/wave_hooks.hpp` and the `has_` constants below name what generic code uses if
/// it is there.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/platform/source_location.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace crosslane::backend {

/// The position of the calling thread along axis 0 (x), 1 (y) or 2 (z). The library asks only for the axes that the kernel has.
template <class N>
concept position_primitives = requires(N const& n) {
  { n.template thread_index<0>() } -> std::same_as<unsigned>;  // of the thread in its block
  { n.template block_index<0>() } -> std::same_as<unsigned>;   // of the block in the grid
  { n.template block_extent<0>() } -> std::same_as<unsigned>;  // threads of a block along the axis
  { n.template grid_extent<0>() } -> std::same_as<unsigned>;   // blocks of the grid along the axis
  n.template thread_index<2>(), n.template block_index<2>(), n.template block_extent<2>(), n.template grid_extent<2>();
};

/// The barrier of the block and the shared memory whose size the launch states. The memory is aligned to 16 bytes and belongs to the
/// block. A barrier orders all accesses of the block's threads to shared and device memory. A release by one thread after the barrier
/// covers the accesses of all threads of the block before it.
template <class N>
concept block_primitives = requires(N const& n, source_location where) {
  n.sync_block(where);
  { n.dynamic_shared() } -> std::same_as<void*>;
  { n.dynamic_shared_bytes() } -> std::same_as<std::size_t>;
};

/// The order of the kernel and of the kernels before and after it in the stream. Both functions may do nothing if kernels of a stream never
/// overlap.
template <class N>
concept overlap_primitives = requires(N const& n, source_location where) {
  n.wait_for_previous(where);  // until all earlier work of the stream has ended; its accesses to memory are then visible to the grid
  n.let_next_start();          // allows the next kernel to begin, if it may overlap this one, once all blocks have called it or ended
};

/// The barrier of a cooperative grid. Only contexts of cooperative kernels need it. The flags tell whether the caller is the first thread
/// of its block and whether its block is the first of the grid. The number is the number of blocks of the grid.
template <class N>
concept grid_primitives = requires(N const& n, bool first_thread, bool first_block, unsigned blocks, source_location where) {
  n.sync_grid(first_thread, first_block, blocks, where);
};

/// The blocks of a cluster. Only contexts of kernels whose clusters have several blocks need it. An address of the calling block's shared
/// memory becomes that of the same place in block `rank`.
template <class N>
concept cluster_primitives = requires(N const& n, void* own, std::size_t bytes, unsigned rank, source_location where) {
  { n.cluster_rank() } -> std::same_as<unsigned>;
  n.cluster_arrive(where);
  n.cluster_wait(where);
  { n.cluster_address(own, bytes, rank, where) } -> std::same_as<void*>;
};

/// Operations among the lanes of a wave of W lanes. All members call the operation at the same place, and each passes the same `members`.
/// Lanes that are not members may be at other places.
template <class N, unsigned W, class T>
concept wave_primitives = requires(N const& n, lane_mask<W> members, T const& value, unsigned lane, bool predicate, source_location where) {
  n.template sync_lanes<W>(members, where);  // waits for the members; accesses to memory before it are visible to them after it
  { n.template shuffle<W>(members, value, lane, where) } -> std::same_as<T>;            // the value of a member
  { n.template ballot<W>(members, predicate, where) } -> std::same_as<lane_mask<W>>;    // members whose predicate is true
  { n.template match_any<W>(members, value, where) } -> std::same_as<lane_mask<W>>;     // members with the caller's bytes
  { n.template match_bits<W, 8>(members, lane, where) } -> std::same_as<lane_mask<W>>;  // with the caller's lowest bits
  { std::bool_constant<N::has_reduce>{} };                                              // see wave_hooks.hpp
  { std::bool_constant<N::template has_reduce_tile<W, W, T, plus>>{} };
  { std::bool_constant<N::has_scan_tile>{} };
  { std::bool_constant<N::has_exchange>{} };
  { std::bool_constant<N::has_broadcast_wave>{} };
  { std::bool_constant<N::has_rank_in>{} };
  { std::bool_constant<N::template has_elect<true>>{} };
};

/// Atomic operations on T, an integer or floating-point number of 1 to 8 bytes in shared or device memory, among the threads of a scope.
template <class N, class T, scope S>
concept atomic_primitives = requires(N const& n, T* target, T const* source, T& expected, T value) {
  { n.template atomic_load<S, acquire>(source) } -> std::same_as<T>;
  n.template atomic_store<S, release>(target, value);
  { n.template atomic_exchange<S, acq_rel>(target, value) } -> std::same_as<T>;
  // Never fails if the bits are equal. The order of a failure is detail::failure_order.
  { n.template atomic_compare_exchange<S, seq_cst>(target, expected, value) } -> std::same_as<bool>;
  // The old value. Also minimum, maximum, bit_and, bit_or and bit_xor for integers.
  { n.template atomic_fetch<S, relaxed, plus>(target, value) } -> std::same_as<T>;
};

/// Fences, and additions that some hardware has only for some memory or for pairs of 16-bit numbers.
template <class N>
concept memory_primitives = requires(N const& n, float* target, float value) {
  n.pause();  // some tens of cycles, between two loads of a loop that waits
  n.template fence<scope::device, acq_rel>();
  // atomic_fetch of plus, for memory that basic_buffer allocates as device memory
  { n.template atomic_add_coarse_grained<scope::device>(target, value) } -> std::same_as<float>;
  { std::bool_constant<N::template has_atomic_add_pair<half_format, scope::device>>{} };
  { std::bool_constant<N::template has_atomic_add_pair_coarse_grained<half_format>>{} };
};

/// Copies from device to shared memory that run while the thread computes: `async_copies` is the state of one thread. `bulk_copies<Stages>`
/// are copies of a block by an engine; they may be missing (`available` is false). `tile_stores` are copies from shared to device memory;
/// the engine's may be missing.
template <class N>
concept copy_primitives =
    requires(typename N::async_copies& copies, typename N::tile_stores& stores, void* to, void const* from, source_location where) {
      copies.template copy<4>(to, from, where);            // both addresses are multiples of the size; also 8 and 16
      copies.template copy_some<16>(to, from, 3u, where);  // the first 3 bytes, and zeros; also 1, 2, 4 and 8
      copies.commit();                                     // makes a group of the copies since the last call
      copies.template wait<1>();                           // until at most so many groups are pending
      { std::bool_constant<N::template bulk_copies<2>::available>{} };
      stores.template copy<4>(to, from, where);  // as copies; also 1, 2, 8 and 16
      stores.commit();
      stores.template wait<0>();  // until the tiles have been read and the thread sees what was written
      { std::bool_constant<N::tile_stores::available>{} };
    };

/// Text, failures and clocks.
template <class N>
concept diagnostic_primitives = requires(N const& n, char const* text, source_location where) {
  n.print(text, 1, 1.0);                            // as printf
  n.fail(text, where);                              // ends the kernel; the stream then has an error
  { n.clock() } -> std::same_as<std::uint64_t>;     // cycles, or the finest unit that there is
  { n.timer_ns() } -> std::same_as<std::uint64_t>;  // nanoseconds, one clock for the whole device
};

/// The whole contract, for waves of W lanes.
template <class N, unsigned W>
concept kernel_primitives = std::copy_constructible<N> && position_primitives<N> && block_primitives<N> && overlap_primitives<N> &&
                            wave_primitives<N, W, unsigned> && wave_primitives<N, W, double> && wave_primitives<N, W, char> &&
                            atomic_primitives<N, unsigned, scope::wave> && atomic_primitives<N, int, scope::block> &&
                            atomic_primitives<N, unsigned long long, scope::system> && atomic_primitives<N, unsigned char, scope::block> &&
                            atomic_primitives<N, float, scope::device> && atomic_primitives<N, double, scope::device> &&
                            memory_primitives<N> && copy_primitives<N> && diagnostic_primitives<N>;

}  // namespace crosslane::backend
