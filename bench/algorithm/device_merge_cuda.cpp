// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Merges and merge sorts of whole arrays against those of CUB.
#include "device.hpp"

#include <cub/device/device_merge.cuh>
#include <cub/device/device_merge_sort.cuh>

namespace bench {

void add_device_merges(cases const& c) {
  auto const q = c.stream();
  cudaStream_t const s = q.native();
  c.add(
      "merge_uint32", 8,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        xl::merge(q, a.sorted.subspan(0, n / 2), a.sorted.subspan(arrays::largest / 2, n / 2), a.out<unsigned>(n), xl::less{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceMerge::MergeKeys(t, bytes, a.sorted.data(), n / 2, a.sorted.data() + arrays::largest / 2, n / 2,
                                           a.out<unsigned>().data(), cuda::std::less<>{}, s);
      });
  c.add(
      "merge_sort_uint32", 8,
      [q](arrays& a, std::size_t n, xl::options<> const& o) {
        // Our sort is in place, so the copy is a part of what keeps the input costs.
        xl::copy(q, a.random.subspan(0, n), a.out<unsigned>(n));
        xl::merge_sort(q, a.out<unsigned>(n), xl::less{}, o);
      },
      [s](void* t, std::size_t& bytes, arrays& a, int n) {
        return cub::DeviceMergeSort::SortKeysCopy(t, bytes, a.random.data(), a.out<unsigned>().data(), n, cuda::std::less<>{}, s);
      });
}

}  // namespace bench
