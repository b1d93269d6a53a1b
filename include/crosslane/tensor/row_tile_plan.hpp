// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The host's plan for row_tiles.hpp: the tile's lengths, and how the kernel reads, places and writes a tile.
#pragma once

#include <crosslane/tensor/walk.hpp>

#include <bit>
#include <cstdlib>

namespace crosslane::detail {

/// Divides numbers below 2^31 by n without a division instruction.
struct fast_divisor {
  std::uint32_t n = 1, factor = 0;
  std::int32_t shift = 0;

  fast_divisor() = default;
  explicit fast_divisor(std::uint32_t n_) : n{n_} {
    while ((std::uint64_t{1} << (shift + 1)) < n) ++shift;
    factor = std::uint32_t((((std::uint64_t{1} << 32) << shift) + n - 1) / n);  // at least 2^31 if n > 1
  }
  /// Returns the quotient k / n and sets `k` to the remainder. Precondition: n > 1.
  CROSSLANE_FN std::uint32_t divide(std::uint32_t& k) const {
    std::uint32_t const q = std::uint32_t(std::uint64_t{k} * factor >> 32) >> shift;
    k -= q * n;
    return q;
  }
};

/// The number of tiles along an axis, and the elements from one tile to the next in the destination and in the source.
struct tile_steps {
  fast_divisor tiles;
  std::int64_t step[2] = {};
};
/// An axis that is divided into tiles of `length` indices. The last tile has `last` indices.
struct tiled_axis {
  tile_steps steps;
  std::int32_t length = 1, last = 1;
};

/// Returns 2^31 / n, rounded up, for quotient_of(). An inverse of 0 makes all quotients 0.
inline std::uint32_t inverse_of(std::int64_t n) { return std::uint32_t(((std::int64_t{1} << 31) + n - 1) / n); }
/// Returns n divided by the number whose inverse is given. Precondition: the product of the two numbers is below 2^31.
CROSSLANE_FN inline int quotient_of(int n, std::uint32_t inverse) { return int(std::uint64_t(2 * unsigned(n)) * inverse >> 32); }

/// The largest number of elements of a tile. Its square is below 2^31, as the precondition of quotient_of() requires.
inline constexpr std::int64_t most_elements_of_tile = 1 << 15;

/// Describes how a block reads, places and writes one tile. Lengths and steps count elements in global memory and bytes in shared memory.
struct row_tile_plan {
  tiled_axis a, b, n;  ///< the source's contiguous axis, a second axis (see `across`), and images
  int others = 0;
  tile_steps other[6];              ///< the remaining axes, the fastest first
  std::uint32_t count;              ///< number of tiles; 0 if tiles are of no use
  bool across;                      ///< b is contiguous in the destination; otherwise a is, and b counts the rows
  bool run_from, run_to;            ///< the tile's rows follow each other in memory and form one run
  bool cut;                         ///< a vector of the destination can have elements of two rows of the inner axis
  std::int32_t past_from, past_to;  ///< elements_past_boundary() of both addresses
  std::int64_t dense_from;          ///< elements of the source if it has no gaps, else 0; vectors within may be read whole
  std::int32_t row_step_from, row_step_to;
  std::int32_t vectors_from;      ///< vectors of a row that is read
  std::uint32_t inverse_from;     ///< inverse_of(vectors_from)
  std::int32_t all_from, all_to;  ///< vectors that are read and written, including those that are skipped
  std::int32_t rows_to;
  std::uint32_t inverse_rows_to;
  std::int32_t log_lanes;                      ///< 2^n lanes write neighbours in a row, the next 2^n lanes write the next row
  std::int32_t pitch;                          ///< from row to row of the source
  std::int32_t step_row, step;                 ///< from row to row and from element to element of the destination
  std::uint32_t inverse_inner, inverse_image;  ///< inverse_of() the inner axis and an image if a run has several, else 0
  std::int32_t step_inner, step_image;         ///< added from one to the next
  std::int32_t inner;                          ///< indices of the inner axis
  std::int32_t swizzle;                        ///< see place_of()
  std::uint32_t shared_bytes;
};

/// The properties that determine the choice of a tile.
struct row_tile_problem {
  walk_axis<2> a, b;               ///< as in row_tile_plan
  std::int64_t images = 1;         ///< images of whole vectors that follow each other in both operands
  bool across;                     ///< as in row_tile_plan
  bool whole_from, whole_to;       ///< rows are whole, aligned vectors
  int size_from, size_to, vector;  ///< bytes of an element, elements of a vector

