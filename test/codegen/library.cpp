// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of the standard library in a kernel: each has its store. See waves.cpp.
#include <kernel/standard_library.hpp>

#include <string_view>

namespace xl = crosslane;

// sm_90: 66 different st.global, 1 popc.b64, 3 clz.b64
struct standard_library : crosslane_test::standard_library {};

// On AMD these need functions that no library has, so they do not link.
// sm_90: 4 st.global
struct text {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, char const* in, std::size_t n, std::size_t* out) const {
    std::string_view const text{in, n};
    out[0] = std::string_view{in}.size();
    out[1] = text.find('d');
    out[2] = text < std::string_view{"abc"};
    out[3] = std::equal(in, in + n, in + 1);
  }
};

// nvcc's device code has these for constants alone: each is a call of a function that ptxas does not find.
// sm_90: 10 call.uni
struct refused {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, float const* in, std::size_t n, std::size_t* out) const {
    static_assert(std::isnormal(1.0f) && std::lcm(4, 6) == 12);
    float const x = in[0], y = in[1];
    out[0] = std::isgreater(x, y);
    out[1] = std::isgreaterequal(x, y);
    out[2] = std::isless(x, y);
    out[3] = std::islessequal(x, y);
    out[4] = std::islessgreater(x, y);
    out[5] = std::isunordered(double{x}, double{y});
    out[6] = std::isnormal(x);
    out[7] = static_cast<std::size_t>(std::fpclassify(x));
    out[8] = std::isless(out[0], n);
    out[9] = std::lcm(n, out[7]);
  }
};

void launch(xl::stream const& q, float const* in, float* out, char const* characters, std::size_t* numbers) {
  xl::launch(q, {.grid = 1, .block = 32}, standard_library{}, in, out);
  xl::launch(q, {.grid = 1, .block = 32}, refused{}, in, 8u, numbers);
  xl::launch(q, {.grid = 1, .block = 32}, text{}, characters, 8u, numbers);
}
