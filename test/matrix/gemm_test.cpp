// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// gemm(): layouts, sizes, batches, epilogues and errors.
#include <crosslane/algorithm.hpp>

#include <matrix/gemm_support.hpp>
#include <support/captured.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct place_epilogue {
  CROSSLANE_FN float operator()(float, xl::gemm_index at) const { return float(at.row - 2 * at.col + at.batch); }
};

struct number_epilogue {
  CROSSLANE_FN float operator()(float x, xl::gemm_index at) const { return x + float(at.batch); }
};

}  // namespace

CROSSLANE_TEST(gemm, layouts) {
  gemm_shape const s{70, 90, 50};
  check_gemm<xl::half, xl::half, float, by_rows, by_rows, by_rows>(d, "rows, rows", s);
  check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "rows, columns", s);
  check_gemm<xl::half, xl::half, float, by_columns, by_rows, by_rows>(d, "columns, rows", s);
  check_gemm<xl::half, xl::half, float, by_columns, by_columns, by_rows>(d, "columns, columns", s);
  check_gemm<xl::half, xl::half, xl::half, by_rows, by_columns, by_columns>(d, "rows, columns to columns", s);
}

CROSSLANE_TEST(gemm, sizes) {
  std::mt19937 random{1};
  auto const any = [&](unsigned most) { return int(1 + random() % most); };
  for (int i = 0; i < (in_another_order() ? 2 : 8); ++i)
    check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "random size", {any(150), any(150), any(130)});
  for (gemm_shape const s : {gemm_shape{64, 64, 32}, gemm_shape{1, 1, 1}, gemm_shape{1, 200, 31}, gemm_shape{129, 1, 64}})
    check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "size", s);
  check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "no summed index", {5, 9, 0});
  check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "no element", {0, 9, 7});
}

CROSSLANE_TEST(gemm, unaligned_lines) {
  for (int gap : {0, 1, 2, 6, 8})
    for (int before : {0, 1, 2, 8}) {
      if (in_another_order() && gap + before != 3) continue;
      check_gemm<xl::half, xl::half, xl::half, by_rows, by_columns, by_rows>(d, "unaligned, along", {66, 40, 42}, product_error<xl::half>,
                                                                             before, gap);
      check_gemm<xl::half, xl::half, float, by_columns, by_rows, by_rows>(d, "unaligned, across", {66, 40, 42}, product_error<xl::half>,
                                                                          before, gap);
    }
}

CROSSLANE_TEST(gemm, epilogues) {
  int const m = 50, n = 70, k = 33;
  std::mt19937 random{5};
  xl::stream const q{d};
  host_matrix const a = random_matrix<xl::half>(m, k, random), b = random_matrix<xl::half>(k, n, random),
                    c = random_matrix<xl::half>(m, n, random);
  device_matrix<xl::half, by_rows> da{q, a, 0, 0};
  device_matrix<xl::half, by_columns> db{q, b, 0, 0};
  host_matrix const by_col = random_matrix<float>(1, n, random), by_row = random_matrix<float>(m, 1, random);
  auto const floats = [&](host_matrix const& x) { return upload(q, std::vector<float>(x.x.begin(), x.x.end())); };
  auto const columns = floats(by_col), rows = floats(by_row);
  auto const check = [&](char const* what, auto layout, auto const& make, auto const& expected) {
    using L = decltype(layout);
    device_matrix<xl::half, L> dc{q, c, 0, 3};
    xl::gemm(q, da.view(), db.view(), dc.view(), make(dc.view()));
    expect_product<xl::half>(what, q, dc, a, b, 0x1p-9, expected);
  };
  // alpha * a * b + beta * c, in place
  check(
      "alpha and beta", by_rows{}, [](auto view) { return xl::epilogue_chain{xl::scale_by{0.5f}, xl::add_matrix{view, -2.f}}; },
      [&](int i, int j, double x) { return 0.5 * x - 2 * c(i, j); });
  // everything, to columns: places must be those of c
  check(
      "chain", by_columns{},
      [&](auto view) {
        return xl::epilogue_chain{xl::scale_columns{columns.view()}, xl::add_to_rows{rows.view()},       xl::relu{},
                                  xl::scale_rows{rows.view()},       xl::add_to_columns{columns.view()}, xl::add_matrix{view}};
      },
      [&](int i, int j, double x) {
        double const y = x * by_col(0, j) + by_row(i, 0);
        return (y < 0 ? 0 : y) * by_row(i, 0) + by_col(0, j) + c(i, j);
      });
  check("place", by_columns{}, [](auto) { return place_epilogue{}; }, [](int i, int j, double) { return i - 2 * j; });
}

