// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

#include <cstddef>

namespace xl = crosslane;

struct kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

#if CROSSLANE_TEST_WRONG == 5
inline constexpr auto too_many = xl::block_size<1025>;
#elif CROSSLANE_TEST_WRONG == 6
inline constexpr auto too_many = xl::block_size<32, 32, 2>;
#endif

void launch(xl::stream const& q, std::size_t n) {
#if CROSSLANE_TEST_WRONG == 1
  xl::launch(q, {.grid = n, .block = 32}, kernel{});
#elif CROSSLANE_TEST_WRONG == 2
  xl::launch(q, {.grid = {1, n}, .block = 32}, kernel{});
#elif CROSSLANE_TEST_WRONG == 3
  xl::launch(q, {.grid = 1, .block = n}, kernel{});
#elif CROSSLANE_TEST_WRONG == 4
  xl::launch(q, {.grid = 1.5, .block = 32}, kernel{});
#elif CROSSLANE_TEST_WRONG == 5 || CROSSLANE_TEST_WRONG == 6
  xl::launch(q, {.grid = 1, .block = 32}, kernel{}, xl::block_size_constant{too_many});
#else
  xl::launch(q, {.grid = xl::cover(n, 32), .block = 32}, kernel{});
#endif
}
