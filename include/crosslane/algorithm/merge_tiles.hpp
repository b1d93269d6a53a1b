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
///   auto a_from(std::uint64_t) const;           // see elements_from(): from this element on of the range that the first sequence lies in
///   auto b_from(std::uint64_t) const;           // the same of the second
///   Out out;
///   Less less;
#pragma once

#include <crosslane/algorithm/less.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/range.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/algorithm/stage.hpp>
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/pipeline.hpp>

namespace crosslane {

/// Sizes of merge(): `threads` of a block, `items` that a thread merges. An odd number keeps threads in different banks.
template <unsigned Threads, unsigned Items>
struct merge_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned items = Items;      ///< elements of a thread in a tile
};

namespace detail {

/// Returns the policy for elements of `Bytes` bytes. Tiles take up to 40 KiB. On an H200, a merge to 2^27 elements of 4 bytes takes 299 us
/// with 23 items, 301 with 21, 318 with 17; with 512 threads and 17 items it takes 340 us.
template <std::size_t Bytes>
constexpr auto tuned_merge() {
  if constexpr (Bytes <= 4)
    return merge_policy<256, 23>{};
  else if constexpr (Bytes <= 8)
    return merge_policy<256, 17>{};
  else if constexpr (Bytes <= 16)
    return merge_policy<256, 9>{};
  else if constexpr (Bytes <= 32)
    return merge_policy<256, 5>{};
  else
    return merge_policy<128, Bytes <= 64 ? 5 : 3>{};
}
/// Whether tiles find their parts themselves, by a whole wave each. Otherwise a kernel before does it, by few lanes each: that reads less
/// memory, which matters as soon as it does not come from the L2 cache.
constexpr bool searches_in_tiles(std::uint64_t elements, std::size_t element_bytes) { return elements <= (16u << 20) / element_bytes; }
/// Above these bytes the kernel searches by one lane each. On an H200, 2^24 elements of 4 bytes take 51 us with 8 lanes and 57 us with one,
/// 2^27 elements 325 and 300 us.
inline constexpr std::uint64_t most_bytes_searched_by_8 = std::uint64_t{128} << 20;

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

/// The elements of a range of `size` elements from `first` on: x[0], x[1] ...
template <class R>
struct elements_from {
  R range;
  std::uint64_t first;
  CROSSLANE_FN elements_from(R const& range_, std::uint64_t first_, std::uint64_t) : range{range_}, first{first_} {}
  CROSSLANE_FN typename R::value_type operator[](std::uint64_t i) const { return typename R::value_type(range[first + i]); }
};
/// Those that lie in memory. `end` is the end of the range.
template <class T>
struct elements_from<span<T>> {
  using value_type = std::remove_cv_t<T>;
  value_type const *begin, *at, *end;
  CROSSLANE_FN elements_from(span<T> range, std::uint64_t first, std::uint64_t size)
      : begin{range.data()}, at{begin + first}, end{begin + size} {}
  CROSSLANE_FN value_type operator[](std::uint64_t i) const { return at[i]; }
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
  CROSSLANE_FN auto a_from(std::uint64_t i) const { return elements_from<A>{first, i, count_in_kernel(first)}; }
  CROSSLANE_FN auto b_from(std::uint64_t i) const { return elements_from<B>{second, i, count_in_kernel(second)}; }
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
  CROSSLANE_FN auto a_from(std::uint64_t i) const { return elements_from<In>{in, i, size()}; }
  CROSSLANE_FN auto b_from(std::uint64_t i) const { return a_from(i); }
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
/// The same by all lanes of a group together, at least two, which divide the rest of the range in each step.
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
  return [less = job.less, a = job.a_from(pair.a), b = job.b_from(pair.b)](std::uint64_t i, std::uint64_t k) { return !less(b[k], a[i]); };
}

/// Merges N items from two parts of `from`, which begin at a and b. Items beyond both ends are copies of others. If a part is empty,
/// from[any] is read, and not compared. `inside`: no part ends before N elements.
template <class T, std::size_t N, class Less>
CROSSLANE_FN void merge_items(T const* from, unsigned a, unsigned a_end, unsigned b, unsigned b_end, unsigned any, bool inside,
                              Less const& less, T (&items)[N]) {
  if (inside) {
    T next_a = from[a], next_b = from[b];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      bool const from_b = less(next_b, next_a);
      items[i] = from_b ? next_b : next_a;
      if (i + 1 == N) return;
      a += !from_b;
      b += from_b;
      T const loaded = from[from_b ? b : a];
      next_a = from_b ? next_a : loaded;
      next_b = from_b ? loaded : next_b;
    }
  }
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

/// Two parts of shared memory.
struct shared_parts {
  unsigned a, a_end, b, b_end;
};
/// Merges two parts of `from`. The calling thread gets the items from place `diagonal` of the result on. All lanes of the wave call it.
/// `are_long`: whether most parts are longer than what a wave merges. If a part is empty, from[any] is read.
template <class Wave, class T, std::size_t N, class Less>
CROSSLANE_FN void merge_items_at(Wave const& w, T const* from, shared_parts const& p, unsigned diagonal, unsigned any, bool are_long,
                                 Less const& less, T (&items)[N]) {
  unsigned const i = merge_path(p.a_end - p.a, p.b_end - p.b, diagonal,
                                [=, &less](unsigned a, unsigned b) { return !less(from[p.b + b], from[p.a + a]); });
  unsigned const a = p.a + i, b = p.b + diagonal - i;
  bool const inside = are_long && w.all(a + N <= p.a_end && b + N <= p.b_end);
  merge_items(from, a, p.a_end, b, p.b_end, any, inside, less, items);
}

/// Calls f(i, place) for each item i of the thread and its place in the tile of `count` elements, striped over the block.
template <unsigned N, class Ctx, class F>
CROSSLANE_FN void for_striped(Ctx const& ctx, unsigned count, F const& f) {
  if (count == N * ctx.block_size()) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) f(i, item_position<arrangement::striped, N>(ctx, i));
  } else {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < N; ++i) {
      unsigned const at = item_position<arrangement::striped, N>(ctx, i);
      if (at < count) f(i, at);
    }
  }
}

