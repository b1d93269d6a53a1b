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
#include <crosslane/algorithm/stage.hpp>

#include <algorithm>

namespace crosslane {

namespace detail {

/// The bytes in shared memory that the tiles of a scan need for each element, and how many elements a thread can have.
struct scan_needs {
  std::size_t staged;             ///< in a stage of the pipeline, in all arrays
  std::size_t results;            ///< beside the pipeline
  std::size_t widest;             ///< in the array with the largest elements
  unsigned ahead;                 ///< see scan_policy; with less memory it is 2
  unsigned most_items = 1u << 8;  ///< elements of a thread
};
/// Sizes of a block: its threads with elements, and the bytes of a thread in the array with the largest elements.
struct scan_shape {
  unsigned threads, bytes;
};

constexpr unsigned items_in(scan_shape b, scan_needs const& needs) {
  std::size_t const items = needs.widest < b.bytes ? b.bytes / needs.widest : 1;
  return items < needs.most_items ? unsigned(items) : needs.most_items;
}
/// Returns the first of `choices` that fits `memory` bytes.
template <std::size_t N>
constexpr scan_shape fitting_shape(scan_shape const (&choices)[N], scan_needs const& needs, unsigned stages, std::size_t memory) {
  for (scan_shape const b : choices)
    if (b.threads * items_in(b, needs) * (stages * needs.staged + needs.results) <= memory) return b;
  return {0, 0};
}
/// A block of each device has this much shared memory, beside some for other purposes; or, for the second policy, so much.
inline constexpr std::size_t usual_memory = std::size_t{60} << 10, large_memory = std::size_t{220} << 10;

/// Returns the policy for tiles that need `Needs`. An inclusive scan of 2^28 floats with 192 x 12 elements and 2 blocks on a
/// multiprocessor, measured on an H200: 2 rounds ahead 1470 GB/s; 1 ahead 540 GB/s.
template <scan_needs Needs>
constexpr auto tuned_scan() {
  constexpr scan_shape choices[] = {{192, 48}, {128, 48}, {128, 16}, {64, 48}, {64, 16}};
  constexpr unsigned ahead = 2, stages = ahead + 2;
  constexpr scan_shape b = fitting_shape(choices, Needs, stages, usual_memory);
  static_assert(b.threads != 0, "crosslane: the elements of this algorithm are too large for the shared memory of a block: see scan_needs");
  return scan_policy<b.threads, items_in(b, Needs), 2, stages, ahead>{};
}
/// The same for devices whose blocks have large_memory. Measured on an H200 with 2^28 elements of 4 bytes, in GB/s; the choices are in the
/// order of these figures:
///
///   inclusive_scan     384 x 28, 4 stages, 2 ahead: 3690;  448 x 28, 4, 2: 3760;  384 x 28, 5, 3: 3490;  384 x 28, 5, 2: 3170
///   copy_if            384 x 28, 4 stages, 2 ahead: 3040;  512 x 20, 4, 2: 2920;  448 x 20, 5, 2: 2810
///   run_length_encode  320 x 20, 4 stages, 2 ahead: 1730;  256 x 20, 5, 3: 1560;  448 x 12, 4, 2: 1520
///   reduce_by_key      256 x 20, 5 stages, 3 ahead: 2610;  320 x 20, 4, 2: 2430;  192 x 20, 6, 3: 2250;  256 x 20, 5, 2: 2230
///   scan_by_key        256 x 20, 5 stages, 3 ahead: 3160;  448 x 12, 4, 2: 2700;  320 x 20, 4, 2: 2600;  256 x 20, 5, 2: 2550
///
/// 448 x 28 elements are 1 % slower than 384 x 28 with 2^20 elements, and 2 % with 2^24.
template <scan_needs Needs>
constexpr auto tuned_scan_of_large_memory() {
  constexpr scan_shape choices[] = {{384, 112}, {384, 80}, {320, 80}, {256, 80}, {384, 48}, {256, 48}, {128, 48}, {64, 16}};
  constexpr unsigned stages = Needs.ahead + 2;
  constexpr scan_shape b = fitting_shape(choices, Needs, stages, large_memory);
  return scan_policy<b.threads, items_in(b, Needs), 1, stages, Needs.ahead>{};
}

template <class Policy, class In, class Out, class T, class Op, bool Inclusive>
struct scan_tiles {
  using algebra = monoid<T, Op>;
  using value = typename algebra::value;
  using published = value;
  using policy = Policy;
  using element = typename In::value_type;
  static constexpr unsigned items = Policy::items, tile = Policy::threads * items;
  static constexpr bool puts_alone = false;

  using stage = detail::stage<In, tile>;
  /// Whether results take the places of the elements in the stage.
  static constexpr bool results_in_stage = results_in_place<In, T>;
  template <class Ctx>
  struct scratch {
    block_scratch<value, Ctx> sums;
    alignas(alignof(T) > 16 ? alignof(T) : 16) T result[results_in_stage ? 1 : tile];
  };
  struct loaded {};
  struct kept {
    value before;  ///< sum of the lower threads
  };

  In in;
  Out out;
  algebra algebra_;

  CROSSLANE_FN static published narrow(value const& v) { return v; }
  CROSSLANE_FN static value widen(published const& v) { return v; }
  CROSSLANE_FN std::uint64_t size() const { return count_in_kernel(in); }

