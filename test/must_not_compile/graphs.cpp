// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Nodes that a graph cannot have.
#include <crosslane/graph.hpp>

#include <vector>

namespace xl = crosslane;

struct cooperative_kernel {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<int>) const {}
};
struct kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<int>) const {}
};

void nodes(xl::graph& g, xl::buffer<int>& x, xl::buffer<double>& numbers, xl::graph const& body) {
  auto const first = g.kernel_node({}, {.grid = 1, .block = 32}, kernel{}, x);
#if CROSSLANE_TEST_WRONG == 1
  g.kernel_node({first}, {.grid = 1, .block = 32}, cooperative_kernel{}, x);
#elif CROSSLANE_TEST_WRONG == 2
  g.fill_node({first}, numbers, 1.0);
#elif CROSSLANE_TEST_WRONG == 3
  g.while_node({first}, x, body);
#elif CROSSLANE_TEST_WRONG == 4
  g.copy_node({first}, std::vector<int>(4), x);
#else
  g.fill_node({first}, x, 1);
  (void)numbers, (void)body;
#endif
}
