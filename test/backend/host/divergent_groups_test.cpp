// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of groups that are not called by exactly the lanes of the group. Each is an error that names the waiting and the absent
/// lanes.
#include <crosslane/kernel/tile.hpp>
#include <support/failing_kernel.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Checks that the kernel fails with divergent_wave and that the text contains all parts.
template <class K>
void expect_divergent(xl::device d, std::initializer_list<std::string> parts, K const& kernel, unsigned threads = 64,
                      source_location where = source_location::current()) {
  expect_error(error_in(d, threads, kernel), xl::errc::divergent_wave, parts, where);
}

struct part_of_a_tile {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    auto const t = xl::tile<8>(ctx);
    if (t.group_rank() == 1 && t.rank() == 3) return;
    (void)t.reduce(1, xl::plus{});
  }
};
CROSSLANE_TEST(divergent_group, part_of_a_tile) {
  expect_divergent(d, {"part_of_a_tile", "lane 8 of wave 0", "lanes 0xff00", "lane 11 has returned"}, part_of_a_tile{});
}

/// Only some members of each of the two groups of a predicate call the operation.
struct some_members {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    auto const g = xl::wave(ctx).where(ctx.lane_rank() < 5);
    if (ctx.lane_rank() < 4 || ctx.lane_rank() == 6) (void)g.any(true);
  }
};
CROSSLANE_TEST(divergent_group, some_members) {
  expect_divergent(d, {"some_members", "lanes 0x1f", "lane 4 has returned"}, some_members{});
}

struct member_at_the_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.thread_rank() == 1)
      ctx.sync_block();
    else
      xl::tile<2>(ctx).sync();
  }
};
CROSSLANE_TEST(divergent_group, member_at_the_barrier) {
  expect_divergent(d, {"lanes 0x3", "lane 1 waits at a barrier"}, member_at_the_barrier{}, 2);
}

/// The same operation at two places.
struct different_places {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    auto const t = xl::tile<4>(ctx);
    if (t.rank() == 2) {
      lines[0] = __LINE__ + 1;
      (void)t.ballot(true);
    } else {
      lines[1] = __LINE__ + 1;
      (void)t.ballot(true);
    }
  }
};
CROSSLANE_TEST(divergent_group, different_places) {
  unsigned lines[2] = {};
  xl::stream const q{d};
  xl::launch(q, {.grid = 1, .block = 4}, different_places{}, &lines[0]);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::divergent_wave);
  CROSSLANE_CHECK(contains(e.what(), "lane 0 of wave 0"));
  CROSSLANE_CHECK(contains(e.what(), std::string(__FILE__) + ":" + std::to_string(lines[1])));
  CROSSLANE_CHECK(contains(e.what(), "but lane 2 waits in an operation of lanes 0xf at"));
  CROSSLANE_CHECK(contains(e.what(), std::string(__FILE__) + ":" + std::to_string(lines[0])));
}

/// Lanes that call the same operation on groups of different sizes.
struct different_groups {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.thread_rank() < 4)
      (void)xl::tile<8>(ctx).any(true);
    else
      (void)xl::tile<4>(ctx).any(true);
  }
};
CROSSLANE_TEST(divergent_group, different_groups) { expect_divergent(d, {"lanes 0xff", "lane 4 has returned"}, different_groups{}, 8); }

struct elect_of_some {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.lane_rank() != 7) (void)xl::wave(ctx).elect();
  }
};
CROSSLANE_TEST(divergent_group, elect_of_some) { expect_divergent(d, {"elect_of_some", "lane 7 has returned"}, elect_of_some{}); }

/// A loop with an operation inside, which some lanes leave earlier.
struct uneven_loop {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    auto const t = xl::tile<16>(ctx);
    for (unsigned i = 0; i < 1 + t.rank() / 8; ++i) (void)t.shuffle_xor(i, 1);
  }
};
CROSSLANE_TEST(divergent_group, uneven_loop) { expect_divergent(d, {"uneven_loop", "lane 0 has returned"}, uneven_loop{}, 16); }

struct shuffle_out_of_the_tile {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    auto const t = xl::tile<8>(ctx);
    (void)t.shuffle(1, t.rank() + 1);  // rank 8 does not exist
  }
};
CROSSLANE_TEST(divergent_group, shuffle_out_of_the_tile) {
  xl::error const e = error_in(d, 16, shuffle_out_of_the_tile{});
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::invalid_lane);
  CROSSLANE_CHECK(contains(e.what(), "lane 7 reads from lane 8, which is not in its group of lanes 0xff"));
}

// --- kernels without mistakes ---

/// Tiles take different branches, and some return. In the other tiles the lanes of even rank work as a group. Then all
/// lanes of the tile synchronise, and the lowest of them is elected.
struct legal_divergence {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const t = xl::tile<8>(ctx);
    unsigned const tile = ctx.thread_rank() / 8;
    if (tile % 4 == 3) return;
    unsigned sum = 0;
    for (unsigned i = 0; i <= tile; ++i) sum += t.reduce(1u, xl::plus{});
    bool const even = t.rank() % 2 == 0;
    auto const g = t.where(even);
    if (even) sum += g.reduce(100u, xl::plus{});
    sum += t.reduce(even ? 1000u : 0u, xl::plus{});
    out[ctx.thread_rank()] = t.elect() ? sum + 1 : sum;
  }
};
CROSSLANE_TEST(divergent_group, not_reported_where_there_is_none) {
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 192};
  xl::fill(q, out, 0);
  xl::launch(q, {.grid = 1, .block = 192}, legal_divergence{}, out);
  std::vector<unsigned> expected(192);
  for (unsigned t = 0; t < 192; ++t)
    if (t / 8 % 4 != 3) expected[t] = 8 * (t / 8 + 1) + (t % 2 == 0 ? 400 : 0) + 4000 + (t % 8 == 0 ? 1 : 0);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

}  // namespace
