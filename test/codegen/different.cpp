// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Pairs of kernels that differ in one small thing each. compare.py must report the difference of every pair.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

// One instruction more.
struct extra_barrier {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x) const {
    x[ctx.thread_rank()] *= 2.f;
    ctx.sync_block();
    if (ctx.thread_rank() == 0) ++x[1];
  }
};
extern "C" __global__ void extra_barrier_by_hand(float* x) {
  x[threadIdx.x] *= 2.f;
  if (threadIdx.x == 0) ++x[1];
}

// The same opcodes, another constant.
struct other_constant {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x) const {
    x[ctx.thread_rank()] *= 2.5f;
  }
};
extern "C" __global__ void other_constant_by_hand(float* x) { x[threadIdx.x] *= 3.5f; }

// The same but for a modifier: signed, unsigned.
struct other_modifier {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* x) const {
    x[ctx.thread_rank()] >>= 3;
  }
};
extern "C" __global__ void other_modifier_by_hand(unsigned* x) { x[threadIdx.x] >>= 3; }

// The same instructions, more shared memory.
struct more_shared {
  struct shared {
    float data[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, float* x) const {
    s.data[ctx.thread_rank()] = x[ctx.thread_rank()];
    ctx.sync_block();
    x[ctx.thread_rank()] = s.data[ctx.thread_rank() ^ 1];
  }
};
extern "C" __global__ void more_shared_by_hand(float* x) {
  __shared__ float data[128];
  data[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  x[threadIdx.x] = data[threadIdx.x ^ 1];
}

void launch_all(xl::stream_ref q, float* x, int* i) {
  xl::launch(q, {.block = 64}, extra_barrier{}, x);
  xl::launch(q, {.block = 64}, other_constant{}, x);
  xl::launch(q, {.block = 64}, other_modifier{}, i);
  xl::launch(q, {.block = 64}, more_shared{}, x);
}
