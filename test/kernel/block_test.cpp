// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of whole blocks against their definition, for blocks of any size and of a fixed one.
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/numeric.hpp>
#include <support/affine_maps.hpp>
#include <support/target.hpp>

#include <limits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct results {
  map reduced, prefix, total, inclusive, broadcast, exclusive_bare, leaders, exclusive;
  xl::scan_result<map> bare_and_total, inclusive_and_total;
};

struct operations {
  template <class Ctx>
  struct shared {
    xl::block_scratch<map, Ctx> a, b, c, d, e, g, h, i;
    xl::block_reduce_scratch<map, Ctx> f;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<map const> in, map initial, unsigned root,
                               xl::span<results> out) const {
    map const mine = in[ctx.thread_rank()];
    auto const scan = xl::block_exclusive_scan_and_total(ctx, s.b, mine, compose{}, initial);
    out[ctx.thread_rank()] = {xl::block_reduce(ctx, s.a, mine, compose{}),
                              scan.prefix,
                              scan.total,
                              xl::block_inclusive_scan(ctx, s.c, mine, compose{}),
                              xl::block_broadcast(ctx, s.d, mine, root),
                              xl::block_exclusive_scan(ctx, s.e, mine, compose{}),
                              xl::block_reduce_to_leader(ctx, s.f, mine, compose{}),
                              xl::block_exclusive_scan(ctx, s.g, mine, compose{}, initial),
                              xl::block_exclusive_scan_and_total(ctx, s.h, mine, compose{}),
                              xl::block_inclusive_scan_and_total(ctx, s.i, mine, compose{})};
  }
};
template <unsigned Threads>
struct operations_of : operations {
  static constexpr auto block = xl::block_size<Threads>;
};

template <class K>
void check_block(xl::stream const& q, unsigned threads, std::mt19937& random, K const& kernel) {
  std::vector<map> in(threads);
  for (auto& m : in) m = {{std::uint32_t(random() | 1)}, {std::uint32_t(random())}};
  map const initial{{std::uint32_t(random() | 1)}, {7}};
  unsigned const root = unsigned(random() % threads);
  xl::buffer<map> device_in{q, threads};
  xl::buffer<results> device_out{q, threads};
  std::vector<results> out(threads);
  xl::copy(q, in, device_in);
  xl::launch(q, {.grid = 1, .block = threads}, kernel, std::as_const(device_in), initial, root, device_out);
  xl::copy(q, device_out, out);
  q.synchronize();

  map total = in[0];
  for (unsigned i = 1; i < threads; ++i) total = compose{}(total, in[i]);
  map inclusive{}, prefix = initial, bare = in[0];
  unsigned wrong = 0;
  for (unsigned i = 0; i < threads; ++i) {
    inclusive = i == 0 ? in[0] : compose{}(inclusive, in[i]);
    bool const right = out[i].reduced == total && out[i].total == total && out[i].prefix == prefix && out[i].inclusive == inclusive &&
                       out[i].broadcast == in[root] && (i != 0 || out[i].leaders == total) && out[i].exclusive_bare == bare &&
                       out[i].exclusive == prefix && out[i].bare_and_total.prefix == bare && out[i].bare_and_total.total == total &&
                       out[i].inclusive_and_total.prefix == inclusive && out[i].inclusive_and_total.total == total;
    bare = inclusive;
    if (!right) ++wrong;
    prefix = compose{}(prefix, in[i]);
  }
  if (wrong != 0)
    fail(std::to_string(wrong) + " of " + std::to_string(threads) + " threads have wrong results", source_location::current());
}

}  // namespace

CROSSLANE_TEST(block, of_any_size) {
  xl::stream const q{d};
  std::mt19937 random{3};
  for (unsigned threads : {1u, 2u, 31u, 32u, 33u, 63u, 64u, 65u, 100u, 128u, 129u, 255u, 256u, 500u, 512u, 1000u, 1023u, 1024u})
    check_block(q, threads, random, operations{});
}
CROSSLANE_TEST(block, of_fixed_size) {
  xl::stream const q{d};
  std::mt19937 random{4};
  check_block(q, 32, random, operations_of<32>{});
  check_block(q, 100, random, operations_of<100>{});
  check_block(q, 1024, random, operations_of<1024>{});
#if CROSSLANE_TEST_ALL
  check_block(q, 96, random, operations_of<96>{});
  check_block(q, 256, random, operations_of<256>{});
  check_block(q, 512, random, operations_of<512>{});
  check_block(q, 1000, random, operations_of<1000>{});
#endif
}

