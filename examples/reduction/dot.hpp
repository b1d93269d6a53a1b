// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Functions that queue the three ways, and the error bounds of each.
#pragma once

#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace reduction {

/// Returns the number of blocks of the first two ways: enough to fill the device, but no more than have work.
template <xl::runtime_backend Backend>
[[nodiscard]] unsigned blocks(xl::basic_device<Backend> device, std::size_t elements) {
  auto const full = std::size_t{8} * device.properties().multiprocessors;
  return unsigned(std::min(full, (elements + 1023) / 1024));
}

/// Queue result[0] = the dot product of a and b. `partial` is scratch memory of at least one element for each block.
template <xl::stream_like S>
void by_waves(S const& q, xl::span<float const> a, xl::span<float const> b, xl::span<float> result) {
  xl::fill(q, result, 0.0f);
  xl::launch(q, {.grid = blocks(q.device(), a.size())}, dot_by_waves{}, a, b, result);
}
template <xl::stream_like S>
void by_blocks(S const& q, xl::span<float const> a, xl::span<float const> b, xl::span<float> partial, xl::span<float> result) {
  unsigned const grid = blocks(q.device(), a.size());
  xl::launch(q, {.grid = grid}, dot_by_blocks{}, a, b, partial);
  xl::launch(q, {.grid = 1}, sum_of_partials{}, partial.subspan(0, grid), result);
}
template <xl::stream_like S>
void by_tree(S const& q, xl::span<float const> a, xl::span<float const> b, xl::span<float> partial, xl::span<float> result) {
  unsigned const grid = xl::cover(a.size(), 256);
  xl::launch(q, {.grid = grid}, dot_by_tree{}, a, b, partial);
  xl::launch(q, {.grid = 1}, sum_of_partials{}, partial.subspan(0, grid), result);
}

/// The sum of x[i] y[i], and the sum of |x[i] y[i]|, the unit of differences.
struct reference {
  double dot = 0, magnitude = 0;

  reference(std::vector<float> const& x, std::vector<float> const& y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      double const product = double(x[i]) * y[i];
      dot += product;
      magnitude += std::abs(product);
    }
  }
  [[nodiscard]] double difference(float got) const {
    double const distance = std::abs(got - dot);
    return distance == 0 ? 0 : distance / magnitude;
  }
};

/// Returns the largest error of a sum of floats, relative to the sum of magnitudes, if no product goes through more than `roundings`
/// roundings. Counts 2^-24 for each (Higham, Accuracy and Stability of Numerical Algorithms, 4.2), and 1 % for higher orders.
[[nodiscard]] constexpr double bound(double roundings) { return 1.01 * roundings / (1 << 24); }

/// The error bounds of the three ways. In the reduction of a block, a value goes through at most 13 additions: 5 or 6 in its wave, then
/// those across the waves.
struct bounds {
  double by_waves, by_blocks, by_tree;

  template <xl::runtime_backend Backend>
  bounds(xl::basic_device<Backend> device, std::size_t elements) {
    double const grid = blocks(device, elements), waves = grid * 256 / device.properties().wave_size;
    double const thread = 5 + (grid > 0 ? double(elements) / (1024 * grid) : 0);
    double const block = 13;
    auto const partials = [&](double count) { return 1 + count / 256 + block; };
    by_waves = bound(thread + 6 + waves);
    by_blocks = bound(thread + block + partials(grid));
    by_tree = bound(1 + 8 + partials(double(elements) / 256 + 1));
  }
};

}  // namespace reduction
