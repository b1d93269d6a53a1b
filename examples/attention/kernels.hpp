// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Attention as a plain kernel, without matrix cores: what xl::attention() is compared with.
#pragma once

#include <crosslane/matrix.hpp>

namespace attention {

namespace xl = crosslane;
namespace axis = xl::axis;

inline constexpr int channels = 32;  ///< of a head

/// Queries, keys and values of all heads, as one layer of a network writes them: for each position of a sequence its queries, then its
/// keys, then its values.
struct part : xl::axis_tag {};
using qkv_extents = xl::extents<int, axis::n, axis::position, xl::fixed<part, 3>, axis::head, xl::fixed<axis::c, channels>>;
using qkv = xl::packed<qkv_extents, xl::axes<axis::n, axis::position, part, axis::head, axis::c>>;

/// The result: for each position the channels of all heads.
using result_extents = xl::extents<int, axis::n, axis::position, axis::head, xl::fixed<axis::c, channels>>;
using result = xl::packed<result_extents, xl::axes<axis::n, axis::position, axis::head, axis::c>>;

/// out = softmax(queries * keys^T * scale + bias) * values. A thread computes a row of the result. Grid: blocks that cover the rows.
struct plain {
  static constexpr auto block = xl::block_size<64>;

  float scale;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<xl::half const, qkv> in,
                               xl::tensor_view<xl::half const, xl::row_major<>> bias, xl::tensor_view<xl::half, result> out) const {
    int const positions = in.extent<axis::position>(), heads = in.extent<axis::head>();
    for (auto const i : ctx.grid_stride(in.extent<axis::n>() * heads * positions)) {
      int const row = int(i) % positions, head = int(i) / positions % heads, n = int(i) / positions / heads;
      float largest = -1e30f, sum = 0, sums[channels] = {};
      for (int key = 0; key < positions; ++key) {
        float score = 0;
        for (int c = 0; c < channels; ++c) score += float(in(n, row, 0, head, c)) * float(in(n, key, 1, head, c));
        score = score * scale + float(bias(row, key));
        float const most = xl::max(score, largest), old = xl::exp(largest - most), weight = xl::exp(score - most);
        largest = most;
        sum = sum * old + weight;
        for (int c = 0; c < channels; ++c) sums[c] = sums[c] * old + weight * float(in(n, key, 2, head, c));
      }
      for (int c = 0; c < channels; ++c) out(n, row, head, c) = xl::half(sums[c] / sum);
    }
  }
};

}  // namespace attention
