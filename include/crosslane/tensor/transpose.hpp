// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work on one input whose contiguous axis is not the output's. Elements move through tiles in shared memory.
#pragma once

#include <crosslane/tensor/walk.hpp>

#include <bit>

namespace crosslane::detail {

/// The bytes of a tile, which holds the destination's type, and the threads of its block.
inline constexpr unsigned conversion_tile_bytes = 16384, conversion_block = 256;

/// The number of elements that move together, so that the larger type fills 16 bytes. 1 if that is not possible.
template <class T, class U>
inline constexpr unsigned conversion_vector = elements_per_access<T, U>();

/// The binary logarithm of a vector's elements.
template <unsigned V>
inline constexpr int log_vector = std::countr_zero(V);

/// True if the tiles support the pair of element types.
template <class T, class U>
inline constexpr bool has_tiles = sizeof(T) <= 16 && sizeof(U) <= 16 && (sizeof(U) & (sizeof(U) - 1)) == 0 &&
                                  std::is_trivially_default_constructible_v<vec<U, 1>> && std::is_default_constructible_v<T>;

/// The number of the destination's neighbours that share a unit of shared memory. Small types fill a bank of 4 bytes.
template <class U>
inline constexpr int elements_of_unit = sizeof(U) < 4 ? 4 / int(sizeof(U)) : 1;
/// The binary logarithm of the units of a tile.
template <class U>
inline constexpr int log_units = std::countr_zero(conversion_tile_bytes / unsigned(sizeof(U) * elements_of_unit<U>));

/// A tile has 2^log_from elements along the source's contiguous axis. Along the destination's, it has as many units as fill the tile.
struct tile_shape {
  int log_from;
  std::int64_t tiles_from, tiles_to;
  int log_row_from = 0, log_row_to = 0;  ///< the first 2^n elements of a row include all that are inside the tensor

  CROSSLANE_FN std::int64_t tiles() const { return tiles_from * tiles_to; }
  /// Returns the number of elements along the destination's axis.
  template <class U>
  int extent_to() const {
    return elements_of_unit<U> << (log_units<U> - log_from);
  }
  /// Returns whether `elements` fill less than 1 / parts of the tiles.
  template <class U>
  bool has_fewer(std::int64_t elements, int parts) const {
    return elements < tiles() * (elements_of_unit<U> << log_units<U>) / parts;
  }
};

/// Returns the shape with the fewest tiles. Among equals, chooses the one whose rows have the most similar lengths in bytes in the source
/// and in the destination. A row has at least 128 bytes unless its axis is shorter.
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
    if (log == first || s.tiles() < best.tiles() || (s.tiles() == best.tiles() && distance < best_difference)) {
      best = s;
      best_difference = distance;
    }
  }
  auto const used = [&](std::int64_t extent, int log_row) { return log_of(extent) < log_row ? log_of(extent) : log_row; };
  best.log_row_from = used(along_from, best.log_from);
  best.log_row_to = used(along_to, log_units<U> - best.log_from + log_of(unit));
  return best;
}

/// The axes along which the source and the destination are contiguous, and the other axes. A block moves one tile: a part of an image, or
/// several small images. Several images of a tile follow each other in the source along the destination's axis.
struct tile_plan {
  walk_axis<2> along_from, along_to;
  walk_plan<2> other;
  tile_shape shape;
  std::int64_t step_to;           ///< from tile to tile along the destination's axis, in the destination
  int log_image = 30;             ///< an image has 2^n indices along the destination's axis
  std::int32_t image_stride = 0;  ///< from image to image in the destination
};

