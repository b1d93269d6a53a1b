// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Scans of whole ranges: inclusive_scan(), exclusive_scan().
///
///   xl::exclusive_scan(q, counts, offsets, 0u, xl::plus{});
///
/// The host calls them, and they do not wait. A scan is one kernel, which reads and writes each element once. Operators are associative;
/// operands are combined in the order of the elements. Results have the same bits in each run on one device. The output may be the input;
/// otherwise both must not overlap.
#pragma once

#include <crosslane/algorithm/round_scan.hpp>

namespace crosslane {

/// Sizes of a scan, and of algorithms that are made of one: `threads` of a block, `items` of a thread, `blocks` on a multiprocessor.
template <unsigned Threads, unsigned Items, unsigned Blocks>
struct scan_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned items = Items;      ///< elements of a thread in a tile
  static constexpr unsigned blocks = Blocks;    ///< blocks on a multiprocessor
};

namespace detail {

/// Returns the policy for elements of `Bytes` bytes.
template <std::size_t Bytes>
constexpr auto tuned_scan() {
  return scan_policy<256, Bytes >= 16 ? 2 : Bytes >= 8 ? 8 : 16, 4>{};
}
template <class Policy, std::size_t Bytes>
using scan_policy_of = policy_or<Policy, decltype(tuned_scan<Bytes>())>;

template <class Policy, class In, class Out, class T, class Op, bool Inclusive>
struct scan_tiles {
  using algebra = monoid<T, Op>;
  using value = typename algebra::value;
  using published = value;
  static constexpr unsigned threads = Policy::threads, items = Policy::items, tile = threads * items, blocks = Policy::blocks;

  template <class Ctx>
  struct shared {
    block_exchange_scratch<T, items, Ctx> exchange;
    block_scratch<value, Ctx> scan;
  };
  template <class Ctx>
  struct state {
    T item[items];
    value before;  ///< sum of the lower threads
  };

  In in;
  Out out;
  algebra algebra_;

  CROSSLANE_FN static published narrow(value const& v) { return v; }
  CROSSLANE_FN static value widen(published const& v) { return v; }
  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(in); }

