// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions and scans of waves against CUB's and against hand-written loops.
#include "cycles.hpp"

#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>

namespace bench {
namespace {

template <unsigned Threads>
struct no_scratch {
  static constexpr bool sorts = false;
  struct scratch {};
};

template <class T, unsigned Threads>
struct reduce : no_scratch<Threads> {
  static __device__ void run(typename no_scratch<Threads>::scratch&, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    v[0] = xl::wave(ctx).reduce(v[0], xl::plus{});
  }
};
template <class T, unsigned Threads>
struct reduce_by_hand : no_scratch<Threads> {
  static __device__ void run(typename no_scratch<Threads>::scratch&, T (&v)[1]) {
#pragma unroll
    for (int lane = 16; lane > 0; lane /= 2) v[0] += __shfl_xor_sync(~0u, v[0], lane);
  }
};
template <class T, unsigned Threads>
struct reduce_by_cub {  // result in the first lane only
  static constexpr bool sorts = false;
  using scratch = typename cub::WarpReduce<T>::TempStorage[Threads / 32];
  static __device__ void run(scratch& s, T (&v)[1]) { v[0] = cub::WarpReduce<T>(s[threadIdx.x / 32]).Sum(v[0]); }
};

template <class T, unsigned Threads>
struct scan : no_scratch<Threads> {
  static __device__ void run(typename no_scratch<Threads>::scratch&, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    v[0] = xl::wave(ctx).inclusive_scan(v[0], xl::plus{});
  }
};
template <class T, unsigned Threads>
struct scan_by_hand : no_scratch<Threads> {
  static __device__ void run(typename no_scratch<Threads>::scratch&, T (&v)[1]) {
#pragma unroll
    for (unsigned delta = 1; delta < 32; delta *= 2) {
      T const lower = __shfl_up_sync(~0u, v[0], delta);
      if (threadIdx.x % 32 >= delta) v[0] += lower;
    }
  }
};
template <class T, unsigned Threads>
struct scan_by_cub {
  static constexpr bool sorts = false;
  using scratch = typename cub::WarpScan<T>::TempStorage[Threads / 32];
  static __device__ void run(scratch& s, T (&v)[1]) { cub::WarpScan<T>(s[threadIdx.x / 32]).InclusiveSum(v[0], v[0]); }
};

template <class T>
void add_type(xl::stream_ref q) {
  constexpr unsigned threads = 256;
  std::string const type = name_of<T>();
  add_cycles<reduce<T, threads>, T, 1, threads>(q, "wave reduce, " + type, "crosslane");
  add_cycles<reduce_by_cub<T, threads>, T, 1, threads>(q, "wave reduce, " + type, "rival/CUB");
  add_cycles<reduce_by_hand<T, threads>, T, 1, threads>(q, "wave reduce, " + type, "other/by hand");
  add_cycles<scan<T, threads>, T, 1, threads>(q, "wave scan, " + type, "crosslane");
  add_cycles<scan_by_cub<T, threads>, T, 1, threads>(q, "wave scan, " + type, "rival/CUB");
  add_cycles<scan_by_hand<T, threads>, T, 1, threads>(q, "wave scan, " + type, "other/by hand");
}

}  // namespace

void register_waves(xl::stream_ref q) {
  add_type<int>(q);
  add_type<float>(q);
  add_type<double>(q);
}

}  // namespace bench
