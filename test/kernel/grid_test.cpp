// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels whose blocks wait for each other, and the number of blocks that fit.
#include <support/target.hpp>

#include <algorithm>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

bool has_cooperative_launch(xl::device d) { return d.properties().cooperative_launch; }

/// A value walks around the whole grid: each thread passes on what its neighbour wrote, `rounds` times. A different block is
/// late for each barrier, so that the other blocks would overtake it if they did not wait.
template <class Base>
struct pass_around : Base {
  static constexpr bool cooperative = true;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> value, unsigned const* zero, unsigned rounds) const {
    auto const rank = std::size_t(ctx.global_rank()), size = std::size_t(ctx.global_size());
    unsigned const block = unsigned(ctx.block_rank()), blocks = unsigned(ctx.block_count());
    value[rank] = unsigned(rank) + late(ctx, zero, block == blocks - 1);
    for (unsigned i = 0; i < rounds; ++i) {
      ctx.sync_grid();
      unsigned const neighbour = value[(rank + 1) % size + late(ctx, zero, block == i % blocks)];
      ctx.sync_grid();
      value[rank] = neighbour + late(ctx, zero, block == (i + 1) % blocks);
    }
  }

  /// Returns 0 after some time, in which the block calls its own barrier many times.
  template <class Ctx>
  CROSSLANE_FN static unsigned late(Ctx const& ctx, unsigned const* zero, bool yes) {
    unsigned sum = 0;
    for (unsigned i = 0; yes && i < 100; ++i) {
      ctx.sync_block();
      sum += zero[sum];
    }
    return sum;
  }
};

/// The argument of kernels that do not run.
constexpr unsigned const* no_zero = nullptr;

struct any_block {};
struct fixed_block {
  static constexpr auto block = xl::block_size<96>;
};
struct planes {
  static constexpr int dimensions = 2;
};
struct boxes {
  static constexpr auto block = xl::block_size<4, 5, 3>;
};
struct bounded {
  static constexpr int max_threads = 128;
  static constexpr int min_blocks = 2;
};

template <class Base>
void check_pass_around(xl::device d, xl::extent3 grid, xl::extent3 block, unsigned rounds = 5) {
  xl::stream const q{d};
  unsigned const n = unsigned(grid.size() * block.size());
  xl::buffer<unsigned> value{q, n};
  xl::buffer<unsigned> const zero = upload(q, std::vector<unsigned>(1, 0));
  xl::launch(q, {.grid = grid, .block = block}, pass_around<Base>{}, value, zero.data(), rounds);
  std::vector<unsigned> expected(n);
  for (unsigned i = 0; i < n; ++i) expected[i] = (i + rounds) % n;
  CROSSLANE_CHECK_SAME(read(q, value), expected);
}

CROSSLANE_TEST(grid, barriers) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  // The thread sanitizer takes 15 ms for each fiber.
  constexpr unsigned most = CROSSLANE_SANITIZE_THREAD() ? 31 : 777;
  for (unsigned const block : {1u, 31u, 64u, 100u, 256u}) {
    if (block > most) continue;
    check_pass_around<any_block>(d, 1, block);
    check_pass_around<any_block>(d, 2, block);
    check_pass_around<any_block>(d, 7, block);
  }
  check_pass_around<any_block>(d, 2, most);
  check_pass_around<fixed_block>(d, 7, 96);
  check_pass_around<planes>(d, {2, 3}, {9, 7});
  check_pass_around<boxes>(d, {2, 1, 3}, {4, 5, 3});
  check_pass_around<bounded>(d, 7, 128);
  check_pass_around<any_block>(d, 7, 64, 101);  // the barrier's counter flips an even and an odd number of times
}

/// The largest grid that fits runs, and sees all its blocks.
CROSSLANE_TEST(grid, as_many_blocks_as_fit) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  for (unsigned const block : {8u, 256u}) {
    if (CROSSLANE_SANITIZE_THREAD() && block > 8) continue;  // the sanitizer has room for some 8000 fibers
    unsigned const most = xl::max_cooperative_blocks(d, {.block = block}, pass_around<any_block>{}, xl::span<unsigned>{}, no_zero, 1u);
    CROSSLANE_REQUIRE(most > 0);
    check_pass_around<any_block>(d, most, block, 2);
  }
}