// Blocks use other code than above if lanes reduce by one instruction, or if the operator is known to be commutative.
namespace {

template <class T, class Op>
struct of_numbers {
  template <class Ctx>
  struct shared {
    xl::block_scratch<T, Ctx> a, b, c;
    xl::block_reduce_scratch<T, Ctx> d, e;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<T const> in, xl::span<T> out) const {
    unsigned const rank = ctx.thread_rank(), size = ctx.block_size();
    out[rank] = xl::block_reduce(ctx, s.a, in[rank], Op{});
    auto const scan = xl::block_exclusive_scan_and_total(ctx, s.b, in[rank], Op{}, T(3));
    out[size + rank] = scan.prefix;
    out[2 * size + rank] = scan.total;
    out[3 * size + rank] = xl::block_inclusive_scan(ctx, s.c, in[rank], Op{});
    out[4 * size + rank] = xl::block_reduce(ctx, s.d, in[rank], Op{});
    T const of_leader = xl::block_reduce_to_leader(ctx, s.e, in[rank], Op{});
    if (rank == 0) out[5 * size] = of_leader;
  }
};
template <class T, class Op, unsigned Threads>
struct of_numbers_fixed : of_numbers<T, Op> {
  static constexpr auto block = xl::block_size<Threads>;
};

template <class T, class Op, class K>
void check_numbers(xl::stream const& q, unsigned threads, K const& kernel) {
  std::mt19937 random{threads};
  std::vector<T> in(threads);
  for (T& x : in) x = static_cast<T>(static_cast<int>(random() % 2001) - 1000);  // sums are exact in every type
  xl::buffer<T> device_in{q, threads}, device_out{q, threads * 5 + 1};
  std::vector<T> out(threads * 5 + 1), want(threads * 5 + 1);
  xl::copy(q, in, device_in);
  xl::launch(q, {.grid = 1, .block = threads}, kernel, std::as_const(device_in), device_out);
  xl::copy(q, device_out, out);
  q.synchronize();
  T prefix = T(3), inclusive{};
  for (unsigned i = 0; i < threads; ++i) {
    inclusive = i == 0 ? in[0] : Op{}(inclusive, in[i]);
    want[threads + i] = prefix;
    want[3 * threads + i] = inclusive;
    prefix = Op{}(prefix, in[i]);
  }
  for (unsigned i = 0; i < threads; ++i) want[i] = want[2 * threads + i] = want[4 * threads + i] = inclusive;
  want[5 * threads] = inclusive;
  CROSSLANE_CHECK_SAME(out, want);
}

template <class T, class Op>
void check_all_numbers(xl::device d) {
  xl::stream const q{d};
  for (unsigned threads : {1u, 32u, 33u, 64u, 100u, 256u, 640u, 1000u, 1024u}) check_numbers<T, Op>(q, threads, of_numbers<T, Op>{});
  check_numbers<T, Op>(q, 100, of_numbers_fixed<T, Op, 100>{});
  if constexpr (all_combinations || (std::is_same_v<T, int> && std::is_same_v<Op, xl::plus>)) {
    check_numbers<T, Op>(q, 64, of_numbers_fixed<T, Op, 64>{});
    check_numbers<T, Op>(q, 256, of_numbers_fixed<T, Op, 256>{});
    check_numbers<T, Op>(q, 640, of_numbers_fixed<T, Op, 640>{});
    check_numbers<T, Op>(q, 1000, of_numbers_fixed<T, Op, 1000>{});
    check_numbers<T, Op>(q, 1024, of_numbers_fixed<T, Op, 1024>{});
  }
}

}  // namespace

