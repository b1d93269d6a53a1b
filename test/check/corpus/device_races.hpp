// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Device memory that two threads use, with nothing between; and atomic operations whose scope is too narrow.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct blocks_add_plainly {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.data[0] += 1;  // @blocks_add_plainly
  }
};
struct blocks_add_atomically {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) xl::atomic(ctx, m.data[0]).fetch_add(1);
  }
};

/// The edge of one block is the middle of another.
struct smooths_in_place {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    int const left = m.data[i];  // @smooths_in_place
    ctx.sync_block();
    m.data[i + 1] = left;  // @smooths_in_place
  }
};
struct smooths_to_another {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.data[512 + i] = m.data[i] + m.data[i + 1];
  }
};

/// One thread of a block prepares what the others read.
struct prepares_in_device_memory {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.data[1000] = 5;  // @prepares_in_device_memory
    m.data[ctx.thread_rank()] = m.data[1000];      // @prepares_in_device_memory
  }
};
struct prepares_before_a_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    int& prepared = m.data[1000 + ctx.block_index()];
    if (ctx.thread_rank() == 0) prepared = 5;
    ctx.sync_block();
    m.data[ctx.global_rank()] = prepared;
  }
};

/// The last block sums up, without having acquired what the others wrote.
template <bool Ordered>
struct last_block {
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory m) const {
    m.data[ctx.global_rank()] = 1;  // @last_block
    ctx.sync_block();
    if (ctx.thread_rank() == 0) {
      auto const count = xl::atomic(ctx, m.data[1000]);
      int const before = Ordered ? count.fetch_add(1, xl::acq_rel{}) : count.fetch_add(1);
      s.last = before + 1 == int(ctx.block_count());
    }
    ctx.sync_block();
    if (!s.last || ctx.thread_rank() != 0) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.global_size(); ++i) sum += m.data[i];  // @last_block
    m.data[1001] = sum;
  }
};
/// The same by fences round a relaxed operation.
struct last_block_by_fences {
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory m) const {
    m.data[ctx.global_rank()] = 1;
    ctx.sync_block();
    if (ctx.thread_rank() == 0) {
      xl::fence(ctx);
      s.last = xl::atomic(ctx, m.data[1000]).fetch_add(1) + 1 == int(ctx.block_count());
      xl::fence(ctx);
    }
    ctx.sync_block();
    if (!s.last || ctx.thread_rank() != 0) return;
    int sum = 0;
    for (unsigned i = 0; i < ctx.global_size(); ++i) sum += m.data[i];
    m.data[1001] = sum;
  }
};

/// Blocks exchange through memory in one launch.
template <bool Wait>
struct neighbours_in_a_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.data[i] = 1;  // @neighbours_in_a_grid
    if (Wait)
      ctx.sync_grid();
    else
      ctx.sync_block();
    m.data[512 + i] = m.data[(i + ctx.block_size()) % ctx.global_size()];  // @neighbours_in_a_grid
  }
};

struct counts_for_the_block {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::block>(ctx, m.data[0]).fetch_add(1);  // @counts_for_the_block
  }
};
struct counts_for_the_device {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    xl::atomic<xl::scope::device>(ctx, m.data[0]).fetch_add(1);
  }
};

struct counts_for_the_wave {
  struct shared {
    int count;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.thread_rank() == 0) s.count = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::wave>(ctx, s.count).fetch_add(1);  // @counts_for_the_wave
  }
};
struct counts_of_each_wave {
  struct shared {
    int count[32];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory) const {
    if (ctx.lane_rank() == 0) s.count[ctx.wave_rank()] = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::wave>(ctx, s.count[ctx.wave_rank()]).fetch_add(1);
  }
};

}  // namespace corpus
