// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "before.hpp"

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#define CHECK(call)                                                                       \
  do {                                                                                    \
    cudaError_t const error = (call);                                                     \
    if (error != cudaSuccess) {                                                           \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, cudaGetErrorString(error)); \
      std::exit(1);                                                                       \
    }                                                                                     \
  } while (0)

namespace before {

__device__ float warp_max(float value) {
  for (int offset = 16; offset > 0; offset /= 2) value = fmaxf(value, __shfl_down_sync(0xffffffff, value, offset));
  return value;
}

/// Sets every cell within the border to the mean of its four neighbours. Blocks of 32 x 16 threads.
__global__ void __launch_bounds__(512) jacobi(float const* from, float* to, int width, int height, unsigned* change) {
  __shared__ float cells[18][34];
  __shared__ float changes[16];
  int const tx = threadIdx.x, ty = threadIdx.y, thread = ty * 32 + tx;
  int const x = blockIdx.x * 32 + tx, y = blockIdx.y * 16 + ty;
  for (int i = thread; i < 18 * 34; i += 512) {
    int const cx = blockIdx.x * 32 + i % 34 - 1, cy = blockIdx.y * 16 + i / 34 - 1;
    if (cx >= 0 && cx < width && cy >= 0 && cy < height) cells[i / 34][i % 34] = from[cy * width + cx];
  }
  __syncthreads();
  float difference = 0;
  if (x > 0 && x < width - 1 && y > 0 && y < height - 1) {
    float const mean = 0.25f * (cells[ty][tx + 1] + cells[ty + 2][tx + 1] + cells[ty + 1][tx] + cells[ty + 1][tx + 2]);
    difference = fabsf(mean - cells[ty + 1][tx + 1]);
    to[y * width + x] = mean;
  }
  difference = warp_max(difference);
  if (thread % 32 == 0) changes[thread / 32] = difference;
  __syncthreads();
  if (thread < 32) {
    difference = warp_max(thread < 16 ? changes[thread] : 0);
    // The bits of non-negative floating-point numbers have the same order as the numbers.
    if (thread == 0) atomicMax(change, __float_as_uint(difference));
  }
}

heat::solution solve(heat::plate const& plate, float tolerance, int most_steps) {
  heat::solution result{plate.cells, 0, 0, 0};
  std::size_t const bytes = plate.cells.size() * sizeof(float);
  cudaStream_t stream;
  cudaEvent_t begin, end;
  float *from, *to;
  unsigned* change;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  CHECK(cudaMallocAsync(&from, bytes, stream));
  CHECK(cudaMallocAsync(&to, bytes, stream));
  CHECK(cudaMallocAsync(&change, sizeof(unsigned), stream));
  CHECK(cudaMemcpyAsync(from, plate.cells.data(), bytes, cudaMemcpyHostToDevice, stream));
  CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream));

  dim3 const block(32, 16), grid((plate.width + 31) / 32, (plate.height + 15) / 16);
  CHECK(cudaEventRecord(begin, stream));
  do {
    for (int i = 0; i < heat::steps_between_looks; ++i) {
      CHECK(cudaMemsetAsync(change, 0, sizeof(unsigned), stream));
      jacobi<<<grid, block, 0, stream>>>(from, to, plate.width, plate.height, change);
      CHECK(cudaGetLastError());
      std::swap(from, to);
    }
    result.steps += heat::steps_between_looks;
    CHECK(cudaMemcpyAsync(&result.change, change, sizeof(float), cudaMemcpyDeviceToHost, stream));
    CHECK(cudaStreamSynchronize(stream));
  } while (result.change > tolerance && result.steps < most_steps);
  CHECK(cudaEventRecord(end, stream));

  CHECK(cudaMemcpyAsync(result.cells.data(), from, bytes, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  CHECK(cudaEventElapsedTime(&result.milliseconds, begin, end));
  CHECK(cudaFreeAsync(from, stream));
  CHECK(cudaFreeAsync(to, stream));
  CHECK(cudaFreeAsync(change, stream));
  CHECK(cudaEventDestroy(begin));
  CHECK(cudaEventDestroy(end));
  CHECK(cudaStreamDestroy(stream));
  return result;
}

}  // namespace before
