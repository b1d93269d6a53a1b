// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans and reductions of segments: of runs of equal keys (inclusive_scan_by_key(), exclusive_scan_by_key(), reduce_by_key(),
/// run_length_encode()) and of rows that are given by offsets (segmented_reduce(), segmented_scan()).
///
///   xl::reduce_by_key(q, cells, masses, cells_out, sums, count, xl::plus{});
///
/// The host calls them, and they do not wait. Each is one kernel, which reads each element once, whatever the lengths of the segments;
/// segmented_reduce() of few long rows of one length is two.
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
  CROSSLANE_FN static constexpr segment_sum of(std::uint64_t heads, Sum const& sum) { return {heads, sum}; }
};
/// The same of one tile. It has no gaps, so copies read no byte that nothing has written.
template <class Sum, std::size_t Gap = (4 - sizeof(Sum) % 4) % 4>
struct tile_segment_sum {
  unsigned heads;
  Sum sum;
  unsigned char gap[Gap];
  CROSSLANE_FN static constexpr tile_segment_sum of(unsigned heads, Sum const& sum) { return {heads, sum, {}}; }
};
template <class Sum>
struct tile_segment_sum<Sum, 0> {
  using number = std::conditional_t<sizeof(number_beside<Sum>) == 8, std::uint64_t, unsigned>;
  number heads;
  Sum sum;
  CROSSLANE_FN static constexpr tile_segment_sum of(number heads, Sum const& sum) { return {heads, sum}; }
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
      return V::of(a.heads + b.heads, b.heads != 0 ? b.sum : op(a.sum, b.sum));
    }
  };
  op_type op;
  CROSSLANE_FN static constexpr value none() { return {0, inner::none()}; }
};

// --- heads: what begins a segment. mask<M>(stage, first, own, n, end, items) has a bit for each of the elements first + own ... first +
// own + M that does: for M items of a thread in a tile of n, and for the one behind. `items` gets the keys, if there are any. Bits of
// elements from `end` on are not used. is_head(i) tells it of one element. limit(n) is the number of elements in segments. row_of(i) is the
// segment of element i. `keys` is the range of which a tile is fetched, and `key` the type of its elements. ---

/// An element begins a segment if its key differs from the one before.
template <class Keys, class Equal>
struct heads_by_key {
  using key = typename Keys::value_type;
  static constexpr unsigned around = 1;
  Keys keys;
  Equal equal;
  CROSSLANE_FN std::uint64_t limit(std::uint64_t n) const { return count_in_kernel(keys) < n ? count_in_kernel(keys) : n; }
  template <unsigned M, class Stage>
  CROSSLANE_FN unsigned mask(Stage const& t, std::uint64_t first, unsigned own, unsigned n, std::uint64_t end, key (&item)[M]) const {
    unsigned result = first + own == 0;
    for_size<M>(n - own < M ? n - own : M, [&]<bool Whole>(std::bool_constant<Whole>) {
      t.read(keys, first, own, n, item);
      key before = first + own == 0 ? item[0] : t.at(keys, first, int(own) - 1);
      for (unsigned i = 0; i < M; ++i)
        if (Whole || own + i < n) {
          if (!equal(before, item[i])) result |= 1u << i;
          before = item[i];
        }
      if (Whole && first + own + M < end && !equal(before, t.at(keys, first, int(own + M)))) result |= 1u << M;
    });
    return result;
  }
  /// Whether element i of a tile begins a segment, or is the end.
  template <class Stage>
  CROSSLANE_FN bool begins_at(Stage const& t, std::uint64_t first, int i, std::uint64_t end) const {
    std::uint64_t const place = first + unsigned(i);
    return place == 0 || place == end || !equal(t.at(keys, first, i - 1), t.at(keys, first, i));
  }
  bool is_head(std::uint64_t i) const { return i == 0 || !equal(key(keys[i - 1]), key(keys[i])); }
};
/// All segments have the same length.
struct heads_of_rows {
  using key = no_range;
  static constexpr unsigned around = 0;
  std::uint64_t length;
  no_range keys;
  CROSSLANE_FN std::uint64_t limit(std::uint64_t n) const { return n; }
  template <unsigned M, class Stage>
  CROSSLANE_FN unsigned mask(Stage const&, std::uint64_t first, unsigned own, unsigned, std::uint64_t end, key (&)[M]) const {
    unsigned result = 0;
    std::uint64_t const begin = first + own;
    std::uint64_t at = begin % length;
    for (unsigned i = 0; i <= M; ++i) {
      if (at == 0 && begin + i < end) result |= 1u << i;
      if (++at == length) at = 0;
    }
    return result;
  }
  bool is_head(std::uint64_t i) const { return i % length == 0; }
  CROSSLANE_FN std::uint64_t row_of(std::uint64_t i) const { return i / length; }
};
/// Segment k has the elements offsets[k] ... offsets[k + 1] - 1.
template <class Offsets>
struct heads_at_offsets {
  using key = no_range;
  static constexpr unsigned around = 0;
  Offsets offsets;
  no_range keys;
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
  bool is_head(std::uint64_t i) const {
    std::uint64_t const row = row_of(i);
    return std::uint64_t(offsets[row]) == i;
  }
  template <unsigned M, class Stage>
  CROSSLANE_FN unsigned mask(Stage const&, std::uint64_t first, unsigned own, unsigned, std::uint64_t end, key (&)[M]) const {
    std::uint64_t const begin = first + own;
    if (begin >= end) return 0;
    unsigned result = 0;
    std::uint64_t row = row_of(begin);
    for (unsigned i = 0; i <= M; ++i) {
      while (row + 1 < offsets.size() && std::uint64_t(offsets[row]) < begin + i) ++row;
      if (begin + i < end && std::uint64_t(offsets[row]) == begin + i) result |= 1u << i;
    }
    return result;
  }
};

