// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Algorithms on whole arrays against those of CUB, which come with the toolkit, or with a newer CCCL whose headers are found first. Both
/// sides have their memory beforehand.
#include "../bench.hpp"

#include <crosslane/algorithm.hpp>

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <cub/cub.cuh>

#include <cuda_runtime.h>

#include <stdexcept>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t largest = std::size_t{1} << 28;
constexpr int logarithms[] = {12, 16, 20, 24, 28};

struct is_odd {
  CROSSLANE_FN bool operator()(unsigned x) const { return x % 2 != 0; }
};
/// Pseudo-random numbers.
struct hashed {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const {
    unsigned x = unsigned(i) * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
  }
};
/// Runs of eight equal numbers.
struct runs_of_eight {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const { return unsigned(i / 8); }
};
struct small_float {
  CROSSLANE_FN float operator()(std::uint64_t i) const { return float(i % 17) / 16; }
};

struct times {
  std::int64_t factor;
  __host__ __device__ std::int64_t operator()(std::int64_t i) const { return i * factor; }
};
/// Sums of rows of one length. CUB has a form without offsets since CCCL 3.1.
cudaError_t segmented_sum(void* t, std::size_t& bytes, float const* in, float* out, std::size_t rows, unsigned row, cudaStream_t s) {
#if CCCL_VERSION >= 3001000
  return cub::DeviceSegmentedReduce::Sum(t, bytes, in, out, std::int64_t(rows), int(row), s);
#else
  auto const offsets = thrust::make_transform_iterator(thrust::make_counting_iterator(std::int64_t{0}), times{row});
  return cub::DeviceSegmentedReduce::Sum(t, bytes, in, out, std::int64_t(rows), offsets, offsets + 1, s);
#endif
}

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

/// The memory of all benchmarks, made when the first one runs.
struct arrays {
  explicit arrays(xl::stream_ref q)
      : numbers{q, largest},
        runs{q, largest},
        out{q, largest},
        more{q, largest},
        floats{q, largest},
        float_out{q, largest},
        count{q, 4},
        workspace{q, std::size_t{3} << 30},
        temporary{q, std::size_t{3} << 30} {
    xl::generate(q, numbers, hashed{});
    xl::generate(q, runs, runs_of_eight{});
    xl::generate(q, floats, small_float{});
  }
  xl::buffer<unsigned> numbers, runs, out, more;
  xl::buffer<float> floats, float_out;
  xl::buffer<std::uint64_t> count;
  xl::workspace workspace;
  xl::buffer<std::byte> temporary;
};

class cases {
 public:
  explicit cases(xl::stream_ref q) : q_{q}, memory_{new std::shared_ptr<arrays>} {}

  /// Adds both sides. `ours(arrays, n)` queues one call; `cub(temporary, bytes, arrays, n)` calls CUB, which only stores `bytes` if
  /// `temporary` is null.
  template <class Ours, class Cub>
  void add(char const* name, double bytes_per_element, Ours const& ours, Cub const& cub) const {
    for (int const log : logarithms) {
      std::size_t const n = std::size_t{1} << log;
      std::string const group = std::string(name) + "_2^" + std::to_string(log);
      int const launches = log >= 24 ? 4 : 50;
      auto const memory = memory_;
      auto const q = q_;
      auto const prepare = [memory, q] {
        if (!*memory) *memory = std::make_shared<arrays>(q);
      };
      bench::add(
          {group + "/crosslane", 3, 5, device_seconds(q, launches, [=] { ours(**memory, n); }), prepare, bytes_per_element * double(n)});
      bench::add({group + "/rival/cub", 3, 5,
                  device_seconds(q, launches,
                                 [=] {
                                   std::size_t bytes = 0;
                                   check(cub(nullptr, bytes, **memory, n));
                                   if (bytes > (*memory)->temporary.size()) throw std::runtime_error("too little memory for CUB");
                                   check(cub((*memory)->temporary.data(), bytes, **memory, n));
                                 }),
                  prepare, bytes_per_element * double(n)});
    }
  }

 private:
  xl::stream_ref q_;
  std::shared_ptr<std::shared_ptr<arrays>> memory_;
};

}  // namespace

