// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A matrix is copied by tiles through shared memory, in which the 16-byte units of a row are permuted. Four ways: tensor copies by the
/// engine, the library's copies by threads, hand-written cp.async, and hand-written loads and stores.
#include "../bench.hpp"

#include <crosslane/tensor.hpp>

#include <cuda_pipeline_primitives.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {
namespace {

namespace axis = xl::axis;

constexpr int size = 8192, tile_rows = 64, tile_columns = 32, across = size / tile_columns, strips = size / tile_rows;
constexpr unsigned threads = 256, quads = tile_rows * tile_columns / 4, stages = 3;
using matrix = xl::packed<xl::extents<int, axis::row, axis::col>, xl::axes<axis::row, axis::col>>;
using tile_extents = xl::extents<int, xl::fixed<axis::row, tile_rows>, xl::fixed<axis::col, tile_columns>>;
using tile = xl::swizzled<tile_extents, matrix::order, sizeof(float), 16>;
using quad = xl::vec<float, 4>;

/// The place of the quad q of a row in a tile.
__host__ __device__ inline unsigned place(unsigned row, unsigned q) { return row * 8 + (q ^ row % 8); }

// --- ours ---

/// Each block copies every fourth tile of a strip of rows.
struct by_engine {
  static constexpr auto block = xl::block_size<threads>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> state;
    xl::shared_tile<float, tile> in[stages], out[2];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, tile> const& in,
                               xl::tiled_view<float, matrix, tile> const& out) const {
    int const row = int(ctx.block_index() / 4) * tile_rows, first = int(ctx.block_index() % 4);
    xl::pipeline pipe{ctx, s.state};
    xl::tile_stores stores{ctx};
    auto const fetch = [&](int t) {
      unsigned const stage = pipe.acquire();
      if (t < across) pipe.copy_tile(s.in[stage], in, {row, t * tile_columns});
      pipe.commit();
    };
    fetch(first);
    fetch(first + 4);
    for (int t = first; t < across; t += 4) {
      auto const* const from = reinterpret_cast<quad const*>(s.in[pipe.wait()].elements);
      fetch(t + 8);
      auto& to = s.out[t / 4 % 2];
      for (unsigned i : ctx.block_stride(quads)) reinterpret_cast<quad*>(to.elements)[i] = from[i];
      stores.store(to, out, {row, t * tile_columns});
      stores.commit();
      stores.template wait<1>();
    }
    pipe.wait();
    pipe.wait();
    stores.wait();
  }
};

struct by_threads {
  static constexpr auto block = xl::block_size<threads>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> state;
    alignas(16) quad in[stages][quads];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, quad const* in, quad* out) const {
    unsigned const row = ctx.block_index() / 4 * tile_rows, first = ctx.block_index() % 4;
    xl::pipeline pipe{ctx, s.state};
    auto const fetch = [&](unsigned t) {
      quad* const to = s.in[pipe.acquire()];
      if (t < unsigned(across))
        for (unsigned i : ctx.block_stride(quads)) pipe.copy(to[place(i / 8, i % 8)], in[(row + i / 8) * (size / 4u) + t * 8 + i % 8]);
      pipe.commit();
    };
    fetch(first);
    fetch(first + 4);
    for (unsigned t = first; t < unsigned(across); t += 4) {
      quad const* const from = s.in[pipe.wait()];
      fetch(t + 8);
      for (unsigned i : ctx.block_stride(quads)) out[(row + i / 8) * (size / 4u) + t * 8 + i % 8] = from[place(i / 8, i % 8)];
    }
    pipe.wait();
    pipe.wait();
  }
};

// --- by hand ---

