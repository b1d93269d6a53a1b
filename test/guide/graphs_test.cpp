// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/graphs.md, with tests of it.
#include <crosslane/algorithm.hpp>
#include <crosslane/graph.hpp>
#include <support/recorded.hpp>
#include <support/target.hpp>

namespace xl = crosslane;

struct scale {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x, float factor) const {
    if (auto const i = ctx.global_index(); i < x.size()) x[i] *= factor;
  }
};
struct add {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> x, xl::span<float> y) const {
    if (auto const i = ctx.global_index(); i < y.size()) y[i] += x[i];
  }
};

// [capture]
/// x *= 2 in each step, and the sum of x.
float steps(xl::stream const& q, xl::buffer<float>& x, int count) {
  xl::buffer<float> sum{q, 1};
  auto const reduce = [&](auto const& o) { xl::reduce(q, x, sum, xl::plus{}, o); };
  xl::workspace const memory{q, xl::workspace_size(reduce)};

  xl::graph_capture capture{q};
  xl::launch(q, {.grid = xl::cover(x.size(), 256), .block = 256}, scale{}, x, 2.f);
  reduce(xl::options<>{.workspace = memory});
  xl::executable_graph step = capture.end().instantiate();

  for (int i = 0; i < count; ++i) step.launch(q);
  return xl::to_vector(q, sum)[0];
}
// [capture]

// [nodes]
xl::graph sum_of_scaled(xl::device d, std::vector<float> const& in, xl::buffer<float>& x, xl::buffer<float>& y, std::vector<float>& out) {
  xl::launch_config const shape{.grid = xl::cover(x.size(), 256), .block = 256};
  xl::graph g{d};
  auto const copied = g.copy_node({}, in, x);
  auto const scaled = g.kernel_node({copied}, shape, scale{}, x, 3.f);
  auto const filled = g.fill_node({}, y, 1.f);
  auto const added = g.kernel_node({scaled, filled}, shape, add{}, x, y);
  g.copy_node({added}, y, out);
  return g;
}
// [nodes]

using namespace crosslane_test;

CROSSLANE_TEST(guide, captured_graph) {
  xl::stream const q{d};
  xl::buffer<float> x = upload(q, std::vector<float>(1000, 1.f));
  CROSSLANE_CHECK_EQ(steps(q, x, 3), 8000.f);
}

CROSSLANE_TEST(guide, graph_of_nodes) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 1000}, y{q, 1000};
  std::vector<float> const in(1000, 2.f);
  std::vector<float> out(1000);
  q.synchronize();
  xl::graph const g = sum_of_scaled(d, in, x, y, out);
  g.instantiate().launch(q);
  q.synchronize();
  CROSSLANE_CHECK_SAME(out, std::vector<float>(1000, 7.f));
  std::string text = without_folders(g.text());
  for (std::size_t at = 0; (at = text.find("_test.cpp:", at)) != std::string::npos;) {  // lines of this file change
    std::size_t const end = text.find_first_not_of("0123456789", at + 10);
    text.erase(at, (end == std::string::npos ? text.size() : end) - at);
    text.insert(at, ".cpp");
  }
  check_recorded(source_path("test/guide/findings/graph_text.txt"), text);
}
