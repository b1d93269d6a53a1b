// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sums and sorts of rows of one length against those of CUB.
#include "device.hpp"

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <cub/device/device_segmented_reduce.cuh>
#include <cub/device/device_segmented_sort.cuh>
#include <cuda/std/version>

namespace bench {
namespace {

struct times {
  std::int64_t factor;
  __host__ __device__ std::int64_t operator()(std::int64_t i) const { return i * factor; }
};
/// Returns an iterator over the places where rows of one length begin.
auto offsets_of_rows(unsigned row) { return thrust::make_transform_iterator(thrust::make_counting_iterator(std::int64_t{0}), times{row}); }

/// CUB has a form without offsets since CCCL 3.1.
cudaError_t sums_by_cub(void* t, std::size_t& bytes, float const* in, float* out, int rows, unsigned row, cudaStream_t s) {
#if CCCL_VERSION >= 3001000
  return cub::DeviceSegmentedReduce::Sum(t, bytes, in, out, rows, int(row), s);
#else
  auto const offsets = offsets_of_rows(row);
  return cub::DeviceSegmentedReduce::Sum(t, bytes, in, out, rows, offsets, offsets + 1, s);
#endif
}

}  // namespace

void add_device_segments(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  for (unsigned const row : {32u, 1024u, 65536u})
    c.add(
        "segmented_sum_" + std::to_string(row), 4,
        [q, row](arrays& a, std::size_t n, xl::options<> const& o) {
          xl::segmented_reduce(q, a.floats.subspan(0, n), row, a.out<float>(n), 0.f, xl::plus{}, o);
        },
        [s, row](void* t, std::size_t& bytes, arrays& a, int n) {
          return sums_by_cub(t, bytes, a.floats.data(), a.out<float>().data(), n / int(row), row, s);
        },
        {.least = row});
  for (unsigned const row : {64u, 4096u})
    c.add(
        "segmented_sort_" + std::to_string(row), 8,
        [q, row](arrays& a, std::size_t n, xl::options<> const& o) {
          xl::segmented_sort(q, a.random.subspan(0, n), row, a.out<unsigned>(n), o);
        },
        [s, row](void* t, std::size_t& bytes, arrays& a, int n) {
          auto const offsets = offsets_of_rows(row);
          return cub::DeviceSegmentedSort::SortKeys(t, bytes, a.random.data(), a.out<unsigned>().data(), n, n / int(row), offsets,
                                                    offsets + 1, s);
        },
        {.least = row});
}

}  // namespace bench
