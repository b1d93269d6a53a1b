// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// gemm(): matrices whose lines begin at multiples of 16 bytes, which a copy engine copies in tiles; more tiles than a device has
/// multiprocessors.
#include <matrix/gemm_support.hpp>

#include <limits>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class A, class B, class C, class LA = by_rows, class LB = by_columns, class LC = by_rows, class P = xl::tuned>
void check_tiles(xl::device d, char const* what, gemm_shape const& s, double relative = product_error<A>, int gap = 0) {
  check_gemm<A, B, C, LA, LB, LC, P>(d, what, s, relative, 0, gap);
}

/// Multiplies `batches` matrices of m x k by k x n elements, all of which are small whole numbers. Those of A lie one after another, or,
/// if `Interleaved` is true, line by line.
template <bool Interleaved>
void check_batch(xl::device d, char const* what, int batches, int m, int n, int k) {
  xl::stream const q{d};
  std::mt19937 random{7};
  auto const numbers = [&](int count) {
    std::vector<xl::half> x;
    for (int i = 0; i < count; ++i) x.push_back(xl::half(float(int(random() % 5) - 2)));
    return x;
  };
  auto const a = numbers(batches * m * k), b = numbers(batches * n * k);
  auto const da = upload(q, a), db = upload(q, b);
  using batch = xl::extents<std::int32_t, axis::n, axis::row, axis::col>;
  using order = std::conditional_t<Interleaved, xl::axes<axis::row, axis::n, axis::col>, xl::axes<axis::n, axis::row, axis::col>>;
  using layout_a = xl::packed<batch, order>;
  xl::tensor_view const va{da.data(), layout_a{{batches, m, k}}};
  xl::tensor_view const vb{db.data(), batch_of<by_columns>{{batches, k, n}}};
  xl::tensor<float, batch_of<by_rows>> c{q, {batches, m, n}};
  xl::gemm(q, va, vb, c, [] CROSSLANE_LAMBDA(float x, xl::gemm_index at) { return x + float(at.batch); });
  auto const got = read(q, c.storage());
  for (int l = 0; l < batches; ++l)
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        float want = float(l);
        for (int p = 0; p < k; ++p)
          want += float(a[std::size_t((Interleaved ? i * batches + l : l * m + i) * k + p)]) * float(b[std::size_t((l * n + j) * k + p)]);
        if (float const x = got[std::size_t((l * m + i) * n + j)]; x != want)
          return fail(std::string(what) + ": element " + std::to_string(l) + ", " + std::to_string(i) + ", " + std::to_string(j) + " is " +
                          std::to_string(x) + " instead of " + std::to_string(want),
                      xl::source_location::current());
      }
}

}  // namespace

CROSSLANE_TEST(gemm_tiles, orders) {
  gemm_shape const s{72, 136, 80};
  check_tiles<xl::half, xl::half, xl::half, by_rows, by_columns>(d, "rows, columns", s);
  check_tiles<xl::half, xl::half, xl::half, by_rows, by_rows>(d, "rows, rows", s);
  check_tiles<xl::half, xl::half, float, by_columns, by_columns>(d, "columns, columns", s);
  check_tiles<xl::half, xl::half, float, by_columns, by_rows, by_columns>(d, "columns, rows to columns", s);
  check_tiles<xl::bfloat16, xl::bfloat16, xl::half, by_columns, by_rows>(d, "bfloat16", s);
}
CROSSLANE_TEST(gemm_tiles, sizes) {
  for (gemm_shape const& s : {gemm_shape{128, 192, 64}, gemm_shape{200, 67, 8}, gemm_shape{3, 264, 72}, gemm_shape{64, 64, 1032}})
    check_tiles<xl::half, xl::half, xl::half>(d, "size", s);
  check_tiles<xl::half, xl::half, xl::half>(d, "gaps", {66, 40, 40}, product_error<xl::half>, 8);
}
CROSSLANE_TEST(gemm_tiles, types) {
  gemm_shape const s{70, 72, 160};
  check_tiles<float, float, float, by_rows, by_columns, by_rows, xl::tuned_tf32>(d, "tf32", s, 0x1p-10);
  check_tiles<std::int8_t, std::int8_t, std::int32_t>(d, "int8", s);
  check_tiles<xl::fp8_e4m3, xl::fp8_e4m3, xl::half>(d, "e4m3", s, 0x1p-10);
  check_tiles<xl::fp8_e4m3, xl::fp8_e5m2, float>(d, "e4m3 and e5m2", s, 0x1p-10);
  check_tiles<xl::fp8_e5m2, xl::fp8_e4m3, float>(d, "e5m2 and e4m3", s, 0x1p-10);
  check_tiles<xl::fp8_e5m2, xl::fp8_e5m2, xl::half>(d, "e5m2", s, 0x1p-10);
}
CROSSLANE_TEST(gemm_tiles, many_products) {
  check_batch<false>(d, "batch", 300, 16, 24, 24);
  check_batch<true>(d, "interleaved batch", 300, 16, 24, 24);
  check_batch<false>(d, "batch of several tiles", 9, 72, 70, 136);
}
CROSSLANE_TEST(gemm_tiles, special_numbers) {
  xl::stream const q{d};
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  int const m = 70, n = 72, k = 136;
  std::mt19937 random{3};
  host_matrix a = random_matrix<xl::half>(m, k, random), b = random_matrix<xl::half>(k, n, random);
  auto const set = [](host_matrix& x, int i, int j, double value) { x.x[std::size_t(i * x.cols + j)] = value; };
  set(a, 69, 135, nan);
  set(a, 5, 131, inf);
  set(b, 131, 2, 0);  // times infinity
  set(b, 11, 71, -inf);
  set(a, 6, 11, 0);
  for (int j = 0; j < k; ++j) set(a, 9, j, 60000);  // sums that half does not have
  device_matrix<xl::half, by_rows> da{q, a, 0, 0};
  device_matrix<xl::half, by_columns> db{q, b, 0, 0};
  device_matrix<float, by_rows> dc{q, {m, n, std::vector<double>(m * n, 77)}, 0, 0};
  xl::gemm(q, da.view(), db.view(), dc.view());
  expect_product<float>("NaN and infinity", q, dc, a, b, 0x1p-17, [](int, int, double x) { return x; });
}