/// Where the results of a segmented scan go. See emit_scan and others below.
enum class emits : unsigned char {
  each,   ///< one for each element: value_of(sum before, sum after)
  runs,   ///< one for each tail, in their order: the sum to `out`, and the key to `keys_out`
  places  ///< one for each tail: store(i, heads up to i, sum before, sum after, is_tail), as for loops
};
/// Memory for the results of a tile, unless they take the places of the elements.
template <class T, unsigned N>
struct tile_results {
  alignas(alignof(T) > 16 ? alignof(T) : 16) T element[N];
};
template <class T>
struct tile_results<T, 0> {};

/// The tiles of a segmented scan. The results of whole runs are put to shared memory when a tile is summed, because only the first one
/// depends on the tiles before.
template <class Policy, class In, class T, class Op, class Heads, class Emit>
struct segment_tiles {
  using algebra = segment_algebra<T, Op>;
  using inner = typename algebra::inner;
  using value = typename algebra::value;
  using sum_type = typename inner::value;
  using published = tile_segment_sum<sum_type>;
  using policy = Policy;
  using element = typename In::value_type;
  using key = typename Heads::key;
  using keys_type = decltype(Heads::keys);
  static constexpr unsigned items = Policy::items, tile = Policy::threads * items;
  static constexpr bool each = Emit::kind == emits::each, runs = Emit::kind == emits::runs;
  static constexpr bool puts_alone = runs;
  /// Whether values, and keys, take the places of the elements.
  static constexpr bool values_in_stage = results_in_place<In, T>, keys_in_stage = results_in_place<keys_type, key>;
  static_assert(items <= 31, "crosslane: the policy of an algorithm by key has at most 31 items");

  struct stage {
    detail::stage<In, tile> in;
    detail::stage<keys_type, tile, Heads::around> keys;
    tile_results<T, runs && !values_in_stage ? tile : 0> values_out;
    tile_results<key, runs && !keys_in_stage ? tile : 0> keys_out;
  };
  template <class Ctx>
  struct scratch {
    block_scratch<published, Ctx> sums;
    tile_results<T, each && !values_in_stage ? tile : 0> values_out;
  };
  struct kept {
    unsigned heads;                  ///< a bit for each item, and for the one behind
    bool begins, ends;               ///< if runs: whether the tile begins a run, and ends one
    published before;                ///< of the lower threads
    decltype(published::heads) all;  ///< if runs: of the tile
  };
  /// The items of a thread, if runs.
  struct loaded {
    T value[runs ? items : 1];
    key of_item[runs ? items : 1];
  };

  In in;
  Heads heads;
  Emit emit;
  algebra algebra_;

