// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// With CROSSLANE_CONFIG_SYNC_LAUNCHES the call that launches the failing kernel throws.
#define CROSSLANE_CONFIG_SYNC_LAUNCHES 1
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct fail_in_block {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned block) const {
    if (ctx.block_index() == block) xl::throw_error(xl::errc::not_supported, {}, "asked to fail");
  }
};

CROSSLANE_TEST(sync_launches, failing_launch_throws) {
  xl::stream const q{d};
  xl::launch(q, {.grid = 3, .block = 32}, fail_in_block{}, 7u);
  CROSSLANE_CHECK(q.query());  // done when the call returns
  expect_error(xl::errc::not_supported, {"asked to fail", "fail_in_block", "block (2, 0, 0)"},
               [&] { xl::launch(q, {.grid = 3, .block = 32}, fail_in_block{}, 2u); });
  q.synchronize();
  expect_usable(d);
}

/// Element-wise work is a launch too.
CROSSLANE_TEST(sync_launches, failing_for_each_throws) {
  xl::stream const q{d};
  int thrown = 0;
  try {
    xl::for_each(q, 10, [](int i) {
      if (i == 3) throw 42;
    });
  } catch (int i) {
    thrown = i;
  }
  CROSSLANE_CHECK_EQ(thrown, 42);
  try {
    q.synchronize();
  } catch (int) {
  }
}

}  // namespace
