// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work on one input, where rows of the input or of the output cross the boundaries of 16-byte vectors. Elements move through
/// tiles in shared memory.
///
/// A block moves one tile. It reads rows of contiguous elements of the source as whole 16-byte vectors into shared memory, in the source's
/// order. Then it gathers the elements of each vector of the destination's rows and writes the vector whole. If rows follow each other in
/// memory, the tile treats them as one long row, a run. Only the two ends of a run can be parts of vectors, which move element by element.
/// Shapes, misalignment and the use of runs are data of the plan. A pair of types therefore needs one kernel only.
#pragma once

#include <crosslane/tensor/row_tile_plan.hpp>
#include <crosslane/tensor/walk.hpp>

#include <numeric>

namespace crosslane::detail {

/// The number of threads of a block.
inline constexpr unsigned row_tile_block = 256;

/// The smallest number of elements that fill whole 16-byte accesses.
template <class T>
inline constexpr unsigned whole_accesses = unsigned(16 / std::gcd(std::size_t{16}, sizeof(T)));
/// The number of elements that move together, called a vector here. The larger type then fills 16 bytes or a multiple of 16: 4 elements of
/// 12 bytes fill 48.
template <class T, class U>
inline constexpr unsigned row_tile_vector = whole_accesses<T> < whole_accesses<U> ? whole_accesses<T> : whole_accesses<U>;

/// True if row tiles support the pair of element types.
template <class T, class U>
inline constexpr bool has_row_tiles =
    sizeof(T) <= 16 && sizeof(U) <= 16 && std::is_default_constructible_v<T> && std::is_default_constructible_v<U>;

/// V elements, aligned to the largest power of two up to 16 that divides their size in bytes.
template <class T, unsigned V>
struct alignas(std::gcd(std::size_t{16}, V * sizeof(T))) moved_vector : vec<T, V> {};

/// Returns the number of elements from a boundary between vectors to the address. Returns -1 if no element lies on a boundary.
template <unsigned V, class T>
int elements_past_boundary(T const* p) {
  for (unsigned m = 0; m < V; ++m)
    if ((reinterpret_cast<std::uintptr_t>(p) - m * sizeof(T)) % alignof(moved_vector<T, V>) == 0) return int(m);
  return -1;
}

/// Moves one tile per block. A vector has V elements.
template <class T, class U, unsigned V>
struct row_tile_kernel {
  static constexpr auto block = block_size<row_tile_block>;
  static constexpr int min_blocks = V > 8 || V * sizeof(U) > 16 || V * sizeof(T) > 16 ? 4 : std::is_same_v<T, U> ? 8 : 6;
  /// Shared memory holds the smaller of the two types.
  static constexpr bool converts_late = sizeof(T) <= sizeof(U);
  using held = std::conditional_t<converts_late, T, U>;
  static constexpr int held_bytes = int(sizeof(held)), stride = int(row_tile_block);
  /// The number of vectors that a thread loads before it uses the first.
  static constexpr int together = V * sizeof(T) > 64 ? 1 : V * sizeof(T) < 8 ? 8 : int(64 / (V * sizeof(T)));

  // Always inlined. A call would copy the plan and index the arrays of the copy.
  template <kernel_context Ctx, class F>
  CROSSLANE_FN CROSSLANE_INLINE void operator()(Ctx const& ctx, T const* from, U* to, row_tile_plan p, F f, std::uint32_t begin) const {
    char* const tile = dynamic_shared<char>(ctx).data();
    std::uint32_t k = begin + std::uint32_t(ctx.block_rank());
    std::int64_t at_from = 0, at_to = 0;
    int const a = take(p.a, k, at_from, at_to), b = take(p.b, k, at_from, at_to), n = take(p.n, k, at_from, at_to);
    CROSSLANE_UNROLL
    for (int i = 0; i < 6; ++i) {
      if (i >= p.others) continue;
      take(p.other[i], k, at_from, at_to);
    }
    int const outer = p.across ? a : b, inner = p.across ? b : a, run = a * b * n;
    read(ctx, tile, from + at_from, f, p, at_from, p.run_from ? 1 : b, p.run_from ? run : a);
    ctx.sync_block();
    write(ctx, tile + (int(at_from + p.past_from) & int(V - 1)) * held_bytes, tile, to + at_to, f, p, int(at_to + p.past_to) & int(V - 1),
          p.run_to ? 1 : outer, p.run_to ? run : inner);
  }

