// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels whose names say operation, order and scope. order.py compares their instructions with the memory model. Each kernel has
/// accesses to device and to shared memory before and after the operation, so that a missing wait shows. It also has the operation once
/// at its beginning, without accesses before it: a compiler that sees no access to wait for may leave out a wait that is needed.
///
/// order.py recognises the operations by their address: words 100 and 200 after `flag`, or after the 256 words of shared memory.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

#if defined(__GFX9__)
constexpr unsigned width = 64;
#else
constexpr unsigned width = 32;
#endif
constexpr unsigned threads = 4 * width;

/// Does not use HIP's functions for positions, which older versions have in a library.
struct native : xl::hip::intrinsics {
  template <int>
  static __device__ unsigned thread_index() {
    return __builtin_amdgcn_workitem_id_x();
  }
  template <int>
  static __device__ unsigned block_index() {
    return __builtin_amdgcn_workgroup_id_x();
  }
  template <int>
  static __device__ unsigned grid_extent() {
    return __builtin_amdgcn_grid_size_x() / threads;
  }
};
using context = xl::context<native, width, xl::kernel_shape<1, threads, 1, 1>>;
using grid_native = xl::backend::grid_intrinsics<native>;
using grid_context = xl::context<grid_native, width, xl::kernel_shape<1, threads, 1, 1, threads, true>>;

struct shared {
  unsigned word[256];
  unsigned flag[256];
};

#define KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(threads) name(__VA_ARGS__)
#define BEGIN()                         \
  context const ctx{native{}};          \
  unsigned const t = ctx.thread_rank(); \
  __shared__ shared memory;             \
  shared& s = memory

/// A store and a load that are in flight, and a store to shared memory.
#define ACCESSES_BEFORE() \
  s.word[t] = t;          \
  data[t] = t;            \
  unsigned const before = data[t + 1024]
#define ACCESSES_BEHIND() data[t + 2048] = data[t + 4096] + s.word[t ^ 64] + before

#define STORE(order, scoped)                                             \
  KERNEL(store_##order##_##scoped, unsigned* data, unsigned* flag) {     \
    BEGIN();                                                             \
    xl::atomic<xl::scope::scoped>(ctx, flag[100]).store(t, xl::order{}); \
    ACCESSES_BEFORE();                                                   \
    xl::atomic<xl::scope::scoped>(ctx, flag[200]).store(t, xl::order{}); \
    ACCESSES_BEHIND();                                                   \
  }
#define LOAD(order, scoped)                                                                  \
  KERNEL(load_##order##_##scoped, unsigned* data, unsigned* flag) {                          \
    BEGIN();                                                                                 \
    unsigned const first = xl::atomic<xl::scope::scoped>(ctx, flag[100]).load(xl::order{});  \
    ACCESSES_BEFORE() + first;                                                               \
    unsigned const second = xl::atomic<xl::scope::scoped>(ctx, flag[200]).load(xl::order{}); \
    ACCESSES_BEHIND() + second;                                                              \
  }
#define EXCHANGE(order, scoped)                                                                     \
  KERNEL(exchange_##order##_##scoped, unsigned* data, unsigned* flag) {                             \
    BEGIN();                                                                                        \
    unsigned const first = xl::atomic<xl::scope::scoped>(ctx, flag[100]).exchange(t, xl::order{});  \
    ACCESSES_BEFORE() + first;                                                                      \
    unsigned const second = xl::atomic<xl::scope::scoped>(ctx, flag[200]).exchange(t, xl::order{}); \
    ACCESSES_BEHIND() + second;                                                                     \
  }
#define COMPARE_EXCHANGE(order, scoped)                                                     \
  KERNEL(compare_##order##_##scoped, unsigned* data, unsigned* flag) {                      \
    BEGIN();                                                                                \
    unsigned first = 0, second = 1;                                                         \
    xl::atomic<xl::scope::scoped>(ctx, flag[100]).compare_exchange(first, t, xl::order{});  \
    ACCESSES_BEFORE() + first;                                                              \
    xl::atomic<xl::scope::scoped>(ctx, flag[200]).compare_exchange(second, t, xl::order{}); \
    ACCESSES_BEHIND() + second;                                                             \
  }
