// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans of blocks against every algorithm of CUB: exclusive with the total, and inclusive.
#include "cycles.hpp"

#include <cub/block/block_scan.cuh>

namespace bench {
namespace {

template <class T, unsigned Threads>
struct exclusive {
  static constexpr bool sorts = false;
  using scratch = xl::block_scratch<T, block_context<Threads>>;
  static __device__ void run(scratch& s, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    auto const scan = xl::block_exclusive_scan_and_total(ctx, s, v[0], xl::plus{}, T(0));
    v[0] = scan.prefix + scan.total;
  }
};
template <class T, unsigned Threads>
struct inclusive {
  static constexpr bool sorts = false;
  using scratch = xl::block_scratch<T, block_context<Threads>>;
  static __device__ void run(scratch& s, T (&v)[1]) {
    block_context<Threads> const ctx{{}};
    v[0] = xl::block_inclusive_scan(ctx, s, v[0], xl::plus{});
  }
};

template <class T, unsigned Threads, cub::BlockScanAlgorithm Algorithm>
struct cub_exclusive {
  static constexpr bool sorts = false;
  using block = cub::BlockScan<T, Threads, Algorithm>;
  using scratch = typename block::TempStorage;
  static __device__ void run(scratch& s, T (&v)[1]) {
    T prefix, total;
    block(s).ExclusiveSum(v[0], prefix, total);
    v[0] = prefix + total;
  }
};
template <class T, unsigned Threads, cub::BlockScanAlgorithm Algorithm>
struct cub_inclusive {
  static constexpr bool sorts = false;
  using block = cub::BlockScan<T, Threads, Algorithm>;
  using scratch = typename block::TempStorage;
  static __device__ void run(scratch& s, T (&v)[1]) { block(s).InclusiveSum(v[0], v[0]); }
};

template <class T, unsigned Threads>
void add_size(xl::stream_ref q) {
  std::string const what = std::string(name_of<T>()) + ", " + std::to_string(Threads) + " threads";
  add_cycles<exclusive<T, Threads>, T, 1, Threads>(q, "block scan, " + what, "crosslane");
  add_cycles<cub_exclusive<T, Threads, cub::BLOCK_SCAN_WARP_SCANS>, T, 1, Threads>(q, "block scan, " + what, "rival/CUB warp scans");
  add_cycles<cub_exclusive<T, Threads, cub::BLOCK_SCAN_RAKING>, T, 1, Threads>(q, "block scan, " + what, "rival/CUB raking");
  add_cycles<cub_exclusive<T, Threads, cub::BLOCK_SCAN_RAKING_MEMOIZE>, T, 1, Threads>(q, "block scan, " + what,
                                                                                       "rival/CUB raking, memoize");
  add_cycles<inclusive<T, Threads>, T, 1, Threads>(q, "block inclusive scan, " + what, "crosslane");
  add_cycles<cub_inclusive<T, Threads, cub::BLOCK_SCAN_WARP_SCANS>, T, 1, Threads>(q, "block inclusive scan, " + what,
                                                                                   "rival/CUB warp scans");
  add_cycles<cub_inclusive<T, Threads, cub::BLOCK_SCAN_RAKING>, T, 1, Threads>(q, "block inclusive scan, " + what, "rival/CUB raking");
  add_cycles<cub_inclusive<T, Threads, cub::BLOCK_SCAN_RAKING_MEMOIZE>, T, 1, Threads>(q, "block inclusive scan, " + what,
                                                                                       "rival/CUB raking, memoize");
}

template <class T>
void add_type(xl::stream_ref q) {
  add_size<T, 64>(q);
  add_size<T, 128>(q);
  add_size<T, 256>(q);
  add_size<T, 512>(q);
  add_size<T, 1024>(q);
}

}  // namespace

void register_block_scan(xl::stream_ref q) {
  add_type<int>(q);
  add_type<float>(q);
  add_type<double>(q);
}

}  // namespace bench
