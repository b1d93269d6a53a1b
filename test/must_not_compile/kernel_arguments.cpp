// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

#if defined(CROSSLANE_TEST_AT_ONCE)
#define WRONG(n) 1
#else
#define WRONG(n) (CROSSLANE_TEST_WRONG == n)
#endif

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

template <int N>
struct table {
  int value[N];
};

struct fill_some {
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, shared&, xl::span<float>, int) const {}
};

struct changes_itself {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, int) {}
};

struct changes_its_argument {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, int, int&) const {}
};

struct counts_calls {
  int calls = 0;
  CROSSLANE_FN void operator()(int) { ++calls; }
  CROSSLANE_FN float operator()(float& x) { return x += float(++calls); }
};

void launch(xl::stream const& q) {
  [[maybe_unused]] xl::buffer<float> floats{q, 1};
  [[maybe_unused]] xl::buffer<int> ints{q, 1};
#if WRONG(1)
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, not_trivial{});
#endif
#if WRONG(2)
  xl::launch(q, {.grid = 1, .block = 32}, not_trivial_kernel{});
#endif
#if WRONG(3)
  xl::for_each(q, 10, not_trivial_function{});
#endif
#if WRONG(4)
  xl::launch(q, {.grid = 1, .block = 32}, fill_some{}, ints, 1);
#endif
#if WRONG(5)
  xl::launch(q, {.grid = 1, .block = 32}, fill_some{}, floats, floats);
#endif
#if WRONG(6)
  xl::launch(q, {.grid = 1, .block = 32}, fill_some{}, floats);
#endif
#if WRONG(7)
  xl::launch(q, {.grid = 1, .block = 32}, changes_itself{}, 1);
#endif
#if WRONG(8)
  xl::launch(q, {.grid = 1, .block = 32}, changes_its_argument{}, 1, 2);
#endif
#if WRONG(9)
  xl::for_each(q, 10, +[](int) {});
#endif
#if WRONG(10)
  xl::for_each(q, 10, counts_calls{});
#endif
#if WRONG(11)
  xl::for_each(q, floats, counts_calls{});
#endif
#if WRONG(12)
  xl::transform(q, floats, floats, counts_calls{});
#endif
#if WRONG(13)
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, table<9000>{});
#endif
#if WRONG(14)
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, 0.5L);
#endif
#if CROSSLANE_TEST_WRONG == 15
  xl::buffer<long double> const numbers{q, 1};
#endif
#if !defined(CROSSLANE_TEST_WRONG)
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, table<1000>{});
  xl::launch(q, {.grid = 1, .block = 32}, fill_some{}, floats, 1);
  xl::launch(q, {.grid = 1, .block = 32}, take{}, 1, static_cast<int*>(nullptr));
#endif
}
