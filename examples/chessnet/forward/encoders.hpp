// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A stack of encoder layers on the device: of an attention body, or of a policy head.
#pragma once

#include "forward/device_weights.hpp"
#include "forward/kernels/square_attention.hpp"

#include <algorithm>
#include <cmath>

namespace chessnet {

/// Returns the channels of a head in memory: 16, 32 or 64. Throws weights_error if it has more.
[[nodiscard]] inline int padded_depth(int depth) {
  if (depth > 64) throw weights_error{"a head of attention has " + std::to_string(depth) + " channels, more than 64"};
  return depth <= 16 ? 16 : depth <= 32 ? 32 : 64;
}

/// Calls f with a padded depth as a std::integral_constant.
template <class F>
void with_depth(int depth, F const& f) {
  if (depth == 16)
    f(std::integral_constant<int, 16>{});
  else if (depth == 32)
    f(std::integral_constant<int, 32>{});
  else
    f(std::integral_constant<int, 64>{});
}

/// Returns a layer whose outputs are those of heads, each followed by zeros until it has `padded` outputs.
[[nodiscard]] inline dense_layer with_padded_outputs(dense_layer const& d, int heads, int padded) {
  int const depth = d.out / heads;
  if (depth == padded) return d;
  auto const in = std::size_t(d.in);
  dense_layer result{heads * padded, d.in, std::vector<float>(std::size_t(heads * padded) * in),
                     std::vector<float>(std::size_t(heads * padded))};
  for (int h = 0; h < heads; ++h) {
    std::copy_n(d.weights.begin() + std::ptrdiff_t(h * depth) * d.in, std::size_t(depth) * in,
                result.weights.begin() + std::ptrdiff_t(h * padded) * d.in);
    if (!d.bias.empty()) std::copy_n(d.bias.begin() + h * depth, depth, result.bias.begin() + h * padded);
  }
  return result;
}

/// Returns a layer that reads heads which are padded like that.
[[nodiscard]] inline dense_layer with_padded_inputs(dense_layer const& d, int heads, int padded) {
  int const depth = d.in / heads;
  if (depth == padded) return d;
  dense_layer result{d.out, heads * padded, std::vector<float>(std::size_t(d.out) * std::size_t(heads * padded)), d.bias};
  for (int o = 0; o < d.out; ++o)
    for (int h = 0; h < heads; ++h)
      std::copy_n(d.weights.begin() + (std::ptrdiff_t(o) * heads + h) * depth, depth,
                  result.weights.begin() + (std::ptrdiff_t(o) * heads + h) * padded);
  return result;
}

/// Queues x = norm(x) for each row.
template <class X>
void normalise(pass_context const& p, X const& x, device_norm const& n, float epsilon) {
  if (p.measures) return;
  xl::layer_norm<axis::col>(p.q, x, n.gamma, n.beta, x, {.epsilon = epsilon});
}

/// The feed-forward part of a layer, and the norm behind it.
template <class T>
struct device_feed_forward {
  device_dense<T> first, second;
  device_norm norm;

  device_feed_forward() = default;
  device_feed_forward(xl::stream_ref q, feed_forward const& f, norm_layer const& n) : first{q, f.first}, second{q, f.second}, norm{q, n} {}
};

template <class T>
class device_encoders {
  struct smolgen_weights {
    device_dense<T> compress, first, second;
    device_norm first_norm, second_norm;
  };
  struct layer {
    device_dense<T> qkv, out;
    std::optional<smolgen_weights> smolgen;
    device_norm norm;
    device_feed_forward<T> ffn;
  };

 public:
  /// Copies the weights, and allocates the memory of the largest batch. `channels` are those of the rows that layers read. `body` is what
  /// layers share if they are of a body. Throws weights_error if heads have too many channels.
  device_encoders(xl::stream_ref q, encoder_stack const& e, int channels, attention_body const* body, int largest_batch)
      : heads_{e.heads},
        depth_{e.layers.empty() ? 16 : padded_depth(e.depth())},
        logit_scale_{e.layers.empty() ? 1 : 1 / std::sqrt(float(e.depth()))},
        branch_scale_{e.branch_scale},
        epsilon_{e.epsilon},
        ffn_activation_{e.ffn_activation} {
    int wide = 0, hidden = 0, parts = 0;
    for (auto const& from : e.layers) {
      auto const q_part = with_padded_outputs(from.q, heads_, depth_), k_part = with_padded_outputs(from.k, heads_, depth_),
                 v_part = with_padded_outputs(from.v, heads_, depth_);
      layer& to = layers_.emplace_back();
      to.qkv = {q, stacked({&q_part, &k_part, &v_part})};
      to.out = {q, with_padded_inputs(from.out, heads_, depth_)};
      to.norm = {q, from.first_norm};
      to.ffn = {q, from.ffn, from.second_norm};
      wide = std::max({wide, to.qkv.out(), to.ffn.first.out()});
      if (auto const& s = from.smolgen) {
        to.smolgen = smolgen_weights{{q, s->compress}, {q, s->first}, {q, s->second}, {q, s->first_norm}, {q, s->second_norm}};
        wide = std::max(wide, s->compress.out);
        hidden = std::max(hidden, s->first.out);
        parts = s->second.out;
      }
    }
    if (body != nullptr && body->embedding_ffn) wide = std::max(wide, body->embedding_ffn->first.out);
    wide_ = board_memory<T>{q, largest_batch, wide};
    branch_ = board_memory<T>{q, largest_batch, channels};
    attended_ = board_memory<T>{q, largest_batch, layers_.empty() ? 0 : heads_ * depth_};
    if (parts > 0) {
      smolgen_activation_ = body->smolgen_activation;
      table_weights_ = {q, *body->smolgen_table};
      hidden_ = row_memory<T>{q, largest_batch, hidden};
      parts_ = row_memory<T>{q, largest_batch, parts};
      table_ = xl::buffer<T>{q, std::size_t(largest_batch) * std::size_t(heads_) * 64 * 64};
    }
    no_table_ = xl::buffer<T>{q, 64 * 64};
    xl::fill(q, no_table_, T(0));
  }

