// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of elements of one byte.
#include "gemm.hpp"

namespace bench {

void register_gemm_small_types(xl::stream_ref q) {
  constexpr gemm_sizes s{8192, 8192, 8192};
  add_gemm<xl::fp8_e4m3, xl::half>(q, "fp8_e4m3", s);
  add_gemm<std::int8_t, std::int32_t>(q, "int8", s);
}

}  // namespace bench
