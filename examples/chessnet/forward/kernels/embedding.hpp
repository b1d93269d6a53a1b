// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What an attention body does to the sums of its embedding.
#pragma once

#include "weights/network.hpp"

#include <crosslane/matrix.hpp>
#include <crosslane/tensor.hpp>

namespace chessnet {

/// A number for each square and channel.
using square_values = xl::packed<xl::extents<std::int32_t, xl::fixed<axis::square, 64>, axis::c>, xl::axes<axis::square, axis::c>>;
using square_values_view = xl::tensor_view<float const, square_values>;

/// The epilogue of the embedding, whose rows are the squares of boards: activation(x + addend) * factor + summand.
struct square_embedding {
  square_values_view addends;
  square_values_view multiply, add;  // the gates, if there are any
  bool gated, is_mish;               // the activation is mish or ReLU

  CROSSLANE_FN float operator()(float x, xl::gemm_index const& at) const {
    int const square = at.row % 64;
    x += addends(square, at.col);
    float const curved = xl::mish{}(x);  // in both cases: a branch here would keep the loads of the elements apart
    x = is_mish ? curved : xl::relu{}(x);
    return gated ? x * multiply(square, at.col) + add(square, at.col) : x;
  }
};

/// Queues x = x * multiply + add for each square and channel of each board, for gates that follow a norm.
template <class X>
void apply_gates(xl::stream_ref q, X const& x, square_values_view const& multiply, square_values_view const& add) {
  using T = typename X::value_type;
  xl::transform(q, x, multiply, add, x,
                [] CROSSLANE_LAMBDA(T value, float factor, float summand) { return T(float(value) * factor + summand); });
}

}  // namespace chessnet
