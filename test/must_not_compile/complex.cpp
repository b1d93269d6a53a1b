// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

#include <complex>

namespace xl = crosslane;
using complex = std::complex<float>;

struct add_up {
  template <xl::kernel_context Ctx, class T>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<T> x) const {
    x[0] += x[1];
  }
};
struct twice {
  template <class T>
  CROSSLANE_FN T operator()(T x) const {
    return x + x;
  }
};

void wrong_kernel(xl::stream const& q, xl::buffer<complex>& x, xl::buffer<float>& f) {
#ifdef CROSSLANE_TEST_WRONG
  xl::launch(q, {.grid = 1, .block = 32}, add_up{}, x);
#endif
  xl::launch(q, {.grid = 1, .block = 32}, add_up{}, f);
  xl::fill(q, x, complex{1, 2});  // moves elements, computes nothing
}
void wrong_function(xl::stream const& q, xl::buffer<complex>& x, xl::buffer<float>& f) {
#ifdef CROSSLANE_TEST_WRONG
  xl::transform(q, x, twice{}, x);
#endif
  xl::transform(q, f, twice{}, f);
}