  template <class Ctx>
  CROSSLANE_FN value sum(Ctx const& ctx, shared<Ctx>& s, state<Ctx>& t, std::uint64_t first, unsigned count) const {
    load_blocked(ctx, s.exchange, in, first, count, t.item);
    unsigned const own = ctx.thread_rank() * items;
    value part = algebra::none();
    for (unsigned i = 0; i < items; ++i)
      if (own + i < count) part = algebra_.op(part, algebra::of(t.item[i]));
    auto const [before, all] = block_exclusive_scan_and_total(ctx, s.scan, part, algebra_.op, algebra::none());
    t.before = before;
    return all;
  }
  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, shared<Ctx>& s, state<Ctx>& t, std::uint64_t first, unsigned count, value const& before) const {
    unsigned const own = ctx.thread_rank() * items;
    value running = algebra_.op(before, t.before);
    for (unsigned i = 0; i < items; ++i)
      if (own + i < count) t.item[i] = step(running, t.item[i]);
    block_exchange<arrangement::blocked, arrangement::wave_striped>(ctx, s.exchange, t.item);
    for (unsigned i = 0; i < items; ++i) {
      unsigned const at = item_position<arrangement::wave_striped, items>(ctx, i);
      if (at < count) out[first + at] = t.item[i];
    }
  }
  CROSSLANE_FN void finish(value const&) const {}

  value loop_sum(std::uint64_t begin, std::uint64_t end) const { return reduce_piece<T, Op>(in, algebra_, begin, end); }
  value loop_store(std::uint64_t begin, std::uint64_t end, value running) const {
    for (std::uint64_t i = begin; i < end; ++i) out[i] = step(running, T(in[i]));
    return running;
  }

 private:
  /// Adds an item to the running sum, and returns what the output gets.
  CROSSLANE_FN T step(value& running, T const& item) const {
    value const before = running;
    running = algebra_.op(running, algebra::of(item));
    return algebra::get(Inclusive ? running : before);
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws unless the output has as many elements as the input, and is the input or apart from it.
template <class In, class Out>
void check_output(char const* call, In const& in, Out const& out, bool may_be_input, source_location where) {
  if (std::uint64_t(out.size()) < std::uint64_t(in.size()))
    throw_error(errc::size_mismatch, where, "%s: the input has %llu elements, the output %llu", call,
                static_cast<unsigned long long>(in.size()), static_cast<unsigned long long>(out.size()));
  if constexpr (is_span<In> && is_span<Out>) {
    constexpr std::size_t from = sizeof(typename In::value_type), to = sizeof(typename Out::value_type);
    if (may_be_input && from == to && static_cast<void const*>(in.data()) == static_cast<void const*>(out.data())) return;
    check_apart(call, in, in.size(), out, in.size(), where);
  }
}

/// Throws unless there is a value for each key, and no other unless there may be more.
template <class Keys, class Values>
void check_values(char const* call, Keys const& keys, Values const& values, bool may_be_more, source_location where) {
  std::uint64_t const n = keys.size(), m = values.size();
  if (m < n || (m > n && !may_be_more))
    throw_error(errc::size_mismatch, where, "%s: there are %llu keys and %llu values", call, static_cast<unsigned long long>(n),
                static_cast<unsigned long long>(m));
}

template <bool Inclusive, class T, class D, class P, stream_like S, class In, class Out, class Op>
void scan(char const* call, S const& stream_, In& in, Out& out, maybe<T> const& initial, Op const& op, options<D, P> const& o,
          source_location where) {
  static_assert(check_determinism<D, T, Op>::ok);
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 60,
                "crosslane: the values of a scan must be trivially copyable and have at most 60 bytes, as lanes exchange them");
  auto const q = ref_of(stream_, where);
  require_on_device(q, call, where, in, out);
  auto const from = view_for_kernel(in, where);
  auto const to = view_for_kernel(out, where);
  check_output(call, from, to, true, where);
  using tiles =
      scan_tiles<scan_policy_of<P, sizeof(T)>, std::remove_const_t<decltype(from)>, std::remove_const_t<decltype(to)>, T, Op, Inclusive>;
  using algebra = typename tiles::algebra;
  if (from.size() == 0) return;
  queue_round_scan<Op>(q, call, tiles{from, to, monoid_of<T>(op)}, from.size(), initial.any ? algebra::of(initial.value) : algebra::none(),
                       o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues out[i] = initial op in[0] op ... op in[i]. Operands have the type of `initial`, or that of the elements. The host calls it, and
/// it does not wait. Throws size_mismatch if the output has fewer elements than the input or the workspace is too small, and
/// invalid_argument if the output overlaps the input without being the input.
template <stream_like S, class In, class Out, detail::reduction_operator Op, class T, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void inclusive_scan(S const& stream, In&& in, Out&& out, Op const& op, T const& initial, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  detail::scan<true>("inclusive_scan", stream, in, out, detail::maybe<T>{initial, 1}, op, o, where);
}
template <stream_like S, class In, class Out, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void inclusive_scan(S const& stream, In&& in, Out&& out, Op const& op, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  detail::scan<true>("inclusive_scan", stream, in, out, detail::maybe<detail::value_of<In>>{{}, 0}, op, o, where);
}
/// @}

/// Queues out[i] = initial op in[0] op ... op in[i - 1], so out[0] is `initial`. Otherwise it is like inclusive_scan().
template <stream_like S, class In, class Out, class T, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void exclusive_scan(S const& stream, In&& in, Out&& out, T const& initial, Op const& op, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  detail::scan<false>("exclusive_scan", stream, in, out, detail::maybe<T>{initial, 1}, op, o, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
