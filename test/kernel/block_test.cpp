// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of whole blocks against their definition, for blocks of any size and of a fixed one.
#include <crosslane/kernel/block.hpp>
#include <support/target.hpp>

#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// x -> a * x + b: composition is associative, not commutative.
struct map {
  std::uint32_t a, b;
  friend bool operator==(map const&, map const&) = default;
};
struct compose {
  CROSSLANE_FN map operator()(map const& f, map const& g) const { return {f.a * g.a, f.b * g.a + g.b}; }
};

struct results {
  map reduced, prefix, total, inclusive, broadcast;
};

struct operations {
  template <class Ctx>
  struct shared {
    xl::block_scratch<map, Ctx> a, b, c, d;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<map const> in, map initial, unsigned root,
                               xl::span<results> out) const {
    map const mine = in[ctx.thread_rank()];
    auto const scan = xl::block_scan(ctx, s.b, mine, compose{}, initial);
    out[ctx.thread_rank()] = {xl::block_reduce(ctx, s.a, mine, compose{}), scan.prefix, scan.total,
                              xl::block_inclusive_scan(ctx, s.c, mine, compose{}), xl::block_broadcast(ctx, s.d, mine, root)};
  }
};
template <unsigned Threads>
struct operations_of : operations {
  static constexpr auto block = xl::block_size<Threads>;
};

template <class K>
void check_block(xl::stream const& q, unsigned threads, std::mt19937& random, K const& kernel) {
  std::vector<map> in(threads);
  for (auto& m : in) m = {std::uint32_t(random() | 1), std::uint32_t(random())};
  map const initial{std::uint32_t(random() | 1), 7};
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
  map inclusive{}, prefix = initial;
  unsigned wrong = 0;
  for (unsigned i = 0; i < threads; ++i) {
    inclusive = i == 0 ? in[0] : compose{}(inclusive, in[i]);
    bool const right = out[i].reduced == total && out[i].total == total && out[i].prefix == prefix && out[i].inclusive == inclusive &&
                       out[i].broadcast == in[root];
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
  check_block(q, 96, random, operations_of<96>{});
  check_block(q, 256, random, operations_of<256>{});
}