__global__ void __launch_bounds__(threads) by_cp_async(float4 const* in, float4* out) {
  __shared__ float4 memory[stages][quads];
  unsigned const row = blockIdx.x / 4 * tile_rows, first = blockIdx.x % 4;
  auto const fetch = [&](unsigned t, unsigned stage) {
    if (t < unsigned(across))
      for (unsigned i = threadIdx.x; i < quads; i += threads)
        __pipeline_memcpy_async(&memory[stage][place(i / 8, i % 8)], in + (row + i / 8) * (size / 4u) + t * 8 + i % 8, sizeof(float4));
    __pipeline_commit();
  };
  fetch(first, 0);
  fetch(first + 4, 1);
  for (unsigned t = first, k = 0; t < unsigned(across); t += 4, ++k) {
    __pipeline_wait_prior(stages - 2);
    __syncthreads();
    fetch(t + 8, (k + 2) % stages);
    for (unsigned i = threadIdx.x; i < quads; i += threads)
      out[(row + i / 8) * (size / 4u) + t * 8 + i % 8] = memory[k % stages][place(i / 8, i % 8)];
  }
}

__global__ void __launch_bounds__(threads) by_loads(float4 const* in, float4* out) {
  __shared__ float4 memory[quads];
  unsigned const row = blockIdx.x / 4 * tile_rows;
  for (unsigned t = blockIdx.x % 4; t < unsigned(across); t += 4) {
    __syncthreads();
    for (unsigned i = threadIdx.x; i < quads; i += threads) memory[place(i / 8, i % 8)] = in[(row + i / 8) * (size / 4u) + t * 8 + i % 8];
    __syncthreads();
    for (unsigned i = threadIdx.x; i < quads; i += threads) out[(row + i / 8) * (size / 4u) + t * 8 + i % 8] = memory[place(i / 8, i % 8)];
  }
}

// --- measuring ---

struct memory {
  explicit memory(xl::stream_ref q_) : q{q_}, values(std::size_t{size} * size), in{q_, {size, size}}, out{q_, {size, size}} {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = float(unsigned(i) * 2654435761u >> 9);
    xl::copy(q, values, in.storage());
    q.synchronize();
  }
  xl::stream_ref q;
  std::vector<float> values;
  xl::tensor<float, matrix> in, out;
};

template <class Launch>
void add_copy(std::shared_ptr<memory> const& data, std::string const& side, Launch launch) {
  add({.name = "copy of a matrix by tiles/" + side,
       .iterations = 3,
       .repetitions = 9,
       .seconds = device_seconds(data->q, 10, [=] { launch(*data); }),
       .prepare =
           [=] {
             xl::fill(data->q, data->out.storage(), 0.f);
             launch(*data);
             std::vector<float> got(data->values.size());
             xl::copy(data->q, data->out.storage(), got);
             data->q.synchronize();
             if (got != data->values) throw std::runtime_error{"wrong result"};
           },
       .bytes = 2.0 * double(data->values.size()) * sizeof(float)});
}

}  // namespace

void register_tiles(xl::stream_ref q) {
  auto const data = std::make_shared<memory>(q);
  constexpr unsigned grid = strips * 4;
  using from = decltype(xl::make_tiled<tile>(q, std::as_const(data->in)));
  using to = decltype(xl::make_tiled<tile>(q, data->out));
  auto const in = std::shared_ptr<from>{new from{xl::make_tiled<tile>(q, std::as_const(data->in))}};
  auto const out = std::shared_ptr<to>{new to{xl::make_tiled<tile>(q, data->out)}};
  add_copy(data, "crosslane", [=](memory& m) { xl::launch(m.q, {.grid = grid}, by_engine{}, *in, *out); });
  add_copy(data, "other/Crosslane, each thread copies", [](memory& m) {
    xl::launch(m.q, {.grid = grid}, by_threads{}, reinterpret_cast<quad const*>(m.in.data()), reinterpret_cast<quad*>(m.out.data()));
  });
  add_copy(data, "rival/cp.async", [](memory& m) {
    by_cp_async<<<grid, threads, 0, m.q.native()>>>(reinterpret_cast<float4 const*>(m.in.data()), reinterpret_cast<float4*>(m.out.data()));
  });
  add_copy(data, "rival/loads and barriers", [](memory& m) {
    by_loads<<<grid, threads, 0, m.q.native()>>>(reinterpret_cast<float4 const*>(m.in.data()), reinterpret_cast<float4*>(m.out.data()));
  });
}

}  // namespace bench