namespace {

/// Each scratch is used again after one barrier, in several rounds: no thread may overwrite a value that another thread still reads.
struct rounds {
  template <class Ctx>
  struct shared {
    xl::block_scratch<unsigned, Ctx> waves;
    xl::block_reduce_scratch<unsigned, Ctx> threads;
    xl::block_exchange_scratch<unsigned, 2, Ctx> items;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<unsigned> wrong) const {
    unsigned const rank = ctx.thread_rank(), size = ctx.block_size();
    for (unsigned round = 0; round < 20; ++round) {
      unsigned const sum = size * round + size * (size - 1) / 2;  // of rank + round
      bool right = xl::block_reduce(ctx, s.waves, rank + round, xl::plus{}) == sum;
      ctx.sync_block();
      right &= xl::block_exclusive_scan_and_total(ctx, s.waves, rank + round, xl::plus{}, 0u).total == sum;
      ctx.sync_block();
      right &= xl::block_broadcast(ctx, s.waves, rank + round, round % size) == round % size + round;
      ctx.sync_block();
      right &= xl::block_reduce(ctx, s.threads, rank + round, xl::plus{}) == sum;
      unsigned items[2] = {2 * rank + round, 2 * rank + 1 + round};
      xl::block_exchange<xl::arrangement::blocked, xl::arrangement::striped>(ctx, s.items, items);
      right &= items[0] == rank + round && items[1] == size + rank + round;
      ctx.sync_block();
      if (!right) ++wrong[rank];
    }
  }
};
template <unsigned Threads>
struct rounds_of : rounds {
  static constexpr auto block = xl::block_size<Threads>;
};

}  // namespace

CROSSLANE_TEST(block, scratch_is_used_again_after_a_barrier) {
  xl::stream const q{d};
  auto const check = [&](unsigned threads, auto const& kernel) {
    xl::buffer<unsigned> wrong{q, threads};
    xl::fill(q, wrong, 0u);
    xl::launch(q, {.grid = 1, .block = threads}, kernel, wrong);
    std::vector<unsigned> out(threads), none(threads);
    xl::copy(q, wrong, out);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, none);
  };
  for (unsigned threads : {1u, 33u, 256u, 1024u}) check(threads, rounds{});
  check(128, rounds_of<128>{});
  check(1024, rounds_of<1024>{});
}

CROSSLANE_TEST_ONCE(functional, minimum_and_maximum_pass_over_nan) {
  auto const check = []<class T>(T nan, T one) {
    CROSSLANE_CHECK(xl::minimum{}(nan, one) == one);
    CROSSLANE_CHECK(xl::minimum{}(one, nan) == one);
    CROSSLANE_CHECK(xl::maximum{}(nan, one) == one);
    CROSSLANE_CHECK(xl::maximum{}(one, nan) == one);
  };
  float const nan = std::numeric_limits<float>::quiet_NaN();
  check(nan, 1.f);
  check(double{nan}, 1.);
  check(xl::half(nan), xl::half(1.f));
  check(xl::bfloat16(nan), xl::bfloat16(1.f));
}

namespace {
struct any_of {
  template <class Ctx>
  struct shared {
    xl::block_scratch<bool, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, unsigned holder, xl::span<unsigned> out) const {
    out[ctx.thread_rank()] = xl::block_reduce(ctx, s.scratch, ctx.thread_rank() == holder, xl::bit_or{}) ? 1 : 0;
  }
};
}  // namespace

CROSSLANE_TEST(block, or_of_bool) {
  xl::stream const q{d};
  for (unsigned threads : {1u, 70u, 1024u})
    for (unsigned holder : {0u, threads - 1, threads}) {
      xl::buffer<unsigned> out{q, threads};
      xl::launch(q, {.grid = 1, .block = threads}, any_of{}, holder, out);
      std::vector<unsigned> got(threads), want(threads, holder < threads ? 1 : 0);
      xl::copy(q, out, got);
      q.synchronize();
      CROSSLANE_CHECK_SAME(got, want);
    }
}
CROSSLANE_TEST(block, sums_of_int) { check_all_numbers<int, xl::plus>(d); }
CROSSLANE_TEST(block, minimum_of_int) { check_all_numbers<int, xl::minimum>(d); }
CROSSLANE_TEST(block, or_of_unsigned) { check_all_numbers<unsigned, xl::bit_or>(d); }
CROSSLANE_TEST(block, maximum_of_float) { check_all_numbers<float, xl::maximum>(d); }
CROSSLANE_TEST(block, sums_of_double) { check_all_numbers<double, xl::plus>(d); }
#if CROSSLANE_TEST_ALL
CROSSLANE_TEST(block, maximum_of_int) { check_all_numbers<int, xl::maximum>(d); }
CROSSLANE_TEST(block, and_of_unsigned) { check_all_numbers<unsigned, xl::bit_and>(d); }
#endif
