// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Maps the vendors' codes to the library's codes. Needs no device.
#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

CROSSLANE_TEST_ONCE(classify, faults_of_kernels) {
  // 719 launch failure, 700 illegal address, 702 timeout, 710 assertion, 53 an earlier launch failed: the same numbers for both vendors.
  for (int const code : {719, 700, 702, 710, 53}) CROSSLANE_CHECK_EQ(backend::classify({code}), xl::errc::kernel_fault);
  // 714 stack, 715 instruction, 716 misaligned address, 717 address space, 718 program counter: CUDA's alone.
  if (std::string(backend::name) == "cuda")
    for (int code = 714; code <= 718; ++code) CROSSLANE_CHECK_EQ(backend::classify({code}), xl::errc::kernel_fault);
}

CROSSLANE_TEST_ONCE(classify, others) {
  CROSSLANE_CHECK_EQ(backend::classify({2}), xl::errc::out_of_memory);
  CROSSLANE_CHECK_EQ(backend::classify({100}), xl::errc::no_device);
  CROSSLANE_CHECK_EQ(backend::classify({101}), xl::errc::invalid_device);
  CROSSLANE_CHECK_EQ(backend::classify({701}), xl::errc::limit_exceeded);
  CROSSLANE_CHECK_EQ(backend::classify({999}), xl::errc::vendor);
}

}  // namespace
