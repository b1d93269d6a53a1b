// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Selections from whole arrays, and reductions of runs, against those of CUB.
#include "device.hpp"

#include <cub/device/device_partition.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_run_length_encode.cuh>
#include <cub/device/device_select.cuh>

namespace bench {
namespace {

struct is_odd {
  CROSSLANE_FN bool operator()(unsigned x) const { return x % 2 != 0; }
};

}  // namespace

void add_device_selections(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  c.add(
      "copy_if_half", 6,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::copy_if(q, a.random.subspan(0, n), a.out<unsigned>(n), a.count, is_odd{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceSelect::If(t, bytes, a.random.data(), a.out<unsigned>().data(), a.count.data(), n, is_odd{}, s);
      });
  c.add(
      "partition_half", 8,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::partition_copy(q, a.random.subspan(0, n), a.out<unsigned>(n), xl::reversed(a.out<unsigned>(n)), a.count, is_odd{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DevicePartition::If(t, bytes, a.random.data(), a.out<unsigned>().data(), a.count.data(), n, is_odd{}, s);
      });
  c.add(
      "unique_runs_of_8", 4.5,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::unique(q, a.runs.subspan(0, n), a.out<unsigned>(n), a.count, xl::equal_to{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceSelect::Unique(t, bytes, a.runs.data(), a.out<unsigned>().data(), a.count.data(), n, s);
      });
  c.add(
      "run_length_encode_8", 5,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::run_length_encode(q, a.runs.subspan(0, n), a.out<unsigned>(n), a.more<unsigned>(n), a.count, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceRunLengthEncode::Encode(t, bytes, a.runs.data(), a.out<unsigned>().data(), a.more<unsigned>().data(),
                                                  a.count.data(), n, s);
      });
  c.add(
      "reduce_by_key_runs_of_8", 9,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::reduce_by_key(q, a.runs.subspan(0, n), a.floats.subspan(0, n), a.out<unsigned>(n), a.more<float>(n), a.count, xl::plus{},
                          xl::equal_to{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceReduce::ReduceByKey(t, bytes, a.runs.data(), a.out<unsigned>().data(), a.floats.data(), a.more<float>().data(),
                                              a.count.data(), cuda::std::plus<>{}, n, s);
      });
}

}  // namespace bench
