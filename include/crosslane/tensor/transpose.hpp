// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work on one input whose contiguous axis is not the output's: through tiles in shared memory.
#pragma once

#include <crosslane/tensor/walk.hpp>

#include <bit>

namespace crosslane::detail {

/// Bytes of a tile, as the destination's type; threads of its block.
inline constexpr unsigned conversion_tile_bytes = 16384, conversion_block = 256;

/// Elements that are moved together: the larger of the types then fills 16 bytes. 1 where that is impossible.
template <class T, class U>
inline constexpr unsigned conversion_vector = elements_per_access<T, U>();

/// The binary logarithm of a vector's elements.
template <unsigned V>
inline constexpr int log_vector = std::countr_zero(V);

/// Elements that such tiles hold.
template <class T, class U>
inline constexpr bool has_tiles = sizeof(T) <= 16 && sizeof(U) <= 16 && (sizeof(U) & (sizeof(U) - 1)) == 0 &&
                                  std::is_trivially_default_constructible_v<vec<U, 1>> && std::is_default_constructible_v<T>;

/// Neighbours along the destination that lie together in shared memory: what a bank holds of small types.
template <class U>
inline constexpr int elements_of_unit = sizeof(U) < 4 ? 4 / int(sizeof(U)) : 1;
/// The binary logarithm of the units of a tile.
template <class U>
inline constexpr int log_units = std::countr_zero(conversion_tile_bytes / unsigned(sizeof(U) * elements_of_unit<U>));

/// A tile has 2^log_from elements along the source's contiguous axis, and as many units along the destination's as fill it.
struct tile_shape {
  int log_from;
  std::int64_t tiles_from, tiles_to;
  int log_row_from = 0, log_row_to = 0;  ///< 2^n elements of a row have all that the tensor has of it

  CROSSLANE_FN std::int64_t count() const { return tiles_from * tiles_to; }
  /// Elements along the source's axis, and along the destination's.
  int extent_from() const { return 1 << log_from; }
  template <class U>
  int extent_to() const {
    return elements_of_unit<U> << (log_units<U> - log_from);
  }
  /// Whether more than seven of eight places would be left.
  template <class U>
  bool mostly_empty(std::int64_t along_from, std::int64_t along_to) const {
    return along_from * along_to < count() * (elements_of_unit<U> << log_units<U>) / 8;
  }
};

/// The shape of fewest tiles; of several the one whose rows are about as long, in bytes, at the source as at the destination. No row has
/// less than 128 bytes where the axis has more.
template <class T, class U>
tile_shape best_tile(std::int64_t along_from, std::int64_t along_to) {
  constexpr int unit = elements_of_unit<U>, vector = int(conversion_vector<T, U>);
  auto const whole_parts = [](std::int64_t n, int log) { return (n + (std::int64_t{1} << log) - 1) >> log; };
  auto const log_of = [](std::int64_t n) { return n <= 1 ? 0 : int(std::bit_width(std::uint64_t(n - 1))); };
  auto const least = [&](std::int64_t extent, int row, int step) {
    int const covering = log_of(extent), enough = log_of(row > 0 ? row : 1), for_vectors = log_of(step);
    int const wanted = covering < enough ? covering : enough;
    return wanted > for_vectors ? wanted : for_vectors;
  };
  std::int64_t const units_to = (along_to + unit - 1) / unit;
  int const first = least(along_from, 128 / int(sizeof(T)), vector);
  int const last = log_units<U> - least(units_to, 128 / int(sizeof(U)) / unit, (vector + unit - 1) / unit);
  tile_shape best{first, 0, 0};
  int best_difference = 0;
  for (int log = first; log <= last; ++log) {
    tile_shape const s{log, whole_parts(along_from, log), whole_parts(units_to, log_units<U> - log)};
    int const difference = log + log_of(sizeof(T)) - (log_units<U> - log) - log_of(sizeof(U) * unit);
    int const distance = difference < 0 ? -difference : difference;
    if (log == first || s.count() < best.count() || (s.count() == best.count() && distance < best_difference)) {
      best = s;
      best_difference = distance;
    }
  }
  auto const used = [&](std::int64_t extent, int log_row) { return log_of(extent) < log_row ? log_of(extent) : log_row; };
  best.log_row_from = used(along_from, best.log_from);
  best.log_row_to = used(along_to, log_units<U> - best.log_from + log_of(unit));
  return best;
}

/// The two axes along which source and destination are contiguous, and the others. A block has one tile.
struct tile_plan {
  walk_axis<2> along_from, along_to;
  walk_plan<2> other;
  tile_shape shape;
  /// 2^32 by the rows' length, rounded up, where a tile has whole rows of the source, of the destination, that follow each other in memory
  /// and so can be moved as one: where rows are no whole vectors. Else 0.
  std::uint32_t run_from, run_to;
};

/// What tile_plan::run_from and run_to say of one side: of rows along one axis, `rows` in a tile. 0 where they cannot be moved as one.
template <class T>
std::uint32_t inverse_of_rows(walk_plan<2> const& p, int along, int across, int operand, std::int64_t tiles, int rows, T const* data) {
  constexpr unsigned V = elements_per_access<T>();
  std::int64_t const length = p.axis[along].extent;
  bool const whole = V > 1 && tiles == 1 && p.axis[across].stride[operand] == length && length * rows % V == 0 && aligned_for<V>(data) &&
                     whole_steps<V>(p, operand, along, across);
  return whole ? std::uint32_t(((std::uint64_t{1} << 32) + std::uint64_t(length) - 1) / std::uint64_t(length)) : 0;
}

/// A tile is read along the source's contiguous axis and written along the destination's, VFrom and VTo elements at a time; in between
/// it lies in shared memory, as the destination's type.
template <class U, unsigned VFrom, unsigned VTo>
struct transpose_kernel {
  static constexpr auto block = block_size<conversion_block>;
  static constexpr int in_unit = elements_of_unit<U>, units = 1 << log_units<U>;
  using unit = vec<U, unsigned(in_unit)>;
  struct shared {
    alignas(16) unit tile[unsigned(units)];
  };

