// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Barriers that some threads do not reach, and threads that wait at different barriers.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct guard_returns {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() >= 50) return;  // "nothing to do for me"
    m.data[ctx.global_rank()] = 1;
    ctx.sync_block();  // @guard_returns
  }
};
struct guard_skips {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() < 50) m.data[ctx.global_rank()] = 1;
    ctx.sync_block();
  }
};

/// A loop with a barrier, with a different number of iterations for some threads.
struct uneven_rounds {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory) const {
    for (unsigned i = ctx.thread_rank(); i < 100; i += ctx.block_size()) ctx.sync_block();  // @uneven_rounds
  }
};
struct even_rounds {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory) const {
    for (unsigned i = 0; i < 100; i += ctx.block_size()) ctx.sync_block();
  }
};

/// The thread that finds the result returns before the others.
struct winner_leaves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (int round = 0; round < 3; ++round) {
      if (ctx.thread_rank() == 7 && round == 1) return;
      ctx.sync_block();  // @winner_leaves
    }
    m.data[ctx.global_rank()] = 1;
  }
};
struct block_leaves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 1) return;
    ctx.sync_block();
    m.data[ctx.global_rank()] = 1;
  }
};

struct barrier_in_both_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
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
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = ctx.thread_rank() < 20 ? 1 : 2;
    ctx.sync_block();
  }
};

/// A function of the program with a barrier, which may be inlined or not.
template <class Ctx>
CROSSLANE_FN void publish(Ctx const& ctx, memory m, int value) {
  m.data[ctx.global_rank()] = value;
  ctx.sync_block();
}
struct publishes_in_both_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.thread_rank() < 20)
      publish(ctx, m, 1);  // @publishes_in_both_branches
    else
      publish(ctx, m, m.data[ctx.global_rank()]);  // @publishes_in_both_branches
  }
};
/// The compiler may make copies of the barrier and of the loop's body.
struct publishes_behind_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (int round = 0; round < 4; ++round) {
      bool const low = ctx.thread_rank() < 20;
      if (low) m.data[ctx.global_rank()] += 1;
      publish(ctx, m, low ? round : m.data[ctx.global_rank()]);
      if (low) m.data[ctx.global_rank()] += 2;
    }
  }
};

/// Producers and consumers wait at different barriers.
struct roles_with_barriers {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
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
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r < 32) s.value[r] = int(r);
    ctx.sync_block();
    if (r >= 32) m.data[ctx.global_rank()] = s.value[r - 32];
  }
};

/// A barrier in the second operand of &&, which some threads do not evaluate.
template <bool All>
struct waits_behind_and {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  static bool stored(Ctx const& ctx, shared& s) {
    s.value[ctx.thread_rank()] = 1;
    ctx.sync_block();  // @waits_behind_and
    return s.value[0] == 1;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    bool const mine = ctx.thread_rank() < 48;
    if ((All || mine) && stored(ctx, s) && mine) m.data[ctx.global_rank()] = 1;
  }
};

/// A block without work does not reach the grid's barrier.
template <bool Early>
struct idle_block_of_a_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    bool const idle = ctx.block_index() == 2;
    if (Early && idle) return;
    if (!idle) m.data[ctx.global_rank()] = 1;
    ctx.sync_grid();  // @idle_block_of_a_grid
  }
};

/// Half of the threads never enter the loop with the barrier; they wait at the barrier after it.
struct rounds_for_half {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (int round = 0; round < 2; ++round)
      if (ctx.thread_rank() < 32) ctx.sync_block();  // @rounds_for_half
    m.data[ctx.global_rank()] = 1;
    ctx.sync_block();  // @rounds_for_half
  }
};
struct rounds_for_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    for (int round = 0; round < 2; ++round) {
      if (ctx.thread_rank() < 32) m.data[ctx.global_rank()] = round;
      ctx.sync_block();
    }
  }
};

/// Only the leader of each block waits for the grid; the other threads wait for the leader at the block's barrier.
template <bool All>
struct leader_waits_for_the_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = 1;
    if (All || ctx.thread_rank() == 0) ctx.sync_grid();  // @leader_waits_for_the_grid
    ctx.sync_block();                                    // @leader_waits_for_the_grid
  }
};

/// Blocks with different work wait at different barriers of the grid.
struct blocks_wait_apart {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 0) {
      m.data[ctx.global_rank()] = 1;
      ctx.sync_grid();  // @blocks_wait_apart
    } else {
      ctx.sync_grid();  // @blocks_wait_apart
      m.data[ctx.global_rank()] = m.data[0];
    }
  }
};
struct blocks_wait_together {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.block_index() == 0) m.data[ctx.global_rank()] = 1;
    ctx.sync_grid();
    if (ctx.block_index() != 0) m.data[ctx.global_rank()] = m.data[0];
  }
};

}  // namespace corpus
