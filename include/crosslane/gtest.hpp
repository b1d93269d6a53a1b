// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checks as assertions of GoogleTest, and a fixture for tests that run on every device. The only header of the library that includes
/// GoogleTest's, and not part of any other. What it is made of needs none (compare.hpp, findings.hpp, same_on_all_targets.hpp): for files
/// that cannot include gtest.h, as those of HIP that clang 15 compiles as C++20.
#pragma once

#include <crosslane/check.hpp>

#include <gtest/gtest.h>

namespace crosslane::checks {

/// Success where findings(run, search) has none. In a program without crosslane::checked the first call says on stderr that accesses to
/// memory are not seen.
template <class Run>
::testing::AssertionResult kernel_clean(Run const& run, search const& s = {}) {
  if (!backend::sees_accesses) {
    [[maybe_unused]] static int const said = std::fputs(
        "crosslane: accesses to memory are not checked in this program; link crosslane::checked instead of crosslane::host\n", stderr);
  }
  report const r = findings(run, s);
  if (r.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.text();
}

/// Success where same_on_all_targets(run, tolerance) finds no difference. In a file compiled for a GPU, on a machine without one, the first
/// call says on stderr that none takes part.
template <class Run>
::testing::AssertionResult same_everywhere(Run const& run, tolerance const& t = {}) {
  if (device::count() == 0) {
    [[maybe_unused]] static int const said =
        std::fprintf(stderr, "crosslane: no %s device on this machine, results are compared on the host alone\n", default_backend::name);
  }
  target_comparison const c = same_on_all_targets(run, t);
  if (c) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << c.text();
}

/// Success where compare(expected, actual, tolerance) finds no difference.
template <class Expected, class Actual>
::testing::AssertionResult all_close(Expected const& expected, Actual const& actual, tolerance const& t = {}) {
  comparison const c = compare(expected, actual, t);
  if (c) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << c.text();
}

/// A fixture whose tests run on every device of the file's backend: both widths of the host, or all GPUs; where there is none they are
/// skipped.
///
///   class sums : public xl::checks::device_test {};
///   CROSSLANE_ON_ALL_DEVICES(sums);
///   TEST_P(sums, of_rows) { xl::stream const q{device()}; ... }
///
/// What a test has queued is waited for at its end, so that an error that nobody has asked for fails the test that caused it.
class device_test : public ::testing::TestWithParam<int> {
 public:
  /// "host32", "host64", "cuda0"; "no_device".
  static std::string device_name(::testing::TestParamInfo<int> const& info) {
    if (info.param < 0) return "no_device";
    if constexpr (std::is_same_v<default_backend, host>)
      return default_backend::name + std::to_string(crosslane::device{info.param}.properties().wave_size);
    else
      return default_backend::name + std::to_string(info.param);
  }
  /// Of the devices there are; -1 where there is none.
  static std::vector<int> indices() {
    std::vector<int> result;
    for (int i = 0; i < crosslane::device::count(); ++i) result.push_back(i);
    if (result.empty()) result.push_back(-1);
    return result;
  }

 protected:
  /// The one that the test runs on.
  crosslane::device device() const { return crosslane::device{GetParam()}; }
  /// Skips the test where there is no device.
  void SetUp() override {
    if (GetParam() < 0) GTEST_SKIP() << "no " << default_backend::name << " device on this machine";
  }
  /// Waits for all work of the device.
  void TearDown() override {
    if (GetParam() >= 0) device().synchronize();
  }
};

}  // namespace crosslane::checks

// GoogleTest's own assertions are EXPECT_... and ASSERT_..., so these are. More text can be given by <<.

/// What the assertions below are made of.
#define CROSSLANE_GTEST_ASSERTION(outcome, failure)                                        \
  switch (0)                                                                               \
  case 0:                                                                                  \
  default:                                                                                 \
    if (::testing::AssertionResult const crosslane_outcome = (outcome); crosslane_outcome) \
      ;                                                                                    \
    else                                                                                   \
      failure << crosslane_outcome.message()

/// EXPECT_KERNEL_CLEAN([&](auto const& q) { xl::launch(q, ...); }, {.seeds = 8}): the checker finds nothing in the kernels that the
/// callable launches, at 32 and at 64 lanes, in that many orders of threads. Accesses to memory are checked in programs with
/// crosslane::checked.
#define EXPECT_KERNEL_CLEAN(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::kernel_clean(__VA_ARGS__), ADD_FAILURE())
/// As EXPECT_KERNEL_CLEAN, and leaves the function at a failure.
#define ASSERT_KERNEL_CLEAN(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::kernel_clean(__VA_ARGS__), FAIL())

/// EXPECT_SAME_ON_ALL_TARGETS([&](auto const& q) { ...; return values; }, {.relative = 1e-6}): the callable returns the same at 32 and 64
/// lanes of the host and on the GPUs of the file's backend.
#define EXPECT_SAME_ON_ALL_TARGETS(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::same_everywhere(__VA_ARGS__), ADD_FAILURE())
/// As EXPECT_SAME_ON_ALL_TARGETS, and leaves the function at a failure.
#define ASSERT_SAME_ON_ALL_TARGETS(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::same_everywhere(__VA_ARGS__), FAIL())

/// EXPECT_CLOSE(expected, actual, {.ulps = 2}): all elements of two ranges are the same within the tolerance.
#define EXPECT_CLOSE(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::all_close(__VA_ARGS__), ADD_FAILURE())
/// As EXPECT_CLOSE, and leaves the function at a failure.
#define ASSERT_CLOSE(...) CROSSLANE_GTEST_ASSERTION(::crosslane::checks::all_close(__VA_ARGS__), FAIL())

/// For a fixture that is derived from crosslane::checks::device_test.
#define CROSSLANE_ON_ALL_DEVICES(fixture) \
  INSTANTIATE_TEST_SUITE_P(all, fixture, ::testing::ValuesIn(::crosslane::checks::device_test::indices()), &fixture::device_name)
