// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Clusters: accesses to shared memory of other blocks, and barriers of the cluster.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// Each block reads what the other one writes. A barrier of the block does not wait for the other block.
template <bool Wait>
struct reads_a_peer_early {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    s.tile[r] = int(r);  // @reads_a_peer_early
    if (Wait)
      blocks.sync();
    else
      ctx.sync_block();
    int const value = blocks.peer(s.tile, blocks.rank() ^ 1)[63 - r];  // @reads_a_peer_early
    blocks.sync();
    m.data[ctx.block_index() * 64 + r] = value;
  }
};
/// A block writes to the other one, which reads the place before a barrier of the cluster.
template <bool Wait>
struct writes_to_a_peer_late {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    s.tile[r] = int(r);
    blocks.sync();
    int const value = s.tile[r];  // @writes_to_a_peer_late
    if (Wait) blocks.sync();
    blocks.peer(s.tile[r], blocks.rank() ^ 1) = 1;  // @writes_to_a_peer_late
    blocks.sync();
    m.data[ctx.block_index() * 64 + r] = value + s.tile[r];
  }
};
/// A block ends while the other one still reads its shared memory.
template <bool Wait>
struct ends_before_a_peer_has_read {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    s.tile[r] = int(r);
    blocks.sync();
    if (blocks.rank() == 1) m.data[r] = blocks.peer(s.tile[r], 0);  // @ends_before_a_peer_has_read
    if (Wait) blocks.sync();
  }
};
/// The same with a flag instead of a barrier.
template <bool Wait>
struct ends_before_a_flag {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
    unsigned flag;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    s.tile[r] = int(r);
    if (r == 0) s.flag = 0;
    blocks.sync();
    if (blocks.rank() == 1) {
      m.data[r] = blocks.peer(s.tile[r], 0);  // @ends_before_a_flag
      ctx.sync_block();
      if (Wait && r == 0) xl::atomic<xl::scope::device>(ctx, m.data[128]).template store<xl::release>(1);
    } else if (Wait && r == 0) {
      while (xl::atomic<xl::scope::device>(ctx, m.data[128]).template load<xl::acquire>() == 0) {
      }
    }
  }
};
/// Nobody writes to the shared memory that a block reads in the other one.
template <bool Write>
struct reads_an_unwritten_peer {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    if (Write || blocks.rank() == 0) s.tile[r] = int(r);
    blocks.sync();
    if (blocks.rank() == 0) m.data[r] = blocks.peer(s.tile[r], 1);  // @reads_an_unwritten_peer
    blocks.sync();
  }
};
/// A block gives its own address to the other one, where it means that block's memory.
template <bool Mapped>
struct passes_its_own_address {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int* there;
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    bool const first = ctx.thread_rank() == 0;
    if (first) s.value = 5;
    if (first && blocks.rank() == 0) blocks.peer(s.there, 1) = Mapped ? &blocks.peer(s.value, 0) : &s.value;
    blocks.sync();
    if (first && blocks.rank() == 1) m.data[0] = *s.there;  // @passes_its_own_address
    blocks.sync();
  }
};
/// Writes between the halves of a barrier are not ordered by it.
template <bool Early>
struct writes_between_the_halves {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    if (Early) s.tile[r] = int(r);
    blocks.arrive();
    if (!Early) s.tile[r] = int(r);  // @writes_between_the_halves
    blocks.wait();
    int const value = blocks.peer(s.tile[r], blocks.rank() ^ 1);  // @writes_between_the_halves
    blocks.sync();
    m.data[ctx.block_index() * 64 + r] = value;
  }
};
/// The same among the threads of one block.
template <bool Early>
struct writes_between_the_halves_of_its_block {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    auto const blocks = ctx.cluster();
    unsigned const r = ctx.thread_rank();
    if (Early) s.tile[r] = int(r);
    blocks.arrive();
    if (!Early) s.tile[r] = int(r);  // @writes_between_the_halves_of_its_block
    blocks.wait();
    m.data[ctx.block_index() * 64 + r] = s.tile[63 - r];  // @writes_between_the_halves_of_its_block
  }
};
/// Atomic operations of two blocks on one address, of the block's scope.
template <bool Wide>
struct counts_in_a_peer {
  static constexpr auto cluster = xl::cluster_size<2>;
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    constexpr xl::scope reach = Wide ? xl::scope::device : xl::scope::block;
    auto const blocks = ctx.cluster();
    if (ctx.thread_rank() == 0) s.count = 0;
    blocks.sync();
    xl::atomic<reach>(ctx, blocks.peer(s.count, 0)).template fetch_add<xl::relaxed>(1);  // @counts_in_a_peer
    blocks.sync();
    if (ctx.thread_rank() == 0) m.data[ctx.block_index()] = s.count;
  }
};
/// A block leaves before the barrier of its cluster.
template <bool Leave>
struct leaves_its_cluster {
  static constexpr auto cluster = xl::cluster_size<2>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (Leave && ctx.cluster().rank() == 1) return;
    m.data[std::size_t(ctx.global_rank())] = 1;
    ctx.cluster().sync();  // @leaves_its_cluster
  }
};
/// Blocks of a cluster wait at different barriers.
template <bool Same>
struct different_barriers_of_a_cluster {
  static constexpr auto cluster = xl::cluster_size<2>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[std::size_t(ctx.global_rank())] = 1;
    if (Same || ctx.cluster().rank() == 0)
      ctx.cluster().sync();  // @different_barriers_of_a_cluster
    else
      ctx.cluster().sync();  // @different_barriers_of_a_cluster
  }
};

}  // namespace corpus
