// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Right kernels from whose machine code deletions.py deletes waits, invalidations and write-backs one by one. host.cpp launches them and
/// compares `out`. What one wave sends are 32 elements, so that it is one wave of the hardware too. All arrays are zeros at first, except
/// `data` of the kernels that only read it.
#include <hip/hip_runtime.h>

namespace {

constexpr int device = __HIP_MEMORY_SCOPE_AGENT, block = __HIP_MEMORY_SCOPE_WORKGROUP;

template <int Scope>
__device__ void release(int* flag, int value) {
  __hip_atomic_store(flag, value, __ATOMIC_RELEASE, Scope);
}
template <int Scope>
__device__ void acquire(int* flag, int value) {
  while (__hip_atomic_load(flag, __ATOMIC_ACQUIRE, Scope) < value) __builtin_amdgcn_s_sleep(1);
}
// Uses a value that was loaded only to fill a cache, and gives other waves time.
__device__ void keep(int value) {
  asm volatile("v_mov_b32 %0, %0" : "+v"(value));
  for (int i = 0; i < 4; i++) __builtin_amdgcn_s_sleep(1);
}

}  // namespace

#define KERNEL(name) extern "C" __global__ __launch_bounds__(256) void name(int* __restrict__ data, int* flags, int* out)
#define KERNEL_WITH_ALIASES(name) extern "C" __global__ __launch_bounds__(256) void name(int* data, int* flags, int* out)

// Loads and their use: vectors, scalars, LDS.
KERNEL(load_use) {
  __shared__ int s[256];
  int const t = threadIdx.x, b = blockIdx.x;
  s[t] = data[b] + data[64 + t];
  __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "wavefront");
  out[b * 256 + t] = s[t] + s[t ^ 1] + atomicAdd(&flags[64 + b * 256 + t], 1) + atomicAdd(&s[t], 1);
}

// One wave of a block sends, the other ones receive: through global memory, with the flag there.
KERNEL_WITH_ALIASES(message_in_block) {
  int const t = threadIdx.x, lane = t % 64, wave = t / 64;
  int *const d = data + blockIdx.x * 1024, *const f = flags + blockIdx.x * 64;
  if (lane >= 32) return;
#pragma unroll 1
  for (int r = 0; r < 8; r++) {
    if (wave) keep(d[r * 32 + lane]);
    if (wave == 0) {
      d[r * 32 + lane] = r * 32 + lane + 1;
      release<block>(f + r, 1);
    } else {
      acquire<block>(f + r, 1);
      out[blockIdx.x * 2048 + (wave - 1) * 256 + r * 32 + lane] = d[r * 32 + lane];
    }
  }
}

// The same through LDS, with the flag in LDS, and data also in global memory.
KERNEL_WITH_ALIASES(message_in_lds) {
  __shared__ int s[512], f[8];
  int const t = threadIdx.x, lane = t % 64, wave = t / 64;
  int* const d = data + blockIdx.x * 1024;
#pragma unroll 1
  for (int i = t; i < 512; i += 256) s[i] = 0;
  if (t < 8) f[t] = 0;
  __syncthreads();
  if (lane >= 32) return;
#pragma unroll 1
  for (int r = 0; r < 8; r++) {
    if (wave) keep(d[r * 32 + lane]);
    if (wave == 0) {
      s[r * 32 + lane] = r * 32 + lane + 1;
      d[r * 32 + lane] = 1;
      __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
      __hip_atomic_store(f + r, 1, __ATOMIC_RELAXED, block);
    } else {
      while (!__hip_atomic_load(f + r, __ATOMIC_RELAXED, block)) __builtin_amdgcn_s_sleep(1);
      __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
      out[blockIdx.x * 2048 + (wave - 1) * 256 + r * 32 + lane] = s[r * 32 + lane] + d[r * 32 + lane];
    }
  }
}

