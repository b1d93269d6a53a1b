// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversions of arrays between float and the small types: xl::transform against kernels with the vendor's types and their functions for
/// pairs, four floats a thread.
#include "../bench.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#if CROSSLANE_COMPILER_CUDA()
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#else
#include <hip/hip_fp16.h>
#endif

namespace bench {
namespace {

constexpr std::size_t count = std::size_t{1} << 28;

// --- ours ---

template <class T>
struct to {
  template <class From>
  CROSSLANE_FN T operator()(From x) const {
    return static_cast<T>(x);
  }
};

// --- by hand: pack() and unpack() of two numbers ---

struct half_by_hand {
  using pair = __half2;
  static __device__ pair pack(float2 x) { return __float22half2_rn(x); }
  static __device__ float2 unpack(pair x) { return __half22float2(x); }
};
#if CROSSLANE_COMPILER_CUDA()
struct bfloat16_by_hand {
  using pair = __nv_bfloat162;
  static __device__ pair pack(float2 x) { return __float22bfloat162_rn(x); }
  static __device__ float2 unpack(pair x) { return __bfloat1622float2(x); }
};
template <__nv_fp8_interpretation_t Format>
struct fp8_by_hand {
  using pair = __nv_fp8x2_storage_t;
  static __device__ pair pack(float2 x) { return __nv_cvt_float2_to_fp8x2(x, __NV_SATFINITE, Format); }
  static __device__ float2 unpack(pair x) { return __half22float2(__half2(__nv_cvt_fp8x2_to_halfraw2(x, Format))); }
};
#endif

template <class H>
struct alignas(2 * sizeof(typename H::pair)) pairs {
  typename H::pair low, high;
};

template <class H>
__global__ void __launch_bounds__(256) narrow_by_hand(pairs<H>* out, float4 const* in, std::size_t n) {
  std::size_t const i = std::size_t{blockIdx.x} * 256 + threadIdx.x;
  if (i >= n) return;
  float4 const x = in[i];
  out[i] = {H::pack(float2{x.x, x.y}), H::pack(float2{x.z, x.w})};
}
template <class H>
__global__ void __launch_bounds__(256) widen_by_hand(float4* out, pairs<H> const* in, std::size_t n) {
  std::size_t const i = std::size_t{blockIdx.x} * 256 + threadIdx.x;
  if (i >= n) return;
  pairs<H> const x = in[i];
  float2 const low = H::unpack(x.low), high = H::unpack(x.high);
  out[i] = {low.x, low.y, high.x, high.y};
}

// --- measuring ---

template <class T>
struct arrays {
  explicit arrays(xl::stream_ref q_) : q{q_}, floats{q_, count}, small{q_, count} {}
  xl::stream_ref q;
  xl::buffer<float> floats;
  xl::buffer<T> small;
};

/// Adds a benchmark. `launch(arrays)` converts. `check(arrays, launch)` throws if the result is wrong.
template <class T, class Launch, class Check>
void add_conversion(std::shared_ptr<arrays<T>> const& data, std::string const& name, Launch launch, Check check) {
  add({.name = name,
       .iterations = 3,
       .repetitions = 9,
       .seconds = device_seconds(data->q, 10, [=] { launch(*data); }),
       .prepare = [=] { check(*data, launch); },
       .bytes = double((sizeof(T) + sizeof(float)) * count)});
}

template <class T, class H>
void add_type(xl::stream_ref q, std::string const& type) {
  auto const data = std::make_shared<arrays<T>>(q);
  constexpr unsigned grid = unsigned(count / 4 / 256);
  auto const check_narrow = [](arrays<T>& d, auto const& launch) {
    xl::fill(d.q, d.floats, 1.5f);
    xl::fill(d.q, d.small, T{0});
    launch(d);
    std::vector<T> end(1000);
    xl::copy(d.q, d.small.view().subspan(count - 1000, 1000), xl::span{end.data(), end.size()});
    d.q.synchronize();
    for (T const x : end)
      if (float(x) != 1.5f) throw std::runtime_error{"wrong result"};
  };
  auto const check_widen = [](arrays<T>& d, auto const& launch) {
    xl::fill(d.q, d.floats, 0.0f);
    xl::fill(d.q, d.small, T{1.5f});
    launch(d);
    std::vector<float> end(1000);
    xl::copy(d.q, d.floats.view().subspan(count - 1000, 1000), xl::span{end.data(), end.size()});
    d.q.synchronize();
    for (float const x : end)
      if (x != 1.5f) throw std::runtime_error{"wrong result"};
  };
  std::string const narrow = "2^28 floats to " + type, widen = "2^28 " + type + " to float";
  add_conversion(data, narrow + "/crosslane", [](arrays<T>& d) { xl::transform(d.q, d.floats, d.small, to<T>{}); }, check_narrow);
  add_conversion(
      data, narrow + "/rival/pairs",
      [](arrays<T>& d) {
        narrow_by_hand<H><<<grid, 256, 0, d.q.native()>>>(reinterpret_cast<pairs<H>*>(d.small.data()),
                                                          reinterpret_cast<float4 const*>(d.floats.data()), count / 4);
      },
      check_narrow);
  add_conversion(data, widen + "/crosslane", [](arrays<T>& d) { xl::transform(d.q, d.small, d.floats, to<float>{}); }, check_widen);
  add_conversion(
      data, widen + "/rival/pairs",
      [](arrays<T>& d) {
        widen_by_hand<H><<<grid, 256, 0, d.q.native()>>>(reinterpret_cast<float4*>(d.floats.data()),
                                                         reinterpret_cast<pairs<H> const*>(d.small.data()), count / 4);
      },
      check_widen);
}

}  // namespace

void register_convert(xl::stream_ref q) {
  add_type<xl::half, half_by_hand>(q, "half");
#if CROSSLANE_COMPILER_CUDA()
  add_type<xl::bfloat16, bfloat16_by_hand>(q, "bfloat16");
  add_type<xl::fp8_e4m3, fp8_by_hand<__NV_E4M3>>(q, "fp8_e4m3");
  add_type<xl::fp8_e5m2, fp8_by_hand<__NV_E5M2>>(q, "fp8_e5m2");
#endif
}

}  // namespace bench