 private:
  /// Returns the tile's index along an axis. `k` keeps the position along the axes that follow.
  CROSSLANE_FN static std::uint32_t take(tile_steps const& t, std::uint32_t& k, std::int64_t& at_from, std::int64_t& at_to) {
    if (t.tiles.n == 1) return 0;
    std::uint32_t index = k;
    k = t.tiles.divide(index);
    at_to += std::int64_t{index} * t.step[0];
    at_from += std::int64_t{index} * t.step[1];
    return index;
  }
  /// Returns the number of indices of the tile along the axis.
  CROSSLANE_FN static int take(tiled_axis const& t, std::uint32_t& k, std::int64_t& at_from, std::int64_t& at_to) {
    return take(t.steps, k, at_from, at_to) == t.steps.tiles.n - 1 ? t.last : t.length;
  }

  /// Returns the place of a byte of the tile. A group of eight vectors covers all banks of shared memory. Higher bits permute the places
  /// within a group, so that lanes that gather along the destination use different banks.
  CROSSLANE_FN static int place_of(int byte, int swizzle) { return byte ^ ((byte >> swizzle) & 7 * int(V) * held_bytes); }

  template <class Ctx, class F>
  CROSSLANE_FN CROSSLANE_INLINE static void read(Ctx const& ctx, char* tile, T const* from, F const& f, row_tile_plan const& p,
                                                 std::int64_t begin, int rows, int length) {
    constexpr int v = int(V);
    int const past = int(begin + p.past_from) & (v - 1);
    // A vector is read whole if its first element in the row is from `least` to `most`. If the source has neighbours around the rows, the
    // vector may include them.
    bool const neighbours = begin >= v && begin + std::int64_t{rows - 1} * p.row_step_from + length + v <= p.dense_from;
    int const least = neighbours ? -v : 0, most = neighbours ? length - 1 : length - v;
    struct vector_place {
      int row, first;  // the row, and the vector's first element in it
    };
    auto const vector_at = [&](int k) {
      if (p.run_from) return vector_place{0, k * v - past};
      int const row = quotient_of(k, p.inverse_from);
      return vector_place{row, (k - row * p.vectors_from) * v - ((past + row * p.row_step_from) & (v - 1))};
    };
    for (int i = int(ctx.thread_rank()); i < p.all_from; i += together * stride) {
      vec<T, V> x[std::size_t(together)];
      int place[std::size_t(together)];  // -1: read by elements, -2: not read
      CROSSLANE_UNROLL
      for (int j = 0; j < together; ++j) {
        auto const [row, first] = vector_at(i + j * stride);
        place[j] = row < rows && first < length ? -1 : -2;
        if (row < rows && first >= least && first <= most) {
          place[j] = place_of(row * p.pitch + (past + first) * held_bytes, p.swizzle);
          x[j] = *reinterpret_cast<moved_vector<T, V> const*>(from + (row * p.row_step_from + first));
        }
      }
      unsigned left = 0;
      CROSSLANE_UNROLL
      for (int j = 0; j < together; ++j) {
        if (place[j] >= 0)
          *reinterpret_cast<moved_vector<held, V>*>(tile + place[j]) = moved_vector<held, V>{as_held(f, x[j])};
        else
          left |= unsigned(place[j] == -1) << j;
      }
      CROSSLANE_NO_UNROLL
      for (int k = i; left != 0; left >>= 1, k += stride) {
        if ((left & 1) == 0) continue;
        auto const [row, first] = vector_at(k);
        CROSSLANE_NO_UNROLL
        for (int e = first < 0 ? 0 : first; e < first + v && e < length; ++e)
          *reinterpret_cast<held*>(tile + place_of(row * p.pitch + (past + e) * held_bytes, p.swizzle)) =
              as_held(f, vec<T, 1>{from[row * p.row_step_from + e]})[0];
      }
    }
  }