  // Inlined by force: in a call of its own the plan would be copied, and its arrays be indexed there.
  template <kernel_context Ctx, class T, class F>
  CROSSLANE_FN CROSSLANE_INLINE void operator()(Ctx const& ctx, shared& s, T const* from, U* to, tile_plan p, F f,
                                                std::uint64_t begin) const {
    int const log_from = p.shape.log_from, log_to = log_units<U> - log_from;
    std::uint64_t k = begin + ctx.block_rank(), rest = k;
    k = divide(rest, std::uint64_t(p.shape.count()));
    std::int64_t const b0 = std::int64_t(divide(rest, std::uint64_t(p.shape.tiles_from))) * in_unit << log_to;
    std::int64_t const a0 = std::int64_t(rest) << log_from;
    from += a0 + b0 * p.along_to.stride[1];  // a counts along the source, b along the destination
    to += b0 + a0 * p.along_from.stride[0];
    auto const others = offsets_of(p.other, k);
    from += others.at[1];
    to += others.at[0];
    int const a_end = within_tile(p.along_from.extent - a0, 1 << log_from), b_end = within_tile(p.along_to.extent - b0, in_unit << log_to);

    bool read = false, written = false;
    if constexpr (VFrom == 1 && elements_per_access<T>() > 1) {
      read = p.run_from != 0;
      if (read) read_run(ctx, s, from, f, log_from, a_end, b_end, p.run_from);
    }
    if (!read) read_rows(ctx, s, from, f, log_from, lanes_of_row<VFrom>(p.shape.log_row_from), a_end, b_end, p.along_to.stride[1]);
    ctx.sync_block();
    if constexpr (VTo == 1 && elements_per_access<U>() > 1) {
      written = p.run_to != 0;
      if (written) write_run(ctx, s, to, log_from, a_end, b_end, p.run_to);
    }
    if (!written) write_rows(ctx, s, to, log_from, lanes_of_row<VTo>(p.shape.log_row_to), a_end, b_end, p.along_from.stride[0]);
  }

