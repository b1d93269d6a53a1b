// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The work of reduce_kernels.hpp as plain loops that the compiler vectorises. For backends that run element-wise work without lanes.
#pragma once

#include <crosslane/tensor/reduce_kernels.hpp>
#include <crosslane/tensor/tiled_loops.hpp>

namespace crosslane::detail {

inline namespace CROSSLANE_CONFIGURATION {

/// The number of independent accumulators. They let the compiler vectorise loops.
inline constexpr std::int64_t loop_accumulators = 16;
/// The largest number of outputs of a task.
inline constexpr std::int64_t loop_columns = 256;
/// The smallest number of elements of a task, if there are as many.
inline constexpr std::int64_t loop_elements = 1 << 14;

/// A reduction divided into tasks. A task computes several adjacent outputs, or a part of their reduction.
struct reduce_loops {
  explicit reduce_loops(reduce_plan const& p) : reduced{p.reduced}, outputs{p.outputs}, length{p.length}, parts{p.parts} {
    tiles = p.kept;
    if (tiles.rank == 0) tiles.axis[tiles.rank++] = {1, {}};
    if (reduced.rank == 0) reduced.axis[reduced.rank++] = {1, {}};
    columns = tiles.axis[tiles.rank - 1];
    row = reduced.axis[reduced.rank - 1];
    --reduced.rank;
    // Goes along the rows if they are contiguous or there are few columns.
    along_rows = (row.stride[0] == 1 && row.extent >= loop_accumulators) || columns.extent < loop_accumulators / 2;
    // Along rows, adjacent columns gain nothing. Then a task takes whole rows rather than parts of many.
    std::int64_t const enough = loop_elements / length + 1;
    width = along_rows && enough < loop_columns ? enough : loop_columns;
    walk_axis<2>& last = tiles.axis[tiles.rank - 1];
    last = {(columns.extent + width - 1) / width, {columns.stride[0] * width, columns.stride[1] * width}};
  }

  /// Returns the number of parts of the reduction. It is the same on every machine, so results are, too.
  std::int64_t wanted_parts() const {
    constexpr std::int64_t most_tasks = 64;
    std::int64_t const pieces = outputs * length / loop_elements;
    std::int64_t const result = (pieces < most_tasks ? pieces : most_tasks) / tiles.size();
    return result < 1 ? 1 : result < length ? result : length;
  }

  std::uint64_t tasks() const { return std::uint64_t(tiles.size() * parts); }

  walk_plan<2> tiles;    ///< the other axes of the outputs, and the tiles of `columns`
  walk_plan<1> reduced;  ///< the reduced axes without `row`
  walk_axis<2> columns;  ///< the last axis of the outputs
  walk_axis<1> row;      ///< the last axis that is reduced
  std::int64_t outputs, length, parts;
  std::int64_t width;  ///< columns of a task
  bool along_rows;
};

/// Returns identity op n elements that are `Step` apart.
template <std::int64_t Step, class Acc, class Op, class T>
Acc reduce_run(Op const& op, Acc const& identity, row_input<T const*, Step> const& x, std::int64_t n) {
  Acc own[loop_accumulators];
  for (Acc& value : own) value = identity;
  std::int64_t i = 0;
  for (; i + loop_accumulators <= n; i += loop_accumulators)
    for (std::int64_t j = 0; j < loop_accumulators; ++j) own[j] = op(own[j], element_cast<Acc>(x[i + j]));
  for (std::int64_t j = 0; i + j < n; ++j) own[j] = op(own[j], element_cast<Acc>(x[i + j]));
  for (std::int64_t half = loop_accumulators / 2; half > 0; half /= 2)
    for (std::int64_t j = 0; j < half; ++j) own[j] = op(own[j], own[j + half]);
  return own[0];
}

/// Computes result[j] = result[j] op element j, for n elements that are `Step` apart.
template <std::int64_t Step, class Acc, class Op, class T>
void reduce_side_by_side(Op const& op, Acc* result, row_input<T const*, Step> const& x, std::int64_t n) {
  CROSSLANE_INDEPENDENT_ITERATIONS
  for (std::int64_t j = 0; j < n; ++j) result[j] = op(result[j], element_cast<Acc>(x[j]));
}

/// Runs one task. If `partial` is not null, it receives the results of all parts instead of the output.
template <class T, class U, class Acc, class Op>
void reduce_task(reduce_loops const& loops, std::uint64_t task, T const* in, U* out, Acc* partial, Op const& op, Acc const& identity) {
  std::uint64_t tile = task;
  std::int64_t const part = std::int64_t(divide(tile, std::uint64_t(loops.tiles.size())));
  plan_cursor<2> const at{loops.tiles, tile};
  std::int64_t const left = loops.columns.extent - at.index(loops.tiles.rank - 1) * loops.width;
  std::int64_t const n = left < loops.width ? left : loops.width;
  std::int64_t const next = loops.columns.stride[1], step = loops.row.stride[0];
  in += at.offsets().at[1];

  Acc result[loop_columns];
  for (std::int64_t j = 0; j < n; ++j) result[j] = identity;
  std::int64_t position = loops.length * part / loops.parts;
  std::int64_t const end = loops.length * (part + 1) / loops.parts;
  plan_cursor<1> rows{loops.reduced, std::uint64_t(position / loops.row.extent)};
  while (position < end) {
    std::int64_t const first = position % loops.row.extent;
    std::int64_t const m = end - position < loops.row.extent - first ? end - position : loops.row.extent - first;
    T const* const from = in + rows.offsets().at[0] + first * step;
    if (loops.along_rows && step == 1)
      for (std::int64_t j = 0; j < n; ++j)
        result[j] = op(result[j], reduce_run(op, identity, row_input<T const*, 1>{from, j * next, 1}, m));
    else if (loops.along_rows)
      for (std::int64_t j = 0; j < n; ++j)
        result[j] = op(result[j], reduce_run(op, identity, row_input<T const*, dynamic>{from, j * next, step}, m));
    else if (next == 1)
      for (std::int64_t i = 0; i < m; ++i) reduce_side_by_side(op, result, row_input<T const*, 1>{from, i * step, 1}, n);
    else
      for (std::int64_t i = 0; i < m; ++i) reduce_side_by_side(op, result, row_input<T const*, dynamic>{from, i * step, next}, n);
    position += m;
    rows.next();
  }

  if (partial != nullptr) {
    std::int64_t const column = std::int64_t(tile) / loops.tiles.axis[loops.tiles.rank - 1].extent * loops.columns.extent +
                                at.index(loops.tiles.rank - 1) * loops.width;
    for (std::int64_t j = 0; j < n; ++j) partial[part * loops.outputs + column + j] = result[j];
  } else {
    for (std::int64_t j = 0; j < n; ++j) out[at.offsets().at[0] + j * loops.columns.stride[0]] = element_cast<U>(result[j]);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