  /// `elements` is the place of the tile's first element before place_of() permutes it.
  template <class Ctx, class F>
  CROSSLANE_FN CROSSLANE_INLINE static void write(Ctx const& ctx, char const* elements, char const* tile, U* to, F const& f,
                                                  row_tile_plan const& p, int past, int rows, int length) {
    constexpr int v = int(V);
    int const start = int(elements - tile);
    for (int k = int(ctx.thread_rank()); k < p.all_to; k += stride) {
      int row = 0, first = k * v - past;
      if (!p.run_to) {
        int const line = k >> p.log_lanes, piece = quotient_of(line, p.inverse_rows_to);
        row = line - piece * p.rows_to;
        first = ((piece << p.log_lanes) + (k - (line << p.log_lanes))) * v - ((past + row * p.row_step_to) & (v - 1));
      }
      if (row >= rows || first >= length) continue;
      int const base = start + row * p.step_row + quotient_of(first, p.inverse_image) * p.step_image;
      U* const target = to + (row * p.row_step_to + first);
      auto const element = [&](int e) { return base + e * p.step + quotient_of(e, p.inverse_inner) * p.step_inner; };
      auto const held_at = [&](int byte) { return *reinterpret_cast<held const*>(tile + place_of(byte, p.swizzle)); };
      if (first >= 0 && first + v <= length) {
        vec<held, V> x;
        if (p.cut) {
          int e = element(first), i = first - quotient_of(first, p.inverse_inner) * p.inner;
          CROSSLANE_UNROLL
          for (int j = 0; j < v; ++j) {
            x[unsigned(j)] = held_at(e);
            e += p.step;
            if (++i == p.inner) {
              i = 0;
              e += p.step_inner;
            }
          }
        } else {
          int const e = element(first);
          CROSSLANE_UNROLL
          for (int j = 0; j < v; ++j) x[unsigned(j)] = held_at(e + j * p.step);
        }
        *reinterpret_cast<moved_vector<U, V>*>(target) = moved_vector<U, V>{as_written(f, x)};
      } else {
        CROSSLANE_NO_UNROLL
        for (int j = first < 0 ? -first : 0; j < v && first + j < length; ++j)
          target[j] = as_written(f, vec<held, 1>{held_at(element(first + j))})[0];
      }
    }
  }

  template <class F, unsigned N>
  CROSSLANE_FN static vec<held, N> as_held(F const& f, vec<T, N> const& x) {
    if constexpr (converts_late)
      return x;
    else
      return apply_to_vector<U, N>(f, x);
  }
  template <class F, unsigned N>
  CROSSLANE_FN static vec<U, N> as_written(F const& f, vec<held, N> const& x) {
    if constexpr (converts_late)
      return apply_to_vector<U, N>(f, x);
    else
      return x;
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the work through row tiles. Returns false if they are of no use.
template <runtime_backend B, class T, class U, class F>
bool run_row_tiles(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = row_tile_vector<T, U>;
  row_tile_operands const operands{.size_from = int(sizeof(T)),
                                   .size_to = int(sizeof(U)),
                                   .vector = int(V),
                                   .past_from = elements_past_boundary<V>(from),
                                   .past_to = elements_past_boundary<V>(to),
                                   .in_place = static_cast<void const*>(from) == static_cast<void const*>(to)};
  row_tile_plan const plan = plan_row_tiles(p, operands, q.properties(where).shared_per_block);
  for_each_grid_of_blocks(q, plan.count, where, [&](std::uint64_t begin, unsigned count) {
    launch(q, {.grid = count, .dynamic_shared = plan.shared_bytes, .where = where}, row_tile_kernel<T, U, V>{}, from, to, plan, f,
           std::uint32_t(begin));
  });
  return plan.count != 0;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
