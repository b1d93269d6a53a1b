// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small kernels, each with one kind of instructions, for the emulator's speed. AMDEMU_STATS=1 prints instructions per second for each.
/// An argument selects the kernels whose names contain it.
#include <hip/hip_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define CK(x)                                        \
  if (hipError_t const e = (x); e != hipSuccess) {   \
    std::printf("%s: %s\n", #x, hipGetErrorName(e)); \
    std::exit(1);                                    \
  }

__global__ void float_fma(float* out, int n) {  // not V_PK_FMA_F32 or V_DUAL_FMAC_F32, which do twice as much
  float a = float(threadIdx.x), b = a * 0.5f, c = a + 1, d = a - 1, k = a * 0.001f;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 16; u++) {
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(a) : "v"(b), "v"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(b) : "v"(c), "v"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(c) : "v"(d), "v"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(d) : "v"(a), "v"(k));
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c + d;
}
__global__ void float_scalar_operand(float* out, int n, float k) {
  float a = float(threadIdx.x), b = a * 0.5f, c = a + 1, d = a - 1;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 16; u++) {
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(a) : "v"(b), "s"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(b) : "v"(c), "s"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(c) : "v"(d), "s"(k));
      asm("v_fma_f32 %0, %1, %2, %0" : "+v"(d) : "v"(a), "s"(k));
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c + d;
}
__global__ void integer(unsigned* out, int n) {
  unsigned a = threadIdx.x, b = a * 77, c = a ^ 5, d = ~a;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 8; u++) {
      a = (a << 3) + b;
      b = (b ^ c) & 0xffffff0f;
      c = c * 1103515245u + d;
      d = (d >> 7) | a;
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c + d;
}
__global__ void addresses(unsigned long long* out, int n) {
  unsigned long long a = threadIdx.x, b = a * 77;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 8; u++) {
      a += b * 3 + u;
      b = b + (a >> 5);
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b;
}
__global__ void selects(int* out, int n) {
  int a = int(threadIdx.x), b = a * 77, c = 5;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 8; u++) {
      a = a < b ? a + 3 : c;
      b = b > c ? c - a : b;
      c = a == c ? b : c + 1;
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b + c;
}
__global__ void divergent(int* out, int n) {
  int a = int(threadIdx.x), s = 0;
  for (int i = 0; i < n; i++) {
    if ((a + i) & 1) {
      s += a * 3;
      a ^= s;
      asm volatile("" : "+v"(a));
    } else {
      s -= a;
      asm volatile("" : "+v"(s));
      a += 7;
    }
    for (int k = 0; k < (a & 3); k++) {
      s ^= k;
      asm volatile("" : "+v"(s));
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = s + a;
}
__global__ void scalars(int* out, int n, int k) {
  int s = k;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 8; u++) {
      s = s * 5 + i;
      s ^= s >> 3;
      asm volatile("" : "+s"(s));
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = s;
}
__global__ void lds(int* out, int n) {
  __shared__ int m[256], own[256];
  m[threadIdx.x] = int(threadIdx.x);
  __syncthreads();
  int s = 0;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 4; u++) {
      s += m[(threadIdx.x + 32u * unsigned(i) + 7u * unsigned(u)) & 255];
      own[threadIdx.x] = s;
      asm volatile("" ::: "memory");
    }
    __syncthreads();
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = s + own[threadIdx.x];
}
__global__ void global_copy(int* out, int const* in, int n) {
  unsigned const size = gridDim.x * blockDim.x;
  for (int i = 0; i < n; i++)
#pragma unroll 4
    for (unsigned k = blockIdx.x * blockDim.x + threadIdx.x; k < 16 * size; k += size) out[k] = in[k] + i;
}
__global__ void global_wide(float4* out, float4 const* in, int n) {
  unsigned const size = gridDim.x * blockDim.x;
  for (int i = 0; i < n; i++)
#pragma unroll 4
    for (unsigned k = blockIdx.x * blockDim.x + threadIdx.x; k < 4 * size; k += size) {
      float4 v = in[k];
      v.x += float(i);
      out[k] = v;
    }
}
__global__ void gather(int* out, int const* in, int n) {
  unsigned const size = 16 * gridDim.x * blockDim.x;
  unsigned at = (blockIdx.x * blockDim.x + threadIdx.x) * 97u % size;
  int s = 0;
  for (int i = 0; i < n; i++)
#pragma unroll 8
    for (int u = 0; u < 16; u++) {
      s += in[at];
      at = (at + 12345u) & (size - 1);
    }
  out[blockIdx.x * blockDim.x + threadIdx.x] = s;
}
__global__ void doubles(double* out, int n) {
  double a = double(threadIdx.x), b = a * 0.5, k = a * 0.001;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 16; u++) {
      a = __builtin_fma(b, k, a);
      b = a + b;
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a + b;
}
__global__ void halves(_Float16* out, int n) {
  typedef _Float16 pair __attribute__((ext_vector_type(2)));
  pair a = {_Float16(threadIdx.x), 1}, b = a * _Float16(0.5f), k = {_Float16(0.001f), _Float16(0.002f)};
  _Float16 c = a.x;
  for (int i = 0; i < n; i++) {
#pragma unroll
    for (int u = 0; u < 16; u++) {
      a = a * k + b;
      b = a + b;
      c = c + a.x;
    }
  }
  out[blockIdx.x * blockDim.x + threadIdx.x] = a.x + b.y + c;
}

__global__ void matrix(float* out, int n) {
#if defined(__gfx942__) || defined(__gfx90a__)
  typedef _Float16 operand __attribute__((ext_vector_type(4)));
  typedef float result __attribute__((ext_vector_type(16)));
  operand const a = {_Float16(threadIdx.x), 1, 2, 3}, b = {1, 2, 3, _Float16(threadIdx.x)};
  result c = {};
  for (int i = 0; i < n; i++) c = __builtin_amdgcn_mfma_f32_32x32x8f16(a, b, c, 0, 0, 0);
  out[blockIdx.x * blockDim.x + threadIdx.x] = c[0] + c[15];
#elif defined(__gfx1100__)
  typedef _Float16 operand __attribute__((ext_vector_type(16)));
  typedef float result __attribute__((ext_vector_type(8)));
  operand a = {}, b = {};
  a[0] = b[15] = _Float16(threadIdx.x);
  result c = {};
  for (int i = 0; i < n; i++) c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, c);
  out[blockIdx.x * blockDim.x + threadIdx.x] = c[0] + c[7];
#endif
}

