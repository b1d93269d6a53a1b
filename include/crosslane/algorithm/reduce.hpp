// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions of whole ranges: reduce(), and what is made of it: min_element(), max_element(), minmax_element(), count_if(), find_if(),
/// any_of(), all_of(). The host calls them.
///
///   float const sum = xl::reduce(q, x, xl::plus{});      // waits for the result
///   xl::reduce(q, x, result, xl::plus{});                // writes it to result[0], and does not wait
///
/// Ranges are buffers, spans and lazy ranges (range.hpp). Operators are associative, trivially copyable and callable in a kernel, where
/// they are const; operands are combined in the order of the elements. Results have the same bits in each run on one device. An algorithm
/// is one kernel.
#pragma once

#include <crosslane/algorithm/elementwise.hpp>
#include <crosslane/algorithm/monoid.hpp>
#include <crosslane/algorithm/options.hpp>
#include <crosslane/algorithm/range.hpp>
#include <crosslane/algorithm/tile_load.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/occupancy.hpp>

#include <memory>
#include <vector>

namespace crosslane {

/// Sizes of reduce(). `threads` of a block, `items` that a thread loads before it combines them, `blocks` on a multiprocessor.
template <unsigned Threads, unsigned Items, unsigned Blocks>
struct reduce_policy {
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned items = Items;      ///< elements that a thread loads at once
  static constexpr unsigned blocks = Blocks;    ///< blocks on a multiprocessor
};

namespace detail {

/// Returns the policy for elements of which `Bytes` bytes are loaded.
template <std::size_t Bytes>
constexpr auto tuned_reduce() {
  return reduce_policy<256, Bytes >= 16 ? 4 : 16 / Bytes * 4, 4>{};
}
template <class Policy, std::size_t Bytes>
using reduce_policy_of = policy_or<Policy, decltype(tuned_reduce<Bytes>())>;

/// Whether operands may change places: for the library's operators on numbers, and if the operator says so by
/// `static constexpr bool commutative = true;`.
template <class T, class Op>
inline constexpr bool may_commute = is_commutative<T, Op>;
template <class T, class Op>
requires requires { typename std::bool_constant<Op::commutative>; } inline constexpr bool may_commute<T, Op> = Op::commutative;

/// Whether the reduction of no element has a value: 0 for sums, 1 for products, the identity for others.
template <class T, class Op>
inline constexpr bool has_empty_sum =
    has_identity<T, Op> || (has_neutral<T, Op> && (std::is_same_v<Op, plus> || std::is_same_v<Op, multiplies>));
template <class T, class Op>
CROSSLANE_FN constexpr auto empty_sum() {
  if constexpr (has_neutral<T, Op> && std::is_same_v<Op, plus>)
    return T(0);  // not the neutral value, which is -0
  else
    return monoid<T, Op>::none();
}

/// Stores what an output has for no element, if it has something.
template <class Out>
CROSSLANE_FN void store_none(Out const& out) {
  if constexpr (requires { out.store_none(); }) out.store_none();
}

/// out[0] = initial op in[0] op in[1] ... Each block reduces a contiguous part, and the last block that ends reduces the results of all.
template <class Policy, class T, class Op>
struct reduce_kernel {
  static constexpr auto block = block_size<Policy::threads>;
  static constexpr unsigned items = Policy::items, tile = Policy::threads * items;
  using algebra = monoid<T, Op>;
  using value = typename algebra::value;

  template <class Ctx>
  struct shared {
    block_scratch<value, Ctx> parts;
    unsigned is_last;
  };

