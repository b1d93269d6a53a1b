// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Activations as function objects of products, and the choice among them at run time.
///
/// A product is compiled for each type of its function object, which takes seconds. So a type has several activations, if that costs an
/// element no branch.
#pragma once

#include "weights/network.hpp"

#include <crosslane/kernel/math.hpp>
#include <crosslane/matrix.hpp>

#include <limits>

namespace chessnet {

/// The activations max(x, low) and max(x, low)^2: x itself, ReLU and its square. A NaN stays a NaN.
struct clipped_activation {
  float low = -std::numeric_limits<float>::infinity();
  bool squared = false;

  CROSSLANE_FN float operator()(float x) const {
    float const y = x < low ? low : x;
    return squared ? y * y : y;
  }
};

/// The activations x n / (n + c), where n = e^x (a e^x + b): mish and swish.
struct smooth_activation {
  float a, b, c;

  CROSSLANE_FN float operator()(float x) const {
    float const e = xl::exp(x > 20 ? 20 : x), n = e * (a * e + b);  // from 20 on the factor is 1
    return x * (n * xl::fast::reciprocal(n + c));
  }
};

/// An activation that is chosen for each element: those that networks have in small layers only.
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

/// f for elements of T, computed in float.
template <class T, class F>
struct rounded {
  F f;

  CROSSLANE_FN T operator()(T x) const { return static_cast<T>(f(static_cast<float>(x))); }
};

inline constexpr clipped_activation no_activation{};

/// Calls f with the function object of a network's default activation, which is ReLU or mish. Its two types make two kernels of what f
/// queues.
template <class F>
void with_default_activation(activation a, F const& f) {
  if (a == activation::mish)
    f(smooth_activation{1, 2, 2});
  else
    f(clipped_activation{0});
}

/// Calls f with the function object of any activation, which has one of three types.
template <class F>
void with_activation(activation a, F const& f) {
  switch (a) {
    case activation::relu:
    case activation::mish: return with_default_activation(a, f);
    case activation::relu_squared: return f(clipped_activation{0, true});
    case activation::swish: return f(smooth_activation{0, 1, 1});
    case activation::none: return f(no_activation);
    default: return f(rare_activation{a});
  }
}

}  // namespace chessnet
