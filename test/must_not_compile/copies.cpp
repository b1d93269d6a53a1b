// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

#include <string>
#include <vector>

namespace xl = crosslane;

void copy(xl::stream const& q, xl::buffer<float>& floats, [[maybe_unused]] xl::buffer<int> const& ints) {
#if CROSSLANE_TEST_WRONG == 1
  xl::copy(q, ints, floats);
#elif CROSSLANE_TEST_WRONG == 2
  xl::copy(q, xl::span<double>{}, xl::span<float>{});
#elif CROSSLANE_TEST_WRONG == 3
  std::vector<std::string> const strings(3);
  xl::copy(q, strings, xl::span<std::string>{});
#elif CROSSLANE_TEST_WRONG == 4
  xl::copy(q, floats, xl::span<float const>{});
#elif CROSSLANE_TEST_WRONG == 5
  xl::copy_2d(q, xl::rows{ints, 1, 1, 1}, xl::rows{floats, 1, 1, 1});
#elif CROSSLANE_TEST_WRONG == 6
  xl::fill(q, xl::span<float const>{}, 1.f);
#elif CROSSLANE_TEST_WRONG == 7
  xl::for_each(q, xl::span<float const>{}, [] CROSSLANE_LAMBDA(float) {});
#elif CROSSLANE_TEST_WRONG == 8
  xl::copy(q, std::vector<float>(3), floats);
#elif CROSSLANE_TEST_WRONG == 9
  std::vector<float> const numbers(3);
  xl::transform(q, numbers, floats, [] CROSSLANE_LAMBDA(float x) { return x; });
#elif CROSSLANE_TEST_WRONG == 10
  xl::copy_2d(q, xl::rows{std::vector<float>(3), 3, 3, 1}, xl::rows{floats, 3, 3, 1});
#elif CROSSLANE_TEST_WRONG == 11
  xl::transform(q, floats, [] CROSSLANE_LAMBDA(float x) { return x; }, floats);
#elif CROSSLANE_TEST_WRONG == 12
  xl::transform(q, floats, [] CROSSLANE_LAMBDA(float x, float y) { return x + y; }, floats, floats);
#elif CROSSLANE_TEST_WRONG == 13
  xl::transform(q, floats, floats, floats, floats, floats, floats, [] CROSSLANE_LAMBDA(float, float, float, float, float) { return 0.f; });
#elif CROSSLANE_TEST_WRONG == 14
  xl::transform(q, floats, [] CROSSLANE_LAMBDA() { return 0.f; });
#else
  xl::transform(
      q, floats, floats, floats, floats, floats, [] CROSSLANE_LAMBDA(float, float, float, float) { return 0.f; },
      xl::source_location::current());
  xl::transform(q, floats, floats, [] CROSSLANE_LAMBDA(float x) { return x; }, xl::source_location::current());
  xl::copy_2d(q, xl::rows{xl::span<float const>{}, 1, 1, 0}, xl::rows{floats, 1, 1, 0});
  xl::copy(q, xl::span<float const>{}, floats);
#endif
}
