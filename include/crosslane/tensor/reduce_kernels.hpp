// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of reduce().
#pragma once

#include <crosslane/kernel/block_reduce.hpp>
#include <crosslane/kernel/tile.hpp>
#include <crosslane/tensor/walk.hpp>

namespace crosslane::detail {

/// Threads of a block that reduces rows.
inline constexpr unsigned reduction_block = 256;
/// Rows below this length are too short for a wave: a thread takes one.
inline constexpr std::int64_t reduction_short = 16;
/// What a thread that has a column reduces at least.
inline constexpr std::int64_t reduction_column_part = 64;
/// Loads of a thread under way at once.
inline constexpr unsigned reduction_ahead = 4;

struct reduce_plan {
  reduce_plan(walk_plan<2> const& kept_, walk_plan<1> const& reduced_)
      : kept{kept_}, reduced{reduced_}, outputs{kept.count()}, length{reduced.count()} {}

  walk_plan<2> kept;     ///< of the output and the input, in the input's order
  walk_plan<1> reduced;  ///< of the input, in its order
  std::int64_t outputs;
  std::int64_t length;     ///< positions that make an output: elements, or vectors
  std::int64_t parts = 1;  ///< results of each output; where there are several they lie one after another

  bool has_contiguous_rows() const { return reduced.rank > 0 && reduced.axis[reduced.rank - 1].stride[0] == 1; }

  template <unsigned V, class T>
  bool whole_vectors(T const* in) const {
    return has_contiguous_rows() && detail::whole_vectors<V>(reduced, reduced.rank - 1, 0, in) && whole_steps<V>(kept, 1);
  }
  /// Positions along the rows are then vectors.
  void take_vectors(unsigned v) {
    count_in_vectors(reduced.axis[reduced.rank - 1], v);
    length /= v;
  }

  /// Whether neighbours in the input that go to different outputs can be read as vectors.
  template <unsigned V, class T>
  bool whole_column_vectors(T const* in) const {
    return kept.rank > 0 && detail::whole_vectors<V>(kept, kept.rank - 1, 1, in) && whole_steps<V>(reduced, 0);
  }
  /// Each of `outputs` then is a vector of them; they lie that far apart.
  std::int64_t take_column_vectors(unsigned v) {
    walk_axis<2>& inner = kept.axis[kept.rank - 1];
    std::int64_t const apart = inner.stride[0];
    count_in_vectors(inner, v);
    outputs /= v;
    return apart;
  }

  /// The second pass.
  reduce_plan of_partial_results() const {
    reduce_plan second{kept, walk_plan<1>{1, {{parts, {1}}}}};
    std::int64_t stride = parts;
    for (int i = kept.rank - 1; i >= 0; --i) {
      second.kept.axis[i].stride[1] = stride;
      stride *= kept.axis[i].extent;
    }
    return second;
  }
};

template <unsigned N, class Acc>
struct accumulators {
  Acc value[N];
};

/// identity op the elements at positions first, first + step ... below `end`, for each element of vectors of N. Several loads are under way
/// at once.
template <unsigned N, class Acc, class Op, class T>
CROSSLANE_FN accumulators<N, Acc> reduce_positions(Op const& op, Acc const& identity, walk_plan<1> const& p, T const* in,
                                                   std::uint64_t first, std::uint64_t step, std::uint64_t end) {
  using vector = vec<T, N>;
  // One axis, as mostly, needs no division.
  auto const load = [&](std::uint64_t k) -> vector const& {
    return *reinterpret_cast<vector const*>(in + (p.rank == 1 ? std::int64_t(k) * p.axis[0].stride[0] : offsets_of(p, k).at[0]));
  };
  accumulators<N, Acc> result;
  for (unsigned j = 0; j < N; ++j) result.value[j] = identity;
  std::uint64_t k = first;
  for (; k + (reduction_ahead - 1) * step < end; k += reduction_ahead * step) {
    vector x[reduction_ahead];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < reduction_ahead; ++i) x[i] = load(k + i * step);
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < reduction_ahead; ++i)
      for (unsigned j = 0; j < N; ++j) result.value[j] = op(result.value[j], element_cast<Acc>(x[i][j]));
  }
  for (; k < end; k += step) {
    vector const x = load(k);
    for (unsigned j = 0; j < N; ++j) result.value[j] = op(result.value[j], element_cast<Acc>(x[j]));
  }
  return result;
}

