// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that begin before the kernel before them has ended, and priorities of launches.
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned n = 1 << 14, block = 128, blocks = n / block;

/// x[i] = x[i] * factor + summand. The order of two steps shows in the result, and each block reads elements of another one's.
template <bool Early, bool Overlaps = true>
struct step {
  static constexpr bool overlaps_previous = Overlaps;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned const> from, xl::span<unsigned> to, unsigned summand) const {
    if (Early && ctx.thread_rank() == 0) ctx.let_next_start();
    ctx.wait_for_previous();
    for (auto i : ctx.grid_stride(to.size())) to[i] = 3 * from[(i + block) % to.size()] + summand;
    if (!Early && ctx.thread_rank() == 0) ctx.let_next_start();
  }
};

/// Lets the next kernel begin at once, and waits for nothing itself.
struct passes {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    if (ctx.thread_rank() == 0) ctx.let_next_start();
  }
};

struct waits_in_one_thread {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned const> from, xl::span<unsigned> to, unsigned summand) const {
    if (ctx.thread_rank() == 0) ctx.wait_for_previous();
    ctx.sync_block();
    for (auto i : ctx.grid_stride(to.size())) to[i] = 3 * from[(i + block) % to.size()] + summand;
  }
};

template <class K, class Between>
void test_steps(xl::device d, K const& kernel, Between const& between) {
  xl::stream const q{d};
  xl::buffer<unsigned> a{q, n}, b{q, n};
  std::vector<unsigned> start(n), next(n);
  for (unsigned i = 0; i < n; ++i) start[i] = i;
  xl::copy(q, start, a);
  std::vector<unsigned> expected = start;
  for (unsigned round = 0; round < 6; ++round) {
    xl::launch(q, {.grid = blocks, .block = block}, kernel, round % 2 == 0 ? a : b, round % 2 == 0 ? b : a, round);
    between(q);
    for (unsigned i = 0; i < n; ++i) next[i] = 3 * expected[(i + block) % n] + round;
    expected.swap(next);
  }
  CROSSLANE_CHECK(read(q, a) == expected);
}

CROSSLANE_TEST(overlap, waits_for_the_previous_kernel) {
  auto const nothing = [](xl::stream const&) {};
  test_steps(d, step<true>{}, nothing);
  test_steps(d, step<false>{}, nothing);
  test_steps(d, step<true, false>{}, nothing);  // does not overlap: the calls do nothing
  test_steps(d, waits_in_one_thread{}, nothing);
}

/// A kernel between two others that waits for nothing ends behind the first.
CROSSLANE_TEST(overlap, waits_at_the_end) {
  test_steps(d, step<true>{}, [](xl::stream const& q) {
    xl::launch(q, {.grid = 1, .block = 32}, passes{});
    xl::launch(q, {.grid = 3, .block = 32}, passes{});
  });
}

CROSSLANE_TEST(overlap, property) {
  if (host_build) CROSSLANE_CHECK(!d.properties().overlapping_launches);
}

CROSSLANE_TEST(priority, of_a_launch) {
  xl::stream const q{d, 1};
  xl::buffer<int> out{q, 64};
  for (int const priority : {xl::stream_priority, 0, 1, -1, 1000, -1000}) {
    xl::fill(q, out, 0);
    xl::launch(q, {.grid = 1, .block = 64, .priority = priority}, write_ranks{}, out);
    CROSSLANE_CHECK_EQ(read(q, out)[63], 190);
  }
}

}  // namespace
