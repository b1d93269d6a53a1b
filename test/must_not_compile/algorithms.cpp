// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wrong calls of algorithms on whole arrays.
#include <crosslane/algorithm.hpp>

#include <vector>

namespace xl = crosslane;

void run(xl::stream const& q, xl::buffer<float>& x, xl::buffer<unsigned>& counts, [[maybe_unused]] std::vector<float> const& values,
         [[maybe_unused]] xl::buffer<int>& number) {
  xl::reduce(q, counts, counts, xl::plus{}, xl::options<xl::everywhere>{});
#if CROSSLANE_TEST_WRONG == 1
  xl::reduce(q, x, x, xl::plus{}, xl::options<xl::everywhere>{});  // sums of floats
#elif CROSSLANE_TEST_WRONG == 2
  (void)xl::transformed(values, [] CROSSLANE_LAMBDA(float a) { return a; });  // memory of the host
#elif CROSSLANE_TEST_WRONG == 3
  (void)xl::counted(x, number);  // not a std::uint64_t
#elif CROSSLANE_TEST_WRONG == 4
  xl::copy_if(q, x, x, x, [] CROSSLANE_LAMBDA(float a) { return a > 0; });  // a count in a float
#elif CROSSLANE_TEST_WRONG == 5
  (void)xl::reduce(q, values, xl::plus{});  // memory of the host
#elif CROSSLANE_TEST_WRONG == 6
  (void)xl::reduce(q, xl::transformed(x, [](float* a) { return a; }), xl::plus{});  // does not take an element
#endif
}
