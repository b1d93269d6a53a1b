// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sorting the keys of a block against CUB's radix sort with digits of 4 bits (its default) and of 5 bits.
#include "cycles.hpp"

#include <cub/block/block_radix_sort.cuh>

namespace bench {
namespace {

template <class T, unsigned Items, unsigned Threads>
struct sort {
  static constexpr bool sorts = true;
  using scratch = xl::block_sort_scratch<T, Items, block_context<Threads>>;
  static __device__ void run(scratch& s, T (&keys)[Items]) {
    block_context<Threads> const ctx{{}};
    xl::block_sort(ctx, s, keys);
  }
};
template <class T, unsigned Items, unsigned Threads, int Bits>
struct cub_sort {
  static constexpr bool sorts = true;
  using block = cub::BlockRadixSort<T, Threads, Items, cub::NullType, Bits>;
  using scratch = typename block::TempStorage;
  static __device__ void run(scratch& s, T (&keys)[Items]) { block(s).Sort(keys); }
};

template <class T, unsigned Items, unsigned Threads>
void add_size(xl::stream_ref q) {
  std::string const what = std::string("block sort, ") + name_of<T>() + ", " + std::to_string(Threads) + " threads of " +
                           std::to_string(Items) + (Items == 1 ? " key" : " keys");
  add_cycles<sort<T, Items, Threads>, T, Items, Threads>(q, what, "crosslane");
  add_cycles<cub_sort<T, Items, Threads, 4>, T, Items, Threads>(q, what, "rival/CUB, 4 bits");
  add_cycles<cub_sort<T, Items, Threads, 5>, T, Items, Threads>(q, what, "rival/CUB, 5 bits");
}

template <class T>
void add_type(xl::stream_ref q) {
  add_size<T, 1, 64>(q);
  add_size<T, 1, 256>(q);
  add_size<T, 1, 1024>(q);
  add_size<T, 4, 64>(q);
  add_size<T, 4, 128>(q);
  add_size<T, 4, 256>(q);
  add_size<T, 4, 512>(q);
  add_size<T, 4, 1024>(q);
  add_size<T, 8, 256>(q);
}

}  // namespace

void register_block_sort(xl::stream_ref q) {
  add_type<int>(q);
  add_type<float>(q);
  add_type<double>(q);
}

}  // namespace bench
