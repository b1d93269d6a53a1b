// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// One test per family of instructions, in kernels as compilers make them. operands.hip has the forms of operands that they rarely make.
#include <hip/hip_fp16.h>

#include "support.hpp"

__global__ void vadd(float const* a, float const* b, float* c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) c[i] = a[i] + b[i];
}
__global__ void idx3(unsigned* o) {
  unsigned t = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z),
           b = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  unsigned n = blockDim.x * blockDim.y * blockDim.z;
  o[b * n + t] = threadIdx.x | threadIdx.y << 4 | threadIdx.z << 8 | blockIdx.x << 12 | blockIdx.y << 16 | blockIdx.z << 20 |
                 gridDim.x << 24 | gridDim.z << 28;
}
__global__ void red_static(int const* a, int* o, int n) {
  __shared__ int s[256];
  int i = blockIdx.x * 256 + threadIdx.x;
  s[threadIdx.x] = i < n ? a[i] : 0;
  __syncthreads();
  for (int k = 128; k; k >>= 1) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (!threadIdx.x) o[blockIdx.x] = s[0];
}
// An array in registers, indexed by a scalar.
__global__ void array_in_registers(int const* a, int* o, int n) {
  int v[8];
#pragma nounroll
  for (int i = 0; i < 8; i++) v[i] = a[i * blockDim.x + threadIdx.x];
#pragma nounroll
  for (int i = 0; i < n; i++) o[i * blockDim.x + threadIdx.x] = v[i * 3 % 8] + v[7 - i];
}
extern __shared__ char dyn_mem[];
__global__ void red_dyn(double const* a, double* o, int n) {
  double* s = reinterpret_cast<double*>(dyn_mem);
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  s[threadIdx.x] = i < n ? a[i] : 0;
  __syncthreads();
  for (int k = blockDim.x / 2; k; k >>= 1) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (!threadIdx.x) o[blockIdx.x] = s[0];
}
__global__ void shuffles(int* o, float* f) {
  int t = threadIdx.x, n = blockDim.x, v = t * 7 + 3;
  o[t] = __shfl(v, 5);
  o[n + t] = __shfl_xor(v, 9);
  o[2 * n + t] = __shfl_up(v, 3);
  o[3 * n + t] = __shfl_down(v, 2);
  o[4 * n + t] = __shfl_xor(v, 4, 8);
  o[5 * n + t] = __shfl(v, (t + 1) & 15, 16);
  f[t] = __shfl_down(v * 0.5f, 1);
}
__global__ void wave_sum(int const* a, int* o) {
  int v = a[threadIdx.x];
  for (int k = warpSize / 2; k; k >>= 1) v += __shfl_down(v, k);
  if (threadIdx.x % warpSize == 0) o[threadIdx.x / warpSize] = v;
}
__global__ void votes(u64* b, int* o) {
  int t = threadIdx.x;
  b[t] = __ballot(t % 3 == 0);
  o[t] = __any(t == 40 % warpSize) | __all(t < 1000) << 1 | __all(t % 2) << 2 | __any(t > 5000) << 3;
}
__global__ void ballot_divergent(u64* b) {
  int t = threadIdx.x;
  b[t] = 0;
  if (t % 2) b[t] = __ballot(t % 4 == 1);
}
__global__ void lanes(unsigned* o, unsigned* p) {
  unsigned t = threadIdx.x;
  o[t] = __lane_id();
  u64 m = __ballot(t % 5 != 0);
  p[t] = __popcll(m) << 16 | __popcll(m & ((1ull << (t % warpSize)) - 1)) << 8 | __ffsll(m);
}
__global__ void atomics_i(int* g, int* o, unsigned* mx, u64* w) {
  __shared__ int s;
  if (!threadIdx.x) s = 0;
  __syncthreads();
  atomicAdd(&s, int(threadIdx.x));
  atomicAdd(g, 1);
  atomicMax(mx, threadIdx.x ^ 0x55);
  atomicAdd(w, u64(threadIdx.x) << 20);
  __syncthreads();
  if (!threadIdx.x) o[blockIdx.x] = s;
}
__global__ void atomics_f(float* g, float* o, double* d) {
  __shared__ float s;
  if (!threadIdx.x) s = 0;
  __syncthreads();
  atomicAdd(&s, 0.5f);
  atomicAdd(g, 0.25f);
  atomicAdd(d, 0.125);
  __syncthreads();
  if (!threadIdx.x) o[blockIdx.x] = s;
}
__global__ void cas_inc(unsigned* g, int* h) {
  unsigned o = *g, e;
  do {
    e = o;
    o = atomicCAS(g, e, e + 3);
  } while (o != e);
  atomicAdd(&h[threadIdx.x % 7], 1);
}
__global__ void dbl(double const* a, double* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    double x = a[i];
    o[i] = x * x / (x + 1.5) - sqrt(fabs(x)) + fma(x, 2.0, 0.1);
  }
}
__global__ void angles(float const* turns, float* sines, float* cosines) {
  sines[threadIdx.x] = __builtin_amdgcn_sinf(turns[threadIdx.x]);
  cosines[threadIdx.x] = __builtin_amdgcn_cosf(turns[threadIdx.x]);
}
__global__ void parts_of_2_over_pi(double x, double* o) {
  for (int i = 0; i < 2; i++) o[i] = __builtin_amdgcn_trig_preop(x, i);
}
__global__ void math(float const* a, float* e, float* s, float* c, float* l, float* p, int n) {
  int i = threadIdx.x;
  if (i < n) {
    e[i] = expf(a[i]);
    s[i] = sinf(a[i] * 20);
    c[i] = cosf(a[i]);
    l[i] = logf(fabsf(a[i]) + 0.1f);
    p[i] = powf(fabsf(a[i]) + 0.5f, 2.5f);
  }
}
__global__ void fdiv(float const* a, float* o, int n) {
  int i = threadIdx.x;
  if (i < n) o[i] = a[i] / (a[(i + 1) % n] + 0.3f) + sqrtf(fabsf(a[i]));
}
__global__ void half1(float const* a, float* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    __half x = __float2half(a[i]), y = __float2half(a[(i + 3) % n]);
    o[i] = __half2float(__hadd(__hmul(x, y), __float2half(0.5f)));
  }
}
__global__ void half2k(float const* a, float* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    __half2 x = __floats2half2_rn(a[i], a[(i + 1) % n]), y = __float2half2_rn(0.75f);
    __half2 z = __hfma2(x, y, x);
    o[2 * i] = __low2float(z);
    o[2 * i + 1] = __high2float(z);
  }
}
__global__ void collatz(int const* a, int* o, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (a[i] % 11 == 0) {
    o[i] = -1;
    return;
  }
  int x = a[i], k = 0;
  while (x != 1) {
    if (x & 1)
      x = 3 * x + 1;
    else
      x /= 2;
    if (++k > 500) break;
  }
  switch (k % 4) {
    case 0: o[i] = k; break;
    case 1: o[i] = 2 * k; break;
    default: o[i] = -k;
  }
}
struct Param {
  double a;
  int const* p;
  int k[5];
  char tag;
  float f;
};
__global__ void struct_arg(Param s, float* o) {
  int i = threadIdx.x;
  o[i] = float(s.a) + s.p[i] + s.k[i % 5] + s.tag + s.f;
}
__constant__ int c_table[8] = {1, 2, 3, 4, 5, 6, 7, 8};
__device__ int d_var = 5;
__global__ void symbols_kernel(int* o) {
  o[threadIdx.x] = c_table[threadIdx.x % 8] * d_var;
  if (!threadIdx.x) {
  }
}
__global__ void set_var() { d_var = 99; }
__device__ __noinline__ int deep(int n, int volatile* a) {
  int l[8];
  for (int i = 0; i < 8; i++) l[i] = a[i & 3] + n;
  int s = 0;
  for (int i = 0; i < 8; i++) s += l[(i * n) & 7];
  return s;
}
__global__ void local_arr(int const* idx, int* o) {
  int a[16];
  for (int i = 0; i < 16; i++) a[i] = i * i + threadIdx.x;
  int s = 0;
  for (int i = 0; i < 16; i++) s += a[idx[i] & 15];
  o[threadIdx.x] = s + deep(threadIdx.x & 7, a);
}
__device__ __noinline__ int read_generic(int const* p, int i) { return p[i]; }
__global__ void generic(int const* g, int* o) {
  __shared__ int s[64];
  int l[4];
  for (int i = 0; i < 4; i++) l[i] = 100 + i + threadIdx.x;
  if (threadIdx.x < 64) s[threadIdx.x] = 1000 + threadIdx.x;
  __syncthreads();
  int const* p = threadIdx.x % 3 == 0 ? g : threadIdx.x % 3 == 1 ? s : l;
  o[threadIdx.x] = read_generic(p, threadIdx.x % 4);
}
__global__ void bytes(unsigned char const* a, unsigned char* o, short* h, int n) {
  int i = threadIdx.x;
  if (i < n) {
    o[i] = a[i] + 1;
    h[i] = short(a[i]) * -3;
  }
}
struct __attribute__((packed)) Odd {
  char c;
  int i;
  double d;
};
__global__ void unaligned(Odd const* a, Odd* o) {
  int i = threadIdx.x;
  o[i].c = a[i].c;
  o[i].i = a[i].i * 2;
  o[i].d = a[i].d + 1;
}
__global__ void i64(long long const* a, long long* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    long long x = a[i], y = a[(i + 1) % n] | 1;
    o[i] = x * y + x / y - x % y + (x >> 3) + (u64(x) >> (i & 31));
  }
}
__global__ void last_block(int const* a, int* part, unsigned* cnt, int* out) {
  __shared__ bool last;
  atomicAdd(&part[blockIdx.x], a[blockIdx.x * blockDim.x + threadIdx.x]);
  __threadfence();
  __syncthreads();
  if (!threadIdx.x) last = atomicAdd(cnt, 1u) == gridDim.x - 1;
  __syncthreads();
  if (last && !threadIdx.x) {
    int s = 0;
    for (unsigned i = 0; i < gridDim.x; i++) s += ((int volatile*)part)[i];
    *out = s;
  }
}
__global__ void big_block(int* o) {
  __shared__ int s[1024];
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  o[threadIdx.x] = s[1023 - threadIdx.x];
}
__global__ void spin_pair(int volatile* flag, int* o) {
  if (threadIdx.x == 0) {
    while (*flag == 0) {
    }
    o[0] = 1;
  } else if (threadIdx.x == blockDim.x - 1) {
    *flag = 1;
    __threadfence();
  }
}
__global__ void fma_kernel(float const* a, float* o, double* d, int n) {
  int i = threadIdx.x;
  if (i < n) {
    float x = a[i], y = a[(i + 1) % n];
    o[i] = fmaf(x, y, -x * y);
    d[i] = fma(double(x) / 3, double(y) / 7, -(double(x) / 3) * (double(y) / 7));
  }
}
__global__ void hfma_kernel(float const* a, float* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    __half x = __float2half(a[i]), y = __float2half(a[(i + 1) % n]);
    o[i] = __half2float(__hfma(x, y, __float2half(-1.0f)));
    o[n + i] = __half2float(__hdiv(x, y));
  }
}
__global__ void minmax(float const* a, float* o, double* d, int n) {
  int i = threadIdx.x;
  if (i < n) {
    float x = a[i], y = a[(i + 1) % n];
    o[4 * i] = fminf(x, y);
    o[4 * i + 1] = fmaxf(x, y);
    o[4 * i + 2] = isnan(x) ? 1 : isinf(x) ? 2 : 0;
    o[4 * i + 3] = (x < y) + 2 * (x == y) + 4 * (x != y) + 8 * !(x < y);
    d[i] = fmin(double(x), double(y));
  }
}
__global__ void rounding(float const* a, float* o, int* k, int n) {
  int i = threadIdx.x;
  if (i < n) {
    float x = a[i];
    o[5 * i] = floorf(x);
    o[5 * i + 1] = ceilf(x);
    o[5 * i + 2] = truncf(x);
    o[5 * i + 3] = rintf(x);
    o[5 * i + 4] = roundf(x);
    k[2 * i] = int(x);
    k[2 * i + 1] = __float2int_rn(x);
  }
}
__global__ void bits(unsigned const* a, unsigned* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    unsigned x = a[i], y = a[(i + 1) % n];
    unsigned* p = o + 8 * i;
    p[0] = __clz(x);
    p[1] = __brev(x);
    p[2] = __popc(x);
    p[3] = __ffs(x);
    p[4] = __umulhi(x, y);
    p[5] = (x >> (y & 31)) | (x << (-y & 31));
    p[6] = x / (y | 1) + x % (y | 1);
    p[7] = (unsigned)(int(x) / int(y | 1)) ^ __byte_perm(x, y, 0x3175);
  }
}
__global__ void math_double(double const* a, double* o, int n) {
  int i = threadIdx.x;
  if (i < n) {
    double x = a[i];
    o[6 * i] = exp(x * 0.1);
    o[6 * i + 1] = log(fabs(x) + 0.01);
    o[6 * i + 2] = sin(x);
    o[6 * i + 3] = cos(x * 100);
    o[6 * i + 4] = pow(fabs(x) + 1, 0.3);
    o[6 * i + 5] = tanh(x * 0.1) + erf(x * 0.05) + cbrt(x);
  }
}
template <class T>
__global__ void conv(double const* a, T* o, int n) {
  int i = threadIdx.x;
  if (i < n) o[i] = T(a[i]);
}
__global__ void dpp(int* o) {
  int t = threadIdx.x, v = t * 3 + 1, n = blockDim.x;
  o[t] = __builtin_amdgcn_update_dpp(-7, v, 0x111, 0xf, 0xf, false);          // row_shr:1
  o[n + t] = __builtin_amdgcn_update_dpp(-7, v, 0x4e, 0xf, 0xf, false);       // quad_perm:[2,3,0,1]
  o[2 * n + t] = __builtin_amdgcn_update_dpp(-7, v, 0x140, 0xf, 0xf, false);  // row_mirror
#if defined(__GFX9__)
  o[3 * n + t] = __builtin_amdgcn_update_dpp(-7, v, 0x142, 0xa, 0xf, false);  // row_bcast:15 row_mask:0xa
  o[4 * n + t] = __builtin_amdgcn_update_dpp(-7, v, 0x143, 0xc, 0xf, false);  // row_bcast:31 row_mask:0xc
#else
  o[3 * n + t] = __builtin_amdgcn_update_dpp(-7, v, 0x155, 0xf, 0xf, false);  // row_share:5
  o[4 * n + t] = __builtin_amdgcn_permlanex16(v, v, 0x76543210, 0xfedcba98, false, false);
#endif
  o[5 * n + t] = __builtin_amdgcn_ds_swizzle(v, 0x1f | 3 << 10);  // xor 3
  o[6 * n + t] = __builtin_amdgcn_readfirstlane(v);
  o[7 * n + t] = __builtin_amdgcn_readlane(v, 11);
}
__global__ void clocks(long long* o) {
  long long a = clock64();
  o[0] = clock64() - a;
  o[1] = clock() >= 0;
}
typedef _Float16 h4 __attribute__((ext_vector_type(4)));
typedef _Float16 h8 __attribute__((ext_vector_type(8)));
typedef _Float16 h16 __attribute__((ext_vector_type(16)));
typedef float f4 __attribute__((ext_vector_type(4)));
typedef float f8 __attribute__((ext_vector_type(8)));
__global__ void matrix(float const* A, float const* B, float* D) {  // 16x16 row-major, D = A * B
  [[maybe_unused]] int l = threadIdx.x;
#if defined(__gfx942__) || defined(__gfx90a__)
  h4 a, b;
  for (int k = 0; k < 4; k++) {
    a[k] = A[(l % 16) * 16 + l / 16 * 4 + k];
    b[k] = B[(l / 16 * 4 + k) * 16 + l % 16];
  }
  f4 d = __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, f4{0, 0, 0, 0}, 0, 0, 0);
  for (int k = 0; k < 4; k++) D[(l / 16 * 4 + k) * 16 + l % 16] = d[k];
