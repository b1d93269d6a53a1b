// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of bfloat16, and of floats as tf32.
#include "gemm.hpp"

namespace bench {

void register_gemm_types(xl::stream_ref q) {
  constexpr gemm_sizes s{8192, 8192, 8192};
  add_gemm<xl::bfloat16, xl::bfloat16>(q, "bfloat16", s);
  add_gemm<float, float, false, gemm_end::plain, xl::tuned_tf32>(q, "tf32", s);
}

}  // namespace bench
