// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// CUDA's spelling of the names that it shares with HIP.
#pragma once

#define CROSSLANE_GPU(Name) cuda##Name
#define CROSSLANE_GPU_PROPERTIES cudaDeviceProp
#define CROSSLANE_GPU_POINTER_ATTRIBUTES cudaPointerAttributes
/// Bounds register use so that `Blocks` blocks of `Threads` threads fit a multiprocessor. CUDA's attribute counts blocks too.
#define CROSSLANE_GPU_BOUNDS(Width, Threads, Blocks, Fixed) __launch_bounds__(Threads, Blocks)
/// Marks a parameter of an entry point that stays where the launch has put it.
#define CROSSLANE_GPU_CONSTANT __grid_constant__