/// Loads a tile of `count` elements to the block's memory: element(i) for each place i. The elements of a thread pass through `items`, so
/// that all its loads come before its first store. All threads of the block call it.
template <class Ctx, class T, std::size_t N, class Element>
CROSSLANE_FN void load_by_block(Ctx const& ctx, T* memory, T (&items)[N], unsigned count, Element const& element) {
  for_striped<unsigned(N)>(ctx, count, [&](unsigned i, unsigned at) { items[i] = element(at); });
  for_striped<unsigned(N)>(ctx, count, [&](unsigned i, unsigned at) { memory[at] = items[i]; });
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
  if constexpr (is_span<Out> && Ctx::shape::fixed)
    copy_out<Ctx::shape::x, Ctx::shape::x* unsigned(N)>(ctx, memory, out, first, count);
  else
    for_striped<unsigned(N)>(ctx, count, [&](unsigned, unsigned at) { out[first + at] = memory[at]; });
}

/// Returns how many blocks a multiprocessor should hold, if each thread keeps `items` elements in registers.
template <class T>
constexpr int blocks_by_registers(unsigned threads, unsigned items) {
  std::size_t const words = items * sizeof(T) / 4, threads_at_once = words <= 24 ? 1536 : words <= 36 ? 1024 : words <= 64 ? 512 : 256;
  return threads_at_once > threads ? int(threads_at_once / threads) : 1;
}

/// Merges by tiles. `cuts` has the part of the first sequence for each tile; without it the tiles find it.
template <class Policy, class Job>
struct merge_kernel {
  using T = typename Job::value_type;
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr unsigned items = Policy::items, tile = Policy::threads * items;
  static constexpr int min_blocks = blocks_by_registers<T>(Policy::threads, items);
  /// Elements of 16 bytes, the largest piece of a copy; 0 if elements are not copied in such pieces.
  static constexpr unsigned in_piece = 16 % sizeof(T) == 0 ? 16 / sizeof(T) : 0;

  template <class Ctx>
  struct shared {
    pipeline_state<2, Ctx> pipe;
    alignas(16) T items[tile + 4 * in_piece];
    std::uint64_t cuts[2];
  };

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Job const job, std::uint64_t const* cuts) const {
    std::uint64_t const n = job.size(), tiles = pieces_of(n, tile);
    pipeline pipe{ctx, s.pipe};
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
      shared_parts const parts = load(ctx, pipe, k == ctx.block_rank(), s.items, item, job.a_from(pair.a + a), from_a,
                                      job.b_from(pair.b + (diagonal - a)), count - from_a);
      unsigned const own = ctx.thread_rank() * items;
      merge_items_at(wave(ctx), s.items, parts, own < count ? own : count, 0u, true, job.less, item);
      store_by_block(ctx, s.items, item, job.out, first, count);
      ctx.sync_block();  // the memory is used again
    }
  }

 private:
  /// Loads both parts of a tile, and returns where they are. `is_first`: the block has not stored to the memory before. An engine copies to
  /// such memory only, so it needs no fence.
  template <class Ctx, class Pipe, class A, class B>
  CROSSLANE_FN static shared_parts load(Ctx const& ctx, Pipe& pipe, bool is_first, T* memory, T (&item)[items], A const& a,
                                        unsigned a_count, B const& b, unsigned b_count) {
    constexpr bool in_pieces = in_piece != 0 && requires { a.at, b.at; };
    if constexpr (in_pieces) {
      // Whole pieces, with some elements that belong to neighbours. At the ends of a range there may be none.
      copied const from_a{a, a_count}, from_b{b, b_count};
      if (is_first && from_a.exists && from_b.exists) {
        pipe.acquire();
        if (a_count != 0) pipe.copy_block({reinterpret_cast<piece*>(memory), from_a.pieces}, span<piece const>{from_a.from, from_a.pieces});
        T* const second = memory + from_a.pieces * in_piece;
        if (b_count != 0) pipe.copy_block({reinterpret_cast<piece*>(second), from_b.pieces}, span<piece const>{from_b.from, from_b.pieces});
        pipe.commit();
        pipe.wait();
        unsigned const b_begin = unsigned(from_a.pieces) * in_piece + from_b.skipped;
        return {from_a.skipped, from_a.skipped + a_count, b_begin, b_begin + b_count};
      }
    }
    auto const element = [&](unsigned at) { return at < a_count ? T(a[at]) : T(b[at - a_count]); };
    if constexpr (in_pieces) {
      for (auto i : ctx.block_stride(a_count + b_count)) memory[i] = element(i);
      ctx.sync_block();
    } else {
      load_by_block(ctx, memory, item, a_count + b_count, element);
    }
    return {0, a_count, a_count, a_count + b_count};
  }

  using piece = vec<unsigned, 4>;
  /// The pieces that elements lie in. `skipped` elements of the first piece come before them.
  struct copied {
    piece const* from;
    std::size_t pieces;
    unsigned skipped;
    bool exists;
    template <class Elements>
    CROSSLANE_FN copied(Elements const& elements, unsigned count) {
      auto const begin = reinterpret_cast<std::uintptr_t>(elements.at), end = begin + count * sizeof(T);
      auto const down = begin / 16 * 16, up = (end + 15) / 16 * 16;
      from = reinterpret_cast<piece const*>(down);
      pieces = count == 0 ? 0 : (up - down) / 16;
      skipped = count == 0 ? 0 : unsigned((begin - down) / sizeof(T));
      exists = count == 0 || (begin % sizeof(T) == 0 && down >= reinterpret_cast<std::uintptr_t>(elements.begin) &&
                              up <= reinterpret_cast<std::uintptr_t>(elements.end));
    }
  };
};

