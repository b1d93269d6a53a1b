// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The expected results, computed one after another on the CPU.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace sparse {

/// The triples of a matrix on the host, and a vector to multiply by.
struct problem {
  std::size_t rows, columns;
  std::vector<unsigned> row, column;
  std::vector<float> value, x;

  /// `count` random cells within 32 columns of the diagonal, in random order. Some occur several times, and some rows not at all. Numbers
  /// are multiples of 1/16, so sums are exact in any order.
  problem(std::size_t rows_, std::size_t columns_, std::size_t count) : rows{rows_}, columns{columns_}, x(columns) {
    std::mt19937 random{1};
    auto const number = [&] { return float(int(random() % 33) - 16) / 16; };
    for (std::size_t i = 0; i < count; ++i) {
      row.push_back(unsigned(random() % rows));
      column.push_back(unsigned((row.back() + columns + random() % 64 - 32) % columns));
      value.push_back(number());
    }
    for (float& e : x) e = number();
  }
};

struct reference {
  std::vector<std::uint64_t> cells;  // sorted
  std::vector<float> sorted;         // their values
  std::vector<unsigned> begin, column;
  std::vector<float> value, y;

  explicit reference(problem const& p) : begin(p.rows + 1), y(p.rows) {
    std::vector<std::pair<std::uint64_t, float>> all;
    for (std::size_t i = 0; i < p.row.size(); ++i) all.emplace_back(std::uint64_t{p.row[i]} * p.columns + p.column[i], p.value[i]);
    std::stable_sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
    for (auto const& [cell, v] : all) {
      if (cells.empty() || cells.back() != cell) {
        column.push_back(unsigned(cell % p.columns));
        value.push_back(0);
        ++begin[cell / p.columns + 1];
      }
      value.back() += v;
      y[cell / p.columns] += v * p.x[cell % p.columns];
      cells.push_back(cell);
      sorted.push_back(v);
    }
    for (std::size_t r = 0; r < p.rows; ++r) begin[r + 1] += begin[r];
  }
};

}  // namespace sparse
