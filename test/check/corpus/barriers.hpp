// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Barriers that not all threads reach, or not the same one.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct guard_returns {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() >= 50) return;  // "nothing to do for me"
    m.data[ctx.global_rank()] = 1;
    ctx.sync_block();  // @guard_returns
  }
};
struct guard_skips {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() < 50) m.data[ctx.global_rank()] = 1;
    ctx.sync_block();
  }
};

/// Trip counts that differ, with a barrier inside.
struct uneven_rounds {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory) const {
    for (unsigned i = ctx.thread_rank(); i < 100; i += ctx.block_size()) ctx.sync_block();  // @uneven_rounds
  }
};
struct even_rounds {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory) const {
    for (unsigned i = 0; i < 100; i += ctx.block_size()) ctx.sync_block();
  }
};

/// Found the answer, and gone.
struct winner_leaves {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    for (int round = 0; round < 3; ++round) {
      if (ctx.thread_rank() == 7 && round == 1) return;
      ctx.sync_block();  // @winner_leaves
    }
    m.data[ctx.global_rank()] = 1;
  }
};
struct block_leaves {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 1) return;
    ctx.sync_block();
    m.data[ctx.global_rank()] = 1;
  }
};

struct barrier_in_both_branches {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() < 20) {
      m.data[ctx.global_rank()] = 1;
      ctx.sync_block();  // @barrier_in_both_branches
    } else {
      m.data[ctx.global_rank()] = 2;
      ctx.sync_block();  // @barrier_in_both_branches
    }
  }
};
struct barrier_behind_branches {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = ctx.thread_rank() < 20 ? 1 : 2;
    ctx.sync_block();
  }
};

/// Producers and consumers each with a barrier of their own.
struct roles_with_barriers {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r < 32) {
      s.value[r] = int(r);
      ctx.sync_block();  // @roles_with_barriers
    } else {
      ctx.sync_block();  // @roles_with_barriers
      m.data[ctx.global_rank()] = s.value[r - 32];
    }
  }
};
struct roles_with_one_barrier {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r < 32) s.value[r] = int(r);
    ctx.sync_block();
    if (r >= 32) m.data[ctx.global_rank()] = s.value[r - 32];
  }
};

}  // namespace corpus
