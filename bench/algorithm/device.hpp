// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the benchmarks of device-wide algorithms share: their memory, and how one is added. The rivals come with the toolkit, or with a
/// newer CCCL whose headers are found first.
#pragma once

#include "../bench.hpp"

#include <crosslane/algorithm.hpp>

#include <cuda_runtime.h>

#include <functional>
#include <string>

namespace bench {

/// The memory of all benchmarks, made when the first one runs. Sums of `floats`, `ints` and `doubles` are exact in any order.
struct arrays {
  static constexpr std::size_t largest = std::size_t{1} << 28;

  explicit arrays(xl::stream_ref q);

  xl::buffer<unsigned> random;        ///< different numbers in random order
  xl::buffer<unsigned> few;           ///< 8 different numbers in random order
  xl::buffer<unsigned> runs;          ///< runs of 8 equal numbers
  xl::buffer<unsigned> sorted;        ///< two halves, each of which is sorted by itself
  xl::buffer<std::uint64_t> wide;     ///< random numbers of 64 bits
  xl::buffer<float> random_floats;    ///< from -1 to 1
  xl::buffer<float> floats;           ///< small multiples of 1/16
  xl::buffer<int> ints;               ///< small numbers
  xl::buffer<double> doubles;         ///< small multiples of 1/16
  xl::buffer<unsigned char> bytes;    ///< random bytes
  xl::buffer<unsigned char> zeros;    ///< equal bytes
  xl::buffer<std::uint64_t> outputs;  ///< see out() and more()
  xl::buffer<std::uint64_t> count;    ///< the output of numbers and places
  xl::buffer<float> ignored;          ///< an output that only the rival has
  xl::workspace workspace;            ///< as large as a call on our side needs
  xl::buffer<std::byte> temporary;    ///< as large as a call of the rival needs

  /// @{
  /// Returns the memory of a result: n elements of up to 8 and of up to 4 bytes.
  template <class T>
  xl::span<T> out(std::size_t n = largest) {
    return {reinterpret_cast<T*>(outputs.data()), n};
  }
  template <class T>
  xl::span<T> more(std::size_t n = largest) {
    return {reinterpret_cast<T*>(outputs.data() + largest), n};
  }
  /// @}
};

/// Queues one call on the first n elements.
using our_call = std::function<void(arrays& a, std::size_t n, xl::options<> const& o)>;
/// Does the same by CUB, which only stores `bytes` if `temporary` is null. The number of elements is an int, as then CUB counts in 32 bits.
using cub_call = std::function<cudaError_t(void* temporary, std::size_t& bytes, arrays& a, int n)>;

/// What few benchmarks need.
struct case_details {
  std::size_t least = 1;                                   ///< the smallest n
  char const* rival = "";                                  ///< what to add to the rival's name
  std::function<void(arrays& a, std::size_t n)> finish{};  ///< makes results comparable, where the rival promises less or writes more
};

/// Adds benchmarks of one stream.
class cases {
 public:
  explicit cases(xl::stream_ref q) : q_{q}, memory_{new std::unique_ptr<arrays>} {}

  [[nodiscard]] xl::stream_ref stream() const { return q_; }

  /// Adds both sides, with sizes from 2^12 to 2^28. Both have their memory beforehand. Before the first measurement it compares their
  /// results, all bits. GB/s are counted with `bytes_per_element`. The rival's name has the version of CCCL.
  void add(std::string const& name, double bytes_per_element, our_call const& ours, cub_call const& cub,
           case_details const& details = {}) const;

 private:
  xl::stream_ref q_;
  std::shared_ptr<std::unique_ptr<arrays>> memory_;
};

// One function for each source file.
void add_device_reductions(cases const& c);
void add_device_scans(cases const& c);
void add_device_selections(cases const& c);
void add_device_sorts(cases const& c);
void add_device_merges(cases const& c);
void add_device_segments(cases const& c);

}  // namespace bench
