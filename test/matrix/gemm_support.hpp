// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of random matrices against their definition in double.
#pragma once

#include <crosslane/matrix.hpp>

#include <support/target.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace crosslane_test {

namespace axis = xl::axis;
using by_rows = xl::row_major<>;
using by_columns = xl::column_major<>;
template <class L>
using batch_of = xl::packed<
    xl::extents<std::int32_t, axis::n, axis::row, axis::col>,
    std::conditional_t<std::is_same_v<L, by_rows>, xl::axes<axis::n, axis::row, axis::col>, xl::axes<axis::n, axis::col, axis::row>>>;

struct gemm_shape {
  int m, n, k;
};

/// A matrix on the host, row by row.
struct host_matrix {
  int rows, cols;
  std::vector<double> x;
  double operator()(int i, int j) const { return x[std::size_t(i) * std::size_t(cols) + std::size_t(j)]; }
};

/// Numbers that T represents.
template <class T>
host_matrix random_matrix(int rows, int cols, std::mt19937& random) {
  host_matrix m{rows, cols, {}};
  for (int i = 0; i < rows * cols; ++i) {
    if constexpr (std::is_integral_v<T>)
      m.x.push_back(double(int(random() % 256) - 128));
    else
      m.x.push_back(double(T(float(int(random() % 4096) - 2048) / 1024.f)));
  }
  return m;
}

/// A matrix on the device, in memory with `before` elements in front of it, `pitch` elements from one line to the next; 0 for no gap.
template <class T, class L>
struct device_matrix {
  static constexpr bool rows_contiguous = std::is_same_v<L, by_rows>;
  using layout = xl::padded<typename L::extents_type, typename L::order>;

  device_matrix(xl::stream const& q, host_matrix const& m, int before, int gap)
      : rows{m.rows}, cols{m.cols}, offset{before}, pitch{(rows_contiguous ? cols : rows) + gap} {
    std::vector<T> elements(std::size_t(before + pitch * (rows_contiguous ? rows : cols) + 1), T(99));
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < cols; ++j) elements[place(i, j)] = T(m(i, j));
    memory = upload(q, elements);
  }
  std::size_t place(int i, int j) const { return std::size_t(offset + (rows_contiguous ? i * pitch + j : j * pitch + i)); }
  auto view() {
    return xl::tensor_view<T, layout>{memory.data() + offset,
                                      xl::make_padded<typename L::order>(typename L::extents_type{rows, cols}, pitch)};
  }
  int rows, cols, offset, pitch;
  xl::buffer<T> memory;
};

/// Fails if an element differs from the definition by more than `relative` of the sum of absolute products, or C's rounding. Elements in
/// gaps must be untouched. `expected(i, j, sum)` is what the epilogue makes of a sum.
template <class C, class M, class F>
void expect_product(std::string const& what, xl::stream const& q, M& c, host_matrix const& a, host_matrix const& b, double relative,
                    F const& expected, xl::source_location where = xl::source_location::current()) {
  auto const got = read(q, c.memory);
  std::vector<bool> inside(got.size());
  constexpr double rounding = std::is_integral_v<C>       ? 0
                              : std::is_same_v<C, double> ? 0x1p-52
                              : std::is_same_v<C, float>  ? 0x1p-23
                              : sizeof(C) == 1            ? 0.125
                                                          : 0x1p-8;
  for (int i = 0; i < c.rows; ++i)
    for (int j = 0; j < c.cols; ++j) {
      double sum = 0, all = 0;
      for (int k = 0; k < a.cols; ++k) {
        sum += a(i, k) * b(k, j);
        all += std::fabs(a(i, k) * b(k, j));
      }
      double const want = expected(i, j, sum), x = double(got[c.place(i, j)]);
      inside[c.place(i, j)] = true;
      bool const same = want == x || (want != want && x != x) || std::fabs(want - x) <= relative * all + rounding * std::fabs(want);
      if (!same) {
        auto const text = [](auto n) { return std::to_string(n); };
        return fail(what + ": " + text(c.rows) + " x " + text(c.cols) + " x " + text(a.cols) + ", element " + text(i) + ", " + text(j) +
                        " is " + text(x) + " instead of " + text(want),
                    where);
      }
    }
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!inside[i] && !(double(got[i]) == 99)) return fail(what + ": an element beside the matrix has changed", where);
}

/// The largest relative error of a sum of products of T.
template <class T>
constexpr double product_error = std::is_integral_v<T>       ? 0
                                 : std::is_same_v<T, double> ? 0x1p-46
                                 : sizeof(T) == 1            ? 0x1p-11
                                                             : 0x1p-18;

/// Multiplies random matrices.
template <class A, class B, class C, class LA, class LB, class LC, class P = xl::tuned, class E = xl::plain_epilogue>
void check_gemm(xl::device d, std::string const& what, gemm_shape s, double relative = product_error<A>, int before = 0, int gap = 0,
                P const& policy = {}, xl::source_location where = xl::source_location::current()) {
  std::mt19937 random{unsigned(s.m * 3 + s.n * 5 + s.k * 7)};
  xl::stream const q{d};
  host_matrix const a = random_matrix<A>(s.m, s.k, random), b = random_matrix<B>(s.k, s.n, random);
  device_matrix<A, LA> da{q, a, before, gap};
  device_matrix<B, LB> db{q, b, before, gap};
  device_matrix<C, LC> dc{q, {s.m, s.n, std::vector<double>(std::size_t(s.m) * std::size_t(s.n), 77)}, before, gap};
  xl::gemm(q, da.view(), db.view(), dc.view(), {}, xl::options<xl::run_to_run, P>{.policy = policy});
  expect_product<C>(what, q, dc, a, b, relative, [](int, int, double x) { return x; }, where);
}

}  // namespace crosslane_test
