// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Asynchronous copies from device to shared memory. They proceed while the threads compute.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <cstdint>

namespace crosslane {

/// A tensor that kernels copy in tiles: a tiled_view (tensor/tiled_view.hpp).
template <class V>
concept tiled_tensor = requires {
  typename V::tile_type;
  typename V::multi_index;
  requires V::tile_bytes > 0;
};

/// The asynchronous copies of one thread. Each thread that copies has its own object. A copy may read and write at any time between its
/// call and the wait() for its group. Until then no thread may access its target or write its source. After wait() the calling thread sees
/// its own copies. It sees copies of other threads after the next barrier of the block. All copies must be waited for before the kernel
/// ends.
///
/// NVIDIA GPUs since sm_80 use cp.async. AMD GPUs load and store at the call. On the host the data arrives at wait(); until then all bytes
/// of the target are 0xff.
///
///   xl::async_copies copies{ctx};
///   copies.copy_block(s.tile, in.subspan(first, 1024));
///   copies.commit();
///   ...                 // work that does not need the tile
///   copies.wait();
///   ctx.sync_block();
template <class Ctx>
class async_copies {
 public:
  /// Constructs the copies of the calling thread. No copy is in flight.
  CROSSLANE_FN explicit async_copies(Ctx const& ctx) : ctx_{ctx} {}
  async_copies(async_copies const&) = delete;
  async_copies& operator=(async_copies const&) = delete;

  /// Starts a copy of one object by the calling thread. T has 4, 8 or 16 bytes. Both addresses must be multiples of its size: other
  /// addresses are errors on the host and faults on GPUs.
  template <class T>
  CROSSLANE_FN void copy(T& to, std::type_identity_t<T> const& from, source_location where = source_location::current()) {
    static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of an asynchronous copy must be trivially copyable");
    static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16, "crosslane: a thread copies 4, 8 or 16 bytes asynchronously");
    native_.template copy<sizeof(T)>(&to, &from, where);
  }

  /// Starts the calling thread's share of a copy of `from` to the front of `to`. All threads of the block must call it, each on its own
  /// object. It copies in pieces of 16, 8 or 4 bytes, the largest that both addresses and the size allow. Declare a tile alignas(16) for
  /// the largest pieces. On the host it throws out_of_bounds if `to` is smaller than `from`, and misaligned if an address or the size is
  /// not a multiple of 4 bytes.
  template <class T>
  CROSSLANE_FN CROSSLANE_INLINE void copy_block(std::type_identity_t<span<std::remove_const_t<T>>> to, span<T> from,
                                                source_location where = source_location::current()) {
    check_block(to, from, where);
    detail::expect_same(ctx_, "target", to.data(), where);
    detail::expect_same(ctx_, "source", from.data(), where);
    detail::expect_same(ctx_, "size", from.size(), where);
    auto const bits = reinterpret_cast<std::uintptr_t>(to.data()) | reinterpret_cast<std::uintptr_t>(from.data()) | from.size() * sizeof(T);
    if (alignof(T) % 16 == 0 || bits % 16 == 0)
      copy_pieces<16>(to.data(), from.data(), from.size() * sizeof(T), where);
    else if (alignof(T) % 8 == 0 || bits % 8 == 0)
      copy_pieces<8>(to.data(), from.data(), from.size() * sizeof(T), where);
    else
      copy_pieces<4>(to.data(), from.data(), from.size() * sizeof(T), where);
  }

  /// Starts the calling thread's share of a copy of the tile at index `at` of a tensor. All threads of the block must call it, each on its
  /// own object, with the same arguments. The tile's layout says where its elements lie. Indices may be negative or beyond the tensor:
  /// elements outside it become zero. Pieces have 16 bytes if the index along the contiguous axis allows it.
  ///
  ///   copies.copy_tile(s.tile, in, {32 * int(ctx.block_index()), 0});
  template <tiled_tensor V>
  CROSSLANE_FN CROSSLANE_INLINE void copy_tile(typename V::tile_type& to, V const& from, typename V::multi_index at,
                                               source_location where = source_location::current()) {
    expect_same_tile(&to, at, where);
    start_tile(to, from, at, where);
  }

