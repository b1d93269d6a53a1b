// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans and reductions of segments: of runs of equal keys (inclusive_scan_by_key(), exclusive_scan_by_key(), reduce_by_key(),
/// run_length_encode()) and of rows that are given by offsets (segmented_reduce(), segmented_scan()).
///
///   xl::reduce_by_key(q, cells, masses, cells_out, sums, count, xl::plus{});
///
/// The host calls them, and they do not wait. Each is one kernel, which reads each element once, whatever the lengths of the segments.
/// Results have the same bits in each run on one device.
#pragma once

#include <crosslane/algorithm/rearrange.hpp>
#include <crosslane/algorithm/row_reduce.hpp>
#include <crosslane/algorithm/select.hpp>

namespace crosslane {
namespace detail {

/// The sum since the last head of a segment, and the number of heads.
template <class Sum>
struct segment_sum {
  std::uint64_t heads;
  Sum sum;
};
/// The same of one tile.
template <class Sum>
struct tile_segment_sum {
  std::conditional_t<sizeof(number_beside<Sum>) == 8, std::uint64_t, unsigned> heads;
  Sum sum;
};

/// The algebra of segments of T.
template <class T, class Op>
struct segment_algebra {
  using inner = monoid<T, Op>;
  using value = segment_sum<typename inner::value>;
  struct op_type {
    typename inner::op_type op;
    template <class V>
    CROSSLANE_FN constexpr V operator()(V const& a, V const& b) const {
      return {a.heads + b.heads, b.heads != 0 ? b.sum : op(a.sum, b.sum)};
    }
  };
  op_type op;
  CROSSLANE_FN static constexpr value none() { return {0, inner::none()}; }
};

// --- heads: what begins a segment. mask<N>(begin, end) has a bit for each of the elements begin ... begin + N - 1 that does. limit(n)
// is the number of elements in segments. row_of(i) is the segment of element i. ---

/// An element begins a segment if its key differs from the one before.
template <class Keys, class Equal>
struct heads_by_key {
  using key = typename Keys::value_type;
  Keys keys;
  Equal equal;
  CROSSLANE_FN std::uint64_t limit(std::uint64_t n) const { return count_in_kernel(keys) < n ? count_in_kernel(keys) : n; }
  template <unsigned N>
  CROSSLANE_FN unsigned mask(std::uint64_t begin, std::uint64_t end) const {
    if (begin >= end) return 0;
    unsigned result = begin == 0;
    key before = key(keys[begin == 0 ? 0 : begin - 1]);
    for (unsigned i = 0; i < N; ++i)
      if (begin + i < end) {
        key const here = key(keys[begin + i]);
        if (begin + i != 0 && !equal(before, here)) result |= 1u << i;
        before = here;
      }
    return result;
  }
};
/// All segments have the same length.
struct heads_of_rows {
  std::uint64_t length;
  CROSSLANE_FN std::uint64_t limit(std::uint64_t n) const { return n; }
  template <unsigned N>
  CROSSLANE_FN unsigned mask(std::uint64_t begin, std::uint64_t end) const {
    unsigned result = 0;
    std::uint64_t at = begin % length;
    for (unsigned i = 0; i < N; ++i) {
      if (at == 0 && begin + i < end) result |= 1u << i;
      if (++at == length) at = 0;
    }
    return result;
  }
  CROSSLANE_FN std::uint64_t row_of(std::uint64_t i) const { return i / length; }
};
/// Segment k has the elements offsets[k] ... offsets[k + 1] - 1.
template <class Offsets>
struct heads_at_offsets {
  Offsets offsets;
  CROSSLANE_FN std::uint64_t limit(std::uint64_t n) const {
    std::uint64_t const end = std::uint64_t(offsets[offsets.size() - 1]);
    return end < n ? end : n;
  }
  /// Returns the last segment that begins at or before element i: the one that contains it.
  CROSSLANE_FN std::uint64_t row_of(std::uint64_t i) const {
    std::uint64_t low = 0, high = offsets.size() - 1;
    while (high - low > 1) {
      std::uint64_t const middle = low + (high - low) / 2;
      if (std::uint64_t(offsets[middle]) <= i)
        low = middle;
      else
        high = middle;
    }
    return low;
  }
  template <unsigned N>
  CROSSLANE_FN unsigned mask(std::uint64_t begin, std::uint64_t end) const {
    if (begin >= end) return 0;
    unsigned result = 0;
    std::uint64_t row = row_of(begin);
    for (unsigned i = 0; i < N; ++i) {
      while (row + 1 < offsets.size() && std::uint64_t(offsets[row]) < begin + i) ++row;
      if (begin + i < end && std::uint64_t(offsets[row]) == begin + i) result |= 1u << i;
    }
    return result;
  }
};

/// The tiles of a segmented scan. `Emit` stores the results: store(i, heads up to i, sum before, sum after, is_tail),
/// and at the end finish(all heads).
template <class Policy, class In, class T, class Op, class Heads, class Emit>
struct segment_tiles {
  using algebra = segment_algebra<T, Op>;
  using inner = typename algebra::inner;
  using value = typename algebra::value;
  using sum_type = typename inner::value;
  using published = tile_segment_sum<sum_type>;
  static constexpr unsigned threads = Policy::threads, items = Policy::items, tile = threads * items, blocks = Policy::blocks;
  static_assert(items <= 31);

