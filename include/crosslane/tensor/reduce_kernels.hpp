// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of reduce().
#pragma once

#include <crosslane/kernel/block_reduce.hpp>
#include <crosslane/kernel/tile.hpp>
#include <crosslane/tensor/walk.hpp>

namespace crosslane::detail {

/// The threads of a block that reduces.
inline constexpr unsigned reduction_block = 256;
/// The number of blocks that each multiprocessor should have.
inline constexpr std::int64_t reduction_blocks = 8;
/// The length below which a row is too short for a wave. One thread then reduces the row.
inline constexpr std::int64_t reduction_short = 16;
/// The number of loads that a thread has in flight.
inline constexpr unsigned reduction_ahead = 8;

struct reduce_plan {
  reduce_plan(walk_plan<2> const& kept_, walk_plan<1> const& reduced_)
      : kept{kept_}, reduced{reduced_}, outputs{kept.size()}, length{reduced.size()} {}

  walk_plan<2> kept;     ///< axes that the output keeps, in the input's order
  walk_plan<1> reduced;  ///< axes that are reduced, in the input's order
  std::int64_t outputs;
  std::int64_t length;     ///< positions that are reduced to one output: elements or vectors
  std::int64_t parts = 1;  ///< partial results of each output, stored part by part

  bool has_contiguous_rows() const { return reduced.rank > 0 && reduced.axis[reduced.rank - 1].stride[0] == 1; }

  template <unsigned V, class T>
  bool whole_vectors(T const* in) const {
    return has_contiguous_rows() && detail::whole_vectors<V>(reduced, reduced.rank - 1, 0, in) && whole_steps(kept, V, 1);
  }
  /// Makes a position along a row a vector of v elements.
  void take_vectors(unsigned v) {
    count_in_vectors(reduced.axis[reduced.rank - 1], v);
    length /= v;
  }

  /// True if input elements of neighbouring outputs can be read as vectors.
  template <unsigned V, class T>
  bool whole_column_vectors(T const* in) const {
    return kept.rank > 0 && detail::whole_vectors<V>(kept, kept.rank - 1, 1, in) && whole_steps(reduced, V, 0);
  }
  /// Makes each of `outputs` a vector of v outputs. Returns their distance in the output's memory.
  std::int64_t take_column_vectors(unsigned v) {
    walk_axis<2>& inner = kept.axis[kept.rank - 1];
    std::int64_t const apart = inner.stride[0];
    count_in_vectors(inner, v);
    outputs /= v;
    return apart;
  }

  /// Returns the plan of the second pass, which reduces the partial results.
  reduce_plan of_partial_results() const {
    reduce_plan second{kept, walk_plan<1>{1, {{parts, {outputs}}}}};
    std::int64_t stride = 1;
    for (int i = kept.rank - 1; i >= 0; --i) {
      second.kept.axis[i].stride[1] = stride;
      stride *= kept.axis[i].extent;
    }
    return second;
  }

  /// Returns the positions [first, end) of part i.
  CROSSLANE_FN void part(std::uint64_t i, std::uint64_t& first, std::uint64_t& end) const {
    std::uint64_t const all = std::uint64_t(length), share = (all + std::uint64_t(parts) - 1) / std::uint64_t(parts);
    first = i * share < all ? i * share : all;
    end = first + share < all ? first + share : all;
  }
};

template <unsigned N, class Acc>
struct accumulators {
  Acc value[N];
};

/// Iterates over the offsets of positions first, first + step, ... of a plan of one or two axes. next() does not divide.
template <int Axes>
class strided_positions {
 public:
  CROSSLANE_FN strided_positions(walk_plan<1> const& p, std::uint64_t first, std::uint64_t step) {
    walk_axis<1> const inner = p.axis[Axes - 1], outer = p.axis[0];
    std::uint64_t outer_first = 0, outer_step = 0;
    if constexpr (Axes == 2) {
      extent_ = inner.extent;
      outer_first = divide(first, std::uint64_t(extent_));
      outer_step = divide(step, std::uint64_t(extent_));
      at_ = std::int64_t(first);
      step_ = std::int64_t(step);
      carry_ = outer.stride[0] - extent_ * inner.stride[0];
    }
    offset_ = std::int64_t(first) * inner.stride[0] + std::int64_t(outer_first) * outer.stride[0];
    offset_step_ = std::int64_t(step) * inner.stride[0] + std::int64_t(outer_step) * outer.stride[0];
  }
  CROSSLANE_FN std::int64_t next() {
    std::int64_t const result = offset_;
    offset_ += offset_step_;
    if constexpr (Axes == 2) {
      at_ += step_;
      bool const carry = at_ >= extent_;
      at_ -= carry ? extent_ : 0;
      offset_ += carry ? carry_ : 0;
    }
    return result;
  }

