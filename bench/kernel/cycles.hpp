// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Cycles of an operation of waves or blocks. A kernel repeats the operation, each time with a value that depends on the last result.
/// `alone` has one block on each multiprocessor: the latency of the operation for a block. `full` has as many blocks as fit, and divides
/// the cycles by their number: the share of the multiprocessor's time that the operation takes.
///
/// An operation is a class with `scratch`, its shared memory, and `static void run(scratch&, T&...)` for the `items` values of a thread.
/// Both sides run in the same kernel. Two scratches alternate, so that no side needs a barrier between two operations.
#pragma once

#include "../bench.hpp"

#include <memory>
#include <string>
#include <vector>

namespace bench {

/// The context of a kernel of `Threads` threads. On a GPU it is empty and can be constructed anywhere.
template <unsigned Threads>
using block_context = xl::cuda::context<32, xl::kernel_shape<1, Threads, 1, 1>>;

template <class T>
constexpr char const* name_of() {
  return std::is_same_v<T, int> ? "int" : std::is_same_v<T, float> ? "float" : "double";
}

namespace detail {

/// Returns a pseudo-random value that is never NaN: a key for the next sort, an operand for the next sum.
template <class T>
__device__ T next_value(T value, unsigned salt) {
  using word = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  word bits;
  memcpy(&bits, &value, sizeof bits);
  bits = bits * word(6364136223846793005u) + salt * 7919u + 1442695041u;
  bits ^= bits >> (sizeof(word) * 4 - 1);
  if constexpr (!std::is_integral_v<T>) bits &= ~(word(1) << (sizeof(word) * 8 - 2));  // a small exponent
  memcpy(&value, &bits, sizeof bits);
  return value;
}

constexpr int repetitions = 128;

template <class Op, class T, unsigned Items, unsigned Threads>
__global__ void __launch_bounds__(Threads) repeat(T* out, long long* cycles, T zero) {
  extern __shared__ uint4 memory[];
  auto* const scratch = reinterpret_cast<typename Op::scratch*>(memory);
  T values[Items];
  for (unsigned i = 0; i < Items; ++i) values[i] = next_value(T(threadIdx.x * Items + i), i);
  __syncthreads();
  long long const begin = clock64();
#pragma unroll 1
  for (int r = 0; r < repetitions; r += 2) {
#pragma unroll
    for (int turn = 0; turn < 2; ++turn) {
      Op::run(scratch[turn], values);
      for (unsigned i = 0; i < Items; ++i) {
        if constexpr (Op::sorts)
          values[i] = next_value(values[i], threadIdx.x + i);
        else
          values[i] = values[i] * zero + T(threadIdx.x & 3);
      }
    }
  }
  long long const end = clock64();
  for (unsigned i = 0; i < Items; ++i) out[(blockIdx.x * Threads + threadIdx.x) * Items + i] = values[i];
  if (threadIdx.x == 0) cycles[blockIdx.x] = end - begin;
}

}  // namespace detail

/// Adds the measurements `alone` and `full` of one side of a group.
template <class Op, class T, unsigned Items, unsigned Threads>
void add_cycles(xl::stream_ref q, std::string const& group, std::string const& side) {
  auto const kernel = detail::repeat<Op, T, Items, Threads>;
  auto const q_properties = q.properties();
  std::size_t const shared = 2 * sizeof(typename Op::scratch);
  if (shared > q_properties.shared_per_block_optin) return;
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(shared));
  int resident = 0;
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, Threads, shared);
  for (bool const full : {false, true}) {
    unsigned const per_multiprocessor = full ? unsigned(resident) : 1, grid = q_properties.multiprocessors * per_multiprocessor;
    auto const out = std::make_shared<xl::buffer<T>>(q, std::size_t{grid} * Threads * Items);
    auto const cycles = std::make_shared<xl::pinned_buffer<long long>>(q, grid);
    add({.name = "cycles of " + group + (full ? ", full/" : ", alone/") + side,
         .iterations = 2,
         .repetitions = 5,
         .seconds =
             [=] {
               kernel<<<grid, Threads, shared, q.native()>>>(out->data(), cycles->data(), T(0));
               q.synchronize();
               double sum = 0;
               for (long long const c : *cycles) sum += double(c);
               return sum / grid / detail::repetitions / per_multiprocessor * 1e-9;  // a cycle is stored as a nanosecond: see ratios.py
             },
         .prepare = {}});
  }
}

}  // namespace bench