 private:
  template <class Ctx, class T, class F>
  CROSSLANE_FN static void read_rows(Ctx const& ctx, shared& s, T const* from, F const& f, int log_from, int lanes, int a_end, int b_end,
                                     std::int64_t stride) {
    // Loads are under way together, before the first is used. None is left out, for a branch would part them: in place of what lies outside
    // of the tensor comes the tile's first vector, which nobody reads again.
    constexpr int groups = units / int(VFrom * conversion_block);  // of in_unit vectors, one above the other
    constexpr int together = at_most(groups, at_most(16 / in_unit, bytes_under_way / int(in_unit * sizeof(vec<T, VFrom>))));
    int const log_to = log_units<U> - log_from;
    place const mine = place_of(ctx.thread_rank(), lanes, log_to);
    int const a = mine.along * int(VFrom), b = mine.across * in_unit;
    std::int64_t const my_offset = a + b * stride;
    unsigned const my_place = place_in_tile(a, mine.across, log_from);
    CROSSLANE_UNROLL
    for (int first = 0; first < groups; first += together) {
      vec<T, VFrom> x[unsigned(together)][unsigned(in_unit)];
      CROSSLANE_UNROLL
      for (int g = 0; g < together; ++g) {
        place const next = place_of(unsigned(first + g) * conversion_block, lanes, log_to);  // the same for all threads
        int const next_a = next.along * int(VFrom), next_b = next.across * in_unit;
        std::int64_t const next_offset = next_a + next_b * stride;
        CROSSLANE_UNROLL
        for (int r = 0; r < in_unit; ++r) {
          bool const inside = a < a_end - next_a && b < b_end - next_b - r;
          x[g][r] = *reinterpret_cast<vec<T, VFrom> const*>(from + (inside ? my_offset + (next_offset + r * stride) : 0));
        }
      }
      CROSSLANE_UNROLL
      for (int g = 0; g < together; ++g) {
        place const next = place_of(unsigned(first + g) * conversion_block, lanes, log_to);
        unsigned const next_place = place_in_tile(next.along * int(VFrom), next.across, log_from);
        vec<U, VFrom> y[unsigned(in_unit)];
        CROSSLANE_UNROLL
        for (int r = 0; r < in_unit; ++r) y[r] = apply_to_vector<U, VFrom>(f, x[g][r]);
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < VFrom; ++j) {
          unit column;
          CROSSLANE_UNROLL
          for (int r = 0; r < in_unit; ++r) column[unsigned(r)] = y[r][j];
          s.tile[my_place ^ (next_place ^ j)] = column;
        }
      }
    }
  }

  template <class Ctx>
  CROSSLANE_FN static void write_rows(Ctx const& ctx, shared const& s, U* to, int log_from, int lanes, int a_end, int b_end,
                                      std::int64_t stride) {
    constexpr int per_store = VTo < unsigned(in_unit) ? 1 : int(VTo) / in_unit;  // units
    place const mine = place_of(ctx.thread_rank(), lanes, log_from);
    int const a = mine.across, b = mine.along * int(VTo);
    std::int64_t const my_offset = b + a * stride;
    unsigned const my_place = place_in_tile(a, b / in_unit, log_from);
    CROSSLANE_UNROLL
    for (int step = 0; step < units * in_unit / int(VTo * conversion_block); ++step) {
      place const next = place_of(unsigned(step) * conversion_block, lanes, log_from);
      int const next_a = next.across, next_b = next.along * int(VTo);
      if (a >= a_end - next_a || b >= b_end - next_b) continue;
      unsigned const place = my_place ^ place_in_tile(next_a, next_b / in_unit, log_from);
      vec<U, VTo> y;
      if constexpr (VTo < unsigned(in_unit)) {
        auto const* const elements = reinterpret_cast<U const*>(&s.tile[place]) + b % in_unit;
        for (unsigned j = 0; j < VTo; ++j) y[j] = elements[j];
      } else {
        CROSSLANE_UNROLL
        for (int i = 0; i < per_store; ++i) {
          unit const column = s.tile[place ^ place_in_tile(0, i, log_from)];
          CROSSLANE_UNROLL
          for (int r = 0; r < in_unit; ++r) y[unsigned(i * in_unit + r)] = column[unsigned(r)];
        }
      }
      *reinterpret_cast<vec<U, VTo>*>(to + my_offset + (next_b + next_a * stride)) = y;
    }
  }

