// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors from nchw to nhwc and back: xl::convert beside a transpose by hand, tiles of 32 x 32 in padded shared memory, and beside a copy
/// of as many bytes, which no conversion can beat.
#include "../bench.hpp"

#include <crosslane/tensor.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

/// out[b][i][j] = in[b][j][i]: rows of `width` elements become columns. Blocks of 32 x 8 threads.
template <class T, class U>
__global__ void __launch_bounds__(256) transpose_by_hand(U* out, T const* in, int height, int width) {
  __shared__ U tile[32][33];
  std::size_t const base = std::size_t{blockIdx.z} * height * width;
  int const x = int(blockIdx.x) * 32 + int(threadIdx.x), y0 = int(blockIdx.y) * 32;
  for (int y = int(threadIdx.y); y < 32; y += 8)
    if (x < width && y0 + y < height) tile[y][threadIdx.x] = static_cast<U>(in[base + std::size_t(y0 + y) * width + x]);
  __syncthreads();
  int const tx = y0 + int(threadIdx.x), ty0 = int(blockIdx.x) * 32;
  for (int y = int(threadIdx.y); y < 32; y += 8)
    if (tx < height && ty0 + y < width) out[base + std::size_t(ty0 + y) * height + tx] = tile[threadIdx.x][y];
}

template <class T, class U, class From, class To>
struct tensors {
  tensors(xl::stream_ref q_, xl::image_extents const& e) : q{q_}, in{q_, e}, out{q_, e} {}
  xl::stream_ref q;
  xl::tensor<T, From> in;
  xl::tensor<U, To> out;

  int n() const { return in.template extent<xl::axis::n>(); }
  int c() const { return in.template extent<xl::axis::c>(); }
  int pixels() const { return in.template extent<xl::axis::h>() * in.template extent<xl::axis::w>(); }

  void by_hand() {
    constexpr bool planes = std::is_same_v<From, xl::nchw>;
    unsigned const height = unsigned(planes ? c() : pixels()), width = unsigned(planes ? pixels() : c());
    transpose_by_hand<<<dim3((width + 31) / 32, (height + 31) / 32, unsigned(n())), dim3(32, 8), 0, q.native()>>>(
        out.data(), static_cast<T const*>(in.data()), int(height), int(width));
  }

  /// Throws unless `run` writes every element where it belongs.
  template <class Run>
  void check(Run const& run) {
    std::vector<T> values(in.storage().size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = T(float(i % 241));
    xl::copy(q, values, in.storage());
    xl::fill(q, out.storage(), U(0.f));
    run(*this);
    std::vector<U> got(out.storage().size());
    xl::copy(q, out.storage(), got);
    q.synchronize();
    for (std::size_t k = 0; k < got.size(); k += 1 + k % 101) {
      auto const i = out.view().memory_order(k);
      if (float(got[k]) != float(U(values[std::size_t(in.layout().offset(i))]))) throw std::runtime_error{"wrong result"};
    }
  }
};

template <class T, class U, class From, class To>
void add_case(xl::stream_ref q, std::string const& name, xl::image_extents const& e) {
  using data_type = tensors<T, U, From, To>;
  auto const data = std::make_shared<data_type>(q, e);
  double const bytes = double(sizeof(T) + sizeof(U)) * double(e.count());
  auto const side = [&](std::string const& which, auto run, bool checked) {
    add({.name = name + "/" + which,
         .iterations = 3,
         .repetitions = 9,
         .seconds = device_seconds(data->q, 20, [=] { run(*data); }),
         .prepare =
             [=] {
               if (checked) data->check(run);
             },
         .bytes = bytes});
  };
  side("crosslane", [](data_type& d) { xl::convert(d.q, d.in, d.out); }, true);
  side("rival/tiles", [](data_type& d) { d.by_hand(); }, true);
  if constexpr (std::is_same_v<T, U>)
    side("other/copy", [](data_type& d) { xl::copy(d.q, std::as_const(d.in).storage(), d.out.storage()); }, false);
}

template <class T, class U>
void add_shapes(xl::stream_ref q, std::string const& type) {
  for (xl::image_extents const& e : {xl::image_extents{32, 64, 112, 112}, xl::image_extents{32, 256, 56, 56},
                                     xl::image_extents{64, 1024, 14, 14}, xl::image_extents{64, 3, 224, 224}}) {
    auto const text = [&](auto extent) { return std::to_string(extent); };
    std::string const shape = " " + text(e.extent<xl::axis::n>()) + "x" + text(e.extent<xl::axis::c>()) + "x" +
                              text(e.extent<xl::axis::h>()) + "x" + text(e.extent<xl::axis::w>());
    add_case<T, U, xl::nchw, xl::nhwc>(q, type + " nchw to nhwc" + shape, e);
    add_case<T, U, xl::nhwc, xl::nchw>(q, type + " nhwc to nchw" + shape, e);
  }
}

}  // namespace

void register_tensor_convert(xl::stream_ref q) {
  add_shapes<float, float>(q, "float");
  add_shapes<xl::half, xl::half>(q, "half");
  add_shapes<float, xl::half>(q, "float to half");
}

}  // namespace bench
