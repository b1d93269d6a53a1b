// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The residual tower of a small network, in one kernel.
#pragma once

#include "forward/kernels/small_tower.hpp"

#include <crosslane/vector.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace chessnet {

/// Returns the hidden channels of the block's squeeze layer, 0 if there is none.
[[nodiscard]] inline int squeeze_size(residual_block const& b) { return b.squeeze ? b.squeeze->first.out : 0; }

/// The weights of a tower of `Channels` channels in device memory, in the layouts of its kernel.
template <class T, int Channels>
class small_tower_weights {
  using layouts = small_tower_layouts<Channels>;
  static constexpr int depth = layouts::depth;

 public:
  /// Copies the weights of n.tower and of the convolution behind it, if there is one, and waits.
  small_tower_weights(xl::stream_ref q, network const& n, convolution_layer const* behind)
      : blocks_{int(n.tower->blocks.size())},
        hidden_{squeeze_size(n.tower->blocks[0])},
        is_mish_{n.default_activation == activation::mish},
        has_behind_{behind != nullptr} {
    auto const& t = *n.tower;
    int const input_stages = 3 * ((int(plane_count) + depth - 1) / depth);
    constexpr int convolution_stages = 3 * (Channels / depth);
    int const stages = input_stages + blocks_ * (2 * convolution_stages + squeeze_stages()) + (has_behind_ ? convolution_stages : 0);
    typename layouts::weights const layout{{stages, 3 * Channels, depth}};
    std::vector<T> weights(std::size_t(layout.span_size()));
    xl::tensor_view<T, typename layouts::weights> const view{weights.data(), layout};
    std::vector<float> biases, first, second;
    int stage = 0;
    add(t.input, view, stage, biases);
    for (auto const& b : t.blocks) {
      add(b.first, view, stage, biases);
      add(b.second, view, stage, biases);
      if (b.squeeze) add(*b.squeeze, weights, stage, first, second);
    }
    if (has_behind_) add(*behind, view, stage, biases);
    weights_ = {q, layout};
    biases_ = {q, {1 + 2 * blocks_ + (has_behind_ ? 1 : 0), Channels}};
    squeeze_first_ = {q, {blocks_, squeeze_stages() * depth}};
    squeeze_second_ = {q, {blocks_, hidden_ == 0 ? 0 : 2 * Channels}};
    xl::copy(q, weights, weights_.storage());
    xl::copy(q, biases, biases_.storage());
    xl::copy(q, first, squeeze_first_.storage());
    xl::copy(q, second, squeeze_second_.storage());
    q.synchronize();
  }

  /// Returns the arguments of a launch for `boards` boards.
  [[nodiscard]] small_tower_arguments<T, Channels> arguments(int boards, xl::span<std::uint64_t const> masks, xl::span<float const> values,
                                                             xl::tensor_view<T, small_tower_result> const& out,
                                                             xl::tensor_view<T, small_tower_result> const& out_behind) const {
    return {masks,      values,     weights_.view(), biases_.view(), squeeze_first_.view(), squeeze_second_.view(),
            out,        out_behind, boards,          blocks_,        squeeze_stages(),      is_mish_,
            has_behind_};
  }

 private:
  [[nodiscard]] int squeeze_stages() const { return (hidden_ + depth - 1) / depth; }

  static void add(convolution_layer const& c, xl::tensor_view<T, typename layouts::weights> const& to, int& stage,
                  std::vector<float>& biases) {
    auto const from = c.view();
    for (int channel = 0; channel < c.in; channel += depth)
      for (int file = 0; file < 3; ++file, ++stage)
        for (int rank = 0; rank < 3; ++rank)
          for (int out = 0; out < Channels; ++out)
            for (int i = 0; i < depth && channel + i < c.in; ++i)
              to(stage, rank * Channels + out, i) = T(from(out, channel + i, rank, file));
    biases.insert(biases.end(), c.bias.begin(), c.bias.end());
  }
  static void add(squeeze_layer const& s, std::vector<T>& weights, int& stage, std::vector<float>& first, std::vector<float>& second) {
    auto const w1 = s.first.view(), w2 = s.second.view();
    int const hidden = s.first.out;
    for (int begin = 0; begin < hidden; begin += depth, ++stage) {
      T* const data = weights.data() + std::size_t(stage) * layouts::part_size;
      using first_layout = typename layouts::squeeze_first;
      using second_layout = typename layouts::squeeze_second;
      xl::tensor_view<T, second_layout> const to_second{data, second_layout{{2 * Channels, depth}}};
      xl::tensor_view<T, first_layout> const to_first{data + layouts::second_size, first_layout{{depth, Channels}}};
      for (int h = 0; h < depth && begin + h < hidden; ++h) {
        for (int c = 0; c < Channels; ++c) to_first(h, c) = T(w1(begin + h, c));
        for (int c = 0; c < 2 * Channels; ++c) to_second(c, h) = T(w2(c, begin + h));
      }
      for (int h = 0; h < depth; ++h) first.push_back(begin + h < hidden ? s.first.bias[std::size_t(begin + h)] : 0.0f);
    }
    second.insert(second.end(), s.second.bias.begin(), s.second.bias.end());
  }

