// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Questions about ranges, moves, and lazy ranges, against the C++ standard library.
#include <crosslane/algorithm.hpp>
#include <crosslane/graph.hpp>

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr std::size_t sizes[] = {1, 2, 33, 257, 4097, 20011};

std::vector<float> random_values(std::size_t n) {
  std::mt19937 random{unsigned(n)};
  std::vector<float> result(n);
  for (float& x : result) x = float(int(random() % 21) - 10);
  return result;
}

struct is_above {
  float limit;
  CROSSLANE_FN bool operator()(float x) const { return x > limit; }
};
struct times_index {
  CROSSLANE_FN std::uint64_t operator()(std::uint64_t i) const { return 3 * i; }
};
struct larger_first {
  CROSSLANE_FN bool operator()(float a, float b) const { return a > b; }
};
struct sum_of_pair {
  CROSSLANE_FN float operator()(xl::pair<float, float> const& p) const { return p.first + p.second; }
};

CROSSLANE_TEST(search, elements) {
  xl::stream const q{d};
  for (std::size_t const n : sizes) {
    std::vector<float> const values = random_values(n);
    xl::buffer<float> x{q, n};
    xl::copy(q, values, x);
    auto const place = [&](auto it) { return std::uint64_t(it - values.begin()); };
    CROSSLANE_CHECK_EQ(xl::min_element(q, x), place(std::min_element(values.begin(), values.end())));
    CROSSLANE_CHECK_EQ(xl::max_element(q, x), place(std::max_element(values.begin(), values.end())));
    CROSSLANE_CHECK_EQ(xl::min_element(q, x, larger_first{}), place(std::max_element(values.begin(), values.end())));
    auto const both = xl::minmax_element(q, x);
    auto const expected = std::minmax_element(values.begin(), values.end());
    CROSSLANE_CHECK_EQ(both.first, place(expected.first));
    CROSSLANE_CHECK_EQ(both.second, place(expected.second));
    for (float const limit : {-11.f, 0.f, 9.f, 10.f}) {
      is_above const above{limit};
      CROSSLANE_CHECK_EQ(xl::count_if(q, x, above), std::uint64_t(std::count_if(values.begin(), values.end(), above)));
      CROSSLANE_CHECK_EQ(xl::find_if(q, x, above), place(std::find_if(values.begin(), values.end(), above)));
      CROSSLANE_CHECK_EQ(xl::any_of(q, x, above), std::any_of(values.begin(), values.end(), above));
      CROSSLANE_CHECK_EQ(xl::all_of(q, x, above), std::all_of(values.begin(), values.end(), above));
      CROSSLANE_CHECK_EQ(xl::none_of(q, x, above), std::none_of(values.begin(), values.end(), above));
    }
  }
}

/// Calls that wait for a result queue nothing if they are asked for the size of a workspace, so a captured stream takes them.
CROSSLANE_TEST(search, workspace_size_does_not_wait) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 20011};
  xl::graph_capture capture{q};
  std::size_t const bytes = xl::workspace_size([&](auto const& o) {
    (void)xl::reduce(q, x, xl::plus{}, o);
    (void)xl::minmax_element(q, x, xl::less{}, o);
    (void)xl::find_if(q, x, is_above{1}, o);
  });
  (void)capture.end();
  CROSSLANE_CHECK(bytes != 0);
}
/// Ranges whose number of elements only the device knows: none, and fewer indices than elements.
CROSSLANE_TEST(search, counted) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 100};
  xl::buffer<std::uint64_t> none{q, 1}, index{q, 100}, out{q, 100}, few{q, 1};
  xl::fill(q, none, std::uint64_t{0});
  CROSSLANE_CHECK_EQ(xl::min_element(q, xl::counted(x, none)), 0u);
  auto const both = xl::minmax_element(q, xl::counted(x, none));
  CROSSLANE_CHECK(both.first == 0 && both.second == 0);
  xl::fill(q, few, std::uint64_t{2});
  xl::fill(q, out, std::uint64_t{9});
  xl::generate(q, index.subspan(0, 2), times_index{});
  xl::scatter(q, xl::counting(std::uint64_t{5}, 100), xl::counted(index, few), out);
  CROSSLANE_CHECK_SAME(read(q, out.subspan(0, 4)), (std::vector<std::uint64_t>{5, 9, 9, 6}));
}

