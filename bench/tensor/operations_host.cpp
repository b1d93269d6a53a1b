// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work, conversions and reductions of tensors on the CPU against OpenMP loops over the same memory, with as many threads.
#include "../bench.hpp"

#include <crosslane/tensor.hpp>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

namespace axis = xl::axis;

struct multiply_add {
  float operator()(float x, float y) const { return 0.5f * x + y; }
};
struct halve {
  float operator()(float x) const { return 0.5f * x + 1.f; }
};

constexpr int images = 16, channels = 64, side = 56, pitch = 64;
constexpr int pixels = side * side;
constexpr std::int64_t count = std::int64_t{images} * channels * pixels;
using padded = xl::padded<xl::image_extents, xl::nchw::order>;
using channel_row = xl::packed<xl::extents<int, axis::c>, xl::axes<axis::c>>;

struct tensors {
  explicit tensors(xl::stream_ref q_) : q{q_} {
    for (auto* t : {&planes, &more_planes}) xl::fill_random(q, *t, 1);
    xl::fill_random(q, wide, 2);
    xl::convert(q, planes, last);
    xl::convert(q, planes, more_last);
    xl::iota(q, bias);
    xl::fill(q, sums, 0.f);
    xl::fill(q, channel_sums, 0.f);
    q.synchronize();
  }
  xl::stream_ref q;
  xl::image_extents e{images, channels, side, side};
  xl::tensor<float, xl::nchw> planes{q, e}, more_planes{q, e};
  xl::tensor<float, xl::nhwc> last{q, e}, more_last{q, e};
  xl::tensor<float, padded> wide{q, xl::make_padded<xl::nchw::order>(e, pitch)};
  xl::tensor<float, channel_row> bias{q, {channels}}, channel_sums{q, {channels}};
  xl::tensor<float, xl::row_major<axis::n, axis::c>> sums{q, {images, channels}};
};

// The rivals. Sizes are arguments, so that the compiler knows no more than the types of the tensors tell it.

void bias_of_planes(float* to, float const* from, float const* bias, int rows, int c, int n) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < n; ++i) to[std::int64_t{r} * n + i] = multiply_add{}(from[std::int64_t{r} * n + i], bias[r % c]);
}
void bias_of_pixels(float* to, float const* from, float const* bias, int rows, int c) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < c; ++i) to[std::int64_t{r} * c + i] = multiply_add{}(from[std::int64_t{r} * c + i], bias[i]);
}
void rows_with_pitch(float* to, std::int64_t to_pitch, float const* from, std::int64_t from_pitch, int rows, int n) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < n; ++i) to[r * to_pitch + i] = halve{}(from[r * from_pitch + i]);
}
template <class F>
void planes_to_pixels(float* to, float const* from, int n, int c, int p, F f) {
#pragma omp parallel for collapse(2)
  for (int image = 0; image < n; ++image)
    for (int k = 0; k < p; ++k)
      for (int i = 0; i < c; ++i) to[(std::int64_t{image} * p + k) * c + i] = f(from[(std::int64_t{image} * c + i) * p + k]);
}
void fill_rows(float* to, std::int64_t to_pitch, float value, int rows, int n) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < n; ++i) to[r * to_pitch + i] = value;
}
void rising(float* to, double first, double step, int n) {
#pragma omp parallel for
  for (int i = 0; i < n; ++i) to[i] = float(first + step * i);
}
void random_numbers(float* to, std::uint64_t seed, std::int64_t n) {
#pragma omp parallel for
  for (std::int64_t i = 0; i < n; ++i) {
    xl::random_engine engine{seed, std::uint64_t(i)};
    to[i] = xl::uniform<float>(engine);
  }
}
void sums_of_rows(float* to, float const* from, int rows, int n) {
#pragma omp parallel for
  for (int r = 0; r < rows; ++r) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; ++i) sum += from[std::int64_t{r} * n + i];
    to[r] = sum;
  }
}
void sums_of_columns(float* to, float const* from, int matrices, int rows, int c) {
#pragma omp parallel for
  for (int m = 0; m < matrices; ++m) {
    for (int i = 0; i < c; ++i) to[m * c + i] = 0;
    for (int r = 0; r < rows; ++r)
      for (int i = 0; i < c; ++i) to[m * c + i] += from[(std::int64_t{m} * rows + r) * c + i];
  }
}
void sums_of_channels(float* to, float const* from, int n, int c, int p) {
#pragma omp parallel for
  for (int i = 0; i < c; ++i) {
    float sum = 0;
    for (int image = 0; image < n; ++image)
#pragma omp simd reduction(+ : sum)
      for (int k = 0; k < p; ++k) sum += from[(std::int64_t{image} * c + i) * p + k];
    to[i] = sum;
  }
}

