// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Pairs of kernels: x is written with Crosslane, x_by_hand as an expert would write it for the vendor, with the same launch bounds
/// and index types. compare.py holds the instructions made of one against those of the other.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

// --- what an expert writes for each vendor ---

#if CROSSLANE_COMPILER_CUDA()
#define BLOCK_DIM_X blockDim.x
#define BOUNDS_OF_256_BY_4 __launch_bounds__(256, 4)
#else
// blockDim allows for a smaller last block, as OpenCL has it and HIP does not: five instructions more.
#define BLOCK_DIM_X __builtin_amdgcn_workgroup_size_x()
// The second number of __launch_bounds__ is in blocks or, with older compilers, in waves of a SIMD: here one is the other.
#define BOUNDS_OF_256_BY_4 __attribute__((amdgpu_flat_work_group_size(1, 256), amdgpu_waves_per_eu(4)))
#endif

template <class T>
struct view {
  T* data;
  std::size_t size;
};

/// Stands for Crosslane's kernel object, so that the hidden arguments of the compiler have the same offset.
struct nothing {};

// --- triad: a = b + s * c, any block size ---

struct triad {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> a, xl::span<float const> b, xl::span<float const> c, float s) const {
    auto const i = ctx.global_rank();
    if (i < a.size()) a[i] = b[i] + s * c[i];
  }
};

extern "C" __global__ void triad_by_hand(view<float> a, view<float const> b, view<float const> c, float s) {
  std::uint64_t const i = std::uint64_t{blockIdx.x} * BLOCK_DIM_X + threadIdx.x;
  if (i < a.size) a.data[i] = b.data[i] + s * c.data[i];
}

// --- the same as a loop over the grid, pointers instead of spans ---

struct triad_grid_stride {
  static constexpr int max_threads = 256;
  static constexpr int min_blocks = 4;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a, float const* b, float const* c, float s, std::uint64_t n) const {
    for (auto i : ctx.grid_stride(n)) a[i] = b[i] + s * c[i];
  }
};

extern "C" __global__ void BOUNDS_OF_256_BY_4 triad_grid_stride_by_hand(float* a, float const* b, float const* c, float s, std::uint64_t n,
                                                                        nothing) {
  std::uint64_t const step = std::uint64_t{gridDim.x} * BLOCK_DIM_X;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} * BLOCK_DIM_X + threadIdx.x; i < n; i += step) a[i] = b[i] + s * c[i];
}

/// A release after Crosslane's barrier covers the accesses of all waves before the barrier. On gfx9 this needs a wait that HIP's barrier
/// leaves out.
#if defined(__GFX9__)
#define BARRIER()                                    \
  __builtin_amdgcn_s_waitcnt(0x0f70); /* vmcnt(0) */ \
  __syncthreads()
#else
#define BARRIER() __syncthreads()
#endif

// --- transpose: [rows × cols] to [cols × rows], row-major, through a tile whose padding keeps columns off one bank ---

constexpr unsigned tile_size = 32, tile_rows = 8;

struct transpose {
  static constexpr auto block = xl::block_size<tile_size, tile_rows>;

  template <class Ctx>
  struct shared {
    float tile[tile_size][tile_size + 1];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, float const* in, float* out, unsigned rows, unsigned cols) const {
    auto const [x, y] = ctx.thread_index();
    auto const [tile_x, tile_y] = ctx.block_index();
    unsigned const col = tile_x * tile_size + x, row = tile_y * tile_size + y;
    for (unsigned j = 0; j < tile_size; j += tile_rows)
      if (col < cols && row + j < rows) s.tile[y + j][x] = in[std::size_t{row + j} * cols + col];
    ctx.sync_block();
    unsigned const out_col = tile_y * tile_size + x, out_row = tile_x * tile_size + y;
    for (unsigned j = 0; j < tile_size; j += tile_rows)
      if (out_col < rows && out_row + j < cols) out[std::size_t{out_row + j} * rows + out_col] = s.tile[x][y + j];
  }
};