#elif defined(__GFX12__)
  h8 a, b;
  for (int k = 0; k < 8; k++) {
    a[k] = A[(l % 16) * 16 + l / 16 * 8 + k];
    b[k] = B[(l / 16 * 8 + k) * 16 + l % 16];
  }
  f8 d = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(a, b, f8{});
  for (int k = 0; k < 8; k++) D[(l / 16 * 8 + k) * 16 + l % 16] = d[k];
#elif defined(__GFX11__)
  h16 a, b;
  for (int k = 0; k < 16; k++) {
    a[k] = A[(l % 16) * 16 + k];
    b[k] = B[k * 16 + l % 16];
  }
  f8 d = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, f8{});
  for (int k = 0; k < 8; k++) D[(2 * k + l / 16) * 16 + l % 16] = d[k];
#endif
}
__global__ void wild(int* p) { p[threadIdx.x] = 1; }

static std::vector<float> const fa = [] {
  std::vector<float> v(1000);
  for (int i = 0; i < 1000; i++) v[i] = i * 0.37f - 100;
  return v;
}();
static std::vector<float> const fb = [] {
  std::vector<float> v(1000);
  for (int i = 0; i < 1000; i++) v[i] = 3.0f - i;
  return v;
}();
static std::vector<int> const ia = [] {
  std::vector<int> v(1000);
  for (int i = 0; i < 1000; i++) v[i] = (i * 7919) % 1013 + 1;
  return v;
}();
static std::vector<double> const da = [] {
  std::vector<double> v(1000);
  for (int i = 0; i < 1000; i++) v[i] = i * 0.123 - 7;
  return v;
}();

