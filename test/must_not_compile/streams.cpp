// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

void use(xl::stream_ref q);

void pass(xl::stream const& q) {
#if CROSSLANE_TEST_WRONG == 1
  use(nullptr);
#elif CROSSLANE_TEST_WRONG == 2
  use(0);
#elif CROSSLANE_TEST_WRONG == 3
  xl::buffer<int> b{nullptr, 5};
#elif CROSSLANE_TEST_WRONG == 4
  xl::stream copy{q};
#elif CROSSLANE_TEST_WRONG == 5
  xl::event a{xl::device{0}}, b{xl::device{0}};
  (void)xl::elapsed_milliseconds(a, b);  // not timed
#else
  use(q);
#endif
}