  int blocks_, hidden_;
  bool is_mish_, has_behind_;
  xl::tensor<T, typename layouts::weights> weights_;
  xl::tensor<float, typename layouts::biases> biases_, squeeze_first_, squeeze_second_;
};

/// A tower in the layouts of its kernel. T is half or bfloat16. Sums are float.
template <class T>
class small_tower {
 public:
  /// Returns whether the kernel computes the tower of a network: one of 32 or 64 channels, with relu or mish. All blocks have squeeze
  /// layers with the same number of hidden channels, or none has.
  [[nodiscard]] static bool fits(network const& n) {
    if (!n.tower || n.tower->blocks.empty()) return false;
    auto const& t = *n.tower;
    int const channels = t.channels();
    if (channels != 32 && channels != 64) return false;
    if (n.default_activation != activation::relu && n.default_activation != activation::mish) return false;
    auto const is_square = [&](convolution_layer const& c, int in) { return c.width == 3 && c.in == in && c.out == channels; };
    if (!is_square(t.input, int(plane_count))) return false;
    for (auto const& b : t.blocks)
      if (!is_square(b.first, channels) || !is_square(b.second, channels) || squeeze_size(b) != squeeze_size(t.blocks[0])) return false;
    return true;
  }

  /// Returns whether the kernel also computes a convolution that reads the tower's output, such as the first one of a policy.
  [[nodiscard]] static bool fits_behind(network const& n, convolution_layer const& c) {
    return fits(n) && c.width == 3 && c.in == n.tower->channels() && c.out == c.in;
  }

  struct options {
    /// A convolution behind the tower, with the tower's activation. It need not live longer than the constructor.
    convolution_layer const* behind = nullptr;
    /// In batches of up to so many boards each board has a block of its own. The default is the number of the device's multiprocessors.
    std::optional<int> few = {};
  };

  /// Copies the weights of n.tower to the device, and waits. Throws std::invalid_argument if they do not fit.
  small_tower(xl::stream_ref q, network const& n, options const& o = {}) {
    if (!fits(n) || (o.behind != nullptr && !fits_behind(n, *o.behind)))
      throw std::invalid_argument{"small_tower: " + n.describe() + ", but the kernel takes towers of 32 or 64 channels"};
    int const few = o.few.value_or(int(q.device().properties().multiprocessors));
    if (n.tower->channels() == 32)
      tower_ = std::make_unique<tower_of<32>>(q, n, o.behind, few);
    else
      tower_ = std::make_unique<tower_of<64>>(q, n, o.behind, few);
  }

  /// Queues the tower of `boards` boards. `masks` and `values` are [boards][plane_count]. `out` has as many boards, and the channels of the
  /// tower; its squares begin at multiples of 16 bytes. So has `out_behind`, which gets the output of the convolution behind the tower. It
  /// is not used if there is none. The function does not wait and allocates nothing.
  void queue(xl::stream_ref q, int boards, xl::span<std::uint64_t const> masks, xl::span<float const> values,
             xl::tensor_view<T, small_tower_result> const& out, xl::tensor_view<T, small_tower_result> const& out_behind = {}) const {
    tower_->queue(q, boards, masks, values, out, out_behind);
  }

 private:
  struct any_tower {
    virtual ~any_tower() = default;
    virtual void queue(xl::stream_ref q, int boards, xl::span<std::uint64_t const> masks, xl::span<float const> values,
                       xl::tensor_view<T, small_tower_result> const& out, xl::tensor_view<T, small_tower_result> const& behind) const = 0;
  };

  template <int Channels>
  struct tower_of final : any_tower {
    tower_of(xl::stream_ref q, network const& n, convolution_layer const* behind, int few) : weights{q, n, behind}, few_boards{few} {}

    void queue(xl::stream_ref q, int boards, xl::span<std::uint64_t const> masks, xl::span<float const> values,
               xl::tensor_view<T, small_tower_result> const& out, xl::tensor_view<T, small_tower_result> const& behind) const override {
      constexpr int several = 128 / Channels;
      auto const arguments = weights.arguments(boards, masks, values, out, behind);
      if (boards <= few_boards)
        xl::launch(q, {.grid = unsigned(boards)}, small_tower_kernel<T, Channels, 1, 2>{}, arguments);
      else
        xl::launch(q, {.grid = xl::cover(unsigned(boards), unsigned(several))}, small_tower_kernel<T, Channels, several, 1>{}, arguments);
    }

    small_tower_weights<T, Channels> weights;
    int few_boards;
  };

  std::unique_ptr<any_tower> tower_;
};

}  // namespace chessnet