TEST(Grid, vector_add_with_tail) {
  Dev<float> a(fa), b(fb), c(1000);
  vadd<<<8, 128>>>(a.p, b.p, c.p, 1000);
  line("vector add, grid with tail", diff<float>(c.get(), [&](size_t i) { return fa[i] + fb[i]; }));
}
TEST(Grid, indices_of_three_dimensions) {
  Dev<unsigned> o(3 * 2 * 4 * 5 * 3 * 6);
  idx3<<<dim3(3, 2, 4), dim3(5, 3, 6)>>>(o.p);
  line("threadIdx/blockIdx/blockDim/gridDim 3D", diff<unsigned>(o.get(), [](size_t i) {
         unsigned t = i % 90, b = i / 90;
         return double(
             unsigned(t % 5 | (t / 5 % 3) << 4 | (t / 15) << 8 | (b % 3) << 12 | (b / 3 % 2) << 16 | (b / 6) << 20 | 3u << 24 | 4u << 28));
       }));
}
TEST(Lds, static_reduction) {
  Dev<int> a(ia), o(4);
  red_static<<<4, 256>>>(a.p, o.p, 1000);
  line("__syncthreads + static shared reduction", diff<int>(o.get(), [&](size_t b) {
         int s = 0;
         for (size_t i = b * 256; i < std::min<size_t>(1000, b * 256 + 256); i++) s += ia[i];
         return s;
       }));
}
TEST(Alu, array_in_registers) {
  Dev<int> a(ia), o(8 * W);
  array_in_registers<<<1, W>>>(a.p, o.p, 8);
  line("an array in registers", diff<int>(o.get(), [&](size_t i) { return ia[i / W * 3 % 8 * W + i % W] + ia[(7 - i / W) * W + i % W]; }));
}
TEST(Lds, dynamic_reduction_of_double) {
  Dev<double> a(da), o(8);
  red_dyn<<<8, 128, 128 * sizeof(double)>>>(a.p, o.p, 1000);
  line("dynamic shared reduction (double)", diff<double>(
                                                o.get(),
                                                [&](size_t b) {
                                                  double s = 0;
                                                  for (size_t i = b * 128; i < std::min<size_t>(1000, b * 128 + 128); i++) s += da[i];
                                                  return s;
                                                },
                                                1e-12));
}
TEST(Lanes, shuffles) {
  Dev<int> o(6 * 64);
  Dev<float> f(64);
  shuffles<<<1, 64>>>(o.p, f.p);
  auto v = [](int t) { return t * 7 + 3; };
  auto r = o.get();
  std::string bad;
  for (int t = 0; t < 64 && bad.empty(); t++) {
    int b = t / W * W, l = t % W;
    int want[6] = {v(b + 5),
                   v(b + (l ^ 9)),
                   v(l < 3 ? t : t - 3),
                   v(l + 2 < W ? t + 2 : t),
                   v((t & ~7) | ((t & 7) ^ 4)),
                   v((t & ~15) | ((t + 1) & 15))};
    for (int k = 0; k < 6; k++)
      if (r[k * 64 + t] != want[k]) {
        char m[120];
        snprintf(m, 120, "operation %d lane %d gave %d, expected %d", k, t, r[k * 64 + t], want[k]);
        bad = m;
        break;
      }
  }
  line("__shfl/__shfl_xor/__shfl_up/__shfl_down (also width 8, 16)", bad);
  line("__shfl_down(float)", diff<float>(f.get(), [&](size_t t) { return v(t % W + 1 < unsigned(W) ? t + 1 : t) * 0.5f; }));
}
TEST(Lanes, sum_of_wave) {
  std::vector<int> x(256);
  for (int i = 0; i < 256; i++) x[i] = i * i;
  Dev<int> a(x), o(256 / W);
  wave_sum<<<1, 256>>>(a.p, o.p);
  line("wave sum over warpSize", diff<int>(o.get(), [&](size_t w) {
         int s = 0;
         for (int i = 0; i < W; i++) s += x[w * W + i];
         return s;
       }));
}
TEST(Lanes, votes) {
  Dev<u64> b(128);
  Dev<int> o(128);
  votes<<<1, 128>>>(b.p, o.p);
  auto r = b.get();
  std::string bad;
  for (int t = 0; t < 128 && bad.empty(); t++) {
    u64 w = 0;
    for (int l = 0; l < W; l++)
      if ((t / W * W + l) % 3 == 0) w |= 1ull << l;
    if (r[t] != w) {
      char m[99];
      snprintf(m, 99, "lane %d %llx, expected %llx", t, r[t], w);
      bad = m;
    }
  }
  line("__ballot (64-bit)", bad);
  int hit = 40 % W;
  line("__any/__all", diff<int>(o.get(), [&](size_t t) { return double(2 | (int(t) / W == hit / W)); }));
}
TEST(Lanes, ballot_in_a_divergent_branch) {
  Dev<u64> b(64);
  ballot_divergent<<<1, 64>>>(b.p);
  auto r = b.get();
  std::string bad;
  for (int t = 0; t < 64 && bad.empty(); t++) {
    u64 w = 0;
    if (t % 2)
      for (int l = 0; l < W; l++)
        if (l % 4 == 1) w |= 1ull << l;
    if (r[t] != w) {
      char m[99];
      snprintf(m, 99, "lane %d %llx, expected %llx", t, r[t], w);
      bad = m;
    }
  }
  line("__ballot in a divergent branch", bad);
}
TEST(Lanes, lane_number_and_population_count) {
  Dev<unsigned> o(128), p(128);
  lanes<<<1, 128>>>(o.p, p.p);
  line("lane id (mbcnt)", diff<unsigned>(o.get(), [&](size_t t) { return t % W; }));
  line("__popcll/__ffsll", diff<unsigned>(p.get(), [&](size_t t) {
         u64 m = 0;
         for (int l = 0; l < W; l++)
           if ((t / W * W + l) % 5) m |= 1ull << l;
         return double(
             unsigned(__builtin_popcountll(m) << 16 | __builtin_popcountll(m & ((1ull << (t % W)) - 1)) << 8 | __builtin_ffsll(m)));
       }));
}
TEST(Atomics, integers) {
  Dev<int> g(1), o(3);
  Dev<unsigned> mx(1);
  Dev<u64> w(1);
  atomics_i<<<3, 200>>>(g.p, o.p, mx.p, w.p);
  unsigned m = 0;
  for (unsigned i = 0; i < 200; i++) m = std::max(m, i ^ 0x55);
  line("integer atomicAdd shared", diff<int>(o.get(), [](size_t) { return 199 * 100.0; }));
  line("integer atomicAdd/atomicMax/64-bit atomicAdd global", diff<int>(g.get(), [](size_t) { return 600; }) +
                                                                  diff<unsigned>(mx.get(), [&](size_t) { return m; }) +
                                                                  diff<u64>(w.get(), [](size_t) { return 3 * 19900.0 * 1048576; }));
}
TEST(Atomics, floats) {
  Dev<float> g(1), o(2);
  Dev<double> d(1);
  atomics_f<<<2, 100>>>(g.p, o.p, d.p);
  line("float atomicAdd shared", diff<float>(o.get(), [](size_t) { return 50; }));
  line("float/double atomicAdd global", diff<float>(g.get(), [](size_t) { return 50; }) + diff<double>(d.get(), [](size_t) { return 25; }));
}
TEST(Atomics, compare_and_swap) {
  Dev<unsigned> g(1);
  Dev<int> h(7);
  cas_inc<<<2, 70>>>(g.p, h.p);
  line("atomicCAS loop + histogram", diff<unsigned>(g.get(), [](size_t) { return 420; }) + diff<int>(h.get(), [](size_t) { return 20; }));
}
TEST(Double, arithmetic) {
  Dev<double> a(da), o(1000);
  dbl<<<1, 1000>>>(a.p, o.p, 1000);
  line("double arithmetic, division, sqrt", diff<double>(
                                                o.get(),
                                                [&](size_t i) {
                                                  double x = da[i];
                                                  return x * x / (x + 1.5) - std::sqrt(std::fabs(x)) + std::fma(x, 2.0, 0.1);
                                                },
                                                1e-13));
}
TEST(Float, functions) {
  std::vector<float> x(200);
  for (int i = 0; i < 200; i++) x[i] = (i - 100) * 0.11f;
  Dev<float> a(x), e(200), s(200), c(200), l(200), p(200);
  math<<<1, 256>>>(a.p, e.p, s.p, c.p, l.p, p.p, 200);
  line("expf", diff<float>(e.get(), [&](size_t i) { return std::exp(double(x[i])); }, 1e-6));
  auto near = [&](std::vector<float> r, std::function<double(double)> f) {
    for (int i = 0; i < 200; i++)
      if (std::fabs(r[i] - f(x[i])) > 2e-6) {
        char m[99];
        snprintf(m, 99, "f(%g) = %.9g, expected %.9g", x[i], r[i], f(x[i]));
        return std::string(m);
      }
    return std::string();
  };
  line("sinf/cosf",
       near(s.get(), [](double v) { return std::sin(double(float(v) * 20)); }) + near(c.get(), [](double v) { return std::cos(v); }));
  line("logf", near(l.get(), [](double v) { return std::log(double(std::fabs(float(v)) + 0.1f)); }));
  line("powf", diff<float>(p.get(), [&](size_t i) { return std::pow(double(std::fabs(x[i]) + 0.5f), 2.5); }, 2e-6));
}
__global__ void exponentials(float const* x, float* o) {
  int const i = int(threadIdx.x);
  o[i] = i < 4 ? __builtin_amdgcn_exp2f(x[i]) : __builtin_amdgcn_logf(x[i]);
}
TEST(Float, exponentials_and_logarithms_are_rounded_exact_results) {
  // Arguments for which the functions of the C library are wrong in the last bit
  std::vector<float> const x = {0x1.27f196p+5f, -0x1.89b2a6p+3f, -0x1.666cd6p+5f, 3, 0x1.228f12p+0f, 0x1.01351p+0f, 0x1.6542e2p-6f, 3};
  Dev<float> d(x), o(8);
  exponentials<<<1, 8>>>(d.p, o.p);
  line("exponentials and logarithms", diff<float>(o.get(), [&](size_t i) {
         return float(i < 4 ? std::exp2(static_cast<long double>(x[i])) : std::log2(static_cast<long double>(x[i])));
       }));
}
TEST(Float, sines_of_tiny_angles_and_whole_quarter_turns) {
  std::vector<float> const turns{-0x1p-100f, 0x1p-100f, -0.0f, 0.25f, -0.25f, 0.5f, 3.75f, -3809004.75f, 1 / 12.0f, -0x1.df1p-2f};
  std::vector<float> const want{-0x1.921fb6p-98f, 0x1.921fb6p-98f, -0.0f, 1, -1, 0, -1, 1, 0.5f, -0x1.9b17c9p-3f};
  Dev<float> in(turns), s(turns.size()), c(turns.size());
  angles<<<1, int(turns.size())>>>(in.p, s.p, c.p);
  std::vector<float> const sines = s.get(), cosines = c.get();
  line("v_sin_f32", diff<float>(sines, [&](size_t i) { return want[i]; }, 1e-6));
  EXPECT_TRUE(std::signbit(sines[2]));
  for (int i : {3, 4, 6, 7}) EXPECT_EQ(cosines[i], 0) << turns[i];
  for (int i : {0, 1, 2}) EXPECT_EQ(cosines[i], 1) << turns[i];
  EXPECT_EQ(cosines[5], -1);
}
// Segments of 53 bits. A large argument skips bits that make whole turns, and the result is then scaled by 2^128.
TEST(Float, parts_of_2_over_pi) {
  Dev<double> o(2), large(2);
  parts_of_2_over_pi<<<1, 1>>>(1.0, o.p);
  parts_of_2_over_pi<<<1, 1>>>(0x1p977, large.p);  // skips 2000 - 1077 bits, to word 14
  u64 const word_0 = 0xa2f9836e4e441529, word_1 = 0xfc2757d1f534ddc0, word_14 = 0x4f463f669e5fea2d, word_15 = 0x7527bac7ebe5f17b;
  EXPECT_EQ(o.get()[0], std::ldexp(double(word_0 >> 11), -53));
  EXPECT_EQ(o.get()[1], std::ldexp(double((word_0 << 53 | word_1 >> 11) >> 11), -53 - 53));
  EXPECT_EQ(large.get()[0], std::ldexp(double((word_14 << 27 | word_15 >> 37) >> 11), -53 - 923 + 128));
}
TEST(Float, division_and_root) {
  std::vector<float> x(250);
  for (int i = 0; i < 250; i++) x[i] = std::ldexp(1 + (i % 17) / 17.0f, i - 140) * (i % 2 ? 1 : -1);
  Dev<float> a(x), o(250);
  fdiv<<<1, 256>>>(a.p, o.p, 250);
  line("float division and sqrt, incl. denormals",
       diff<float>(o.get(), [&](size_t i) { return float(x[i] / float(x[(i + 1) % 250] + 0.3f)) + std::sqrt(std::fabs(x[i])); }, 3e-7));
}
TEST(Half, arithmetic) {
  std::vector<float> x(64);
  for (int i = 0; i < 64; i++) x[i] = (i - 30) * 0.25f;
  Dev<float> a(x), o(64), p(128);
  half1<<<1, 64>>>(a.p, o.p, 64);
  half2k<<<1, 64>>>(a.p, p.p, 64);
  auto h = [](float f) { return float(_Float16(f)); };
  line("__half arithmetic", diff<float>(o.get(), [&](size_t i) { return h(h(x[i] * x[(i + 3) % 64]) + 0.5f); }));
  line("__half2 fma", diff<float>(p.get(), [&](size_t i) {
         float v = x[(i / 2 + i % 2) % 64];
         return h(v * 0.75f + v);
       }));
}
TEST(Branches, exits_loops_switch) {
  Dev<int> a(ia), o(1000);
  collatz<<<5, 256>>>(a.p, o.p, 1000);
  line("early exit, divergent branches and loops, switch", diff<int>(o.get(), [&](size_t i) {
         if (ia[i] % 11 == 0) return -1;
         int x = ia[i], k = 0;
         while (x != 1) {
           x = x & 1 ? 3 * x + 1 : x / 2;
           if (++k > 500) break;
         }
         return k % 4 == 0 ? k : k % 4 == 1 ? 2 * k : -k;
       }));
}
TEST(Arguments, structure) {
  Dev<int> a(ia);
  Dev<float> o(50);
  Param s = {2.5, a.p, {1, 2, 3, 4, 5}, 'x', 0.25f};
  struct_arg<<<1, 50>>>(s, o.p);
  line("struct argument by value", diff<float>(o.get(), [&](size_t i) { return 2.5f + ia[i] + s.k[i % 5] + 'x' + 0.25f; }));
}
TEST(Memory, symbols) {
  Dev<int> o(16);
  int t[2] = {10, 20}, v = 0;
  CK(hipMemcpyToSymbol(HIP_SYMBOL(c_table), t, sizeof t, 4));
  symbols_kernel<<<1, 16>>>(o.p);
  int want[8] = {1, 10, 20, 4, 5, 6, 7, 8};
  std::string bad = diff<int>(o.get(), [&](size_t i) { return want[i % 8] * 5; });
  set_var<<<1, 1>>>();
  CK(hipMemcpyFromSymbol(&v, HIP_SYMBOL(d_var), sizeof v));
  if (v != 99) bad += "d_var " + std::to_string(v);
  line("__constant__/__device__ variables, memcpy to/from symbol", bad);
}
TEST(Memory, scratch_and_calls) {
  Dev<int> a(ia), o(70);
  local_arr<<<1, 70>>>(a.p, o.p);
  line("local arrays (scratch), non-inlined call", diff<int>(o.get(), [&](size_t t) {
         int A[16], s = 0;
         for (int i = 0; i < 16; i++) A[i] = i * i + t;
         for (int i = 0; i < 16; i++) s += A[ia[i] & 15];
         int n = t & 7, l[8];
         for (int i = 0; i < 8; i++) l[i] = A[i & 3] + n;
         for (int i = 0; i < 8; i++) s += l[(i * n) & 7];
         return s;
       }));
}
TEST(Memory, generic_pointers) {
  Dev<int> a(ia), o(96);
  generic<<<1, 96>>>(a.p, o.p);
  line("generic pointers to global/shared/local", diff<int>(o.get(), [&](size_t t) {
         return t % 3 == 0 ? ia[t % 4] : t % 3 == 1 ? 1000 + t % 4 : 100 + t % 4 + t;
       }));
}
TEST(Memory, bytes) {
  std::vector<unsigned char> x(77);
  for (int i = 0; i < 77; i++) x[i] = i * 5;
  Dev<unsigned char> a(x), o(77);
  Dev<short> h(77);
  bytes<<<1, 128>>>(a.p, o.p, h.p, 77);
  line("8-bit and 16-bit loads and stores", diff<unsigned char>(o.get(), [&](size_t i) { return (unsigned char)(x[i] + 1); }) +
                                                diff<short>(h.get(), [&](size_t i) { return short(x[i] * -3); }));
}
TEST(Memory, unaligned) {
  std::vector<Odd> x(33);
  for (int i = 0; i < 33; i++) x[i] = {char(i), i * 100, i * 0.5};
  Dev<Odd> a(x), o(33);
  unaligned<<<1, 33>>>(a.p, o.p);
  auto r = o.get();
  std::string bad;
  for (int i = 0; i < 33; i++)
    if (r[i].c != char(i) || r[i].i != i * 200 || r[i].d != i * 0.5 + 1) bad = "element " + std::to_string(i);
  line("unaligned accesses (packed struct)", bad);
}
TEST(Integers, of_64_bits) {
  std::vector<long long> x(100);
  for (int i = 0; i < 100; i++) x[i] = (i - 50) * 1234567890123ll + i;
  Dev<long long> a(x), o(100);
  i64<<<1, 128>>>(a.p, o.p, 100);
  auto r = o.get();
  std::string bad;
  for (int i = 0; i < 100; i++) {
    long long p = x[i], q = x[(i + 1) % 100] | 1,
              w = (long long)((u64)p * (u64)q) + p / q - p % q + (p >> 3) + (long long)(u64(p) >> (i & 31));
    if (r[i] != w) {
      bad = "element " + std::to_string(i) + " is " + std::to_string(r[i]) + ", expected " + std::to_string(w);
      break;
    }
  }
  line("64-bit integer arithmetic, division", bad);
}
TEST(Grid, last_block) {
  std::vector<int> x(640);
  int s = 0;
  for (int i = 0; i < 640; i++) s += x[i] = i % 37;
  Dev<int> a(x), part(10), out(1);
  Dev<unsigned> cnt(1);
  last_block<<<10, 64>>>(a.p, part.p, cnt.p, out.p);
  line("__threadfence + last-block pattern", diff<int>(out.get(), [&](size_t) { return s; }));
}
TEST(Grid, block_of_1024) {
  Dev<int> o(1024);
  big_block<<<1, 1024>>>(o.p);
  line("1024-thread block", diff<int>(o.get(), [](size_t i) { return 1023 - i; }));
}
TEST(Grid, wave_waits_for_wave) {
  Dev<int> f(1), o(1);
  spin_pair<<<1, 256>>>(f.p, o.p);
  line("wave spinning on another wave", diff<int>(o.get(), [](size_t) { return 1; }));
}
TEST(Conversions, of_double) {
  std::vector<double> x = {0.5, -1.5, 100.7, -128, 65000.2, 1e-3, 7};
  Dev<double> a(x);
  Dev<int> i(7);
  Dev<float> f(7);
  Dev<unsigned char> c(7);
  Dev<long long> l(7);
  conv<<<1, 7>>>(a.p, i.p, 7);
  conv<<<1, 7>>>(a.p, f.p, 7);
  conv<<<1, 7>>>(a.p, l.p, 7);
  line("conversions double to int/float/int64", diff<int>(i.get(), [&](size_t k) { return int(x[k]); }) +
                                                    diff<float>(f.get(), [&](size_t k) { return float(x[k]); }) +
                                                    diff<long long>(l.get(), [&](size_t k) { return (long long)x[k]; }));
}
TEST(Float, fma) {
  std::vector<float> x(64);
  for (int i = 0; i < 64; i++) x[i] = (i + 1) * 0.3333333f;
  Dev<float> a(x), o(64);
  Dev<double> d(64);
  fma_kernel<<<1, 64>>>(a.p, o.p, d.p, 64);
  line("fma is fused (float, double)", diff<float>(o.get(), [&](size_t i) {
                                         float p = x[i] * x[(i + 1) % 64];
                                         return std::fma(x[i], x[(i + 1) % 64], -p);
                                       }) + diff<double>(d.get(), [&](size_t i) {
                                         double u = double(x[i]) / 3, v = double(x[(i + 1) % 64]) / 7;
                                         double p = u * v;
                                         return std::fma(u, v, -p);
                                       }));
}
TEST(Half, fma) {
  std::vector<float> x(64);
  for (int i = 0; i < 64; i++) x[i] = 0.7f + i * 0.0173f;
  Dev<float> a(x), o(128);
  hfma_kernel<<<1, 64>>>(a.p, o.p, 64);
  auto h = [](float f) { return float(_Float16(f)); };
  line("__half fma (one rounding) and division", diff<float>(o.get(), [&](size_t i) {
         float u = h(x[i % 64]), v = h(x[(i + 1) % 64]);
         return i < 64 ? h(u * v - 1) : h(u / v);
       }));
}
TEST(Float, minimum_maximum_comparison) {
  float nan = NAN, inf = INFINITY;
  std::vector<float> x = {1, nan, -2, inf, -inf, 0, 3, nan, nan, -1e-40f, 5};
  int n = x.size();
  Dev<float> a(x), o(4 * n);
  Dev<double> d(n);
  minmax<<<1, 16>>>(a.p, o.p, d.p, n);
  line("fmin/fmax/comparisons with NaN and infinity",
       diff<float>(o.get(), [&](size_t k) {
         float u = x[k / 4], v = x[(k / 4 + 1) % n];
         return k % 4 == 0   ? std::fmin(u, v)
                : k % 4 == 1 ? std::fmax(u, v)
                : k % 4 == 2 ? (std::isnan(u)   ? 1
                                : std::isinf(u) ? 2
                                                : 0)
                             : (u < v) + 2 * (u == v) + 4 * (u != v) + 8 * !(u < v);
       }) + diff<double>(d.get(), [&](size_t k) { return std::fmin(x[k], x[(k + 1) % n]); }));
}
TEST(Float, rounding) {
  std::vector<float> x = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.4999f, 1e9f, -7.7f, 0.49999997f, 8388609.0f};
  int n = x.size();
  Dev<float> a(x), o(5 * n);
  Dev<int> k(2 * n);
  rounding<<<1, 16>>>(a.p, o.p, k.p, n);
  line("floor/ceil/trunc/rint/round, float to int",
       diff<float>(o.get(), [&](size_t i) {
         float v = x[i / 5];
         return i % 5 == 0   ? std::floor(v)
                : i % 5 == 1 ? std::ceil(v)
                : i % 5 == 2 ? std::trunc(v)
                : i % 5 == 3 ? std::rint(v)
                             : std::round(v);
       }) + diff<int>(k.get(), [&](size_t i) { return i % 2 ? std::rint(x[i / 2]) : int(x[i / 2]); }));
}
TEST(Integers, bits) {
  std::vector<unsigned> x(100);
  for (unsigned i = 0; i < 100; i++) x[i] = i * 2654435761u + (i % 9 ? 0 : i << 28);
  x[3] = 0;
  x[4] = 1;
  x[5] = 0x80000000u;
  Dev<unsigned> a(x), o(800);
  bits<<<1, 128>>>(a.p, o.p, 100);
  line("clz/brev/popc/ffs/umulhi/rotate/division/byte_perm", diff<unsigned>(o.get(), [&](size_t k) {
         unsigned u = x[k / 8], v = x[(k / 8 + 1) % 100], r = 0;
         switch (k % 8) {
           case 0: return double(u ? __builtin_clz(u) : 32);
           case 1:
             for (int b = 0; b < 32; b++) r |= (u >> b & 1) << (31 - b);
             return double(r);
           case 2: return double(__builtin_popcount(u));
           case 3: return double(__builtin_ffs(u));
           case 4: return double(unsigned(u64(u) * v >> 32));
           case 5: return double((u >> (v & 31)) | (u << (-v & 31)));
           case 6: return double(u / (v | 1) + u % (v | 1));
           default: {
             u64 w = u64(v) << 32 | u;
             unsigned sel[4] = {5, 7, 1, 3};
             for (int b = 0; b < 4; b++) r |= unsigned(w >> 8 * sel[b] & 255) << 8 * b;
             return double(unsigned(int(u) / int(v | 1)) ^ r);
           }
         }
       }));
}
TEST(Double, functions) {
  std::vector<double> x(150);
  for (int i = 0; i < 150; i++) x[i] = (i - 75) * 0.377;
  Dev<double> a(x), o(900);
  math_double<<<1, 256>>>(a.p, o.p, 150);
  auto r = o.get();
  std::string bad;
  for (int k = 0; k < 900 && bad.empty(); k++) {
    double v = x[k / 6],
           w[6] = {std::exp(v * 0.1), std::log(std::fabs(v) + 0.01),   std::sin(v),
                   std::cos(v * 100), std::pow(std::fabs(v) + 1, 0.3), std::tanh(v * 0.1) + std::erf(v * 0.05) + std::cbrt(v)};
    if (std::fabs(r[k] - w[k % 6]) > 4e-15 * std::max(1.0, std::fabs(w[k % 6]))) {
      char m[120];
      snprintf(m, 120, "function %d of %g gave %.17g, expected %.17g", k % 6, v, r[k], w[k % 6]);
      bad = m;
    }
  }
  line("double exp/log/sin/cos/pow/tanh/erf/cbrt", bad);
}
TEST(Lanes, dpp_and_swizzle) {
  int n = 128;
  Dev<int> o(8 * n);
  dpp<<<1, n>>>(o.p);
  auto v = [](int t) { return t * 3 + 1; };
  auto r = o.get();
  std::string bad;
  for (int k = 0; k < 8; k++)
    for (int t = 0; t < n && bad.empty(); t++) {
      int b = t / W * W, l = t % W, q = t & ~15,
          w[8] = {t % 16 ? v(t - 1) : -7,
                  v(t ^ 2),
                  v(q + 15 - t % 16),
                  W == 64 ? (l / 16 % 2 ? v(q - 1) : -7) : v(q + 5),
                  W == 64 ? (l >= 32 ? v(b + 31) : -7) : v(t ^ 16),
                  v(t ^ 3),
                  v(b),
                  v(b + 11)};
      if (r[k * n + t] != w[k]) {
        char m[99];
        snprintf(m, 99, "operation %d lane %d gave %d, expected %d", k, t, r[k * n + t], w[k]);
        bad = m;
      }
    }
  line(W == 64 ? "DPP row_shr/quad_perm/row_mirror/row_bcast, ds_swizzle, readlane"
               : "DPP row_shr/quad_perm/row_mirror/row_share, permlanex16, ds_swizzle, readlane",
       bad);
}
TEST(Clock, moves_on) {
  Dev<long long> o(2);
  clocks<<<1, 1>>>(o.p);
  auto r = o.get();
  line("clock64, clock", r[0] >= 0 && r[1] == 1 ? "" : "went backwards");
}
TEST(Matrix, product_of_halves) {
  std::vector<float> x(256), y(256);
  for (int i = 0; i < 256; i++) {
    x[i] = (i * 7 % 23) - 11;
    y[i] = (i * 5 % 19) * 0.25f;
  }
  Dev<float> a(x), b(y), d(256);
  matrix<<<1, W>>>(a.p, b.p, d.p);
  line(W == 64 ? "MFMA 16x16x16 half" : "WMMA 16x16x16 half", diff<float>(d.get(), [&](size_t i) {
         float s = 0;
         for (int k = 0; k < 16; k++) s += x[i / 16 * 16 + k] * y[k * 16 + i % 16];
         return s;
       }));
}
TEST(Runtime, streams_and_events) {
  hipStream_t s;
  hipEvent_t e0, e1;
  CK(hipStreamCreateWithFlags(&s, hipStreamNonBlocking));
  CK(hipEventCreate(&e0));
  CK(hipEventCreateWithFlags(&e1, hipEventDefault));
  Dev<float> a(fa), b(fb), c(1000);
  CK(hipEventRecord(e0, s));
  vadd<<<8, 128, 0, s>>>(a.p, b.p, c.p, 1000);
  CK(hipEventRecord(e1, s));
  CK(hipEventSynchronize(e1));
  float ms = -1;
  CK(hipEventElapsedTime(&ms, e0, e1));
  CK(hipStreamWaitEvent(s, e1, 0));
  std::string bad = ms >= 0 && hipStreamQuery(s) == hipSuccess ? "" : "ms " + std::to_string(ms);
  std::vector<float> r(1000);
  CK(hipMemcpyAsync(r.data(), c.p, 4000, hipMemcpyDeviceToHost, s));
  CK(hipStreamSynchronize(s));
  bad += diff<float>(r, [&](size_t i) { return fa[i] + fb[i]; });
  CK(hipStreamDestroy(s));
  CK(hipEventDestroy(e0));
  CK(hipEventDestroy(e1));
  line("streams, events, async memcpy both ways", bad);
}
TEST(Runtime, last_error) {
  std::string bad;
  (void)hipGetLastError();
  vadd<<<1, 2048>>>(nullptr, nullptr, nullptr, 0);
  hipError_t p = hipPeekAtLastError(), g = hipGetLastError(), z = hipGetLastError();
  if (p == hipSuccess || g != p || z != hipSuccess)
    bad = std::string("peek ") + hipGetErrorName(p) + " get " + hipGetErrorName(g) + " then " + hipGetErrorName(z);
  if (hipMemcpy(nullptr, fa.data(), 4, hipMemcpyHostToDevice) != hipErrorInvalidValue || hipGetLastError() != hipErrorInvalidValue)
    bad += " memcpy to null";
  line("invalid launch and last-error behaviour", bad);
}
TEST(Runtime, wild_address) {
  wild<<<1, 4>>>(reinterpret_cast<int*>(0x1000));
  hipError_t e = hipGetLastError(), s = hipDeviceSynchronize();
  (void)hipGetLastError();
  line("wild address is an error, not a crash",
       e == hipErrorIllegalAddress && s == hipErrorIllegalAddress && hipDeviceSynchronize() == hipSuccess
           ? ""
           : std::string(hipGetErrorName(e)) + " " + hipGetErrorName(s));
}