/// cuts[k] = the part of the first sequence before tile k. `Lanes` lanes search together: 8 of them wait for memory a third as often as
/// one, and read more of it.
template <unsigned Tile, unsigned Lanes, class Job>
struct merge_cuts_kernel {
  static constexpr unsigned threads = 128, groups = threads / Lanes;
  static constexpr auto block = block_size<threads>;

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, Job const job, std::uint64_t* cuts) const {
    std::uint64_t const count = pieces_of(job.size(), Tile);
    for (std::uint64_t k = ctx.block_rank() * groups + ctx.thread_rank() / Lanes; k < count; k += ctx.block_count() * groups) {
      merge_pair const pair = job.pair_at(k * Tile);
      auto const a_first = order_in(job, pair);
      if constexpr (Lanes == 1) {
        cuts[k] = merge_path(pair.a_size, pair.b_size, k * Tile - pair.out, a_first);
      } else {
        auto const group = crosslane::tile<Lanes>(ctx);
        std::uint64_t const cut = merge_path_of_group(group, pair.a_size, pair.b_size, k * Tile - pair.out, a_first);
        if (group.rank() == 0) cuts[k] = cut;
      }
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
  auto const cut = [&](auto lanes) {
    using cutting = merge_cuts_kernel<kernel::tile, lanes(), Job>;
    launch(q, {.grid = grid_of_tiles(q, pieces_of(tiles, cutting::groups), cutting::threads, where), .where = where}, cutting{}, job, cuts);
  };
  if (cuts != nullptr) {
    if (size * sizeof(typename Job::value_type) <= most_bytes_searched_by_8)
      cut(std::integral_constant<unsigned, 8>{});
    else
      cut(std::integral_constant<unsigned, 1>{});
  }
  launch(q, {.grid = grid_of_tiles(q, tiles, Policy::threads, where), .where = where}, kernel{}, job,
         static_cast<std::uint64_t const*>(cuts));
}

/// The merges of elements `begin` to `end` of the output by loops.
template <class Job>
void merge_by_loops(Job const& job, std::uint64_t begin, std::uint64_t end) {
  using value_type = typename Job::value_type;
  std::uint64_t const n = job.size();
  if (end > n) end = n;
  while (begin < end) {
    merge_pair const pair = job.pair_at(begin);
    std::uint64_t const diagonal = begin - pair.out, all = pair.out + pair.a_size + pair.b_size, stop = all < end ? all : end;
    std::uint64_t a = merge_path(pair.a_size, pair.b_size, diagonal, order_in(job, pair)), b = diagonal - a;
    auto const first = job.a_from(pair.a);
    auto const second = job.b_from(pair.b);
    for (; begin < stop && a < pair.a_size && b < pair.b_size; ++begin) {
      value_type const next_a = first[a];
      value_type const next_b = second[b];
      bool const from_b = job.less(next_b, next_a);
      job.out[begin] = from_b ? next_b : next_a;
      a += !from_b;
      b += from_b;
    }
    for (; begin < stop && a < pair.a_size; ++begin, ++a) job.out[begin] = value_type(first[a]);
    for (; begin < stop; ++begin, ++b) job.out[begin] = value_type(second[b]);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail
}  // namespace crosslane
