// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions of blocks against every algorithm of CUB, with the result for one thread and for all threads.
#include "cycles.hpp"

#include <cub/block/block_reduce.cuh>

namespace bench {
namespace {

template <class T, unsigned Threads, template <class, class> class Scratch>
struct for_leader {
  static constexpr bool sorts = false;
  using scratch = Scratch<T, block_context<Threads>>;
  static __device__ void run(scratch& s, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    v[0] = xl::block_reduce_to_leader(ctx, s, v[0], xl::plus{});
  }
};
template <class T, unsigned Threads, template <class, class> class Scratch>
struct for_all {
  static constexpr bool sorts = false;
  using scratch = Scratch<T, block_context<Threads>>;
  static __device__ void run(scratch& s, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    v[0] = xl::block_reduce(ctx, s, v[0], xl::plus{});
  }
};

template <class T, unsigned Threads, cub::BlockReduceAlgorithm Algorithm>
struct cub_for_leader {
  static constexpr bool sorts = false;
  using block = cub::BlockReduce<T, Threads, Algorithm>;
  using scratch = typename block::TempStorage;
  static __device__ void run(scratch& s, T (&v)[1]) { v[0] = block(s).Sum(v[0]); }
};
template <class T, unsigned Threads, cub::BlockReduceAlgorithm Algorithm>
struct cub_for_all {
  static constexpr bool sorts = false;
  using block = cub::BlockReduce<T, Threads, Algorithm>;
  struct scratch {
    typename block::TempStorage block_;
    T result;
  };
  static __device__ void run(scratch& s, T (&v)[1]) {
    T const result = block(s.block_).Sum(v[0]);
    if (threadIdx.x == 0) s.result = result;
    __syncthreads();
    v[0] = s.result;
  }
};

/// The way of many programs: reduces the lanes of each wave, then the first wave.
template <class T, unsigned Threads>
struct by_hand {
  static constexpr bool sorts = false;
  struct scratch {
    T waves[32];
  };
  static __device__ void run(scratch& s, T (&v)[1]) {
    T sum = v[0];
#pragma unroll
    for (int lane = 16; lane > 0; lane /= 2) sum += __shfl_xor_sync(~0u, sum, lane);
    if (threadIdx.x % 32 == 0) s.waves[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = threadIdx.x % 32 < Threads / 32 ? s.waves[threadIdx.x % 32] : T(0);
#pragma unroll
    for (int lane = 16; lane > 0; lane /= 2) sum += __shfl_xor_sync(~0u, sum, lane);
    v[0] = sum;
  }
};

template <class T, unsigned Threads>
void add_size(xl::stream_ref q) {
  std::string const what = std::string(name_of<T>()) + ", " + std::to_string(Threads) + " threads";
  add_cycles<for_leader<T, Threads, xl::block_scratch>, T, 1, Threads>(q, "block reduce for one, " + what, "crosslane/value per wave");
  add_cycles<for_leader<T, Threads, xl::block_reduce_scratch>, T, 1, Threads>(q, "block reduce for one, " + what,
                                                                              "crosslane/value per thread");
  add_cycles<cub_for_leader<T, Threads, cub::BLOCK_REDUCE_WARP_REDUCTIONS>, T, 1, Threads>(q, "block reduce for one, " + what,
                                                                                           "rival/CUB warp reductions");
  add_cycles<cub_for_leader<T, Threads, cub::BLOCK_REDUCE_RAKING>, T, 1, Threads>(q, "block reduce for one, " + what, "rival/CUB raking");
  add_cycles<cub_for_leader<T, Threads, cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY>, T, 1, Threads>(q, "block reduce for one, " + what,
                                                                                                   "rival/CUB raking, commutative");
  add_cycles<for_all<T, Threads, xl::block_scratch>, T, 1, Threads>(q, "block reduce, " + what, "crosslane/value per wave");
  add_cycles<for_all<T, Threads, xl::block_reduce_scratch>, T, 1, Threads>(q, "block reduce, " + what, "crosslane/value per thread");
  add_cycles<cub_for_all<T, Threads, cub::BLOCK_REDUCE_WARP_REDUCTIONS>, T, 1, Threads>(q, "block reduce, " + what,
                                                                                        "rival/CUB warp reductions");
  add_cycles<cub_for_all<T, Threads, cub::BLOCK_REDUCE_RAKING>, T, 1, Threads>(q, "block reduce, " + what, "rival/CUB raking");
  add_cycles<cub_for_all<T, Threads, cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY>, T, 1, Threads>(q, "block reduce, " + what,
                                                                                                "rival/CUB raking, commutative");
  add_cycles<by_hand<T, Threads>, T, 1, Threads>(q, "block reduce, " + what, "rival/by hand");
}

template <class T>
void add_type(xl::stream_ref q) {
  add_size<T, 64>(q);
  add_size<T, 128>(q);
  add_size<T, 256>(q);
  add_size<T, 512>(q);
  add_size<T, 1024>(q);
}

}  // namespace

void register_block_reduce(xl::stream_ref q) {
  add_type<int>(q);
  add_type<float>(q);
  add_type<double>(q);
}

}  // namespace bench
