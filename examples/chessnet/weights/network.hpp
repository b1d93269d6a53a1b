// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A network in memory: the arrays of its file as floats, with batch norms folded into convolutions, in the order of the file.
///
/// Each array has a view whose type states its layout. A target converts each once, from this layout to the one that its kernel takes.
#pragma once

#include "input/planes.hpp"

#include <crosslane/tensor.hpp>

#include <optional>
#include <string>
#include <vector>

namespace chessnet {

namespace xl = crosslane;

/// The axes of the arrays, in addition to the library's.
namespace axis {
using namespace crosslane::axis;
struct in : xl::axis_tag {};      ///< what a layer reads
struct out : xl::axis_tag {};     ///< what it computes
struct square : xl::axis_tag {};  ///< the squares of the board, 64
}  // namespace axis

enum class activation : std::uint32_t { same_as_default, mish, relu, none, tanh, sigmoid, selu, swish, relu_squared, softmax };
enum class policy_kind : std::uint32_t { classical = 1, convolution, attention };
enum class value_kind : std::uint32_t { scalar = 1, wdl };
/// What an attention body appends to the planes of each square.
enum class embedding_kind : std::uint32_t { none, map, dense };

using matrix_layout = xl::row_major<axis::out, axis::in>;
using matrix_view = xl::tensor_view<float const, matrix_layout>;

/// The weights of outputs that read all squares: channel by channel as a tower flattens its boards, or square by square as a body does.
using square_extents = xl::extents<std::int32_t, axis::out, axis::c, xl::fixed<axis::square, 64>>;
using channels_of_squares = xl::packed<square_extents, xl::axes<axis::out, axis::c, axis::square>>;
using squares_of_channels = xl::packed<square_extents, xl::axes<axis::out, axis::square, axis::c>>;

/// y = weights x + bias.
struct dense_layer {
  using layout = matrix_layout;
  int out = 0, in = 0;
  std::vector<float> weights;
  std::vector<float> bias;  // out, or none

  [[nodiscard]] matrix_view view() const { return {weights.data(), layout{{out, in}}}; }

  /// @{
  /// Return the weights of a layer that reads all squares of some channels: (out, channel, square), in the order in which the file flattens
  /// them. The wrong one of the two has the right sizes and the wrong weights; the members with such layers name theirs.
  [[nodiscard]] xl::tensor_view<float const, channels_of_squares> by_channel() const {
    return {weights.data(), channels_of_squares{{out, in / 64, 64}}};
  }
  [[nodiscard]] xl::tensor_view<float const, squares_of_channels> by_square() const {
    return {weights.data(), squares_of_channels{{out, in / 64, 64}}};
  }
  /// @}
};

/// Cross-correlation with stride 1 and as much zero padding as keeps the board's 8 x 8 squares.
struct convolution_layer {
  using layout = xl::packed<xl::extents<std::int32_t, axis::k, axis::c, axis::h, axis::w>, xl::axes<axis::k, axis::c, axis::h, axis::w>>;
  int out = 0, in = 0, width = 0;  // width x width squares, 1 or 3
  std::vector<float> weights;
  std::vector<float> bias;  // out

  [[nodiscard]] xl::tensor_view<float const, layout> view() const { return {weights.data(), layout{{out, in, width, width}}}; }
};

/// y = (x - mean) / sqrt(variance + epsilon) gamma + beta over the last axis.
struct norm_layer {
  std::vector<float> gamma, beta;
};

/// Channels scaled and shifted by what their means say.
struct squeeze_layer {
  dense_layer first, second;  // the second has 2 out: scales, then shifts
};

struct residual_block {
  convolution_layer first, second;
  std::optional<squeeze_layer> squeeze;
};

struct tower {
  convolution_layer input;
  std::vector<residual_block> blocks;