/// Puts several images in a tile if an image fills at most half of it, has extents that are powers of two, and follows the one before in
/// the source. The axis of the images is then part of along_to.
template <class T, class U>
void put_images_together(tile_plan& p) {
  int const log_from = std::countr_zero(std::uint64_t(p.along_from.extent)), log_image = std::countr_zero(std::uint64_t(p.along_to.extent));
  int const log_images = log_units<U> + std::countr_zero(unsigned(elements_of_unit<U>)) - log_from - log_image;
  if (p.along_from.extent >> log_from != 1 || p.along_to.extent >> log_image != 1 || log_images < 1) return;
  if (p.along_to.extent < elements_of_unit<U>) return;
  for (int i = 0; i < p.other.rank; ++i) {
    walk_axis<2> const images = p.other.axis[i];
    if (images.stride[1] != p.along_to.extent * p.along_to.stride[1] || images.stride[0] > (INT32_MAX >> log_images)) continue;
    p.along_to.extent *= images.extent;
    p.other = without(p.other, i, i);
    p.shape = {log_from, 1, (images.extent + (std::int64_t{1} << log_images) - 1) >> log_images, log_from, log_image};
    p.step_to = images.stride[0] << log_images;
    p.log_image = log_image;
    p.image_stride = std::int32_t(images.stride[0]);
    return;
  }
}

/// Reads a tile along the source's contiguous axis and writes it along the destination's, V elements at a time. In between, shared memory
/// holds the tile in the destination's type.
template <class U, unsigned V>
struct transpose_kernel {
  static constexpr auto block = block_size<conversion_block>;
  static constexpr int in_unit = elements_of_unit<U>, units = 1 << log_units<U>;
  using unit = vec<U, unsigned(in_unit)>;
  struct shared {
    alignas(16) unit tile[unsigned(units)];
  };

  // Always inlined. A call would copy the plan and index the arrays of the copy.
  template <kernel_context Ctx, class T, class F>
  CROSSLANE_FN CROSSLANE_INLINE void operator()(Ctx const& ctx, shared& s, T const* from, U* to, tile_plan p, F f,
                                                std::uint64_t begin) const {
    int const log_from = p.shape.log_from, log_to = log_units<U> - log_from;
    std::uint64_t k = begin + ctx.block_rank(), rest = k;
    k = divide(rest, std::uint64_t(p.shape.tiles()));
    std::int64_t const tile_to = std::int64_t(divide(rest, std::uint64_t(p.shape.tiles_from)));
    std::int64_t const a0 = std::int64_t(rest) << log_from, b0 = tile_to * in_unit << log_to;
    from += a0 + b0 * p.along_to.stride[1];  // a counts along the source, b along the destination
    to += tile_to * p.step_to + a0 * p.along_from.stride[0];
    auto const others = offsets_of(p.other, k);
    from += others.at[1];
    to += others.at[0];
    int const a_end = within_tile(p.along_from.extent - a0, 1 << log_from), b_end = within_tile(p.along_to.extent - b0, in_unit << log_to);

    read(ctx, s, from, f, log_from, lanes_of_row(p.shape.log_row_from), a_end, b_end, p.along_to.stride[1]);
    ctx.sync_block();
    write(ctx, s, to, log_from, lanes_of_row(p.shape.log_row_to), a_end, b_end, p.along_from.stride[0], p.log_image, p.image_stride);
  }

