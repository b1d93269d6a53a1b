// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches of many blocks on several threads (AMDEMU_THREADS). The launches are long, because short ones stay on one thread.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "support.hpp"

constexpr int blocks = 600, threads = 128, rounds = 1000;

__device__ u32 busy(u32 x) {
  for (int i = 0; i < rounds; i++) {
    x = x * 1664525u + 1013904223u + u32(i);
    asm volatile("" : "+v"(x));  // the loop stays
  }
  return x;
}

__global__ void count(u32* out, u32* sum, u64* wide, float* real) {
  __shared__ u32 block_sum;
  if (!threadIdx.x) block_sum = 0;
  __syncthreads();
  u32 const i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = busy(i);
  atomicAdd(&block_sum, 1u);
  atomicAdd(sum, 1u);
  atomicAdd(wide, u64(1) << 32 | 1);
  atomicAdd(real, 1.0f);
  atomicMax(sum + 1, i);
  for (int k = 0; k < 20; k++) {
    atomicAdd(sum + 3, 1u);
    asm volatile("" ::: "memory");  // 20 atomics
  }
  __syncthreads();
  if (!threadIdx.x) atomicAdd(sum + 2, block_sum);
}
/// Kernels run in several threads. The thread that counts them may get no time while a kernel runs, so there are many kernels.
TEST(Threads, are_used) {
  Dev<u32> out(blocks * threads), sum(4);
  Dev<u64> wide(1);
  Dev<float> real(1);
  std::atomic<bool> ended{false};
  std::atomic<long> most{0};  // threads of this process at a time
  std::thread counts([&] {
    while (!ended) {
      std::filesystem::directory_iterator const tasks("/proc/self/task");
      most = std::max<long>(most, std::distance(begin(tasks), end(tasks)));
    }
  });
  for (int i = 0; i < 200 && most < 2 + 3; i++) {
    count<<<blocks, threads>>>(out.p, sum.p, wide.p, real.p);
    (void)out.get();
  }
  ended = true;
  counts.join();
  EXPECT_GE(most, 2 + 3) << "needs AMDEMU_THREADS=4: this one, the one that counts and three others";
}
TEST(Threads, results_and_atomics) {
  Dev<u32> out(blocks * threads), sum(4);
  Dev<u64> wide(1);
  Dev<float> real(1);
  count<<<blocks, threads>>>(out.p, sum.p, wide.p, real.p);
  std::vector<u32> const got = out.get();
  u32 const n = blocks * threads;
  for (u32 i = 0; i < n; i += 997) {
    u32 x = i;
    for (int k = 0; k < rounds; k++) x = x * 1664525u + 1013904223u + u32(k);
    EXPECT_EQ(got[i], x) << i;
  }
  EXPECT_EQ(sum.get(), (std::vector<u32>{n, n - 1, n, 20 * n}));
  EXPECT_EQ(wide.get()[0], (u64(n) << 32) + n);
  EXPECT_EQ(real.get()[0], float(n));
}

// Each block waits for the one before it.
__global__ void chain(u32* done, u32 bad) {
  u32 const x = busy(threadIdx.x);
  if (blockIdx.x == bad) *static_cast<u32 volatile*>(nullptr) = x;
  if (threadIdx.x == 0) {
    while (blockIdx.x && __hip_atomic_load(done + blockIdx.x - 1, __ATOMIC_ACQUIRE, __HIP_MEMORY_SCOPE_AGENT) == 0) {
    }
    u32 const before = blockIdx.x ? done[blockIdx.x - 1] : 0;
    __hip_atomic_store(done + blockIdx.x, before + 1 + (x == 12345), __ATOMIC_RELEASE, __HIP_MEMORY_SCOPE_AGENT);
  }
}
TEST(Threads, blocks_wait_for_each_other) {
  Dev<u32> done(blocks);
  chain<<<blocks, threads>>>(done.p, blocks);
  EXPECT_EQ(done.get()[blocks - 1], u32(blocks));
}

__global__ void fails_late(u32* out, u32 bad) {
  u32 const x = busy(threadIdx.x);
  if (blockIdx.x == bad) out = nullptr;
  out[blockIdx.x] = x;
}
TEST(Threads, a_fault_ends_all_of_them) {
  Dev<u32> out(blocks);
  for (u32 bad : {blocks - 1, blocks / 2}) {
    fails_late<<<blocks, threads>>>(out.p, bad);
    EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
    (void)hipGetLastError();
  }
  Dev<u32> done(blocks);  // later blocks wait for the one that fails
  chain<<<blocks, threads>>>(done.p, blocks / 2);
  EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
  (void)hipGetLastError();
  fails_late<<<blocks, threads>>>(out.p, blocks);
  EXPECT_EQ(hipDeviceSynchronize(), hipSuccess);
}
