// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A kernel of docs/guide, its reference and its tolerance. It is tested on every target, and by user_test.cpp.
#pragma once

#include <crosslane/check/compare.hpp>
#include <crosslane/crosslane.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace xl = crosslane;

// [softmax]
/// Each row of a row-major [blocks x cols] matrix becomes exp(x - largest) / (the sum of these in the row). One block for each row.
struct softmax {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> largest, sum;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, unsigned cols, xl::span<float> m) const {
    auto const row = m.subspan(std::size_t{ctx.block_index()} * cols, cols);
    float largest = row[0];
    for (auto c : ctx.block_stride(cols)) largest = xl::max(largest, row[c]);
    largest = xl::block_reduce(ctx, s.largest, largest, xl::maximum{});
    float sum = 0;
    for (auto c : ctx.block_stride(cols)) sum += row[c] = xl::exp(row[c] - largest);
    sum = xl::block_reduce(ctx, s.sum, sum, xl::plus{});
    for (auto c : ctx.block_stride(cols)) row[c] /= sum;
  }
};
// [softmax]

// [softmax-on]
/// Returns the softmax of the rows of m, which have `cols` elements, computed on any stream.
template <xl::stream_like Stream>
std::vector<float> softmax_on(Stream const& q, unsigned cols, std::vector<float> const& m) {
  xl::basic_buffer<float, xl::memory_kind::device, typename Stream::backend> on_device{q, m.size()};
  std::vector<float> result(m.size());
  xl::copy(q, m, on_device);
  xl::launch(q, {.grid = unsigned(m.size()) / cols}, softmax{}, cols, on_device);
  xl::copy(q, on_device, result);
  q.synchronize();
  return result;
}
// [softmax-on]

// [softmax-reference]
inline std::vector<double> softmax_of_rows(std::vector<float> const& m, unsigned cols) {
  std::vector<double> result(m.begin(), m.end());
  for (auto row = result.begin(); row != result.end(); row += cols) {
    double const largest = *std::max_element(row, row + cols);
    double sum = 0;
    for (auto x = row; x != row + cols; ++x) sum += * x = std::exp(*x - largest);
    for (auto x = row; x != row + cols; ++x) *x /= sum;
  }
  return result;
}

/// Counts roundings; each has a relative error of at most 2^-24. The sum has cols / 256 in a thread and at most 13 in the block. exp has 2.
/// The argument of exp, at most 100 in magnitude, has one, which changes exp as much as 100 roundings. exp counts twice: in the numerator
/// and in the sum. The quotient has one. Below 2^-126 floats have fewer digits, hence the absolute tolerance.
inline xl::checks::tolerance softmax_tolerance(unsigned cols) {
  return {.absolute = 0x1p-126, .relative = (cols / 256 + 13 + 2 * (2 + 100) + 1) * 0x1p-24};
}
// [softmax-reference]
