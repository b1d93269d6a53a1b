// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// gemm(): the types of elements, and special numbers.
#include <matrix/gemm_support.hpp>

#include <limits>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class A, class B, class C, class P = xl::tuned>
void check_type(xl::device d, char const* what, double relative = product_error<A>) {
  check_gemm<A, B, C, by_rows, by_columns, by_rows, P>(d, what, {70, 45, 100}, relative);
}

}  // namespace

CROSSLANE_TEST(gemm_types, halves) {
  check_type<xl::half, xl::half, xl::half>(d, "half");
  check_type<xl::bfloat16, xl::bfloat16, float>(d, "bfloat16");
}
CROSSLANE_TEST(gemm_types, floats) {
  check_type<float, float, float>(d, "float");
  check_type<float, float, float, xl::tuned_tf32>(d, "tf32", 0x1p-10);
  check_type<double, double, double>(d, "double");
}
CROSSLANE_TEST(gemm_types, floats_by_rows) {
  check_gemm<float, float, float, by_rows, by_rows, by_rows>(d, "float, rows", {70, 45, 100});
  check_gemm<double, double, double, by_columns, by_rows, by_rows>(d, "double, columns and rows", {70, 45, 50});
}
CROSSLANE_TEST(gemm_types, integers) {
  check_type<std::int8_t, std::int8_t, std::int32_t>(d, "int8");
  check_gemm<std::int8_t, std::int8_t, float, by_columns, by_rows, by_rows>(d, "int8, columns and rows", {33, 70, 90});
}
CROSSLANE_TEST(gemm_types, bytes) {
  check_type<xl::fp8_e4m3, xl::fp8_e4m3, float>(d, "fp8_e4m3");
  check_type<xl::fp8_e4m3, xl::fp8_e5m2, xl::bfloat16>(d, "fp8_e4m3 and fp8_e5m2");
  check_type<xl::fp8_e5m2_fnuz, xl::fp8_e4m3_fnuz, float>(d, "fp8_fnuz");
}

CROSSLANE_TEST(gemm_types, special_numbers) {
  xl::stream const q{d};
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  int const m = 20, n = 18, k = 40;
  std::mt19937 random{3};
  host_matrix a = random_matrix<xl::half>(m, k, random), b = random_matrix<xl::half>(k, n, random);
  auto const set = [](host_matrix& x, int i, int j, double value) { x.x[std::size_t(i * x.cols + j)] = value; };
  set(a, 3, 7, nan);
  set(a, 5, 39, inf);
  set(b, 39, 2, 0);  // times infinity
  set(b, 11, 4, -inf);
  set(a, 6, 11, 0);
  set(b, 20, 17, nan);
  device_matrix<xl::half, by_rows> da{q, a, 0, 0};
  device_matrix<xl::half, by_columns> db{q, b, 0, 0};
  device_matrix<float, by_rows> dc{q, {m, n, std::vector<double>(m * n, 77)}, 0, 0};
  xl::gemm(q, da.view(), db.view(), dc.view());
  expect_product<float>("NaN and infinity", q, dc, a, b, 0x1p-18, [](int, int, double x) { return x; });
}

CROSSLANE_TEST(gemm_types, subnormal_numbers) {
  xl::stream const q{d};
  int const m = 17, n = 9, k = 33;
  std::mt19937 random{4};
  host_matrix a = random_matrix<float>(m, k, random), b = random_matrix<float>(k, n, random);
  for (double& x : a.x) x = double(float(x) * 0x1p-130f);
  device_matrix<float, by_rows> da{q, a, 0, 0};
  device_matrix<float, by_columns> db{q, b, 0, 0};
  device_matrix<float, by_rows> dc{q, {m, n, std::vector<double>(m * n, 77)}, 0, 0};
  xl::gemm(q, da.view(), db.view(), dc.view());
  auto const got = read(q, dc.memory);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int p = 0; p < k; ++p) sum += a(i, p) * b(p, j);
      CROSSLANE_CHECK(std::fabs(sum - double(got[dc.place(i, j)])) <= k * 0x1p-149);
    }
}