/// total[b] = the sum of all elements, for every block b. The blocks exchange their partial sums in `sums`.
struct sum {
  static constexpr bool cooperative = true;
  template <class Ctx>
  struct shared {
    xl::block_scratch<std::uint64_t, Ctx> reduce, last;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned const> in, xl::span<std::uint64_t> sums,
                               xl::span<std::uint64_t> total) const {
    std::uint64_t mine = 0;
    for (auto i : ctx.grid_stride(in.size())) mine += in[i];
    mine = xl::block_reduce(ctx, s.reduce, mine, xl::plus{});
    if (ctx.thread_rank() == 0) sums[ctx.block_index()] = mine;
    ctx.sync_grid();
    // every block reads what all have written
    std::uint64_t all = 0;
    for (auto i : ctx.block_stride(sums.size())) all += sums[i];
    all = xl::block_reduce(ctx, s.last, all, xl::plus{});
    if (ctx.thread_rank() == 0) total[ctx.block_index()] = all;
  }
};

CROSSLANE_TEST(grid, reduction) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  xl::stream const q{d};
  constexpr unsigned n = 10007, grid = 5;
  std::vector<unsigned> v(n);
  std::uint64_t expected = 0;
  for (unsigned i = 0; i < n; ++i) expected += v[i] = i * 2654435761u;
  xl::buffer<unsigned> const in = upload(q, v);
  xl::buffer<std::uint64_t> sums{q, grid}, total{q, grid};
  xl::launch(q, {.grid = grid, .block = 200}, sum{}, in, sums, total);
  CROSSLANE_CHECK_SAME(read(q, total), std::vector<std::uint64_t>(grid, expected));
}

/// Launches of one kernel that may overlap: no launch may release the barrier of another.
CROSSLANE_TEST(grid, several_streams) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  constexpr unsigned streams = 4, grid = 2, block = 64, n = grid * block, rounds = 40;
  std::vector<xl::stream> queues;
  std::vector<xl::buffer<unsigned>> values;
  xl::buffer<unsigned> const zero = upload(xl::stream{d}, std::vector<unsigned>(1, 0));
  for (unsigned i = 0; i < streams; ++i) {
    queues.emplace_back(d);
    values.emplace_back(queues.back(), n);
  }
  for (unsigned repeat = 0; repeat < 3; ++repeat)
    for (unsigned i = 0; i < streams; ++i)
      xl::launch(queues[i], {.grid = grid, .block = block}, pass_around<any_block>{}, values[i], zero.data(), rounds + i);
  for (unsigned i = 0; i < streams; ++i) {
    std::vector<unsigned> expected(n);
    for (unsigned t = 0; t < n; ++t) expected[t] = (t + rounds + i) % n;
    CROSSLANE_CHECK_SAME(read(queues[i], values[i]), expected);
  }
}

/// Each thread reads a value that another thread of its block wrote, in shared memory of both kinds.
struct through_shared {
  static constexpr bool cooperative = true;
  struct shared {
    unsigned word[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    auto const words = xl::dynamic_shared<unsigned>(ctx);
    unsigned const rank = ctx.thread_rank();
    s.word[rank] = ctx.block_index();
    words[rank] = rank;
    ctx.sync_grid();  // a barrier of the block too
    unsigned const other = 63 - rank;
    out[std::size_t(ctx.global_rank())] = s.word[other] * 64 + words[other];
  }
};

CROSSLANE_TEST(grid, is_a_barrier_of_the_block) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 3 * 64};
  xl::launch(q, {.grid = 3, .block = 64, .dynamic_shared = 256}, through_shared{}, out);
  std::vector<unsigned> expected(3 * 64);
  for (unsigned i = 0; i < 3 * 64; ++i) expected[i] = i / 64 * 64 + 63 - i % 64;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

