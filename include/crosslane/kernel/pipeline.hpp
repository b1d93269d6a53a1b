// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A pipeline of tiles in shared memory: copies fill the next tiles while the block works on one.
#pragma once

#include <crosslane/kernel/async_copy.hpp>
#include <crosslane/kernel/diagnostics.hpp>

namespace crosslane {

/// The state of a pipeline in shared memory. A kernel makes only one pipeline on it. `AcrossCluster` makes a pipeline whose stages other
/// blocks of the cluster fill too: see pipeline::multicast_tile().
template <unsigned Stages, class Ctx, bool AcrossCluster = false>
struct alignas(16) pipeline_state {
  static_assert(Stages >= 2 && Stages <= 16, "crosslane: a pipeline has 2 to 16 stages");
  typename Ctx::native_type::template bulk_copies<Stages> bulk;  ///< if a copy engine copies: its barriers, one for each stage
};

/// A ring of stages, each of which is a part of the kernel's shared memory. acquire() returns the next free stage, copies fill it, and
/// commit() submits it. wait() returns the filled stages in the same order. A stage that wait() has returned becomes free at the next
/// wait(). So while the block works on one stage, the other Stages - 1 are in flight or free. A pipeline<Stages, Ctx, Held> keeps the last
/// `Held` stages that wait() has returned, by default one.
///
/// All threads of the block must make one and call acquire(), copy_block(), commit() and wait(), in the same order. wait() is a barrier of
/// the block, and the only one that a loop over tiles needs. The source of a copy must be written before the kernel begins, and not again
/// until the copy has been waited for. All committed stages must be waited for. On the host calls in a wrong order are errors of the kind
/// kernel_fault.
///
///   template <class Ctx>
///   struct shared {
///     xl::pipeline_state<3, Ctx> state;
///     alignas(16) float tile[3][1024];
///   };
///   ...
///   xl::pipeline pipe{ctx, s.state};
///   auto const fetch = [&](unsigned t) {
///     unsigned const stage = pipe.acquire();
///     if (t < tiles) pipe.copy_block(s.tile[stage], in.subspan(t * 1024, 1024));
///     pipe.commit();
///   };
///   fetch(0);
///   fetch(1);
///   for (unsigned t = 0; t < tiles; ++t) {
///     float const(&tile)[1024] = s.tile[pipe.wait()];
///     fetch(t + 2);
///     for (auto i : ctx.block_stride(1024)) sum += tile[i];  // this thread's share of the tile
///   }
///
/// If the state has `AcrossCluster`, all blocks of the cluster make a pipeline and call acquire(), commit() and wait() equally often. Then
/// wait() and the construction are barriers of the cluster, and a stage becomes free for all blocks at once.
template <unsigned Stages, class Ctx, unsigned Held = 1, bool AcrossCluster = false>
class pipeline {
  static_assert(Held >= 1 && Held < Stages, "crosslane: a pipeline holds at least one stage, and fewer than it has");

 public:
  /// Makes a pipeline whose stages are all free. All threads of the block must call it. It costs one barrier of the block if a copy engine
  /// copies, otherwise none.
  CROSSLANE_FN pipeline(Ctx const& ctx, pipeline_state<Stages, Ctx, AcrossCluster>& state,
                        source_location where = source_location::current())
      : state_{&state}, copies_{ctx} {
    if constexpr (bulk::available) {
      if (is_first()) state.bulk.begin();
      if constexpr (AcrossCluster) bulk::fence_begin_in_cluster();
      fence();
      sync(where);
    }
  }

  /// Returns the next free stage. The copies of the thread and of the block until commit() fill it.
  CROSSLANE_FN unsigned acquire(source_location where = source_location::current()) {
    expect(!acquired_, "acquire() before the last stage is committed", where);
    expect(in_flight_ + in_use_ < Stages, "acquire() without a free stage", where);
    acquired_ = true;
    return head_;
  }

  /// Starts a copy of `from` to the front of `to`, which lies in the acquired stage. All threads of the block must call it. On NVIDIA GPUs
  /// since sm_90 one thread starts a copy by the copy engine, on two conditions. Both addresses and the size are multiples of 16 bytes, and
  /// the size is at least 16 bytes for each thread of the block. In all other cases the threads copy as in async_copies::copy_block().
  template <class T>
  CROSSLANE_FN CROSSLANE_INLINE void copy_block(std::type_identity_t<span<std::remove_const_t<T>>> to, span<T> from,
                                                source_location where = source_location::current()) {
    expect(acquired_, "copy without an acquired stage", where);
    if constexpr (bulk::available) {
      std::size_t const bytes = from.size() * sizeof(T);
      auto const bits = reinterpret_cast<std::uintptr_t>(to.data()) | reinterpret_cast<std::uintptr_t>(from.data()) | bytes;
      if ((alignof(T) % 16 == 0 || bits % 16 == 0) && bytes >= std::size_t{16} * copies_.ctx_.block_size()) {
        if (is_first()) state_->bulk.copy(head_, to.data(), from.data(), unsigned(bytes));
        return;
      }
    }
    copies_.copy_block(to, from, where);
  }

