// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct not_trivial {
  int* p = nullptr;
  not_trivial() = default;
  CROSSLANE_FN not_trivial(not_trivial const& other) : p{other.p} {}
};

struct take {
  template <xl::kernel_context Ctx, class T>
  CROSSLANE_FN void operator()(Ctx const&, int, T const&) const {}
};

struct not_trivial_kernel : not_trivial {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

struct not_trivial_function : not_trivial {
  CROSSLANE_FN void operator()(int) const {}
};

void launch(xl::stream const& q) {
#if CROSSLANE_TEST_WRONG == 1
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, not_trivial{});
#elif CROSSLANE_TEST_WRONG == 2
  xl::launch(q, {.grid = 1, .block = 32}, not_trivial_kernel{});
#elif CROSSLANE_TEST_WRONG == 3
  xl::for_each(q, 10, not_trivial_function{});
#else
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, static_cast<int*>(nullptr));
#endif
}
