// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Squeeze and excitation, with the skip connection and the activation of a block, in one pass over its operands.
#pragma once

#include "forward/device_weights.hpp"

namespace chessnet {

/// The channels of what a squeeze layer reads.
inline constexpr int most_squeezed_channels = 1024;

namespace kernels {

/// The weights of a layer with T's for squeeze_excite: [out][in] of the first and [in][out] of the second, as its threads read them.
template <class T>
struct squeeze_weights {
  xl::tensor_view<T const, xl::row_major<axis::out, axis::in>> first;
  xl::tensor_view<T const, xl::column_major<axis::out, axis::in>> second;
  xl::span<float const> first_bias, second_bias;
};

/// x = f(x + sigmoid(u[c]) z + u[channels + c]), where u = second(f(first(mean of z over squares))). A block of `channels` threads for each
/// board. A thread keeps 64 elements of z: `group` adjacent channels of every `group`-th square.
template <class T, class F>
struct squeeze_excite {
  static constexpr int max_threads = most_squeezed_channels;
  static constexpr unsigned group = 16 / sizeof(T);
  using vector = xl::vec<T, group>;
  F f;

  /// The arrays in dynamic shared memory: sums of each thread, means, the first layer's outputs, the second's.
  static std::size_t shared_bytes(int channels, int squeezed) {
    return xl::shared_bytes<float, float, float, float>(std::size_t(channels) * group, channels, squeezed, 2 * channels);
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<T const, board_squares> z, squeeze_weights<T> w,
                               xl::tensor_view<T, board_squares> x) const {
    int const board = int(ctx.block_rank()), channels = z.template extent<axis::c>(), squeezed = w.first.template extent<axis::out>();
    auto const [sums, means, hidden, excited] = xl::shared_arrays<float, float, float, float>(
        ctx, std::size_t(channels) * group, std::size_t(channels), std::size_t(squeezed), std::size_t(2 * channels));
    unsigned const groups = unsigned(channels) / group, first_channel = ctx.thread_rank() % groups * group,
                   first_square = ctx.thread_rank() / groups;
    vector kept[64 / group];
    float own[group] = {};
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < 64 / group; ++i) {
      kept[i] = *reinterpret_cast<vector const*>(&z(board, first_square + i * group, first_channel));
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < group; ++k) own[k] += static_cast<float>(kept[i][k]);
    }
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < group; ++k) sums[first_square * unsigned(channels) + first_channel + k] = own[k];
    ctx.sync_block();

    for (auto c : ctx.block_stride(unsigned(channels))) {
      float sum = 0;
      for (unsigned i = 0; i < group; ++i) sum += sums[i * unsigned(channels) + c];
      means[c] = sum / 64;
    }
    ctx.sync_block();

    // Eight lanes for each output of the first layer. There may be fewer threads than outputs.
    auto const lanes = xl::tile<8>(ctx);
    unsigned const tiles = ctx.block_size() / 8;
    for (unsigned first = 0; first < unsigned(squeezed); first += tiles) {
      unsigned const o = first + ctx.thread_rank() / 8;
      float sum = 0;
      if (o < unsigned(squeezed))
        for (unsigned c = lanes.rank(); c < unsigned(channels); c += 8) sum += static_cast<float>(w.first(o, c)) * means[c];
      sum = lanes.reduce(sum, xl::plus{});
      if (o < unsigned(squeezed) && lanes.is_leader()) hidden[o] = f(sum + w.first_bias[o]);
    }
    ctx.sync_block();

    for (auto o : ctx.block_stride(unsigned(2 * channels))) {
      float sum = w.second_bias[o];
      for (unsigned i = 0; i < unsigned(squeezed); ++i) sum += static_cast<float>(w.second(o, i)) * hidden[i];
      excited[o] = o < unsigned(channels) ? 1 / (1 + xl::exp(-sum)) : sum;
    }
    ctx.sync_block();

    float scale[group], shift[group];
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < group; ++k) {
      scale[k] = excited[first_channel + k];
      shift[k] = excited[unsigned(channels) + first_channel + k];
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < 64 / group; ++i) {
      auto& at = *reinterpret_cast<vector*>(&x(board, first_square + i * group, first_channel));
      vector some = at;
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < group; ++k)
        some[k] = static_cast<T>(f(static_cast<float>(some[k]) + scale[k] * static_cast<float>(kept[i][k]) + shift[k]));
      at = some;
    }
  }
};

}  // namespace kernels

/// The weights of a squeeze layer.
template <class T>
class device_squeeze {
 public:
  device_squeeze(xl::stream_ref q, squeeze_layer const& s)
      : first_{q, {s.first.out, s.first.in}},
        second_{q, {s.second.out, s.second.in}},
        first_bias_{upload_bias(q, s.first.bias, s.first.out)},
        second_bias_{upload_bias(q, s.second.bias, s.second.out)} {
    if (s.first.in % 8 != 0 || s.first.in > most_squeezed_channels)
      throw weights_error{"squeeze and excitation of " + std::to_string(s.first.in) + " channels: it takes multiples of 8 up to " +
                          std::to_string(most_squeezed_channels)};
    upload(q, s.first.view(), first_.view());
    upload(q, s.second.view(), second_.view());
  }

  [[nodiscard]] kernels::squeeze_weights<T> view() const {
    return {first_.view(), second_.view(), first_bias_.view(), second_bias_.view()};
  }
  [[nodiscard]] int squeezed() const { return first_.template extent<axis::out>(); }

 private:
  xl::tensor<T, xl::row_major<axis::out, axis::in>> first_;
  xl::tensor<T, xl::column_major<axis::out, axis::in>> second_;
  xl::buffer<float> first_bias_, second_bias_;
};

/// Queues x = f(x + what the layer makes of z).
template <class T, class F>
void squeeze_excite(pass_context const& p, board_values<T> const& z, device_squeeze<T> const& s, board_values<T> const& x, F const& f) {
  using kernel = kernels::squeeze_excite<T, F>;
  p.launch({.grid = unsigned(p.boards), .block = unsigned(z.channels), .dynamic_shared = kernel::shared_bytes(z.channels, s.squeezed())},
           kernel{f}, xl::tensor_view<T const, board_squares>{z.squares()}, s.view(), x.squares());
}

}  // namespace chessnet
