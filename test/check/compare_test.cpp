// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Comparisons of ranges: which elements are equal, and the texts for differences.
#include <crosslane/check/compare.hpp>
#include <support/comma_locale.hpp>
#include <support/recorded.hpp>
#include <support/target.hpp>

#include <array>
#include <limits>

namespace checks = crosslane::checks;
using namespace crosslane_test;

namespace {

constexpr float no_number = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

template <class E, class A>
checks::comparison of(E expected, A actual, checks::tolerance const& t = {}) {
  return checks::compare(std::array<E, 1>{expected}, std::array<A, 1>{actual}, t);
}

enum class offset : std::int8_t { back = -2, none = 0, on = 3 };
enum class mask : std::uint64_t { all = ~0ull };

struct pair {
  int a, b;
};
struct ordered : pair {
  friend bool operator==(ordered const& x, ordered const& y) { return x.a == y.a; }
};

CROSSLANE_TEST_ONCE(compare, equal_numbers) {
  CROSSLANE_CHECK(of(1.5f, 1.5f) && of(0.0f, -0.0f) && of(no_number, no_number) && of(infinity, infinity) && of(-infinity, -infinity));
  CROSSLANE_CHECK(!of(1.0f, std::nextafter(1.0f, 2.0f)) && !of(no_number, 1.0f) && !of(1.0f, no_number) && !of(infinity, -infinity));
  CROSSLANE_CHECK(of(0.1, 0.1f));  // rounded to actual's type
  CROSSLANE_CHECK(!of(0.1f, 0.1));
  CROSSLANE_CHECK(of(3, 3u) && of(-1, -1LL) && of(3, 3.0f) && of(true, 1));
  CROSSLANE_CHECK(!of(-1, ~0u) && !of(-1LL, ~0ull) && !of(std::int8_t(-1), std::uint8_t(255)) && !of(2.5, 2));
  CROSSLANE_CHECK(of(ordered{{1, 2}}, ordered{{1, 3}}) && !of(ordered{{1, 2}}, ordered{{2, 2}}));
  CROSSLANE_CHECK(of(pair{1, 2}, pair{1, 2}) && !of(pair{1, 2}, pair{1, 3}));
  CROSSLANE_CHECK(checks::compare(std::vector<int>{}, std::vector<int>{}));
}

CROSSLANE_TEST_ONCE(compare, differences) {
  CROSSLANE_CHECK_EQ(of(-3, 4).ulps, 7u);
  CROSSLANE_CHECK_EQ(of(4u, -3).ulps, 7u);
  CROSSLANE_CHECK_EQ(of(-5, -3).absolute, 2.0);
  CROSSLANE_CHECK_EQ(of(-4, -3).relative, 0.25);
  CROSSLANE_CHECK_EQ(of(0ull, ~0ull).ulps, ~0ull);
  CROSSLANE_CHECK_EQ(of(1.0f, std::nextafter(std::nextafter(1.0f, 2.0f), 2.0f)).ulps, 2u);
  CROSSLANE_CHECK_EQ(of(1.0, std::nextafter(1.0, 0.0)).ulps, 1u);
  float const smallest = std::numeric_limits<float>::denorm_min();
  CROSSLANE_CHECK_EQ(of(-smallest, smallest).ulps, 2u);  // across 0, which counts once
  CROSSLANE_CHECK_EQ(of(xl::half(1.0f), xl::half(1.0f + 3.0f / 1024)).ulps, 3u);
  CROSSLANE_CHECK_EQ(of(xl::bfloat16(-1.0f), xl::bfloat16(-1.0f - 1.0f / 128)).ulps, 1u);
  CROSSLANE_CHECK_EQ(of(0.0f, 1.0f).relative, double(infinity));
  CROSSLANE_CHECK_EQ(of(no_number, 1.0f).ulps, ~0ull);
  CROSSLANE_CHECK_EQ(of(infinity, std::numeric_limits<float>::max()).ulps, ~0ull);
}

/// Each bound separately, with a value just within it and a value just beyond it.
CROSSLANE_TEST_ONCE(compare, tolerances) {
  CROSSLANE_CHECK(of(8.0f, 9.0f, {.absolute = 1}) && !of(8.0f, 9.0f, {.absolute = 0.99}));
  CROSSLANE_CHECK(of(-8.0f, -9.0f, {.relative = 0.125}) && !of(-9.0f, -8.0f, {.relative = 0.11}));
  float const above = std::nextafter(std::nextafter(1.0f, 2.0f), 2.0f);
  CROSSLANE_CHECK(of(1.0f, above, {.ulps = 2}) && !of(1.0f, above, {.ulps = 1}));
  CROSSLANE_CHECK(of(10, 12, {.ulps = 2}) && of(10, 12, {.absolute = 2}) && of(10, 12, {.relative = 0.2}) && !of(10, 12, {.absolute = 1}));
  checks::tolerance const wide{.absolute = 1e30, .relative = 1e30, .ulps = ~0ull};
  CROSSLANE_CHECK(!of(no_number, 1.0f, wide) && !of(infinity, 1.0f, wide) && !of(1.0f, -infinity, wide));
}

/// If the type of `actual` cannot represent the expected number, no number of steps is enough; the other bounds still hold.
CROSSLANE_TEST_ONCE(compare, beyond_the_type) {
  xl::half const largest = std::numeric_limits<xl::half>::max();
  CROSSLANE_CHECK(!of(1e6, largest, {.ulps = 1}) && !of(-1e6f, -largest, {.ulps = 1000}) &&
                  !of(1e300, std::numeric_limits<float>::max(), {.ulps = 1}));
  CROSSLANE_CHECK_EQ(of(1e6, largest).ulps, ~0ull);
  CROSSLANE_CHECK(of(70000.0, largest, {.absolute = 5000}) && of(70000.0, largest, {.relative = 0.1}) &&
                  !of(70000.0, largest, {.relative = 0.01}));
  CROSSLANE_CHECK(of(0ull, ~0ull, {.absolute = 1e30}) && !of(0ull, ~0ull, {.ulps = ~0ull}));
}

/// Enumerations are compared as their underlying integers.
CROSSLANE_TEST_ONCE(compare, enumerations) {
  CROSSLANE_CHECK(of(offset::back, -2) && of(-2, offset::back) && of(offset::on, 3u) && !of(offset::back, ~1ull));
  CROSSLANE_CHECK_EQ(of(offset::back, offset::on).ulps, 5u);
  CROSSLANE_CHECK_EQ(of(offset::back, -1).relative, 0.5);
  CROSSLANE_CHECK(of(offset::back, -1, {.relative = 0.5}) && !of(offset::back, -1, {.relative = 0.4}));
  CROSSLANE_CHECK(contains(of(offset::back, offset::none).text(), ">            0                -2                 0             2"));
  CROSSLANE_CHECK(contains(of(mask{}, mask::all).text(), "18446744073709551615"));
}

/// 100 elements; 10 is one step off, 60 a lot.
CROSSLANE_TEST_ONCE(compare, text) {
  std::vector<float> expected(100), actual(100);
  for (std::size_t i = 0; i < 100; ++i) expected[i] = actual[i] = 1.0f + float(i) / 128;
  actual[10] = std::nextafter(actual[10], 2.0f);
  actual[60] += 0.25f;
  checks::comparison const c = checks::compare(expected, actual, {}, {"host", "gpu"});
  CROSSLANE_CHECK(!c && c.size == 100 && c.different == 2 && c.first == 10 && c.worst == 60 && c.absolute == 0.25);
  check_recorded(source_path("test/check/comparison.txt"), c.text());
  checks::comparison const near = checks::compare(expected, actual, {.absolute = 0.25});
  CROSSLANE_CHECK_EQ(near.text(), std::string("100 elements are the same; the largest difference is 0.25, relative 0.170213\n"));
  CROSSLANE_CHECK(contains(checks::compare(expected, actual, {.absolute = 0.1, .relative = 0.01, .ulps = 3}).text(),
                           "1 of 100 elements differ by more than 0.1, by more than 0.01 of the expected and by more than 3 ulp(s); "
                           "the first is 60\n"));
}

CROSSLANE_TEST_ONCE(compare, text_of_others) {
  checks::comparison const sizes = checks::compare(std::vector<int>{1, 2}, std::vector<int>{1, 2, 3}, {}, {"host, 32 lanes", "the rest"});
  CROSSLANE_CHECK_EQ(sizes.text(), std::string("host, 32 lanes has 2 elements, the rest has 3\n"));
  CROSSLANE_CHECK(!sizes && sizes.different == 0);
  std::string const integers = checks::compare(std::vector<int>{1, 2}, std::vector<int>{1, -3}).text();
  CROSSLANE_CHECK(contains(integers, ">            1                 2                -3             5  the worst\n"));
  CROSSLANE_CHECK(contains(integers, "                   4 to 7          1  ####"));
  CROSSLANE_CHECK(!contains(integers, "ulps"));
  std::string const objects = checks::compare(std::vector<pair>{{1, 2}, {3, 4}}, std::vector<pair>{{1, 2}, {3, 255}}).text();
  CROSSLANE_CHECK_EQ(objects, std::string("1 of 2 elements differ; the first is 1\n"
                                          "         index          expected            actual\n"
                                          "             0  0100000002000000  0100000002000000\n"
                                          ">            1  0300000004000000  03000000ff000000\n"));
  CROSSLANE_CHECK(contains(of(1.0f, no_number).text(), "infinite"));
}

CROSSLANE_TEST_ONCE(compare, points_in_every_locale) {
  std::vector<float> const expected{1.5f, 0.5f}, actual{1.5f, 0.25f};
  auto const texts = [&] {
    checks::tolerance const tolerances{.absolute = 0.125, .relative = 0.1};
    return checks::compare(expected, actual, tolerances).text() + checks::compare(expected, actual, {.absolute = 0.25}).text();
  };
  std::string const before = texts();
  comma_locale const locale;
  CROSSLANE_CHECK_EQ(texts(), before);
}

}  // namespace
