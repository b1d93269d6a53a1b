// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/matrix.hpp>

namespace xl = crosslane;
namespace target = xl::matrix_target;
using use = xl::matrix_use;

/// Fragments that fit each other on waves of 32 lanes.
struct products {
  template <use U, class T = xl::half>
  using fragment = xl::fragment<U, xl::native_shape<T, target::sm_80>, target::sm_80>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::tensor_view<xl::half const, xl::row_major<>> m,
                               xl::tensor_view<float, xl::column_major<>> out) const {
    if constexpr (Ctx::wave_size == 32) {
      auto const a = xl::load_fragment<fragment<use::a>>(ctx, m, 0, 0);
      auto const b = xl::load_fragment<fragment<use::b>>(ctx, m, 0, 0);
      auto c = fragment<use::accumulator>::filled(0);
      c = xl::multiply_add(ctx, a, b, c);
      xl::store_fragment(ctx, out, 0, 0, c);
#if CROSSLANE_TEST_WRONG == 1
      (void)xl::fragment<use::a, xl::matrix_shape<16, 16, 16, xl::half, xl::half, float>, target::sm_80>{};
#elif CROSSLANE_TEST_WRONG == 2
      (void)fragment<use::a, xl::fp8_e4m3>{};
#elif CROSSLANE_TEST_WRONG == 3
      c = xl::multiply_add(ctx, b, a, c);
#elif CROSSLANE_TEST_WRONG == 4
      c = xl::multiply_add(ctx, fragment<use::a, xl::bfloat16>{}, b, c);
#elif CROSSLANE_TEST_WRONG == 5
      (void)xl::multiply_add(ctx, a, b, xl::fragment_cast<xl::half>(c));
#elif CROSSLANE_TEST_WRONG == 6
      using other = xl::native_shape<xl::half, target::gfx90a>;
      (void)xl::load_fragment<xl::fragment<use::a, other, target::gfx90a>>(ctx, m, 0, 0);
#elif CROSSLANE_TEST_WRONG == 7
      (void)xl::load_fragment<fragment<use::a, std::int8_t>>(ctx, m, 0, 0);
#elif CROSSLANE_TEST_WRONG == 8
      xl::store_fragment(ctx, m, 0, 0, a);
#elif CROSSLANE_TEST_WRONG == 9
      (void)xl::convert_fragment<fragment<use::a>>(ctx, xl::fragment_cast<xl::half>(c));
#elif CROSSLANE_TEST_WRONG == 10
      (void)xl::load_fragment<fragment<use::a>>(ctx, xl::tensor_view<xl::half const, xl::nhwc>{}, 0, 0);
#elif CROSSLANE_TEST_WRONG == 11
      xl::tensor_view<xl::half const, xl::column_major<>> const by_columns = m;
      (void)xl::load_fragment<fragment<use::b>>(ctx, by_columns, 0, 0);
#endif
    }
  }
};

void launch(xl::stream const& q, xl::tensor<xl::half, xl::row_major<>> const& m, xl::tensor<float, xl::column_major<>>& out) {
  xl::launch(q, {.grid = 1, .block = 32}, products{}, m, out);
}
