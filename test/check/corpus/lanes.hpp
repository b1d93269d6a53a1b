// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of groups that not exactly their lanes call.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct votes_after_return {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() == 5) return;
    m.data[ctx.global_rank()] = xl::wave(ctx).any(true);  // @votes_after_return
  }
};
struct votes_before_return {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    bool const any = xl::wave(ctx).any(true);
    if (ctx.lane_rank() == 5) return;
    m.data[ctx.global_rank()] = any;
  }
};

struct shuffles_in_a_branch {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() < 16) m.data[ctx.global_rank()] = xl::wave(ctx).shuffle_down(1, 8);  // @shuffles_in_a_branch
  }
};
struct group_of_the_branch {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    bool const in = ctx.lane_rank() < 16;
    auto const g = xl::wave(ctx).where(in);
    if (in) m.data[ctx.global_rank()] = g.shuffle_down(1, 8);
  }
};

/// Half of the wave goes on to the barrier, the other half reduces.
struct reduces_before_a_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() % 2 == 0) m.data[ctx.global_rank()] = xl::wave(ctx).reduce(1, xl::plus{});  // @reduces_before_a_barrier
    ctx.sync_block();                                                                               // @reduces_before_a_barrier
  }
};
struct tiles_reduce_before_a_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    if (t.group_rank() % 2 == 0) m.data[ctx.global_rank()] = t.reduce(1, xl::plus{});
    ctx.sync_block();
  }
};

struct votes_and_sums {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    if (t.rank() < 8)
      m.data[ctx.global_rank()] = t.any(true);  // @votes_and_sums
    else
      m.data[ctx.global_rank()] = t.reduce(1, xl::plus{});  // @votes_and_sums
  }
};
struct votes_then_sums {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int const any = t.any(true), sum = t.reduce(1, xl::plus{});
    m.data[ctx.global_rank()] = t.rank() < 8 ? any : sum;
  }
};

struct shuffles_at_two_places {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<4>(ctx);
    int value = int(ctx.thread_rank());
    if (value % 2 == 0) {
      value = t.shuffle_xor(value, 1);  // @shuffles_at_two_places
    } else {
      value = t.shuffle_xor(value, 1) + 1;  // @shuffles_at_two_places
    }
    m.data[ctx.global_rank()] = value;
  }
};
struct shuffles_at_one_place {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    int const own = int(ctx.thread_rank()), other = xl::tile<4>(ctx).shuffle_xor(own, 1);
    m.data[ctx.global_rank()] = own % 2 == 0 ? other : other + 1;
  }
};

struct reads_next_tile {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<8>(ctx);
    m.data[ctx.global_rank()] = t.shuffle(1, t.rank() + 1);  // @reads_next_tile
  }
};
struct reads_next_lane {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = xl::tile<8>(ctx).rotate(1, 1);
  }
};

struct reads_before_the_first {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    m.data[ctx.global_rank()] = w.shuffle(1, w.rank() - 1);  // @reads_before_the_first
  }
};
struct reads_lane_below {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = xl::wave(ctx).shuffle_up(1, 1);
  }
};

}  // namespace corpus
