// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that do not do what their names say. order.py must report each of them.
#include <hip/hip_runtime.h>

#define KERNEL(name) extern "C" __global__ void name(unsigned* data, unsigned* flag)
#define T __builtin_amdgcn_workitem_id_x()
#define DEVICE __HIP_MEMORY_SCOPE_AGENT

// No order.
KERNEL(store_release_device) {
  data[T] = 1;
  __hip_atomic_store(&flag[100], 1u, __ATOMIC_RELAXED, DEVICE);
}
KERNEL(load_acquire_device) {
  unsigned const seen = __hip_atomic_load(&flag[100], __ATOMIC_RELAXED, DEVICE);
  data[T + 1024] = data[T + 2048] + seen;
}
KERNEL(fence_release_device) {
  data[T] = 1;
  __hip_atomic_store(&flag[100], 1u, __ATOMIC_RELAXED, DEVICE);
}
KERNEL(aggregated_acq_rel_device) {
  data[T] = 1;
  unsigned const before = __hip_atomic_fetch_add(&flag[100], 1u, __ATOMIC_RELAXED, DEVICE);
  data[T + 1024] = data[T + 2048] + before;
}

// A narrower scope.
KERNEL(exchange_acq_rel_device) {
  data[T] = 1;
  unsigned const before = __hip_atomic_exchange(&flag[100], 1u, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_WAVEFRONT);
  data[T + 1024] = data[T + 2048] + before;
}

// More than is asked for.
KERNEL(exchange_relaxed_device) {
  data[T] = 1;
  unsigned const before = __hip_atomic_exchange(&flag[100], 1u, __ATOMIC_SEQ_CST, __HIP_MEMORY_SCOPE_SYSTEM);
  data[T + 1024] = data[T + 2048] + before;
}

// A flag in shared memory: what clang (up to 19) makes of HIP's own orders leaves out device memory.
KERNEL(shared_exchange_acq_rel_device) {
  __shared__ unsigned word[512];
  data[T] = 1;
  unsigned const before = __hip_atomic_exchange(&word[256 + 100], 1u, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_AGENT);
  data[T + 1024] = data[T + 2048] + before;
}

// Nothing of the kind.
KERNEL(load_relaxed_device) { data[T] = 1; }
