// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory-bound element-wise work: xl::transform against the fastest of many kernels written by hand, and against a naive one.
#include "../bench.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t count = std::size_t{1} << 28;
constexpr float factor = 3;

// --- ours ---

struct identity {
  CROSSLANE_FN float operator()(float x) const { return x; }
};
struct multiply_add {
  float s;
  CROSSLANE_FN float operator()(float b, float c) const { return b + s * c; }
};

// --- by hand ---

/// Loads a value. `Streaming` tells the caches that the data is not used again.
template <bool Streaming>
__device__ float4 load(float4 const* p) {
  if constexpr (!Streaming) {
    return *p;
  } else {
#if CROSSLANE_COMPILER_CUDA()
    return __ldcs(p);
#else
    return {__builtin_nontemporal_load(&p->x), __builtin_nontemporal_load(&p->y), __builtin_nontemporal_load(&p->z),
            __builtin_nontemporal_load(&p->w)};
#endif
  }
}
template <bool Streaming>
__device__ void store(float4* p, float4 value) {
  if constexpr (!Streaming) {
    *p = value;
  } else {
#if CROSSLANE_COMPILER_CUDA()
    __stcs(p, value);
#else
    __builtin_nontemporal_store(value.x, &p->x);
    __builtin_nontemporal_store(value.y, &p->y);
    __builtin_nontemporal_store(value.z, &p->z);
    __builtin_nontemporal_store(value.w, &p->w);
#endif
  }
}

struct copy_arrays {
  float4 const* in;
  float4* out;

  template <int Vectors>
  struct values {
    float4 x[Vectors];
  };
  template <bool Streaming, int Vectors>
  __device__ void load_one(values<Vectors>& v, int k, std::size_t i) const {
    v.x[k] = load<Streaming>(in + i);
  }
  template <bool Streaming, int Vectors>
  __device__ void store_one(values<Vectors> const& v, int k, std::size_t i) const {
    store<Streaming>(out + i, v.x[k]);
  }
};

struct triad_arrays {
  float4 const* b;
  float4 const* c;
  float4* a;
  float s;

  template <int Vectors>
  struct values {
    float4 x[Vectors], y[Vectors];
  };
  template <bool Streaming, int Vectors>
  __device__ void load_one(values<Vectors>& v, int k, std::size_t i) const {
    v.x[k] = load<Streaming>(b + i);
    v.y[k] = load<Streaming>(c + i);
  }
  template <bool Streaming, int Vectors>
  __device__ void store_one(values<Vectors> const& v, int k, std::size_t i) const {
    float4 const x = v.x[k], y = v.y[k];
    store<Streaming>(a + i, float4{x.x + s * y.x, x.y + s * y.y, x.z + s * y.z, x.w + s * y.w});
  }
};

/// Processes `Vectors` float4 of each array, `step` apart, from `first` on. The arrays have `n` float4. All loads come before the first
/// store.
template <int Vectors, bool Streaming, class Arrays>
__device__ void move(Arrays const& arrays, std::size_t first, std::size_t step, std::size_t n) {
  typename Arrays::template values<Vectors> v;
  if (first + (Vectors - 1) * step < n) {
#pragma unroll
    for (int k = 0; k < Vectors; ++k) arrays.template load_one<Streaming>(v, k, first + k * step);
#pragma unroll
    for (int k = 0; k < Vectors; ++k) arrays.template store_one<Streaming>(v, k, first + k * step);
  } else if (Vectors > 1) {
    for (std::size_t i = first; i < n; i += step) {
      arrays.template load_one<Streaming>(v, 0, i);
      arrays.template store_one<Streaming>(v, 0, i);
    }
  }
}

/// Launched with as many blocks as there is work.
template <int Vectors, bool Streaming, class Arrays>
__global__ void __launch_bounds__(1024) one_shot(Arrays arrays, std::size_t n) {
  move<Vectors, Streaming>(arrays, std::size_t{blockIdx.x} * (blockDim.x * Vectors) + threadIdx.x, blockDim.x, n);
}
/// Launched with as many blocks as are resident on the device.
template <int Vectors, bool Streaming, class Arrays>
__global__ void __launch_bounds__(1024) grid_stride(Arrays arrays, std::size_t n) {
  std::size_t const step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step * Vectors)
    move<Vectors, Streaming>(arrays, i, step, n);
}

__global__ void naive_copy(float* out, float const* in, std::size_t n) {
  std::size_t const i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i];
}
__global__ void naive_triad(float* a, float const* b, float const* c, float s, std::size_t n) {
  std::size_t const i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) a[i] = b[i] + s * c[i];
}

// --- measuring ---

/// The arrays of all benchmarks of this file: a = f(b, c).
struct arrays {
  explicit arrays(xl::stream_ref q_) : q{q_}, a{q_, count}, b{q_, count}, c{q_, count} {
    xl::fill(q, b, 1.5f);
    xl::fill(q, c, 2.5f);
  }
  xl::stream_ref q;
  xl::buffer<float> a, b, c;
};

