// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wrong calls of algorithms on whole arrays.
#include <crosslane/algorithm.hpp>

#include <vector>

namespace xl = crosslane;

struct eighty_bytes {
  float x[20];
};
CROSSLANE_FN eighty_bytes operator+(eighty_bytes const& a, eighty_bytes const&) { return a; }

void run(xl::stream const& q, xl::buffer<float>& x, xl::buffer<unsigned>& counts, [[maybe_unused]] std::vector<float> const& values,
         [[maybe_unused]] xl::buffer<int>& number, [[maybe_unused]] xl::buffer<std::uint64_t>& size,
         [[maybe_unused]] xl::buffer<eighty_bytes>& large, [[maybe_unused]] xl::span<float const> constant) {
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
#elif CROSSLANE_TEST_WRONG == 7
  xl::unique(q, xl::zipped(x, counts), xl::zipped(constant, xl::constant(1u, 9)), counts);  // a zipped range of values
#elif CROSSLANE_TEST_WRONG == 8
  xl::exclusive_scan(q, x, x, xl::plus{}, 0.0f);  // the operator before the initial value
#elif CROSSLANE_TEST_WRONG == 9
  (void)xl::reduce(q, large, xl::plus{});  // lanes exchange at most 64 bytes
#elif CROSSLANE_TEST_WRONG == 10
  xl::copy_if(q, x, x, counts, [values](float a) { return a > values[0]; });  // memory of the host in a predicate
#elif CROSSLANE_TEST_WRONG == 11
  xl::radix_sort_by_key(q, counts, xl::counted(x, size), counts, x);  // a number of values
#elif CROSSLANE_TEST_WRONG == 12
  xl::gather(q, x, x, x);  // indices that are no integers
#endif
}
