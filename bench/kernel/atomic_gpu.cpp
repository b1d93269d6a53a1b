// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions of 2^24 threads against the vendor's functions: to one address, one for each wave, to random addresses, and to shared
/// memory.
#include "../bench.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr unsigned block = 256, grid = 1u << 16, bins = 1u << 20, shared_bins = 256;
constexpr std::uint32_t scatter = 2654435761u;  // sends adjacent threads to distant addresses

// --- ours ---

struct same_address {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* counts) const {
    xl::atomic(ctx, counts[0]).fetch_add(1);
  }
};
/// Each thread needs its position.
struct places {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* counts, unsigned* out) const {
    out[ctx.global_index()] = xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, counts[0]));
  }
};
struct random_addresses {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* sums) const {
    xl::atomic(ctx, sums[unsigned(ctx.global_index()) * scatter % bins]).fetch_add_coarse_grained(1);
  }
};
struct shared_histogram {
  static constexpr auto block = xl::block_size<bench::block>;
  struct shared {
    unsigned bins[shared_bins];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, unsigned* counts) const {
    unsigned const t = ctx.thread_index();
    s.bins[t] = 0;
    ctx.sync_block();
    for (unsigned i = 0; i < 64; ++i) xl::atomic<xl::scope::block>(ctx, s.bins[(t + i * 37) * scatter >> 24]).fetch_add(1);
    ctx.sync_block();
    xl::atomic(ctx, counts[t]).fetch_add(s.bins[t]);
  }
};

// --- by hand ---

__global__ void same_address_by_hand(unsigned* counts) { atomicAdd(counts, 1u); }

__global__ void places_by_hand(unsigned* counts, unsigned* out) {
  out[std::size_t{blockIdx.x} * blockDim.x + threadIdx.x] = atomicAdd(counts, 1u);
}

/// The usual way for whole waves: one lane adds, the others count their lanes.
__global__ void places_by_hand_for_waves(unsigned* counts, unsigned* out) {
#if CROSSLANE_COMPILER_CUDA()
  unsigned const lane = threadIdx.x % 32, lanes = 32;
  unsigned first = 0;
  if (lane == 0) first = atomicAdd(counts, lanes);
  first = __shfl_sync(~0u, first, 0);
#else
  unsigned const lanes = unsigned(warpSize), lane = threadIdx.x % lanes;
  unsigned first = 0;
  if (lane == 0) first = atomicAdd(counts, lanes);
  first = unsigned(__builtin_amdgcn_readfirstlane(int(first)));
#endif
  out[std::size_t{blockIdx.x} * blockDim.x + threadIdx.x] = first + lane;
}

__global__ void random_addresses_by_hand(float* sums) { atomicAdd(&sums[(blockIdx.x * blockDim.x + threadIdx.x) * scatter % bins], 1.f); }

__global__ void __launch_bounds__(block) shared_histogram_by_hand(unsigned* counts) {
  __shared__ unsigned s[shared_bins];
  unsigned const t = threadIdx.x;
  s[t] = 0;
  __syncthreads();
  for (unsigned i = 0; i < 64; ++i) atomicAdd(&s[(t + i * 37) * scatter >> 24], 1u);
  __syncthreads();
  atomicAdd(&counts[t], s[t]);
}

// --- measuring ---

struct memory {
  explicit memory(xl::stream_ref q_) : q{q_}, counts{q_, bins}, sums{q_, bins}, out{q_, std::size_t{grid} * block} {}
  xl::stream_ref q;
  xl::buffer<unsigned> counts;
  xl::buffer<float> sums;
  xl::buffer<unsigned> out;
};

/// Adds a benchmark. `launch(memory)` adds `additions` in total to counts or to sums.
template <class Launch>
void add_kernel(std::shared_ptr<memory> const& data, std::string const& name, double additions, Launch launch) {
  add({.name = name, .iterations = 3, .repetitions = 9, .seconds = device_seconds(data->q, 10, [=] { launch(*data); }), .prepare = [=] {
         xl::fill(data->q, data->counts, 0u);
         xl::fill(data->q, data->sums, 0.f);
         launch(*data);
         std::vector<unsigned> counts(bins);
         std::vector<float> sums(bins);
         xl::copy(data->q, data->counts, counts);
         xl::copy(data->q, data->sums, sums);
         data->q.synchronize();
         double sum = 0;
         for (unsigned i = 0; i < bins; ++i) sum += double(counts[i]) + double(sums[i]);
         if (sum != additions) throw std::runtime_error{"wrong result"};
       }});
}

}  // namespace

void register_atomic(xl::stream_ref q) {
  auto const data = std::make_shared<memory>(q);
  constexpr double threads = double(grid) * block;
  std::string const same = "add to one address/", place = "places from one counter/", random = "add floats to 2^20 addresses/",
                    shared = "64 additions of each thread to shared memory/";

  add_kernel(data, same + "crosslane", threads,
             [](memory& m) { xl::launch(m.q, {.grid = grid, .block = block}, same_address{}, m.counts.data()); });
  add_kernel(data, same + "rival/atomicAdd", threads,
             [](memory& m) { same_address_by_hand<<<grid, block, 0, m.q.native()>>>(m.counts.data()); });

  add_kernel(data, place + "crosslane", threads,
             [](memory& m) { xl::launch(m.q, {.grid = grid, .block = block}, places{}, m.counts.data(), m.out.data()); });
  add_kernel(data, place + "rival/one for each wave", threads,
             [](memory& m) { places_by_hand_for_waves<<<grid, block, 0, m.q.native()>>>(m.counts.data(), m.out.data()); });
  add_kernel(data, place + "other/one for each thread", threads,
             [](memory& m) { places_by_hand<<<grid, block, 0, m.q.native()>>>(m.counts.data(), m.out.data()); });

  add_kernel(data, random + "crosslane", threads,
             [](memory& m) { xl::launch(m.q, {.grid = grid, .block = block}, random_addresses{}, m.sums.data()); });
  add_kernel(data, random + "rival/atomicAdd", threads,
             [](memory& m) { random_addresses_by_hand<<<grid, block, 0, m.q.native()>>>(m.sums.data()); });

  constexpr unsigned fewer = grid / 16;
  add_kernel(data, shared + "crosslane", double(fewer) * block * 64,
             [](memory& m) { xl::launch(m.q, {.grid = fewer}, shared_histogram{}, m.counts.data()); });
  add_kernel(data, shared + "rival/atomicAdd", double(fewer) * block * 64,
             [](memory& m) { shared_histogram_by_hand<<<fewer, block, 0, m.q.native()>>>(m.counts.data()); });
}

}  // namespace bench
