// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
#include "../row_sum.hpp"
#include <vector>

/// Runs on the device of the stream: the host with 32 or 64 lanes, or a GPU.
inline constexpr auto sums_of_rows = [](auto const& q) {
  using buffer = xl::basic_buffer<float, xl::memory_kind::device, typename std::remove_cvref_t<decltype(q)>::backend>;
  int const rows = 40, cols = 999;
  std::vector<float> matrix(rows * cols), sums(rows);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = 1 / float(1 + i);
  buffer m{q, matrix.size()}, out{q, sums.size()};
  xl::copy(q, matrix, m);
  xl::launch(q, {.grid = rows}, row_sum{}, m, cols, out);
  xl::copy(q, out, sums);
  q.synchronize();
  return sums;
};