 private:
  std::int64_t offset_, offset_step_;
  std::int64_t at_ = 0, step_ = 0, extent_ = 0, carry_ = 0;  // the position along the inner of two axes
};

/// Returns identity op the elements at positions first, first + step, ... below `end`, for each element of vectors of N. Keeps several
/// loads in flight unless the plan has more than two axes.
template <unsigned N, class Acc, class Op, class T>
CROSSLANE_FN accumulators<N, Acc> reduce_positions(Op const& op, Acc const& identity, walk_plan<1> const& p, T const* in,
                                                   std::uint64_t first, std::uint64_t step, std::uint64_t end) {
  using vector = vec<T, N>;
  accumulators<N, Acc> result;
  for (unsigned j = 0; j < N; ++j) result.value[j] = identity;
  auto const add = [&](vector const x) {  // by value, so that it is one access
    for (unsigned j = 0; j < N; ++j) result.value[j] = op(result.value[j], element_cast<Acc>(x[j]));
  };
  std::uint64_t k = first;
  auto const add_all = [&](auto positions) {
    for (; k + (reduction_ahead - 1) * step < end; k += reduction_ahead * step) {
      vector x[reduction_ahead];
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < reduction_ahead; ++i) x[i] = *reinterpret_cast<vector const*>(in + positions.next());
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < reduction_ahead; ++i) add(x[i]);
    }
    for (; k < end; k += step) add(*reinterpret_cast<vector const*>(in + positions.next()));
  };
  if (p.rank == 1)
    add_all(strided_positions<1>{p, first, step});
  else if (p.rank == 2)
    add_all(strided_positions<2>{p, first, step});
  else
    for (; k < end; k += step) add(*reinterpret_cast<vector const*>(in + offsets_of(p, k).at[0]));
  return result;
}

/// Reduces rows by vectors of N. A block takes a row or a part of one. If rows are short, a wave takes a row.
template <class Acc, unsigned N>
struct reduce_rows_kernel {
  static constexpr auto block = block_size<reduction_block>;
  template <class Ctx>
  struct shared {
    block_scratch<Acc, Ctx> reduce;
  };

  template <kernel_context Ctx, class Op, class T, class U>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Op op, Acc identity, reduce_plan p, bool by_blocks, std::uint64_t begin,
                               T const* in, U* out, Acc* partial) const {
    std::uint64_t row = begin + ctx.block_rank();
    unsigned lane = ctx.thread_rank(), lanes = reduction_block;
    if (!by_blocks) {
      row = row * ctx.wave_count() + ctx.wave_rank();
      lane = ctx.lane_rank();
      lanes = Ctx::wave_size;
      if (row >= std::uint64_t(p.outputs)) return;
    }
    std::uint64_t const part = divide(row, std::uint64_t(p.outputs));
    std::uint64_t first, end;
    p.part(part, first, end);
    auto const at = offsets_of(p.kept, row);
    accumulators<N, Acc> const own = reduce_positions<N>(op, identity, p.reduced, in + at.at[1], first + lane, lanes, end);
    Acc result = own.value[0];
    for (unsigned j = 1; j < N; ++j) result = op(result, own.value[j]);
    if (by_blocks)
      result = block_reduce_to_leader(ctx, s.reduce, result, op);
    else
      result = wave(ctx).reduce(result, op);
    if (lane != 0) return;
    if (partial == nullptr)
      out[at.at[0]] = element_cast<U>(result);
    else
      partial[part * std::uint64_t(p.outputs) + row] = result;
  }
};

/// Divides the columns among blocks. A column is the input of `v` outputs that are adjacent in the input. A block takes 2^log_columns
/// columns. Its threads form rows of this length.
struct column_tiles {
  column_tiles() = default;
  column_tiles(reduce_plan const& p, unsigned v, std::size_t element_bytes, std::int64_t processors) {
    std::int64_t const columns = p.outputs / v;
    auto const rows_of = [](int log) { return std::int64_t{reduction_block >> log}; };
    auto const count_of = [&](int log) { return (columns + (std::int64_t{1} << log) - 1) >> log; };
    // Chooses the largest width that leaves enough blocks. The width is at least a line of memory and gives threads enough work.
    int least = 0;
    while (rows_of(least) > 1 && ((std::size_t{v} * element_bytes << least < 128 && count_of(least) > 1) ||
                                  rows_of(least) * std::int64_t{reduction_ahead} > p.length))
      ++least;
    log_columns = least;
    while (rows_of(log_columns) > 1 && count_of(log_columns + 1) >= processors * reduction_blocks) ++log_columns;
    count = count_of(log_columns);
  }