std::string number(std::uint64_t n) { return show(static_cast<unsigned long long>(n)); }

struct waits_for_others {
  static constexpr bool resident = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<unsigned>) const {}
};
CROSSLANE_TEST(bad_grid, too_many_resident_blocks) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  xl::stream const q{d};
  xl::buffer<unsigned> value{q, 1};
  unsigned const most = xl::max_cooperative_blocks(d, {.block = 128}, waits_for_others{}, value.view());
  xl::launch(q, {.grid = most, .block = 128}, waits_for_others{}, value);
  expect_error(xl::errc::limit_exceeded, {"waits_for_others", "a resident grid of " + number(most + 1) + " blocks", "is " + number(most)},
               [&] { xl::launch(q, {.grid = most + 1, .block = 128}, waits_for_others{}, value); });
}

CROSSLANE_TEST(bad_grid, too_many_blocks) {
  if (!has_cooperative_launch(d)) skip("no cooperative launches");
  xl::stream const q{d};
  unsigned const resident = xl::blocks_per_multiprocessor(d, {.block = 128}, pass_around<any_block>{}, xl::span<unsigned>{}, no_zero, 1u);
  unsigned const multiprocessors = d.properties().multiprocessors, most = resident * multiprocessors;
  xl::buffer<unsigned> value{q, std::size_t{most + 1} * 128};
  xl::fill(q, value, 7u);
  expect_error(xl::errc::limit_exceeded,
               {"pass_around", number(most + 1) + " blocks", "is " + number(most),
                number(resident) + " per multiprocessor x " + number(multiprocessors)},
               [&] { xl::launch(q, {.grid = most + 1, .block = 128}, pass_around<any_block>{}, value, no_zero, 1u); });
  expect_error(xl::errc::limit_exceeded, {number(std::uint64_t{60000} * 60000) + " blocks"},
               [&] { xl::launch(q, {.grid = {60000, 60000}, .block = {8, 8}}, pass_around<planes>{}, value, no_zero, 1u); });
  CROSSLANE_CHECK_SAME(read(q, value), std::vector<unsigned>(std::size_t{most + 1} * 128, 7));
  expect_usable(d);
}

// --- occupancy ---

struct with_shared {
  struct shared {
    char bytes[24 * 1024];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<char> out) const {
    s.bytes[ctx.thread_rank()] = char(ctx.thread_rank());
    ctx.sync_block();
    out[std::size_t(ctx.global_rank())] = s.bytes[ctx.block_size() - 1 - ctx.thread_rank()];
  }
};

CROSSLANE_TEST(occupancy, blocks) {
  xl::device_properties const& p = d.properties();
  xl::stream const q{d};
  xl::buffer<int> out{q, 1};
  unsigned last = ~0u;
  for (unsigned const block : {64u, 128u, 256u, 512u, 1024u}) {
    unsigned const blocks = xl::blocks_per_multiprocessor(d, {.block = block}, write_ranks{}, out);
    CROSSLANE_CHECK(blocks >= 1 && blocks <= last);
    CROSSLANE_CHECK(blocks * block <= p.max_threads_per_multiprocessor);
    last = blocks;
  }
  if constexpr (host_build) {
    CROSSLANE_CHECK_EQ(xl::blocks_per_multiprocessor(d, {.block = 1024}, write_ranks{}, out), 2u);
    CROSSLANE_CHECK_EQ(xl::blocks_per_multiprocessor(d, {.block = 1}, write_ranks{}, out), 32u);
  }
}

