// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Reductions of rows of one length, by operators whose operands may change places: some lanes, a wave or a block for each row.
#pragma once

#include <crosslane/algorithm/reduce.hpp>

#include <algorithm>

namespace crosslane::detail {

/// The threads of a block that reduces rows, and the elements that each of its threads should load at least, if a row has a block.
inline constexpr unsigned row_block = 256, row_items = 32;
/// The vectors that a thread loads at once if each is of another row.
inline constexpr unsigned short_row_loads = 4;

/// out[row] = initial op the elements of the row. `Lanes` lanes reduce a row, or a block if Lanes is 0. Elements are read as vectors of
/// Width.
template <class T, class Op, unsigned Lanes, unsigned Width>
struct row_reduce_kernel {
  static constexpr auto block = block_size<row_block>;
  using algebra = monoid<T, Op>;
  using value = typename algebra::value;

  template <class Ctx>
  struct shared {
    block_scratch<value, Ctx> scratch;
  };

  template <kernel_context Ctx, class In, class Out>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, In const in, Out const out, algebra const m, T const initial,
                               std::uint64_t rows, std::uint64_t length) const {
    if constexpr (Lanes == 0) {
      for (std::uint64_t row = ctx.block_rank(); row < rows; row += ctx.block_count()) {
        value const sum = block_reduce_to_leader(ctx, s.scratch, part_of(in, m, row, length, ctx.thread_rank(), row_block), m.op);
        if (ctx.thread_rank() == 0) store(out, m, initial, row, sum);
        ctx.sync_block();
      }
    } else {
      constexpr unsigned rows_at_once = row_block / Lanes;
      unsigned const lane = ctx.thread_rank() % Lanes, own = ctx.thread_rank() / Lanes;
      if (length <= Lanes * Width) {  // one vector of each lane, so several rows are loaded before the first is reduced
        constexpr unsigned loads = short_row_loads;
        for (std::uint64_t first = ctx.block_rank() * (rows_at_once * loads); first < rows;
             first += ctx.block_count() * (rows_at_once * loads)) {
          value sums[loads];
          CROSSLANE_UNROLL
          for (unsigned k = 0; k < loads; ++k) {
            std::uint64_t const row = first + k * rows_at_once + own;
            sums[k] = row < rows && lane < length / Width ? vector_of(in, m, row, length, lane) : algebra::none();
          }
          CROSSLANE_UNROLL
          for (unsigned k = 0; k < loads; ++k) {
            std::uint64_t const row = first + k * rows_at_once + own;
            if constexpr (Lanes > 1) sums[k] = wave(ctx).template reduce_parts<Lanes>(sums[k], m.op);
            if (row < rows && lane == 0) store(out, m, initial, row, sums[k]);
          }
        }
        return;
      }
      for (std::uint64_t first = ctx.block_rank() * rows_at_once; first < rows; first += ctx.block_count() * rows_at_once) {
        std::uint64_t const row = first + own;
        value sum = row < rows ? part_of(in, m, row, length, lane, Lanes) : algebra::none();
        if constexpr (Lanes > 1) sum = wave(ctx).template reduce_parts<Lanes>(sum, m.op);
        if (row < rows && lane == 0) store(out, m, initial, row, sum);
      }
    }
  }

