// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares sparse matrices with those of plain C++.
#include "../sparse.hpp"
#include "../reference.hpp"

#include <support/target.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

void check(xl::stream const& q, sparse::problem const& p) {
  sparse::reference const expected{p};
  auto const row = upload(q, p.row), column = upload(q, p.column);
  auto const value = upload(q, p.value), x = upload(q, p.x);
  xl::buffer<unsigned> begin{q, p.rows + 1}, columns{q, p.row.size()};
  xl::buffer<float> sums{q, p.row.size()}, y{q, p.rows};
  sparse::matrix const m{p.rows, p.columns, begin, columns, sums};

  sparse::build(q, {row, column, value}, m);
  CROSSLANE_CHECK_SAME(read(q, begin), expected.begin);
  // The buffers end with the entries that duplicates did not need, which nothing has written.
  std::size_t const entries = expected.value.size();
  std::vector<unsigned> got_columns(entries);
  std::vector<float> got_values(entries);
  xl::copy(q, columns.view().subspan(0, entries), got_columns);
  xl::copy(q, sums.view().subspan(0, entries), got_values);
  q.synchronize();
  CROSSLANE_CHECK_SAME(got_columns, expected.column);
  CROSSLANE_CHECK_SAME(got_values, expected.value);

  for (bool const by_kernel : {true, false}) {
    xl::fill(q, y, -77.0f);
    if (by_kernel)
      sparse::multiply(q, m, x, y);
    else
      sparse::multiply_by_reduction(q, m, x, y);
    CROSSLANE_CHECK_SAME(read(q, y), expected.y);
  }
}

}  // namespace

CROSSLANE_TEST(sparse, shapes) {
  xl::stream const q{d};
  struct shape {
    std::size_t rows, columns, count;
  };
  for (auto const [rows, columns, count] : {shape{1, 1, 0}, shape{1, 1, 5}, shape{1, 1000, 100}, shape{1000, 1, 300}, shape{7, 5, 1000},
                                            shape{300, 200, 100}, shape{257, 100'000, 3000}, shape{1000, 1000, 20'000}})
    if (count <= 3000 || !in_another_order()) check(q, {rows, columns, count});
}

/// One row has all entries, between rows that have none.
CROSSLANE_TEST(sparse, one_long_row) {
  xl::stream const q{d};
  sparse::problem p{100, 6000, 5000};
  for (unsigned& row : p.row) row = 60;
  for (std::size_t i = 0; i < p.column.size(); ++i) p.column[i] = unsigned(i * 7 % p.columns);
  check(q, p);
}
