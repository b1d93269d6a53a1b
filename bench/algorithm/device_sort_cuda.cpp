// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Radix sorts of whole arrays, and the search for the best elements, against those of CUB.
#include "device.hpp"

#include <cub/device/device_radix_sort.cuh>
#if __has_include(<cub/device/device_topk.cuh>)
#include <cub/device/device_topk.cuh>

#include <cuda/stream_ref>
#endif

namespace bench {
namespace {

/// Adds an ascending sort of keys. `in(arrays)` returns the buffer of the keys.
template <class In>
void add_keys(cases const& c, char const* name, In in) {
  using T = std::remove_cvref_t<decltype(*in(std::declval<arrays&>()).data())>;
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  c.add(
      name, 2 * sizeof(T),
      [q, in](arrays& a, std::size_t n, xl::options<> const& o) { xl::radix_sort(q, in(a).subspan(0, n), a.out<T>(n), o); },
      [s, in](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceRadixSort::SortKeys(t, bytes, in(a).data(), a.out<T>().data(), n, 0, int(8 * sizeof(T)), s);
      });
}

#if __has_include(<cub/device/device_topk.cuh>)
constexpr char const* top_k_rival = "_DeviceTopK_unsorted";
cudaError_t largest_by_cub(void* t, std::size_t& bytes, unsigned const* in, unsigned* out, int n, int k, cudaStream_t s) {
  namespace execution = cuda::execution;
  auto const asked = execution::require(execution::determinism::not_guaranteed, execution::output_ordering::unsorted);
  return cub::DeviceTopK::MaxKeys(t, bytes, in, out, n, k, cuda::std::execution::env{cuda::stream_ref{s}, asked});
}
#else
constexpr char const* top_k_rival = "_DeviceRadixSort_of_all";
cudaError_t largest_by_cub(void* t, std::size_t& bytes, unsigned const* in, unsigned* out, int n, int, cudaStream_t s) {
  return cub::DeviceRadixSort::SortKeysDescending(t, bytes, in, out, n, 0, 32, s);
}
#endif

}  // namespace

void add_device_sorts(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  add_keys(c, "radix_sort_uint32", [](arrays& a) -> auto& { return a.random; });
  add_keys(c, "radix_sort_uint32_few", [](arrays& a) -> auto& { return a.few; });
  add_keys(c, "radix_sort_uint64", [](arrays& a) -> auto& { return a.wide; });
  c.add(
      "radix_sort_float_descending", 8,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::radix_sort<xl::sort_order::descending>(q, a.random_floats.subspan(0, n), a.out<float>(n), o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceRadixSort::SortKeysDescending(t, bytes, a.random_floats.data(), a.out<float>().data(), n, 0, 32, s);
      });
  c.add(
      "radix_sort_pairs_uint32", 16,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::radix_sort_by_key(q, a.random.subspan(0, n), a.runs.subspan(0, n), a.out<unsigned>(n), a.more<unsigned>(n), o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceRadixSort::SortPairs(t, bytes, a.random.data(), a.out<unsigned>().data(), a.runs.data(),
                                               a.more<unsigned>().data(), n, 0, 32, s);
      });

  static constexpr unsigned k = 64;
  c.add(
      "top_k_64_uint32", 4,
      [q](arrays& a, std::size_t n, xl::options<> const& o) { xl::top_k(q, a.random.subspan(0, n), a.out<unsigned>(k), k, o); },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return largest_by_cub(t, bytes, a.random.data(), a.out<unsigned>().data(), n, int(k), s);
      },
      {.rival = top_k_rival, .finish = [q, s](arrays& a, std::size_t n) {
         xl::radix_sort<xl::sort_order::descending>(q, a.out<unsigned>(k), a.out<unsigned>(k));
         cudaMemsetAsync(a.out<unsigned>().data() + k, 0, (n - k) * sizeof(unsigned), s);
       }});
}

}  // namespace bench
