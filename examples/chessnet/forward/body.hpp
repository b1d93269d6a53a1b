// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// An attention body on the device: the embedding of the planes, then encoder layers.
#pragma once

#include "forward/encoders.hpp"
#include "forward/kernels/embedding.hpp"
#include "input/policy_index.hpp"

namespace chessnet {

template <class T>
class device_body {
 public:
  /// Copies the weights of n.body, and allocates the memory of the largest batch. Throws weights_error if heads have too many channels.
  device_body(xl::stream_ref q, network const& n, int largest_batch) : device_body{q, n, *n.body, largest_batch} {}

  /// @{
  /// Return the memory of the input of a network without a tower: the planes of each square, and [board][64 x 12] the first 12 planes of
  /// each square, of no boards if the body does not need them.
  [[nodiscard]] board_values<T> planes(int boards) { return input_.of(boards).part(0, int(plane_count)); }
  [[nodiscard]] xl::tensor_view<T, board_rows> pieces(int boards) { return pieces_.of(appended_ > 0 ? boards : 0); }
  /// @}

  /// Queues the body. `in` is what planes() returned, or the tower's output. Returns where its output is.
  board_values<T> run(pass_context const& p, board_values<T> const& in) {
    board_values<T> const x = values_.of(p.boards);
    board_values<T> const all{in.data, in.boards, in.channels + appended_, in.pitch};
    if (appended_ > 0) append(p, all.part(in.channels, appended_));
    bool const gates_after_norm = gated_ && norm_;
    square_embedding e{addends_.view(), {}, {}, gated_ && !norm_, is_mish_};
    if (e.gated) {
      e.multiply = multiply_.view();
      e.add = add_.view();
    }
    xl::gemm(p.q, all.rows(), embedding_.view(), x.rows(), e, p.options);
    if (!e.gated) p.show_rows("embedding", x);
    float const epsilon = 1e-3f;
    if (norm_) normalise(p, x.rows(), *norm_, epsilon);
    if (gates_after_norm && !p.measures) apply_gates(p.q, x.squares(), multiply_.view(), add_.view());
    if (gated_) p.show_rows("gated", x);
    if (ffn_) {
      encoders_.run_ffn(p, *ffn_, x, epsilon);
      p.show_rows("embedding_ffn", x);
    }
    encoders_.run(p, x, "encoder");
    return x;
  }

 private:
  device_body(xl::stream_ref q, network const& n, attention_body const& b, int largest_batch)
      : appended_{appended(b)},
        is_mish_{n.default_activation == activation::mish},
        gated_{b.gates.has_value()},
        embedding_{q, read_part(b)},
        addends_{q, square_values{{64, b.channels()}}},
        encoders_{q, b.encoders, b.channels(), &b, largest_batch},
        values_{q, largest_batch, b.channels()} {
    if (!n.tower) input_ = board_memory<T>{q, largest_batch, embedding_.in(), channel_pitch(embedding_.in())};
    auto const addends = folded(b);
    xl::copy(q, addends, addends_.storage());
    q.synchronize();
    if (b.preprocess) {
      preprocess_ = {q, *b.preprocess};
      no_bias_ = upload_bias(q, {}, appended_);
      pieces_ = row_memory<T>{q, largest_batch, b.preprocess->in};
    }
    if (b.embedding_norm) norm_.emplace(q, *b.embedding_norm);
    if (b.gates) {
      multiply_ = square_tensor{q, {64, b.channels()}};
      add_ = square_tensor{q, {64, b.channels()}};
      upload(q, b.gates->multiply_view(), multiply_.view());
      upload(q, b.gates->add_view(), add_.view());
    }
    if (b.embedding_ffn) ffn_.emplace(q, *b.embedding_ffn, *b.embedding_ffn_norm);
  }

  using square_tensor = xl::tensor<float, square_values>;

  /// Returns how many channels the body appends to the planes of each square.
  static int appended(attention_body const& b) { return b.preprocess ? b.preprocess->out / 64 : 0; }

  /// Returns the embedding without the weights of a constant position encoding.
  static dense_layer read_part(attention_body const& b) {
    if (b.kind != embedding_kind::map) return {b.embedding.out, b.embedding.in, b.embedding.weights, {}};
    int const in = b.embedding.in - 64;
    dense_layer result{b.embedding.out, in, {}, {}};
    for (int o = 0; o < result.out; ++o) {
      auto const* const row = &b.embedding.weights[std::size_t(o) * std::size_t(b.embedding.in)];
      result.weights.insert(result.weights.end(), row, row + in);
    }
    return result;
  }

  /// Returns what the embedding adds to each square and channel: its bias, its products with a constant position encoding, and those with
  /// the bias of what is appended.
  static std::vector<float> folded(attention_body const& b) {
    auto const channels = std::size_t(b.channels()), in = std::size_t(b.embedding.in);
    std::vector<float> result;
    std::vector<double> encoding;  // of a square, the last inputs
    for (std::size_t s = 0; s < 64; ++s) {
      if (b.kind == embedding_kind::map) {
        encoding.assign(64, 0.0);
        for_each_square(reachable(int(s)), [&](int to) { encoding[std::size_t(to)] = 1; });
        encoding[s] = -1;
      } else if (b.preprocess && !b.preprocess->bias.empty()) {
        auto const count = std::size_t(appended(b));
        encoding.assign(b.preprocess->bias.begin() + std::ptrdiff_t(s * count),
                        b.preprocess->bias.begin() + std::ptrdiff_t((s + 1) * count));
      }
      for (std::size_t o = 0; o < channels; ++o) {
        double sum = b.embedding.bias.empty() ? 0 : double(b.embedding.bias[o]);
        auto const* const weights = &b.embedding.weights[(o + 1) * in - encoding.size()];
        for (std::size_t i = 0; i < encoding.size(); ++i) sum += double(weights[i]) * encoding[i];
        result.push_back(float(sum));
      }
    }
    return result;
  }

  /// Queues the products that write what is appended to each square, one for each square. Their bias is among the addends of the embedding.
  void append(pass_context const& p, board_values<T> const& to) {
    using weights_of_squares = xl::strided<xl::extents<std::int32_t, axis::square, axis::in, axis::out>,
                                           xl::axes<axis::square, axis::out, axis::in>, xl::strides<xl::dynamic, 1, xl::dynamic>>;
    using outputs_of_squares = xl::strided<xl::extents<std::int32_t, axis::square, axis::row, axis::col>,
                                           xl::axes<axis::row, axis::square, axis::col>, xl::strides<xl::dynamic, xl::dynamic, 1>>;
    int const pitch = preprocess_.view().template stride<axis::out>();
    xl::tensor_view<T const, weights_of_squares> const weights{preprocess_.view().data(),
                                                               {{64, preprocess_.in(), appended_}, {{appended_ * pitch, 1, pitch}}}};
    xl::tensor_view<T, outputs_of_squares> const out{to.data, {{64, p.boards, appended_}, {{to.pitch, 64 * to.pitch, 1}}}};
    xl::gemm(p.q, pieces_.of(p.boards), weights, out, xl::epilogue_chain{xl::add_to_columns{no_bias_.view()}, no_activation}, p.options);
  }

  int appended_;
  bool is_mish_, gated_;
  device_dense<T> preprocess_, embedding_;
  xl::buffer<float> no_bias_;  // of the preprocessing
  square_tensor addends_, multiply_, add_;
  std::optional<device_norm> norm_;
  std::optional<device_feed_forward<T>> ffn_;
  device_encoders<T> encoders_;
  board_memory<T> input_, values_;
  row_memory<T> pieces_;
};

}  // namespace chessnet