// Even blocks send to the next block.
KERNEL_WITH_ALIASES(message_between_blocks) {
  int const t = threadIdx.x, pair = blockIdx.x / 2;
  int *const d = data + pair * 2048, *const f = flags + pair * 64;
#pragma unroll 1
  for (int r = 0; r < 6; r++) {
    if (blockIdx.x % 2 == 0) {
      if (t < 32) {
        d[r * 32 + t] = r * 32 + t + 1;
        release<device>(f + r, 1);
      }
    } else if (t < 32) {
      keep(d[r * 32 + t]);
      acquire<device>(f + r, 1);
      out[pair * 512 + r * 32 + t] = d[r * 32 + t];
    }
  }
}

// The receiver answers in the slot, into which the sender then writes again: a load before a release.
KERNEL_WITH_ALIASES(ring) {
  int const t = threadIdx.x, pair = blockIdx.x / 2;
  int *const d = data + pair * 2048, *const f = flags + pair * 64;
  if (t >= 32) return;
#pragma unroll 1
  for (int r = 0; r < 8; r++) {
    if (blockIdx.x % 2 == 0) {
      keep(d[t]);
      d[t] = r * 32 + t + 1;
      release<device>(f, r + 1);
      acquire<device>(f + 16, r + 1);
      out[pair * 512 + r * 32 + t] = d[t];
    } else {
      keep(d[t]);
      acquire<device>(f, r + 1);
      d[t] += 1000;
      release<device>(f + 16, r + 1);
    }
  }
}

// Dekker's algorithm: of two blocks at least one sees the other's store.
KERNEL_WITH_ALIASES(store_buffer) {
  int const t = threadIdx.x, side = blockIdx.x % 2, pair = blockIdx.x / 2;
  if (t) return;
#pragma unroll 1
  for (int r = 0; r < 40; r++) {
    int* const f = flags + pair * 4096 + r * 64;
    keep(__hip_atomic_load(f + 32 * (1 - side), __ATOMIC_RELAXED, device));
    __hip_atomic_fetch_add(f + 1, 1, __ATOMIC_RELAXED, device);
    while (__hip_atomic_load(f + 1, __ATOMIC_RELAXED, device) < 2) __builtin_amdgcn_s_sleep(1);
    __hip_atomic_store(f + 32 * side, 1, __ATOMIC_SEQ_CST, device);
    out[pair * 128 + r * 2 + side] = __hip_atomic_load(f + 32 * (1 - side), __ATOMIC_SEQ_CST, device);
  }
}

// Threads of a block hand values over, through LDS and through global memory.
KERNEL(lds_hand_over) {
  __shared__ int s[256];
  int const t = threadIdx.x;
  int sum = t;
#pragma unroll 1
  for (int r = 0; r < 6; r++) {
    s[t] = sum;
    __syncthreads();
    sum += s[(t + 64) % 256];
    __syncthreads();
  }
  out[blockIdx.x * 256 + t] = sum;
}
KERNEL_WITH_ALIASES(global_hand_over) {
  int const t = threadIdx.x;
  int* const d = data + blockIdx.x * 256;
  int sum = t;
#pragma unroll 1
  for (int r = 0; r < 6; r++) {
    d[t] = sum;
    __syncthreads();
    sum += d[(t + 64) % 256];
    __syncthreads();
  }
  out[blockIdx.x * 256 + t] = sum;
}

// Two buffers in LDS: one is filled from global memory while the other is used.
KERNEL(double_buffer) {
  __shared__ int s[2][256];
  int const t = threadIdx.x;
  int const* const d = data + blockIdx.x * 2048;
  int sum = 0;
  s[0][t] = d[t];
#pragma unroll 1
  for (int r = 0; r < 8; r++) {
    __syncthreads();
    int const next = r < 7 ? d[(r + 1) * 256 + t] : 0;
    sum += s[r % 2][(t + 65) % 256] * (r + 1);
    s[1 - r % 2][t] = next;
  }
  out[blockIdx.x * 256 + t] = sum;
}

