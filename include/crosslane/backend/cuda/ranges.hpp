// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Ranges and marks of NVTX, which NVIDIA's profilers show. NVTX has headers only; without a profiler its calls do nothing.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace crosslane::backend {

struct cuda_ranges {
  static void push(char const* name) noexcept { (void)nvtxRangePushA(name); }
  static void pop() noexcept { (void)nvtxRangePop(); }
  static void mark(char const* name) noexcept { nvtxMarkA(name); }
};

}  // namespace crosslane::backend
