// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of the standard library in a kernel: each has its store. See waves.cpp.
#include <kernel/standard_library.hpp>

#include <string_view>

namespace xl = crosslane;

// sm_90: 42 st.global
struct standard_library : crosslane_test::standard_library {};

// For AMD these need functions that no library has, which the linker says.
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

void launch(xl::stream const& q, float const* in, float* out, char const* characters, std::size_t* numbers) {
  xl::launch(q, {.grid = 1, .block = 32}, standard_library{}, in, out);
  xl::launch(q, {.grid = 1, .block = 32}, text{}, characters, 8u, numbers);
}
