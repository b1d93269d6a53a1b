// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of halves, alone and in batches.
#include "gemm.hpp"

namespace bench {

void register_gemm_half(xl::stream_ref q) {
  auto const add_half = [&](gemm_sizes const& s, bool also_in_cache = false) { add_gemm<xl::half, xl::half>(q, "half", s, also_in_cache); };
  add_half({8192, 8192, 8192});
  add_half({4096, 4096, 4096});
  for (int const n : {1024, 1536, 3072}) add_half({16384, n, 1024});
  add_half({16384, 768, 768});
  add_half({16384, 256, 256}, true);
  add_half({8192, 1858, 2048});
  add_half({1024, 1024, 1024}, true);
  add_half({512, 512, 4096}, true);  // few tiles: the summed axis is split
  add_half({.m = 64, .n = 64, .k = 64, .batches = 8192});
  add_half({.m = 2048, .n = 384, .k = 384, .batches = 36});
}

}  // namespace bench
