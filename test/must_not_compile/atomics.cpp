// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic operations that no target has, and orders that an operation cannot have.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, [[maybe_unused]] bool* small, int* number, float* real) const {
    auto const count = xl::atomic(ctx, *number);
    auto const sum = xl::atomic<xl::scope::system>(ctx, *real);
#if CROSSLANE_TEST_WRONG == 1
    xl::atomic(ctx, *small).store(true);
#elif CROSSLANE_TEST_WRONG == 2
    xl::atomic(ctx, *static_cast<int const*>(number)).load();
#elif CROSSLANE_TEST_WRONG == 3
    count.load(xl::release{});
#elif CROSSLANE_TEST_WRONG == 4
    count.store(1, xl::acquire{});
#elif CROSSLANE_TEST_WRONG == 5
    xl::fence(ctx, xl::relaxed{});
#elif CROSSLANE_TEST_WRONG == 6
    sum.fetch_or(1);
#elif CROSSLANE_TEST_WRONG == 7
    sum.fetch_add_coarse_grained(1);  // the program may see it: it is not in coarse-grained memory
#elif CROSSLANE_TEST_WRONG == 8
    xl::atomic(ctx, 1).load();  // no object
#endif
    count.fetch_add(1);
    sum.fetch_add(1, xl::seq_cst{});
  }
};

void launch(xl::stream const& q, bool* s, int* i, float* f) { xl::launch(q, {.grid = 1, .block = 32}, kernel{}, s, i, f); }
