// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How CUDA spells what it shares with HIP.
#pragma once

#define CROSSLANE_GPU(Name) cuda##Name
#define CROSSLANE_GPU_PROPERTIES cudaDeviceProp
/// Register use is bounded so that blocks of `Threads` fit `Blocks` times on a multiprocessor: CUDA counts in blocks itself.
#define CROSSLANE_GPU_BOUNDS(Width, Threads, Blocks, Fixed) __launch_bounds__(Threads, Blocks)
