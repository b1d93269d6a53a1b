// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions that the algorithms of sparse.hpp call for each element, and the kernel that multiplies.
#pragma once

#include <crosslane/algorithm.hpp>

#include <cstddef>
#include <cstdint>

namespace sparse {

namespace xl = crosslane;

/// A cell's number: cells are counted row by row.
struct number_of_cell {
  std::uint64_t columns;
  CROSSLANE_FN std::uint64_t operator()(xl::pair<unsigned, unsigned> const& row_and_column) const {
    return row_and_column.first * columns + row_and_column.second;
  }
};
struct row_of_cell {
  std::uint64_t columns;
  CROSSLANE_FN unsigned operator()(std::uint64_t cell) const { return unsigned(cell / columns); }
};
struct column_of_cell {
  std::uint64_t columns;
  CROSSLANE_FN unsigned operator()(std::uint64_t cell) const { return unsigned(cell % columns); }
};

/// The contribution of an entry to its row: its value times an element of the vector.
struct product {
  CROSSLANE_FN float operator()(xl::pair<float, float> const& p) const { return p.first * p.second; }
};

/// y = matrix * x. A tile of lanes for each row. Grid: blocks that cover y.size() * lanes threads.
struct multiply_rows {
  static constexpr auto block = xl::block_size<256>;
  static constexpr unsigned lanes = 8;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned const> begin, xl::span<unsigned const> column, xl::span<float const> value,
                               xl::span<float const> x, xl::span<float> y) const {
    auto const tile = xl::tile<lanes>(ctx);
    std::size_t const row = ctx.global_rank() / lanes;
    if (row >= y.size()) return;  // the whole tile returns
    float sum = 0;
    for (std::size_t i = begin[row] + tile.rank(); i < begin[row + 1]; i += lanes) sum += value[i] * x[column[i]];
    sum = tile.reduce(sum, xl::plus{});
    if (tile.is_leader()) y[row] = sum;
  }
};

}  // namespace sparse
