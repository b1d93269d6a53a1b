// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Softmax over the channels of images, for tensors of any order in memory.
#pragma once

#include <crosslane/tensor.hpp>

namespace layouts {

namespace xl = crosslane;
namespace axis = xl::axis;

/// out(n, c, h, w) = exp(in(n, c, h, w)) / sum over c of exp(in(n, c, h, w)), summed as floats in the order of c. Both tensors have the
/// same extents. Grid: any. A thread takes one pixel at a time. Adjacent threads take adjacent pixels.
struct softmax {
  static constexpr auto block = xl::block_size<256>;

  template <xl::kernel_context Ctx, class T, xl::tensor_layout In, xl::tensor_layout Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<T const, In> in, xl::tensor_view<T, Out> out) const {
    int const channels = int(in.template extent<axis::c>());
    int const height = int(in.template extent<axis::h>());
    int const width = int(in.template extent<axis::w>());
    for (auto pixel : ctx.grid_stride(int(in.template extent<axis::n>()) * height * width)) {
      int const n = pixel / (height * width), h = pixel / width % height, w = pixel % width;
      // Subtracting the largest value makes it 0, so exp cannot overflow.
      float largest = float(in(n, 0, h, w));
      for (int c = 1; c < channels; ++c) largest = xl::max(largest, float(in(n, c, h, w)));
      float sum = 0;
      for (int c = 0; c < channels; ++c) sum += xl::exp(float(in(n, c, h, w)) - largest);
      for (int c = 0; c < channels; ++c) out(n, c, h, w) = T(xl::exp(float(in(n, c, h, w)) - largest) / sum);
    }
  }
};

}  // namespace layouts