 private:
  template <class Ctx, class T, class F>
  CROSSLANE_FN static void read(Ctx const& ctx, shared& s, T const* from, F const& f, int log_from, int lanes, int a_end, int b_end,
                                std::int64_t stride) {
    // Several loads are in flight before the first is used. No load is conditional, because a branch would separate the loads. A load
    // outside the tensor reads the tile's first vector instead. write() never uses it.
    constexpr int groups = units / int(V * conversion_block);  // a group is in_unit vectors of adjacent rows
    constexpr int together = at_most(groups, at_most(16 / in_unit, bytes_under_way / int(in_unit * sizeof(vec<T, V>))));
    int const log_to = log_units<U> - log_from;
    place const mine = place_of(ctx.thread_rank(), lanes, log_to);
    int const a = mine.along * int(V), b = mine.across * in_unit;
    std::int64_t const my_offset = a + b * stride;
    unsigned const my_place = place_in_tile(a, mine.across, log_from);
    CROSSLANE_UNROLL
    for (int first = 0; first < groups; first += together) {
      vec<T, V> x[unsigned(together)][unsigned(in_unit)];
      CROSSLANE_UNROLL
      for (int g = 0; g < together; ++g) {
        place const next = place_of(unsigned(first + g) * conversion_block, lanes, log_to);  // the same for all threads
        int const next_a = next.along * int(V), next_b = next.across * in_unit;
        std::int64_t const next_offset = next_a + next_b * stride;
        CROSSLANE_UNROLL
        for (int r = 0; r < in_unit; ++r) {
          bool const inside = a < a_end - next_a && b < b_end - next_b - r;
          x[g][r] = *reinterpret_cast<vec<T, V> const*>(from + (inside ? my_offset + (next_offset + r * stride) : 0));
        }
      }
      CROSSLANE_UNROLL
      for (int g = 0; g < together; ++g) {
        place const next = place_of(unsigned(first + g) * conversion_block, lanes, log_to);
        unsigned const next_place = place_in_tile(next.along * int(V), next.across, log_from);
        vec<U, V> y[unsigned(in_unit)];
        CROSSLANE_UNROLL
        for (int r = 0; r < in_unit; ++r) y[r] = apply_to_vector<U, V>(f, x[g][r]);
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < V; ++j) {
          unit column;
          CROSSLANE_UNROLL
          for (int r = 0; r < in_unit; ++r) column[unsigned(r)] = y[r][j];
          s.tile[my_place ^ (next_place ^ j)] = column;
        }
      }
    }
  }

  template <class Ctx>
  CROSSLANE_FN static void write(Ctx const& ctx, shared const& s, U* to, int log_from, int lanes, int a_end, int b_end, std::int64_t stride,
                                 int log_image, std::int32_t image_stride) {
    auto const along = [&](int place) { return (place & ((1 << log_image) - 1)) + (place >> log_image) * image_stride; };
    constexpr int per_store = V < unsigned(in_unit) ? 1 : int(V) / in_unit;  // units
    place const mine = place_of(ctx.thread_rank(), lanes, log_from);
    int const a = mine.across, b = mine.along * int(V);
    std::int64_t const my_offset = along(b) + a * stride;
    unsigned const my_place = place_in_tile(a, b / in_unit, log_from);
    CROSSLANE_UNROLL
    for (int step = 0; step < units * in_unit / int(V * conversion_block); ++step) {
      place const next = place_of(unsigned(step) * conversion_block, lanes, log_from);
      int const next_a = next.across, next_b = next.along * int(V);
      if (a >= a_end - next_a || b >= b_end - next_b) continue;
      unsigned const place = my_place ^ place_in_tile(next_a, next_b / in_unit, log_from);
      vec<U, V> y;
      if constexpr (V < unsigned(in_unit)) {
        auto const* const elements = reinterpret_cast<U const*>(&s.tile[place]) + b % in_unit;
        for (unsigned j = 0; j < V; ++j) y[j] = elements[j];
      } else {
        CROSSLANE_UNROLL
        for (int i = 0; i < per_store; ++i) {
          unit const column = s.tile[place ^ place_in_tile(0, i, log_from)];
          CROSSLANE_UNROLL
          for (int r = 0; r < in_unit; ++r) y[unsigned(i * in_unit + r)] = column[unsigned(r)];
        }
      }
      *reinterpret_cast<vec<U, V>*>(to + my_offset + (along(next_b) + next_a * stride)) = y;
    }
  }

  /// The number of bytes that a thread loads before it uses the first.
  static constexpr int bytes_under_way = 128;
  CROSSLANE_FN static constexpr int at_most(int n, int limit) { return limit < 1 ? 1 : n < limit ? n : limit; }

  struct place {
    int along, across;  // vectors or elements, and rows
  };
  /// Returns the binary logarithm of the number of lanes along a row of 2^log elements. These are at most 32 lanes of one element or 16
  /// lanes of one vector. Pieces of 256 bytes use more of the memory's bandwidth than pieces of 128.
  CROSSLANE_FN static int lanes_of_row(int log) {
    constexpr int most = V == 1 ? 5 : 4;
    return log - log_vector<V> < most ? log - log_vector<V> : most;
  }
  /// Returns the place of the i-th vector. 2^log_lanes lanes go along a row, the next lanes along the next of 2^log_rows rows. Each bit of
  /// i adds its own part to the place. A thread's later places thus differ from its first by steps that are the same for all threads.
  CROSSLANE_FN static place place_of(unsigned i, int log_lanes, int log_rows) {
    unsigned const lane = i & ((1u << log_lanes) - 1), row = i >> log_lanes;
    return {int((row >> log_rows << log_lanes) + lane), int(row & ((1u << log_rows) - 1))};
  }
  /// Returns the place, in units, of element `a` along the source and unit `row` along the destination. A line of 32 units covers all banks
  /// of shared memory. Higher bits permute the places within a line, so that lanes seldom conflict in a bank, along rows and along columns.
  /// Conflicts are at most 2-way for elements of up to 8 bytes. They are 4-way for 16-byte elements in short rows. Each bit of the
  /// arguments changes its own bits of the place. If two arguments share no bits, the place of their sum is the exclusive or of their
  /// places.
  CROSSLANE_FN static unsigned place_in_tile(int a, int row, int log_from) {
    unsigned const plain = (unsigned(row) << log_from) + unsigned(a), high = plain >> (log_from > 5 ? log_from : 5);
    return plain ^ ((high ^ high << 2 ^ unsigned(a) >> 5 << 1) & 31);
  }
  CROSSLANE_FN static int within_tile(std::int64_t n, int length) { return n < length ? int(n) : length; }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the work through tiles. Returns false if rows are not whole vectors, or if tiles would be of little use.
