// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Ranges and marks of NVTX, which NVIDIA's profilers show. NVTX has headers only; without a profiler its calls do nothing. A toolkit that
/// was installed in parts may lack the headers; ranges do nothing then.
#pragma once

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#endif

namespace crosslane::backend {

struct cuda_ranges {
#if __has_include(<nvtx3/nvToolsExt.h>)
  static void push(char const* name) noexcept { (void)nvtxRangePushA(name); }
  static void pop() noexcept { (void)nvtxRangePop(); }
  static void mark(char const* name) noexcept { nvtxMarkA(name); }
#else
  static void push(char const*) noexcept {}
  static void pop() noexcept {}
  static void mark(char const*) noexcept {}
#endif
};

}  // namespace crosslane::backend
