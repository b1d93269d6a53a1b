// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clusters that no device has, and copies of tiles that do not fit their tensor.
#include <crosslane/tensor.hpp>

namespace xl = crosslane;
namespace axis = xl::axis;

using matrix = xl::packed<xl::extents<int, axis::row, axis::col>, xl::axes<axis::row, axis::col>>;
#if CROSSLANE_TEST_WRONG == 1
using tile = xl::packed<xl::extents<int, xl::fixed<axis::row, 8>, xl::fixed<axis::col, 8>>, xl::axes<axis::col, axis::row>>;
#elif CROSSLANE_TEST_WRONG == 2
using tile = xl::packed<xl::extents<int, xl::fixed<axis::row, 8>, axis::col>, matrix::order>;
#else
using tile = xl::packed<xl::extents<int, xl::fixed<axis::row, 8>, xl::fixed<axis::col, 8>>, matrix::order>;
#endif
#if CROSSLANE_TEST_WRONG == 3
constexpr bool across_cluster = false;
#else
constexpr bool across_cluster = true;
#endif
#if CROSSLANE_TEST_WRONG == 4
using taken = xl::tiled_view<float const, matrix, tile>;
#else
using taken = xl::tiled_view<float const, matrix, tile> const&;
#endif
#if CROSSLANE_TEST_WRONG == 5
using stored = xl::tiled_view<float const, matrix, tile> const&;
#else
using stored = xl::tiled_view<float, matrix, tile> const&;
#endif

struct kernel {
#if CROSSLANE_TEST_WRONG == 6
  static constexpr int cluster = 2;
#elif CROSSLANE_TEST_WRONG == 7
  static constexpr auto cluster = xl::cluster_size<3, 3>;
#else
  static constexpr auto cluster = xl::cluster_size<2>;
#endif
#if CROSSLANE_TEST_WRONG == 8
  static constexpr bool cooperative = true;
#elif CROSSLANE_TEST_WRONG == 9
  static constexpr bool resident = true;
#endif
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx, across_cluster> state;
    xl::shared_tile<float, tile> in;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, taken in, stored out) const {
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    pipe.multicast_tile(s.in, in, {0, 0}, 0);
    pipe.commit();
    pipe.wait();
    xl::tile_stores stores{ctx};
    stores.store(s.in, out, {0, 0});
    stores.commit();
    stores.wait();
  }
};

void run(xl::stream const& q, xl::tensor<float, matrix> const& in, xl::tensor<float, matrix>& out) {
#if CROSSLANE_TEST_WRONG == 5
  xl::launch(q, {.grid = 2, .block = 64}, kernel{}, xl::make_tiled<tile>(q, in), xl::make_tiled<tile>(q, in));
  (void)out;
#else
  xl::launch(q, {.grid = 2, .block = 64}, kernel{}, xl::make_tiled<tile>(q, in), xl::make_tiled<tile>(q, out));
#endif
}