extern "C" __global__ void __launch_bounds__(tile_size* tile_rows)
    transpose_by_hand(float const* in, float* out, unsigned rows, unsigned cols) {
  __shared__ float tile[tile_size][tile_size + 1];
  unsigned const x = threadIdx.x, y = threadIdx.y;
  unsigned const col = blockIdx.x * tile_size + x, row = blockIdx.y * tile_size + y;
  for (unsigned j = 0; j < tile_size; j += tile_rows)
    if (col < cols && row + j < rows) tile[y + j][x] = in[std::size_t{row + j} * cols + col];
  BARRIER();
  unsigned const out_col = blockIdx.y * tile_size + x, out_row = blockIdx.x * tile_size + y;
  for (unsigned j = 0; j < tile_size; j += tile_rows)
    if (out_col < rows && out_row + j < cols) out[std::size_t{out_row + j} * rows + out_col] = tile[x][y + j];
}

// --- row_sum: out[r] = sum of row r, one block per row, by a tree in shared memory ---

constexpr unsigned reduce_threads = 256;

struct row_sum {
  static constexpr auto block = xl::block_size<reduce_threads>;

  template <class Ctx>
  struct shared {
    float partial[reduce_threads];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> m, int cols, xl::span<float> out) const {
    auto const row = m.subspan(std::size_t{ctx.block_index()} * unsigned(cols), unsigned(cols));
    auto const t = ctx.thread_rank();
    float sum = 0;
    for (auto c : ctx.block_stride(cols)) sum += row[c];
    s.partial[t] = sum;
    ctx.sync_block();
    for (unsigned half = ctx.block_size() / 2; half > 1; half /= 2) {
      if (t < half) s.partial[t] += s.partial[t + half];
      ctx.sync_block();
    }
    if (t == 0) out[ctx.block_index()] = s.partial[0] + s.partial[1];
  }
};

extern "C" __global__ void __launch_bounds__(reduce_threads) row_sum_by_hand(view<float const> m, int cols, view<float> out) {
  __shared__ float partial[reduce_threads];
  float const* const row = m.data + std::size_t{blockIdx.x} * unsigned(cols);
  unsigned const t = threadIdx.x;
  // An unsigned counter cannot overflow where cols is close to 2^31, as an int would.
  unsigned const n = cols < 0 ? 0 : unsigned(cols);
  float sum = 0;
  for (unsigned c = t; c < n; c += reduce_threads) sum += row[int(c)];
  partial[t] = sum;
  BARRIER();
  for (unsigned half = reduce_threads / 2; half > 1; half /= 2) {
    if (t < half) partial[t] += partial[t + half];
    BARRIER();
  }
  if (t == 0) out.data[blockIdx.x] = partial[0] + partial[1];
}

// --- count: relaxed atomic additions, in device and in shared memory ---

struct count {
  struct shared {
    unsigned bins[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, unsigned const* in, unsigned* out, float* sum) const {
    auto const t = ctx.thread_index();
    if (t < 64) s.bins[t] = 0;
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.bins[in[t] % 64]).fetch_add(1);
    ctx.sync_block();
    if (t < 64) xl::atomic(ctx, out[t]).fetch_add(s.bins[t]);
    xl::atomic(ctx, sum[t]).fetch_add_coarse_grained(1.f);
  }
};

#if CROSSLANE_COMPILER_CUDA()
#define ADD_IN_BLOCK(target, value) atomicAdd_block(target, value)
#define ADD_IN_DEVICE(target, value) atomicAdd(target, value)
#define ADD_FLOAT(target, value) atomicAdd(target, value)
#else
#define ADD_IN_BLOCK(target, value) __hip_atomic_fetch_add(target, value, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP)
#define ADD_IN_DEVICE(target, value) __hip_atomic_fetch_add(target, value, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)
#if defined(__gfx90a__)
#define ADD_FLOAT(target, value) __builtin_amdgcn_global_atomic_fadd_f32((float __attribute__((address_space(1)))*)(target), value)
#else
#define ADD_FLOAT(target, value) ADD_IN_DEVICE(target, value)
#endif
#endif

