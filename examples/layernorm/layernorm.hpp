// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions that queue the kernels, and the expected results.
#pragma once

#include "kernels.hpp"

#include <algorithm>
#include <vector>

namespace layernorm {

// These functions queue kernels. `in` has rows of gamma.size() elements. `beta` is as long as gamma, `out` as long as `in`.

template <xl::stream_like S>
void by_waves(S const& q, xl::span<float const> in, xl::span<float const> gamma, xl::span<float const> beta, float epsilon,
              xl::span<float> out) {
  if (in.empty()) return;
  unsigned const grid = xl::cover(in.size() / gamma.size(), 256 / q.device().properties().wave_size);
  if (gamma.size() % 4 == 0)
    xl::launch(q, {.grid = grid}, wave_per_row<4>{epsilon}, in, gamma, beta, out);
  else
    xl::launch(q, {.grid = grid}, wave_per_row<1>{epsilon}, in, gamma, beta, out);
}
template <xl::stream_like S>
void by_blocks(S const& q, xl::span<float const> in, xl::span<float const> gamma, xl::span<float const> beta, float epsilon,
               xl::span<float> out) {
  if (in.empty()) return;
  unsigned const grid = xl::cover(in.size() / gamma.size(), 1);
  if (gamma.size() % 4 == 0)
    xl::launch(q, {.grid = grid}, block_per_row<4>{epsilon}, in, gamma, beta, out);
  else
    xl::launch(q, {.grid = grid}, block_per_row<1>{epsilon}, in, gamma, beta, out);
}

/// The longest row that a wave normalises. Blocks take longer rows. Measured on an H200: at 1024, waves are twice as fast; at 2048, blocks
/// are faster.
inline constexpr std::size_t longest_of_wave = 1024;

template <xl::stream_like S>
void layernorm(S const& q, xl::span<float const> in, xl::span<float const> gamma, xl::span<float const> beta, float epsilon,
               xl::span<float> out) {
  if (gamma.size() <= longest_of_wave)
    by_waves(q, in, gamma, beta, epsilon, out);
  else
    by_blocks(q, in, gamma, beta, epsilon, out);
}

/// Computes the result in double from the definition: first the mean, then the variance.
struct reference {
  std::size_t length;
  std::vector<double> out;
  /// The largest |mean| / sqrt(variance + epsilon) of a row. The input's rounding errors are larger than the output's by this factor.
  double offset = 0;

  reference(std::vector<float> const& in, std::vector<float> const& gamma, std::vector<float> const& beta, double epsilon)
      : length{gamma.size()} {
    out.reserve(in.size());
    for (std::size_t begin = 0; begin < in.size(); begin += length) {
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < length; ++i) mean += in[begin + i];
      mean /= double(length);
      for (std::size_t i = 0; i < length; ++i) variance += (in[begin + i] - mean) * (in[begin + i] - mean);
      double const deviation = std::sqrt(variance / double(length) + epsilon);
      for (std::size_t i = 0; i < length; ++i) out.push_back((in[begin + i] - mean) / deviation * gamma[i] + beta[i]);
      offset = std::max(offset, std::abs(mean) / deviation);
    }
  }
  /// Returns the largest difference that an output may have if `threads` threads share a row and gamma and beta are at most 2. Counts about
  /// 32 roundings of the output and of the mean, and one for each step of a thread.
  [[nodiscard]] double tolerance(unsigned threads) const { return (32 + double(length) / threads) / (1 << 24) * (1 + offset); }
};

}  // namespace layernorm
