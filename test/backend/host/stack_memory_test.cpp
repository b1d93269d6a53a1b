// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory of waiting lanes. This is a separate program: stacks are kept for later kernels, so only the first kernel shows their memory.
#include <support/target.hpp>

#include <cstdio>

#include <unistd.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

std::size_t resident_bytes() {
  std::size_t pages = 0, resident = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * std::size_t(sysconf(_SC_PAGESIZE));
}

struct wait_once {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* sum) const {
    ctx.sync_block();
    xl::atomic(ctx, *sum).fetch_add(1);
  }
};

}  // namespace

CROSSLANE_TEST(stacks, memory_of_1024_waiting_lanes) {
  if (CROSSLANE_SANITIZE_ADDRESS() || CROSSLANE_SANITIZE_THREAD()) skip("sanitizers use memory of their own");
  static std::size_t const at_start = resident_bytes();
  xl::stream const q{d};
  int sum = 0;
  xl::launch(q, {.grid = 1, .block = 1024}, wait_once{}, &sum);
  q.synchronize();
  CROSSLANE_CHECK_EQ(sum, 1024);
  std::size_t const grown = resident_bytes() - at_start;
  CROSSLANE_CHECK(grown >= 1023 * 4096);  // each lane has touched a stack, so this measures what it should
  CROSSLANE_CHECK(grown < std::size_t{80} << 20);
}
