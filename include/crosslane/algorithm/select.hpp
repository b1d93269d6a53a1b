// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Selections of elements, in their order: copy_if(), partition_copy(), unique(), unique_by_key().
///
///   xl::copy_if(q, x, kept, count, [] CROSSLANE_LAMBDA(float a) { return a > 0; });  // count[0] = the number of elements in `kept`
///
/// The host calls them, and they do not wait. A selection is one kernel, which reads each element once. Outputs must not overlap the input.
#pragma once

#include <crosslane/algorithm/scan.hpp>
#include <crosslane/kernel/math/integer.hpp>

namespace crosslane {

/// Equality, by the operator == of the values.
struct equal_to {
  /// Returns a == b.
  template <class T>
  CROSSLANE_FN constexpr bool operator()(T const& a, T const& b) const {
    return a == b;
  }
};

namespace detail {

// --- what is kept, by an element, the one before unless it is the first, and the element of another range, `extra` ---

/// Keeps elements for which a predicate holds.
template <class Predicate>
struct keep_if {
  static constexpr unsigned around = 0;
  Predicate predicate;
  no_range extra;
  template <class T, class Extra>
  CROSSLANE_FN bool operator()(T const& element, T const&, bool, Extra const&) const {
    return predicate(element);
  }
};
/// Keeps elements for which a predicate holds on the element of another range.
template <class Stencil, class Predicate>
struct keep_where {
  static constexpr unsigned around = 0;
  Predicate predicate;
  Stencil extra;
  template <class T, class Extra>
  CROSSLANE_FN bool operator()(T const&, T const&, bool, Extra const& element) const {
    return predicate(element);
  }
};
/// Keeps elements that differ from the one before.
template <class Equal>
struct keep_changes {
  static constexpr unsigned around = 1;
  Equal equal;
  no_range extra;
  template <class T, class Extra>
  CROSSLANE_FN bool operator()(T const& element, T const& before, bool is_first, Extra const&) const {
    return is_first || !equal(before, element);
  }
};

/// Compares the first values of pairs.
template <class Equal>
struct equal_firsts {
  Equal equal;
  template <class A, class B>
  CROSSLANE_FN bool operator()(pair<A, B> const& a, pair<A, B> const& b) const {
    return equal(a.first, b.first);
  }
};
/// The tiles of a selection. What is scanned is the number of kept elements. A wave has neighbouring elements, in rows of a few elements of
/// each lane. The numbers of kept elements in two rows are scanned over the lanes at once, as the halves of one integer.
template <class Policy, class In, class Keep, class Out, class Rejected, class Count>
struct select_tiles {
  using algebra = monoid<std::uint64_t, plus>;
  using value = std::uint64_t;
  using published = unsigned;
  using policy = Policy;
  using element = typename In::value_type;
  using extra = decltype(Keep::extra);
  static constexpr unsigned items = Policy::items < 32 ? Policy::items : 32, tile = Policy::threads * items;
  /// The elements of a lane in a row: as many as one access moves, at most 4.
  static constexpr unsigned in_row = items % 4 == 0 && sizeof(element) <= 4 ? 4 : items % 2 == 0 && sizeof(element) <= 8 ? 2 : 1;
  static constexpr unsigned rows = items / in_row;
  static constexpr bool has_rejected = !std::is_same_v<Rejected, no_range>;
  static constexpr bool puts_alone = true;

  struct stage {
    detail::stage<In, tile, Keep::around> in;
    detail::stage<extra, tile> extra_in;
  };
  template <class Ctx>
  struct scratch {
    block_scratch<unsigned, Ctx> sums;
    alignas(alignof(element) > 16 ? alignof(element)
                                  : 16) element selected[tile];  ///< and behind, the rejected elements, if they are wanted
  };
  struct loaded {};
  struct kept {
    unsigned keeps;        ///< a bit for each item
    unsigned before, all;  ///< kept elements of the lower waves, and of the tile
  };

  In in;
  Keep keep;
  Out out;
  Rejected rejected;
  Count count;
  algebra algebra_;

