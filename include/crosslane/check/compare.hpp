// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the elements of two results and describes how they differ: the first difference, the largest one, and the distribution of the
/// errors. Needs no device and no test framework.
#pragma once

#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/number_text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace crosslane::checks {

/// The tolerance of a comparison. Two elements are the same if they are equal or if at least one bound holds. NaN is the same as NaN only,
/// and -0 is the same as 0. An infinity differs infinitely from every other value. If all bounds are 0, elements must be equal.
///
/// Two integers are compared exactly. An integer compared with a floating-point number, and a long double, are converted to the nearest
/// double first, which is inexact beyond 2^53.
struct tolerance {
  double absolute = 0;  ///< |expected - actual| <= absolute
  double relative = 0;  ///< |expected - actual| <= relative * |expected|
  /// The number of steps between neighbouring representable numbers of the actual type. The expected number is first rounded to that type;
  /// if that is not finite, no number of steps suffices. For integers a step is 1.
  std::uint64_t ulps = 0;
};

/// The names of the two sides in the text of a comparison.
struct side_names {
  std::string expected = "expected";  ///< the name of the expected side
  std::string actual = "actual";      ///< the name of the actual side
};

/// The result of compare().
struct comparison {
  std::size_t size = 0;       ///< the number of elements compared: the size of the shorter side
  std::size_t different = 0;  ///< elements beyond the tolerance
  std::size_t first = 0;      ///< index of the first element beyond the tolerance
  std::size_t worst = 0;      ///< index of the largest absolute difference, whether or not it is within the tolerance
  /// The largest absolute difference of all elements, including those within the tolerance. Infinite if one side is NaN or infinite and the
  /// other differs, and for elements that are not numbers if they differ.
  double absolute = 0;
  double relative = 0;      ///< the largest difference relative to the expected number
  std::uint64_t ulps = 0;   ///< the largest number of steps; for integers the difference. 2^64 - 1 means infinite
  std::string differences;  ///< a description of the differences; empty if both sides are the same

  /// Whether both sides are the same.
  explicit operator bool() const noexcept { return differences.empty(); }
  /// Returns the differences, or the largest difference if both sides are the same.
  std::string text() const;
};

}  // namespace crosslane::checks