  /// Starts a copy of one object by the calling thread, as async_copies::copy() does. It is for tiles that are not contiguous in memory.
  template <class T>
  CROSSLANE_FN void copy(T& to, std::type_identity_t<T> const& from, source_location where = source_location::current()) {
    expect(acquired_, "copy without an acquired stage", where);
    copies_.copy(to, from, where);
  }

  /// Starts a copy of the tile at index `at` of a tensor to a tile in the acquired stage, as async_copies::copy_tile() does. All threads of
  /// the block must call it. On NVIDIA GPUs since sm_90 the copy engine copies if the layout of the tile is packed, or swizzled in units of
  /// 16 bytes with rows of 128 bytes; its rows are multiples of 16 bytes; its extents are at most 256; elements have 1, 2, 4 or 8 bytes;
  /// and the index along the contiguous axis is a multiple of 16 bytes. Then one thread starts the copy. In all other cases the threads
  /// copy.
  template <tiled_tensor V>
  CROSSLANE_FN CROSSLANE_INLINE void copy_tile(typename V::tile_type& to, V const& from, typename V::multi_index at,
                                               source_location where = source_location::current()) {
    expect(acquired_, "copy without an acquired stage", where);
    copies_.expect_same_tile(&to, at, where);
    if constexpr (bulk::available && V::by_engine) {
      if (from.engine_loads(at)) {
        if (is_first())
          from.for_engine(at, [&](void const* map, auto const& place) { state_->bulk.copy_tile(head_, &to, map, place, V::tile_bytes); });
        return;
      }
    }
    copies_.start_tile(to, from, at, where);
  }

  /// Starts one copy of a tile to several blocks of the cluster, which all get the same tile at the same place. All threads of these blocks
  /// must call it for the same stage and with the same arguments, except that `to` is the block's own tile. Block `root` copies for all.
  /// `blocks` has one bit for each rank; the default is all blocks. The state must have AcrossCluster. On the host, a rank that is not in
  /// `blocks` is an error. If the copy engine does not copy (see copy_tile()), each block copies for itself.
  template <tiled_tensor V>
  CROSSLANE_FN CROSSLANE_INLINE void multicast_tile(typename V::tile_type& to, V const& from, typename V::multi_index at, unsigned root,
                                                    unsigned blocks = (1u << Ctx::shape::cluster::blocks) - 1,
                                                    source_location where = source_location::current()) {
    static_assert(AcrossCluster, "crosslane: multicast_tile() needs a pipeline_state<Stages, Ctx, true>");
    expect(acquired_, "copy without an acquired stage", where);
    copies_.expect_same_tile(&to, at, where);
    unsigned const rank = copies_.ctx_.cluster().rank();
    expect(root < Ctx::shape::cluster::blocks && (blocks >> root & 1) != 0 && (blocks >> rank & 1) != 0 &&
               blocks >> Ctx::shape::cluster::blocks == 0,
           "multicast from or to a block that is not in the set of blocks", where);
    if constexpr (bulk::available && V::by_engine) {
      if (from.engine_loads(at)) {
        if (is_first()) {
          state_->bulk.expect(head_, V::tile_bytes);
          if (rank == root)
            from.for_engine(at, [&](void const* map, auto const& place) {
              state_->bulk.multicast_tile(head_, &to, map, place, static_cast<unsigned short>(blocks));
            });
        }
        return;
      }
    }
    if constexpr (Ctx::native_type::copies_for_peers) {
      if (rank == root)
        for (unsigned peer = 0; peer < Ctx::shape::cluster::blocks; ++peer)
          if ((blocks >> peer & 1) != 0) copies_.start_tile(copies_.ctx_.cluster().peer(to, peer, where), from, at, where);
    } else {
      copies_.start_tile(to, from, at, where);
    }
  }

  /// Submits the acquired stage, even if nothing was copied to it. All threads of the block must call it; it does not wait.
  CROSSLANE_FN void commit(source_location where = source_location::current()) {
    expect(acquired_, "commit() without an acquired stage", where);
    copies_.commit();
    if constexpr (bulk::available)
      if (is_first()) state_->bulk.commit(head_);
    acquired_ = false;
    ++in_flight_;
    if (++head_ == Stages) head_ = 0;
  }

  /// Waits for the oldest committed stage and returns it. All threads of the block must call it, and see the filled stage after it. It is a
  /// barrier of the block.
  CROSSLANE_FN unsigned wait(source_location where = source_location::current()) {
    expect(in_flight_ > 0, "wait() without a committed stage", where);
    wait_for_copies<Stages - 1>();
    unsigned const stage = tail_;
    if constexpr (bulk::available) {
      state_->bulk.wait(stage, phase_);
      fence();  // the thread may have written to the stage that becomes free
    }
    sync(where);
    --in_flight_;
    if (in_use_ < Held) ++in_use_;
    if (++tail_ == Stages) {
      tail_ = 0;
      phase_ ^= 1;
    }
    return stage;
  }

