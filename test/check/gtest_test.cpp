// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The assertions for GoogleTest: they pass, they fail, and the texts of failures.
#include <crosslane/gtest.hpp>

#include <gtest/gtest-spi.h>

#include <cstring>

namespace xl = crosslane;

namespace {

struct add_neighbour {
  struct shared {
    int value[64];
  };
  bool barrier;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<int> out) const {
    unsigned const r = ctx.thread_rank();
    s.value[r] = int(r);
    if (barrier) ctx.sync_block();
    out[r] = s.value[r] + s.value[63 - r];
  }
};

struct returns_early {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int>) const {
    if (ctx.thread_rank() >= 50) return;
    ctx.sync_block();
  }
};

template <class Kernel>
auto launches(Kernel kernel) {
  return [kernel](auto const& q) {
    xl::basic_buffer<int, xl::memory_kind::device, typename std::remove_cvref_t<decltype(q)>::backend> out{q, 64};
    xl::launch(q, {.grid = 1, .block = 64}, kernel, out);
    std::vector<int> result(64);
    xl::copy(q, out, result);
    return result;
  };
}

/// Returns the text of the failures in `body`.
template <class Body>
std::string failures(Body const& body) {
  ::testing::TestPartResultArray results;
  {
    ::testing::ScopedFakeTestPartResultReporter const reporter{::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                                                               &results};
    body();
  }
  std::string text;
  for (int i = 0; i < results.size(); ++i) {
    EXPECT_STREQ(results.GetTestPartResult(i).file_name(), __FILE__);
    text += results.GetTestPartResult(i).message();
  }
  return text;
}

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(gtest_assertions, pass) {
  EXPECT_KERNEL_CLEAN(launches(add_neighbour{true}));
  ASSERT_KERNEL_CLEAN(launches(add_neighbour{true}), {.seeds = 2});
  EXPECT_SAME_ON_ALL_TARGETS(launches(add_neighbour{true}));
  ASSERT_SAME_ON_ALL_TARGETS(launches(add_neighbour{true}), {.relative = 1e-6, .ulps = 4});
  EXPECT_CLOSE((std::vector<int>{1, 2}), (std::vector<float>{1, 2}));
  ASSERT_CLOSE((std::vector<int>{1, 2}), (std::vector<int>{1, 3}), {.absolute = 1}) << "text that is not seen";
}

TEST(gtest_assertions, findings_fail) {
  std::string const text = failures([] { EXPECT_KERNEL_CLEAN(launches(returns_early{}), {.seeds = 1}) << "and more"; });
  EXPECT_CONTAINS(text, "early-exit, at 32 and 64 lanes: kernel ");
  EXPECT_CONTAINS(text, "14 thread(s) have returned");
  EXPECT_CONTAINS(text, "waves of 32 lanes");
  EXPECT_CONTAINS(text, "2 time(s)");  // at both widths
  EXPECT_CONTAINS(text, "let every thread reach the barrier");
  EXPECT_CONTAINS(text, "and more");
}

TEST(gtest_assertions, races_fail_in_checked_programs) {
  std::string const text = failures([] { EXPECT_KERNEL_CLEAN(launches(add_neighbour{false})); });
  if (CROSSLANE_CONFIG_ACCESS_CHECKS)
    EXPECT_CONTAINS(text, "shared-race, at 32 and 64 lanes: kernel ");
  else
    EXPECT_EQ(text, "");
}

TEST(gtest_assertions, checker_that_is_not_alive_fails) {
  bool ended = true;
  std::string const text = failures([&] {
    EXPECT_CHECKER_ALIVE();
    ASSERT_CHECKER_ALIVE() << "and more";
    ended = false;
  });
  EXPECT_EQ(ended, !CROSSLANE_CONFIG_ACCESS_CHECKS);
  if (CROSSLANE_CONFIG_ACCESS_CHECKS) {
    EXPECT_EQ(text, "");
  } else {
    EXPECT_CONTAINS(text, CROSSLANE_COMPILER_GPU() ? "compilers for GPUs make no calls of it" : "link crosslane::checked");
    EXPECT_CONTAINS(text, "and more");
  }
}

TEST(gtest_assertions, widths_fail) {
  std::string const text = failures(
      [] { EXPECT_SAME_ON_ALL_TARGETS([](auto const& q) { return std::vector<unsigned>{7, q.device().properties().wave_size}; }); });
  EXPECT_CONTAINS(text, "1 of 2 elements differ; the first is 1");
  EXPECT_CONTAINS(text, "host, 32 lanes    host, 64 lanes");
}

TEST(gtest_assertions, values_fail) {
  std::string const text = failures([] { EXPECT_CLOSE((std::vector<float>{1, 2}), (std::vector<float>{1, 3}), {.absolute = 0.5}); });
  EXPECT_CONTAINS(text, "1 of 2 elements differ by more than 0.5");
  EXPECT_CONTAINS(text, "error of");
}

TEST(gtest_assertions, assert_ends_the_test) {
  bool ended = true;
  std::string const text = failures([&] {
    ASSERT_CLOSE((std::vector<int>{1}), (std::vector<int>{2}));
    ended = false;
  });
  EXPECT_TRUE(ended);
  EXPECT_CONTAINS(text, "1 of 1 elements differ");
}

std::vector<std::string> ran;

class on_devices : public xl::checks::device_test {};
CROSSLANE_ON_ALL_DEVICES(on_devices);

TEST_P(on_devices, run) {
  ran.push_back(::testing::UnitTest::GetInstance()->current_test_info()->name());
  xl::stream const q{device()};
  std::vector<int> const got = launches(add_neighbour{true})(q);
  q.synchronize();
  EXPECT_CLOSE(std::vector<int>(64, 63), got);
}

/// Instantiated after the suite above, so that it runs after.
class after_devices : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(all, after_devices, ::testing::Values(0));
TEST_P(after_devices, all_ran) {
  if (std::is_same_v<xl::default_backend, xl::host>)
    EXPECT_EQ(ran, (std::vector<std::string>{"run/host32", "run/host64"}));
  else
    EXPECT_EQ(ran.size(), std::size_t(xl::device::count()));
}

}  // namespace