  CROSSLANE_FN static published narrow(value const& v) { return published::of(decltype(published::heads)(v.heads), v.sum); }
  CROSSLANE_FN static value widen(published const& v) { return {v.heads, v.sum}; }
  CROSSLANE_FN std::uint64_t size() const { return heads.limit(count_in_kernel(in)); }

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, stage& t, std::uint64_t first, unsigned n, std::uint64_t end) const {
    t.in.fetch(ctx, pipe, in, first, n, end);
    t.keys.fetch(ctx, pipe, heads.keys, first, n, end);
  }
  template <class Ctx>
  CROSSLANE_FN void sum(Ctx const& ctx, scratch<Ctx>& s, stage const& t, loaded& l, kept& k, std::uint64_t first, unsigned n) const {
    unsigned const own = ctx.thread_rank() * items;
    std::uint64_t const end = size();
    published part = narrow(algebra::none());
    if (own < n) {
      if constexpr (runs) {
        k.heads = heads.template mask<items>(t.keys, first, own, n, end, l.of_item);
      } else {
        key of_item[items];
        k.heads = heads.template mask<items>(t.keys, first, own, n, end, of_item);
      }
      for_size<tile>(n, [&]<bool Whole>(std::bool_constant<Whole>) {
        element item[items];
        t.in.read(in, first, own, Whole ? tile : n, item);
        for (unsigned i = 0; i < items; ++i) {
          if (Whole || own + i < n) part = algebra_.op(part, published::of(k.heads >> i & 1, inner::of(T(item[i]))));
          if constexpr (runs) l.value[i] = T(item[i]);
        }
      });
      if (end - first - own <= items) k.heads |= 1u << unsigned(end - first - own);  // the last element is a tail
    }
    if constexpr (runs) {
      k.begins = heads.begins_at(t.keys, first, 0, end);
      k.ends = heads.begins_at(t.keys, first, int(n), end);
    }
    k.before = sum_wave(ctx, s.sums, part, algebra_.op, narrow(algebra::none()));
  }
  template <class Ctx>
  CROSSLANE_FN void finish_sum(Ctx const& ctx, stage& t, loaded const& l, kept& k, unsigned n, wave_totals<published> const& waves) const {
    if (ctx.wave_rank() != 0) k.before = ctx.lane_rank() == 0 ? waves.before : algebra_.op(waves.before, k.before);
    if constexpr (runs) {
      k.all = waves.all.heads;
      unsigned const own = ctx.thread_rank() * items;
      if (own < n) for_size<tile>(n, [&](auto whole) { put_runs<whole>(t, l, k, own, n); });
    }
  }
  template <class Ctx>
  CROSSLANE_FN void put(Ctx const& ctx, scratch<Ctx>& s, stage& t, kept const& k, std::uint64_t first, unsigned n,
                        value const& before) const {
    unsigned const own = ctx.thread_rank() * items;
    if constexpr (!runs)
      if (own < n) for_size<tile>(n, [&](auto whole) { put_items_of<whole>(s, t, k, first, own, n, before); });
  }
  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, scratch<Ctx>& s, stage& t, kept const& k, std::uint64_t first, unsigned n,
                          value const& before) const {
    if constexpr (each) {
      copy_out<policy::threads, tile>(ctx, values_of(s, t), emit.out, first, n);
    } else if constexpr (runs) {
      unsigned const number = unsigned(k.all) - k.begins + k.ends;
      if (number == 0) return;
      std::uint64_t const first_tail = before.heads - 1 + k.begins;
      T* const values = values_of(t);
      copy_out<policy::threads, tile>(ctx, keys_of(t), emit.keys_out, first_tail, number);
      copy_out<policy::threads, tile>(ctx, values + 1, emit.out, first_tail + 1, number - 1);
      if (ctx.thread_rank() == 0)
        emit.out[first_tail] = k.begins ? values[0] : inner::get(algebra_.op.op(before.sum, inner::of(values[0])));
    }
  }
  CROSSLANE_FN void finish(value const& all) const { emit.finish(all.heads); }

  value loop_sum(std::uint64_t begin, std::uint64_t end) const {
    value result = algebra::none();
    for (std::uint64_t i = begin; i < end; ++i) result = algebra_.op(result, value{heads.is_head(i), inner::of(T(in[i]))});
    return result;
  }
  value loop_store(std::uint64_t begin, std::uint64_t end, value running) const {
    std::uint64_t const all = size();
    bool head = begin < all && heads.is_head(begin);
    for (std::uint64_t i = begin; i < end; ++i) {
      bool const next = i + 1 == all || heads.is_head(i + 1);
      sum_type const before = head ? inner::none() : running.sum;
      running = algebra_.op(running, value{head, inner::of(T(in[i]))});
      emit.store(i, running.heads, before, running.sum, next);
      head = next;
    }
    return running;
  }

 private:
  CROSSLANE_FN static T* values_of(stage& t) {
    if constexpr (values_in_stage)
      return t.in.memory.element;
    else
      return t.values_out.element;
  }
  /// The same if each element has a result.
  template <class Scratch>
  CROSSLANE_FN static T* values_of(Scratch& s, stage& t) {
    if constexpr (values_in_stage)
      return t.in.memory.element;
    else
      return s.values_out.element;
  }
  CROSSLANE_FN static key* keys_of(stage& t) {
    if constexpr (keys_in_stage)
      return t.keys.memory.element;
    else
      return t.keys_out.element;
  }
  /// Puts the results of the runs that end in the items of the calling thread to shared memory.
  template <bool Whole>
  CROSSLANE_FN void put_runs(stage& t, loaded const& l, kept const& k, unsigned own, unsigned n) const {
    T* const values = values_of(t);
    key* const keys = keys_of(t);
    sum_type running = k.before.sum;
    unsigned place = unsigned(k.before.heads) - k.begins + (k.heads & 1);
    for (unsigned i = 0; i < items; ++i)
      if (Whole || own + i < n) {
        sum_type const item = inner::of(l.value[i]);
        running = (k.heads >> i & 1) != 0 ? item : algebra_.op.op(running, item);
        if ((k.heads >> (i + 1) & 1) != 0) {
          keys[place] = l.of_item[i];
          values[place] = inner::get(running);
          ++place;
        }
      }
  }
  /// Scans the items of the calling thread, and stores their results, or puts them to shared memory.
  template <bool Whole, class Scratch>
  CROSSLANE_FN void put_items_of(Scratch& s, stage& t, kept const& k, std::uint64_t first, unsigned own, unsigned n,
                                 value const& before) const {
    element item[items];
    t.in.read(in, first, own, Whole ? tile : n, item);
    T result[items] = {};
    sum_type running = algebra_.op(before, widen(k.before)).sum;
    [[maybe_unused]] std::uint64_t number = before.heads + k.before.heads;
    for (unsigned i = 0; i < items; ++i)
      if (Whole || own + i < n) {
        bool const head = (k.heads >> i & 1) != 0, tail = (k.heads >> (i + 1) & 1) != 0;
        sum_type const lower = head ? inner::none() : running, element_sum = inner::of(T(item[i]));
        running = head ? element_sum : algebra_.op.op(running, element_sum);
        number += head;
        if constexpr (each)
          result[i] = emit.value_of(lower, running);
        else
          emit.store(first + own + i, number, lower, running, tail);
      }
    if constexpr (each) put_items(values_of(s, t), own, result);
  }
};

