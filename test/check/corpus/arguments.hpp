// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations whose arguments must be the same in all lanes of a group, or in all threads of a block.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// Each lane names the lane that it wants. With shuffle() it may.
template <bool Shuffles>
struct each_lane_its_root {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    unsigned const root = w.rank() / 8 * 8;
    if constexpr (Shuffles)
      m.data[ctx.global_rank()] = w.shuffle(int(w.rank()), root);
    else
      m.data[ctx.global_rank()] = w.broadcast(int(w.rank()), root);  // @each_lane_its_root
  }
};

/// The lane with the largest value is the root: all lanes know the same one, or each lane takes itself for it.
template <bool Agrees>
struct root_by_vote {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<16>(ctx);
    int const own = int(t.rank() * 5 % 16), most = t.reduce(own, xl::maximum{});
    unsigned const root = Agrees ? t.ballot(own == most).first() - t.leader() : own == most ? t.rank() : 0;
    m.data[ctx.global_rank()] = t.broadcast(own, root);  // @root_by_vote
  }
};

template <bool Same>
struct distance_of_each_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    unsigned const delta = Same ? 1 + unsigned(ctx.block_rank()) : w.rank() % 3;
    m.data[ctx.global_rank()] = w.shuffle_down(int(w.rank()), delta);  // @distance_of_each_lane
  }
};
template <bool Same>
struct bits_of_each_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const t = xl::tile<32>(ctx);
    int value = int(t.rank());
    for (unsigned bit = 1; bit < 32; bit *= 2) value += t.shuffle_xor(value, Same || t.rank() < 16 ? bit : bit ^ 1);  // @bits_of_each_lane
    m.data[ctx.global_rank()] = value;
  }
};

/// One counter for each lane's bin, but the leader adds for all.
struct counts_in_bins {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    (void)xl::aggregated_increment(w, xl::atomic(ctx, m.data[w.rank() % 2]));  // @counts_in_bins
  }
};
struct counts_by_groups {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    auto const w = xl::wave(ctx);
    unsigned const bin = w.rank() % 2;
    (void)xl::aggregated_increment(w.where(bin == 0), xl::atomic(ctx, m.data[bin]));
  }
};
template <bool Same>
struct adds_to_rows {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const row = Same ? ctx.thread_rank() / 32 : ctx.thread_rank() / 16;
    (void)xl::aggregated_add(xl::tile<32>(ctx), xl::atomic(ctx, m.data[row]), 2, xl::acq_rel{});  // @adds_to_rows
  }
};

/// Operators of one type with a state. A reference to an equal variable of each lane is right.
template <bool Same>
struct modulus_of_each_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int own = Same ? 5 : 5 + int(ctx.thread_rank() % 2);
    auto const sum = [&own](int a, int b) { return (a + b) % own; };
    m.data[ctx.global_rank()] = xl::wave(ctx).reduce(int(ctx.lane_rank()), sum);  // @modulus_of_each_lane
  }
};
template <bool Same>
struct scans_by_each_modulus {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int own = Same ? 5 : 5 + int(ctx.thread_rank() % 2);
    auto const sum = [own](int a, int b) { return (a + b) % own; };
    m.data[ctx.global_rank()] = xl::tile<16>(ctx).inclusive_scan(int(ctx.lane_rank()), sum);  // @scans_by_each_modulus
  }
};

/// Each half of the block has scratch memory of its own, but a reduction is one of the whole block.
template <bool Same>
struct scratch_of_each_half {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    unsigned const half = Same ? unsigned(ctx.block_rank() % 2) : ctx.thread_rank() / 64;
    if (!Same) {  // all values are written
      if (ctx.thread_rank() == 0)
        for (auto& scratch : s.scratch)
          for (int& value : scratch.waves) value = 0;
      ctx.sync_block();
    }
    m.data[ctx.global_rank()] = xl::block_reduce(ctx, s.scratch[half], 1, xl::plus{});  // @scratch_of_each_half
  }
};

template <bool Same>
struct root_of_each_wave {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    unsigned const r = ctx.thread_rank(), root = Same ? 70 : r < 64 ? 70 : 71;
    m.data[ctx.global_rank()] = xl::block_broadcast(ctx, s.scratch, int(r), root);  // @root_of_each_wave
  }
};

/// A copy by the block, in which each half asks for another part.
template <bool Same>
struct copies_of_each_half {
  struct shared {
    alignas(16) int tile[2][256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const half = Same ? 0 : ctx.thread_rank() / 64;
    xl::span<int const> const all = m.data;
    xl::async_copies copies{ctx};
    copies.copy_block(s.tile[half], all.subspan(half * 256, 256));  // @copies_of_each_half
    copies.commit();
    copies.wait();
    ctx.sync_block();
    if (Same) m.data[512 + ctx.thread_rank()] = s.tile[half][ctx.thread_rank()];
  }
};

/// Only thread 0 gets the sum.
struct uses_the_sum_of_the_leader {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, memory m) const {
    m.data[ctx.global_rank()] = xl::block_reduce_to_leader(ctx, s.scratch, 1, xl::plus{});
  }
};

}  // namespace corpus