template <runtime_backend B, class T, class U, class F>
bool run_transpose(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  int along_from = -1, along_to = -1;
  for (int i = 0; i < p.rank; ++i) {
    if (p.axis[i].stride[0] == 1) along_to = i;
    if (p.axis[i].stride[1] == 1) along_from = i;
  }
  if (along_from < 0 || along_to < 0 || along_from == along_to || p.axis[along_to].stride[1] == 0) return false;
  if (!whole_vectors<V>(p, along_from, 1, from) || !whole_vectors<V>(p, along_to, 0, to)) return false;
  // If short rows of the destination begin within sectors of 32 bytes, pieces of rows cost more than one long run, as in row_tiles.hpp.
  std::int64_t const row_bytes = p.axis[along_to].extent * std::int64_t{sizeof(U)};
  if (V > 1 && sizeof(U) > 1 && row_bytes <= 1024 && row_bytes % 32 != 0) return false;
  tile_plan tiles{.along_from = p.axis[along_from],
                  .along_to = p.axis[along_to],
                  .other = without(p, along_from, along_to),
                  .shape = best_tile<T, U>(p.axis[along_from].extent, p.axis[along_to].extent),
                  .step_to = 0};
  tiles.step_to = tiles.shape.template extent_to<U>();
  put_images_together<T, U>(tiles);
  if (tiles.shape.template has_fewer<U>(tiles.along_from.extent * tiles.along_to.extent, V > 8 ? 3 : V > 1 ? 2 : 8)) return false;
  for_each_grid_of_blocks(q, std::uint64_t(tiles.other.size() * tiles.shape.tiles()), where, [&](std::uint64_t begin, unsigned count) {
    launch(q, {.grid = count, .where = where}, transpose_kernel<U, V>{}, from, to, tiles, f, begin);
  });
  return true;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
