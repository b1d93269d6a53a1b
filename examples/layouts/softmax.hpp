// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A function that queues softmax, and its definition.
#pragma once

#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace layouts {

/// Queues softmax, see kernels.hpp. Both arguments are tensors or views of tensors.
template <xl::stream_like S, class In, class Out>
void run_softmax(S const& q, In const& in, Out&& out) {
  auto const pixels = std::size_t(in.extents().size() / std::max(1, int(in.extents().template extent<axis::c>())));
  if (in.extents().size() == 0) return;
  auto const resident = std::size_t{8} * q.device().properties().multiprocessors;
  xl::launch(q, {.grid = unsigned(std::min(resident, (pixels + 255) / 256))}, softmax{}, in, out);
}

/// Computes softmax in double. Both arrays are in the order nchw.
inline std::vector<float> reference(std::vector<float> const& in, xl::image_extents const& e) {
  std::size_t const channels = std::size_t(e.extent<axis::c>());
  std::size_t const plane = std::size_t(e.extent<axis::h>()) * std::size_t(e.extent<axis::w>());
  std::vector<float> result(in.size());
  for (std::size_t pixel = 0; pixel < in.size() / channels; ++pixel) {
    std::size_t const first = pixel / plane * channels * plane + pixel % plane;
    double largest = in[first], sum = 0;
    for (std::size_t c = 0; c < channels; ++c) largest = std::max<double>(largest, in[first + c * plane]);
    for (std::size_t c = 0; c < channels; ++c) sum += std::exp(in[first + c * plane] - largest);
    for (std::size_t c = 0; c < channels; ++c) result[first + c * plane] = float(std::exp(in[first + c * plane] - largest) / sum);
  }
  return result;
}

/// Returns the largest error of an element. An element is at most 1. Counts the rounding of a sum of `channels` floats and of
/// differences below 16 from the largest value. Adds four units in the last place for exp and the division.
constexpr double tolerance(int channels) { return (channels + 16 + 8) / double(1 << 24); }

}  // namespace layouts
