// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A kernel that wants channels side by side, and a tensor that has them elsewhere: what the README shows.
#include <crosslane/tensor.hpp>

namespace xl = crosslane;

struct wants_pixels {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::tensor_view<float, xl::nhwc>) const {}
};

void run(xl::stream const& q, [[maybe_unused]] xl::tensor<float, xl::nchw>& planes, [[maybe_unused]] xl::tensor<float, xl::nhwc>& pixels) {
#ifdef WRONG
  // [launch]
  xl::launch(q, {.grid = 1, .block = 64}, wants_pixels{}, planes);
  // [launch]
#else
  xl::convert(q, planes, pixels);
  xl::launch(q, {.grid = 1, .block = 64}, wants_pixels{}, pixels);
#endif
}
