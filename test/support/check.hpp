// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checks of tests. GoogleTest runs the tests, but this header does not include GoogleTest's header: it costs nvcc seconds in
/// each file, and clang 15 crashes on it when it compiles HIP as C++20.
#pragma once

#include <crosslane/platform/source_location.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace crosslane_test {

using crosslane::source_location;

/// Makes the running test fail. The test continues.
void fail(std::string const& text, source_location where);
/// Makes the running test fail and ends it.
[[noreturn]] void fail_and_end(std::string const& text, source_location where);
/// Returns whether CROSSLANE_SEED sets another order of threads. Tests that try many values then try fewer: the run without it tries
/// them all.
bool in_another_order();
/// Ends the running test as one that could not run here.
[[noreturn]] void skip(std::string const& reason);

/// Notes that an operation was right for a type on a target. If all tests of the run pass and CROSSLANE_TEST_RESULTS names a file,
/// the notes become its lines: "operation", "type", "target" and the device's name, separated by tabs.
void note_proof(std::string const& operation, std::string const& type, std::string const& target, std::string const& device);
/// Writes such a line for the largest error that was found, with two more fields: the bound, and this error.
void note_error(std::string const& operation, std::string const& type, std::string const& target, std::string const& device,
                std::string const& bound, std::string const& found);

std::string show(long long value);
std::string show(unsigned long long value);
std::string show(double value);
std::string show(void const* value);

template <class T>
std::string show_value(T const& value) {
  if constexpr (std::is_convertible_v<T const&, std::string>)
    return '"' + std::string(value) + '"';
  else if constexpr (std::is_enum_v<T>)
    return show(static_cast<long long>(value));
  else if constexpr (std::is_floating_point_v<T>)
    return show(static_cast<double>(value));
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    return show(static_cast<long long>(value));
  else if constexpr (std::is_integral_v<T>)
    return show(static_cast<unsigned long long>(value));
  else if constexpr (std::is_pointer_v<T>)
    return show(static_cast<void const*>(value));
  else
    return "(an object)";
}

/// Compares numbers by their values, even if their types differ.
template <class A, class B>
bool equal(A const& a, B const& b) {
  if constexpr (!std::is_integral_v<A> || !std::is_integral_v<B> || std::is_signed_v<A> == std::is_signed_v<B>)
    return a == b;
  else if constexpr (std::is_signed_v<A>)
    return a >= 0 && static_cast<std::make_unsigned_t<A>>(a) == b;
  else
    return b >= 0 && a == static_cast<std::make_unsigned_t<B>>(b);
}

template <class A, class B>
void check_equal(A const& a, B const& b, char const* text, source_location where) {
  if (!equal(a, b)) fail(std::string(text) + ": " + show_value(a) + " and " + show_value(b), where);
}

/// Checks that two ranges have the same elements. The failure names the first difference.
template <class A, class B>
void check_same_elements(A const& a, B const& b, char const* text, source_location where) {
  check_equal(a.size(), b.size(), (std::string("sizes of ") + text).c_str(), where);
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (equal(a[i], b[i])) continue;
    fail(std::string(text) + ": element " + show(static_cast<unsigned long long>(i)) + " of " +
             show(static_cast<unsigned long long>(a.size())) + " is " + show_value(a[i]) + " and " + show_value(b[i]),
         where);
    return;
  }
}

inline bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

}  // namespace crosslane_test

/// The test fails and continues unless ...
#define CROSSLANE_CHECK(...) ((__VA_ARGS__) ? (void)0 : ::crosslane_test::fail(#__VA_ARGS__, ::crosslane_test::source_location::current()))
#define CROSSLANE_CHECK_EQ(a, b) ::crosslane_test::check_equal((a), (b), #a " == " #b, ::crosslane_test::source_location::current())
#define CROSSLANE_CHECK_SAME(a, b) \
  ::crosslane_test::check_same_elements((a), (b), #a " == " #b, ::crosslane_test::source_location::current())
/// The test fails and ends unless ...
#define CROSSLANE_REQUIRE(...) \
  ((__VA_ARGS__) ? (void)0 : ::crosslane_test::fail_and_end(#__VA_ARGS__, ::crosslane_test::source_location::current()))
