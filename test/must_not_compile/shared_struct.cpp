// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct kernel {
  struct shared {
#if CROSSLANE_TEST_WRONG == 1
    int sum = 0;
#elif CROSSLANE_TEST_WRONG == 2
    int sum;
    CROSSLANE_FN ~shared() {}
#elif CROSSLANE_TEST_WRONG == 3
    int sum[300 * 1024];
#else
    int sum;
#endif
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, shared&) const {}
};

void launch(xl::stream const& q) { xl::launch(q, {.grid = 1, .block = 32}, kernel{}); }
