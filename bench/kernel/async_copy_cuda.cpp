// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Blocks process tiles in shared memory. They read each number from device memory once and use it several times. Three ways: the library's
/// pipeline, hand-written cp.async, and loads, stores and barriers.
#include "../bench.hpp"

#include <cuda_pipeline_primitives.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr unsigned threads = 256, tile_size = 4096, tiles = 32, stages = 3, quads = tile_size / 4;
using quad = xl::vec<unsigned, 4>;

/// Returns the thread's part of a tile's result: the sum of tile[i] * tile[i ^ (32 * k)] for k from 1 to `Uses`.
template <int Uses>
__host__ __device__ inline unsigned sum_of(unsigned const* tile, unsigned thread, unsigned step) {
  unsigned sum = 0;
  for (unsigned i = thread; i < tile_size; i += step) {
    unsigned const x = tile[i];
    for (unsigned k = 1; k <= unsigned(Uses); ++k) sum += x * tile[i ^ (32 * k)];
  }
  return sum;
}

// --- ours ---

enum class by { block, threads };

template <int Uses, by By>
struct with_pipeline {
  static constexpr auto block = xl::block_size<threads>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> state;
    alignas(16) unsigned tile[stages][tile_size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, unsigned const* in, unsigned* out) const {
    unsigned const* const own = in + std::size_t{ctx.block_index()} * tiles * tile_size;
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](unsigned t) {
      unsigned* const tile = s.tile[pipe.acquire()];
      auto const* const from = reinterpret_cast<quad const*>(own + t * tile_size);
      auto* const to = reinterpret_cast<quad*>(tile);
      if (t < tiles) {
        if constexpr (By == by::block)
          pipe.copy_block(xl::span{to, quads}, xl::span{from, quads});
        else
          for (unsigned i : ctx.block_stride(int(quads))) pipe.copy(to[i], from[i]);
      }
      pipe.commit();
    };
    for (unsigned t = 0; t < stages - 1; ++t) fetch(t);
    unsigned sum = 0;
    for (unsigned t = 0; t < tiles; ++t) {
      unsigned const* const tile = s.tile[pipe.wait()];
      fetch(t + stages - 1);
      sum += sum_of<Uses>(tile, ctx.thread_rank(), threads);
    }
    out[ctx.global_index()] = sum;
  }
};

// --- by hand ---

template <int Uses>
__global__ void __launch_bounds__(threads) with_cp_async(unsigned const* in, unsigned* out) {
  extern __shared__ uint4 memory[];
  uint4 const* const own = reinterpret_cast<uint4 const*>(in + std::size_t{blockIdx.x} * tiles * tile_size);
  auto const fetch = [&](unsigned t) {
    if (t < tiles)
      for (unsigned i = threadIdx.x; i < quads; i += threads)
        __pipeline_memcpy_async(memory + t % stages * quads + i, own + t * quads + i, sizeof(uint4));
    __pipeline_commit();
  };
  for (unsigned t = 0; t < stages - 1; ++t) fetch(t);
  unsigned sum = 0;
  for (unsigned t = 0; t < tiles; ++t) {
    __pipeline_wait_prior(stages - 2);
    __syncthreads();
    fetch(t + stages - 1);
    sum += sum_of<Uses>(reinterpret_cast<unsigned const*>(memory + t % stages * quads), threadIdx.x, threads);
  }
  out[blockIdx.x * threads + threadIdx.x] = sum;
}

template <int Uses>
__global__ void __launch_bounds__(threads) with_loads(unsigned const* in, unsigned* out) {
  __shared__ uint4 tile[quads];
  uint4 const* const own = reinterpret_cast<uint4 const*>(in + std::size_t{blockIdx.x} * tiles * tile_size);
  unsigned sum = 0;
  for (unsigned t = 0; t < tiles; ++t) {
    __syncthreads();
    for (unsigned i = threadIdx.x; i < quads; i += threads) tile[i] = own[t * quads + i];
    __syncthreads();
    sum += sum_of<Uses>(reinterpret_cast<unsigned const*>(tile), threadIdx.x, threads);
  }
  out[blockIdx.x * threads + threadIdx.x] = sum;
}

// --- measuring ---

struct memory {
  explicit memory(xl::stream_ref q_)
      : q{q_},
        grid{4 * q_.properties().multiprocessors},
        values(std::size_t{grid} * tiles * tile_size),
        in{q_, values.size()},
        out{q_, std::size_t{grid} * threads} {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = unsigned(i) * 2654435761u >> 5;
    xl::copy(q, values, in);
    q.synchronize();
  }
  xl::stream_ref q;
  unsigned grid;
  std::vector<unsigned> values;
  xl::buffer<unsigned> in, out;
};

template <int Uses>
unsigned expected(memory const& m) {
  unsigned sum = 0;
  for (std::size_t t = 0; t < m.values.size(); t += tile_size) sum += sum_of<Uses>(m.values.data() + t, 0, 1);
  return sum;
}

template <class Launch>
void add_kernel(std::shared_ptr<memory> const& data, std::string const& name, unsigned sum, Launch launch) {
  add({.name = name,
       .iterations = 3,
       .repetitions = 9,
       .seconds = device_seconds(data->q, 10, [=] { launch(*data); }),
       .prepare =
           [=] {
             xl::fill(data->q, data->out, 0u);
             launch(*data);
             std::vector<unsigned> out(data->out.size());
             xl::copy(data->q, data->out, out);
             data->q.synchronize();
             unsigned got = 0;
             for (unsigned const x : out) got += x;
             if (got != sum) throw std::runtime_error{"wrong result"};
           },
       .bytes = double(data->values.size()) * sizeof(unsigned)});
}

template <int Uses>
void add_uses(std::shared_ptr<memory> const& data) {
  std::string const group = "tiles through shared memory, each number used " + std::to_string(Uses) + " times/";
  unsigned const sum = expected<Uses>(*data);
  constexpr int bytes = int(stages * tile_size * sizeof(unsigned));
  cudaFuncSetAttribute(with_cp_async<Uses>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  add_kernel(data, group + "crosslane", sum,
             [](memory& m) { xl::launch(m.q, {.grid = m.grid}, with_pipeline<Uses, by::block>{}, m.in.data(), m.out.data()); });
  add_kernel(data, group + "other/Crosslane, each thread copies", sum,
             [](memory& m) { xl::launch(m.q, {.grid = m.grid}, with_pipeline<Uses, by::threads>{}, m.in.data(), m.out.data()); });
  add_kernel(data, group + "rival/cp.async", sum,
             [](memory& m) { with_cp_async<Uses><<<m.grid, threads, bytes, m.q.native()>>>(m.in.data(), m.out.data()); });
  add_kernel(data, group + "rival/loads and barriers", sum,
             [](memory& m) { with_loads<Uses><<<m.grid, threads, 0, m.q.native()>>>(m.in.data(), m.out.data()); });
}

}  // namespace

void register_async_copy(xl::stream_ref q) {
  auto const data = std::make_shared<memory>(q);
  add_uses<1>(data);
  add_uses<8>(data);
}

}  // namespace bench
