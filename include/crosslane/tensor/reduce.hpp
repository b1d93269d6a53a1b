// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// reduce: sums, products, minima and maxima along axes of a tensor.
#pragma once

#include <crosslane/algorithm/fill.hpp>
#include <crosslane/tensor/reduce_kernels.hpp>
#include <crosslane/tensor/reduce_loops.hpp>
#include <crosslane/tensor/transform.hpp>

namespace crosslane {
namespace detail {

/// A failed assertion shows the axes as template arguments.
template <class In, class Out, class Reduced>
struct reducible_axes;
template <class... In, class Out, class... Reduced>
struct reducible_axes<axes<In...>, Out, axes<Reduced...>> {
  static_assert(sizeof...(Reduced) > 0 && axes<Reduced...>::distinct && (axes<In...>::template contains<Reduced> && ...),
                "crosslane: each axis that reduce<...>() names must be an axis of the input, named once. The order of arguments is "
                "reduce<axes...>(stream, input, output, op, identity)");
  static_assert(
      Out::size + int(sizeof...(Reduced)) == int(sizeof...(In)) &&
          ((Out::template contains<In> != axes<Reduced...>::template contains<In>) && ...),
      "crosslane: the output of reduce<...>() must have the axes of the input except those that are named; see In, Out and Reduced of "
      "reducible_axes");
};

/// The axes of `Order` that are in `List`, or those that are not, if Kept is false.
template <class Order, class List, bool Kept, class Result = axes<>>
struct selected_axes {
  using type = Result;
};
template <class A, class... Rest, class List, bool Kept, class... Done>
struct selected_axes<axes<A, Rest...>, List, Kept, axes<Done...>>
    : selected_axes<axes<Rest...>, List, Kept, std::conditional_t<List::template contains<A> == Kept, axes<Done..., A>, axes<Done...>>> {};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the reduction of contiguous rows. A wave reduces a short row, a block a long one. If `partial` is not null, it receives the
/// results of all parts instead of the output.
template <runtime_backend B, class T, class U, class Acc, class Op>
void reduce_rows(basic_stream_ref<B> q, reduce_plan p, T const* in, U* out, Acc* partial, Op const& op, Acc const& identity,
                 source_location where) {
  constexpr unsigned V = elements_per_access<T>();
  bool const vectors = V > 1 && p.length >= 64 * V && p.whole_vectors<V>(in);  // long enough to keep the lanes of a wave busy
  if (vectors) p.take_vectors(V);
  bool const by_blocks = p.parts > 1 || p.length > 4 * reduction_block;
  std::uint64_t const items = std::uint64_t(p.outputs) * std::uint64_t(p.parts);
  unsigned const in_block = by_blocks ? 1 : reduction_block / q.properties(where).wave_size;
  auto const run = [&](auto kernel) {
    for_each_grid_of_blocks(q, (items + in_block - 1) / in_block, where, [&](std::uint64_t begin, unsigned count) {
      launch(q, {.grid = count, .where = where}, kernel, op, identity, p, by_blocks, begin, in, out, partial);
    });
  };
  if (vectors)
    run(reduce_rows_kernel<Acc, V>{});
  else
    run(reduce_rows_kernel<Acc, 1>{});
}

/// Queues the reduction of columns. `partial` is as in reduce_rows().
template <unsigned V, runtime_backend B, class T, class U, class Acc, class Op>
void reduce_columns(basic_stream_ref<B> q, reduce_plan p, column_tiles tiles, T const* in, U* out, Acc* partial, Op const& op,
                    Acc const& identity, source_location where) {
  if (V > 1) tiles.apart = p.take_column_vectors(V);
  for_each_grid_of_blocks(q, std::uint64_t(tiles.count * p.parts), where, [&](std::uint64_t begin, unsigned count) {
    launch(q, {.grid = count, .where = where}, reduce_columns_kernel<Acc, V>{}, op, identity, p, tiles, begin, in, out, partial);
  });
}

/// Queues the reduction in one pass. Takes two passes if there are too few outputs to keep the device busy. The first pass then computes
/// several partial results for each output.
template <runtime_backend B, class T, class U, class Acc, class Op>
void reduce_by_kernels(basic_stream_ref<B> q, reduce_plan p, T const* in, U* out, Op const& op, Acc const& identity,
                       source_location where) {
  constexpr unsigned V = elements_per_access<T>() * sizeof(Acc) <= 64 ? elements_per_access<T>() : 1;
  std::int64_t const processors = q.properties(where).multiprocessors;
  bool const rows = p.has_contiguous_rows() && p.length >= reduction_short;
  bool const column_vectors = V > 1 && !rows && p.length >= reduction_short && p.whole_column_vectors<V>(in);
  column_tiles tiles{};
  if (rows) {
    std::int64_t const wanted = processors * 8 / p.outputs, most = p.length / std::int64_t{16 * reduction_block};
    p.parts = wanted < most ? wanted : most;
  } else {
    tiles = column_tiles{p, column_vectors ? V : 1, sizeof(T), processors};
    p.parts = tiles.parts(p.length, processors);
  }
  if (p.parts < 1) p.parts = 1;
  auto const run = [&](Acc* partial) {
    if (rows)
      reduce_rows(q, p, in, out, partial, op, identity, where);
    else if (column_vectors)
      reduce_columns<V>(q, p, tiles, in, out, partial, op, identity, where);
    else
      reduce_columns<1>(q, p, tiles, in, out, partial, op, identity, where);
  };
  if (p.parts == 1) return run(nullptr);
  basic_buffer<Acc, memory_kind::device, B> partial{q, std::size_t(p.outputs * p.parts), where};
  run(partial.data());
  reduce_plan const second = p.of_partial_results();
  reduce_columns<1>(q, second, column_tiles{second, 1, sizeof(Acc), processors}, static_cast<Acc const*>(partial.data()), out,
                    static_cast<Acc*>(nullptr), op, identity, where);
}

/// Queues the reduction as loops that run on the CPU.
template <loop_backend B, class T, class U, class Acc, class Op>
void reduce_by_loops(basic_stream_ref<B> q, reduce_plan p, T const* in, U* out, Op const& op, Acc const& identity, source_location where) {
  auto const run = [&](reduce_plan const& pass, auto const* from, Acc* partial) {
    reduce_loops const loops{pass};
    run_loops<Op>(
        q, loops.tasks(),
        [=](std::uint64_t begin, std::uint64_t end) {
          for (; begin < end; ++begin) reduce_task(loops, begin, from, out, partial, op, identity);
        },
        where, 1);
  };
  p.parts = reduce_loops{p}.wanted_parts();
  if (p.parts == 1) return run(p, in, nullptr);
  basic_buffer<Acc, memory_kind::device, B> partial{q, std::size_t(p.outputs * p.parts), where};
  run(p, in, partial.data());
  run(p.of_partial_results(), static_cast<Acc const*>(partial.data()), nullptr);
}

template <class... Reduced, runtime_backend B, class T, class From, class U, class To, class Acc, class Op>
void reduce_views(basic_stream_ref<B> q, tensor_view<T, From> const& in, tensor_view<U, To> const& out, Op const& op, Acc const& identity,
                  source_location where) {
  static_assert(!std::is_const_v<U>, "crosslane: the output of reduce() must not have constant elements");
  using kept = typename selected_axes<typename From::order, axes<Reduced...>, false>::type;
  using reduced = typename selected_axes<typename From::order, axes<Reduced...>, true>::type;
  check_same_extents(in, out, kept{}, [&](char const* axis, long long n, long long m) {
    throw_error(errc::size_mismatch, where, "reduce: the extent of axis %s is %lld in the input and %lld in the output", axis, n, m);
  });
  if (out.size() == 0) return;
  if (in.size() == 0) return transform_operands(q, where, constant_value<Acc>{identity}, out);
  if constexpr (strided_layout<From> && strided_layout<To>) {
    reduce_plan p{make_walk(kept{}, out.layout(), in.layout()), make_walk(reduced{}, in.layout())};
    std::remove_const_t<T> const* const data = in.data();
    if constexpr (loop_backend<B>)
      reduce_by_loops(q, p, data, out.data(), op, identity, where);
    else
      reduce_by_kernels(q, p, data, out.data(), op, identity, where);
  } else if constexpr (loop_backend<B>) {
    run_loops<Op>(
        q, std::uint64_t(out.size()),
        [=](std::uint64_t begin, std::uint64_t end) {
          for (std::uint64_t k = begin; k < end; ++k) reduce_place(reduced{}, k, in, out, op, identity);
        },
        where);
  } else {
    for_each_grid(q, std::uint64_t(out.size()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
      launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, reduce_places_kernel<reduced>{}, op, identity, begin, n, in,
             out);
    });
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues a reduction: output(index) = identity op input(index, a) op ... over all indices `a` of the axes A. Called on the host. The
/// output has the other axes of the input, in any order and layout. An output that reduces no elements is `identity`.
///
/// Elements are converted to the type of `identity`. The result is converted to the output's element type. `op` takes and returns values of
/// the type of `identity`. Precondition: `op` is associative and commutative, and op(identity, x) is x. The order of operations depends on
/// the device, but is the same in every run.
///
/// Allocates and frees memory for partial results in stream order if there are few outputs. Throws size_mismatch if the extents of an axis
/// differ, and invalid_argument if the output overlaps the input (detected if neither has gaps).
///
///   using channels = xl::packed<xl::extents<int, axis::c>, xl::axes<axis::c>>;
///   xl::tensor<float, channels> sums{q, {c}};
///   xl::reduce<axis::n, axis::h, axis::w>(q, images, sums, xl::plus{}, 0.f);
template <tensor_axis... A, stream_like S, detail::tensor_like In, detail::tensor_like Out, class Op, class T>
void reduce(S const& stream, In&& input, Out&& output, Op op, T identity, source_location where = source_location::current()) {
  static_assert(detail::check_argument<3, Op>::ok);
  static_assert(detail::check_arithmetics<typename S::backend, Op, T>());
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64,
                "crosslane: the values of a reduction must be trivially copyable and have at most 64 bytes, as lanes exchange them");
  auto const from = detail::tensor_argument(input, where);
  auto const to = detail::tensor_argument(output, where);
  (void)sizeof(detail::reducible_axes<typename decltype(from.extents())::axes, typename decltype(to.extents())::axes, axes<A...>>);
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "reduce", where, input, output);
  detail::require_views_apart("reduce", to, from, where);
  detail::reduce_views<A...>(q, from, to, op, identity, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
