// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Arguments that must be the same in all lanes of a group, or in all threads of a block, and are not.
#pragma once

#include "guise.hpp"

namespace corpus {

struct broadcast_from_a_value {
  static constexpr guise of{kind::different_arguments, "registers", "broadcast", "straight line"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const t = xl::tile<16>(ctx);
    unsigned const from = unsigned(m.data[ctx.thread_rank()]) % 16;
    int const value = int(ctx.thread_rank());
    m.data[results + ctx.global_rank()] = m.right ? t.shuffle(value, from) : t.broadcast(value, from);
  }
};
struct distance_of_the_row {
  static constexpr guise of{kind::different_arguments, "registers", "shuffle down", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const w = xl::wave(ctx);
    int sum = m.data[ctx.thread_rank()];
    unsigned const longest = m.right ? 8u : 8u >> (w.rank() / 16 % 2);
    for (unsigned i = 0; i < 2; ++i) sum += w.shuffle_down(sum, longest >> i);
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct modulus_of_a_row {
  static constexpr guise of{kind::different_arguments, "registers", "reduction", "lambda"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const modulus = m.right ? 7 : 7 + int(ctx.lane_rank() / 16);
    auto const sum = [modulus](int a, int b) { return (a + b) % modulus; };
    m.data[results + ctx.global_rank()] = xl::wave(ctx).reduce(m.data[ctx.thread_rank()], sum);
  }
};
struct bins_of_a_histogram {
  static constexpr guise of{kind::different_arguments, "device", "aggregated increment", "function"};
  template <class Ctx>
  CROSSLANE_FN static void count(Ctx const& ctx, int& bin, bool right) {
    if (right)
      xl::atomic(ctx, bin).fetch_add(1);
    else
      (void)xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, bin));
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    count(ctx, m.data[results + unsigned(m.data[ctx.thread_rank()]) % 4], m.right);
  }
};
struct counters_of_rows {
  static constexpr guise of{kind::different_arguments, "managed", "aggregated add", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    unsigned const row = m.right ? ctx.thread_rank() / 32 : ctx.thread_rank() / 8;
    (void)xl::aggregated_add(xl::tile<32>(ctx), xl::atomic(ctx, m.managed[row]), 2);
  }
};
struct root_of_each_thread {
  static constexpr guise of{.kind = kind::different_arguments,
                            .memory = "shared",
                            .access = "block broadcast",
                            .structure = "branch",
                            .has_consequences = true};  // two roots write the value
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, arguments m) const {
    unsigned root = 20;
    if (!m.right && ctx.thread_rank() >= 32) root = 40;
    m.data[results + ctx.global_rank()] = xl::block_broadcast(ctx, s.scratch, m.data[ctx.thread_rank()], root);
  }
};
struct part_of_each_wave {
  static constexpr guise of{kind::different_arguments, "shared", "asynchronous copy", "function"};
  struct shared {
    alignas(16) int tile[2][128];
  };
  template <class Ctx>
  CROSSLANE_FN static void load(Ctx const& ctx, shared& s, xl::span<int const> from, unsigned part) {
    xl::async_copies copies{ctx};
    copies.copy_block(s.tile[part], from.subspan(part * 128, 128));
    copies.commit();
    copies.wait();
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (m.right)
      for (unsigned part = 0; part < 2; ++part) load(ctx, s, m.data, part);
    else
      load(ctx, s, m.data, ctx.thread_rank() / 32);
    ctx.sync_block();
    if (m.right) m.data[results + ctx.global_rank()] = s.tile[1][ctx.thread_rank()];
  }
};

}  // namespace corpus
