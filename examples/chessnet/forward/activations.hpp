// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Activations as function objects of products, and the choice among them at run time.
#pragma once

#include "weights/network.hpp"

#include <crosslane/kernel/math.hpp>
#include <crosslane/matrix.hpp>

namespace chessnet {

/// The activation max(x, 0)^2.
struct relu_squared {
  CROSSLANE_FN float operator()(float x) const { return x < 0 ? 0 : x * x; }
};

/// An activation that is chosen for each element: for those that networks have in small layers only.
struct rare_activation {
  activation f;
  CROSSLANE_FN float operator()(float x) const {
    switch (f) {
      case activation::selu: return 1.05070098f * (x > 0 ? x : 1.67326324f * (xl::exp(x) - 1));
      case activation::tanh: return xl::tanh(x);
      case activation::sigmoid: return 1 / (1 + xl::exp(-x));
      default: return x;
    }
  }
};

/// Calls f with the function object of a network's default activation, which is ReLU or mish.
template <class F>
void with_default_activation(activation a, F const& f) {
  if (a == activation::mish)
    f(xl::mish{});
  else
    f(xl::relu{});
}

/// Calls f with the function object of an activation. Each of the six types is a kernel for what f queues.
template <class F>
void with_activation(activation a, F const& f) {
  switch (a) {
    case activation::relu:
    case activation::mish: return with_default_activation(a, f);
    case activation::swish: return f(xl::swish{});
    case activation::relu_squared: return f(relu_squared{});
    case activation::none: return f(xl::identity{});
    default: return f(rare_activation{a});
  }
}

}  // namespace chessnet
