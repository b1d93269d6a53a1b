// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The engine of merge() and merge_sort(): merges of two sorted sequences by tiles of their output. The first d elements of the output are
/// the first i of one sequence and the first d - i of the other. A binary search along the diagonal d finds i. The ends of a tile so give
/// the parts of both sequences that it is made of; inside a tile, each thread finds its part in the same way. The method is from O. Green,
/// R. McColl, D. Bader: GPU Merge Path, 2012.
///
/// A class `Job` says which sequences are merged:
///
///   using value_type = T;
///   std::uint64_t size() const;                 // elements of the output; a kernel calls it
///   merge_pair pair_at(std::uint64_t) const;    // the two sequences to which an element of the output belongs
///   T a(std::uint64_t) const;                   // an element of the range that the first sequence lies in
///   T b(std::uint64_t) const;                   // of the second
///   Out out;
///   Less less;
#pragma once

#include <crosslane/algorithm/less.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/range.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/kernel/block.hpp>

namespace crosslane {

/// Sizes of merge(): `threads` of a block, `items` that a thread merges. An odd number keeps threads in different banks.
template <unsigned Threads, unsigned Items>
struct merge_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned items = Items;      ///< elements of a thread in a tile
};

namespace detail {

/// Returns the policy for elements of `Bytes` bytes. Tiles are a little larger than a power of two, and take up to 40 KiB.
template <std::size_t Bytes>
constexpr auto tuned_merge() {
  if constexpr (Bytes <= 8)
    return merge_policy<256, 17>{};
  else if constexpr (Bytes <= 16)
    return merge_policy<256, 9>{};
  else if constexpr (Bytes <= 32)
    return merge_policy<256, 5>{};
  else
    return merge_policy<128, Bytes <= 64 ? 5 : 3>{};
}
/// Whether tiles find their parts themselves, by a whole wave each. Otherwise a kernel before does it, by one thread each: that reads less
/// memory, which matters as soon as it does not come from the L2 cache.
constexpr bool searches_in_tiles(std::uint64_t elements, std::size_t element_bytes) { return elements <= (16u << 20) / element_bytes; }

/// Compares the first values of pairs.
template <class Less>
struct less_firsts {
  Less less;
  template <class A, class B>
  CROSSLANE_FN bool operator()(pair<A, B> const& a, pair<A, B> const& b) const {
    return less(a.first, b.first);
  }
};

/// Two neighbouring parts of ranges, which are merged. `out` is the place of the result.
struct merge_pair {
  std::uint64_t a, a_size, b, b_size, out;
};

/// Merges a whole range with another.
template <class A, class B, class Out, class Less>
struct merge_ranges {
  using value_type = typename A::value_type;
  A first;
  B second;
  Out out;
  Less less;

  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(first) + count_in_kernel(second); }
  CROSSLANE_FN merge_pair pair_at(std::uint64_t) const { return {0, count_in_kernel(first), 0, count_in_kernel(second), 0}; }
  CROSSLANE_FN value_type a(std::uint64_t i) const { return value_type(first[i]); }
  CROSSLANE_FN value_type b(std::uint64_t i) const { return value_type(second[i]); }
};

/// Merges each two neighbouring runs of `run` elements. `counted` is a range with the number of elements.
template <class In, class Out, class Counted, class Less>
struct merge_runs {
  using value_type = typename In::value_type;
  In in;
  Out out;
  Counted counted;
  Less less;
  std::uint64_t run;

  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(counted); }
  CROSSLANE_FN merge_pair pair_at(std::uint64_t position) const {
    std::uint64_t const n = size(), a = position - position % (2 * run), b = n - a < run ? n : a + run;
    return {a, b - a, b, n - b < run ? n - b : run, a};
  }
  CROSSLANE_FN value_type a(std::uint64_t i) const { return value_type(in[i]); }
  CROSSLANE_FN value_type b(std::uint64_t i) const { return value_type(in[i]); }
};