/// Stores the scan of each element.
template <class Out, class T, class Op, bool Inclusive>
struct emit_scan {
  static constexpr emits kind = emits::each;
  using inner = monoid<T, Op>;
  using sum_type = typename inner::value;
  Out out;
  maybe<T> initial;
  inner op;
  CROSSLANE_FN T value_of(sum_type const& before, sum_type const& after) const {
    sum_type const& sum = Inclusive ? after : before;
    return inner::get(initial.any ? op.op(inner::of(initial.value), sum) : sum);
  }
  void store(std::uint64_t i, std::uint64_t, sum_type const& before, sum_type const& after, bool) const {
    out[i] = value_of(before, after);
  }
  CROSSLANE_FN void finish(std::uint64_t) const {}
};
/// Stores the key and the sum of each run.
template <class Keys, class KeysOut, class Out, class Count, class T, class Op>
struct emit_runs {
  static constexpr emits kind = emits::runs;
  using inner = monoid<T, Op>;
  using sum_type = typename inner::value;
  Keys keys;
  KeysOut keys_out;
  Out out;
  Count count;
  void store(std::uint64_t i, std::uint64_t heads, sum_type const&, sum_type const& sum, bool tail) const {
    if (!tail) return;
    keys_out[heads - 1] = typename Keys::value_type(keys[i]);
    out[heads - 1] = inner::get(sum);
  }
  CROSSLANE_FN void finish(std::uint64_t heads) const { count[0] = typename Count::value_type(heads); }
};
/// Stores the sum of each row that has elements.
template <class Heads, class Out, class T, class Op>
struct emit_rows {
  static constexpr emits kind = emits::places;
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
  auto const q = ref_of(stream_, where);
  constexpr std::size_t key_bytes = stage_bytes<decltype(Heads::keys)>;
  constexpr bool each = Emit::kind == emits::each, runs = Emit::kind == emits::runs, in_place = results_in_place<In, T>;
  constexpr std::size_t results = in_place ? 0 : sizeof(T);
  constexpr std::size_t keys_out = results_in_place<decltype(Heads::keys), typename Heads::key> ? 0 : sizeof(typename Heads::key);
  constexpr scan_needs needs{stage_bytes<In> + key_bytes + (runs ? results + keys_out : 0), each ? results : 0,
                             std::max({sizeof(T), stage_bytes<In>, key_bytes}), key_bytes != 0 && in_place ? 3u : 2u, 28};
  with_scan_policy<P, needs>(q, where, [&]<class Policy>(Policy) {
    using tiles = segment_tiles<Policy, In, T, Op, Heads, Emit>;
    queue_round_scan<Op>(q, call, tiles{in, heads, emit, {{monoid_of<T>(op).op}}}, in.size(), tiles::algebra::none(), workspace, where);
  });
}

