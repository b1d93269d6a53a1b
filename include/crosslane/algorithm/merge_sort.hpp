// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Stable sorts by any order: merge_sort().
///
///   xl::merge_sort(q, names, [] CROSSLANE_LAMBDA(name const& a, name const& b) { return a.last < b.last; });
///
/// The host calls it, and it does not wait. Up to 8192 elements of 4 bytes, or as many as take 32 KiB, are sorted by one kernel
/// (rank_sort.hpp). Of more, blocks sort tiles, then passes over all elements merge each two neighbouring runs. The
/// workspace has room for all elements once more. With tiles of `tile` elements there are 1 + ceil(log2(n / tile)) passes, each of which
/// reads and writes each element once.
#pragma once

#include <crosslane/algorithm/merge.hpp>
#include <crosslane/algorithm/rank_sort.hpp>

#include <algorithm>
#include <memory>

namespace crosslane {

/// Sizes of merge_sort(): threads of a block that sorts a tile, and of one that merges, and `items` of a thread in both. The first is a
/// multiple of the second. Up to `ranked` elements are sorted by counting.
template <unsigned SortThreads, unsigned MergeThreads, unsigned Items, unsigned Ranked = detail::most_ranked>
struct merge_sort_policy {
  static constexpr unsigned sort_threads = SortThreads;    ///< threads of a block that sorts
  static constexpr unsigned merge_threads = MergeThreads;  ///< threads of a block that merges
  static constexpr unsigned items = Items;    ///< elements of a thread in a tile; an odd number keeps threads in different banks
  static constexpr unsigned ranked = Ranked;  ///< most elements that are sorted by counting
  static_assert((SortThreads & (SortThreads - 1)) == 0 && SortThreads % MergeThreads == 0,
                "crosslane: the threads of a block that sorts must be a power of two and a multiple of those of a block that merges");
};

namespace detail {

/// Returns the policy for elements of `Bytes` bytes. On an H200, 2^24 elements of 4 bytes take 736 us with 512 threads and 23 items, 740
/// with 21, 764 with 256 and 21, 807 with 1024 and 17.
template <std::size_t Bytes>
constexpr auto tuned_merge_sort() {
  using merging = decltype(tuned_merge<Bytes>());
  return merge_sort_policy<Bytes <= 4 ? 512 : merging::threads, merging::threads, merging::items>{};
}

/// Memory for the elements of a range: arrays of the same types.
template <class R>
struct elements_in_workspace {
  using type = span<typename R::value_type>;
  static type take(payload_layout& layout, std::size_t count) { return {layout.take<typename R::value_type>(count), count}; }
};
template <class First, class Second>
struct elements_in_workspace<zipped_range<First, Second>> {
  using first = elements_in_workspace<First>;
  using second = elements_in_workspace<Second>;
  using type = zipped_range<typename first::type, typename second::type>;
  static type take(payload_layout& layout, std::size_t count) { return type{first::take(layout, count), second::take(layout, count)}; }
};
template <class R>
struct elements_in_workspace<counted_range<R>> : elements_in_workspace<R> {};

/// Sorts the items of a thread. Only neighbours change places, so the order of equal items stays.
template <class T, std::size_t N, class Less>
CROSSLANE_FN void sort_items(T (&items)[N], Less const& less) {
  CROSSLANE_UNROLL
  for (unsigned round = 0; round < N; ++round) {
    CROSSLANE_UNROLL
    for (unsigned i = round % 2; i + 1 < N; i += 2) {
      bool const swap = less(items[i + 1], items[i]);
      T const low = swap ? items[i + 1] : items[i], high = swap ? items[i] : items[i + 1];
      items[i] = low;
      items[i + 1] = high;
    }
  }
}

/// Sorts each tile of `in` to the same places of `out`, which may be `in`.
template <class Policy, class T>
struct sort_tiles_kernel {
  static constexpr unsigned threads = Policy::sort_threads, items = Policy::items, tile = threads * items;
  static constexpr auto block = block_size<threads>;
  static constexpr int min_blocks = blocks_by_registers<T>(threads, items);

  template <class Ctx>
  struct shared {
    alignas(16) T items[tile];
  };

  template <kernel_context Ctx, class In, class Out, class Counted, class Less>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, In const in, Out const out, Counted const counted, Less const less) const {
    std::uint64_t const n = count_in_kernel(counted), tiles = pieces_of(n, tile);
    for (std::uint64_t k = ctx.block_rank(); k < tiles; k += ctx.block_count()) {
      std::uint64_t const first = k * tile, left = n - first;
      unsigned const count = left < tile ? unsigned(left) : tile;
      T item[items];
      load(ctx, s, in, first, count, less, item);
      sort_items(item, less);
      merge_threads(ctx, s, count, less, item);
      store_by_block(ctx, s.items, item, out, first, count);
      ctx.sync_block();  // the memory is used again
    }
  }