  template <class Ctx>
  struct shared {
    block_exchange_scratch<T, items, Ctx> exchange;
    block_scratch<published, Ctx> scan;
  };
  template <class Ctx>
  struct state {
    T item[items];
    unsigned heads;    ///< a bit for each item, and for the one behind
    published before;  ///< of the lower threads
  };

  In in;
  Heads heads;
  Emit emit;
  algebra algebra_;

  CROSSLANE_FN static published narrow(value const& v) { return {unsigned(v.heads), v.sum}; }
  CROSSLANE_FN static value widen(published const& v) { return {v.heads, v.sum}; }
  CROSSLANE_FN std::uint64_t size() const { return heads.limit(count_in_kernel(in)); }

  template <class Ctx>
  CROSSLANE_FN value sum(Ctx const& ctx, shared<Ctx>& s, state<Ctx>& t, std::uint64_t first, unsigned n) const {
    load_blocked(ctx, s.exchange, in, first, n, t.item);
    unsigned const own = ctx.thread_rank() * items;
    t.heads = own < n ? heads.template mask<items + 1>(first + own, size()) : 0;
    published part{0, inner::none()};
    for (unsigned i = 0; i < items; ++i)
      if (own + i < n) part = algebra_.op(part, published{t.heads >> i & 1, inner::of(t.item[i])});
    auto const [before, all] = block_exclusive_scan_and_total(ctx, s.scan, part, algebra_.op, published{0, inner::none()});
    t.before = before;
    return widen(all);
  }
  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, shared<Ctx>&, state<Ctx>& t, std::uint64_t first, unsigned n, value const& before) const {
    unsigned const own = ctx.thread_rank() * items;
    value running = algebra_.op(before, widen(t.before));
    std::uint64_t const end = size();
    for (unsigned i = 0; i < items; ++i)
      if (own + i < n) {
        bool const head = (t.heads >> i & 1) != 0, tail = (t.heads >> (i + 1) & 1) != 0 || first + own + i + 1 == end;
        step(running, first + own + i, t.item[i], head, tail);
      }
  }
  CROSSLANE_FN void finish(value const& all) const { emit.finish(all.heads); }

  value loop_sum(std::uint64_t begin, std::uint64_t end) const {
    value result = algebra::none();
    for (std::uint64_t i = begin; i < end; ++i) result = algebra_.op(result, value{heads.template mask<1>(i, end), inner::of(T(in[i]))});
    return result;
  }
  value loop_store(std::uint64_t begin, std::uint64_t end, value running) const {
    std::uint64_t const all = size();
    bool head = heads.template mask<1>(begin, all) != 0;
    for (std::uint64_t i = begin; i < end; ++i) {
      bool const next = i + 1 == all || heads.template mask<1>(i + 1, all) != 0;
      step(running, i, T(in[i]), head, next);
      head = next;
    }
    return running;
  }

