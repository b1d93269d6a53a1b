// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/matrix.hpp>

namespace xl = crosslane;
namespace axis = xl::axis;

using matrix = xl::tensor<xl::half, xl::row_major<>>;
struct query : xl::axis_tag {};
struct key : xl::axis_tag {};
using named = xl::tensor<xl::half, xl::row_major<query, key>>;
using batch_tensor =
    xl::tensor<xl::half, xl::packed<xl::extents<std::int32_t, axis::n, axis::row, axis::col>, xl::axes<axis::n, axis::row, axis::col>>>;
using by_steps = xl::tensor<xl::half, xl::with_strides<xl::row_major<>>>;

struct of_two_rows {
  CROSSLANE_FN float operator()(float x, int, int) const { return x; }
};

void multiply(xl::stream const& q, matrix const& a, matrix const& b, matrix& c, [[maybe_unused]] xl::tensor<float, xl::row_major<>>& floats,
              [[maybe_unused]] named const& scores, [[maybe_unused]] batch_tensor const& many, [[maybe_unused]] by_steps const& steps) {
  xl::gemm(q, a, b, c, xl::relu{});
#if CROSSLANE_TEST_WRONG == 1
  xl::gemm(q, a, floats, c);
#elif CROSSLANE_TEST_WRONG == 2
  xl::gemm(q, a, b, scores);
#elif CROSSLANE_TEST_WRONG == 3
  xl::gemm(q, scores, scores, c);
#elif CROSSLANE_TEST_WRONG == 4
  xl::gemm(q, a, steps, c);
#elif CROSSLANE_TEST_WRONG == 5
  xl::gemm(q, a, b, c, of_two_rows{});
#elif CROSSLANE_TEST_WRONG == 6
  xl::gemm(q, many, b, c);
#elif CROSSLANE_TEST_WRONG == 7
  xl::gemm(q, a, b, c, {}, xl::options<xl::run_to_run, xl::gemm_policy<48, 64, 32, 3, 128>>{});
#endif
}