/// Returns how many of the first `diagonal` elements of the merged sequence come from the first one. `a_first(i, k)` tells whether element
/// i of the first sequence comes before element k of the second.
template <class Index, class AFirst>
CROSSLANE_FN Index merge_path(Index a_size, Index b_size, Index diagonal, AFirst const& a_first) {
  Index low = diagonal < b_size ? 0 : diagonal - b_size, high = diagonal < a_size ? diagonal : a_size;
  while (low < high) {
    Index const middle = low + (high - low) / 2;
    if (a_first(middle, diagonal - 1 - middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}
/// The same by all lanes of a group together, which divide the rest of the range in each step.
template <class Group, class AFirst>
CROSSLANE_FN std::uint64_t merge_path_of_group(Group const& group, std::uint64_t a_size, std::uint64_t b_size, std::uint64_t diagonal,
                                               AFirst const& a_first) {
  std::uint64_t low = diagonal < b_size ? 0 : diagonal - b_size, high = diagonal < a_size ? diagonal : a_size;
  unsigned const lanes = group.size();
  while (low < high) {
    std::uint64_t const left = high - low, step = left < lanes ? 1 : left / lanes, probe = low + (group.rank() + 1) * step - 1;
    unsigned const before = group.ballot(probe < high && a_first(probe, diagonal - 1 - probe)).count();
    if (before < lanes && (before + 1) * step <= left) high = low + (before + 1) * step - 1;
    low += before * step;
  }
  return low;
}
/// Returns a_first for a pair of a job.
template <class Job>
CROSSLANE_FN auto order_in(Job const& job, merge_pair const& pair) {
  return [&job, &pair](std::uint64_t i, std::uint64_t k) { return !job.less(job.b(pair.b + k), job.a(pair.a + i)); };
}

/// Merges N items from two parts of `from`, which begin at a and b. Items beyond both ends are copies of others. If a part is empty,
/// from[any] is read, and not compared.
template <class T, std::size_t N, class Less>
CROSSLANE_FN void merge_items(T const* from, unsigned a, unsigned a_end, unsigned b, unsigned b_end, unsigned any, Less const& less,
                              T (&items)[N]) {
  T next_a = from[a < a_end ? a : any], next_b = from[b < b_end ? b : any];
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) {
    bool const from_b = b < b_end && (a >= a_end || less(next_b, next_a));
    items[i] = from_b ? next_b : next_a;
    a += !from_b;
    b += from_b;
    unsigned const next = from_b ? b : a;
    if (next < (from_b ? b_end : a_end)) {
      T const loaded = from[next];
      next_a = from_b ? next_a : loaded;
      next_b = from_b ? loaded : next_b;
    }
  }
}

/// Merges two parts of shared memory that follow each other, as `from[begin]` to `from[middle]` and to `from[end]`. The calling thread gets
/// the items from place `diagonal` of the result on.
template <class T, std::size_t N, class Less>
CROSSLANE_FN void merge_items_at(T const* from, unsigned begin, unsigned middle, unsigned end, unsigned diagonal, unsigned any,
                                 Less const& less, T (&items)[N]) {
  unsigned const i = merge_path(middle - begin, end - middle, diagonal,
                                [=, &less](unsigned a, unsigned b) { return !less(from[middle + b], from[begin + a]); });
  merge_items(from, begin + i, middle, middle + diagonal - i, end, any, less, items);
}

/// Loads a tile of `count` elements to the block's memory: element(i) for each place i. The elements of a thread pass through `items`, so
/// that all its loads come before its first store. All threads of the block call it.
template <class Ctx, class T, std::size_t N, class Element>
CROSSLANE_FN void load_by_block(Ctx const& ctx, T* memory, T (&items)[N], unsigned count, Element const& element) {
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) {
    unsigned const at = item_position<arrangement::striped, unsigned(N)>(ctx, i);
    if (at < count) items[i] = element(at);
  }
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) {
    unsigned const at = item_position<arrangement::striped, unsigned(N)>(ctx, i);
    if (at < count) memory[at] = items[i];
  }
  ctx.sync_block();
}

/// Stores the items of a block, of which each thread has neighbouring ones, to out[first] and following, `count` in all. `memory` holds all
/// items. All threads of the block call it.
template <class Ctx, class T, std::size_t N, class Out>
CROSSLANE_FN void store_by_block(Ctx const& ctx, T* memory, T const (&items)[N], Out const& out, std::uint64_t first, unsigned count) {
  ctx.sync_block();
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) memory[item_position<arrangement::blocked, unsigned(N)>(ctx, i)] = items[i];
  ctx.sync_block();
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < N; ++i) {
    unsigned const at = item_position<arrangement::striped, unsigned(N)>(ctx, i);
    if (at < count) out[first + at] = memory[at];
  }
}

/// Merges by tiles. `cuts` has the part of the first sequence for each tile; without it the tiles find it.
template <class Policy, class Job>
struct merge_kernel {
  using T = typename Job::value_type;
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr unsigned items = Policy::items, tile = Policy::threads * items;