namespace crosslane::detail {

[[gnu::format(printf, 2, 3)]] inline void append(std::string& text, char const* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  text += line;
}

// --- numbers ---

template <class T>
inline constexpr bool is_whole = std::is_integral_v<T> || std::is_enum_v<T>;
template <class T>
inline constexpr bool is_real = is_small_float<T> || std::is_floating_point_v<T>;

inline constexpr double infinite = std::numeric_limits<double>::infinity();

struct element_difference {
  double absolute = 0, relative = 0;
  std::uint64_t steps = 0;  // steps between representable numbers; 2^64 - 1: infinite
  bool within(checks::tolerance const& t, double magnitude) const noexcept {
    if (steps <= t.ulps && steps != ~std::uint64_t{0}) return true;
    return absolute != infinite && (absolute <= t.absolute || absolute <= t.relative * magnitude);
  }
};
inline constexpr element_difference no_number{infinite, infinite, ~std::uint64_t{0}};

/// Returns x, or the underlying integer of an enumeration.
template <class T>
constexpr auto stored_integer(T x) {
  if constexpr (std::is_enum_v<T>)
    return static_cast<std::underlying_type_t<T>>(x);
  else
    return x;
}
/// Whether x < 0.
template <class T>
constexpr bool is_negative(T x) {
  if constexpr (std::is_signed_v<T>)
    return x < 0;
  else
    return false;
}

template <class T>
double to_double(T const& x) {
  if constexpr (is_small_float<T>)
    return double(float(x));
  else
    return double(x);
}

/// Returns the position of x in the ordering of all numbers of its type.
template <class T>
std::int64_t ordinal(T const& x) {
  if constexpr (is_small_float<T>) {
    using bits_type = typename T::bits_type;
    constexpr std::int64_t sign = std::int64_t{1} << (8 * sizeof(bits_type) - 1);
    std::int64_t const bits = x.bits();
    return bits < sign ? bits : sign - bits;
  } else if constexpr (sizeof(T) == 4) {
    std::int32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits >= 0 ? bits : std::int64_t{std::numeric_limits<std::int32_t>::min()} - bits;
  } else {
    double const value = double(x);
    std::int64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
  }
}

template <class E, class A>
element_difference difference_of(E const& expected, A const& actual) {
  element_difference d;
  double magnitude = 0;
  if constexpr (is_whole<E> && is_whole<A>) {
    bool const below = is_negative(stored_integer(expected)), actual_below = is_negative(stored_integer(actual));
    auto const a = std::uint64_t(expected), b = std::uint64_t(actual);
    if (below == actual_below) {
      bool const larger = below ? std::int64_t(a) > std::int64_t(b) : a > b;
      d.steps = larger ? a - b : b - a;
    } else {
      std::uint64_t const positive = below ? b : a, negative = below ? 0 - a : 0 - b;
      d.steps = positive + negative < positive ? ~std::uint64_t{0} : positive + negative;
    }
    d.absolute = double(d.steps);
    magnitude = below ? double(0 - a) : double(a);
  } else if constexpr ((is_whole<E> || is_real<E>) && (is_whole<A> || is_real<A>)) {
    double const a = to_double(expected), b = to_double(actual);
    if (a == b || (std::isnan(a) && std::isnan(b))) return d;
    if (!std::isfinite(a) || !std::isfinite(b)) return no_number;
    d.absolute = std::abs(a - b);
    magnitude = std::abs(a);
    if constexpr (is_real<A>) {
      A const rounded = static_cast<A>(a);
      std::int64_t const i = ordinal(rounded), j = ordinal(actual);
      d.steps = i > j ? std::uint64_t(i) - std::uint64_t(j) : std::uint64_t(j) - std::uint64_t(i);
      if (!std::isfinite(to_double(rounded))) d.steps = ~std::uint64_t{0};
    } else {
      d.steps = std::uint64_t(std::ceil(std::min(d.absolute, 1e18)));
    }
  } else if constexpr (requires { bool(expected == actual); }) {
    return expected == actual ? d : no_number;
  } else {
    static_assert(
        std::is_same_v<E, A> && std::is_trivially_copyable_v<E>,
        "crosslane: elements can be compared if both are numbers, if they have ==, or if both have the same trivially copyable type");
    return __builtin_memcmp(&expected, &actual, sizeof(E)) == 0 ? d : no_number;
  }
  if (d.absolute != 0) d.relative = magnitude == 0 ? infinite : d.absolute / magnitude;
  return d;
}

template <class T>
std::string show_element(T const& x) {
  std::string text;
  if constexpr (std::is_enum_v<T>)
    text = show_element(stored_integer(x));
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    append(text, "%lld", static_cast<long long>(x));
  else if constexpr (std::is_integral_v<T>)
    append(text, "%llu", static_cast<unsigned long long>(x));
  else if constexpr (is_real<T>)
    text = number_text(to_double(x), sizeof(T) >= 8 ? 17 : sizeof(T) == 4 ? 9 : 5);
  else
    for (std::size_t i = 0; i < sizeof(T) && i < 16; ++i) append(text, "%02x", reinterpret_cast<unsigned char const*>(&x)[i]);
  return text;
}

// --- ranges with erased types: the following functions are compiled once per file ---

struct compared_ranges {
  void const *expected, *actual;
  std::size_t expected_size, actual_size;
  element_difference (*difference)(compared_ranges const&, std::size_t, checks::tolerance const&, bool& same);
  std::string (*show_expected)(void const*, std::size_t);
  std::string (*show_actual)(void const*, std::size_t);
  bool numbers, reals;
};

template <class R>
using compared_element = std::remove_cvref_t<decltype(std::declval<R const&>()[0])>;

template <class R>
std::string show_element_at(void const* range, std::size_t i) {
  return show_element<compared_element<R>>((*static_cast<R const*>(range))[i]);
}

template <class E, class A>
element_difference difference_at(compared_ranges const& r, std::size_t i, checks::tolerance const& t, bool& same) {
  compared_element<E> const& a = (*static_cast<E const*>(r.expected))[i];
  element_difference const d = difference_of<compared_element<E>, compared_element<A>>(a, (*static_cast<A const*>(r.actual))[i]);
  double magnitude = 0;
  if constexpr (is_whole<compared_element<E>> || is_real<compared_element<E>>) magnitude = std::abs(to_double(a));
  same = d.within(t, magnitude);
  return d;
}

inline std::string show_steps(std::uint64_t steps) { return steps == ~std::uint64_t{0} ? "infinite" : std::to_string(steps); }

/// Returns the value that `thousandths` of a thousand elements do not exceed.
template <class T>
T quantile(std::vector<T> const& sorted, std::size_t thousandths) {
  return sorted[(sorted.size() - 1) * thousandths / 1000];
}

inline void append_distribution(std::string& text, std::vector<element_difference> const& all, bool reals) {
  std::vector<double> absolute, relative;
  std::vector<std::uint64_t> steps;
  for (element_difference const& d : all) {
    absolute.push_back(d.absolute);
    relative.push_back(d.relative);
    steps.push_back(d.steps);
  }
  std::sort(absolute.begin(), absolute.end());
  std::sort(relative.begin(), relative.end());
  std::sort(steps.begin(), steps.end());
  append(text, "  %-10s %12s %12s %12s %12s\n", "error of", "50 %", "90 %", "99 %", "all");
  auto const line = [&text](char const* name, std::vector<double> const& v) {
    append(text, "  %-10s %12s %12s %12s %12s\n", name, number_text(quantile(v, 500), 3).c_str(), number_text(quantile(v, 900), 3).c_str(),
           number_text(quantile(v, 990), 3).c_str(), number_text(v.back(), 3).c_str());
  };
  line("absolute", absolute);
  line("relative", relative);
  if (reals)
    append(text, "  %-10s %12s %12s %12s %12s\n", "ulps", show_steps(quantile(steps, 500)).c_str(),
           show_steps(quantile(steps, 900)).c_str(), show_steps(quantile(steps, 990)).c_str(), show_steps(steps.back()).c_str());

  // A histogram of the errors by order of magnitude: bin b > 0 holds 2^(b-1) ... 2^b - 1.
  std::size_t bins[65] = {}, most = 0;
  for (std::uint64_t const s : steps) {
    std::size_t const bin = s == 0 ? 0 : 64 - std::size_t(__builtin_clzll(s));
    most = std::max(most, ++bins[bin]);
  }
  append(text, "  %23s   elements\n", reals ? "ulps" : "difference");
  for (int b = 0; b < 65; ++b) {
    if (bins[b] == 0) continue;
    std::string range = b == 0 ? "0" : std::to_string(std::uint64_t{1} << (b - 1));
    if (b > 1) range = b == 64 ? range + " or more" : range + " to " + std::to_string((std::uint64_t{1} << b) - 1);
    append(text, "  %23s %10zu  %s\n", range.c_str(), bins[b], std::string(1 + bins[b] * 39 / most, '#').c_str());
  }
}

inline void append_elements(std::string& text, compared_ranges const& r, checks::comparison const& c, checks::side_names const& names,
                            std::vector<element_difference> const& all, std::vector<bool> const& same) {
  std::vector<std::size_t> shown;
  for (std::size_t i = c.first < 2 ? 0 : c.first - 2; i <= c.first + 2 && i < c.size; ++i) shown.push_back(i);
  if (r.numbers && c.worst > shown.back()) shown.push_back(c.worst);  // elements before the first one are within the tolerance
  int const left = std::max(16, int(names.expected.size())), right = std::max(16, int(names.actual.size()));
  append(text, "  %12s  %*s  %*s", "index", left, names.expected.c_str(), right, names.actual.c_str());
  append(text, r.numbers ? "  %12s  %s\n" : "\n", "difference", r.reals ? "ulps" : "");
  for (std::size_t const i : shown) {
    append(text, "%c %12zu  %*s  %*s", same[i] ? ' ' : '>', i, left, r.show_expected(r.expected, i).c_str(), right,
           r.show_actual(r.actual, i).c_str());
    if (r.numbers) append(text, "  %12s", number_text(all[i].absolute, 3).c_str());
    if (r.reals) append(text, "  %s", show_steps(all[i].steps).c_str());
    text += i == c.worst && r.numbers ? "  the worst\n" : "\n";
  }
}

inline checks::comparison compare_ranges(compared_ranges const& r, checks::tolerance const& t, checks::side_names const& names) {
  checks::comparison c;
  c.size = std::min(r.expected_size, r.actual_size);
  std::vector<element_difference> all(c.size);
  std::vector<bool> same(c.size);
  for (std::size_t i = 0; i < c.size; ++i) {
    bool is_same = false;
    element_difference const d = all[i] = r.difference(r, i, t, is_same);
    same[i] = is_same;
    if (!is_same && c.different++ == 0) c.first = i;
    if (d.absolute > c.absolute) c.worst = i;
    c.absolute = std::max(c.absolute, d.absolute);
    c.relative = std::max(c.relative, d.relative);
    c.ulps = std::max(c.ulps, d.steps);
  }
  std::string& text = c.differences;
  if (r.expected_size != r.actual_size)
    text += names.expected + " has " + std::to_string(r.expected_size) + " elements, " + names.actual + " has " +
            std::to_string(r.actual_size) + '\n';
  if (c.different == 0) return c;
  append(text, "%zu of %zu elements differ", c.different, c.size);
  if (r.numbers && (t.absolute != 0 || t.relative != 0 || t.ulps != 0))
    append(text, " by more than %s, by more than %s of the expected and by more than %llu ulp(s)", number_text(t.absolute).c_str(),
           number_text(t.relative).c_str(), static_cast<unsigned long long>(t.ulps));
  append(text, "; the first is %zu\n", c.first);
  append_elements(text, r, c, names, all, same);
  if (r.numbers) append_distribution(text, all, r.reals);
  return c;
}

}  // namespace crosslane::detail

namespace crosslane::checks {

inline std::string comparison::text() const {
  if (!*this) return differences;
  std::string result;
  detail::append(result, "%zu elements are the same; the largest difference is %s, relative %s\n", size,
                 detail::number_text(absolute).c_str(), detail::number_text(relative).c_str());
  return result;
}

/// Compares two ranges that have size() and []. Numbers may be of different types. Other elements are compared by ==, or by their bytes if
/// they have none. Ranges of different lengths differ.
///
///   xl::checks::comparison const c = xl::checks::compare(expected, actual, {.ulps = 2});
///   if (!c) std::cout << c.text();
template <class Expected, class Actual>
[[nodiscard]] comparison compare(Expected const& expected, Actual const& actual, tolerance const& t = {}, side_names const& names = {}) {
  using namespace detail;
  using E = compared_element<Expected>;
  using A = compared_element<Actual>;
  return compare_ranges(
      {&expected, &actual, std::size_t(expected.size()), std::size_t(actual.size()), &difference_at<Expected, Actual>,
       &show_element_at<Expected>, &show_element_at<Actual>, (is_whole<E> || is_real<E>) && (is_whole<A> || is_real<A>), is_real<A>},
      t, names);
}

}  // namespace crosslane::checks