 private:
  /// Loads neighbouring items. Those of a thread beyond the last element are copies of its largest, and so stay behind it.
  template <class Ctx, class In, class Less>
  CROSSLANE_FN static void load(Ctx const& ctx, shared<Ctx>& s, In const& in, std::uint64_t first, unsigned count, Less const& less,
                                T (&item)[items]) {
    load_by_block(ctx, s.items, item, count, [&](unsigned at) { return T(in[first + at]); });
    unsigned const own = ctx.thread_rank() * items;
    if (count == tile) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) item[i] = s.items[own + i];
    } else {
      T largest = s.items[own < count ? own : 0];
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) {
        if (own + i < count) {
          T const loaded = s.items[own + i];
          item[i] = loaded;
          largest = less(largest, loaded) ? loaded : largest;
        } else {
          item[i] = largest;
        }
      }
      // Other threads may still read s.items[0], which its owner writes next.
      ctx.sync_block();
    }
  }

  /// Merges the sorted items of each two threads, then of each four, and so on. The first rounds stay in a wave.
  template <class Ctx, class Less>
  CROSSLANE_FN static void merge_threads(Ctx const& ctx, shared<Ctx>& s, unsigned count, Less const& less, T (&item)[items]) {
    unsigned const rank = ctx.thread_rank();
    auto const clip = [count](unsigned place) { return place < count ? place : count; };
    CROSSLANE_NO_UNROLL
    for (unsigned width = 1; width < threads; width *= 2) {
      bool const in_wave = 2 * width <= Ctx::wave_size;
      auto const sync = [&] {
        if (in_wave)
          wave(ctx).sync();
        else
          ctx.sync_block();
      };
      if (width != 1) sync();
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < items; ++i) s.items[rank * items + i] = item[i];
      sync();
      unsigned const begin = rank / (2 * width) * (2 * width) * items, middle = clip(begin + width * items);
      unsigned const end = clip(begin + 2 * width * items), from = clip(begin), diagonal = clip(rank * items) - from;
      merge_items_at(wave(ctx), s.items, {from, middle, middle, end}, diagonal, rank * items, !in_wave, less, item);
    }
  }
};

/// A sort of a few elements by ranks, in place.
template <class R, class Counted, class Less>
struct merge_rank_job {
  using compared = typename R::value_type;
  using element = compared;
  R range;
  Counted counted;
  stable_order<Less> order;

  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(counted); }
  CROSSLANE_FN element compared_at(unsigned i) const { return element(range[i]); }
  CROSSLANE_FN element load(unsigned i) const { return element(range[i]); }
  CROSSLANE_FN void store(unsigned i, element const& moved) const { range[i] = moved; }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws if the memory of a sort is read-only.
template <class R>
struct check_sorted {
  static_assert(
      requires(R const& r, typename R::value_type const& x) { r[std::uint64_t{}] = x; },
      "crosslane: merge_sort() sorts in place, so it must be able to store to the range: see R of check_sorted");
  static constexpr bool ok = true;
};

/// A stable sort of one thread: insertion in short runs, then merges to and fro. Not std::stable_sort, which warns of deprecated functions
/// with some compilers.
template <class T, class Less>
void sort_by_loops(T* data, T* spare, std::size_t n, Less const& less) {
  constexpr std::size_t shortest = 16;
  for (std::size_t first = 0; first < n; first += shortest) {
    std::size_t const end = n - first < shortest ? n : first + shortest;
    for (std::size_t i = first + 1; i < end; ++i) {
      T const item = data[i];
      std::size_t k = i;
      for (; k > first && less(item, data[k - 1]); --k) data[k] = data[k - 1];
      data[k] = item;
    }
  }
  T *from = data, *to = spare;
  for (std::size_t run = shortest; run < n; run *= 2) {
    for (std::size_t a = 0; a < n; a += 2 * run) {
      std::size_t const b = n - a < run ? n : a + run, end = n - b < run ? n : b + run;
      std::merge(from + a, from + b, from + b, from + end, to + a, less);
    }
    std::swap(from, to);
  }
  if (from != data) std::copy(from, from + n, data);
}

