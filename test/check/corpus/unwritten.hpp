// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reads of unwritten memory.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct sums_from_nothing {
  struct shared {
    int sum[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    int& sum = s.sum[ctx.thread_rank()];
    sum += 1;  // @sums_from_nothing
    m.data[ctx.global_rank()] = sum;
  }
};
struct sums_from_zero {
  struct shared {
    int sum[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    int& sum = s.sum[ctx.thread_rank()];
    sum = 0;
    sum += 1;
    m.data[ctx.global_rank()] = sum;
  }
};

struct reads_a_new_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = m.unwritten[ctx.thread_rank()];  // @reads_a_new_buffer
  }
};
struct writes_a_new_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int& own = m.unwritten[ctx.thread_rank()];
    own = 1;
    m.data[ctx.global_rank()] = own;
  }
};

/// A histogram whose bins are not zeroed first.
struct counts_from_nothing {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic(ctx, m.unwritten[ctx.thread_rank() / 64]).fetch_add(1);  // @counts_from_nothing
  }
};
struct counts_from_zero {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() == 0) m.unwritten[0] = 0;
    ctx.sync_block();
    xl::atomic(ctx, m.unwritten[0]).fetch_add(1);
  }
};

/// The halo of a tile in shared memory is not loaded.
struct halo_left_out {
  struct shared {
    int tile[66];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.tile[r + 1] = m.data[r];
    ctx.sync_block();
    m.data[r] = s.tile[r] + s.tile[r + 2];  // @halo_left_out
  }
};
struct halo_filled {
  struct shared {
    int tile[66];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.tile[r + 1] = m.data[r];
    if (r < 2) s.tile[r * 65] = 0;
    ctx.sync_block();
    m.data[r] = s.tile[r] + s.tile[r + 2];
  }
};

/// The shared memory of a block is undefined for the next block.
struct shared_from_the_block_before {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.block_index() == 0 && ctx.thread_rank() == 0) s.value = 1;
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value;  // @shared_from_the_block_before
  }
};
struct shared_by_each_block {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    if (ctx.thread_rank() == 0) s.value = 1;
    ctx.sync_block();
    m.data[ctx.global_rank()] = s.value;
  }
};

/// Adds to a buffer that has no initial values.
struct adds_to_a_new_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.unwritten[i] += m.data[i];  // @adds_to_a_new_buffer
  }
};
struct stores_to_a_new_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const i = ctx.global_rank();
    m.unwritten[i] = m.data[i];
  }
};

/// A tree reduction reads values that the threads of the tail have not written.
template <bool Zeros>
struct tail_brings_nothing {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r < 50)
      s.value[r] = m.data[r];
    else if (Zeros)
      s.value[r] = 0;
    for (unsigned half = 32; half != 0; half /= 2) {
      ctx.sync_block();
      if (r < half) s.value[r] += s.value[r + half];  // @tail_brings_nothing
    }
    if (r == 0) m.data[0] = s.value[0];
  }
};

/// Dynamic shared memory is not zeroed by the launch.
template <bool Clear>
struct counts_in_dynamic_memory {
  static constexpr std::size_t dynamic_bytes = 64;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const counts = xl::dynamic_shared<int>(ctx);
    unsigned const r = ctx.thread_rank();
    if (Clear && r < 16) counts[r] = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, counts[r % 16]).fetch_add(1);  // @counts_in_dynamic_memory
    ctx.sync_block();
    if (r < 16) m.data[ctx.block_index() * 16 + r] = counts[r];
  }
};

}  // namespace corpus
