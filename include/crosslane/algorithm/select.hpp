// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Selections of elements, in their order: copy_if(), partition_copy(), unique(), unique_by_key().
///
///   xl::copy_if(q, x, kept, count, [] CROSSLANE_LAMBDA(float a) { return a > 0; });  // count[0] = the number of elements in `kept`
///
/// The host calls them, and they do not wait. A selection is one kernel, which reads each element once. Outputs must not overlap the input.
#pragma once

#include <crosslane/algorithm/scan.hpp>

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

/// Keeps elements for which a predicate holds.
template <class Predicate>
struct keep_if {
  Predicate predicate;
  template <class In>
  CROSSLANE_FN bool operator()(In const&, std::uint64_t, typename In::value_type const& element) const {
    return predicate(element);
  }
};
/// Keeps elements for which a predicate holds on the element of another range.
template <class Stencil, class Predicate>
struct keep_where {
  Stencil stencil;
  Predicate predicate;
  template <class In>
  CROSSLANE_FN bool operator()(In const&, std::uint64_t i, typename In::value_type const&) const {
    using element = typename Stencil::value_type;
    return predicate(element(stencil[i]));
  }
};
/// Keeps elements that differ from the one before.
template <class Equal>
struct keep_changes {
  Equal equal;
  template <class In>
  CROSSLANE_FN bool operator()(In const& in, std::uint64_t i, typename In::value_type const& element) const {
    using value = typename In::value_type;
    return i == 0 || !equal(value(in[i - 1]), element);
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
/// The output of elements that are not kept, if there is none.
struct no_range {};

/// The tiles of a selection. What is scanned is the number of kept elements. A wave takes neighbouring elements, in each round one for each
/// lane, so the lanes find the places of their elements by votes.
template <class Policy, class In, class Keep, class Out, class Rejected, class Count>
struct select_tiles {
  using algebra = monoid<std::uint64_t, plus>;
  using value = std::uint64_t;
  using published = unsigned;
  using element = typename In::value_type;
  static constexpr unsigned threads = Policy::threads, items = Policy::items, tile = threads * items, blocks = Policy::blocks;
  static constexpr bool has_rejected = !std::is_same_v<Rejected, no_range>;
  static_assert(items <= 32);

  template <class Ctx>
  struct shared {
    block_scratch<unsigned, Ctx> scan;
    element kept[tile];  ///< with the rejected elements from the end, if they are wanted
  };
  template <class Ctx>
  struct state {
    element item[items];
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
  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(in); }

  template <class Ctx>
  CROSSLANE_FN value sum(Ctx const& ctx, shared<Ctx>& s, state<Ctx>& t, std::uint64_t first, unsigned n) const {
    auto const w = wave(ctx);
    for (unsigned i = 0; i < items; ++i) {
      unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i);
      if (at < n) t.item[i] = element(in[first + at]);
    }
    t.keeps = 0;
    unsigned kept = 0;
    for (unsigned i = 0; i < items; ++i) {
      unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i);
      bool const keeps = at < n && keep(in, first + at, t.item[i]);
      t.keeps |= unsigned(keeps) << i;
      kept += w.ballot(keeps).count();
    }
    auto const [before, all] = block_exclusive_scan_and_total(ctx, s.scan, w.is_leader() ? kept : 0u, plus{}, 0u);
    t.before = w.broadcast(before);
    t.all = all;
    return all;
  }

  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, shared<Ctx>& s, state<Ctx>& t, std::uint64_t first, unsigned n, value before) const {
    auto const w = wave(ctx);
    unsigned place = t.before;
    for (unsigned i = 0; i < items; ++i) {
      bool const keeps = (t.keeps >> i & 1) != 0;
      auto const kept = w.ballot(keeps);
      unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i), own = place + kept.rank(ctx.lane_rank());
      if (keeps)
        s.kept[own] = t.item[i];
      else if (has_rejected && at < n)
        s.kept[t.all + at - own] = t.item[i];
      place += kept.count();
    }
    ctx.sync_block();
    for (unsigned const i : ctx.block_stride(t.all)) out[before + i] = s.kept[i];
    if constexpr (has_rejected)
      for (unsigned const i : ctx.block_stride(n - t.all)) rejected[first - before + i] = s.kept[t.all + i];
  }
  CROSSLANE_FN void finish(value all) const { count[0] = typename Count::value_type(all); }

  value loop_sum(std::uint64_t begin, std::uint64_t end) const {
    value kept = 0;
    for (std::uint64_t i = begin; i < end; ++i) kept += keep(in, i, element(in[i]));
    return kept;
  }
  value loop_store(std::uint64_t begin, std::uint64_t end, value before) const {
    for (std::uint64_t i = begin; i < end; ++i) {
      element const e = element(in[i]);
      if (keep(in, i, e))
        out[before++] = e;
      else if constexpr (has_rejected)
        rejected[i - before] = e;
    }
    return before;
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws if the output of a count is empty, or is the number of elements of the input, which all blocks read.
template <class In, class Count>
void check_output_of_count(char const* call, In const& in, Count const& count, source_location where) {
  if (count.size() == 0) throw_error(errc::size_mismatch, where, "%s: the output of the count is empty", call);
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
  using tiles = select_tiles<scan_policy_of<P, sizeof(typename In::value_type)>, In, Keep, Out, Rejected, Count>;
  queue_round_scan<Keep>(q, call, tiles{in, keep, out, rejected, count, {}}, in.size(), 0, o.workspace, where);
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
  detail::require_on_device(detail::ref_of(stream, where), "copy_if", where, in, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("copy_if", from, to, false, where);
  detail::select("copy_if", stream, from, detail::keep_if<Predicate>{predicate}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}
template <stream_like S, class In, class Stencil, class Out, class Count, class Predicate, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Stencil> && detail::range_argument<Out> && detail::range_argument<Count> &&
         !detail::range_argument<Predicate>)
void copy_if(S const& stream, In&& in, Stencil&& stencil, Out&& out, Count&& count, Predicate const& predicate, options<D, P> const& o = {},
             source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "copy_if", where, in, stencil, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const flags = detail::view_for_kernel(stencil, where);
  detail::check_output("copy_if", from, to, false, where);
  if (std::uint64_t(flags.size()) < std::uint64_t(from.size()))
    throw_error(errc::size_mismatch, where, "copy_if: the input has %llu elements, the stencil %llu",
                static_cast<unsigned long long>(from.size()), static_cast<unsigned long long>(flags.size()));
  detail::select("copy_if", stream, from, detail::keep_where<detail::view_of<Stencil>, Predicate>{flags, predicate}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}
/// @}

/// Queues a copy of the elements for which `predicate(element)` is true to `kept`, and of the others to `rejected`, both in their order.
/// count[0] becomes the number of kept ones. If `rejected` is reversed() of the output, both parts share one output, and the second is in
/// reverse order. Otherwise it is like copy_if().
template <stream_like S, class In, class Kept, class Rejected, class Count, class Predicate, class D = run_to_run, class P = tuned>
void partition_copy(S const& stream, In&& in, Kept&& kept, Rejected&& rejected, Count&& count, Predicate const& predicate,
                    options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "partition_copy", where, in, kept, rejected, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(kept, where);
  auto const others = detail::view_for_kernel(rejected, where);
  detail::check_output("partition_copy", from, to, false, where);
  detail::check_output("partition_copy", from, others, false, where);
  detail::select("partition_copy", stream, from, detail::keep_if<Predicate>{predicate}, to, others, detail::view_for_kernel(count, where),
                 o, where);
}

/// Queues a copy of the first element of each run of equal neighbours. count[0] becomes the number of runs. `equal` compares neighbours; it
/// is == by default. Otherwise it is like copy_if().
template <stream_like S, class In, class Out, class Count, class Equal = equal_to, class D = run_to_run, class P = tuned>
requires(!std::is_same_v<Equal, options<D, P>>)
void unique(S const& stream, In&& in, Out&& out, Count&& count, Equal const& equal = {}, options<D, P> const& o = {},
            source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "unique", where, in, out, count);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("unique", from, to, false, where);
  detail::select("unique", stream, from, detail::keep_changes<Equal>{equal}, to, detail::no_range{}, detail::view_for_kernel(count, where),
                 o, where);
}

/// The same for keys with values: the first key of each run, and its value.
template <stream_like S, class Keys, class Values, class KeysOut, class ValuesOut, class Count, class Equal = equal_to,
          class D = run_to_run, class P = tuned>
void unique_by_key(S const& stream, Keys&& keys, Values&& values, KeysOut&& keys_out, ValuesOut&& values_out, Count&& count,
                   Equal const& equal = {}, options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "unique_by_key", where, keys, values, keys_out, values_out, count);
  auto const from = zipped(keys, values, where);
  auto const to = zipped(keys_out, values_out, where);
  detail::check_output("unique_by_key", from, to, false, where);
  detail::select("unique_by_key", stream, from, detail::keep_changes<detail::equal_firsts<Equal>>{{equal}}, to, detail::no_range{},
                 detail::view_for_kernel(count, where), o, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
