// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "row_sum.hpp"
#include <cstdio>
#include <vector>

int main() {
  if (xl::device::count() == 0) {
    std::puts("no device on this machine");
    return 77;
  }
  int const rows = 3, cols = 1000;
  std::vector<float> const matrix(rows * cols, 0.5f);
  std::vector<float> sums(rows);

  xl::stream q{xl::device{0}};  // on the CPU device 0 has waves of 32 lanes, device 1 of 64
  xl::buffer<float> m{q, matrix.size()}, out{q, sums.size()};
  xl::copy(q, matrix, m);
  xl::launch(q, {.grid = rows}, row_sum{}, m, cols, out);
  xl::copy(q, out, sums);
  q.synchronize();  // errors of the kernel surface here

  for (float const sum : sums) std::printf("%g\n", sum);
}
