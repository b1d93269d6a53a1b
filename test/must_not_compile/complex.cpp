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
struct doubles {
  template <class T>
  CROSSLANE_FN void operator()(T& x) const {
    x += x;
  }
};

// Another type of that name.
namespace vendor::std {
template <class T>
struct complex {
  CROSSLANE_FN complex& operator+=(complex const& other) {
    real += other.real;
    return *this;
  }
  T real;
};
}  // namespace vendor::std

void wrong_kernel(xl::stream const& q, xl::buffer<complex>& x, xl::buffer<float>& f, xl::buffer<vendor::std::complex<float>>& v) {
#if CROSSLANE_TEST_WRONG == 1
  xl::launch(q, {.grid = 1, .block = 32}, add_up{}, x);
#endif
  xl::launch(q, {.grid = 1, .block = 32}, add_up{}, f);
  xl::launch(q, {.grid = 1, .block = 32}, add_up{}, v);
  xl::fill(q, x, complex{1, 2});  // moves elements, computes nothing
}
void wrong_function(xl::stream const& q, xl::buffer<complex>& x, xl::buffer<float>& f) {
#if CROSSLANE_TEST_WRONG == 2
  xl::transform(q, x, x, twice{});
#elif CROSSLANE_TEST_WRONG == 4
  xl::for_each(q, x, doubles{});
#endif
  xl::transform(q, f, f, twice{});
}

// The function has it in its name, the lambda does not.
void right_lambda(xl::stream const& q, complex z, xl::buffer<float>& f) {
  float const scale = z.real();
  xl::transform(q, f, f, [scale] CROSSLANE_LAMBDA(float x) { return x * scale; });
  xl::transform(q, f, f, [scale] CROSSLANE_LAMBDA(float x) -> float { return x * scale; });
}
void wrong_lambda(xl::stream const& q, [[maybe_unused]] complex z, xl::buffer<float>& f) {
  float const scale = z.real();
#if CROSSLANE_TEST_WRONG == 3
  xl::transform(q, f, f, [=] CROSSLANE_LAMBDA(float x) { return scale * (x * z).real(); });
#endif
  xl::transform(q, f, f, [scale] CROSSLANE_LAMBDA(float x) { return x * scale; });
}
