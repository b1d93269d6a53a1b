// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Attention between the 64 squares of a board: attend(). In half and bfloat16 the library's; in float a kernel, because matrix cores have
/// no products of floats.
#pragma once

#include <crosslane/matrix.hpp>
#include <crosslane/tensor.hpp>

#include <type_traits>

namespace chessnet {

namespace xl = crosslane;

namespace axis {
using namespace crosslane::axis;
struct part : xl::axis_tag {};  ///< queries, keys, values
}  // namespace axis

/// Queries, keys and values as one product writes them: for each square the queries of all heads, then the keys, then the values.
template <int Depth>
using attention_input = xl::packed<
    xl::extents<std::int32_t, axis::n, xl::fixed<axis::position, 64>, xl::fixed<axis::part, 3>, axis::head, xl::fixed<axis::c, Depth>>,
    xl::axes<axis::n, axis::position, axis::part, axis::head, axis::c>>;
/// The result: for each square the channels of all heads.
template <int Depth>
using attention_output =
    xl::packed<xl::extents<std::int32_t, axis::n, xl::fixed<axis::position, 64>, axis::head, xl::fixed<axis::c, Depth>>,
               xl::axes<axis::n, axis::position, axis::head, axis::c>>;
/// What is added to the logits: for each head a row for each query and a column for each key. n and head may be 1: then all share a table.
using attention_table = xl::packed<xl::extents<std::int32_t, axis::n, axis::head, xl::fixed<axis::row, 64>, xl::fixed<axis::col, 64>>,
                                   xl::axes<axis::n, axis::head, axis::row, axis::col>>;

namespace kernels {

/// out = softmax(scale * queries * keys^T + table) * values. A block for each head of each board, a thread for each query.
template <int Depth>
struct square_attention {
  static constexpr auto block = xl::block_size<64>;
  static constexpr unsigned width = 4;
  using vector = xl::vec<float, width>;
  static_assert(Depth % int(width) == 0);

  template <class Ctx>
  struct shared {
    vector keys[64][Depth / width], values[64][Depth / width];
  };

  float scale;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tensor_view<float const, attention_input<Depth>> in,
                               xl::tensor_view<float const, attention_table> table,
                               xl::tensor_view<float, attention_output<Depth>> out) const {
    int const heads = in.template extent<axis::head>(), n = int(ctx.block_rank()) / heads, head = int(ctx.block_rank()) % heads;
    int const query = int(ctx.thread_rank());
    auto const row_of = [&](int square, int part) { return reinterpret_cast<vector const*>(&in(n, square, part, head, 0)); };
    for (auto const i : ctx.block_stride(64 * Depth / int(width))) {
      int const square = int(i) / (Depth / int(width)), c = int(i) % (Depth / int(width));
      s.keys[square][c] = row_of(square, 1)[c];
      s.values[square][c] = row_of(square, 2)[c];
    }
    vector q[Depth / width], sums[Depth / width] = {};
    CROSSLANE_UNROLL
    for (unsigned c = 0; c < Depth / width; ++c) q[c] = row_of(query, 0)[c];
    auto const* const addends =
        &table(table.template extent<axis::n>() > 1 ? n : 0, table.template extent<axis::head>() > 1 ? head : 0, query, 0);
    ctx.sync_block();

    float largest = -3e38f, sum = 0;
    for (int key = 0; key < 64; ++key) {
      float score = 0;
      CROSSLANE_UNROLL
      for (unsigned c = 0; c < Depth / width; ++c) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < width; ++i) score += q[c][i] * s.keys[key][c][i];
      }
      score = score * scale + addends[key];
      float const most = xl::max(score, largest), old = xl::exp(largest - most), weight = xl::exp(score - most);
      largest = most;
      sum = sum * old + weight;
      CROSSLANE_UNROLL
      for (unsigned c = 0; c < Depth / width; ++c) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < width; ++i) sums[c][i] = sums[c][i] * old + weight * s.values[key][c][i];
      }
    }
    auto* const to = reinterpret_cast<vector*>(&out(n, query, head, 0));
    CROSSLANE_UNROLL
    for (unsigned c = 0; c < Depth / width; ++c) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < width; ++i) sums[c][i] /= sum;
      to[c] = sums[c];
    }
  }
};

}  // namespace kernels

/// Queues the attention of all heads of all boards. Memory begins at multiples of 16 bytes.
template <class T, int Depth>
void attend(xl::stream_ref q, xl::tensor_view<T const, attention_input<Depth>> in, xl::tensor_view<T const, attention_table> table,
            xl::tensor_view<T, attention_output<Depth>> out, float scale) {
  if constexpr (std::is_same_v<T, float>)
    xl::launch(q, {.grid = unsigned(in.template extent<axis::n>() * in.template extent<axis::head>())},
               kernels::square_attention<Depth>{scale}, in, table, out);
  else
    xl::attention(q, xl::fix<axis::part>(in, 0), xl::fix<axis::part>(in, 1), xl::fix<axis::part>(in, 2), table, out, {.scale = scale});
}

}  // namespace chessnet
