// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// checker_alive() is true if and only if the checker is linked, called by the file's code, and not turned off; and it says which is
/// missing.
#include <crosslane/check.hpp>

#include <support/target.hpp>

using namespace crosslane_test;
namespace checks = crosslane::checks;

namespace {

CROSSLANE_TEST_ONCE(checker_alive, says_why_not) {
  checks::report const outside = checks::collect([] {
    checks::liveness const alive = checks::checker_alive();
    std::string cause;
#if !CROSSLANE_CONFIG_ACCESS_CHECKS
    cause = "link crosslane::checked instead of crosslane::host";
#elif defined(CROSSLANE_TEST_WITHOUT_CALLS)
    cause = "it has not found the planted out-of-bounds, ";
#else
    if (checks::options::from_environment().level == checks::level::basic) cause = "CROSSLANE_CHECK is 'basic'";
    if (checks::options::from_environment().level == checks::level::off) cause = "CROSSLANE_CHECK is 'off'";
#endif
    if (bool(alive) != cause.empty() || !contains(alive.text(), cause.empty() ? "the checker is alive" : cause))
      fail("not '" + cause + "' in: " + alive.text(), source_location::current());
    if (!cause.empty() && !contains(alive.text(), "is not alive")) fail(alive.text(), source_location::current());
  });
  CROSSLANE_CHECK(outside.empty());
  for (int i = 0; i < 2; ++i) expect_usable(xl::device{i});
}

}  // namespace
