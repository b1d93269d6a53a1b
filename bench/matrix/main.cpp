// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs the benchmarks of matrix products, convolutions, attention and layer norm. The arguments are Google Benchmark's.
#include "comparison.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  namespace xl = crosslane;
  if (xl::device::count() == 0) {
    std::printf("no %s device: nothing is measured\n", xl::default_backend::name);
    return 77;
  }
  try {
    xl::stream const q{xl::device{0}};
    bench::register_gemm_half(q);
    bench::register_gemm_types(q);
    bench::register_gemm_small_types(q);
    bench::register_gemm_epilogues(q);
    bench::register_gemm_policies(q);
    bench::register_convolutions(q);
    bench::register_attention(q);
    bench::register_layer_norm(q);
    return bench::run(argc, argv, xl::default_backend::name, q.device().properties().name);
  } catch (xl::error const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
