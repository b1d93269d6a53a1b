// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs: nodes added one by one, captures, launches, changes, texts and faults.
#include <crosslane/algorithm.hpp>
#include <crosslane/graph.hpp>
#include <support/target.hpp>

#include <numeric>
#include <stdexcept>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct add_to_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int value) const {
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] += value;
  }
};
struct scale_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int factor) const {
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] *= factor;
  }
};
struct sum_of_two {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> a, xl::span<int const> b, xl::span<int> out) const {
    if (auto const i = ctx.global_rank(); i < out.size()) out[i] = a[i] + b[i];
  }
};
struct count_down {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> left, xl::span<int> rounds) const {
    if (ctx.global_rank() != 0) return;
    left[0] -= 1;
    rounds[0] += 1;
  }
};

constexpr int n = 100;
constexpr xl::launch_config shape() { return {.grid = 2, .block = 64}; }

std::vector<int> all(int value) { return std::vector<int>(n, value); }

/// Every kind of node, in a graph that forks and joins.
CROSSLANE_TEST(graph, nodes) {
  xl::stream const q{d};
  xl::buffer<int> a{q, n}, b{q, n}, c{q, n};
  std::vector<int> const in = all(5);
  std::vector<int> out(n);
  int calls = 0;
  xl::event done{d};
  q.synchronize();

  xl::graph child{d};
  auto const first = child.kernel_node({}, shape(), add_to_all{}, b, 1);
  child.kernel_node({first}, shape(), scale_all{}, b, 10);

  xl::graph g{d};
  auto const copied = g.copy_node({}, in, a);
  auto const filled = g.fill_node({}, b, 2);
  auto const part = g.child_node({filled}, child);
  auto const both = g.empty_node({copied, part});
  auto const sum = g.kernel_node({both}, shape(), sum_of_two{}, a, b, c);
  auto const told = g.host_node({sum}, [&calls] { ++calls; });
  auto const recorded = g.record_node({told}, done);
  g.copy_node({sum, recorded}, c, out);
  CROSSLANE_CHECK_EQ(g.size(), 8u);
  CROSSLANE_CHECK_SAME(std::string(g.name(sum)), std::string(xl::type_name<sum_of_two>()));

  xl::executable_graph run = g.instantiate();
  for (int i = 1; i <= 2; ++i) {
    out.assign(n, 0);
    run.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, all(35));
    CROSSLANE_CHECK_EQ(calls, i);
    CROSSLANE_CHECK(done.query());
  }
}

}  // namespace
