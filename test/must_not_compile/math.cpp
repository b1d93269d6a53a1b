// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All arguments of a mathematical function must have one type; no argument is converted.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

CROSSLANE_DEVICE_FN float use(float x, [[maybe_unused]] double y, [[maybe_unused]] xl::half h) {
#if CROSSLANE_TEST_WRONG == 1
  return xl::min(1, x);  // which would be an integer?
#elif CROSSLANE_TEST_WRONG == 2
  return xl::max(x, 0);
#elif CROSSLANE_TEST_WRONG == 3
  return xl::pow(x, 2);
#elif CROSSLANE_TEST_WRONG == 4
  return float(xl::max(x, y));
#elif CROSSLANE_TEST_WRONG == 5
  return xl::exp(1);
#elif CROSSLANE_TEST_WRONG == 6
  return xl::clamp(x, 0.0, 1.0);
#elif CROSSLANE_TEST_WRONG == 7
  return float(xl::fast::exp(y));  // of float only
#elif CROSSLANE_TEST_WRONG == 8
  return float(xl::fma(h, h, x));
#elif CROSSLANE_TEST_WRONG == 9
  return float(xl::popcount(-1));  // bits are those of unsigned numbers
#elif CROSSLANE_TEST_WRONG == 10
  return float(xl::saturating_add(std::int8_t{1}, std::int8_t{1}));
#elif CROSSLANE_TEST_WRONG == 11
  return float(xl::dot4(1, 2, 3u));
#endif
  return xl::min(1.0f, xl::max(x, xl::pow(x, 2.0f))) + float(xl::exp(h)) + float(xl::popcount(3u));
}
