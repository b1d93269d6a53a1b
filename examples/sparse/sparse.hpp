// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A sparse matrix in compressed rows: how it is built from unsorted triples and multiplied by a vector. All functions queue work, and none
/// waits: the number of entries stays on the device.
#pragma once

#include "kernels.hpp"

#include <bit>

namespace sparse {

/// Cells of a matrix in any order: element i of each span. A cell that occurs several times has the sum of its values.
struct triples {
  xl::span<unsigned const> row, column;
  xl::span<float const> value;
};

/// The entries of row r have the places begin[r] ... begin[r + 1] - 1 in `column` and `value`, which have room for all triples.
struct matrix {
  std::size_t rows, columns;
  xl::span<unsigned> begin;  // rows + 1 elements
  xl::span<unsigned> column;
  xl::span<float> value;
};

/// cells, value = the number and the value of each triple, by rows, then by columns.
template <xl::stream_like S>
void sort(S const& q, triples const& t, matrix const& m, xl::span<std::uint64_t> cells, xl::span<float> value) {
  auto const unsorted = xl::transformed(xl::zipped(t.row, t.column), number_of_cell{m.columns});
  xl::bit_range const used{0, unsigned(std::bit_width(std::uint64_t{m.rows} * m.columns - 1))};  // fewer bits, fewer passes
  xl::radix_sort_by_key(q, unsorted, t.value, cells, value, used);
}

/// entries, m.value = each cell once, with the sum of its values. count[0] = their number.
template <xl::stream_like S>
void add_duplicates(S const& q, xl::span<std::uint64_t const> cells, xl::span<float const> value, xl::span<std::uint64_t> entries,
                    matrix const& m, xl::span<std::uint64_t> count) {
  xl::reduce_by_key(q, cells, value, entries, m.value, count, xl::plus{});
}

/// m.column, m.begin from the cells of the entries. Empty rows begin where the next row does.
template <xl::stream_like S>
void index(S const& q, xl::span<std::uint64_t const> entries, xl::span<std::uint64_t const> count, matrix const& m) {
  auto const all = xl::counting(std::uint64_t{0}, entries.size());
  xl::gather(q, xl::transformed(entries, column_of_cell{m.columns}), xl::counted(all, count), m.column);
  // The entries of each row, and 0 in an additional last element. Their sums are the places where the rows begin.
  xl::histogram(q, xl::transformed(xl::counted(entries, count), row_of_cell{m.columns}), m.begin, xl::even_bins(0u, unsigned(m.rows + 1)));
  xl::exclusive_scan(q, m.begin, m.begin, 0u, xl::plus{});
}

/// Builds the matrix in memory of the stream's pool.
template <xl::stream_like S>
void build(S const& q, triples const& t, matrix const& m) {
  using B = typename S::backend;
  xl::basic_buffer<std::uint64_t, xl::memory_kind::device, B> cells{q, t.row.size()}, entries{q, t.row.size()}, count{q, 1};
  xl::basic_buffer<float, xl::memory_kind::device, B> value{q, t.row.size()};
  sort(q, t, m, cells, value);
  add_duplicates(q, cells, value, entries, m, count);
  index(q, entries, count, m);
}

/// y = m * x by a kernel.
template <xl::stream_like S>
void multiply(S const& q, matrix const& m, xl::span<float const> x, xl::span<float> y) {
  xl::launch(q, {.grid = xl::cover(m.rows * multiply_rows::lanes, 256)}, multiply_rows{}, m.begin, m.column, m.value, x, y);
}

/// The same by an algorithm: the sums of the rows of a range that is never stored.
template <xl::stream_like S>
void multiply_by_reduction(S const& q, matrix const& m, xl::span<float const> x, xl::span<float> y) {
  auto const products = xl::transformed(xl::zipped(m.value, xl::permuted(x, m.column)), product{});
  xl::segmented_reduce(q, products, m.begin, y, 0.0f, xl::plus{});
}

}  // namespace sparse
