// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans of whole arrays against those of CUB.
#include "device.hpp"

#include <cub/device/device_scan.cuh>

namespace bench {
namespace {

/// Adds an inclusive scan of T to T. `in(arrays)` returns the address of the elements.
template <class T, class In>
void add_inclusive(cases const& c, char const* name, In in) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  c.add(
      name, 2 * sizeof(T),
      [q, in](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::inclusive_scan(q, xl::span<T>{in(a), n}, a.out<T>(n), xl::plus{}, o);
      },
      [s, in](void* t, std::size_t& bytes, arrays& a, int n) {
        // This operator returns a T, so CUB adds in that type, as our side does.
        return cub::DeviceScan::InclusiveScan(t, bytes, in(a), a.out<T>().data(), cuda::std::plus<T>{}, n, s);
      });
}

}  // namespace

void add_device_scans(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  add_inclusive<float>(c, "inclusive_scan_float", [](arrays& a) { return a.floats.data(); });
  add_inclusive<int>(c, "inclusive_scan_int32", [](arrays& a) { return a.ints.data(); });
  add_inclusive<double>(c, "inclusive_scan_double", [](arrays& a) { return a.doubles.data(); });
  add_inclusive<signed char>(c, "inclusive_scan_int8", [](arrays& a) { return reinterpret_cast<signed char*>(a.bytes.data()); });
  c.add(
      "exclusive_scan_float", 8,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::exclusive_scan(q, a.floats.subspan(0, n), a.out<float>(n), 0.f, xl::plus{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceScan::ExclusiveSum(t, bytes, a.floats.data(), a.out<float>().data(), n, s);
      });
  c.add(
      "scan_by_key_runs_of_8", 12,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::inclusive_scan_by_key(q, a.runs.subspan(0, n), a.floats.subspan(0, n), a.out<float>(n), xl::plus{}, xl::equal_to{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceScan::InclusiveSumByKey(t, bytes, a.runs.data(), a.floats.data(), a.out<float>().data(), n,
                                                  cuda::std::equal_to<>{}, s);
      });
}

}  // namespace bench