extern "C" __global__ void count_by_hand(unsigned const* in, unsigned* out, float* sum) {
  __shared__ unsigned bins[64];
  unsigned const t = threadIdx.x;
  if (t < 64) bins[t] = 0;
  BARRIER();
  ADD_IN_BLOCK(&bins[in[t] % 64], 1u);
  BARRIER();
  if (t < 64) ADD_IN_DEVICE(&out[t], bins[t]);
  ADD_FLOAT(&sum[t], 1.f);
}

// --- pass_message: atomic operations with orders ---

struct pass_message {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* message, int* flag, int* count) const {
    message[0] = 1;
    xl::atomic(ctx, *flag).store(1, xl::release{});
    message[1] = xl::atomic(ctx, *flag).load(xl::acquire{});
    xl::fence(ctx, xl::acq_rel{});
    message[2] = xl::atomic(ctx, *count).fetch_add(1, xl::acq_rel{});
  }
};

#if CROSSLANE_COMPILER_CUDA()
#define STORE_RELEASE(target, value) asm volatile("st.release.gpu.b32 [%0], %1;" ::"l"(target), "r"(value) : "memory")
__device__ int load_acquire(int* target) {
  int value;
  asm volatile("ld.acquire.gpu.b32 %0, [%1];" : "=r"(value) : "l"(target) : "memory");
  return value;
}
__device__ int add_acq_rel(int* target, int value) {
  int before;
  asm volatile("atom.add.acq_rel.gpu.s32 %0,[%1],%2;" : "=r"(before) : "l"(target), "r"(value) : "memory");
  return before;
}
#define FENCE_ACQ_REL() asm volatile("fence.acq_rel.gpu;" ::: "memory")
#else
// With fences, because the orders of the operations themselves do not cover shared memory.
#define FENCE(order) __builtin_amdgcn_fence(order, "agent")
__device__ void store_release(int* target, int value) {
  FENCE(__ATOMIC_RELEASE);
  __hip_atomic_store(target, value, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}
#define STORE_RELEASE(target, value) store_release(target, value)
__device__ int load_acquire(int* target) {
  int const value = __hip_atomic_load(target, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  FENCE(__ATOMIC_ACQUIRE);
  return value;
}
__device__ int add_acq_rel(int* target, int value) {
  FENCE(__ATOMIC_RELEASE);
  int const before = __hip_atomic_fetch_add(target, value, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
  FENCE(__ATOMIC_ACQUIRE);
  return before;
}
#define FENCE_ACQ_REL() FENCE(__ATOMIC_ACQ_REL)
#endif

extern "C" __global__ void pass_message_by_hand(int* message, int* flag, int* count) {
  message[0] = 1;
  STORE_RELEASE(flag, 1);
  message[1] = load_acquire(flag);
  FENCE_ACQ_REL();
  message[2] = add_acq_rel(count, 1);
}

// --- the launches instantiate the entry points ---

void launch_all(xl::stream_ref q, xl::span<float> a, xl::span<float const> b, int n, unsigned* bits) {
  xl::launch(q, {.grid = 1, .block = 256}, triad{}, a, b, b, 2.f);
  xl::launch(q, {.grid = 1, .block = 256}, triad_grid_stride{}, a.data(), b.data(), b.data(), 2.f, std::uint64_t(n));
  xl::launch(q, {.grid = {1, 1}}, transpose{}, b.data(), a.data(), unsigned(n), unsigned(n));
  xl::launch(q, {.grid = 1}, row_sum{}, b, n, a);
  xl::launch(q, {.grid = 1, .block = 256}, count{}, bits, bits, a.data());
  xl::launch(q, {.grid = 1, .block = 256}, pass_message{}, &n, &n, &n);
}
