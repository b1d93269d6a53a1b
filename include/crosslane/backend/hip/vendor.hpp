// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// HIP's spelling of the names that it shares with CUDA.
#pragma once

#define CROSSLANE_GPU(Name) hip##Name
#define CROSSLANE_GPU_PROPERTIES hipDeviceProp_t
#define CROSSLANE_GPU_POINTER_ATTRIBUTES hipPointerAttribute_t
/// Bounds register use so that `Blocks` blocks of `Threads` threads fit a multiprocessor. AMD's attribute counts waves per SIMD. A
/// multiprocessor has four SIMDs, each with room for at least eight waves.
#define CROSSLANE_GPU_BOUNDS(Width, Threads, Blocks, Fixed)                       \
  __attribute__((amdgpu_flat_work_group_size((Fixed) ? (Threads) : 1, (Threads)), \
                 amdgpu_waves_per_eu(::crosslane::backend::waves_per_simd(Width, Threads, Blocks))))
/// Marks a parameter of an entry point that stays where the launch has put it: HIP's all do.
#define CROSSLANE_GPU_CONSTANT

namespace crosslane::backend {

constexpr unsigned waves_per_simd(unsigned width, unsigned threads, unsigned blocks) {
  unsigned const waves = blocks * ((threads + width - 1) / width);
  unsigned const per_simd = (waves + 3) / 4;
  return per_simd > 8 ? 8 : per_simd;
}

}  // namespace crosslane::backend