void register_device_algorithms(xl::stream_ref q) {
  cases const c{q};
  cudaStream_t const s = q.native();
  c.add(
      "reduce_float", 4,
      [q](arrays& a, std::size_t n) { xl::reduce(q, a.floats.subspan(0, n), a.float_out, xl::plus{}, {.workspace = a.workspace}); },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceReduce::Sum(t, bytes, a.floats.data(), a.float_out.data(), n, s);
      });
  c.add(
      "scan_float", 8,
      [q](arrays& a, std::size_t n) { xl::inclusive_scan(q, a.floats.subspan(0, n), a.float_out, xl::plus{}, {.workspace = a.workspace}); },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceScan::InclusiveSum(t, bytes, a.floats.data(), a.float_out.data(), n, s);
      });
  c.add(
      "copy_if_half", 6,
      [q](arrays& a, std::size_t n) { xl::copy_if(q, a.numbers.subspan(0, n), a.out, a.count, is_odd{}, {.workspace = a.workspace}); },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceSelect::If(t, bytes, a.numbers.data(), a.out.data(), a.count.data(), n, is_odd{}, s);
      });
  c.add(
      "partition_half", 8,
      [q](arrays& a, std::size_t n) {
        xl::partition_copy(q, a.numbers.subspan(0, n), a.out, xl::reversed(a.out.subspan(0, n)), a.count, is_odd{},
                           {.workspace = a.workspace});
      },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DevicePartition::If(t, bytes, a.numbers.data(), a.out.data(), a.count.data(), n, is_odd{}, s);
      });
  c.add(
      "unique_runs_of_8", 4.5,
      [q](arrays& a, std::size_t n) { xl::unique(q, a.runs.subspan(0, n), a.out, a.count, xl::equal_to{}, {.workspace = a.workspace}); },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceSelect::Unique(t, bytes, a.runs.data(), a.out.data(), a.count.data(), n, s);
      });
  c.add(
      "run_length_encode_8", 5,
      [q](arrays& a, std::size_t n) { xl::run_length_encode(q, a.runs.subspan(0, n), a.out, a.more, a.count, {.workspace = a.workspace}); },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceRunLengthEncode::Encode(t, bytes, a.runs.data(), a.out.data(), a.more.data(), a.count.data(), n, s);
      });
  c.add(
      "reduce_by_key_runs_of_8", 9,
      [q](arrays& a, std::size_t n) {
        xl::reduce_by_key(q, a.runs.subspan(0, n), a.floats.subspan(0, n), a.out, a.float_out, a.count, xl::plus{}, xl::equal_to{},
                          {.workspace = a.workspace});
      },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceReduce::ReduceByKey(t, bytes, a.runs.data(), a.out.data(), a.floats.data(), a.float_out.data(), a.count.data(),
                                              cuda::std::plus<>{}, n, s);
      });
  c.add(
      "scan_by_key_runs_of_8", 12,
      [q](arrays& a, std::size_t n) {
        xl::inclusive_scan_by_key(q, a.runs.subspan(0, n), a.floats.subspan(0, n), a.float_out, xl::plus{}, xl::equal_to{},
                                  {.workspace = a.workspace});
      },
      [s](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
        return cub::DeviceScan::InclusiveSumByKey(t, bytes, a.runs.data(), a.floats.data(), a.float_out.data(), n, cuda::std::equal_to<>{},
                                                  s);
      });
  for (unsigned const row : {32u, 1024u, 65536u})
    c.add(("segmented_sum_" + std::to_string(row)).c_str(), 4,
          [q, row](arrays& a, std::size_t n) {
            if (n >= row) xl::segmented_reduce(q, a.floats.subspan(0, n), row, a.float_out, 0.f, xl::plus{}, {.workspace = a.workspace});
          },
          [s, row](void* t, std::size_t& bytes, arrays& a, std::size_t n) {
            if (n < row) return bytes = 1, cudaSuccess;
            return segmented_sum(t, bytes, a.floats.data(), a.float_out.data(), n / row, row, s);
          });
}

}  // namespace bench