CROSSLANE_TEST(gemm, activations) {
  // The product is a column of numbers.
  int const m = 64;
  xl::stream const q{d};
  host_matrix a{m, 1, {}};
  host_matrix const one{1, 1, {1}};
  for (int i = 0; i < m; ++i) a.x.push_back(double(float(i - 32) / 2));
  device_matrix<float, by_rows> da{q, a, 0, 0}, db{q, one, 0, 0};
  auto const check = [&](char const* what, auto const& e, auto const& expected) {
    device_matrix<float, by_rows> dc{q, a, 0, 0};
    xl::gemm(q, da.view(), db.view(), dc.view(), e);
    expect_product<float>(what, q, dc, a, one, 0x1p-18, [&](int, int, double x) { return expected(x); });
  };
  check("relu", xl::relu{}, [](double x) { return x < 0 ? 0 : x; });
  check("mish", xl::mish{}, [](double x) { return x * std::tanh(std::log1p(std::exp(x))); });
  check("swish", xl::swish{}, [](double x) { return x / (1 + std::exp(-x)); });
  check("gelu", xl::gelu{}, [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.))); });
}

CROSSLANE_TEST(gemm, batch) {
  constexpr int batches = 3, m = 40, n = 33, k = 20;
  std::mt19937 random{9};
  xl::stream const q{d};
  std::vector<host_matrix> a, b;
  std::vector<xl::half> as, bs;
  for (int i = 0; i < batches; ++i) {
    a.push_back(random_matrix<xl::half>(m, k, random));
    b.push_back(random_matrix<xl::half>(k, n, random));
    for (double x : a.back().x) as.push_back(xl::half(x));
    for (double x : b.back().x) bs.push_back(xl::half(x));
  }
  auto const da = upload(q, as), db = upload(q, bs);
  using batch_rows = batch_of<by_rows>;
  xl::tensor_view const va{da.data(), batch_rows{{batches, m, k}}}, vb{db.data(), batch_rows{{batches, k, n}}};
  xl::tensor_view const shared_b{db.data(), by_rows{{k, n}}};
  xl::tensor<float, batch_rows> c{q, {batches, m, n}};
  auto const expect = [&](char const* what, bool same_b, float per_batch) {
    auto const got = read(q, c.storage());
    for (int l = 0; l < batches; ++l)
      for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j) {
          double sum = 0;
          for (int p = 0; p < k; ++p) sum += a[std::size_t(l)](i, p) * b[std::size_t(same_b ? 0 : l)](p, j);
          float const x = got[std::size_t((l * m + i) * n + j)];
          if (std::fabs(sum + double(per_batch) * l - double(x)) > 0x1p-12)
            return fail(std::string(what) + ": wrong element", xl::source_location::current());
        }
  };
  xl::gemm(q, va, vb, c);
  expect("batch", false, 0);
  xl::gemm(q, va, shared_b, c, [] CROSSLANE_LAMBDA(float x, xl::gemm_index at) { return x + 2 * float(at.batch); });
  expect("shared matrix", true, 2);
}

