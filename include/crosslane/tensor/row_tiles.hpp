// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Element-wise work on one input, where rows of the input or of the output cross the boundaries of 16-byte vectors. Elements move through
/// tiles in shared memory.
///
/// A block moves one tile. It reads rows of contiguous elements of the source as whole 16-byte vectors into shared memory, in the source's
/// order. Then it gathers the elements of each vector of the destination's rows and writes the vector whole. If rows follow each other in
/// memory, the tile treats them as one long row, a run. Only the two ends of a run can be parts of vectors, which move element by element.
/// Shapes, misalignment and the use of runs are data of the plan. A pair of types therefore needs one kernel only.
#pragma once

#include <crosslane/tensor/walk.hpp>

#include <bit>
#include <cstdlib>
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
    char* const tile = ctx.template dynamic_shared<char>().data();
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
      double(parts_of(t.a.extent, c.a)) * double(parts_of(t.b.extent, c.b)) * double(parts_of(t.images, c.images)) * double(other.count());
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