  template <kernel_context Ctx, class In, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, In const in, algebra const m, Out const out, maybe<T> const initial,
                               value* partial, workspace_front* front) const {
    std::uint64_t const n = count_in_kernel(in), blocks = ctx.block_count(), rank = ctx.block_rank();
    std::uint64_t const tiles = pieces_of(n, tile), share = (tiles + blocks - 1) / blocks * tile;
    std::uint64_t const first = rank * share < n ? rank * share : n, end = n - first < share ? n : first + share;
    value const sum = block_reduce_to_leader(ctx, s.parts, reduce_part(ctx, s, in, m, first, end), m.op);
    if (blocks == 1) {
      if (ctx.thread_rank() == 0) write(m, out, initial, n == 0 ? empty_sum<T, Op>() : sum);
      return;
    }
    if (ctx.thread_rank() == 0) {
      partial[rank] = sum;
      s.is_last = is_last_block(ctx, front);
    }
    ctx.sync_block();
    if (!s.is_last) return;
    std::uint64_t const each = (blocks + Policy::threads - 1) / Policy::threads, begin = ctx.thread_rank() * each;
    value all = algebra::none();
    for (std::uint64_t i = begin; i < begin + each && i < blocks; ++i) all = m.op(all, partial[i]);
    all = block_reduce_to_leader(ctx, s.parts, all, m.op);
    if (ctx.thread_rank() == 0) write(m, out, initial, n == 0 ? empty_sum<T, Op>() : all);
  }

 private:
  template <class Out>
  CROSSLANE_FN static void write(algebra const& m, Out const& out, maybe<T> const& initial, value const& sum) {
    value const result = initial.any ? m.op(algebra::of(initial.value), sum) : sum;
    if constexpr (std::is_same_v<value, maybe<T>>) {
      if (!result.any) return store_none(out);  // no element and no initial value
    }
    out[0] = algebra::get(result);
  }