/// Throws if the first or the last elements of the result are wrong.
void check_result(arrays& data, float expected) {
  constexpr std::size_t checked = 4096;
  std::vector<float> ends(2 * checked);
  xl::copy(data.q, data.a.view().subspan(0, checked), xl::span{ends.data(), checked});
  xl::copy(data.q, data.a.view().subspan(count - checked, checked), xl::span{ends.data() + checked, checked});
  data.q.synchronize();
  for (float const x : ends)
    if (x != expected) throw std::runtime_error{"wrong result"};
}

/// Adds a benchmark. `launch(arrays)` moves `bytes` and sets every element of a to `expected`.
template <class Launch>
void add_kernel(std::shared_ptr<arrays> const& data, std::string const& name, std::size_t bytes, float expected, Launch launch) {
  add({.name = name,
       .iterations = 3,
       .repetitions = 9,
       .seconds = device_seconds(data->q, 10, [=] { launch(*data); }),
       .prepare =
           [=] {
             xl::fill(data->q, data->a, -1.25f);
             launch(*data);
             check_result(*data, expected);
           },
       .bytes = double(bytes)});
}

float4 const* vectors(xl::buffer<float> const& x) { return reinterpret_cast<float4 const*>(x.data()); }
float4* vectors(xl::buffer<float>& x) { return reinterpret_cast<float4*>(x.data()); }

template <int Vectors, bool Streaming, class MakeArrays>
void add_variants(std::shared_ptr<arrays> const& data, std::string const& group, std::size_t bytes, float expected, MakeArrays make) {
  auto const& p = data->q.properties();
  for (unsigned const block : {256u, 512u, 1024u}) {
    std::string const variant = "float4 x" + std::to_string(Vectors) + (Streaming ? " streaming" : "") + " block " + std::to_string(block);
    unsigned const all = unsigned((count / 4 + block * Vectors - 1) / (block * Vectors));
    unsigned const resident = p.multiprocessors * (p.max_threads_per_multiprocessor / block);
    add_kernel(data, group + "/rival/" + variant + " one-shot", bytes, expected,
               [=](arrays& d) { one_shot<Vectors, Streaming><<<all, block, 0, d.q.native()>>>(make(d), count / 4); });
    add_kernel(data, group + "/rival/" + variant + " grid-stride", bytes, expected,
               [=](arrays& d) { grid_stride<Vectors, Streaming><<<resident, block, 0, d.q.native()>>>(make(d), count / 4); });
  }
}

template <class MakeArrays>
void add_all_variants(std::shared_ptr<arrays> const& data, std::string const& group, std::size_t bytes, float expected, MakeArrays make) {
  add_variants<1, false>(data, group, bytes, expected, make);
  add_variants<2, false>(data, group, bytes, expected, make);
  add_variants<4, false>(data, group, bytes, expected, make);
  add_variants<1, true>(data, group, bytes, expected, make);
  add_variants<2, true>(data, group, bytes, expected, make);
  add_variants<4, true>(data, group, bytes, expected, make);
}

}  // namespace

void register_transform(xl::stream_ref q) {
  auto const data = std::make_shared<arrays>(q);
  constexpr unsigned naive_block = 256, naive_grid = unsigned(count / naive_block);

  std::size_t const copied = 2 * sizeof(float) * count;
  add_kernel(data, "copy of 2^28 floats/crosslane", copied, 1.5f, [](arrays& d) { xl::transform(d.q, d.b, d.a, identity{}); });
  add_all_variants(data, "copy of 2^28 floats", copied, 1.5f,
                   [](arrays& d) { return copy_arrays{vectors(std::as_const(d.b)), vectors(d.a)}; });
  add_kernel(data, "copy of 2^28 floats/other/naive", copied, 1.5f,
             [](arrays& d) { naive_copy<<<naive_grid, naive_block, 0, d.q.native()>>>(d.a.data(), d.b.data(), count); });
  add_kernel(data, "copy of 2^28 floats/other/the vendor's memcpy", copied, 1.5f, [](arrays& d) { xl::copy(d.q, d.b, d.a); });

  std::size_t const moved = 3 * sizeof(float) * count;
  add_kernel(data, "triad of 2^28 floats/crosslane", moved, 9.f,
             [](arrays& d) { xl::transform(d.q, d.b, d.c, d.a, multiply_add{factor}); });
  add_all_variants(data, "triad of 2^28 floats", moved, 9.f,
                   [](arrays& d) { return triad_arrays{vectors(std::as_const(d.b)), vectors(std::as_const(d.c)), vectors(d.a), factor}; });
  add_kernel(data, "triad of 2^28 floats/other/naive", moved, 9.f, [](arrays& d) {
    naive_triad<<<naive_grid, naive_block, 0, d.q.native()>>>(d.a.data(), d.b.data(), d.c.data(), factor, count);
  });
}

}  // namespace bench