 private:
  CROSSLANE_FN void step(value& running, std::uint64_t i, T const& item, bool head, bool tail) const {
    sum_type const before = head ? inner::none() : running.sum;
    running = algebra_.op(running, value{head, inner::of(item)});
    emit.store(i, running.heads, before, running.sum, tail);
  }
};

/// Stores the scan of each element.
template <class Out, class T, class Op, bool Inclusive>
struct emit_scan {
  using inner = monoid<T, Op>;
  using sum_type = typename inner::value;
  Out out;
  maybe<T> initial;
  inner op;
  CROSSLANE_FN void store(std::uint64_t i, std::uint64_t, sum_type const& before, sum_type const& after, bool) const {
    sum_type const& sum = Inclusive ? after : before;
    out[i] = inner::get(initial.any ? op.op(inner::of(initial.value), sum) : sum);
  }
  CROSSLANE_FN void finish(std::uint64_t) const {}
};
/// Stores the key and the sum of each run.
template <class Keys, class KeysOut, class Out, class Count, class T, class Op>
struct emit_runs {
  using inner = monoid<T, Op>;
  using sum_type = typename inner::value;
  Keys keys;
  KeysOut keys_out;
  Out out;
  Count count;
  CROSSLANE_FN void store(std::uint64_t i, std::uint64_t heads, sum_type const&, sum_type const& sum, bool tail) const {
    if (!tail) return;
    keys_out[heads - 1] = typename Keys::value_type(keys[i]);
    out[heads - 1] = inner::get(sum);
  }
  CROSSLANE_FN void finish(std::uint64_t heads) const { count[0] = typename Count::value_type(heads); }
};
/// Stores the sum of each row that has elements.
template <class Heads, class Out, class T, class Op>
struct emit_rows {
  using inner = monoid<T, Op>;
  using sum_type = typename inner::value;
  Heads heads;
  Out out;
  T initial;
  inner op;
  CROSSLANE_FN void store(std::uint64_t i, std::uint64_t, sum_type const&, sum_type const& sum, bool tail) const {
    if (tail) out[heads.row_of(i)] = inner::get(op.op(inner::of(initial), sum));
  }
  CROSSLANE_FN void finish(std::uint64_t) const {}
};

inline namespace CROSSLANE_CONFIGURATION {

template <class T, class P, stream_like S, class In, class Op, class Heads, class Emit>
void segments(char const* call, S const& stream_, In const& in, Op const& op, Heads const& heads, Emit const& emit,
              workspace_reference const& workspace, source_location where) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 48,
                "crosslane: the values of a scan by key must be trivially copyable and have at most 48 bytes, as lanes exchange them");
  using policy = policy_or<P, scan_policy<256, (sizeof(T) >= 16 ? 2 : 8), 4>>;
  using tiles = segment_tiles<policy, In, T, Op, Heads, Emit>;
  queue_round_scan<Op>(ref_of(stream_, where), call, tiles{in, heads, emit, {{monoid_of<T>(op).op}}}, in.size(), tiles::algebra::none(),
                       workspace, where);
}

template <class Offsets>
auto heads_of(char const* call, Offsets&& offsets, std::uint64_t n, source_location where) {
  if constexpr (std::integral<std::remove_cvref_t<Offsets>>) {
    if (offsets <= 0 || n % std::uint64_t(offsets) != 0)
      throw_error(errc::invalid_argument, where, "%s: rows of %lld elements in a range of %llu", call, static_cast<long long>(offsets),
                  static_cast<unsigned long long>(n));
    return heads_of_rows{std::uint64_t(offsets)};
  } else {
    return heads_at_offsets<view_of<Offsets>>{view_for_kernel(offsets, where)};
  }
}
inline std::uint64_t rows_of(heads_of_rows const& heads, std::uint64_t n) { return n / heads.length; }
template <class Offsets>
std::uint64_t rows_of(heads_at_offsets<Offsets> const& heads, std::uint64_t) {
  return heads.offsets.size() == 0 ? 0 : heads.offsets.size() - 1;
}