// A barrier of all blocks.
KERNEL_WITH_ALIASES(grid_barrier) {
  int const t = threadIdx.x, blocks = gridDim.x;
  int sum = t + blockIdx.x;
#pragma unroll 1
  for (int r = 0; r < 4; r++) {
    data[r * 2048 + blockIdx.x * 256 + t] = sum;
    keep(data[r * 2048 + (blockIdx.x + 1) % blocks * 256 + t]);
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "agent");
    __syncthreads();
    if (t == 0) {
      __hip_atomic_fetch_add(flags, 1, __ATOMIC_RELAXED, device);
      acquire<device>(flags, (r + 1) * blocks);
    }
    __syncthreads();
    sum += data[r * 2048 + (blockIdx.x + 1) % blocks * 256 + t];
  }
  out[blockIdx.x * 256 + t] = sum;
}

// The same, but the thread that arrives for its block releases the stores of the others, which have not been waited for on gfx9: there its
// waves see each other's stores without a wait, and clang's __syncthreads() has none. Right on architectures whose blocks run on two
// compute units.
KERNEL_WITH_ALIASES(unwaited_grid_barrier) {
  int const t = threadIdx.x, blocks = gridDim.x;
  int sum = t + blockIdx.x;
#pragma unroll 1
  for (int r = 0; r < 4; r++) {
    data[r * 2048 + blockIdx.x * 256 + t] = sum;
    __syncthreads();
    if (t == 0) {
      __hip_atomic_fetch_add(flags, 1, __ATOMIC_RELEASE, device);
      acquire<device>(flags, (r + 1) * blocks);
    }
    __syncthreads();
    sum += data[r * 2048 + (blockIdx.x + 1) % blocks * 256 + t];
  }
  out[blockIdx.x * 256 + t] = sum;
}

// The last block adds what all have written.
KERNEL_WITH_ALIASES(last_block) {
  __shared__ int last;
  int const t = threadIdx.x, b = blockIdx.x, blocks = gridDim.x;
  keep(data[(b + 1) % blocks * 256 + t]);
  data[b * 256 + t] = (b + 1) * (t + 1);
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "agent");
  __syncthreads();
  if (t == 0) last = __hip_atomic_fetch_add(flags, 1, __ATOMIC_RELAXED, device) == blocks - 1;
  __syncthreads();
  if (!last) return;
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "agent");
  int sum = 0;
#pragma unroll 1
  for (int i = 0; i < blocks; i++) sum += data[i * 256 + t];
  out[t] = sum;
}

// A lock that a wave of each block takes.
KERNEL_WITH_ALIASES(spin_lock) {
  int const t = threadIdx.x;
  if (t) return;
#pragma unroll 1
  for (int r = 0; r < 12; r++) {
    int expected = 0;
    while (!__hip_atomic_compare_exchange_strong(flags, &expected, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED, device)) {
      expected = 0;
      __builtin_amdgcn_s_sleep(1);
    }
    int const v = data[0], u = data[64];
    data[0] = v + 1;
    data[64] = u + 2;
    out[0] = v + 1;
    out[1] = u + 2;
    release<device>(flags, 0);
  }
}

// A scan over the blocks: each waits for the sum of those before it.
KERNEL_WITH_ALIASES(look_back) {
  __shared__ int before;
  int const t = threadIdx.x, b = blockIdx.x;
  if (t == 0) {
    int sum = 0;
    if (b) {
      keep(data[b - 1]);
      acquire<device>(flags + b - 1, 1);
      sum = data[b - 1];
    }
    before = sum;
    data[b] = sum + b + 1;
    release<device>(flags + b, 1);
  }
  __syncthreads();
  out[b * 256 + t] = before + t;
}

// Atomics without a result are ordered before a flag.
KERNEL_WITH_ALIASES(atomics_then_flag) {
  int const t = threadIdx.x, pair = blockIdx.x / 2;
  int *const d = data + pair * 2048, *const f = flags + pair * 64;
  if (t >= 32) return;
#pragma unroll 1
  for (int r = 0; r < 6; r++) {
    if (blockIdx.x % 2 == 0) {
      __hip_atomic_fetch_add(d + r * 32 + t, r + 1, __ATOMIC_RELAXED, device);
      release<device>(f + r, 1);
    } else {
      keep(d[r * 32 + t]);
      acquire<device>(f + r, 1);
      out[pair * 512 + r * 32 + t] = d[r * 32 + t];
    }
  }
}