/// A GPU's multiprocessor divides its shared memory among the blocks; the struct of the kernel and the dynamic part both count.
CROSSLANE_TEST(occupancy, shared_memory_counts) {
  xl::span<char> const out;
  unsigned const alone = xl::blocks_per_multiprocessor(d, {.block = 64}, write_ranks{}, xl::span<int>{});
  unsigned const with_struct = xl::blocks_per_multiprocessor(d, {.block = 64}, with_shared{}, out);
  unsigned const with_both = xl::blocks_per_multiprocessor(d, {.block = 64, .dynamic_shared = 24 * 1024}, with_shared{}, out);
  CROSSLANE_CHECK(with_both >= 1);
  if constexpr (host_build) {
    CROSSLANE_CHECK_EQ(alone, 32u);
    CROSSLANE_CHECK_EQ(with_both, alone);
  } else {
    CROSSLANE_CHECK(with_struct < alone);
    CROSSLANE_CHECK(with_both < with_struct);
  }
  std::size_t const limit = d.properties().shared_per_block_optin;
  CROSSLANE_CHECK(xl::blocks_per_multiprocessor(d, {.block = 64, .dynamic_shared = limit}, write_ranks{}, xl::span<int>{}) >= 1);
  expect_error(xl::errc::limit_exceeded, {"with_shared", number(limit), number(24 * 1024)},
               [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 64, .dynamic_shared = limit}, with_shared{}, out); });
}

CROSSLANE_TEST(occupancy, suggested_block) {
  xl::device_properties const& p = d.properties();
  xl::span<int> const out;
  unsigned const block = xl::suggested_block_size(d, {}, write_ranks{}, out);
  CROSSLANE_CHECK(block % p.wave_size == 0 && block <= p.max_threads_per_block);
  // no size holds more threads, and no larger size holds as many
  unsigned const threads = block * xl::blocks_per_multiprocessor(d, {.block = block}, write_ranks{}, out);
  for (unsigned other = p.wave_size; other <= p.max_threads_per_block; other += p.wave_size) {
    unsigned const others = other * xl::blocks_per_multiprocessor(d, {.block = other}, write_ranks{}, out);
    CROSSLANE_CHECK(others < threads + (other <= block));
  }
  xl::span<unsigned> const value;
  CROSSLANE_CHECK(xl::suggested_block_size(d, {}, pass_around<bounded>{}, value, no_zero, 1u) <= 128);
  CROSSLANE_CHECK_EQ(xl::suggested_block_size(d, {}, pass_around<boxes>{}, value, no_zero, 1u), 60u);
  xl::stream const q{d};
  xl::buffer<int> ranks{q, std::size_t{3} * block};
  xl::launch(q, {.grid = 3, .block = block}, write_ranks{}, ranks);
  CROSSLANE_CHECK_EQ(read(q, ranks).back(), int(3 * (3 * block - 1) + 1));
}

CROSSLANE_TEST(occupancy, what_a_launch_would_refuse) {
  xl::span<unsigned> const value;
  expect_error(xl::errc::limit_exceeded, {"write_ranks", "4096"},
               [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 4096}, write_ranks{}, xl::span<int>{}); });
  expect_error(xl::errc::invalid_argument, {"write_ranks", "the block has 0 threads"},
               [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 0}, write_ranks{}, xl::span<int>{}); });
  expect_error(xl::errc::invalid_argument, {"pass_around", "the block has 0 threads"},
               [&] { (void)xl::max_cooperative_blocks(d, {.block = 0}, pass_around<any_block>{}, value, no_zero, 1u); });
  expect_error(xl::errc::limit_exceeded, {"129", "128"},
               [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 129}, pass_around<bounded>{}, value, no_zero, 1u); });
  expect_error(xl::errc::invalid_argument, {"no block size"},
               [&] { (void)xl::blocks_per_multiprocessor(d, {}, pass_around<any_block>{}, value, no_zero, 1u); });
  expect_error(xl::errc::limit_exceeded, {"write_ranks", number(std::size_t{1} << 40)},
               [&] { (void)xl::suggested_block_size(d, {.dynamic_shared = std::size_t{1} << 40}, write_ranks{}, xl::span<int>{}); });
  CROSSLANE_CHECK(xl::max_cooperative_blocks(d, {}, pass_around<fixed_block>{}, value, no_zero, 1u) > 0 || !has_cooperative_launch(d));
}

}  // namespace
