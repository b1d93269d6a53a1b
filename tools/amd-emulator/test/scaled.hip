// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A kernel of operands.hip that is compiled without the IEEE mode and with denormals flushed: only then do output modifiers scale.
#include <hip/hip_runtime.h>

/// The kernel `omod` of operands.hip, and -0 and a denormal with an output modifier. a, b, c, d: rows of p.
__global__ void omod_scales(unsigned* p, unsigned long long m) {
  unsigned const t = threadIdx.x, n = blockDim.x;
  float a = __uint_as_float(p[t]), b = __uint_as_float(p[n + t]), c = __uint_as_float(p[2 * n + t]), d = t % 2 ? -0.0f : 1e-40f;
  if (m >> t & 1) {
    asm volatile("v_add_f32 %0, %0, %1 mul:4\nv_add_f32 %1, %1, %1 div:2\nv_mul_f32 %2, %2, %2 clamp\nv_mul_f32 %3, 1.0, %3 mul:2"
                 : "+v"(a), "+v"(b), "+v"(c), "+v"(d));
    p[3 * n + t] = __float_as_uint(d);
  }
  p[t] = __float_as_uint(a);
  p[n + t] = __float_as_uint(b);
  p[2 * n + t] = __float_as_uint(c);
}
