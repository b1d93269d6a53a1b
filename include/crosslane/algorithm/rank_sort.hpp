// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sorts of a few thousand elements by counting: the place of an element is the number of elements that come before it. All blocks of the
/// device take part, and no pass waits for another. The work grows with the square of the number of elements.
#pragma once

#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/kernel/block.hpp>

namespace crosslane::detail {

inline constexpr unsigned ranked_by_wave = 4;  ///< elements that a wave ranks at once
inline constexpr unsigned most_ranked = 8192;  ///< more elements take longer than by other sorts

/// Compares elements by `less`; of equal elements the earlier one comes first.
template <class Less>
struct stable_order {
  Less less;
  /// @{
  /// Whether element a comes before element b: a is at a lower place i < j, or at a higher one.
  template <class T>
  CROSSLANE_FN bool earlier(T const& a, unsigned, T const& b, unsigned) const {
    return !less(b, a);
  }
  template <class T>
  CROSSLANE_FN bool later(T const& a, unsigned, T const& b, unsigned) const {
    return less(a, b);
  }
  /// @}
};

/// Returns in lane r < 4 the number of elements among all[0] ... all[n - 1] that come before all[own + r], if own + r < n. `own` is a
/// multiple of 4 below n. All lanes of the wave call it.
template <class Wave, class T, class Order>
CROSSLANE_FN unsigned rank_in_wave(Wave const& w, T const* all, unsigned n, unsigned own, Order const& order) {
  constexpr unsigned each = ranked_by_wave;
  unsigned const lane = w.rank(), whole = n / each * each, mine = n - own < each ? n - own : each;
  T element[each];
  unsigned place[each], counts[each];
  CROSSLANE_UNROLL
  for (unsigned r = 0; r < each; ++r) {
    place[r] = own + (r < mine ? r : 0);
    element[r] = all[place[r]];
    counts[r] = 0;
  }
  auto const count = [&](unsigned begin, unsigned end, auto const& before) {
    for (unsigned at = begin + lane * each; at < end; at += w.size() * each) {
      T other[each];
      if constexpr (std::is_arithmetic_v<T> && sizeof(T) <= 4) {
        auto const loaded = reinterpret_cast<vec<T, each> const*>(all)[at / each];
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < each; ++k) other[k] = loaded[k];
      } else {
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < each; ++k) other[k] = all[at + k];
      }
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < each; ++k) {
        CROSSLANE_UNROLL
        for (unsigned r = 0; r < each; ++r) counts[r] += before(other[k], at + k, element[r], place[r]) ? 1 : 0;
      }
    }
  };
  count(0, own, [&](T const& a, unsigned i, T const& b, unsigned j) { return order.earlier(a, i, b, j); });
  count(own + each, whole, [&](T const& a, unsigned i, T const& b, unsigned j) { return order.later(a, i, b, j); });
  unsigned result = 0;
  CROSSLANE_UNROLL
  for (unsigned r = 0; r < each; ++r) {
    unsigned sum = w.reduce(counts[r], plus{});
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < each; ++k)
      if (k < mine && k != r)
        sum += k < r ? order.earlier(element[k], place[k], element[r], place[r]) : order.later(element[k], place[k], element[r], place[r]);
    for (unsigned i = own < whole ? whole : n; i < n; ++i) sum += order.later(all[i], i, element[r], place[r]);
    result = lane == r ? sum : result;
  }
  return result;
}

/// Sorts the elements of a job, four by each wave. A class `Job` says what is sorted:
///
///   using compared = T;                          // what is compared
///   using element = E;                           // what moves
///   std::uint64_t size() const;                  // a kernel calls it
///   compared compared_at(unsigned i) const;
///   element load(unsigned i) const;
///   void store(unsigned i, element const&) const;
///   Order order;                                 // see rank_in_wave()
/// `InPlace`: whether the job stores where it loads, so that all blocks must have loaded before one stores.
template <class Job, bool InPlace>
struct rank_sort_kernel {
  using compared = typename Job::compared;
  using element = typename Job::element;
  static constexpr unsigned threads = 256, by_bytes = (32u << 10) / sizeof(compared),
                            most = by_bytes < most_ranked ? by_bytes : most_ranked;
  static constexpr auto block = block_size<threads>;
  static constexpr bool cooperative = InPlace;

  template <class Ctx>
  struct shared {
    alignas(16) compared all[most];
  };

  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Job const job) const {
    unsigned const n = unsigned(job.size()), rank = ctx.thread_rank();
    constexpr unsigned at_once = sizeof(compared) <= 8 ? 8 : 1;
    for (unsigned begin = 0; begin < n; begin += at_once * threads) {
      compared loaded[at_once];
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < at_once; ++k)
        if (unsigned const at = begin + k * threads + rank; at < n) loaded[k] = job.compared_at(at);
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < at_once; ++k)
        if (unsigned const at = begin + k * threads + rank; at < n) s.all[at] = loaded[k];
    }
    auto const w = wave(ctx);
    unsigned const own = (unsigned(ctx.block_rank()) * ctx.wave_count() + ctx.wave_rank()) * ranked_by_wave;
    bool const moves = w.rank() < ranked_by_wave && own + w.rank() < n;
    element moved{};
    if (moves) moved = job.load(own + w.rank());
    ctx.sync_block();
    unsigned const to = own < n ? rank_in_wave(w, s.all, n, own, job.order) : 0;
    if constexpr (InPlace) ctx.sync_grid();
    if (moves) job.store(to, moved);
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the sort of a job of at most `size` elements if these are at most `Most` and fit into shared memory, and if in place, the device
/// holds all blocks at once. Otherwise it returns false. With `measures` it queues nothing.
template <unsigned Most, bool InPlace, runtime_backend B, class Job>
bool queue_rank_sort(basic_stream_ref<B> q, Job const& job, std::uint64_t size, bool measures, source_location where) {
  using kernel = rank_sort_kernel<Job, InPlace>;
  if (size > Most || size > kernel::most) return false;
  device_properties const& p = q.properties(where);
  unsigned const waves = kernel::threads / p.wave_size, blocks = unsigned(pieces_of(size, waves * ranked_by_wave));
  if constexpr (InPlace)
    if (!p.cooperative_launch || blocks_at_once<kernel, Job>(q, blocks, {.where = where}) < blocks) return false;
  if (!measures) launch(q, {.grid = blocks, .where = where}, kernel{}, job);
  return true;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
