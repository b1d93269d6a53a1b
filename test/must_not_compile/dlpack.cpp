// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/tensor/dlpack.hpp>

#include <crosslane/tensor.hpp>

namespace xl = crosslane;

struct number {
  float value;
};

void exchange(xl::device d, xl::dlpack::managed_tensor& m, xl::tensor_view<float const, xl::nchw> const& t) {
  (void)xl::dlpack_view<float const, xl::nchw>(d, m);
  (void)xl::to_dlpack(d, t, 0);
#if CROSSLANE_TEST_WRONG == 1
  (void)xl::dlpack_view<float const, xl::nchw_c<8>>(d, m);
#elif CROSSLANE_TEST_WRONG == 2
  (void)xl::to_dlpack<xl::dlpack::managed_tensor>(d, t, 0);
#elif CROSSLANE_TEST_WRONG == 3
  (void)xl::dlpack_view<number, xl::nchw>(d, m);
#elif CROSSLANE_TEST_WRONG == 4
  (void)xl::dlpack_view<float, xl::nchw>(d, m.dl_tensor);
#endif
}
