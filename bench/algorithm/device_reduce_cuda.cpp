// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions and histograms of whole arrays against those of CUB.
#include "device.hpp"

#include <cub/device/device_histogram.cuh>
#include <cub/device/device_reduce.cuh>

namespace bench {

void add_device_reductions(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  c.add(
      "reduce_float", 4,
      [q](arrays& a, std::size_t n, xl::options<> const& o) { xl::reduce(q, a.floats.subspan(0, n), a.out<float>(), xl::plus{}, o); },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceReduce::Sum(t, bytes, a.floats.data(), a.out<float>().data(), n, s);
      });
  c.add(
      "reduce_min_float", 4,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::reduce(q, a.random_floats.subspan(0, n), a.out<float>(), xl::minimum{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceReduce::Min(t, bytes, a.random_floats.data(), a.out<float>().data(), n, s);
      });
  c.add(
      "argmin_float", 4,
      [q](arrays& a, std::size_t n, xl::options<> const& o) { xl::min_element(q, a.random_floats.subspan(0, n), a.count, xl::less{}, o); },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceReduce::ArgMin(t, bytes, a.random_floats.data(), a.ignored.data(), a.count.data(), n, s);
      });
  for (bool const random : {true, false})
    c.add(
        random ? "histogram_bytes_random" : "histogram_bytes_equal", 1,
        [q, random](arrays& a, std::size_t n, xl::options<> const& o) {
          xl::histogram(q, (random ? a.bytes : a.zeros).subspan(0, n), a.out<unsigned>(256), xl::even_bins(0, 256), o);
        },
        [s, random](void* t, std::size_t& bytes, arrays& a, int n) {
          return cub::DeviceHistogram::HistogramEven(t, bytes, (random ? a.bytes : a.zeros).data(), a.out<unsigned>().data(), 257, 0, 256,
                                                     n, s);
        });
}

}  // namespace bench