template <class Offsets>
auto heads_of(char const* call, Offsets&& offsets, std::uint64_t n, source_location where) {
  if constexpr (std::integral<std::remove_cvref_t<Offsets>>) {
    if (offsets <= 0 || n % std::uint64_t(offsets) != 0)
      throw_error(errc::invalid_argument, where, "%s: rows of %lld elements do not divide a range of %llu", call,
                  static_cast<long long>(offsets), static_cast<unsigned long long>(n));
    return heads_of_rows{std::uint64_t(offsets), {}};
  } else {
    static_assert(std::is_integral_v<value_of<Offsets>>, "crosslane: the offsets of rows are integers");
    return heads_at_offsets<view_of<Offsets>>{view_for_kernel(offsets, where), {}};
  }
}
/// Throws invalid_argument if the offsets of rows overlap the first `count` elements of the output.
template <class Heads, class Out>
void check_offsets_apart(char const* call, Heads const& heads, Out const& out, std::uint64_t count, source_location where) {
  if constexpr (requires { heads.offsets; }) check_apart(call, heads.offsets, heads.offsets.size(), out, count, where);
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
  require_operands(ref_of(stream_, where), call, o.workspace, where, keys, in, out);
  auto const by = view_for_kernel(keys, where);
  auto const from = view_for_kernel(in, where);
  auto const to = view_for_kernel(out, where);
  check_values(call, by, from, false, where);
  check_output(call, from, to, true, where);
  check_apart(call, by, to, where);
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
  detail::require_operands(detail::ref_of(stream, where), "reduce_by_key", o.workspace, where, keys, in, keys_out, out, count);
  auto const by = detail::view_for_kernel(keys, where);
  auto const from = detail::view_for_kernel(in, where);
  auto const to_keys = detail::view_for_kernel(keys_out, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const number = detail::view_for_kernel(count, where);
  detail::check_values("reduce_by_key", by, from, false, where);
  detail::check_output("reduce_by_key", by, to_keys, false, where);
  detail::check_output("reduce_by_key", from, to, false, where);
  detail::check_apart("reduce_by_key", by, by.size(), to, by.size(), where);
  detail::check_apart("reduce_by_key", from, by.size(), to_keys, by.size(), where);
  detail::check_apart("reduce_by_key", to_keys, by.size(), to, by.size(), where);
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
  detail::require_operands(detail::ref_of(stream, where), "segmented_reduce", o.workspace, where, in, offsets, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const heads = detail::heads_of("segmented_reduce", offsets, from.size(), where);
  std::uint64_t const rows = detail::rows_of(heads, from.size());
  static_assert(detail::check_written<detail::view_of<Out>>::ok);
  if (std::uint64_t(to.size()) < rows)
    throw_error(errc::size_mismatch, where, "segmented_reduce: there are %llu rows, the output has %llu elements",
                static_cast<unsigned long long>(rows), static_cast<unsigned long long>(to.size()));
  if (rows == 0) return;
  detail::check_apart("segmented_reduce", from, from.size(), to, rows, where);
  detail::check_offsets_apart("segmented_reduce", heads, to, rows, where);
  if constexpr (std::integral<std::remove_cvref_t<Offsets>> && detail::may_commute<T, Op> && !detail::has_count<detail::view_of<In>> &&
                !detail::loop_backend<typename S::backend>) {
    if (detail::queue_row_reduce_in_pieces(detail::ref_of(stream, where), from, to, initial, op, rows, heads.length, o.workspace, where))
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
  detail::require_operands(detail::ref_of(stream, where), "segmented_scan", o.workspace, where, in, offsets, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  auto const heads = detail::heads_of("segmented_scan", offsets, from.size(), where);
  detail::check_output("segmented_scan", from, to, true, where);
  detail::check_offsets_apart("segmented_scan", heads, to, from.size(), where);
  if (detail::rows_of(heads, from.size()) == 0) return;
  detail::segments<T, P>("segmented_scan", stream, from, op, heads,
                         detail::emit_scan<detail::view_of<Out>, T, Op, true>{to, {{}, 0}, detail::monoid_of<T>(op)}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
