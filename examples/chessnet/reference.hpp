// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The forward pass of all kinds of networks in plain sequential C++. The kernels are compared with this code. It is their specification.
///
/// Boards of a tower are [channel][rank][file], rows of an attention body are [square][channel].
#pragma once

#include "input/planes.hpp"
#include "output/outputs.hpp"
#include "weights/network.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace chessnet::reference {

/// Is called with the result of each step: its name, its extents, and its values in row-major order. The names, in the order of the calls:
///
///   input_conv, block0, block1, ...                    of a tower, [C][8][8]
///   embedding_input, embedding, gated, embedding_ffn   of a body, [64][C]: the last two if the network has gates and that layer
///   smolgen, attention_logits                          [heads][64][64], of each encoder layer
///   after_ln1, encoder0, encoder1, ...                 [64][C]; layers of a policy head have no name of their own
///   policy_embedding, policy_q, policy_k               [64][C], after the policy's own encoder layers
///   policy_qk, promotion_raw                           [64][64], [4][8]
///   value_flat, value_out                              the input of the value's hidden layer, and the output before softmax or tanh
template <class Real>
using tracer = std::function<void(std::string const& name, std::vector<int> const& extents, std::span<Real const> values)>;

/// The names of heads; the default ones if empty.
struct heads {
  std::string policy, value;
};

/// Evaluates a position in float or double. The weights are the floats of `n` in both cases. Throws weights_error if there is no head of
/// such a name. Costs about 1 ns for each product of a weight and an input.
template <class Real>
[[nodiscard]] network_outputs<Real> evaluate(network const& n, input_planes const& planes, heads const& chosen = {},
                                             tracer<Real> const& trace = {});

extern template network_outputs<float> evaluate(network const&, input_planes const&, heads const&, tracer<float> const&);
extern template network_outputs<double> evaluate(network const&, input_planes const&, heads const&, tracer<double> const&);

/// Returns f(x). Not for softmax, which is no function of one number, and not for same_as_default.
template <class Real>
[[nodiscard]] Real activate(activation f, Real x);

extern template float activate(activation, float);
extern template double activate(activation, double);

}  // namespace chessnet::reference