  /// Returns the number of parts into which a column should be divided.
  std::int64_t parts(std::int64_t length, std::int64_t processors) const {
    if (2 * count >= 3 * processors) return 1;
    std::int64_t const wanted = processors * reduction_blocks / count;
    std::int64_t const most = length / (std::int64_t{reduction_block >> log_columns} * 4 * reduction_ahead);
    return wanted < most ? wanted : most;
  }

  int log_columns = 0;
  std::int64_t count = 0;  ///< blocks for all columns
  std::int64_t apart = 0;  ///< distance in the output between the elements of a vector
};

/// Reduces columns. A block takes several adjacent columns or a part of them. A column is the input of N outputs that are adjacent in the
/// input.
template <class Acc, unsigned N>
struct reduce_columns_kernel {
  static constexpr auto block = block_size<reduction_block>;
  template <class Ctx>
  struct shared {
    Acc value[N][reduction_block / 2];
  };

  template <kernel_context Ctx, class Op, class T, class U>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Op op, Acc identity, reduce_plan p, column_tiles tiles, std::uint64_t begin,
                               T const* in, U* out, Acc* partial) const {
    std::uint64_t tile = begin + ctx.block_rank();
    std::uint64_t const part = divide(tile, std::uint64_t(tiles.count));
    unsigned const rank = ctx.thread_rank(), row = rank >> tiles.log_columns, columns = 1u << tiles.log_columns;
    std::uint64_t const column = tile * columns + rank % columns;
    bool const within = column < std::uint64_t(p.outputs);
    std::uint64_t first, end;
    p.part(part, first, end);
    auto const at = offsets_of(p.kept, within ? column : 0);
    accumulators<N, Acc> result =
        reduce_positions<N>(op, identity, p.reduced, in + at.at[1], first + row, reduction_block >> tiles.log_columns, within ? end : 0);
    // Each step combines the upper half of the rows with the lower half.
    for (unsigned threads = reduction_block / 2; threads >= columns; threads /= 2) {
      if (rank >= threads && rank < 2 * threads)
        for (unsigned j = 0; j < N; ++j) s.value[j][rank - threads] = result.value[j];
      ctx.sync_block();
      if (rank < threads)
        for (unsigned j = 0; j < N; ++j) result.value[j] = op(result.value[j], s.value[j][rank]);
      ctx.sync_block();
    }
    if (row != 0 || !within) return;
    for (unsigned j = 0; j < N; ++j) {
      if (partial == nullptr)
        out[at.at[0] + j * tiles.apart] = element_cast<U>(result.value[j]);
      else
        partial[(part * std::uint64_t(p.outputs) + column) * N + j] = result.value[j];
    }
  }
};

/// Returns x op all elements along the listed axes, from index `i` on.
template <class Acc, class Op, class In>
CROSSLANE_FN Acc reduce_along(axes<>, Acc const& x, Op const& op, In const& in, typename In::multi_index const& i) {
  return op(x, element_cast<Acc>(in[i]));
}
template <class A, class... Rest, class Acc, class Op, class In>
CROSSLANE_FN Acc reduce_along(axes<A, Rest...>, Acc x, Op const& op, In const& in, typename In::multi_index i) {
  typename In::index_type const extent = in.template extent<A>();
  for (typename In::index_type& at = i[position_of<typename In::extents_type, A>]; at < extent; ++at)
    x = reduce_along(axes<Rest...>{}, x, op, in, i);
  return x;
}

/// Computes one output of a tensor whose layout has no strides. `position` counts in the order of the output's memory. Each layout maps
/// every index.
template <class... Reduced, class Op, class Acc, class In, class Out>
CROSSLANE_FN void reduce_place(axes<Reduced...>, std::uint64_t position, In const& in, Out const& out, Op const& op, Acc const& identity) {
  auto const i = out.memory_order(position);
  using own = typename In::extents_type;
  auto const first = index_by_names<own, typename Out::extents_type>(i, typename own::axes{});
  out[i] = element_cast<typename Out::value_type>(reduce_along(axes<Reduced...>{}, identity, op, in, first));
}
template <class Reduced>
struct reduce_places_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class Op, class Acc, class In, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, Op op, Acc identity, std::uint64_t begin, std::uint64_t n, In in, Out out) const {
    if (ctx.global_rank() < n) reduce_place(Reduced{}, begin + ctx.global_rank(), in, out, op, identity);
  }
};

}  // namespace crosslane::detail
