// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

#if CROSSLANE_TEST_WRONG == 1
#define MARK
#else
#define MARK CROSSLANE_FN
#endif
struct kernel {
  template <xl::kernel_context Ctx>
  MARK void operator()(Ctx const&) const {}
};

void launch(xl::stream const& q) { xl::launch(q, {.grid = 1, .block = 32}, kernel{}); }
