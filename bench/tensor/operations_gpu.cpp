// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work and reductions of tensors against kernels written by hand for one layout. These kernels know what is contiguous and
/// avoid divisions.
#include "../bench.hpp"

#include <crosslane/tensor.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

namespace axis = xl::axis;

constexpr int n = 32, c = 256, pixels = 56 * 56;
constexpr std::size_t count = std::size_t{n} * c * pixels;

struct add_bias {
  CROSSLANE_FN float operator()(float x, float bias) const { return x + bias; }
};

/// Each thread computes four channels.
__global__ void __launch_bounds__(256) add_by_hand(float4* out, float4 const* in, float4 const* bias, unsigned quads, unsigned total) {
  unsigned const i = blockIdx.x * 256 + threadIdx.x;
  if (i >= total) return;
  float4 const x = in[i], b = bias[i % quads];
  out[i] = make_float4(x.x + b.x, x.y + b.y, x.z + b.z, x.w + b.w);
}

__device__ float sum_of_block(float x) {
  __shared__ float partial[256];
  partial[threadIdx.x] = x;
  for (unsigned width = 128; width > 0; width /= 2) {
    __syncthreads();
    if (threadIdx.x < width) partial[threadIdx.x] += partial[threadIdx.x + width];
  }
  return partial[0];
}
/// Each block reduces a row.
__global__ void __launch_bounds__(256) rows_by_hand(float* out, float4 const* in, unsigned quads) {
  float sum = 0;
  for (unsigned i = threadIdx.x; i < quads; i += 256) {
    float4 const x = in[std::size_t{blockIdx.x} * quads + i];
    sum += x.x + x.y + x.z + x.w;
  }
  sum = sum_of_block(sum);
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}
/// Each thread reduces a column of a part of an image. Adjacent threads take adjacent channels. Atomic additions combine the parts.
__global__ void __launch_bounds__(256) columns_by_hand(float* out, float const* in, unsigned channels, unsigned height, unsigned parts) {
  unsigned const image = blockIdx.x / parts, share = height / parts, first = blockIdx.x % parts * share;
  float const* const from = in + (std::size_t{image} * height + first) * channels + threadIdx.x;
  float sum = 0;
  for (unsigned y = 0; y < share; ++y) sum += from[std::size_t{y} * channels];
  atomicAdd(&out[image * channels + threadIdx.x], sum);
}

template <class L>
struct images {
  explicit images(xl::stream_ref q_) : q{q_}, in{q_, {n, c, 56, 56}}, out{q_, {n, c, 56, 56}}, bias{q_, {c}}, sums{q_, {n, c}} {}
  xl::stream_ref q;
  xl::tensor<float, L> in, out;
  xl::tensor<float, xl::packed<xl::extents<int, axis::c>, xl::axes<axis::c>>> bias;
  xl::tensor<float, xl::row_major<axis::n, axis::c>> sums;

  /// Sets the inputs to integers, so that sums are exact in any order.
  void reset() {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = float(i * 7 % 13);
    xl::copy(q, values, in.storage());
    xl::fill(q, out, -1.f);
    xl::fill(q, bias, 3.f);
    xl::fill(q, sums, -1.f);
    q.synchronize();
  }
  float read(xl::span<float const> from, std::size_t i) const {
    float x = 0;
    xl::copy(q, from.subspan(i, 1), xl::span<float>{&x, 1});
    q.synchronize();
    return x;
  }
  void check_sums() const {
    float expected = 0;
    for (std::size_t p = 0; p < pixels; ++p)
      expected += float(std::size_t(in.layout().offset({{n - 1, c - 2, int(p / 56), int(p % 56)}})) * 7 % 13);
    if (read(sums.storage(), std::size_t{n} * c - 2) != expected) throw std::runtime_error{"wrong sum"};
  }
  void check_out() const {
    if (read(out.storage(), count - 5) != float((count - 5) * 7 % 13) + 3) throw std::runtime_error{"wrong element"};
  }
};

template <class L, class Run, class Check>
void add_side(std::shared_ptr<images<L>> const& data, std::string const& name, double bytes, Run run, Check check) {
  add({.name = name,
       .iterations = 3,
       .repetitions = 9,
       .seconds = device_seconds(data->q, 20, [=] { run(*data); }),
       .prepare =
           [=] {
             data->reset();
             run(*data);
             check(*data);
           },
       .bytes = bytes});
}

}  // namespace

void register_tensor_operations(xl::stream_ref q) {
  using pixels_type = images<xl::nhwc>;
  using planes_type = images<xl::nchw>;
  auto const last = std::make_shared<pixels_type>(q);
  auto const planes = std::make_shared<planes_type>(q);
  double const bytes = double(count) * sizeof(float);

  auto const check_out = [](auto const& d) { d.check_out(); };
  auto const check_sums = [](auto const& d) { d.check_sums(); };
  auto const transform = [](auto& d) { xl::transform(d.q, d.in, d.bias, d.out, add_bias{}); };
  std::string const bias = "tensor plus bias(c) nhwc 32x256x56x56", rows = "tensor sum over h w nchw 32x256x56x56",
                    columns = "tensor sum over h w nhwc 32x256x56x56";
  add_side(last, bias + "/crosslane", 2 * bytes, transform, check_out);
  add_side(
      last, bias + "/rival", 2 * bytes,
      [](pixels_type& d) {
        add_by_hand<<<unsigned(count / 4 / 256), 256, 0, d.q.native()>>>(
            reinterpret_cast<float4*>(d.out.data()), reinterpret_cast<float4 const*>(d.in.data()),
            reinterpret_cast<float4 const*>(d.bias.data()), unsigned(c / 4), unsigned(count / 4));
      },
      check_out);
  auto const reduce = [](auto& d) { xl::reduce<axis::h, axis::w>(d.q, d.in, d.sums, xl::plus{}, 0.f); };
  add_side(planes, rows + "/crosslane", bytes, reduce, check_sums);
  add_side(
      planes, rows + "/rival", bytes,
      [](planes_type& d) {
        rows_by_hand<<<unsigned(n * c), 256, 0, d.q.native()>>>(d.sums.data(), reinterpret_cast<float4 const*>(d.in.data()),
                                                                unsigned(pixels / 4));
      },
      check_sums);
  add_side(last, columns + "/crosslane", bytes, reduce, check_sums);
  add_side(
      last, columns + "/rival", bytes,
      [](pixels_type& d) {
        constexpr unsigned parts = 49;
        xl::fill(d.q, d.sums, 0.f);
        columns_by_hand<<<n * parts, 256, 0, d.q.native()>>>(d.sums.data(), d.in.data(), unsigned(c), unsigned(pixels), parts);
      },
      check_sums);
}

}  // namespace bench