/// Adds both sides. The rival runs on the stream's thread (see algorithm/transform_host.cpp).
template <class Run, class Rival>
void add_both(std::shared_ptr<tensors> const& data, std::string const& group, double bytes, Run run, Rival rival) {
  constexpr int loops = 4;
  auto const add_side = [&](std::string const& side_of, auto seconds) {
    add({.name = "tensor on the host, " + group + side_of,
         .iterations = 1,
         .repetitions = 15,
         .seconds = [=] { return seconds() / loops; },
         .prepare = [=] { seconds(); },
         .bytes = bytes});
  };
  add_side("/crosslane", [=] {
    stopwatch const time;
    for (int i = 0; i < loops; ++i) run(*data);
    data->q.synchronize();
    return time.seconds();
  });
  add_side("/rival/OpenMP", [=] {
    double result = 0;
    data->q.host_callback([&] {
      stopwatch const time;
      for (int i = 0; i < loops; ++i) rival(*data);
      result = time.seconds();
    });
    data->q.synchronize();
    return result;
  });
}

}  // namespace

void register_tensor_operations(xl::stream_ref q) {
  auto const data = std::make_shared<tensors>(q);
  double const bytes = double(count) * sizeof(float);
  constexpr int rows = images * channels;
  add_both(
      data, "plus bias(c) nchw", 2 * bytes, [](tensors& d) { xl::transform(d.q, d.planes, d.bias, d.more_planes, multiply_add{}); },
      [](tensors& d) { bias_of_planes(d.more_planes.data(), d.planes.data(), d.bias.data(), rows, channels, pixels); });
  add_both(
      data, "plus bias(c) nhwc", 2 * bytes, [](tensors& d) { xl::transform(d.q, d.last, d.bias, d.more_last, multiply_add{}); },
      [](tensors& d) { bias_of_pixels(d.more_last.data(), d.last.data(), d.bias.data(), images * pixels, channels); });
  add_both(
      data, "rows with padding", 2 * bytes, [](tensors& d) { xl::transform(d.q, d.planes, d.wide, halve{}); },
      [](tensors& d) { rows_with_pitch(d.wide.data(), pitch, d.planes.data(), side, rows * side, side); });
  add_both(
      data, "transform nchw to nhwc", 2 * bytes, [](tensors& d) { xl::transform(d.q, d.planes, d.more_last, halve{}); },
      [](tensors& d) { planes_to_pixels(d.more_last.data(), d.planes.data(), images, channels, pixels, halve{}); });
  add_both(
      data, "convert nchw to nhwc", 2 * bytes, [](tensors& d) { xl::convert(d.q, d.planes, d.more_last); },
      [](tensors& d) { planes_to_pixels(d.more_last.data(), d.planes.data(), images, channels, pixels, [](float x) { return x; }); });
  add_both(
      data, "fill of rows with padding", bytes, [](tensors& d) { xl::fill(d.q, d.wide, 1.5f); },
      [](tensors& d) { fill_rows(d.wide.data(), pitch, 1.5f, rows * side, side); });
  add_both(
      data, "iota", bytes, [](tensors& d) { xl::iota(d.q, d.more_planes, 1.f, 0.5f); },
      [](tensors& d) { rising(d.more_planes.data(), 1., 0.5, int(count)); });
  add_both(
      data, "fill_random", bytes, [](tensors& d) { xl::fill_random(d.q, d.more_planes, 3); },
      [](tensors& d) { random_numbers(d.more_planes.data(), 3, count); });
  add_both(
      data, "sum over h w nchw", bytes, [](tensors& d) { xl::reduce<axis::h, axis::w>(d.q, d.planes, d.sums, xl::plus{}, 0.f); },
      [](tensors& d) { sums_of_rows(d.sums.data(), d.planes.data(), rows, pixels); });
  add_both(
      data, "sum over h w nhwc", bytes, [](tensors& d) { xl::reduce<axis::h, axis::w>(d.q, d.last, d.sums, xl::plus{}, 0.f); },
      [](tensors& d) { sums_of_columns(d.sums.data(), d.last.data(), images, pixels, channels); });
  add_both(
      data, "sum over n h w nchw", bytes,
      [](tensors& d) { xl::reduce<axis::n, axis::h, axis::w>(d.q, d.planes, d.channel_sums, xl::plus{}, 0.f); },
      [](tensors& d) { sums_of_channels(d.channel_sums.data(), d.planes.data(), images, channels, pixels); });
}

}  // namespace bench