int main(int argc, char** argv) {
  unsigned const blocks = 64, threads = 256, n = blocks * threads;
  auto const wants = [&](char const* name) { return argc < 2 || std::strstr(name, argv[1]); };
  void *out, *in;
  CK(hipMalloc(&out, 64 * n));
  CK(hipMalloc(&in, 64 * n));
  CK(hipMemset(in, 1, 64 * n));
  auto const run = [&](char const* name, auto launch) {
    if (!wants(name)) return;
    launch();
    CK(hipGetLastError());
    CK(hipDeviceSynchronize());
  };
#define RUN(kernel, type, ...) \
  run(#kernel, [&] { hipLaunchKernelGGL(kernel, dim3(blocks), dim3(threads), 0, nullptr, static_cast<type*>(out), __VA_ARGS__); })
  RUN(float_fma, float, 400);
  RUN(float_scalar_operand, float, 400, 0.001f);
  RUN(integer, unsigned, 400);
  RUN(addresses, unsigned long long, 200);
  RUN(selects, int, 400);
  RUN(divergent, int, 400);
  RUN(scalars, int, 2000, 3);
  RUN(lds, int, 400);
  RUN(global_copy, int, static_cast<int const*>(in), 40);
  RUN(global_wide, float4, static_cast<float4 const*>(in), 100);
  RUN(gather, int, static_cast<int const*>(in), 40);
  RUN(doubles, double, 200);
  RUN(halves, _Float16, 200);
  RUN(matrix, float, 50);
}
