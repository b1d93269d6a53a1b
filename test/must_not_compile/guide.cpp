// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code of docs/guide that does not compile.
#include <crosslane/tensor.hpp>

#include <vector>

namespace xl = crosslane;

struct lanes_of_a_tile {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
#if CROSSLANE_TEST_WRONG == 1
    // [tile-of-64]
    auto const tile = xl::tile<64>(ctx);  // in a kernel that also has to run on waves of 32 lanes
                                          // [tile-of-64]
#else
    auto const tile = xl::tile<32>(ctx);
#endif
    out[ctx.thread_rank()] = tile.size();
  }
};

struct scale {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float factor, xl::span<float> x) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] *= factor;
  }
};

struct takes_pixels {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::tensor_view<float, xl::nhwc>) const {}
};

void launch(xl::stream const& q, xl::buffer<unsigned>& out, [[maybe_unused]] std::vector<float> const& values,
            [[maybe_unused]] xl::tensor<float, xl::nchw>& planes, [[maybe_unused]] xl::tensor<float, xl::nhwc>& pixels) {
  xl::launch(q, {.grid = 1, .block = 64}, lanes_of_a_tile{}, out);
#if CROSSLANE_TEST_WRONG == 2
  // [vector-argument]
  xl::launch(q, {.grid = 1, .block = 64}, scale{}, 2.0f, values);  // a std::vector<float>
  // [vector-argument]
#elif CROSSLANE_TEST_WRONG == 3
  // [other-layout]
  xl::launch(q, {.grid = 1, .block = 64}, takes_pixels{}, planes);  // a tensor<float, nchw> where the kernel takes nhwc
  // [other-layout]
#else
  xl::launch(q, {.grid = 1, .block = 64}, takes_pixels{}, pixels);
#endif
}
