// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Clusters of blocks: blocks that run at the same time, wait for each other and access each other's shared memory.
///
///   struct neighbour {
///     static constexpr auto cluster = xl::cluster_size<2>;  // the grid must be a multiple of 2
///     struct shared { int value; };
///     template <xl::kernel_context Ctx>
///     CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
///       auto const blocks = ctx.cluster();
///       if (ctx.thread_rank() == 0) s.value = int(ctx.block_index());
///       blocks.sync();                                     // all blocks have written
///       int const other = blocks.peer(s.value, blocks.rank() ^ 1);
///       blocks.sync();                                     // all blocks have read; without it a block may end too early
///       if (ctx.thread_rank() == 0) out[ctx.block_index()] = other;
///     }
///   };
///
/// NVIDIA GPUs have clusters since sm_90. A kernel whose clusters have more than one block does not compile for other targets. A kernel
/// with cluster_size<1> compiles for all. `default_backend::max_cluster_blocks` is the most blocks that a kernel can state.
#pragma once

#include <crosslane/kernel/shape.hpp>
#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/source_location.hpp>

namespace crosslane {

/// The blocks of a cluster, as a group. ctx.cluster() returns it.
///
/// Another block's shared memory is reached only through peer(). A block must not end while another one still accesses its shared memory:
/// put sync() behind the last access.
template <class Ctx>
class cluster_group {
  using shape = typename Ctx::shape::cluster;

 public:
  /// Makes the group. Contexts call it.
  CROSSLANE_FN explicit cluster_group(Ctx const& ctx) : ctx_{ctx} {}

  /// Returns the number of blocks of the cluster, as the kernel states it.
  CROSSLANE_FN static constexpr unsigned size() { return shape::blocks; }
  /// Returns the rank of the block in its cluster, 0 to size() - 1, x fastest.
  CROSSLANE_FN unsigned rank() const {
    if constexpr (size() == 1)
      return 0;
    else
      return ctx_.native().cluster_rank();
  }

  /// Waits until all threads of all blocks of the cluster have called it. Every thread of the cluster must call it, at the same place.
  /// Accesses to shared and global memory before it are visible to the cluster after it. It is also a barrier of each block.
  CROSSLANE_FN void sync(source_location where = source_location::current()) const {
    arrive(where);
    wait(where);
  }
  /// The first half of sync(): says that the thread has come here, and does not wait. Every thread of the cluster must call it, and then
  /// wait(). Accesses between the two are not ordered with those of other threads.
  CROSSLANE_FN void arrive([[maybe_unused]] source_location where = source_location::current()) const {
    if constexpr (size() != 1) ctx_.native().cluster_arrive(where);
  }
  /// The second half of sync(): waits until all threads of the cluster have called arrive(). Accesses before those calls are visible after
  /// it. Every thread of the cluster must call it.
  CROSSLANE_FN void wait(source_location where = source_location::current()) const {
    if constexpr (size() == 1)
      ctx_.sync_block(where);
    else
      ctx_.native().cluster_wait(where);
  }

  /// Returns the object of block `rank` that lies where `own` lies in the calling block's shared memory: a reference for loads, stores and
  /// atomic operations of scope::device. `own` is a part of the kernel's shared struct or of dynamic shared memory, and may be an array.
  /// Any thread may call it, and any thread of the cluster may use the reference. Precondition: rank < size(). On the host, throws
  /// out_of_bounds if the rank is too large, and invalid_argument if `own` is not in the block's shared memory.
  ///
  ///   float const(&tile)[256] = ctx.cluster().peer(s.tile, 0);
  template <class T>
  CROSSLANE_FN T& peer(T& own, [[maybe_unused]] unsigned rank, [[maybe_unused]] source_location where = source_location::current()) const {
    if constexpr (size() == 1)
      return own;
    else
      return *static_cast<T*>(ctx_.native().cluster_address(const_cast<void*>(static_cast<void const volatile*>(__builtin_addressof(own))),
                                                            sizeof(T), rank, where));
  }

 private:
  Ctx const& ctx_;
};

}  // namespace crosslane