/// A wave or a block reduces a row, or one of its parts, by vectors of N.
template <class Acc, unsigned N, bool Block>
struct reduce_rows_kernel {
  static constexpr auto block = block_size<reduction_block>;
  template <class Ctx>
  struct shared {
    block_scratch<Acc, Ctx> reduce;
  };

  template <kernel_context Ctx, class Op, class T, class U>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Op op, Acc identity, reduce_plan p, std::uint64_t begin, std::uint64_t items,
                               T const* in, U* out) const {
    std::uint64_t item = begin + ctx.block_rank();
    unsigned lane = ctx.thread_rank(), lanes = reduction_block;
    if constexpr (!Block) {
      item = item * ctx.wave_count() + ctx.wave_rank();
      lane = ctx.lane_rank();
      lanes = Ctx::wave_size;
      if (item >= items) return;
    }
    std::uint64_t part = item;
    std::uint64_t const parts = std::uint64_t(p.parts), row = divide(part, parts);
    std::uint64_t const length = std::uint64_t(p.length);
    std::uint64_t const share = (length + parts - 1) / parts, first = part * share;
    std::uint64_t const end = first + share < length ? first + share : length;
    auto const at = offsets_of(p.kept, row);
    accumulators<N, Acc> const own = reduce_positions<N>(op, identity, p.reduced, in + at.at[1], first + lane, lanes, end);
    Acc result = own.value[0];
    for (unsigned j = 1; j < N; ++j) result = op(result, own.value[j]);
    if constexpr (Block)
      result = block_reduce_to_leader(ctx, s.reduce, result, op);
    else
      result = wave(ctx).reduce(result, op);
    if (lane == 0) out[p.parts == 1 ? at.at[0] : std::int64_t(item)] = element_cast<U>(result);
  }
};

/// A thread reduces what belongs to N outputs that are neighbours in the input and `apart` in the output, or a part of it; neighbouring
/// threads go on in the input's order.
template <class Acc, unsigned N>
struct reduce_columns_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class Op, class T, class U>
  CROSSLANE_FN void operator()(Ctx const& ctx, Op op, Acc identity, reduce_plan p, std::int64_t apart, std::uint64_t begin, std::uint64_t n,
                               T const* in, U* out) const {
    if (ctx.global_rank() >= n) return;
    std::uint64_t column = begin + ctx.global_rank();
    std::uint64_t const part = divide(column, std::uint64_t(p.outputs));
    std::uint64_t const length = std::uint64_t(p.length), parts = std::uint64_t(p.parts);
    std::uint64_t const share = (length + parts - 1) / parts, first = part * share;
    std::uint64_t const end = first + share < length ? first + share : length;
    auto const at = offsets_of(p.kept, column);
    accumulators<N, Acc> const result = reduce_positions<N>(op, identity, p.reduced, in + at.at[1], first, 1, end);
    for (unsigned j = 0; j < N; ++j)
      out[parts == 1 ? at.at[0] + j * apart : std::int64_t((column * N + j) * parts + part)] = element_cast<U>(result.value[j]);
  }
};

/// Where a layout has no strides: a thread for each output, every index by each layout.
template <class Reduced>
struct reduce_places_kernel;
template <class... Reduced>
struct reduce_places_kernel<axes<Reduced...>> {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class Op, class Acc, class In, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, Op op, Acc identity, std::uint64_t begin, std::uint64_t n, In in, Out out) const {
    if (ctx.global_rank() >= n) return;
    auto const i = out.memory_order(begin + ctx.global_rank());
    using own = typename In::extents_type;
    auto j = index_by_names<own, typename Out::extents_type>(i, typename own::axes{});
    Acc result = identity;
    std::uint64_t const length = (std::uint64_t(in.template extent<Reduced>()) * ... * 1);
    for (std::uint64_t k = 0; k < length; ++k) {
      std::uint64_t rest = k;
      ((set<Reduced, In>(j, rest, in)), ...);
      result = op(result, element_cast<Acc>(in[j]));
    }
    out[i] = element_cast<typename Out::value_type>(result);
  }

 private:
  template <class A, class In>
  CROSSLANE_FN static void set(typename In::multi_index& j, std::uint64_t& rest, In const& in) {
    std::uint64_t index = rest;
    rest = divide(index, std::uint64_t(in.template extent<A>()));
    j[position_of<typename In::extents_type, A>] = static_cast<typename In::index_type>(index);
  }
};

}  // namespace crosslane::detail