  CROSSLANE_FN static published narrow(value v) { return published(v); }
  CROSSLANE_FN static value widen(published v) { return v; }
  CROSSLANE_FN std::uint64_t size() const {
    std::uint64_t const n = count_in_kernel(in);
    if constexpr (has_count<extra>) {
      if (std::uint64_t const m = keep.extra.count(); m < n) return m;
    }
    return n;
  }

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, stage& t, std::uint64_t first, unsigned n, std::uint64_t end) const {
    t.in.fetch(ctx, pipe, in, first, n, end);
    t.extra_in.fetch(ctx, pipe, keep.extra, first, n, end);
  }
  template <class Ctx>
  CROSSLANE_FN void sum(Ctx const& ctx, scratch<Ctx>& s, stage const& t, loaded, kept& k, std::uint64_t first, unsigned n) const {
    k.keeps = 0;
    for_size<tile>(n, [&]<bool Whole>(std::bool_constant<Whole>) {
      CROSSLANE_UNROLL
      for (unsigned r = 0; r < rows; ++r) {
        unsigned const begin = place_of(ctx, r);
        if (!Whole && begin >= n) continue;
        k.keeps |= keeps_of_row<Whole>(t, first, begin, n) << r * in_row;
      }
    });
    unsigned const number = wave(ctx).reduce(popcount(k.keeps), plus{});
    if (ctx.lane_rank() == 0) s.sums.waves[ctx.wave_rank()] = number;
  }
  template <class Ctx>
  CROSSLANE_FN void finish_sum(Ctx const&, stage&, loaded, kept& k, unsigned, wave_totals<unsigned> const& waves) const {
    k.before = waves.before;
    k.all = waves.all;
  }
  template <class Ctx>
  CROSSLANE_FN void put(Ctx const& ctx, scratch<Ctx>& s, stage const& t, kept const& k, std::uint64_t first, unsigned n, value) const {
    for_size<tile>(n, [&](auto whole) { put<whole>(ctx, s, t, k, first, n); });
  }
  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, scratch<Ctx>& s, stage const&, kept const& k, std::uint64_t first, unsigned n,
                          value before) const {
    copy_out<policy::threads, tile>(ctx, s.selected, out, before, k.all);
    if constexpr (has_rejected) copy_out<policy::threads, tile>(ctx, s.selected + k.all, rejected, first - before, n - k.all);
  }
  CROSSLANE_FN void finish(value all) const { count[0] = typename Count::value_type(all); }

  value loop_sum(std::uint64_t begin, std::uint64_t end) const {
    value number = 0;
    for (std::uint64_t i = begin; i < end; ++i) number += keeps(i);
    return number;
  }
  value loop_store(std::uint64_t begin, std::uint64_t end, value before) const {
    for (std::uint64_t i = begin; i < end; ++i) {
      element const e = element(in[i]);
      if (keeps(i))
        out[before++] = e;
      else if constexpr (has_rejected)
        rejected[i - before] = e;
    }
    return before;
  }