/// Stores behind a fence, then a load before one.
#define FENCE(order, scoped)                                                    \
  KERNEL(fence_##order##_##scoped, unsigned* data, unsigned* flag) {            \
    BEGIN();                                                                    \
    xl::fence<xl::scope::scoped>(ctx, xl::order{});                             \
    xl::atomic<xl::scope::scoped>(ctx, flag[100]).store(t);                     \
    ACCESSES_BEFORE();                                                          \
    xl::fence<xl::scope::scoped>(ctx, xl::order{});                             \
    xl::atomic<xl::scope::scoped>(ctx, flag[100]).store(t);                     \
    unsigned const seen = xl::atomic<xl::scope::scoped>(ctx, flag[200]).load(); \
    xl::fence<xl::scope::scoped>(ctx, xl::order{});                             \
    ACCESSES_BEHIND() + seen;                                                   \
  }
#define IN_ALL_SCOPES(kernel, order) kernel(order, wave) kernel(order, block) kernel(order, device) kernel(order, system)

IN_ALL_SCOPES(STORE, relaxed)
IN_ALL_SCOPES(STORE, release)
IN_ALL_SCOPES(STORE, seq_cst)
IN_ALL_SCOPES(LOAD, relaxed)
IN_ALL_SCOPES(LOAD, acquire)
IN_ALL_SCOPES(LOAD, seq_cst)
IN_ALL_SCOPES(EXCHANGE, relaxed)
IN_ALL_SCOPES(EXCHANGE, acquire)
IN_ALL_SCOPES(EXCHANGE, release)
IN_ALL_SCOPES(EXCHANGE, acq_rel)
IN_ALL_SCOPES(EXCHANGE, seq_cst)
IN_ALL_SCOPES(COMPARE_EXCHANGE, release)
IN_ALL_SCOPES(COMPARE_EXCHANGE, acq_rel)
IN_ALL_SCOPES(COMPARE_EXCHANGE, seq_cst)
IN_ALL_SCOPES(FENCE, acquire)
IN_ALL_SCOPES(FENCE, release)
IN_ALL_SCOPES(FENCE, acq_rel)
IN_ALL_SCOPES(FENCE, seq_cst)

// --- a flag in shared memory for data in device memory ---

#define SHARED_EXCHANGE(order, scoped)                                                                \
  KERNEL(shared_exchange_##order##_##scoped, unsigned* data) {                                        \
    BEGIN();                                                                                          \
    unsigned const first = xl::atomic<xl::scope::scoped>(ctx, s.flag[100]).exchange(t, xl::order{});  \
    ACCESSES_BEFORE() + first;                                                                        \
    unsigned const second = xl::atomic<xl::scope::scoped>(ctx, s.flag[200]).exchange(t, xl::order{}); \
    ACCESSES_BEHIND() + second;                                                                       \
  }
IN_ALL_SCOPES(SHARED_EXCHANGE, acquire)
IN_ALL_SCOPES(SHARED_EXCHANGE, release)
IN_ALL_SCOPES(SHARED_EXCHANGE, acq_rel)
IN_ALL_SCOPES(SHARED_EXCHANGE, seq_cst)

// --- barriers: all threads write, then one of them releases it all ---

KERNEL(barrier, unsigned* data) {
  BEGIN();
  ACCESSES_BEFORE();
  ctx.sync_block();
  ACCESSES_BEHIND();
}

KERNEL(barrier_then_store_release_device, unsigned* data, unsigned* flag) {
  BEGIN();
  ACCESSES_BEFORE();
  ctx.sync_block();
  if (t == 0) xl::atomic(ctx, flag[100]).store(1, xl::release{});
  ACCESSES_BEHIND();
}

KERNEL(barrier_of_grid, unsigned* data, unsigned* counter) {
  grid_context const ctx{grid_native{counter}};
  unsigned const t = ctx.thread_rank();
  data[ctx.global_rank()] = t;
  ctx.sync_grid();
  data[t + 2048] = data[t + 4096];
}

// --- one lane for all ---

KERNEL(aggregated_acq_rel_device, unsigned* data, unsigned* flag) {
  BEGIN();
  ACCESSES_BEFORE();
  unsigned const place = xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, flag[100]), xl::acq_rel{});
  ACCESSES_BEHIND() + place;
}