  template <class Ctx>
  struct shared {
    T items[tile];
    std::uint64_t cuts[2];
  };

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Job const job, std::uint64_t const* cuts) const {
    std::uint64_t const n = job.size(), tiles = pieces_of(n, tile);
    for (std::uint64_t k = ctx.block_rank(); k < tiles; k += ctx.block_count()) {
      std::uint64_t const first = k * tile;
      merge_pair const pair = job.pair_at(first);
      std::uint64_t const diagonal = first - pair.out, left = pair.a_size + pair.b_size - diagonal;
      unsigned const count = left < tile ? unsigned(left) : tile;
      std::uint64_t a, a_end;
      if (cuts != nullptr) {
        a = cuts[k];
        a_end = left <= tile ? pair.a_size : cuts[k + 1];
      } else {
        for (unsigned end = ctx.wave_rank(); end < 2; end += ctx.wave_count()) {
          auto const w = wave(ctx);
          std::uint64_t const cut =
              merge_path_of_group(w, pair.a_size, pair.b_size, diagonal + (end != 0 ? count : 0), order_in(job, pair));
          if (w.rank() == 0) s.cuts[end] = cut;
        }
        ctx.sync_block();
        a = s.cuts[0];
        a_end = s.cuts[1];
      }
      // The ends of a tile are in order if `less` is one. Otherwise elements are lost, but no place outside is accessed.
      unsigned const from_a = a_end < a ? 0 : a_end - a > count ? count : unsigned(a_end - a);
      T item[items];
      load_by_block(ctx, s.items, item, count,
                    [&](unsigned at) { return at < from_a ? job.a(pair.a + a + at) : job.b(pair.b + (diagonal - a) + (at - from_a)); });
      unsigned const own = ctx.thread_rank() * items;
      merge_items_at(s.items, 0u, from_a, count, own < count ? own : count, 0u, job.less, item);
      store_by_block(ctx, s.items, item, job.out, first, count);
      ctx.sync_block();  // the memory is used again
    }
  }
};

/// cuts[k] = the part of the first sequence before tile k.
template <unsigned Tile, class Job>
struct merge_cuts_kernel {
  static constexpr auto block = block_size<128>;

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, Job const job, std::uint64_t* cuts) const {
    std::uint64_t const n = job.size();
    for (auto const k : ctx.grid_stride(n / Tile + (n % Tile != 0))) {
      merge_pair const pair = job.pair_at(k * Tile);
      cuts[k] = merge_path(pair.a_size, pair.b_size, k * Tile - pair.out, order_in(job, pair));
    }
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the grid of a kernel that takes one tile for each block, and more if that exceeds the device's largest grid.
template <runtime_backend B>
unsigned grid_of_tiles(basic_stream_ref<B> q, std::uint64_t tiles, unsigned threads, source_location where) {
  device_properties const& p = q.properties(where);
  std::uint64_t const by_threads = p.max_threads_per_axis / threads, most = by_threads < p.max_grid.x ? by_threads : p.max_grid.x;
  return unsigned(tiles < most ? tiles : most);
}

/// Queues the merges of a job of at most `size` elements. `cuts` has a place for each tile, or is null.
template <class Policy, runtime_backend B, class Job>
void queue_merge(basic_stream_ref<B> q, Job const& job, std::uint64_t size, std::uint64_t* cuts, source_location where) {
  using kernel = merge_kernel<Policy, Job>;
  std::uint64_t const tiles = pieces_of(size, kernel::tile);
  if (cuts != nullptr)
    launch(q, {.grid = grid_of_tiles(q, (tiles + 127) / 128, 128, where), .where = where}, merge_cuts_kernel<kernel::tile, Job>{}, job,
           cuts);
  launch(q, {.grid = grid_of_tiles(q, tiles, Policy::threads, where), .where = where}, kernel{}, job,
         static_cast<std::uint64_t const*>(cuts));
}

/// The merges of elements `begin` to `end` of the output by loops.
template <class Job>
void merge_by_loops(Job const& job, std::uint64_t begin, std::uint64_t end) {
  std::uint64_t const n = job.size();
  if (end > n) end = n;
  while (begin < end) {
    merge_pair const pair = job.pair_at(begin);
    std::uint64_t const diagonal = begin - pair.out, all = pair.out + pair.a_size + pair.b_size, stop = all < end ? all : end;
    std::uint64_t a = merge_path(pair.a_size, pair.b_size, diagonal, order_in(job, pair)), b = diagonal - a;
    for (; begin < stop && a < pair.a_size && b < pair.b_size; ++begin) {
      auto const next_a = job.a(pair.a + a);
      auto const next_b = job.b(pair.b + b);
      bool const from_b = job.less(next_b, next_a);
      job.out[begin] = from_b ? next_b : next_a;
      a += !from_b;
      b += from_b;
    }
    for (; begin < stop && a < pair.a_size; ++begin, ++a) job.out[begin] = job.a(pair.a + a);
    for (; begin < stop; ++begin, ++b) job.out[begin] = job.b(pair.b + b);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail
}  // namespace crosslane