 private:
  using bulk = typename Ctx::native_type::template bulk_copies<Stages>;

  CROSSLANE_FN void sync(source_location where) const {
    if constexpr (AcrossCluster)
      copies_.ctx_.cluster().sync(where);
    else
      copies_.ctx_.sync_block(where);
  }
  CROSSLANE_FN static void fence() {
    if constexpr (AcrossCluster)
      bulk::fence_in_cluster();
    else
      bulk::fence();
  }

  CROSSLANE_FN bool is_first() const { return copies_.ctx_.thread_rank() == 0; }

  CROSSLANE_FN void expect([[maybe_unused]] bool condition, [[maybe_unused]] char const* text,
                           [[maybe_unused]] source_location where) const {
#if !CROSSLANE_DEVICE_PASS()
    check(copies_.ctx_, condition, text, where);
#endif
  }

  /// Waits for the copies of all stages except the younger ones. Their number is a constant of the instruction.
  template <unsigned Younger>
  CROSSLANE_FN void wait_for_copies() {
    if constexpr (Younger == 0)
      copies_.template wait<0>();
    else if (in_flight_ == Younger + 1)
      copies_.template wait<Younger>();
    else
      wait_for_copies<Younger - 1>();
  }

  pipeline_state<Stages, Ctx, AcrossCluster>* state_;
  [[no_unique_address]] async_copies<Ctx> copies_;
  unsigned head_ = 0, tail_ = 0;  ///< the stages that acquire() and wait() return next
  unsigned in_flight_ = 0, in_use_ = 0;
  unsigned phase_ = 0;  ///< phase of the tail: changes each time the tail returns to stage 0
  bool acquired_ = false;
};

/// Copies of tiles from shared memory to a tensor, which proceed while the threads compute. All threads of the block make one and call all
/// functions. Elements of a tile that are outside the tensor are not stored. All stores must be waited for before the kernel ends.
///
/// NVIDIA GPUs since sm_90 use the copy engine under the conditions of pipeline::copy_tile(), if the extent along the contiguous axis is
/// also a multiple of 16 bytes. Elsewhere the threads store at the call. On the host the elements are stored at wait().
///
///   xl::tile_stores stores{ctx};
///   ...                                     // the threads write to s.tile
///   stores.store(s.tile, out, {32 * int(ctx.block_index()), 0});
///   stores.commit();
///   stores.wait();                          // s.tile may be written again
template <class Ctx>
class tile_stores {
 public:
  /// Makes the stores of the block. None is in flight.
  CROSSLANE_FN explicit tile_stores(Ctx const& ctx) : ctx_{ctx} {}
  tile_stores(tile_stores const&) = delete;
  tile_stores& operator=(tile_stores const&) = delete;

  /// Starts a copy of a tile to the place at index `at` of a tensor. It begins with a barrier of the block, so that all threads have
  /// written to the tile. No thread may write to the tile before wait().
  template <tiled_tensor V>
  CROSSLANE_FN CROSSLANE_INLINE void store(typename V::tile_type const& from, V const& to, typename V::multi_index at,
                                           source_location where = source_location::current()) {
    static_assert(!std::is_const_v<typename V::element_type>, "crosslane: tiles cannot be stored to a tensor of constant elements");
    if constexpr (native::available && V::by_engine) {
      if (to.engine_stores(at)) {
        native::fence();
        ctx_.sync_block(where);
        if (ctx_.thread_rank() == 0) to.for_engine(at, [&](void const* map, auto const& place) { native::store_tile(&from, map, place); });
        return;
      }
    }
    ctx_.sync_block(where);
    to.for_pieces(ctx_, &from, at, [&](auto bytes, char const* source, char* target, unsigned valid) {
      constexpr unsigned all = decltype(bytes)::value;
      if (valid == all)
        native_.template copy<all>(target, source, where);
      else
        for (unsigned i = 0; i < valid; ++i) native_.template copy<1>(target + i, source + i, where);
    });
  }
  /// Makes a group of the stores since the last commit(). The group may be empty.
  CROSSLANE_FN void commit() {
    native_.commit();
    if constexpr (native::available)
      if (ctx_.thread_rank() == 0) native::commit_tiles();
  }
  /// Waits for all groups, except the `Pending` youngest. It is a barrier of the block: after it every thread may write to these tiles, and
  /// sees the elements in the tensor.
  template <unsigned Pending = 0>
  CROSSLANE_FN void wait(source_location where = source_location::current()) {
    native_.template wait<Pending>();
    if constexpr (native::available)
      if (ctx_.thread_rank() == 0) native::template wait_for_tiles<Pending>();
    ctx_.sync_block(where);
  }

 private:
  using native = typename Ctx::native_type::tile_stores;

  [[no_unique_address]] Ctx ctx_;
  [[no_unique_address]] native native_;
};

}  // namespace crosslane
