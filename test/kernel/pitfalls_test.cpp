// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The mistakes of docs/pitfalls.md that occur while a kernel runs: the code is right in Crosslane, or the host finds the mistake.
/// Code that must not compile is in test/must_not_compile/lanes.cpp.
#include <crosslane/kernel/block.hpp>
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class K, class... A>
std::vector<unsigned> run(xl::device d, unsigned threads, K const& kernel, A const&... arguments) {
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, threads};
  xl::fill(q, out, 0);
  xl::launch(q, {.grid = 1, .block = threads}, kernel, arguments..., out);
  return read(q, out);
}

}  // namespace

// --- a ballot kept in 32 bits loses lanes ---

struct vote_of_last_lane {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const votes = xl::wave(ctx).ballot(ctx.lane_rank() == Ctx::wave_size - 1);
    static_assert(!std::is_convertible_v<decltype(votes), std::uint32_t> && !std::is_convertible_v<decltype(votes), std::uint64_t>);
    out[ctx.thread_rank()] = votes.count() == 1 ? votes.first() : 0;
  }
};

CROSSLANE_TEST(pitfall, ballot_has_every_lane) {
  unsigned const last = d.properties().wave_size - 1;
  CROSSLANE_CHECK_SAME(run(d, 128, vote_of_last_lane{}), std::vector<unsigned>(128, last));
}

// --- a shuffle without a width leaves its 32 lanes ---

struct tile_shuffles {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const t = xl::tile<32>(ctx);
    unsigned const own = ctx.thread_rank() / 32;
    bool inside = true;
    for (unsigned delta = 0; delta < 32; ++delta)
      inside = inside && t.shuffle_down(own, delta) == own && t.shuffle_up(own, delta) == own && t.shuffle_xor(own, delta) == own &&
               t.rotate(own, delta) == own && t.broadcast(own, delta) == own && t.shuffle(own, delta) == own;
    out[ctx.thread_rank()] = inside ? 1 : 0;
  }
};

CROSSLANE_TEST(pitfall, shuffles_stay_in_their_tile) { CROSSLANE_CHECK_SAME(run(d, 256, tile_shuffles{}), std::vector<unsigned>(256, 1)); }

// --- a mask is no integer ---

static_assert(!std::is_constructible_v<xl::lane_mask<64>, unsigned> && !std::is_constructible_v<xl::lane_mask<64>, std::uint64_t> &&
              !std::is_constructible_v<xl::lane_mask<32>, int> && !std::is_convertible_v<xl::lane_mask<32>, xl::lane_mask<64>>);

// --- the width of a wave is no constant, or another on the host ---

template <unsigned Width>
struct of_width {
  static constexpr unsigned value = Width;
};

struct use_width {
  template <class Ctx>
  struct shared {
    unsigned one_per_lane[Ctx::wave_size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned> out) const {
    unsigned const t = ctx.thread_rank();
    if (t < Ctx::wave_size) s.one_per_lane[t] = of_width<Ctx::wave_size>::value;
    ctx.sync_block();
    out[t] = s.one_per_lane[ctx.lane_rank()];
  }
};

CROSSLANE_TEST(pitfall, width_is_a_constant_and_the_one_of_the_device) {
  CROSSLANE_CHECK_SAME(run(d, 256, use_width{}), std::vector<unsigned>(256, d.properties().wave_size));
}

struct of_at_most_128_threads {
  static constexpr int max_threads = 128;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

CROSSLANE_TEST(pitfall, launch_above_the_bound_is_an_error) {
  xl::stream const q{d};
  expect_error(xl::errc::limit_exceeded, {"of_at_most_128_threads", "128", "256"},
               [&] { xl::launch(q, {.grid = 1, .block = 256}, of_at_most_128_threads{}); });
}

// --- operations of some lanes need a mask that is exactly these lanes ---

struct different_work {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    unsigned const t = ctx.thread_rank();
    auto const g = xl::wave(ctx).where(t % 3 == 0);
    unsigned result;
    if (t % 3 == 0) {
      result = g.reduce(1u, xl::plus{});
    } else {
      result = g.inclusive_scan(1u, xl::plus{});
      result = g.broadcast(result, g.size() - 1) + (g.any(t % 3 == 1) ? 1000u : 0u);
    }
    out[t] = result;
  }
};

CROSSLANE_TEST(pitfall, groups_carry_their_mask) {
  unsigned const wave_size = d.properties().wave_size;
  std::vector<unsigned> const got = run(d, 256, different_work{});
  std::vector<unsigned> expected(256);
  for (unsigned t = 0; t < 256; ++t) {
    unsigned const first = t / wave_size * wave_size;
    unsigned chosen = 0;
    for (unsigned i = first; i < first + wave_size; ++i) chosen += i % 3 == 0;
    expected[t] = t % 3 == 0 ? chosen : 1000 + wave_size - chosen;
  }
  CROSSLANE_CHECK_SAME(got, expected);
}

// --- rows of 32 lanes, two in a wave of 64, some of which leave early ---

struct sum_of_rows {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned rows, xl::span<unsigned> out) const {
    unsigned const row = ctx.thread_rank() / 32;
    if (row >= rows) return;
    auto const t = xl::tile<32>(ctx);
    out[ctx.thread_rank()] = t.reduce(t.inclusive_scan(row + 1, xl::plus{}), xl::plus{});
  }
};