  /// Rows of length a_end.
  template <class Ctx, class T, class F>
  CROSSLANE_FN static void read_run(Ctx const& ctx, shared& s, T const* from, F const& f, int log_from, int a_end, int b_end,
                                    std::uint32_t inverse) {
    constexpr int V = int(elements_per_access<T>()), steps = vectors_of_run<V>,
                  together = at_most(steps, bytes_under_way / int(V * sizeof(T)));
    int const end = a_end * b_end;
    for (int begin = 0; begin < steps; begin += together) {
      vec<T, unsigned(V)> x[unsigned(together)];
      CROSSLANE_UNROLL
      for (int i = 0; i < together; ++i) {
        int const first = ((begin + i) * int(conversion_block) + int(ctx.thread_rank())) * V;
        if (first + V <= end) {
          x[i] = *reinterpret_cast<vec<T, unsigned(V)> const*>(from + first);
        } else {
          CROSSLANE_UNROLL
          for (int j = 0; j < V; ++j) x[i][unsigned(j)] = from[first + j < end ? first + j : 0];
        }
      }
      CROSSLANE_UNROLL
      for (int i = 0; i < together; ++i) {
        int const first = ((begin + i) * int(conversion_block) + int(ctx.thread_rank())) * V;
        int b = quotient(first, inverse), a = first - b * a_end;
        auto const y = apply_to_vector<U, unsigned(V)>(f, x[i]);
        CROSSLANE_UNROLL
        for (int j = 0; j < V; ++j) {
          if (first + j < end) element(s, a, b, log_from) = y[unsigned(j)];
          if (++a == a_end) a = 0, ++b;
        }
      }
    }
  }

  /// Rows of length b_end.
  template <class Ctx>
  CROSSLANE_FN static void write_run(Ctx const& ctx, shared& s, U* to, int log_from, int a_end, int b_end, std::uint32_t inverse) {
    constexpr int V = int(elements_per_access<U>());
    int const end = a_end * b_end;
    CROSSLANE_UNROLL
    for (int step = 0; step < vectors_of_run<V>; ++step) {
      int const first = (step * int(conversion_block) + int(ctx.thread_rank())) * V;
      if (first >= end) break;
      int a = quotient(first, inverse), b = first - a * b_end;
      vec<U, unsigned(V)> y;
      CROSSLANE_UNROLL
      for (int j = 0; j < V; ++j) {
        if (first + j < end) y[unsigned(j)] = element(s, a, b, log_from);
        if (++b == b_end) b = 0, ++a;
      }
      if (first + V <= end) {
        *reinterpret_cast<vec<U, unsigned(V)>*>(to + first) = y;
      } else {
        CROSSLANE_UNROLL
        for (int j = 0; j < V; ++j)
          if (first + j < end) to[first + j] = y[unsigned(j)];
      }
    }
  }

  /// Bytes that a thread loads before it uses the first.
  static constexpr int bytes_under_way = 128;
  CROSSLANE_FN static constexpr int at_most(int n, int limit) { return limit < 1 ? 1 : n < limit ? n : limit; }
  /// For each thread, in a full tile.
  template <int V>
  static constexpr int vectors_of_run = (units * in_unit + V * int(conversion_block) - 1) / (V * int(conversion_block));
  /// Of less than 2^16 by less than 2^16.
  CROSSLANE_FN static int quotient(int n, std::uint32_t inverse) { return int(std::uint64_t(unsigned(n)) * inverse >> 32); }