  /// Queues all layers. x becomes their result. `name` is what the observer gets for a layer; null: it gets none.
  void run(pass_context const& p, board_values<T> const& x, char const* name) {
    int number = 0;
    for (auto const& l : layers_) {
      auto const table = l.smolgen ? run_smolgen(p, *l.smolgen, x) : shared_table();
      attend_squares(p, l, x, table);
      multiply(p, attended_.of(p.boards).rows(), l.out, branch_.of(p.boards).rows(), no_activation);
      add_branch(p, x, l.norm, epsilon_);
      p.show_rows("after_ln1", x);
      run_ffn(p, l.ffn, x, epsilon_);
      if (name != nullptr) p.show_rows(name, x, number++);
    }
  }

  /// Queues x = norm(x + scale * ffn(x)). The scale is that of the stack.
  void run_ffn(pass_context const& p, device_feed_forward<T> const& f, board_values<T> const& x, float epsilon) {
    auto const hidden = wide_values(p, f.first.out());
    with_activation(ffn_activation_, [&](auto activate) { multiply(p, x.rows(), f.first, hidden.rows(), activate); });
    multiply(p, hidden.rows(), f.second, branch_.of(p.boards).rows(), no_activation);
    add_branch(p, x, f.norm, epsilon);
  }

 private:
  using table_view = xl::tensor_view<T const, attention_table>;

  /// Returns memory for values that are needed by the next product only.
  board_values<T> wide_values(pass_context const& p, int channels) { return {wide_.of(p.boards).data, p.boards, channels, channels}; }
  table_view shared_table() { return {no_table_.data(), attention_table{{1, 1, 64, 64}}}; }

  void add_branch(pass_context const& p, board_values<T> const& x, device_norm const& n, float epsilon) {
    if (p.measures) return;
    xl::layer_norm<axis::col>(p.q, branch_.of(p.boards).rows(), xl::no_operand{}, x.rows(), n.gamma, n.beta, x.rows(), xl::identity{},
                              {.epsilon = epsilon, .scale = branch_scale_});
  }

  table_view run_smolgen(pass_context const& p, smolgen_weights const& s, board_values<T> const& x) {
    float const epsilon = 1e-3f;
    auto const compressed = wide_values(p, s.compress.out());
    auto const hidden = hidden_.of(p.boards), parts = parts_.of(p.boards);
    multiply(p, x.rows(), s.compress, compressed.rows(), no_activation);
    with_activation(smolgen_activation_, [&](auto activate) {
      multiply(p, compressed.flat(), s.first, hidden, activate);
      normalise(p, hidden, s.first_norm, epsilon);
      multiply(p, hidden, s.second, parts, activate);
      normalise(p, parts, s.second_norm, epsilon);
    });
    int const rows = p.boards * heads_;
    multiply(p, xl::tensor_view<T const, board_rows>{parts.data(), board_rows{{rows, table_weights_.in()}}}, table_weights_,
             xl::tensor_view<T, board_rows>{table_.data(), board_rows{{rows, 64 * 64}}}, no_activation);
    p.show("smolgen", {heads_, 64, 64}, table_.data());
    return {table_.data(), attention_table{{p.boards, heads_, 64, 64}}};
  }

  void attend_squares(pass_context const& p, layer const& l, board_values<T> const& x, table_view const& table) {
    auto const qkv = wide_values(p, l.qkv.out());
    multiply(p, x.rows(), l.qkv, qkv.rows(), no_activation);
    with_depth(depth_, [&]<int Depth>(std::integral_constant<int, Depth>) {
      xl::tensor_view<T const, attention_input<Depth>> const in{qkv.data, attention_input<Depth>{{p.boards, 64, 3, heads_, Depth}}};
      xl::tensor_view<T, attention_output<Depth>> const out{attended_.of(p.boards).data,
                                                            attention_output<Depth>{{p.boards, 64, heads_, Depth}}};
      if (!p.measures) attend<T, Depth>(p.q, in, table, out, logit_scale_);
    });
  }

  int heads_, depth_;  // depth_ is padded
  float logit_scale_, branch_scale_, epsilon_;
  activation ffn_activation_, smolgen_activation_ = activation::none;
  std::vector<layer> layers_;
  device_dense<T> table_weights_;
  board_memory<T> wide_, branch_, attended_;
  row_memory<T> hidden_, parts_;    // of smolgen
  xl::buffer<T> table_, no_table_;  // [board][head][64][64]; zeros for layers without smolgen
};

}  // namespace chessnet
