// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products by the schedule that GPUs without instructions of four waves have.
#include "gemm.hpp"

namespace bench {

void register_gemm_policies(xl::stream_ref q) {
  // The sizes that the library has for these GPUs. A policy that is named is not replaced by another schedule.
  using policy = xl::detail::tuned_gemm<xl::default_backend, true, sizeof(xl::half)>::type;
  add_gemm<xl::half, xl::half, false, gemm_end::plain, policy>(q, "half by mma.sync", {8192, 8192, 8192}, false, {.parts = 1});
}

}  // namespace bench
