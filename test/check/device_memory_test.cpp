// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A program whose uninstrumented code accesses device memory dies of a fault with a message, at every level of checks. Memory that both
/// sides may access does not fault.
#include <support/child_process.hpp>

#include <crosslane/check.hpp>

#include <cstring>

#include <signal.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// The C library's code is not instrumented.
std::size_t volatile length = 0;
void measure(void const* p) {
  std::size_t (*volatile of)(char const*) = &std::strlen;
  length = of(static_cast<char const*>(p));
}

CROSSLANE_TEST_ONCE(device_memory, ends_programs_that_access_it) {
  std::vector<std::string> const parts{"the host program: reads from address",
                                       "(SIGSEGV): element 0 of the buffer of 1024 elements of 4 bytes made at ",
                                       ", which is device memory", "device_memory_test.cpp:"};
  expect_death(SIGSEGV, parts, [] {
    xl::stream const q{xl::device{0}};
    xl::buffer<int> const b{q, 1024};
    measure(b.data());
  });
  expect_death(SIGSEGV, parts, [] {
    xl::stream const q{xl::device{1}};
    xl::buffer<int> b{q, 1024};
    xl::fill(q, b, 0);
    q.synchronize();
    measure(b.data());
  });
}

CROSSLANE_TEST_ONCE(device_memory, other_memory_stays_accessible) {
  ended const child = run_child([] {
    xl::stream const q{xl::device{0}};
    xl::pinned_buffer<int> const pinned{q, 1024};
    xl::managed_buffer<int> const managed{q, 1024};
    measure(pinned.data());
    measure(managed.data());
    std::vector<xl::buffer<int>> many;
    for (int i = 0; i < 200; ++i) many.emplace_back(q, 1024);
    for (xl::buffer<int>& b : many) xl::fill(q, b, 1024);
    std::vector<int> back(1024);
    xl::copy(q, many[199], back);
    q.synchronize();
    if (back[1023] != 1024) std::fprintf(stderr, "the copy is wrong");
  });
  if (child.status != 0 || !child.text.empty())
    fail("status " + std::to_string(child.status) + ", " + child.text, source_location::current());
}

}  // namespace