 private:
  /// Returns the reduction of every `step`-th vector of the row from vector `first` on.
  template <class In>
  CROSSLANE_FN static value part_of(In const& in, algebra const& m, std::uint64_t row, std::uint64_t length, unsigned first,
                                    unsigned step) {
    value sum = algebra::none();
    for (std::uint64_t i = first; i < length / Width; i += step) sum = m.op(sum, vector_of(in, m, row, length, i));
    return sum;
  }
  /// Returns the reduction of vector i of the row.
  template <class In>
  CROSSLANE_FN static value vector_of(In const& in, algebra const& m, std::uint64_t row, std::uint64_t length, std::uint64_t i) {
    if constexpr (Width > 1) {
      auto const v = (reinterpret_cast<vec<typename In::value_type, Width> const*>(in.data()) + row * (length / Width))[i];
      value sum = algebra::of(T(v[0]));
      for (unsigned k = 1; k < Width; ++k) sum = m.op(sum, algebra::of(T(v[k])));
      return sum;
    } else {
      return algebra::of(T(in[row * length + i]));
    }
  }
  template <class Out>
  CROSSLANE_FN static void store(Out const& out, algebra const& m, T const& initial, std::uint64_t row, value const& sum) {
    out[row] = algebra::get(m.op(algebra::of(initial), sum));
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Returns into how many pieces of one length long rows are cut, so that few of them occupy the device. 1: there are enough rows, or they
/// do not divide.
template <runtime_backend B>
std::uint64_t pieces_of_row(basic_stream_ref<B> q, std::uint64_t rows, std::uint64_t length, source_location where) {
  constexpr std::uint64_t shortest = row_block * row_items / 4;
  std::uint64_t pieces = 1;
  while (rows * pieces < 4 * std::uint64_t{q.properties(where).multiprocessors} && length % (32 * pieces) == 0 &&
         length / (2 * pieces) >= shortest)
    pieces *= 2;
  return pieces;
}

/// Queues the reduction of rows.
template <runtime_backend B, class In, class Out, class T, class Op>
void queue_row_reduce(basic_stream_ref<B> q, In const& in, Out const& out, T const& initial, Op const& op, std::uint64_t rows,
                      std::uint64_t length, source_location where) {
  auto const m = monoid_of<T>(op);
  auto const queue = [&]<unsigned Lanes, unsigned Width>(std::integral_constant<unsigned, Lanes>, std::integral_constant<unsigned, Width>) {
    std::uint64_t const at_once = Lanes == 0 ? 1 : row_block / (Lanes == 0 ? 1 : Lanes) * (length <= Lanes * Width ? short_row_loads : 1);
    unsigned const blocks = unsigned(std::min<std::uint64_t>((rows + at_once - 1) / at_once, most_blocks(q, where)));
    launch(q, {.grid = blocks, .where = where}, row_reduce_kernel<T, Op, Lanes, Width>{}, in, out, m, initial, rows, length);
  };
  auto const with_width = [&]<unsigned Width>(std::integral_constant<unsigned, Width> width) {
    std::uint64_t const vectors = length / Width;
    if (vectors <= 2)
      queue(std::integral_constant<unsigned, 1>{}, width);
    else if (vectors <= 32)
      queue(std::integral_constant<unsigned, 8>{}, width);
    else if (vectors < row_block * row_items / Width / 2)
      queue(std::integral_constant<unsigned, 32>{}, width);
    else
      queue(std::integral_constant<unsigned, 0>{}, width);
  };
  if constexpr (is_span<In>) {
    constexpr unsigned width = elements_per_access<typename In::value_type>();
    if constexpr (width > 1)
      if (length % width == 0 && aligned_for<width>(in.data())) {
        with_width(std::integral_constant<unsigned, width>{});
        return;
      }
  }
  with_width(std::integral_constant<unsigned, 1>{});
}

/// Queues the reduction of rows, of whose pieces first if there are few. Returns false if rows are few and cannot be cut.
template <runtime_backend B, class In, class Out, class T, class Op>
bool queue_row_reduce_in_pieces(basic_stream_ref<B> q, In const& in, Out const& out, T const& initial, Op const& op, std::uint64_t rows,
                                std::uint64_t length, workspace_reference const& given, source_location where) {
  std::uint64_t const pieces = has_neutral<T, Op> ? pieces_of_row(q, rows, length, where) : 1;
  bool const few = length >= row_block * row_items && rows < 2 * std::uint64_t{q.properties(where).multiprocessors};
  if (few && pieces == 1) return false;
  if constexpr (has_neutral<T, Op>) {
    if (few) {
      call_memory<B> const memory{q, "segmented_reduce", given, rows * pieces * sizeof(T), where};
      if (memory.measures()) return true;
      span<T> const sums{payload_layout{memory.payload()}.template take<T>(rows * pieces), std::size_t(rows * pieces)};
      queue_row_reduce(q, in, sums, neutral_of<T, Op>(), op, rows * pieces, length / pieces, where);
      queue_row_reduce(q, span<T const>{sums}, out, initial, op, rows, pieces, where);
      return true;
    }
  }
  if (given.measured == nullptr) queue_row_reduce(q, in, out, initial, op, rows, length, where);
  return true;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