  template <class Ctx, class Pipe>
  CROSSLANE_FN void fetch(Ctx const& ctx, Pipe& pipe, stage& t, std::uint64_t first, unsigned count, std::uint64_t n) const {
    t.fetch(ctx, pipe, in, first, count, n);
  }
  template <class Ctx>
  CROSSLANE_FN void sum(Ctx const& ctx, scratch<Ctx>& s, stage const& t, loaded, kept& k, std::uint64_t first, unsigned count) const {
    unsigned const own = ctx.thread_rank() * items;
    value part = algebra::none();
    if (own < count)
      for_size<tile>(count, [&]<bool Whole>(std::bool_constant<Whole>) {
        element item[items];
        t.read(in, first, own, Whole ? tile : count, item);
        for (unsigned i = 0; i < items; ++i)
          if (Whole || own + i < count) part = algebra_.op(part, algebra::of(T(item[i])));
      });
    k.before = sum_wave(ctx, s.sums, part, algebra_.op, algebra::none());
  }
  template <class Ctx>
  CROSSLANE_FN void finish_sum(Ctx const& ctx, stage&, loaded, kept& k, unsigned, wave_totals<value> const& waves) const {
    if (ctx.wave_rank() != 0) k.before = ctx.lane_rank() == 0 ? waves.before : algebra_.op(waves.before, k.before);
  }
  template <class Ctx>
  CROSSLANE_FN void put(Ctx const& ctx, scratch<Ctx>& s, stage& t, kept const& k, std::uint64_t first, unsigned count,
                        value const& before) const {
    unsigned const own = ctx.thread_rank() * items;
    if (own < count)
      for_size<tile>(count, [&]<bool Whole>(std::bool_constant<Whole>) {
        element item[items];
        t.read(in, first, own, Whole ? tile : count, item);
        T result[items];
        value running = algebra_.op(before, k.before);
        for (unsigned i = 0; i < items; ++i) result[i] = Whole || own + i < count ? step(running, T(item[i])) : T{};
        put_items(results(s, t), own, result);
      });
  }
  template <class Ctx>
  CROSSLANE_FN void store(Ctx const& ctx, scratch<Ctx>& s, stage& t, kept const&, std::uint64_t first, unsigned count, value const&) const {
    copy_out<policy::threads, tile>(ctx, results(s, t), out, first, count);
  }
  CROSSLANE_FN void finish(value const&) const {}

  value loop_sum(std::uint64_t begin, std::uint64_t end) const { return reduce_piece<T, Op>(in, algebra_, begin, end); }
  value loop_store(std::uint64_t begin, std::uint64_t end, value running) const {
    for (std::uint64_t i = begin; i < end; ++i) out[i] = step(running, T(in[i]));
    return running;
  }

 private:
  template <class Ctx>
  CROSSLANE_FN static T* results(scratch<Ctx>& s, stage& t) {
    if constexpr (results_in_stage)
      return t.memory.element;
    else
      return s.result;
  }
  /// Adds an item to the running sum, and returns what the output gets.
  CROSSLANE_FN T step(value& running, T const& item) const {
    value const before = running;
    running = algebra_.op(running, algebra::of(item));
    return algebra::get(Inclusive ? running : before);
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Calls f(policy) with the caller's policy, or with the library's for the device.
template <class P, scan_needs Needs, runtime_backend B, class F>
void with_scan_policy(basic_stream_ref<B> q, source_location where, F const& f) {
  constexpr bool has_limit = B::max_shared_bytes != ~std::size_t{0};  // unlike the host
  if constexpr (!std::is_same_v<P, tuned>) {
    f(P{});
  } else if constexpr (has_limit && B::max_shared_bytes >= large_memory) {
    if (q.properties(where).shared_per_block_optin >= large_memory)
      f(tuned_scan_of_large_memory<Needs>());
    else
      f(tuned_scan<Needs>());
  } else {
    f(tuned_scan<Needs>());
  }
}

/// Throws unless the output has as many elements as the input, and is the input or apart from it.
template <class In, class Out>
void check_output(char const* call, In const& in, Out const& out, bool may_be_input, source_location where) {
  static_assert(check_written<Out>::ok);
  if (std::uint64_t(out.size()) < std::uint64_t(in.size()))
    throw_error(errc::size_mismatch, where, "%s: the input has %llu elements, the output %llu", call,
                static_cast<unsigned long long>(in.size()), static_cast<unsigned long long>(out.size()));
  check_apart(call, in, in.size(), out, in.size(), where, may_be_input);
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
  require_operands(q, call, o.workspace, where, in, out);
  auto const from = view_for_kernel(in, where);
  auto const to = view_for_kernel(out, where);
  check_output(call, from, to, true, where);
  using algebra = monoid<T, Op>;
  if (from.size() == 0) return;
  using input = std::remove_const_t<decltype(from)>;
  constexpr scan_needs needs{stage_bytes<input>, results_in_place<input, T> ? 0 : sizeof(T), std::max(sizeof(T), stage_bytes<input>), 2};
  with_scan_policy<P, needs>(q, where, [&]<class Policy>(Policy) {
    using tiles = scan_tiles<Policy, std::remove_const_t<decltype(from)>, std::remove_const_t<decltype(to)>, T, Op, Inclusive>;
    queue_round_scan<Op>(q, call, tiles{from, to, monoid_of<T>(op)}, from.size(),
                         initial.any ? algebra::of(initial.value) : algebra::none(), o.workspace, where);
  });
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
