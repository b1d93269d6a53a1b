// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A GPU program on a machine without driver or device starts and reports what is missing.
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

void need_no_device() {
  if (xl::device::count() > 0) skip("this machine has a device");
}

CROSSLANE_TEST_ONCE(no_device, is_counted_as_none) {
  need_no_device();
  CROSSLANE_CHECK_EQ(xl::device::count(), 0);
}

CROSSLANE_TEST_ONCE(no_device, is_an_error_of_its_own) {
  need_no_device();
  for (int const index : {0, 1, -1}) {
    unsigned const line = __LINE__ + 1;
    xl::error const e = error_of([&] { xl::device d(index); });
    CROSSLANE_CHECK_EQ(e.code(), xl::errc::no_device);
    CROSSLANE_CHECK_EQ(e.where().line, line);
    CROSSLANE_CHECK(contains(e.what(), "no device: " + std::string(backend::name) + " device"));
    CROSSLANE_CHECK(contains(e.what(), "no driver or no device on this machine"));
    CROSSLANE_CHECK(e.vendor().code != 0);
    CROSSLANE_CHECK(e.vendor().text[0] != 0);
  }
}

CROSSLANE_TEST_ONCE(no_device, none_is_current) {
  need_no_device();
  expect_error(xl::errc::no_device, {"no driver or no device"}, [] { (void)xl::device::current(); });
}

}  // namespace
