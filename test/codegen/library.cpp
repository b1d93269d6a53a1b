// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions of the standard library in a kernel: each has its store. See waves.cpp.
#include <kernel/standard_library.hpp>

// sm_90: 43 st.global
struct standard_library : crosslane_test::standard_library {};

void launch(crosslane::stream const& q, float const* in, float* out) {
  crosslane::launch(q, {.grid = 1, .block = 32}, standard_library{}, in, out);
}
