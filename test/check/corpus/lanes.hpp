// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of groups that are not called by exactly the lanes of the group.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct votes_after_return {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() == 5) return;
    m.data[ctx.global_rank()] = xl::wave(ctx).any(true);  // @votes_after_return
  }
};
struct votes_before_return {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    bool const any = xl::wave(ctx).any(true);
    if (ctx.lane_rank() == 5) return;
    m.data[ctx.global_rank()] = any;
  }
};

struct shuffles_in_a_branch {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() < 16) m.data[ctx.global_rank()] = xl::wave(ctx).shuffle_down(1, 8);  // @shuffles_in_a_branch
  }
};
struct group_of_the_branch {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    bool const in = ctx.lane_rank() < 16;
    auto const g = xl::wave(ctx).where(in);
    if (in) m.data[ctx.global_rank()] = g.shuffle_down(1, 8);
  }
};

/// Half of the wave waits at the barrier, the other half calls a reduction of the wave.
struct reduces_before_a_barrier {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (ctx.lane_rank() % 2 == 0) m.data[ctx.global_rank()] = xl::wave(ctx).reduce(1, xl::plus{});  // @reduces_before_a_barrier
    ctx.sync_block();                                                                               // @reduces_before_a_barrier
  }
};
struct tiles_reduce_before_a_barrier {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    if (t.group_rank() % 2 == 0) m.data[ctx.global_rank()] = t.reduce(1, xl::plus{});
    ctx.sync_block();
  }
};

struct votes_and_sums {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    if (t.rank() < 8)
      m.data[ctx.global_rank()] = t.any(true);  // @votes_and_sums
    else
      m.data[ctx.global_rank()] = t.reduce(1, xl::plus{});  // @votes_and_sums
  }
};
struct votes_then_sums {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int const any = t.any(true), sum = t.reduce(1, xl::plus{});
    m.data[ctx.global_rank()] = t.rank() < 8 ? any : sum;
  }
};

/// A function of the program in which the lanes of a wave meet.
template <class Ctx>
CROSSLANE_FN int sum_of_wave(Ctx const& ctx, int value) {
  return xl::wave(ctx).reduce(value, xl::plus{});
}
struct sums_in_both_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int& mine = m.data[ctx.global_rank()];
    if (ctx.lane_rank() < 8)
      mine = sum_of_wave(ctx, 1);  // @sums_in_both_branches
    else
      mine = sum_of_wave(ctx, mine) + 1;  // @sums_in_both_branches
  }
};
struct sums_behind_branches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int& mine = m.data[ctx.global_rank()];
    int const sum = sum_of_wave(ctx, ctx.lane_rank() < 8 ? 1 : mine);
    mine = ctx.lane_rank() < 8 ? sum : sum + 1;
  }
};

struct shuffles_at_two_places {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
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
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const own = int(ctx.thread_rank()), other = xl::tile<4>(ctx).shuffle_xor(own, 1);
    m.data[ctx.global_rank()] = own % 2 == 0 ? other : other + 1;
  }
};

struct reads_next_tile {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<8>(ctx);
    m.data[ctx.global_rank()] = t.shuffle(1, t.rank() + 1);  // @reads_next_tile
  }
};
struct reads_next_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = xl::tile<8>(ctx).rotate(1, 1);
  }
};

struct reads_before_the_first {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    m.data[ctx.global_rank()] = w.shuffle(1, w.rank() - 1);  // @reads_before_the_first
  }
};
struct reads_lane_below {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = xl::wave(ctx).shuffle_up(1, 1);
  }
};

/// A group with lanes that do not call the operation.
struct mask_of_more_lanes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const lane = ctx.lane_rank();
    auto const g = xl::wave(ctx).where(lane < 16);
    if (lane < 8) m.data[ctx.global_rank()] = g.reduce(1, xl::plus{});  // @mask_of_more_lanes
  }
};
struct mask_of_these_lanes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const lane = ctx.lane_rank();
    auto const g = xl::wave(ctx).where(lane < 8);
    if (lane < 8) m.data[ctx.global_rank()] = g.reduce(1, xl::plus{});
  }
};

/// A loop that ends earlier for some lanes and contains an operation of all lanes.
struct lanes_leave_the_rounds {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int sum = 0;
    for (unsigned i = t.rank(); i < 20; i += t.size()) sum += t.reduce(int(i), xl::plus{});  // @lanes_leave_the_rounds
    m.data[ctx.global_rank()] = sum;
  }
};
struct lanes_stay_for_all_rounds {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int sum = 0;
    for (unsigned first = 0; first < 20; first += t.size()) {
      unsigned const i = first + t.rank();
      sum += t.reduce(i < 20 ? int(i) : 0, xl::plus{});
    }
    m.data[ctx.global_rank()] = sum;
  }
};

/// sync() of the wave in a branch that some lanes do not take.
struct waits_in_a_branch {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = 0;
    if (r % 4 == 0) {
      s.value[r] = int(r);
      xl::wave(ctx).sync();  // @waits_in_a_branch
    }
    m.data[ctx.global_rank()] = s.value[r];
  }
};
struct waits_behind_a_branch {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = r % 4 == 0 ? int(r) : 0;
    xl::wave(ctx).sync();
    m.data[ctx.global_rank()] = s.value[r / 4 * 4];
  }
};

/// Half of the lanes of a tile call an operation of the tile, the other half an operation of the wave.
struct tile_and_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    auto const w = xl::wave(ctx);
    if (t.rank() < 8)
      m.data[ctx.global_rank()] = t.reduce(1, xl::plus{});  // @tile_and_wave
    else
      m.data[ctx.global_rank()] = w.reduce(1, xl::plus{});  // @tile_and_wave
  }
};
struct tile_then_wave {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int const of_tile = t.reduce(1, xl::plus{}), of_wave = xl::wave(ctx).reduce(1, xl::plus{});
    m.data[ctx.global_rank()] = t.rank() < 8 ? of_tile : of_wave;
  }
};

/// Lanes of one tile call reductions with different operators.
struct operators_of_each_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<8>(ctx);
    int const own = int(t.rank());
    m.data[ctx.global_rank()] = own < 4 ? t.reduce(own, xl::plus{}) : t.reduce(own, xl::maximum{});  // @operators_of_each_lane
  }
};
struct operators_of_all_lanes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<8>(ctx);
    int const own = int(t.rank()), sum = t.reduce(own, xl::plus{}), most = t.reduce(own, xl::maximum{});
    m.data[ctx.global_rank()] = own < 4 ? sum : most;
  }
};

/// The lane's number in the wave in place of its rank in the tile.
struct names_the_wave_s_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<8>(ctx);
    unsigned const first = ctx.lane_rank() / 8 * 8;
    m.data[ctx.global_rank()] = t.shuffle(1, first);  // @names_the_wave_s_lane
  }
};
struct names_the_tile_s_rank {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.global_rank()] = xl::tile<8>(ctx).shuffle(1, 0);
  }
};

/// A broadcast from the last lane of a full wave in a group of fewer lanes.
struct broadcasts_from_the_last_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    bool const in = ctx.lane_rank() % 3 == 0;
    auto const g = xl::wave(ctx).where(in);
    if (in) m.data[ctx.global_rank()] = g.broadcast(1, 31);  // @broadcasts_from_the_last_lane
  }
};
struct broadcasts_from_the_last_rank {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    bool const in = ctx.lane_rank() % 3 == 0;
    auto const g = xl::wave(ctx).where(in);
    if (in) m.data[ctx.global_rank()] = g.broadcast(1, g.size() - 1);
  }
};

}  // namespace corpus