template <bool Inclusive, class T, class D, class P, stream_like S, class Keys, class In, class Out, class Op, class Equal>
void scan_by_key(char const* call, S const& stream_, Keys& keys, In& in, Out& out, maybe<T> const& initial, Op const& op,
                 Equal const& equal, options<D, P> const& o, source_location where) {
  static_assert(check_determinism<D, T, Op>::ok);
  require_on_device(ref_of(stream_, where), call, where, keys, in, out);
  auto const by = view_for_kernel(keys, where);
  auto const from = view_for_kernel(in, where);
  auto const to = view_for_kernel(out, where);
  check_values(call, by, from, false, where);
  check_output(call, from, to, true, where);
  segments<T, P>(call, stream_, from, op, heads_by_key<view_of<Keys>, Equal>{by, equal},
                 emit_scan<view_of<Out>, T, Op, Inclusive>{to, initial, monoid_of<T>(op)}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues a scan of the values of each run of equal neighbouring keys: of a run's first element to element i, inclusive or up to the one
/// before, which begins with `initial`. `equal` compares neighbours. The host calls it, and it does not wait. The output may be the range
/// of the values. Throws size_mismatch if the numbers of keys and values differ or the output has fewer elements.
template <stream_like S, class Keys, class In, class Out, class Op, class Equal = equal_to, class D = run_to_run, class P = tuned>
void inclusive_scan_by_key(S const& stream, Keys&& keys, In&& in, Out&& out, Op const& op, Equal const& equal = {},
                           options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::scan_by_key<true>("inclusive_scan_by_key", stream, keys, in, out, detail::maybe<detail::value_of<In>>{{}, 0}, op, equal, o,
                            where);
}
template <stream_like S, class Keys, class In, class Out, class T, class Op, class Equal = equal_to, class D = run_to_run, class P = tuned>
void exclusive_scan_by_key(S const& stream, Keys&& keys, In&& in, Out&& out, T const& initial, Op const& op, Equal const& equal = {},
                           options<D, P> const& o = {}, source_location where = source_location::current()) {
  detail::scan_by_key<false>("exclusive_scan_by_key", stream, keys, in, out, detail::maybe<T>{initial, 1}, op, equal, o, where);
}
/// @}

/// Queues, for each run of equal neighbouring keys, a store of its last key and of the reduction of its values. count[0] becomes the number
/// of runs. `equal` compares neighbours. The host calls it, and it does not wait. The outputs must not overlap the inputs. Throws
/// size_mismatch if the numbers of keys and values differ, or an output has fewer elements than there are keys.
template <stream_like S, class Keys, class In, class KeysOut, class Out, class Count, class Op, class Equal = equal_to,
          class D = run_to_run, class P = tuned>
void reduce_by_key(S const& stream, Keys&& keys, In&& in, KeysOut&& keys_out, Out&& out, Count&& count, Op const& op,
                   Equal const& equal = {}, options<D, P> const& o = {}, source_location where = source_location::current()) {
  using T = detail::value_of<In>;
  static_assert(detail::check_determinism<D, T, Op>::ok);
  detail::require_on_device(detail::ref_of(stream, where), "reduce_by_key", where, keys, in, keys_out, out, count);
  auto const by = detail::view_for_kernel(keys, where);
  auto const from = detail::view_for_kernel(in, where);
  auto const to_keys = detail::view_for_kernel(keys_out, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const number = detail::view_for_kernel(count, where);
  detail::check_values("reduce_by_key", by, from, false, where);
  detail::check_output("reduce_by_key", by, to_keys, false, where);
  detail::check_output("reduce_by_key", from, to, false, where);
  detail::check_output_of_count("reduce_by_key", by, number, where);
  using emit = detail::emit_runs<detail::view_of<Keys>, detail::view_of<KeysOut>, detail::view_of<Out>, detail::view_of<Count>, T, Op>;
  detail::segments<T, P>("reduce_by_key", stream, from, op, detail::heads_by_key<detail::view_of<Keys>, Equal>{by, equal},
                         emit{by, to_keys, to, number}, o.workspace, where);
}

/// Queues, for each run of equal neighbours, a store of its value and of its length. count[0] becomes the number of runs. Otherwise it is
/// like reduce_by_key().
template <stream_like S, class In, class Values, class Lengths, class Count, class D = run_to_run, class P = tuned>
void run_length_encode(S const& stream, In&& in, Values&& values, Lengths&& lengths, Count&& count, options<D, P> const& o = {},
                       source_location where = source_location::current()) {
  using length = detail::value_of<Lengths>;
  auto const ones = constant(length(1), std::uint64_t(detail::view_for_kernel(in, where).size()));
  reduce_by_key(stream, in, ones, values, lengths, count, plus{}, equal_to{}, o, where);
}

/// Queues out[k] = initial op in[offsets[k]] op ... op in[offsets[k + 1] - 1] for each row k. `offsets` is a range in device memory with
/// one element more than there are rows: it does not decrease, begins with 0 and ends with at most the number of elements. Or it is one
/// number, the length of all rows. An empty row gives `initial`. The host calls it, and it does not wait. Throws size_mismatch if the
/// output has fewer elements than there are rows, and invalid_argument for rows of a length that is 0 or does not divide the number of
/// elements.
template <stream_like S, class In, class Offsets, class Out, class T, class Op, class D = run_to_run, class P = tuned>
void segmented_reduce(S const& stream, In&& in, Offsets&& offsets, Out&& out, T const& initial, Op const& op, options<D, P> const& o = {},
                      source_location where = source_location::current()) {
  static_assert(detail::check_determinism<D, T, Op>::ok);
  detail::require_on_device(detail::ref_of(stream, where), "segmented_reduce", where, in, offsets, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const heads = detail::heads_of("segmented_reduce", offsets, from.size(), where);
  std::uint64_t const rows = detail::rows_of(heads, from.size());
  if (std::uint64_t(to.size()) < rows)
    throw_error(errc::size_mismatch, where, "segmented_reduce: there are %llu rows, the output has %llu elements",
                static_cast<unsigned long long>(rows), static_cast<unsigned long long>(to.size()));
  if (rows == 0) return;
  if constexpr (std::integral<std::remove_cvref_t<Offsets>> && detail::may_commute<T, Op> && !detail::has_count<detail::view_of<In>> &&
                !detail::loop_backend<typename S::backend>) {
    if (o.workspace.measured == nullptr &&
        detail::queue_row_reduce(detail::ref_of(stream, where), from, to, initial, op, rows, heads.length, where))
      return;
  }
  // Rows without elements.
  if (!std::integral<std::remove_cvref_t<Offsets>> && o.workspace.measured == nullptr)
    detail::copy_elements(stream, constant(initial, rows), to, where);
  using emit = detail::emit_rows<std::remove_const_t<decltype(heads)>, detail::view_of<Out>, T, Op>;
  detail::segments<T, P>("segmented_reduce", stream, from, op, heads, emit{heads, to, initial, detail::monoid_of<T>(op)}, o.workspace,
                         where);
}

/// Queues an inclusive scan of each row. Rows are given as for segmented_reduce(). The output may be the input.
template <stream_like S, class In, class Offsets, class Out, class Op, class D = run_to_run, class P = tuned>
void segmented_scan(S const& stream, In&& in, Offsets&& offsets, Out&& out, Op const& op, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  using T = detail::value_of<In>;
  static_assert(detail::check_determinism<D, T, Op>::ok);
  detail::require_on_device(detail::ref_of(stream, where), "segmented_scan", where, in, offsets, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const heads = detail::heads_of("segmented_scan", offsets, from.size(), where);
  detail::check_output("segmented_scan", from, to, true, where);
  if (detail::rows_of(heads, from.size()) == 0) return;
  detail::segments<T, P>("segmented_scan", stream, from, op, heads,
                         detail::emit_scan<detail::view_of<Out>, T, Op, true>{to, {{}, 0}, detail::monoid_of<T>(op)}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
