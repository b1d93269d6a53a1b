// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of halves with something added, and of a row-major matrix B.
#include "gemm.hpp"

namespace bench {

void register_gemm_epilogues(xl::stream_ref q) {
  for (auto const& s : {gemm_sizes{16384, 1024, 1024}, gemm_sizes{16384, 256, 256}}) {
    add_gemm<xl::half, xl::half, false, gemm_end::bias_and_relu>(q, "with bias and relu half", s);
    add_gemm<xl::half, xl::half, false, gemm_end::residual>(q, "with residual half", s);
  }
  add_gemm<xl::half, xl::half, true>(q, "by rows half", {8192, 8192, 8192});
}

}  // namespace bench