  /// Makes a group of the calling thread's copies since the last commit(). The group may be empty.
  CROSSLANE_FN void commit() { native_.commit(); }

  /// Waits for the calling thread's groups, except the `Pending` youngest. It does not wait for other threads.
  template <unsigned Pending = 0>
  CROSSLANE_FN void wait() {
    native_.template wait<Pending>();
  }

 private:
  template <unsigned, class, unsigned, bool>
  friend class pipeline;

  template <class Tile, class Index>
  CROSSLANE_FN CROSSLANE_INLINE void expect_same_tile([[maybe_unused]] Tile* tile, [[maybe_unused]] Index const& at,
                                                      [[maybe_unused]] source_location where) {
    if constexpr (Ctx::native_type::checks_arguments) {
      detail::expect_same(ctx_, "tile", static_cast<void const*>(tile), where);
      for (auto const i : at.value) detail::expect_same(ctx_, "index", i, where);
    }
  }
  /// Starts the calling thread's share of a copy to a tile, which may lie in another block of the cluster.
  template <class V>
  CROSSLANE_FN CROSSLANE_INLINE void start_tile(typename V::tile_type& to, V const& from, typename V::multi_index const& at,
                                                source_location where) {
    from.for_pieces(ctx_, &to, at, [&](auto bytes, void* target, void const* source, unsigned valid) {
      native_.template copy_some<decltype(bytes)::value>(target, source, valid, where);
    });
  }

  template <class T>
  CROSSLANE_FN static void check_block([[maybe_unused]] span<std::remove_const_t<T>> to, [[maybe_unused]] span<T> from,
                                       [[maybe_unused]] source_location where) {
    static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of an asynchronous copy must be trivially copyable");
#if !CROSSLANE_DEVICE_PASS()
    if (from.size() > to.size())
      throw_error(errc::out_of_bounds, where, "asynchronous copy of %zu elements to a span of %zu elements, at %s:%u", from.size(),
                  to.size(), where.file, where.line);
    std::size_t const bytes = from.size() * sizeof(T);
    if (reinterpret_cast<std::uintptr_t>(to.data()) % 4 != 0 || reinterpret_cast<std::uintptr_t>(from.data()) % 4 != 0 || bytes % 4 != 0)
      throw_error(errc::misaligned, where,
                  "asynchronous copy of %zu bytes from %p to %p: the size and both addresses must be multiples of 4, at %s:%u", bytes,
                  static_cast<void const*>(from.data()), static_cast<void const*>(to.data()), where.file, where.line);
#endif
  }

  /// Copies the pieces of the calling thread. It and all that it calls are inlined, so findings have the kernel's line.
  template <unsigned Bytes>
  CROSSLANE_FN CROSSLANE_INLINE void copy_pieces(void* to, void const* from, std::size_t bytes, source_location where) {
    int const pieces = int(bytes / Bytes);
    auto const copy_piece = [&](int i) {
      native_.template copy<Bytes>(static_cast<char*>(to) + std::size_t(i) * Bytes, static_cast<char const*>(from) + std::size_t(i) * Bytes,
                                   where);
    };
    if constexpr (Ctx::shape::fixed) {
      // The length of this loop is the same in all threads. The compiler unrolls it if the size is known, and loads do not wait for each
      // other.
      int i = int(ctx_.thread_rank());
      for (int round = 0; round < pieces / int(ctx_.block_size()); ++round, i += int(ctx_.block_size())) copy_piece(i);
      if (i < pieces) copy_piece(i);
    } else {
      for (int const i : ctx_.block_stride(pieces)) copy_piece(i);
    }
  }

  [[no_unique_address]] Ctx ctx_;
  [[no_unique_address]] typename Ctx::native_type::async_copies native_;
};

}  // namespace crosslane
