// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Weights in device memory, in the types and layouts that kernels take. Each array is converted once.
#pragma once

#include "forward/activations.hpp"
#include "forward/board_values.hpp"
#include "forward/pass_context.hpp"
#include "weights/wire.hpp"

namespace chessnet {

/// Copies floats to the device, and waits.
[[nodiscard]] inline xl::buffer<float> upload(xl::stream_ref q, std::vector<float> const& values) {
  auto result = xl::make_buffer(q, values);
  q.synchronize();
  return result;
}

/// Copies the elements of a view of host memory to a tensor on the device that has the same axes, and waits.
template <class T, class From, class To>
void upload(xl::stream_ref q, xl::tensor_view<float const, From> const& from, xl::tensor_view<T, To> const& to) {
  xl::span<float const> const elements{from.data(), std::size_t(from.layout().span_size())};
  xl::buffer<float> const copied = xl::make_buffer(q, elements);
  xl::convert(q, xl::tensor_view<float const, From>{copied.data(), from.layout()}, to);
  q.synchronize();
}

/// Returns n zeros if there is no bias.
[[nodiscard]] inline xl::buffer<float> upload_bias(xl::stream_ref q, std::vector<float> const& bias, int n) {
  return upload(q, bias.empty() ? std::vector<float>(std::size_t(n)) : bias);
}

/// A dense layer: y = activation(weights x + bias) for each row.
template <class T>
class device_dense {
 public:
  /// The second operand of products: indexed (in, out); the inputs of an output are adjacent, as in files.
  using layout = xl::padded<xl::extents<std::int32_t, axis::in, axis::out>, xl::axes<axis::out, axis::in>>;

  device_dense() = default;
  /// Of a layer that reads each row by itself.
  device_dense(xl::stream_ref q, dense_layer const& d) : device_dense{q, d.out, d.in, d.bias} { upload(q, d.view(), writable()); }
  /// Of a layer that reads all squares. `weights` is by_channel() or by_square() of the layer. Its inputs become [square][channel].
  template <class From>
  device_dense(xl::stream_ref q, dense_layer const& d, xl::tensor_view<float const, From> const& weights)
      : device_dense{q, d.out, d.in, d.bias} {
    if (pitch_ != d.in) throw weights_error{"a layer that reads all squares has " + std::to_string(d.in) + " inputs, not a multiple of 64"};
    upload(q, weights, xl::tensor_view<T, squares_of_channels>{weights_.data(), squares_of_channels{{d.out, d.in / 64, 64}}});
  }
  /// Of a convolution of 1 x 1, which is a product of squares and channels.
  device_dense(xl::stream_ref q, convolution_layer const& c) : device_dense{q, c.out, c.in, c.bias} {
    if (c.width != 1)
      throw weights_error{"a convolution of " + std::to_string(c.width) + " x " + std::to_string(c.width) + " as a product"};
    upload(q, matrix_view{c.weights.data(), matrix_layout{{c.out, c.in}}}, writable());
  }

  [[nodiscard]] int out() const { return out_; }
  [[nodiscard]] int in() const { return in_; }
  [[nodiscard]] xl::tensor_view<T const, layout> view() const { return {weights_.data(), layout_}; }
  [[nodiscard]] xl::span<float const> bias() const { return bias_.view(); }

 private:
  device_dense(xl::stream_ref q, int out, int in, std::vector<float> const& bias)
      : out_{out},
        in_{in},
        pitch_{channel_pitch(in)},
        layout_{xl::make_padded<xl::axes<axis::out, axis::in>>(typename layout::extents_type{in, out}, pitch_)},
        weights_{q, std::size_t(out) * std::size_t(pitch_)},
        bias_{upload_bias(q, bias, out)} {}
  [[nodiscard]] xl::tensor_view<T, layout> writable() { return {weights_.data(), layout_}; }

  int out_ = 0, in_ = 0, pitch_ = 0;
  layout layout_;
  xl::buffer<T> weights_;
  xl::buffer<float> bias_;
};

/// Queues y = f(x weights + bias) for the rows of x. Each type of y's elements and of f is a kernel. A rare activation is a pass of its
/// own: in a product it would take minutes to compile.
template <class T, class X, class Y, class F>
void multiply(pass_context const& p, X const& x, device_dense<T> const& d, Y const& y, F const& f) {
  if constexpr (std::is_same_v<F, rare_activation>) {
    multiply(p, x, d, y, no_activation);
    if (!p.measures) xl::transform(p.q, y, y, rounded<typename Y::value_type, F>{f});
  } else {
    xl::gemm(p.q, x, d.view(), y, xl::epilogue_chain{xl::add_to_columns{d.bias()}, f}, p.options);
  }
}

/// A convolution of 3 x 3.
template <class T>
class device_convolution {
 public:
  device_convolution() = default;
  device_convolution(xl::stream_ref q, convolution_layer const& c)
      : weights_{q, {c.out, c.in, c.width, c.width}}, bias_{upload_bias(q, c.bias, c.out)} {
    upload(q, c.view(), weights_.view());
  }

  [[nodiscard]] int out() const { return weights_.template extent<axis::k>(); }
  [[nodiscard]] int in() const { return weights_.template extent<axis::c>(); }
  [[nodiscard]] xl::tensor_view<T const, xl::khwc> view() const { return weights_.view(); }
  [[nodiscard]] xl::span<float const> bias() const { return bias_.view(); }

 private:
  xl::tensor<T, xl::khwc> weights_;
  xl::buffer<float> bias_;
};

/// Queues y = f(convolution of x + bias). Each type of y's elements and of f is a kernel.
template <class T, class Y, class F>
void convolve(pass_context const& p, board_values<T> const& x, device_convolution<T> const& c, board_values<Y> const& y, F const& f) {
  xl::convolve(p.q, x.images(), c.view(), y.images(), xl::epilogue_chain{xl::add_to_columns{c.bias()}, f}, p.options);
}

/// A layer norm.
struct device_norm {
  xl::buffer<float> gamma, beta;

  device_norm() = default;
  device_norm(xl::stream_ref q, norm_layer const& n) : gamma{upload(q, n.gamma)}, beta{upload(q, n.beta)} {}
};

/// Returns the layers as one that computes all their outputs, one after another. They read the same inputs.
[[nodiscard]] inline dense_layer stacked(std::initializer_list<dense_layer const*> layers) {
  dense_layer result;
  for (dense_layer const* const d : layers) {
    result.in = d->in;
    result.out += d->out;
    result.weights.insert(result.weights.end(), d->weights.begin(), d->weights.end());
    result.bias.insert(result.bias.end(), d->bias.begin(), d->bias.end());
    result.bias.resize(std::size_t(result.out));
  }
  return result;
}

}  // namespace chessnet