  [[nodiscard]] int channels() const { return input.out; }
};

struct feed_forward {
  dense_layer first, second;
};

/// Makes the additive table of attention logits of each head from all squares.
struct smolgen {
  dense_layer compress;       // per square, without bias
  dense_layer first, second;  // the first reads by_square()
  norm_layer first_norm, second_norm;
};

struct encoder_layer {
  dense_layer q, k, v, out;
  std::optional<chessnet::smolgen> smolgen;
  norm_layer first_norm, second_norm;
  feed_forward ffn;
};

/// A stack of encoder layers and what they share.
struct encoder_stack {
  std::vector<encoder_layer> layers;
  int heads = 0;
  float branch_scale = 1;  // of each branch before it is added to the skip connection
  float epsilon = 1e-6f;   // of the norms
  activation ffn_activation = activation::relu;

  [[nodiscard]] int depth() const { return layers.empty() ? 0 : layers[0].q.out / heads; }
};

/// Factors and summands of each channel and square.
struct gate_layer {
  using layout = xl::packed<xl::extents<std::int32_t, axis::c, xl::fixed<axis::square, 64>>, xl::axes<axis::c, axis::square>>;
  std::vector<float> multiply, add;

  [[nodiscard]] static layout layout_of(int channels) { return layout{{channels, 64}}; }
  [[nodiscard]] xl::tensor_view<float const, layout> multiply_view() const {
    return {multiply.data(), layout_of(int(multiply.size() / 64))};
  }
  [[nodiscard]] xl::tensor_view<float const, layout> add_view() const { return {add.data(), layout_of(int(add.size() / 64))}; }
};

struct attention_body {
  embedding_kind kind = embedding_kind::none;
  std::optional<dense_layer> preprocess;  // dense: from 12 planes of all squares, by_square(), to what each square appends
  dense_layer embedding;
  std::optional<norm_layer> embedding_norm;  // dense
  std::optional<gate_layer> gates;
  std::optional<feed_forward> embedding_ffn;  // dense
  std::optional<norm_layer> embedding_ffn_norm;
  encoder_stack encoders;
  activation smolgen_activation = activation::swish;
  std::optional<dense_layer> smolgen_table;  // [64 * 64][size of a head's part], without bias

  [[nodiscard]] int channels() const { return embedding.out; }
};

/// Makes the 1858 logits. The members that its kind does not use are empty.
struct policy_head {
  std::string name;
  policy_kind kind = policy_kind::classical;
  convolution_layer convolution;        // classical: 1 x 1; convolution: the second 3 x 3
  convolution_layer first_convolution;  // convolution
  dense_layer logits;                   // classical, reads by_channel()
  dense_layer embedding;                // attention
  activation embedding_activation = activation::selu;
  encoder_stack encoders;
  dense_layer query, key;
  dense_layer promotion;  // [4][size of a key]: queen, rook, bishop, and what is added to all three; without bias
};

/// Makes the outcome of the game or the moves left.
struct value_head {
  std::string name;
  std::optional<convolution_layer> convolution;  // 1 x 1, on a tower; then `hidden` reads by_channel()
  std::optional<dense_layer> embedding;          // on a body; then `hidden` reads by_square()
  dense_layer hidden, output;
};

/// What to compute. A network has a tower or a body, or both: then the body reads the tower's output.
struct network {
  input_format input = input_format::classical;
  activation default_activation = activation::relu;
  std::optional<chessnet::tower> tower;
  std::optional<attention_body> body;
  value_kind value = value_kind::wdl;
  std::vector<policy_head> policy_heads;  // at least one. The first is the one that is used if nothing else is said
  std::vector<value_head> value_heads;    // the same
  std::optional<value_head> moves_left;

  /// Return the head of a name, or the first if the name is empty. Throw weights_error that lists the names if there is no such head.
  [[nodiscard]] policy_head const& policy_named(std::string_view name) const;
  [[nodiscard]] value_head const& value_named(std::string_view name) const;

  /// Returns the number of weights.
  [[nodiscard]] std::size_t parameters() const;
  /// Returns a line such as "SE tower 64 x 6, policy convolution, value WDL".
  [[nodiscard]] std::string describe() const;
};

}  // namespace chessnet
