// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs the benchmarks of one backend, both sides of each in one process. The arguments are Google Benchmark's.
#include "bench.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  namespace xl = crosslane;
  if (xl::device::count() == 0) {
    std::printf("no %s device: nothing is measured\n", xl::default_backend::name);
    return 77;
  }
  try {
    xl::stream const q{xl::device{0}};
#if CROSSLANE_CONFIG_ACCESS_CHECKS
    bench::register_check_cost();
#else
    bench::register_transform(q);
#if CROSSLANE_COMPILER_GPU()
    bench::register_launch(q);
    bench::register_graph(q);
    bench::register_memory(q);
    bench::register_atomic(q);
    bench::register_convert(q);
    bench::register_tensor_convert(q);
    bench::register_tensor_operations(q);
#if CROSSLANE_COMPILER_CUDA()  // the rivals are CUB's
    bench::register_device_algorithms(q);
    bench::register_waves(q);
    bench::register_block_reduce(q);
    bench::register_block_scan(q);
    bench::register_block_sort(q);
    bench::register_async_copy(q);
    bench::register_tiles(q);
#endif
#else
    bench::register_memory(q);
    bench::register_tensor_operations(q);
    bench::register_barrier(q);
    bench::register_host_kernels(q);
    bench::register_check_cost();
#endif
#endif
    return bench::run(argc, argv, xl::default_backend::name, q.device().properties().name);
  } catch (xl::error const& e) {
    std::printf("%s\n", e.what());
    return 1;
  }
}