CROSSLANE_TEST(pitfall, rows_are_tiles) {
  for (unsigned rows = 1; rows <= 4; ++rows) {
    std::vector<unsigned> expected(128);
    for (unsigned i = 0; i < rows * 32; ++i) expected[i] = (i / 32 + 1) * 32 * 33 / 2;
    CROSSLANE_CHECK_SAME(run(d, 128, sum_of_rows{}, rows), expected);
  }
}

// --- a wave's barrier that is lowered to nothing ---

struct pass_on {
  template <class Ctx>
  struct shared {
    unsigned word[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned> out) const {
    auto const w = xl::wave(ctx);
    unsigned const t = ctx.thread_rank(), next = t / Ctx::wave_size * Ctx::wave_size + (w.rank() + 1) % Ctx::wave_size;
    unsigned value = t;
    for (unsigned i = 0; i < Ctx::wave_size - 1; ++i) {
      s.word[t] = value;
      w.sync();
      value = s.word[next];
      w.sync();
    }
    out[t] = value;  // gone round the wave but for one step
  }
};

CROSSLANE_TEST(pitfall, wave_sync_orders_shared_memory) {
  unsigned const wave_size = d.properties().wave_size;
  std::vector<unsigned> expected(256);
  for (unsigned t = 0; t < 256; ++t) expected[t] = t / wave_size * wave_size + (t + wave_size - 1) % wave_size;
  CROSSLANE_CHECK_SAME(run(d, 256, pass_on{}), expected);
}

// --- a reduction of the hardware's width ---

struct sums_of_ones {
  template <class Ctx>
  struct shared {
    xl::block_scratch<unsigned, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned> out) const {
    static_assert(sizeof(s.scratch.waves) / sizeof(unsigned) == 1024 / Ctx::wave_size);  // one value for each wave, at either width
    unsigned const block = xl::block_reduce(ctx, s.scratch, 1u, xl::plus{});
    out[ctx.thread_rank()] = block * 10000 + xl::tile<32>(ctx).reduce(1u, xl::plus{}) * 100 + xl::tile<16>(ctx).reduce(1u, xl::plus{});
  }
};

CROSSLANE_TEST(pitfall, reductions_have_the_width_of_their_type) {
  CROSSLANE_CHECK_SAME(run(d, 512, sums_of_ones{}), std::vector<unsigned>(512, 512 * 10000 + 32 * 100 + 16));
}

#if !CROSSLANE_COMPILER_GPU()

// --- findings of the host ---

/// Returns the error of a kernel. It must be of this kind and contain all parts.
template <class K>
void expect_finding(xl::device d, xl::errc code, std::initializer_list<std::string> parts, unsigned threads, K const& kernel) {
  xl::stream const q{d};
  xl::launch(q, {.grid = 1, .block = threads}, kernel);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(e.code(), code);
  for (std::string const& part : parts)
    if (!contains(e.what(), part)) fail("no '" + part + "' in: " + e.what(), source_location::current());
  expect_usable(d);
}

struct vote_of_ten_lanes {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.lane_rank() < 10) (void)xl::wave(ctx).ballot(true);
  }
};

CROSSLANE_TEST(pitfall, lanes_of_the_mask_that_do_not_come_are_found) {
  expect_finding(d, xl::errc::divergent_wave, {"vote_of_ten_lanes", "lane 0", "lane 10 has returned"}, 64, vote_of_ten_lanes{});
}

struct row_leaves_before_wave_sum {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    unsigned const row = ctx.thread_rank() / 32;
    if (row >= 3) return;
    (void)xl::wave(ctx).reduce(1, xl::plus{});  // of the wave, where the row is meant
  }
};
struct row_leaves_before_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    unsigned const row = ctx.thread_rank() / 32;
    if (row >= 3) return;
    ctx.sync_block();
  }
};

CROSSLANE_TEST(pitfall, row_that_leaves_early_is_found) {
  if (d.properties().wave_size == 64)  // in waves of 32 lanes that row is alone in its wave
    expect_finding(d, xl::errc::divergent_wave, {"row_leaves_before_wave_sum", "lane 32 has returned"}, 128, row_leaves_before_wave_sum{});
  expect_finding(d, xl::errc::divergent_barrier, {"row_leaves_before_barrier", "32 thread(s) have returned"}, 128,
                 row_leaves_before_barrier{});
}

struct tail_leaves_before_barrier {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.global_rank() >= 100) return;
    ctx.sync_block();
  }
};

CROSSLANE_TEST(pitfall, return_before_a_barrier_is_found) {
  expect_finding(d, xl::errc::divergent_barrier, {"tail_leaves_before_barrier", "100 thread(s)", "28 thread(s) have returned"}, 128,
                 tail_leaves_before_barrier{});
}

#endif