  /// Returns the calling thread's part of the reduction of elements `first` to `end`: what the block reduces in the order of its threads.
  template <class Ctx, class In>
  CROSSLANE_FN static value reduce_part(Ctx const& ctx, shared<Ctx>& s, In const& in, algebra const& m, std::uint64_t first,
                                        std::uint64_t end) {
    value sum = algebra::none();
    std::uint64_t at = first;
    if constexpr (may_commute<T, Op>) {
      unsigned const rank = ctx.thread_rank();
      for (; end - at >= tile; at += tile) {
        T loaded[items];
        load_striped<Policy::threads>(ctx, in, at, loaded, [](auto const& element, std::uint64_t) { return T(element); });
        for (unsigned i = 0; i < items; ++i) sum = m.with(sum, loaded[i]);
      }
      for (at += rank; at < end; at += Policy::threads) sum = m.with(sum, T(in[at]));
    } else {
      for (; at < end; at += tile) {
        value part = algebra::none();
        std::uint64_t const own = at + ctx.thread_rank() * items;
        for (unsigned i = 0; i < items; ++i)
          if (own + i < end) part = m.op(part, algebra::of(T(in[own + i])));
        if (end - first <= tile) return part;
        part = block_reduce(ctx, s.parts, part, m.op);
        ctx.sync_block();  // the scratch is used again
        if (ctx.thread_rank() == 0) sum = m.op(sum, part);
      }
    }
    return sum;
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws invalid_argument unless the device of the stream can access the memory of the ranges, and a workspace is of this device and apart
/// from them.
template <runtime_backend B, class... R>
void require_operands(basic_stream_ref<B> q, char const* call, workspace_reference const& given, source_location where,
                      R const&... ranges) {
  require_on_device(q, call, where, ranges...);
  if (given.data == nullptr) return;
  if (given.device != q.device().index())
    throw_error(errc::invalid_argument, where, "%s: the workspace is of %s device %d, the stream is of device %d", call, B::name,
                given.device, q.device().index());
  [[maybe_unused]] auto const check_one = [&](auto const& range) {
    if constexpr (!std::integral<std::remove_cvref_t<decltype(range)>>)  // the length of rows
      for_spans(view_for_kernel(range, where), [&](auto const& memory) {
        std::size_t const bytes = memory.size() * sizeof(*memory.data());
        if (overlap(given.data, given.bytes, memory.data(), bytes))
          throw_error(errc::invalid_argument, where, "%s: the workspace, %zu bytes at %p, overlaps a range of the call, %zu bytes at %p",
                      call, given.bytes, static_cast<void const*>(given.data), bytes, static_cast<void const*>(memory.data()));
      });
  };
  (check_one(ranges), ...);
}

/// Returns the number of blocks of a kernel that walks over `tiles`: at most `per_multiprocessor` on each multiprocessor.
template <runtime_backend B>
unsigned blocks_for(basic_stream_ref<B> q, std::uint64_t tiles, unsigned per_multiprocessor, source_location where) {
  std::uint64_t most = std::uint64_t{q.properties(where).multiprocessors} * per_multiprocessor;
  if (most > workspace_front::most_blocks) most = workspace_front::most_blocks;
  return unsigned(tiles < most ? (tiles == 0 ? 1 : tiles) : most);
}

/// Returns at most `blocks`: those of the kernel K, launched with arguments A..., that are on the device at once. At least 1: if no block
/// fits, the launch says why.
template <class K, class... A, runtime_backend B>
unsigned blocks_at_once(basic_stream_ref<B> q, unsigned blocks, launch_config const& config) {
  if (blocks == 1) return 1;
  unsigned const resident = resident_blocks_on<B, K, A...>(q.device(), block_extent<K>(config), config);
  unsigned const fit = resident * q.properties(config.where).multiprocessors;
  return blocks < fit ? blocks : fit == 0 ? 1 : fit;
}

/// The reduction of a piece by loops. Sixteen independent sums let the compiler use vectors.
template <class T, class Op, class In>
typename monoid<T, Op>::value reduce_piece(In const& in, monoid<T, Op> const& m, std::uint64_t begin, std::uint64_t end) {
  using algebra = monoid<T, Op>;
  typename algebra::value sum = algebra::none();
  if constexpr (may_commute<T, Op> && has_neutral<T, Op>) {
    constexpr unsigned lanes = 16;
    T part[lanes];
    for (T& p : part) p = algebra::none();
    for (; end - begin >= lanes; begin += lanes)
      for (unsigned k = 0; k < lanes; ++k) part[k] = m.op(part[k], T(in[begin + k]));
    for (T const& p : part) sum = m.op(sum, p);
  }
  for (; begin < end; ++begin) sum = m.op(sum, algebra::of(T(in[begin])));
  return sum;
}

template <class Policy, runtime_backend B, class In, class Out, class T, class Op>
void queue_reduce(basic_stream_ref<B> q, char const* call, In const& in, Out const& out, maybe<T> const& initial, Op const& op,
                  workspace_reference const& given, source_location where) {
  using policy = reduce_policy_of<Policy, loaded_bytes<In>()>;
  using kernel = reduce_kernel<policy, T, Op>;
  using value = typename kernel::value;
  static_assert(std::is_trivially_copyable_v<T> && sizeof(value) <= 64,
                "crosslane: the values of a reduction must be trivially copyable and have at most 60 bytes, as lanes exchange them");
  static_assert(check_written<Out>::ok);
  auto const m = monoid_of<T>(op);
  if (out.size() == 0) throw_error(errc::size_mismatch, where, "%s: the output has no element for the result", call);
  if (in.size() == 0 && !initial.any && !has_empty_sum<T, Op>)
    throw_error(errc::invalid_argument, where, "%s: the range is empty, and there is no initial value", call);
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    std::uint64_t const piece = 1 << 16;
    auto const store = [=](value sum) {
      if (count_in_kernel(in) == 0) sum = empty_sum<T, Op>();
      if (initial.any) sum = m.op(kernel::algebra::of(initial.value), sum);
      if constexpr (std::is_same_v<value, maybe<T>>) {
        if (!sum.any) return store_none(out);
      }
      out[0] = kernel::algebra::get(sum);
    };
    if (in.size() <= piece)
      return run_loops<Op>(q, 1, [=](std::uint64_t, std::uint64_t) { store(reduce_piece<T, Op>(in, m, 0, count_in_kernel(in))); }, where);
    auto const parts = std::make_shared<std::vector<value>>(in.size() / piece + 1, kernel::algebra::none());
    run_loops<Op>(
        q, in.size(),
        [=](std::uint64_t begin, std::uint64_t end) {
          std::uint64_t const count = count_in_kernel(in);
          (*parts)[begin / piece] = begin < count ? reduce_piece<T, Op>(in, m, begin, count < end ? count : end) : kernel::algebra::none();
        },
        where, piece);
    run_loops<Op>(
        q, 1,
        [=](std::uint64_t, std::uint64_t) {
          value sum = kernel::algebra::none();
          for (value const& part : *parts) sum = m.op(sum, part);
          store(sum);
        },
        where);
  } else {
    std::uint64_t const tiles = pieces_of(in.size(), kernel::tile);
    unsigned const blocks = blocks_for(q, tiles, policy::blocks, where);
    launch_config const config{.grid = blocks, .where = where};
    if (blocks == 1) {
      if (given.measured == nullptr)
        launch(q, config, kernel{}, in, m, out, initial, static_cast<value*>(nullptr), static_cast<workspace_front*>(nullptr));
      return;
    }
    call_memory<B> const memory{q, call, given, blocks * sizeof(value), where};
    if (memory.measures()) return;
    launch(q, config, kernel{}, in, m, out, initial, payload_layout{memory.payload()}.take<value>(blocks), memory.front());
  }
}

template <class T, class D, class P, stream_like S, class In, class Out, class Op>
void reduce_to(S const& stream_, In& in, Out& out, maybe<T> const& initial, Op const& op, options<D, P> const& o, source_location where) {
  static_assert(check_determinism<D, T, Op>::ok);
  auto const q = ref_of(stream_, where);
  require_operands(q, "reduce", o.workspace, where, in, out);
  queue_reduce<P>(q, "reduce", view_for_kernel(in, where), view_for_kernel(out, where), initial, op, o.workspace, where);
}

/// Queues a reduction to a buffer and returns the result when it is there. A call that only asks for the size of a workspace queues
/// nothing.
template <class T, runtime_backend B, class Queue>
T result_of(basic_stream_ref<B> q, workspace_reference const& given, Queue const& queue, source_location where) {
  T value{};
  if (given.measured != nullptr) {
    queue(span<T>{&value, 1});
    return value;
  }
  auto result = temporary<T>(q, "reduce", given, 1, where);
  queue(result.view());
  copy(q, result, span<T>{&value, 1}, where);
  q.synchronize(where);
  return value;
}

}  // namespace CROSSLANE_CONFIGURATION

template <class Op>
concept reduction_operator = std::is_class_v<Op> && !range_argument<Op> && std::is_trivially_copyable_v<Op>;

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues out[0] = initial op in[0] op in[1] op ... The host calls it, and it does not wait. Operands have the type of `initial`, or that
/// of the elements. The order of operands is that of the elements; if `op` is one of the library's on numbers, or has a member `static
/// constexpr bool commutative = true;`, it may be another one, which is faster.
///
/// An empty range gives `initial`. Without one it gives 0 for plus, 1 for multiplies, and the identity of the library's operators on
/// integers; others throw invalid_argument. If only the device knows that a counted() range is empty, these others store nothing, and
/// minimum and maximum of floating-point numbers store NaN. Throws size_mismatch if `out` is empty, or the workspace too small.
template <stream_like S, class In, class Out, class T, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out> && !detail::range_argument<T>)
void reduce(S const& stream, In&& in, Out&& out, T const& initial, Op const& op, options<D, P> const& o = {},
            source_location where = source_location::current()) {
  detail::reduce_to(stream, in, out, detail::maybe<T>{initial, 1}, op, o, where);
}
template <stream_like S, class In, class Out, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && detail::range_argument<Out>)
void reduce(S const& stream, In&& in, Out&& out, Op const& op, options<D, P> const& o = {},
            source_location where = source_location::current()) {
  detail::reduce_to(stream, in, out, detail::maybe<detail::value_of<In>>{{}, 0}, op, o, where);
}
/// @}

/// @{
/// Returns initial op in[0] op in[1] op ..., with the rules of reduce() to an output. Waits for the stream.
template <stream_like S, class In, class T, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires(detail::range_argument<In> && !detail::range_argument<T>)
[[nodiscard]] T reduce(S const& stream, In&& in, T const& initial, Op const& op, options<D, P> const& o = {},
                       source_location where = source_location::current()) {
  return detail::result_of<T>(
      detail::ref_of(stream, where), o.workspace, [&](auto const& out) { reduce(stream, in, out, initial, op, o, where); }, where);
}
template <stream_like S, class In, detail::reduction_operator Op, class D = run_to_run, class P = tuned>
requires detail::range_argument<In>
[[nodiscard]] detail::value_of<In> reduce(S const& stream, In&& in, Op const& op, options<D, P> const& o = {},
                                          source_location where = source_location::current()) {
  using T = detail::value_of<In>;
  return detail::result_of<T>(
      detail::ref_of(stream, where), o.workspace, [&](auto const& out) { reduce(stream, in, out, op, o, where); }, where);
}
/// @}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
