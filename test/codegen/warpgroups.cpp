// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A product of matrices for sm_90a. The test holds the compiler's report on its kernels against what must not be there: spilled registers,
/// and products of warpgroups that wait for each other.
#include <crosslane/matrix.hpp>

namespace xl = crosslane;
using rows = xl::row_major<>;
using columns = xl::column_major<>;

void multiply(xl::stream const& q, xl::tensor_view<xl::half const, rows> a, xl::tensor_view<xl::half const, columns> b,
              xl::tensor_view<xl::half, rows> c) {
  xl::gemm(q, a, b, c, xl::relu{});
}
