// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checks as assertions of GoogleTest, and a fixture for tests that run on every device. This is the only header of the library that
/// includes GoogleTest, and no other header includes it. Files that cannot include gtest.h (HIP files that clang 15 compiles as C++20) use
/// check/compare.hpp, check/findings.hpp and check/same_on_all_targets.hpp, which do not need GoogleTest.
#pragma once

#include <crosslane/check.hpp>

#include <gtest/gtest.h>

namespace crosslane::detail {

inline void say_unchecked() {
  [[maybe_unused]] static int const said =
      std::fputs(CROSSLANE_COMPILER_GPU()
                     ? "crosslane: kernels of this file are not checked for memory accesses; compile the tests as C++ too and link "
                       "crosslane::checked\n"
                     : "crosslane: this program is built without checks of memory accesses; link crosslane::checked instead of "
                       "crosslane::host\n",
                 stderr);
}
inline void say_no_device() {
  [[maybe_unused]] static int const said =
      std::fprintf(stderr, "crosslane: no %s device on this machine, results are compared on the host alone\n", default_backend::name);
}

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Returns success if findings(run, search) is empty. In a program without crosslane::checked the first call prints to stderr that memory
/// accesses are not checked.
template <class Run>
::testing::AssertionResult kernel_clean(Run const& run, search const& s = {}) {
  if (!backend::sees_accesses) detail::say_unchecked();
  report const r = findings(run, s);
  if (r.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.text();
}

/// Returns success if checker_alive() finds all faults that it plants.
template <class Host = host>
::testing::AssertionResult checks_work() {
  liveness const l = checker_alive<Host>();
  if (l) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << l.text();
}

/// Returns success if same_on_all_targets(run, tolerance) finds no difference. In a file compiled for a GPU, the first call on a machine
/// without one prints to stderr that no GPU takes part.
template <class Run>
::testing::AssertionResult same_everywhere(Run const& run, tolerance const& t = {}) {
  if (device::count() == 0) detail::say_no_device();
  target_comparison const c = same_on_all_targets(run, t);
  if (c) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << c.text();
}

/// Returns success if compare(expected, actual, tolerance) finds no difference.
template <class Expected, class Actual>
::testing::AssertionResult all_close(Expected const& expected, Actual const& actual, tolerance const& t = {}) {
  comparison const c = compare(expected, actual, t);
  if (c) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << c.text();
}

/// A fixture whose tests run on every device of the file's backend: both widths of the host, or all GPUs. The tests are skipped if there is
/// no device.
///
///   class sums : public xl::checks::device_test {};
///   CROSSLANE_ON_ALL_DEVICES(sums);
///   TEST_P(sums, of_rows) { xl::stream const q{device()}; ... }
///
/// At its end a test waits for the work that it has queued. An error that the test has not seen then fails this test, not a later one.
class device_test : public ::testing::TestWithParam<int> {
 public:
  /// Returns the name of a test's device: "host32", "host64", "cuda0", or "no_device".
  static std::string device_name(::testing::TestParamInfo<int> const& info) {
    if (info.param < 0) return "no_device";
    if constexpr (std::is_same_v<default_backend, host>)
      return default_backend::name + std::to_string(crosslane::device{info.param}.properties().wave_size);
    else
      return default_backend::name + std::to_string(info.param);
  }
  /// Returns the indices of all devices, or -1 if there is none.
  static std::vector<int> indices() {
    std::vector<int> result;
    for (int i = 0; i < crosslane::device::count(); ++i) result.push_back(i);
    if (result.empty()) result.push_back(-1);
    return result;
  }

 protected:
  /// Returns the device on which the test runs.
  crosslane::device device() const { return crosslane::device{GetParam()}; }
  /// Skips the test if there is no device.
  void SetUp() override {
    if (GetParam() < 0) GTEST_SKIP() << "no " << default_backend::name << " device on this machine";
  }
  /// Waits for all work of the device.
  void TearDown() override {
    if (GetParam() >= 0) device().synchronize();
  }
};

}  // namespace crosslane::checks

// The names begin with EXPECT_ and ASSERT_, like those of GoogleTest. More text can be added with <<.

/// The implementation of the assertions below.
#define CROSSLANE_GTEST_ASSERTION(outcome, failure)                                        \
  switch (0)                                                                               \
  case 0:                                                                                  \
  default:                                                                                 \
    if (::testing::AssertionResult const crosslane_outcome = (outcome); crosslane_outcome) \
      ;                                                                                    \
    else                                                                                   \
      failure << crosslane_outcome.message()

/// Expects that the checker finds nothing in the kernels that a callable launches. Runs the callable at 32 and at 64 lanes, in `seeds`
/// orders of threads. Memory accesses are checked only in programs that link crosslane::checked.
///
///   EXPECT_KERNEL_CLEAN([&](auto const& q) { xl::launch(q, ...); }, {.seeds = 8});
#define EXPECT_KERNEL_CLEAN(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::kernel_clean(__VA_ARGS__), ADD_FAILURE())
/// Like EXPECT_KERNEL_CLEAN, but a failure also leaves the function.
#define ASSERT_KERNEL_CLEAN(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::kernel_clean(__VA_ARGS__), FAIL())

/// Expects that the checker works in the calling file: plants one fault of each main kind and expects its finding. Fails in a program that
/// does not link crosslane::checked, in a file compiled for a GPU, and if CROSSLANE_CHECK turns the checker off.
///
///   TEST(kernels, are_checked) { EXPECT_CHECKER_ALIVE(); }
#define EXPECT_CHECKER_ALIVE() CROSSLANE_GTEST_ASSERTION(::crosslane::checks::checks_work(), ADD_FAILURE())
/// Like EXPECT_CHECKER_ALIVE, but a failure also leaves the function.
#define ASSERT_CHECKER_ALIVE() CROSSLANE_GTEST_ASSERTION(::crosslane::checks::checks_work(), FAIL())

/// Expects that a callable returns the same values at 32 and at 64 lanes of the host, and on the GPUs of the file's backend.
///
///   EXPECT_SAME_ON_ALL_TARGETS([&](auto const& q) { ...; return values; }, {.relative = 1e-6});
#define EXPECT_SAME_ON_ALL_TARGETS(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::same_everywhere(__VA_ARGS__), ADD_FAILURE())
/// Like EXPECT_SAME_ON_ALL_TARGETS, but a failure also leaves the function.
#define ASSERT_SAME_ON_ALL_TARGETS(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::same_everywhere(__VA_ARGS__), FAIL())

/// Expects that all elements of two ranges are equal within a tolerance.
///
///   EXPECT_CLOSE(expected, actual, {.ulps = 2});
#define EXPECT_CLOSE(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::all_close(__VA_ARGS__), ADD_FAILURE())
/// Like EXPECT_CLOSE, but a failure also leaves the function.
#define ASSERT_CLOSE(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::all_close(__VA_ARGS__), FAIL())

/// Runs the tests of a fixture on all devices. The fixture is derived from crosslane::checks::device_test.
#define CROSSLANE_ON_ALL_DEVICES(fixture) \
  INSTANTIATE_TEST_SUITE_P(all, fixture, ::testing::ValuesIn(::crosslane::checks::device_test::indices()), &fixture::device_name)