 private:
  /// Returns the place in the tile of the first element that the calling lane has in a row.
  template <class Ctx>
  CROSSLANE_FN static unsigned place_of(Ctx const& ctx, unsigned row) {
    return ctx.wave_rank() * Ctx::wave_size * items + (row * Ctx::wave_size + ctx.lane_rank()) * in_row;
  }
  /// Returns a bit for each of the lane's elements in a row that is kept.
  template <bool Whole>
  CROSSLANE_FN unsigned keeps_of_row(stage const& t, std::uint64_t first, unsigned begin, unsigned n) const {
    unsigned result = 0;
    element item[in_row];
    t.in.read(in, first, begin, Whole ? tile : n, item);
    bool is_first = first + begin == 0;
    element before = item[0];
    if constexpr (Keep::around != 0)
      if (!is_first) before = t.in.at(in, first, int(begin) - 1);
    for (unsigned i = 0; i < in_row; ++i)
      if (Whole || begin + i < n) {
        if constexpr (std::is_same_v<extra, no_range>)
          result |= unsigned(keep(item[i], before, is_first, no_range{})) << i;
        else
          result |= unsigned(keep(item[i], before, is_first, t.extra_in.at(keep.extra, first, int(begin + i)))) << i;
        before = item[i];
        is_first = false;
      }
    return result;
  }
  /// Puts the elements of the thread to the places in shared memory from which they are stored.
  template <bool Whole, class Ctx>
  CROSSLANE_FN void put(Ctx const& ctx, scratch<Ctx>& s, stage const& t, kept const& k, std::uint64_t first, unsigned n) const {
    auto const w = wave(ctx);
    constexpr unsigned pairs = (rows + 1) / 2, mask = (1u << in_row) - 1;
    unsigned lower[pairs], all[pairs];  // kept elements of two rows: of the lower lanes, and of the wave
    CROSSLANE_UNROLL
    for (unsigned p = 0; p < pairs; ++p) {
      unsigned const own =
          popcount(k.keeps >> 2 * p * in_row & mask) | (2 * p + 1 < rows ? popcount(k.keeps >> (2 * p + 1) * in_row & mask) << 16 : 0u);
      unsigned const inclusive = w.inclusive_scan(own, plus{});
      lower[p] = inclusive - own;
      all[p] = w.broadcast(inclusive, Ctx::wave_size - 1);
    }
    unsigned place = k.before;
    CROSSLANE_UNROLL
    for (unsigned r = 0; r < rows; ++r) {
      unsigned const begin = place_of(ctx, r), shift = r % 2 * 16;
      unsigned own = place + (lower[r / 2] >> shift & 0xffff);
      if (Whole || begin < n) {
        element item[in_row];
        t.in.read(in, first, begin, Whole ? tile : n, item);
        for (unsigned i = 0; i < in_row; ++i) {
          bool const keeps = (k.keeps >> (r * in_row + i) & 1) != 0;
          if (keeps)
            s.selected[own] = item[i];
          else if (has_rejected && (Whole || begin + i < n))
            s.selected[k.all + begin + i - own] = item[i];
          own += keeps;
        }
      }
      place += all[r / 2] >> shift & 0xffff;
    }
  }
  bool keeps(std::uint64_t i) const {
    element const e = element(in[i]);
    element before = e;
    if constexpr (Keep::around != 0)
      if (i != 0) before = element(in[i - 1]);
    if constexpr (std::is_same_v<extra, no_range>)
      return keep(e, before, i == 0, no_range{});
    else
      return keep(e, before, i == 0, typename extra::value_type(keep.extra[i]));
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws if the output of a count is empty, overlaps the input, or is the number of elements of the input, which all blocks read.
template <class In, class Count>
void check_output_of_count(char const* call, In const& in, Count const& count, source_location where) {
  static_assert(check_written<Count>::ok);
  if (count.size() == 0) throw_error(errc::size_mismatch, where, "%s: the output of the count is empty", call);
  check_apart(call, in, in.size(), count, 1, where);
  if constexpr (is_span<Count> && requires { in.count_data(); })
    if (static_cast<void const*>(in.count_data()) == static_cast<void const*>(count.data()))
      throw_error(errc::invalid_argument, where, "%s: the output of the count is the number of elements of the input, at %p", call,
                  static_cast<void const*>(count.data()));
}

template <class D, class P, stream_like S, class In, class Keep, class Out, class Rejected, class Count>
void select(char const* call, S const& stream_, In const& in, Keep const& keep, Out const& out, Rejected const& rejected,
            Count const& count, options<D, P> const& o, source_location where) {
  static_assert(std::is_integral_v<typename Count::value_type>,
                "crosslane: the count of a selection is one integer in device memory, for example a buffer<std::uint64_t> of size 1");
  auto const q = ref_of(stream_, where);
  check_output_of_count(call, in, count, where);
  using element = typename In::value_type;
  constexpr std::size_t extra_bytes = stage_bytes<decltype(Keep::extra)>;
  constexpr scan_needs needs{stage_bytes<In> + extra_bytes, sizeof(element), std::max({sizeof(element), stage_bytes<In>, extra_bytes}), 2,
                             28};
  with_scan_policy<P, needs>(q, where, [&]<class Policy>(Policy) {
    queue_round_scan<Keep>(q, call, select_tiles<Policy, In, Keep, Out, Rejected, Count>{in, keep, out, rejected, count, {}}, in.size(), 0,
                           o.workspace, where);
  });
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues a copy of the elements for which `predicate(element)` is true, in their order, to the front of `out`. count[0] becomes their
/// number; it lies in device memory, where later algorithms can use it (counted()). With a stencil the predicate gets element i of the
/// stencil in place of that of the input. The host calls it, and it does not wait. Throws size_mismatch if the output has fewer elements
/// than the input, of which all may be kept.
template <stream_like S, class In, class Out, class Count, class Predicate, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out> && detail::range_argument<Count> && !detail::range_argument<Predicate>)
void copy_if(S const& stream, In&& in, Out&& out, Count&& count, Predicate const& predicate, options<D, P> const& o = {},
             source_location where = source_location::current()) {
  detail::require_operands(detail::ref_of(stream, where), "copy_if", o.workspace, where, in, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("copy_if", from, to, false, where);
  detail::select("copy_if", stream, from, detail::keep_if<Predicate>{predicate, {}}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}
template <stream_like S, class In, class Stencil, class Out, class Count, class Predicate, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Stencil> && detail::range_argument<Out> && detail::range_argument<Count> &&
         !detail::range_argument<Predicate>)
void copy_if(S const& stream, In&& in, Stencil&& stencil, Out&& out, Count&& count, Predicate const& predicate, options<D, P> const& o = {},
             source_location where = source_location::current()) {
  detail::require_operands(detail::ref_of(stream, where), "copy_if", o.workspace, where, in, stencil, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const flags = detail::view_for_kernel(stencil, where);
  detail::check_output("copy_if", from, to, false, where);
  if (std::uint64_t(flags.size()) < std::uint64_t(from.size()))
    throw_error(errc::size_mismatch, where, "copy_if: the input has %llu elements, the stencil %llu",
                static_cast<unsigned long long>(from.size()), static_cast<unsigned long long>(flags.size()));
  detail::check_apart("copy_if", flags, from.size(), to, from.size(), where);
  detail::select("copy_if", stream, from, detail::keep_where<detail::view_of<Stencil>, Predicate>{predicate, flags}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}
/// @}

/// Queues a copy of the elements for which `predicate(element)` is true to `kept`, and of the others to `rejected`, both in their order.
/// count[0] becomes the number of kept ones. If `rejected` is reversed() of the output, both parts share one output, and the second is in
/// reverse order. Otherwise it is like copy_if().
template <stream_like S, class In, class Kept, class Rejected, class Count, class Predicate, class D = run_to_run, class P = tuned>
void partition_copy(S const& stream, In&& in, Kept&& kept, Rejected&& rejected, Count&& count, Predicate const& predicate,
                    options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::require_operands(detail::ref_of(stream, where), "partition_copy", o.workspace, where, in, kept, rejected, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(kept, where);
  auto const others = detail::view_for_kernel(rejected, where);
  detail::check_output("partition_copy", from, to, false, where);
  detail::check_output("partition_copy", from, others, false, where);
  detail::check_apart("partition_copy", to, from.size(), others, from.size(), where);
  detail::select("partition_copy", stream, from, detail::keep_if<Predicate>{predicate, {}}, to, others,
                 detail::view_for_kernel(count, where), o, where);
}

/// Queues a copy of the first element of each run of equal neighbours. count[0] becomes the number of runs. `equal` compares neighbours; it
/// is == by default. Otherwise it is like copy_if().
template <stream_like S, class In, class Out, class Count, class Equal = equal_to, class D = run_to_run, class P = tuned>
requires(!std::is_same_v<Equal, options<D, P>>)
void unique(S const& stream, In&& in, Out&& out, Count&& count, Equal const& equal = {}, options<D, P> const& o = {},
            source_location where = source_location::current()) {
  detail::require_operands(detail::ref_of(stream, where), "unique", o.workspace, where, in, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("unique", from, to, false, where);
  detail::select("unique", stream, from, detail::keep_changes<Equal>{equal, {}}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}

/// The same for keys with values: the first key of each run, and its value.
template <stream_like S, class Keys, class Values, class KeysOut, class ValuesOut, class Count, class Equal = equal_to,
          class D = run_to_run, class P = tuned>
void unique_by_key(S const& stream, Keys&& keys, Values&& values, KeysOut&& keys_out, ValuesOut&& values_out, Count&& count,
                   Equal const& equal = {}, options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::require_operands(detail::ref_of(stream, where), "unique_by_key", o.workspace, where, keys, values, keys_out, values_out, count);
  auto const from = zipped(keys, values, where);
  auto const to = zipped(keys_out, values_out, where);
  detail::check_output("unique_by_key", from, to, false, where);
  detail::check_apart("unique_by_key", to.firsts(), from.size(), to.seconds(), from.size(), where);
  detail::select("unique_by_key", stream, from, detail::keep_changes<detail::equal_firsts<Equal>>{{equal}, {}}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