  int size_held() const { return size_from < size_to ? size_from : size_to; }
  walk_axis<2> const& inner() const { return across ? b : a; }
  walk_axis<2> const& outer() const { return across ? a : b; }
};

/// The lengths of a tile and what they determine.
struct row_tile_choice {
  std::int64_t a = 0, b = 0, images = 1;
  std::int64_t pitch = 0;
  bool run_from = false, run_to = false;
  double cost = 0;

  std::int64_t elements() const { return pitch * b * images; }
};

inline std::int64_t parts_of(std::int64_t n, std::int64_t length) { return (n + length - 1) / length; }
inline std::int64_t whole_parts_of(std::int64_t n, std::int64_t length) { return parts_of(n, length) * length; }

inline std::int64_t row_tile_pitch(row_tile_problem const& t, std::int64_t a, bool run) {
  if (run) return a;
  if (t.whole_from) return whole_parts_of(a, t.vector);
  // Rows share no vector. Each begins as many elements past a boundary between vectors as it does in the source.
  std::int64_t const least = a + t.vector - 1, shift = (t.b.stride[1] - least) & (t.vector - 1);
  return least + shift;
}

/// Returns the tile of these lengths. Its cost is the time to move an image, in elements. Bytes that are moved in vain and the start of
/// each tile add to the cost.
inline row_tile_choice row_tile_of(row_tile_problem const& t, std::int64_t a, std::int64_t b, std::int64_t budget) {
  row_tile_choice c{a, b};
  bool const whole_a = a >= t.a.extent, whole_b = b >= t.b.extent;
  c.run_from = whole_a && t.b.stride[1] == t.a.extent;
  c.run_to = (t.across ? whole_b : whole_a) && t.outer().stride[0] == t.inner().extent;
  c.pitch = row_tile_pitch(t, a, c.run_from);
  if (whole_a && whole_b && c.run_from && c.run_to) {
    std::int64_t const most = (budget - t.vector) / (a * b);
    c.images = most < 1 ? 1 : most < t.images ? most : t.images;
    c.images = parts_of(t.images, parts_of(t.images, c.images));
  }
  // Bytes of a contiguous piece. The 32-byte sectors at its ends are shared with other pieces.
  double const piece_from = double(c.run_from ? a * b * c.images : a) * t.size_from;
  double const piece_to = double(c.run_to ? a * b * c.images : t.across ? b : a) * t.size_to;
  double const from = 1 + (t.whole_from ? 32 : 64) / piece_from, to = 1 + (t.whole_to ? 32 : c.run_to ? 64 : 128) / piece_to;
  double const tiles = double(parts_of(t.a.extent, a)) * double(parts_of(t.b.extent, b)) / double(c.images);
  c.cost = tiles * double(budget) / 16 +
           double(t.a.extent) * double(t.b.extent) * (from * t.size_from + to * t.size_to) / (t.size_from + t.size_to);
  return c;
}

/// Returns the cheapest tile of at most `budget` elements. Its `a` is 0 if there is none.
inline row_tile_choice best_row_tile(row_tile_problem const& t, std::int64_t budget) {
  row_tile_choice best;
  auto const consider = [&](std::int64_t a, std::int64_t b) {
    if (a < 1 || b < 1) return;
    row_tile_choice const c = row_tile_of(t, a, b, budget);
    if (c.elements() + t.vector <= budget && (best.a == 0 || c.cost < best.cost)) best = c;
  };
  // Returns the length of nearly equal parts: at most `most` indices, and a multiple of `step` unless it is the extent. Returns 0 if there
  // is none.
  auto const even = [&](std::int64_t extent, std::int64_t most, std::int64_t step) {
    if (most >= extent) return extent;
    most -= most % step;
    return most < step ? std::int64_t{0} : whole_parts_of(parts_of(extent, parts_of(extent, most)), step);
  };
  // Returns the number of indices of a piece of 64 bytes, or of one vector if `most` is too small for that.
  auto const step_of = [&](std::int64_t most, std::int64_t size) {
    std::int64_t const step = whole_parts_of(parts_of(64, size), t.vector);
    return most < step ? std::int64_t{t.vector} : step;
  };
  for (std::int64_t a = t.a.extent; a > 0; a = a > t.vector ? std::int64_t(std::bit_floor(std::uint64_t(a - 1))) : 0) {
    std::int64_t const length = even(t.a.extent, a, a == t.a.extent ? 1 : t.vector);
    std::int64_t const pitch = row_tile_pitch(t, length, length == t.a.extent && t.b.stride[1] == length);
    std::int64_t const most = (budget - t.vector) / pitch, lanes = 8 * t.vector;
    if (!t.across)
      consider(length, even(t.b.extent, most, 1));
    else if (t.whole_to || most >= t.b.extent || most < lanes)
      consider(length, even(t.b.extent, most, step_of(most, t.size_to)));
    else
      consider(length, most - most % lanes - t.vector + 1);  // its vectors, including parts at both ends, fill lanes
  }
  // Tiles with whole rows of b.
  if (t.b.extent <= budget) {
    std::int64_t const most = (budget - t.vector) / t.b.extent - (t.whole_from ? 0 : 2 * t.vector);
    consider(even(t.a.extent, most, step_of(most, t.size_from)), t.b.extent);
  }
  return best;
}

/// Returns the shift for place_of() that causes the fewest bank conflicts between lanes whose elements lie `step` vectors apart. Returns
/// 31, which permutes nothing, if no shift is better.
inline int swizzle_of(std::int64_t step) {
  int best = 31, most = 0;
  for (int shift : {31, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) {
    unsigned seen = 0;
    for (std::int64_t lane = 0; lane < 8; ++lane) {
      std::int64_t const v = lane * step;
      seen |= 1u << ((v ^ (v >> shift)) & 7);
    }
    if (std::popcount(seen) > most) {
      most = std::popcount(seen);
      best = shift;
    }
    if (most == 8) break;
  }
  return best;
}

/// Returns the number of the operand's elements if they fill memory without gaps, otherwise 0.
inline std::int64_t dense_elements(walk_plan<2> const& p, int operand) {
  std::int64_t elements = 1, last = 0;
  for (int i = 0; i < p.rank; ++i) {
    if (p.axis[i].stride[operand] < 0) return 0;
    if (p.axis[i].stride[operand] == 0) continue;
    elements *= p.axis[i].extent;
    last += (p.axis[i].extent - 1) * p.axis[i].stride[operand];
  }
  return last + 1 == elements ? elements : 0;
}

/// The properties, besides the axes, that determine a plan of row tiles.
struct row_tile_operands {
  int size_from, size_to, vector;  ///< bytes of an element, elements of a vector
  int past_from, past_to;          ///< elements_past_boundary() of both addresses
  bool in_place;                   ///< the destination is the source
};

/// Returns how tiles move the elements of a plan. `count` is 0 if tiles are of no use. A block may use `shared` bytes of shared memory.
inline row_tile_plan plan_row_tiles(walk_plan<2> const& p, row_tile_operands const& o, std::size_t shared) {
  int const V = o.vector;
  std::int64_t const larger = o.size_from < o.size_to ? o.size_to : o.size_from;
  // If the size of an element is not a power of two, the size of a vector is not either: 4 elements of 12 bytes have 48 bytes.
  bool const powers_of_two = std::has_single_bit(unsigned(o.size_from * o.size_to));
  row_tile_plan r{};
  int a = -1, along_to = -1;
  for (int i = 0; i < p.rank; ++i) {
    if (p.axis[i].stride[0] == 1) along_to = i;
    if (p.axis[i].stride[1] == 1) a = i;
  }
  if (a < 0 || along_to < 0) return r;
  r.past_from = o.past_from;
  r.past_to = o.past_to;
  if (r.past_from < 0 || r.past_to < 0) return r;
  auto const whole = [&](int operand, int along, int past) {
    return past == 0 && p.axis[along].extent % V == 0 && whole_steps(p, unsigned(V), operand, along);
  };
  row_tile_problem t{};
  t.whole_from = whole(1, a, r.past_from);
  t.whole_to = whole(0, along_to, r.past_to);
  int b = along_to;
  t.across = a != along_to;
  if (!t.across) {
    // Both operands are contiguous along the same axis. Tiles are of use if the rows are not whole vectors. Then b is the destination's
    // next axis.
    if (V == 1 || (t.whole_from && t.whole_to)) return r;
    b = -1;
    for (int i = 0; i < p.rank; ++i)
      if (i != a && (b < 0 || p.axis[i].stride[0] < p.axis[b].stride[0])) b = i;
    if (b < 0) return r;
  }
  if (p.axis[b].stride[1] == 0) return r;
  t.a = p.axis[a];
  t.b = p.axis[b];
  t.size_from = o.size_from;
  t.size_to = o.size_to;
  t.vector = V;
  walk_plan<2> other = without(p, a, b);
  int images = -1;
  for (int i = 0; i < other.rank; ++i)
    if (other.axis[i].stride[0] == t.a.extent * t.b.extent && other.axis[i].stride[1] == t.a.extent * t.b.extent) images = i;
  walk_axis<2> image{1, {}};
  if (images >= 0 && r.past_to == 0 && whole_steps(other, unsigned(V), 0)) {
    image = other.axis[images];
    t.images = image.extent;
    other = without(other, images, images);
  }

  // A tile has 16 KiB, or 32 KiB for bytes. It has more if rows that are not whole vectors can then be moved as one run.
  row_tile_choice c;
  for (std::int64_t const kib : {16, 24, 32, 48}) {
    if (V > 8 && kib < 32) continue;
    if (std::size_t(kib) * 1024 > shared) break;
    std::int64_t budget = kib * 1024 / t.size_held();
    if (budget * larger > 2 * kib * 1024) budget = 2 * kib * 1024 / larger;
    if (budget > most_elements_of_tile) budget = most_elements_of_tile;
    row_tile_choice next = best_row_tile(t, budget);
    next.cost *= 1 + 0.002 * double(kib - 16);
    if (next.a != 0 && (c.a == 0 || next.cost < c.cost)) c = next;
    if (c.a != 0 && (t.whole_from || c.run_from) && (t.whole_to || c.run_to)) break;
  }
  if (c.a == 0 || c.a * c.b * c.images * larger < 1024) return r;
  if (!t.whole_to && !c.run_to && (t.across ? c.b : c.a) * t.size_to < 64) return r;

  // Elements whose size is not a power of two use tiles only if both axes are longer than 4, and for runs or rows of whole 32-byte sectors.
  if (!powers_of_two)
    if (t.a.extent <= 4 || t.b.extent <= 4 || !(c.run_from || t.a.extent * t.size_from % 32 == 0) ||
        !(c.run_to || t.inner().extent * t.size_to % 32 == 0))
      return r;
  // Offsets within a tile are counted in 32 bits.
  for (int operand : {0, 1})
    if (c.a * std::abs(t.a.stride[operand]) + c.b * std::abs(t.b.stride[operand]) > INT32_MAX / 2) return r;
  auto const tiled = [](walk_axis<2> const& axis, std::int64_t length) {
    std::int64_t const tiles = parts_of(axis.extent, length);
    return tiled_axis{{fast_divisor{std::uint32_t(tiles)}, {axis.stride[0] * length, axis.stride[1] * length}},
                      std::int32_t(length),
                      std::int32_t(axis.extent - (tiles - 1) * length)};
  };
  double const tiles =
      double(parts_of(t.a.extent, c.a)) * double(parts_of(t.b.extent, c.b)) * double(parts_of(t.images, c.images)) * double(other.size());
  if (tiles > INT32_MAX) return r;
  r.a = tiled(t.a, c.a);
  r.b = tiled(t.b, c.b);
  r.n = tiled(image, c.images);
  for (r.others = 0; r.others < other.rank; ++r.others) {
    walk_axis<2> const& axis = other.axis[other.rank - 1 - r.others];
    r.other[r.others] = {fast_divisor{std::uint32_t(axis.extent)}, {axis.stride[0], axis.stride[1]}};
  }
  r.across = t.across;
  r.run_from = c.run_from;
  r.run_to = c.run_to;
  r.cut = c.run_to && !t.whole_to;
  // If the destination is the source, other blocks overwrite the neighbours of a tile, so a tile must not read them.
  r.dense_from = o.in_place ? 0 : dense_elements(p, 1);
  std::int64_t const row_from = c.run_from ? c.a * c.b * c.images : c.a, rows_from = c.run_from ? 1 : c.b;
  r.vectors_from = std::int32_t((row_from + V - 1 + (t.whole_from ? 0 : V - 1)) / V);
  r.inverse_from = inverse_of(r.vectors_from);
  r.all_from = std::int32_t(r.vectors_from * rows_from);
  std::int64_t const inner = t.across ? c.b : c.a, outer = t.across ? c.a : c.b;
  std::int64_t const row_to = c.run_to ? inner * outer * c.images : inner;
  r.rows_to = c.run_to ? 1 : std::int32_t(outer);
  r.inverse_rows_to = inverse_of(r.rows_to);
  std::int64_t const vectors_to = (row_to + V - 1 + (t.whole_to ? 0 : V - 1)) / V;
  int const most_lanes = o.size_to < 4 ? 3 : 4;
  while (r.log_lanes < most_lanes && (1 << r.log_lanes) < vectors_to) ++r.log_lanes;
  r.all_to = std::int32_t(whole_parts_of(vectors_to, std::int64_t{1} << r.log_lanes) * r.rows_to);
  std::int32_t const bytes = t.size_held();
  r.row_step_from = std::int32_t(t.b.stride[1]);
  r.row_step_to = std::int32_t(t.outer().stride[0]);
  r.pitch = std::int32_t(c.pitch) * bytes;
  r.step_row = t.across ? bytes : r.pitch;
  r.step = t.across ? r.pitch : bytes;
  if (c.run_to) {
    r.inverse_inner = inverse_of(inner);
    r.inner = std::int32_t(inner);
    r.step_inner = r.step_row - std::int32_t(inner) * r.step;
  }
  if (c.images > 1) {
    r.inverse_image = inverse_of(inner * outer);
    r.step_image = std::int32_t(c.a * c.b) * bytes - std::int32_t(outer) * r.step_row;
  }
  // The bits of a byte's address do not tell its vector if a vector has 48 bytes.
  r.swizzle = std::has_single_bit(unsigned(V * bytes)) ? swizzle_of(t.across ? c.pitch : 1) : 31;
  r.shared_bytes = std::uint32_t(whole_parts_of(c.elements() + V, 8 * V) * bytes);
  r.count = std::uint32_t(tiles);
  return r;
}

}  // namespace crosslane::detail