  struct place {
    int along, across;  // vectors or elements, and rows
  };
  /// The binary logarithm of the lanes that go along a row of 2^log elements: 32 elements, or 16 vectors, or all there are. Pieces of 256
  /// bytes keep the device's memory busier than ones of 128.
  template <unsigned V>
  CROSSLANE_FN static int lanes_of_row(int log) {
    constexpr int most = V == 1 ? 5 : 4;
    return log - log_vector<V> < most ? log - log_vector<V> : most;
  }
  /// Of the i-th vector: 2^log_lanes lanes go along a row, then to the next of 2^log_rows rows. Each bit of i has its share of the sums, so
  /// that a thread's later places differ from its first by what is the same for all threads.
  CROSSLANE_FN static place place_of(unsigned i, int log_lanes, int log_rows) {
    unsigned const lane = i & ((1u << log_lanes) - 1), row = i >> log_lanes;
    return {int((row >> log_rows << log_lanes) + lane), int(row & ((1u << log_rows) - 1))};
  }
  /// In units, of element `a` along the source and unit `row` along the destination. Lines of 32 units lie in all banks of shared memory:
  /// higher bits change places within a line, so that lanes seldom meet in a bank, whether they go along rows or along columns; elements of
  /// up to 8 bytes by twos at most, of 16 bytes in short rows by fours. Each bit of the arguments changes bits of its own: the place of a
  /// sum is the exclusive or of places where no bit is in both.
  CROSSLANE_FN static unsigned place_in_tile(int a, int row, int log_from) {
    unsigned const plain = (unsigned(row) << log_from) + unsigned(a), high = plain >> (log_from > 5 ? log_from : 5);
    return plain ^ ((high ^ high << 2 ^ unsigned(a) >> 5 << 1) & 31);
  }
  CROSSLANE_FN static U& element(shared& s, int a, int b, int log_from) {
    return reinterpret_cast<U*>(&s.tile[place_in_tile(a, b / in_unit, log_from)])[b % in_unit];
  }
  CROSSLANE_FN static int within_tile(std::int64_t n, int length) { return n < length ? int(n) : length; }
};

inline namespace CROSSLANE_CONFIGURATION {

static_assert(conversion_block <= elementwise_block && "most_blocks() counts blocks of that size");
/// Calls `queue(begin, count)` for the ranges of 0 ... blocks-1 that one grid covers; of blocks of up to elementwise_block threads.
template <runtime_backend B, class Queue>
void for_each_grid_of_blocks(basic_stream_ref<B> q, std::uint64_t blocks, source_location where, Queue const& queue) {
  std::uint64_t const most = most_blocks(q, where);
  for (std::uint64_t begin = 0; begin < blocks; begin += most) queue(begin, unsigned(blocks - begin < most ? blocks - begin : most));
}

/// False where tiles are of no use.
template <runtime_backend B, class T, class U, class F>
bool run_tiles(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  int along_from = -1, along_to = -1;
  for (int i = 0; i < p.rank; ++i) {
    if (p.axis[i].stride[0] == 1) along_to = i;
    if (p.axis[i].stride[1] == 1) along_from = i;
  }
  if (along_from < 0 || along_to < 0 || along_from == along_to || p.axis[along_to].stride[1] == 0) return false;
  tile_shape const shape = best_tile<T, U>(p.axis[along_from].extent, p.axis[along_to].extent);
  if (shape.mostly_empty<U>(p.axis[along_from].extent, p.axis[along_to].extent)) return false;
  tile_plan tiles{p.axis[along_from], p.axis[along_to], without(p, along_from, along_to), shape, 0, 0};
  bool const from_whole = whole_vectors<V>(p, along_from, 1, from);
  bool const to_whole = whole_vectors<V>(p, along_to, 0, to);
  if (!from_whole) tiles.run_from = inverse_of_rows(p, along_from, along_to, 1, shape.tiles_from, shape.extent_to<U>(), from);
  if (!to_whole) tiles.run_to = inverse_of_rows(p, along_to, along_from, 0, shape.tiles_to, shape.extent_from(), to);
  std::int64_t const blocks = tiles.other.count() * shape.count();
  auto const run = [&]<bool FromWhole, bool ToWhole>(std::bool_constant<FromWhole>, std::bool_constant<ToWhole>) {
    for_each_grid_of_blocks(q, std::uint64_t(blocks), where, [&](std::uint64_t begin, unsigned count) {
      launch(q, {.grid = count, .where = where}, transpose_kernel<U, FromWhole ? V : 1, ToWhole ? V : 1>{}, from, to, tiles, f, begin);
    });
  };
  if (from_whole && to_whole)
    run(std::true_type{}, std::true_type{});
  else if (from_whole)
    run(std::true_type{}, std::false_type{});
  else if (to_whole)
    run(std::false_type{}, std::true_type{});
  else
    run(std::false_type{}, std::false_type{});
  return true;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