/// Queues a sort of the elements of `range`. `counted` is a range with their number.
template <class Policy, runtime_backend B, class R, class Counted, class Less>
void queue_merge_sort(basic_stream_ref<B> q, char const* call, R const& range, Counted const& counted, Less const& less,
                      workspace_reference const& given, source_location where) {
  using T = typename R::value_type;
  static_assert(check_sorted<R>::ok && check_merged<T>::ok);
  std::uint64_t const size = range.size();
  if (size == 0) return;
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    // An odd number of passes, so that what is sorted first is in an array of the program, whatever the range is.
    unsigned passes = 1;
    while ((1u << passes) < q.properties(where).multiprocessors) passes += 2;
    std::uint64_t const runs = std::uint64_t{1} << passes, run = (size + runs - 1) / runs;
    std::shared_ptr<T[]> const memory{new T[std::size_t(size)]}, spare{new T[std::size_t(size)]};
    span<T> const other{memory.get(), std::size_t(size)};
    run_loops<Less>(
        q, runs,
        [range, counted, other, spare, less, run](std::uint64_t begin, std::uint64_t end) {
          std::uint64_t const n = count_in_kernel(counted);
          for (; begin < end && begin * run < n; ++begin) {
            std::uint64_t const first = begin * run, last = n - first < run ? n : first + run;
            for (std::uint64_t i = first; i < last; ++i) other[i] = T(range[i]);
            sort_by_loops(other.data() + first, spare.get() + first, std::size_t(last - first), less);
          }
        },
        where, 1);
    for (unsigned pass = 0; pass < passes; ++pass) {
      auto const queue = [&](auto const& from, auto const& to) {
        using in = std::remove_cvref_t<decltype(from)>;
        using out = std::remove_cvref_t<decltype(to)>;
        merge_runs<in, out, Counted, Less> const job{from, to, counted, less, run << pass};
        run_loops<Less>(
            q, size, [job, memory](std::uint64_t begin, std::uint64_t end) { merge_by_loops(job, begin, end); }, where, 1 << 15);
      };
      if (pass % 2 == 0)
        queue(other, range);
      else
        queue(range, other);
    }
  } else {
    using policy = policy_or<Policy, decltype(tuned_merge_sort<sizeof(T)>())>;
    merge_rank_job<R, Counted, Less> const by_ranks{range, counted, {less}};
    if (queue_rank_sort<policy::ranked, true>(q, by_ranks, size, given.measured != nullptr, where)) return;
    using merging = merge_policy<policy::merge_threads, policy::items>;
    using kernel = sort_tiles_kernel<policy, T>;
    std::uint64_t const tiles = pieces_of(size, kernel::tile);
    launch_config const config{.grid = grid_of_tiles(q, tiles, kernel::threads, where), .where = where};
    if (tiles == 1) {
      if (given.measured == nullptr) launch(q, config, kernel{}, range, range, counted, less);
      return;
    }
    constexpr unsigned merge_tile = merging::threads * merging::items;
    std::uint64_t const cut_count = searches_in_tiles(size, sizeof(T)) ? 0 : size / merge_tile + 1;
    payload_layout measured;
    elements_in_workspace<R>::take(measured, std::size_t(size));
    measured.take<std::uint64_t>(std::size_t(cut_count));
    call_memory<B> const memory{q, call, given, measured.bytes(), where};
    if (memory.measures()) return;
    payload_layout layout{memory.payload()};
    auto const other = elements_in_workspace<R>::take(layout, std::size_t(size));
    std::uint64_t* const cuts = cut_count == 0 ? nullptr : layout.take<std::uint64_t>(std::size_t(cut_count));
    unsigned passes = 0;
    while ((std::uint64_t{1} << passes) < tiles) ++passes;
    if (passes % 2 == 0)
      launch(q, config, kernel{}, range, range, counted, less);
    else
      launch(q, config, kernel{}, range, other, counted, less);
    for (unsigned pass = 0; pass < passes; ++pass) {
      auto const queue = [&](auto const& from, auto const& to) {
        using in = std::remove_cvref_t<decltype(from)>;
        using out = std::remove_cvref_t<decltype(to)>;
        queue_merge<merging>(q, merge_runs<in, out, Counted, Less>{from, to, counted, less, std::uint64_t{kernel::tile} << pass}, size,
                             cuts, where);
      };
      if ((passes - pass) % 2 == 0)
        queue(range, other);
      else
        queue(other, range);
    }
  }
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues a stable sort of the elements of a range, in place. `order` is a strict weak order, trivially copyable and callable in a kernel,
/// where it is const. Elements are trivially copyable and have at most 128 bytes. By default it
/// is less, the total order of IEEE 754 for floating-point numbers. If `order` is no strict weak order, as < is with a NaN, elements may be
/// lost or be there more than once. The workspace takes the bytes of all elements, and 8 bytes for each tile. Policies are
/// merge_sort_policy. Throws size_mismatch if the workspace is too small.
template <stream_like S, class Keys, detail::reduction_operator Less = less, class D = run_to_run, class P = tuned>
requires detail::range_argument<Keys> void merge_sort(S const& stream, Keys&& keys, Less const& order = {}, options<D, P> const& o = {},
                                                      source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "merge_sort", o.workspace, where, keys);
  auto const range = detail::view_for_kernel(keys, where);
  detail::queue_merge_sort<P>(q, "merge_sort", range, range, order, o.workspace, where);
}

/// Queues a stable sort of keys, in place, with a value for each key. Otherwise it is like merge_sort() without values. Throws
/// size_mismatch unless there is a value for each key, and invalid_argument if keys and values overlap.
template <stream_like S, class Keys, class Values, detail::reduction_operator Less = less, class D = run_to_run, class P = tuned>
requires(detail::range_argument<Keys> && detail::range_argument<Values>)
void merge_sort(S const& stream, Keys&& keys, Values&& values, Less const& order = {}, options<D, P> const& o = {},
                source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "merge_sort", o.workspace, where, keys, values);
  auto const key = detail::view_for_kernel(keys, where);
  auto const value = detail::view_for_kernel(values, where);
  detail::check_apart("merge_sort", key, value, where);
  detail::queue_merge_sort<P>(q, "merge_sort", zipped(key, value, where), key, detail::less_firsts<Less>{order}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