/// With the memory of a split summed axis.
CROSSLANE_TEST(gemm, in_a_graph) {
  xl::stream const q{d};
  std::mt19937 random{5};
  host_matrix const a = random_matrix<xl::half>(20, 1100, random), b = random_matrix<xl::half>(1100, 24, random);
  device_matrix<xl::half, by_rows> da{q, a, 0, 0};
  device_matrix<xl::half, by_columns> db{q, b, 0, 0};
  xl::tensor<float, by_rows> c{q, {20, 24}};
  compare_captured(q, c, [&] { xl::gemm(q, da.view(), db.view(), c); });
}
CROSSLANE_TEST(gemm, parts) {
  using policy = xl::gemm_policy<32, 64, 32, 3, 64>;
  for (gemm_shape const s : {gemm_shape{70, 90, 300}, gemm_shape{5, 7, 65}})
    for (unsigned parts : {0u, 1u, 3u, 7u}) {
      if (in_another_order() && parts != 3) continue;
      check_gemm<xl::half, xl::half, float, by_rows, by_columns, by_rows>(d, "parts", s, product_error<xl::half>, 0, 0, policy{parts});
    }
  // A workspace of the size that is asked for is enough, and is ready for the next call.
  xl::stream const q{d};
  xl::tensor<xl::half, by_rows> a{q, {16, 400}};
  xl::tensor<xl::half, by_columns> b{q, {400, 16}};
  xl::tensor<float, by_rows> c{q, {16, 16}};
  xl::fill(q, a.storage(), xl::half(1));
  xl::fill(q, b.storage(), xl::half(2));
  using options = xl::options<xl::run_to_run, policy>;
  xl::workspace const memory{
      q, xl::workspace_size([&](auto const& o) { xl::gemm(q, a, b, c, {}, options{.workspace = o.workspace, .policy = {5}}); })};
  for (int i = 0; i < 2; ++i) {
    xl::fill(q, c.storage(), 0.f);
    xl::gemm(q, a, b, c, {}, options{.workspace = memory, .policy = {5}});
    CROSSLANE_CHECK_SAME(read(q, c.storage()), std::vector<float>(256, 800.f));
  }
}

CROSSLANE_TEST(gemm, groups) {
  std::mt19937 random{7};
  xl::stream const q{d};
  std::vector<gemm_shape> shapes{{33, 40, 20}, {1, 2, 100}, {0, 4, 4}, {70, 65, 32}};
  if (!in_another_order())
    for (int i = 0; i < 33; ++i) shapes.push_back({1 + i, 2 + i % 3, 5});  // more than one launch has
  std::vector<host_matrix> a, b;
  std::vector<device_matrix<xl::half, by_rows>> da;
  std::vector<device_matrix<xl::half, by_columns>> db;
  std::vector<device_matrix<float, by_rows>> dc;
  using a_view = decltype(da.front().view());
  using b_view = decltype(db.front().view());
  using c_view = decltype(dc.front().view());
  std::vector<xl::gemm_operands<a_view, b_view, c_view>> products;
  for (gemm_shape const& s : shapes) {
    a.push_back(random_matrix<xl::half>(s.m, s.k, random));
    b.push_back(random_matrix<xl::half>(s.k, s.n, random));
    da.emplace_back(q, a.back(), 0, 0);
    db.emplace_back(q, b.back(), 0, 3);
    dc.emplace_back(q, host_matrix{s.m, s.n, std::vector<double>(std::size_t(s.m * s.n), 77)}, 0, 0);
    products.push_back({da.back().view(), db.back().view(), dc.back().view()});
  }
  xl::grouped_gemm(q, products, number_epilogue{});
  for (std::size_t i = 0; i < shapes.size(); ++i)
    expect_product<float>("group", q, dc[i], a[i], b[i], product_error<xl::half>, [&](int, int, double x) { return x + double(i); });
  products[3].c = dc[0].view();
  expect_error(xl::errc::size_mismatch, {"grouped_gemm: product 3: C has 33 x 40"}, [&] { xl::grouped_gemm(q, products); });
}

CROSSLANE_TEST(gemm, errors) {
  xl::stream const q{d};
  xl::tensor<xl::half, by_rows> a{q, {8, 16}}, b{q, {17, 4}}, c{q, {8, 4}}, wide{q, {8, 5}}, right{q, {16, 4}};
  expect_error(xl::errc::size_mismatch, {"gemm: A has 8 x 16 elements and B has 17 x 4"}, [&] { xl::gemm(q, a, b, c); });
  expect_error(xl::errc::size_mismatch, {"C has 8 x 5 elements", "has 8 x 4"}, [&] { xl::gemm(q, a, right, wide); });
  xl::tensor_view<xl::half, by_rows> const inside{a.data() + 4, by_rows{{8, 4}}};
  expect_error(xl::errc::invalid_argument, {"gemm", "overlaps"}, [&] { xl::gemm(q, a, right, inside); });
  using batch_rows = batch_of<by_rows>;
  xl::tensor<xl::half, batch_rows> as{q, {3, 8, 16}}, cs{q, {2, 8, 4}};
  expect_error(xl::errc::size_mismatch, {"C has 2 matrices, A has 3"}, [&] { xl::gemm(q, as, right, cs); });
  expect_usable(d);
}
