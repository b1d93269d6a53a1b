// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The heads of a network on the device.
#pragma once

#include "forward/attention_policy.hpp"
#include "forward/kernels/gather_policy.hpp"
#include "forward/kernels/outcome.hpp"
#include "input/policy_index.hpp"

#include <optional>
#include <variant>

namespace chessnet {

/// The first layers of a value or moves-left head: from the tower's or the body's output to a row for each board.
template <class T>
class device_outcome_head {
 public:
  device_outcome_head(xl::stream_ref q, network const& n, value_head const& v, int largest_batch)
      : activation_{n.default_activation},
        on_tower_{!v.embedding},
        embedding_{v.embedding ? device_dense<T>{q, *v.embedding} : device_dense<T>{q, *v.convolution}},
        hidden_{v.embedding ? device_dense<T>{q, v.hidden, v.hidden.by_square()} : device_dense<T>{q, v.hidden, v.hidden.by_channel()}},
        embedded_{q, largest_batch, embedding_.out()},
        in_{q, largest_batch, hidden_.out()},
        output_{upload(q, v.output.weights)},
        bias_{upload_bias(q, v.output.bias, v.output.out)},
        layout_{{v.output.out, v.output.in}} {}

  /// Queues the first layers. Returns what is left for the kernel of the last ones. The name is that of the hidden layer's input for an
  /// observer; null if it has none.
  kernels::last_layer<T> run(pass_context const& p, board_values<T> const& x, char const* name) {
    auto const embedded = embedded_.of(p.boards);
    auto const in = in_.of(p.boards);
    with_default_activation(activation_, [&](auto f) {
      multiply(p, x.rows(), embedding_, embedded.rows(), f);
      multiply(p, embedded.flat(), hidden_, in, f);
    });
    if (name != nullptr) p.show_flat(name, embedded, on_tower_);
    return {in, {output_.data(), layout_}, bias_.view()};
  }

  [[nodiscard]] int outputs() const { return layout_.extents().template extent<axis::out>(); }

 private:
  activation activation_;
  bool on_tower_;
  device_dense<T> embedding_, hidden_;
  board_memory<T> embedded_;
  row_memory<T> in_;
  xl::buffer<float> output_, bias_;
  matrix_layout layout_;
};

/// The value and, if there is one, the moves-left head.
template <class T>
class device_outcome {
 public:
  device_outcome(xl::stream_ref q, network const& n, value_head const& value, int largest_batch)
      : value_{q, n, value, largest_batch}, raw_{q, largest_batch, value_.outputs()} {
    if (n.moves_left) moves_left_.emplace(q, n, *n.moves_left, largest_batch);
  }

  /// Queues both. `out` is [board][outcome_size].
  void run(pass_context const& p, board_values<T> const& x, xl::tensor_view<float, board_rows> const& out) {
    auto const raw = raw_.of(p.boards);
    auto const value = value_.run(p, x, "value_flat");
    auto const moves = moves_left_ ? moves_left_->run(p, x, nullptr) : kernels::last_layer<T>{};
    using kernel = kernels::outcome<T>;
    p.launch({.grid = xl::cover(unsigned(p.boards) * kernel::lanes, 128)}, kernel{}, value, moves, raw, out);
    p.show("value_out", {value_.outputs()}, raw.data());
  }

 private:
  device_outcome_head<T> value_;
  std::optional<device_outcome_head<T>> moves_left_;
  row_memory<float> raw_;
};

/// A policy of two convolutions. The second one has a plane for each way to move.
template <class T>
class convolution_policy {
 public:
  convolution_policy(xl::stream_ref q, network const& n, policy_head const& head, int largest_batch)
      : activation_{n.default_activation},
        first_{q, head.first_convolution},
        second_{q, head.convolution},
        between_{q, largest_batch, first_.out()},
        planes_{q, largest_batch, second_.out()},
        map_{q, policy_size} {
    auto const& map = convolution_policy_map();
    xl::copy(q, map, map_);
    q.synchronize();
  }

  /// Returns where the first convolution's output is, with the default activation.
  [[nodiscard]] board_values<T> first_output(int boards) { return between_.of(boards); }

  /// `has_first` says that the first convolution is done.
  void run(pass_context const& p, board_values<T> const& x, bool has_first, xl::tensor_view<float, board_rows> const& logits) {
    auto const between = between_.of(p.boards);
    auto const planes = planes_.of(p.boards);
    if (!has_first) with_default_activation(activation_, [&](auto f) { convolve(p, x, first_, between, f); });
    convolve(p, between, second_, planes, no_activation);
    p.launch({.grid = {xl::cover(unsigned(policy_size), 256), unsigned(p.boards)}}, kernels::gather_policy{},
             xl::tensor_view<float const, board_squares>{planes.squares()}, map_, logits);
  }

 private:
  activation activation_;
  device_convolution<T> first_, second_;
  board_memory<T> between_;
  board_memory<float> planes_;
  xl::buffer<std::uint16_t> map_;
};

/// A policy of a convolution of 1 x 1 and a dense layer.
template <class T>
class classical_policy {
 public:
  classical_policy(xl::stream_ref q, network const& n, policy_head const& head, int largest_batch)
      : activation_{n.default_activation},
        embedding_{q, head.convolution},
        logits_{q, head.logits, head.logits.by_channel()},
        embedded_{q, largest_batch, embedding_.out()} {}

  void run(pass_context const& p, board_values<T> const& x, xl::tensor_view<float, board_rows> const& logits) {
    auto const embedded = embedded_.of(p.boards);
    with_default_activation(activation_, [&](auto f) { multiply(p, x.rows(), embedding_, embedded.rows(), f); });
    multiply(p, embedded.flat(), logits_, logits, no_activation);
  }

 private:
  activation activation_;
  device_dense<T> embedding_, logits_;
  board_memory<T> embedded_;
};

/// The policy of any kind.
template <class T>
class device_policy {
 public:
  device_policy(xl::stream_ref q, network const& n, policy_head const& head, int largest_batch) {
    switch (head.kind) {
      case policy_kind::classical: head_.template emplace<classical_policy<T>>(q, n, head, largest_batch); break;
      case policy_kind::convolution: head_.template emplace<convolution_policy<T>>(q, n, head, largest_batch); break;
      case policy_kind::attention: head_.template emplace<attention_policy<T>>(q, n, head, largest_batch); break;
    }
  }

  /// Returns where the output of a convolution policy's first convolution is.
  [[nodiscard]] board_values<T> first_output(int boards) { return std::get<convolution_policy<T>>(head_).first_output(boards); }

  /// Queues the head. `logits` is [board][policy_size]. `has_first`: first_output() is there already.
  void run(pass_context const& p, board_values<T> const& x, bool has_first, xl::tensor_view<float, board_rows> const& logits) {
    std::visit(
        [&]<class Head>(Head& head) {
          if constexpr (std::is_same_v<Head, convolution_policy<T>>)
            head.run(p, x, has_first, logits);
          else if constexpr (!std::is_same_v<Head, std::monostate>)
            head.run(p, x, logits);
        },
        head_);
  }

 private:
  std::variant<std::monostate, classical_policy<T>, convolution_policy<T>, attention_policy<T>> head_;
};

}  // namespace chessnet
