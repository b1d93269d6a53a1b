// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

#include <string>

namespace xl = crosslane;

#if CROSSLANE_TEST_WRONG == 1
using element = std::string;
#elif CROSSLANE_TEST_WRONG == 2
using element = int const;
#else
using element = int;
#endif

void make(xl::stream const& q) {
  xl::buffer<element> b{q, 5};
#if CROSSLANE_TEST_WRONG == 3
  b[0] = 1;  // device memory
#elif CROSSLANE_TEST_WRONG == 4
  xl::buffer<element> copy{b};
#elif CROSSLANE_TEST_WRONG == 5
  xl::pinned_buffer<element> other{std::move(b)};
#elif CROSSLANE_TEST_WRONG == 6
  xl::prefetch(q, b);
#elif CROSSLANE_TEST_WRONG == 7
  xl::host_registration<element> registered{q, b};
#endif
}
