// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions that queue the kernels, and the expected results.
#pragma once

#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace attention {

/// The factor of the scores.
inline float scale() { return 1 / std::sqrt(float(channels)); }

// These functions queue kernels. The bias has a row for each position of a query and a column for each position of a key.

template <xl::stream_like S>
void by_plain_kernel(S const& q, xl::tensor_view<xl::half const, qkv> in, xl::tensor_view<xl::half const, xl::row_major<>> bias,
                     xl::tensor_view<xl::half, result> out) {
  xl::launch(q, {.grid = xl::cover(out.size() / channels, 64)}, plain{scale()}, in, bias, out);
}

template <xl::stream_like S>
void by_matrix_cores(S const& q, xl::tensor_view<xl::half const, qkv> in, xl::tensor_view<xl::half const, xl::row_major<>> bias,
                     xl::tensor_view<xl::half, result> out) {
  // Three views of parts of one tensor. No element moves.
  xl::attention(q, xl::fix<part>(in, 0), xl::fix<part>(in, 1), xl::fix<part>(in, 2), bias, out, {.scale = scale()});
}

/// Returns the result, computed in double from the definition.
inline std::vector<double> reference(std::vector<xl::half> const& in, std::vector<xl::half> const& bias, int sequences, int positions,
                                     int heads) {
  std::vector<double> out, weight(std::size_t(positions), 0.0);
  std::vector<double> numbers(in.size());
  std::transform(in.begin(), in.end(), numbers.begin(), [](xl::half x) { return double(float(x)); });
  auto const row_of = [&](int n, int position, int which, int head) {
    return numbers.data() + std::size_t(((n * positions + position) * 3 + which) * heads + head) * channels;
  };
  out.reserve(in.size() / 3);
  for (int n = 0; n < sequences; ++n)
    for (int row = 0; row < positions; ++row)
      for (int head = 0; head < heads; ++head) {
        double const* const query = row_of(n, row, 0, head);
        double largest = -1e300, sum = 0, sums[channels] = {};
        for (int key = 0; key < positions; ++key) {
          double const* const k = row_of(n, key, 1, head);
          double score = 0;
          for (int c = 0; c < channels; ++c) score += query[c] * k[c];
          weight[std::size_t(key)] = score * double(scale()) + double(float(bias[std::size_t(row * positions + key)]));
          largest = std::max(largest, weight[std::size_t(key)]);
        }
        for (int key = 0; key < positions; ++key) {
          double const w = std::exp(weight[std::size_t(key)] - largest), *const v = row_of(n, key, 2, head);
          sum += w;
          for (int c = 0; c < channels; ++c) sums[c] += w * v[c];
        }
        for (double const s : sums) out.push_back(s / sum);
      }
  return out;
}

/// The largest difference that a result may have if values are at most 1: the weights and the result are rounded to half.
inline constexpr double tolerance = 0x1p-10;

}  // namespace attention