struct second_first {
  template <class A, class B>
  CROSSLANE_FN bool operator()(xl::pair<A, B> const& a, xl::pair<A, B> const& b) const {
    return a.second < b.second;
  }
};
/// Three arrays as one range, which is also an output.
CROSSLANE_TEST(ranges, three_arrays) {
  xl::stream const q{d};
  std::vector<int> const a{5, 1, 4, 1}, c{3, 2, 1, 0};
  std::vector<float> const b{1.f, 2.f, 3.f, 4.f};
  xl::buffer<int> x = upload(q, a), z = upload(q, c), x_out{q, 4}, z_out{q, 4};
  xl::buffer<float> y = upload(q, b), y_out{q, 4};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::merge_sort(q, xl::zipped(xl::zipped(x, y), z), second_first{});
  xl::unique(q, xl::zipped(xl::zipped(x, y), z), xl::zipped(xl::zipped(x_out, y_out), z_out), count);
  CROSSLANE_CHECK_EQ(read(q, count)[0], 4u);
  CROSSLANE_CHECK_SAME(read(q, x_out), (std::vector<int>{1, 4, 1, 5}));
  CROSSLANE_CHECK_SAME(read(q, y_out), (std::vector<float>{4.f, 3.f, 2.f, 1.f}));
  CROSSLANE_CHECK_SAME(read(q, z_out), (std::vector<int>{0, 1, 2, 3}));
}

/// The total order: -0 is below +0, and a NaN is above all numbers.
CROSSLANE_TEST(search, zeros_and_nan) {
  xl::stream const q{d};
  float const nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> const values{0.f, nan, -0.f, 1.f, -0.f};
  xl::buffer<float> x{q, values.size()};
  xl::copy(q, values, x);
  CROSSLANE_CHECK_EQ(xl::min_element(q, x), std::uint64_t{2});
  CROSSLANE_CHECK_EQ(xl::max_element(q, x), std::uint64_t{1});
}

CROSSLANE_TEST(ranges, lazy) {
  xl::stream const q{d};
  for (std::size_t const n : sizes) {
    std::vector<float> const values = random_values(n);
    std::vector<unsigned> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937{7});
    xl::buffer<float> x{q, n}, y{q, n}, z{q, n};
    xl::buffer<unsigned> index{q, n};
    xl::buffer<std::uint64_t> count{q, 1};
    xl::copy(q, values, x);
    xl::copy(q, order, index);
    std::vector<float> expected(n), scattered(n), scan(n);
    for (std::size_t i = 0; i < n; ++i) expected[i] = values[order[i]], scattered[order[i]] = values[i];
    xl::gather(q, x, index, y);
    CROSSLANE_CHECK_SAME(read(q, y), expected);
    xl::scatter(q, x, index, y);
    CROSSLANE_CHECK_SAME(read(q, y), scattered);
    std::adjacent_difference(values.begin(), values.end(), expected.begin());
    xl::adjacent_difference(q, x, y);
    CROSSLANE_CHECK_SAME(read(q, y), expected);
    xl::inclusive_scan(q, xl::reversed(x), xl::reversed(y), xl::plus{});
    std::inclusive_scan(values.rbegin(), values.rend(), scan.rbegin());
    CROSSLANE_CHECK_SAME(read(q, y), scan);
    xl::fill(q, y, 2.f);
    CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(xl::zipped(x, y), sum_of_pair{}), xl::plus{}),
                       std::accumulate(values.begin(), values.end(), 2.f * float(n)));
    // A number of elements that only the device knows, through ranges of ranges.
    xl::copy_if(q, x, z, count, is_above{0});
    float positive = 0;
    for (float const v : values) positive += v > 0 ? v + 2 : 0;
    CROSSLANE_CHECK_EQ(xl::reduce(q, xl::transformed(xl::zipped(xl::counted(z, count), y), sum_of_pair{}), xl::plus{}), positive);
    if (std::any_of(values.begin(), values.end(), is_above{0})) {
      std::vector<float> kept;
      std::copy_if(values.begin(), values.end(), std::back_inserter(kept), is_above{0});
      CROSSLANE_CHECK_EQ(xl::max_element(q, xl::counted(z, count)),
                         std::uint64_t(std::max_element(kept.begin(), kept.end()) - kept.begin()));
    }
    xl::buffer<std::uint64_t> numbers{q, n};
    xl::generate(q, numbers, times_index{});
    CROSSLANE_CHECK_EQ(read(q, numbers)[n - 1], std::uint64_t(3 * (n - 1)));
  }
}

}  // namespace
