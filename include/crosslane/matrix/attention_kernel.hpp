// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernel of attention(): scores, softmax and the product with the values, on fragments. It is one source for all targets.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/async_copy.hpp>
#include <crosslane/kernel/math/compare.hpp>
#include <crosslane/kernel/math/fast.hpp>
#include <crosslane/matrix/convert.hpp>
#include <crosslane/matrix/fragment.hpp>
#include <crosslane/matrix/load.hpp>
#include <crosslane/matrix/multiply.hpp>
#include <crosslane/tensor/reshape.hpp>

#include <cstdint>
#include <limits>

namespace crosslane::detail {

/// The threads of a block.
inline constexpr unsigned attention_block = 128;
/// Rows of the score matrix that a wave computes together.
inline constexpr int attention_rows_of_tile = 16;

/// Stands for the type of the bias if there is none.
struct no_bias {};

/// The rows of an operand: those of all heads, each of which has its channels side by side. Strides are in elements. All offsets fit Index.
template <class T, class Index>
struct attention_rows {
  T* data;
  Index batch, head, position;
  bool aligned;  ///< all rows begin at multiples of 16 bytes

  CROSSLANE_FN T* row(int n, int h, int i) const { return data + (Index(n) * batch + Index(h) * head + Index(i) * position); }
};

/// The work of a block: rows of the result of one head.
struct attention_item {
  int n, head, row_block;
};

/// What the kernel computes.
template <class T, class Bias, class Index>
struct attention_problem {
  attention_rows<T const, Index> queries, keys, values;
  attention_rows<Bias const, Index> bias;  ///< a row for each query, a column for each key
  attention_rows<T, Index> out;
  int heads, query_count, key_count;
  int row_blocks;       ///< items of a head
  std::int64_t items;   ///< of all heads
  attention_item step;  ///< from an item of a block to its next one: the number of blocks
  float scale;          ///< of the scores, times log2(e)
  float scale_of_bias;  ///< what to multiply the bias by before it is added to the scores
  bool causal;
};

/// The layout of a tile in shared memory, whose rows are multiples of 32 bytes. Pieces of 16 bytes change places within a row, so that a
/// piece of 8 rows from a multiple of 8 on lies in different banks. The change depends on the rank of the row among these 8 only: addresses
/// of a lane differ by constants. `First` and `Second` are the axes in the order of declaration.
template <int Rows, int Cols, int ElementBytes, class First, class Second>
class attention_tile_layout {
  static constexpr int pieces = Cols * ElementBytes / 16, per_piece = 16 / ElementBytes;
  /// Pieces that change places, and rows after which the banks of a column repeat.
  static constexpr int group = pieces % 8 == 0 ? 8 : pieces % 4 == 0 ? 4 : 2, period = 8 / group;
  static_assert(pieces % 2 == 0);

 public:
  using extents_type = crosslane::extents<std::int32_t, fixed<First, std::is_same_v<First, axis::row> ? Rows : Cols>,
                                          fixed<Second, std::is_same_v<First, axis::row> ? Cols : Rows>>;
  using index_type = std::int32_t;
  using multi_index = typename extents_type::multi_index;
  using order = axes<axis::row, axis::col>;
  using contiguous_axis = no_axis;
  static constexpr bool is_unique = true;
  using unit_axis = axis::col;
  static constexpr unsigned unit = unsigned(per_piece);

  CROSSLANE_FN constexpr extents_type extents() const { return {}; }
  CROSSLANE_FN constexpr index_type span_size() const { return Rows * Cols; }
  CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
    constexpr int row_at = position_of<extents_type, axis::row>;
    auto const row = unsigned(i[row_at]), col = unsigned(i[1 - row_at]);
    return index_type(row * unsigned(Cols) + place(row, col / unsigned(per_piece)) * unsigned(per_piece) + col % unsigned(per_piece));
  }
  /// Returns the place of a piece in its row.
  CROSSLANE_FN static constexpr unsigned place(unsigned row, unsigned piece) { return piece ^ row / unsigned(period) % unsigned(group); }
};

/// A tile in shared memory.
template <class T, int Rows, int Cols>
struct attention_tile {
  static constexpr int per_piece = 16 / int(sizeof(T)), pieces = Cols / per_piece;  ///< of 16 bytes
  using layout = attention_tile_layout<Rows, Cols, int(sizeof(T)), axis::row, axis::col>;
  using transposed_layout = attention_tile_layout<Rows, Cols, int(sizeof(T)), axis::col, axis::row>;
  using piece = vec<T, unsigned(per_piece)>;

  alignas(16) T data[unsigned(Rows * Cols)];

  CROSSLANE_FN tensor_view<T const, layout> rows() const { return {data, {}}; }
  CROSSLANE_FN tensor_view<T const, transposed_layout> columns() const { return {data, {}}; }
  CROSSLANE_FN tensor_view<T, layout> rows() { return {data, {}}; }
  CROSSLANE_FN tensor_view<T, transposed_layout> columns() { return {data, {}}; }
  CROSSLANE_FN piece& at(int row, int p) {
    return *reinterpret_cast<piece*>(data + row * Cols + int(layout::place(unsigned(row), unsigned(p))) * per_piece);
  }
};

/// Parts of the shared memory, which a kernel may lack: bases, so that they take no memory then.
template <class Tile, bool Has>
struct tile_of_queries {
  Tile queries;
};
template <class Tile>
struct tile_of_queries<Tile, false> {};
template <class Tile, bool Has>
struct tile_of_bias {
  Tile bias;
};
template <class Tile>
struct tile_of_bias<Tile, false> {};
template <class Tile>
struct tiles_of_keys {
  Tile keys, values;
};

/// Starts copies of `rows` rows to a tile, of which `cols` elements each. The rest of the tile becomes zero. All threads of the block call
/// it.
template <class T, int Rows, int Cols, class Ctx, class Index>
CROSSLANE_FN void copy_attention_rows(Ctx const& ctx, async_copies<Ctx>& copies, attention_tile<T, Rows, Cols>& to, T const* from,
                                      Index stride, int rows, int cols, bool aligned) {
  using tile = attention_tile<T, Rows, Cols>;
  constexpr int threads = int(attention_block), all = Rows * tile::pieces, rounds = (all + threads - 1) / threads;
  if (aligned && rows >= Rows && cols >= Cols) {
    // The addresses of a thread differ by constants, if its pieces are in the same column and change places in the same way.
    constexpr bool same_column = threads % (8 * tile::pieces) == 0;
    int const row = int(ctx.thread_rank()) / tile::pieces, col = int(ctx.thread_rank()) % tile::pieces;
    T const* const first = from + (Index(row) * stride + Index(col * tile::per_piece));
    auto* const target = &to.at(row, col);
    CROSSLANE_UNROLL
    for (int round = 0; round < rounds; ++round) {
      int const i = round * threads + int(ctx.thread_rank());
      if (all % threads != 0 && i >= all) break;
      if constexpr (same_column) {
        constexpr int step = threads / tile::pieces;
        copies.copy(target[round * step * tile::pieces],
                    *reinterpret_cast<typename tile::piece const*>(first + Index(round * step) * stride));
      } else {
        int const r = i / tile::pieces, c = i % tile::pieces;
        copies.copy(to.at(r, c), *reinterpret_cast<typename tile::piece const*>(from + (Index(r) * stride + Index(c * tile::per_piece))));
      }
    }
  } else {
    for (int i = int(ctx.thread_rank()); i < all; i += threads) {
      int const r = i / tile::pieces, c = i % tile::pieces * tile::per_piece;
      auto& piece = to.at(r, i % tile::pieces);
      typename tile::piece some{};
      if (r < rows) {
        T const* const source = from + (Index(r) * stride + Index(c));
        if (c + tile::per_piece <= cols && aligned) {
          copies.copy(piece, *reinterpret_cast<typename tile::piece const*>(source));
          continue;
        }
        for (int k = 0; k < tile::per_piece && c + k < cols; ++k) some[unsigned(k)] = source[k];
      }
      backend::native_access::store<access::plain>(&piece, some);
    }
  }
}

/// Returns 2 to the power of x. Subnormal results may be zero.
CROSSLANE_FN inline float exp2_of_score(float x) {
  if constexpr (backend::native_math::has_fast)
    return backend::native_math::flushed_exp2(x);
  else
    return crosslane::exp2(x);
}

/// How two fragments b that lie side by side are the elements of one fragment a of the transposed matrix. On NVIDIA GPUs one instruction
/// loads both.
template <class A, class B>
struct fragment_pair {
  struct plan {
    bool exists;
    unsigned own[2][B::size];
  };
  static constexpr plan make_plan() {
    plan result{A::rows == 2 * B::cols && A::cols == B::rows && A::size == 2 * B::size, {}};
    if (!result.exists) return result;
    for (unsigned part = 0; part < 2; ++part)
      for (unsigned i = 0; i < B::size; ++i)
        for (unsigned lane = 0; lane < B::layout_type::wave_size; ++lane) {
          auto const at = B::layout_type::position(lane, i);
          auto const place = A::layout_type::place({at.col + part * B::cols, at.row});
          if (lane == 0) result.own[part][i] = place.element;
          result.exists = result.exists && place.lane == lane && place.element == result.own[part][i];
        }
    return result;
  }
};

/// Attention of one wave: `Tiles` tiles of 16 queries each and `Keys` keys at a time. Scores are a matrix of queries and keys if the lanes
/// share accumulators along rows, as on NVIDIA GPUs. Else they are the transposed matrix. Either way a lane has elements of few queries,
/// and the weights become an operand with the fewest moves.
template <class Ctx, class Target, class T, class Bias, int Channels, int Keys, int Tiles, bool Whole>
class attention_wave {
  using shape = native_shape<T, Target>;
  using a_fragment = fragment<matrix_use::a, shape, Target>;
  using b_fragment = fragment<matrix_use::b, shape, Target>;
  using sum_fragment = fragment<matrix_use::accumulator, shape, Target>;
  using layout = typename sum_fragment::layout_type;

  static constexpr bool transposed = !layout::map.along_columns;
  using row_fragment = std::conditional_t<transposed, b_fragment, a_fragment>;  ///< of queries and weights
  using key_fragment = std::conditional_t<transposed, a_fragment, b_fragment>;  ///< of keys and values
  using bias_fragment = fragment<matrix_use::accumulator, shape, Target, std::conditional_t<std::is_same_v<Bias, no_bias>, float, Bias>>;

  static constexpr int rows = attention_rows_of_tile;
  static constexpr int depth = int(shape::k), width = int(transposed ? shape::m : shape::n);
  static_assert(int(transposed ? shape::n : shape::m) == rows && depth % width == 0 && (!transposed || depth == width) &&
                Channels % depth == 0 && Channels % width == 0 && Keys % depth == 0);
  static constexpr int sums_of_keys = Keys / width, sums_of_channels = Channels / width;

  /// The queries of which a lane has elements, and the query of an element.
  static constexpr int slots = rows / int(layout::map.lanes_across);
  static constexpr unsigned slot_of(unsigned element) { return element / layout::map.neighbours % unsigned(slots); }

  /// Fragments of keys and values that one load brings.
  static constexpr int at_once = !transposed && fragment_pair<a_fragment, b_fragment>::make_plan().exists ? 2 : 1;
  static_assert(sums_of_keys % at_once == 0 && sums_of_channels % at_once == 0);
  /// Whether the queries stay in registers.
  static constexpr bool keeps_queries = !Whole && Tiles * Channels * int(row_fragment::size) <= 1024;

  static constexpr float infinity = std::numeric_limits<float>::infinity();
  static constexpr bool has_bias = !std::is_same_v<Bias, no_bias>;

 public:
  CROSSLANE_FN explicit attention_wave(Ctx const& ctx) : ctx_{ctx} { begin(); }

  /// Forgets all keys.
  CROSSLANE_FN void begin() {
    CROSSLANE_UNROLL
    for (int r = 0; r < Tiles; ++r) {
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_channels; ++j) out_[r][j] = sum_fragment::filled(0);
      CROSSLANE_UNROLL
      for (int s = 0; s < slots; ++s) {
        largest_[r][s] = -infinity;
        weight_[r][s] = 0;
      }
    }
  }

  /// Loads the queries of the wave. Called before the first add().
  template <class Tile>
  CROSSLANE_FN void load_queries(Tile const& queries, int row) {
    if constexpr (keeps_queries) {
      CROSSLANE_UNROLL
      for (int c = 0; c < Channels; c += depth) {
        CROSSLANE_UNROLL
        for (int r = 0; r < Tiles; ++r) queries_[c / depth][r] = query_fragment(queries, row + r * rows, c);
      }
    }
  }

  /// Adds the keys and values of a tile. The first query is row `row` of the tile of queries, and position `query` of the head. The first
  /// key is position `key`. `bias_of(tile, j)` returns the bias of a fragment of scores.
  template <class QueryTile, class KeyTile, class BiasOf, class Problem>
  CROSSLANE_FN void add(QueryTile const& queries, KeyTile const& keys, KeyTile const& values, BiasOf const& bias_of, Problem const& p,
                        int row, int query, int key) {
    sum_fragment score[unsigned(Tiles)][unsigned(sums_of_keys)];
    CROSSLANE_UNROLL
    for (int r = 0; r < Tiles; ++r) {
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_keys; ++j) score[r][j] = sum_fragment::filled(0);
    }
    CROSSLANE_UNROLL
    for (int c = 0; c < Channels; c += depth) {
      row_fragment q[unsigned(Tiles)];
      CROSSLANE_UNROLL
      for (int r = 0; r < Tiles; ++r) {
        if constexpr (keeps_queries)
          q[r] = queries_[c / depth][r];
        else
          q[r] = query_fragment(queries, row + r * rows, c);
      }
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_keys; j += at_once) {
        key_fragment k[unsigned(at_once)];
        if constexpr (transposed)
          k[0] = load_fragment<key_fragment>(ctx_, keys.rows(), j * width, c);
        else
          load_side_by_side(k, keys.columns(), keys.rows(), c, j * width);
        CROSSLANE_UNROLL
        for (int i = 0; i < at_once; ++i) {
          CROSSLANE_UNROLL
          for (int r = 0; r < Tiles; ++r) score[r][j + i] = product(q[r], k[i], score[r][j + i]);
        }
      }
    }

    row_fragment weights[unsigned(Tiles)][unsigned(Keys / depth)];
    CROSSLANE_UNROLL
    for (int r = 0; r < Tiles; ++r) {
      int const first = query + r * rows;
      if constexpr (has_bias) {
        CROSSLANE_UNROLL
        for (int j = 0; j < sums_of_keys; ++j) add_bias(score[r][j], bias_of(r, j), p.scale_of_bias);
      }
      if (key + Keys > p.key_count || (p.causal && key + Keys - 1 > first)) hide(score[r], first, key, p.key_count, p.causal);
      soften(score[r], r, p.scale);
      CROSSLANE_UNROLL
      for (int i = 0; i < Keys / depth; ++i) weights[r][i] = operand_of(score[r] + i * (depth / width));
    }
    CROSSLANE_UNROLL
    for (int i = 0; i < Keys / depth; ++i) {
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_channels; j += at_once) {
        key_fragment v[unsigned(at_once)];
        if constexpr (transposed)
          v[0] = load_fragment<key_fragment>(ctx_, values.columns(), j * width, i * depth);
        else
          load_side_by_side(v, values.rows(), values.columns(), i * depth, j * width);
        CROSSLANE_UNROLL
        for (int k = 0; k < at_once; ++k) {
          CROSSLANE_UNROLL
          for (int r = 0; r < Tiles; ++r) out_[r][j + k] = product(weights[r][i], v[k], out_[r][j + k]);
        }
      }
    }
  }

  /// Returns the bias of a fragment of scores, from a tile of queries and keys.
  template <class Tile>
  CROSSLANE_FN bias_fragment load_bias(Tile const& from, int row, int key) const {
    if constexpr (transposed)
      return load_fragment<bias_fragment>(ctx_, from.columns(), key, row);
    else
      return load_fragment<bias_fragment>(ctx_, from.rows(), row, key);
  }
  /// Returns the same from a matrix in device memory, which the fragment may leave.
  template <class Matrix, class Index>
  CROSSLANE_FN bias_fragment load_partial_bias(Matrix const& from, Index row, Index key) const {
    if constexpr (transposed)
      return load_partial_fragment<bias_fragment>(ctx_, permute<axis::col, axis::row>(from), key, row);
    else
      return load_partial_fragment<bias_fragment>(ctx_, from, row, key);
  }
  static constexpr int keys_of_fragment = width;

  /// Writes the results to a tile, from row `row` on.
  template <class Tile>
  CROSSLANE_FN void store(Tile& to, int row) {
    CROSSLANE_UNROLL
    for (int r = 0; r < Tiles; ++r) {
      float factor[unsigned(slots)];
      CROSSLANE_UNROLL
      for (int s = 0; s < slots; ++s) {
        float const sum = reduce(weight_[r][s], plus{});
        factor[s] = sum == 0 ? 0.0f : fast::reciprocal(sum);  // 0: no key is visible
      }
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_channels; ++j) {
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < sum_fragment::size; ++e) out_[r][j][e] *= factor[slot_of(e)];
        auto const result = fragment_cast<T>(out_[r][j]);
        if constexpr (transposed)
          store_fragment(ctx_, to.columns(), j * width, row + r * rows, result);
        else
          store_fragment(ctx_, to.rows(), row + r * rows, j * width, result);
      }
    }
  }

 private:
  template <class Tile>
  CROSSLANE_FN row_fragment query_fragment(Tile const& queries, int row, int c) const {
    if constexpr (transposed)
      return load_fragment<row_fragment>(ctx_, queries.columns(), c, row);
    else
      return load_fragment<row_fragment>(ctx_, queries.rows(), row, c);
  }
  /// Loads fragments b that lie side by side.
  template <class View, class Transposed>
  CROSSLANE_FN void load_side_by_side(key_fragment (&to)[unsigned(at_once)], View const& from, [[maybe_unused]] Transposed const& columns,
                                      int row, int col) const {
    if constexpr (at_once == 2) {
      constexpr auto pair = fragment_pair<a_fragment, b_fragment>::make_plan();
      auto const both = load_fragment<a_fragment>(ctx_, columns, col, row);
      CROSSLANE_UNROLL
      for (unsigned part = 0; part < 2; ++part) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < key_fragment::size; ++i) to[part].data[i] = both.data[pair.own[part][i]];
      }
    } else {
      to[0] = load_fragment<key_fragment>(ctx_, from, row, col);
    }
  }

  CROSSLANE_FN sum_fragment product(row_fragment const& x, key_fragment const& y, sum_fragment const& sum) const {
    if constexpr (transposed)
      return multiply_add(ctx_, y, x, sum);
    else
      return multiply_add(ctx_, x, y, sum);
  }

  CROSSLANE_FN static void add_bias(sum_fragment& score, bias_fragment const& bias, [[maybe_unused]] float scale) {
    CROSSLANE_UNROLL
    for (unsigned e = 0; e < sum_fragment::size; ++e) {
      if constexpr (std::is_same_v<Bias, bool>)
        score[e] = bias[e] ? score[e] : -infinity;
      else
        score[e] += float(bias[e]) * scale;
    }
  }

  /// Hides keys that do not exist, and those after the query if `causal` is true.
  CROSSLANE_FN void hide(sum_fragment (&score)[unsigned(sums_of_keys)], int query, int key, int key_count, bool causal) const {
    unsigned const lane = ctx_.lane_rank();
    CROSSLANE_UNROLL
    for (int j = 0; j < sums_of_keys; ++j) {
      CROSSLANE_UNROLL
      for (unsigned e = 0; e < sum_fragment::size; ++e) {
        auto const at = layout::position(lane, e);
        int const row = query + int(transposed ? at.col : at.row), col = key + j * width + int(transposed ? at.row : at.col);
        if (col >= key_count || (causal && col > row)) score[j][e] = -infinity;
      }
    }
  }

  /// Replaces scores by weights, 2^(scale * (score - largest)). Scales earlier results if a score is larger than all before.
  CROSSLANE_FN void soften(sum_fragment (&score)[unsigned(sums_of_keys)], int r, float scale) {
    float base[unsigned(slots)];
    CROSSLANE_UNROLL
    for (int s = 0; s < slots; ++s) {
      float most = largest_[r][s];
      CROSSLANE_UNROLL
      for (int j = 0; j < sums_of_keys; ++j) {
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < sum_fragment::size; ++e)
          if (int(slot_of(e)) == s) most = crosslane::max(score[j][e], most);
      }
      most = reduce(most, maximum{});
      base[s] = most == -infinity ? 0.0f : most * scale;
      if constexpr (!Whole) {
        float const factor = exp2_of_score(largest_[r][s] * scale - base[s]);
        largest_[r][s] = most;
        weight_[r][s] *= factor;
        CROSSLANE_UNROLL
        for (int j = 0; j < sums_of_channels; ++j) {
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < sum_fragment::size; ++e)
            if (int(slot_of(e)) == s) out_[r][j][e] *= factor;
        }
      }
    }
    CROSSLANE_UNROLL
    for (int j = 0; j < sums_of_keys; ++j) {
      CROSSLANE_UNROLL
      for (unsigned e = 0; e < sum_fragment::size; ++e) {
        score[j][e] = exp2_of_score(score[j][e] * scale - base[slot_of(e)]);
        weight_[r][slot_of(e)] += score[j][e];
      }
    }
  }

  /// Returns weights of `depth` keys as an operand.
  CROSSLANE_FN row_fragment operand_of(sum_fragment const* weights) const {
    constexpr int parts = depth / width;
    fragment<matrix_use::accumulator, shape, Target, T> some[unsigned(parts)];
    CROSSLANE_UNROLL
    for (int i = 0; i < parts; ++i) some[i] = fragment_cast<T>(weights[i]);
    return convert_fragment<row_fragment>(ctx_, some);
  }

  /// Reduces a value over the lanes that have elements of the same query.
  template <class Op>
  CROSSLANE_FN float reduce(float x, Op const& op) const {
    auto const wave = crosslane::wave(ctx_);
    CROSSLANE_UNROLL
    for (unsigned step = 1; step < layout::map.lanes_along; step *= 2) x = op(x, wave.shuffle_xor(x, step * layout::map.along_stride));
    return x;
  }

  Ctx const& ctx_;
  row_fragment queries_[keeps_queries ? unsigned(Channels / depth) : 1u][keeps_queries ? unsigned(Tiles) : 1u];
  sum_fragment out_[unsigned(Tiles)][unsigned(sums_of_channels)];
  float largest_[unsigned(Tiles)][unsigned(slots)], weight_[unsigned(Tiles)][unsigned(slots)];
};

/// A block computes `Rows` rows of the result of a head at a time. It copies `Keys` keys and values at a time to shared memory, while it
/// works on those before. If `Whole` is true, `Keys` is all keys of a head: then a block does several items, and the copies of the next one
/// begin before the work on one.
template <class T, class Bias, int Channels, int Rows, int Keys, bool Whole, class Target = void>
struct attention_kernel {
  static constexpr auto block = block_size<attention_block>;
  static constexpr bool has_bias = !std::is_same_v<Bias, no_bias>;
  /// Whether the bias is copied to shared memory. It is loaded from device memory otherwise.
  static constexpr bool copies_bias = has_bias && Whole && Channels <= 64 && sizeof(std::conditional_t<has_bias, Bias, float>) >= 2;

  using row_tile = attention_tile<T, Rows, Channels>;
  using key_tile = attention_tile<T, Keys, Channels>;
  using bias_tile = attention_tile<std::conditional_t<copies_bias, Bias, float>, Rows, Keys>;
  struct stage : tiles_of_keys<key_tile>, tile_of_queries<row_tile, Whole>, tile_of_bias<bias_tile, copies_bias> {};
  static constexpr unsigned stages = Whole && 2 * sizeof(stage) > 65536 ? 1 : 2;
  /// Whole rows are bound by the latency of memory: more blocks on a multiprocessor are worth fewer registers.
  static constexpr int min_blocks = !Whole ? 1 : Channels <= 32 ? (copies_bias ? 5 : 6) : Channels <= 64 ? 4 : 1;

  template <class Ctx>
  struct shared : tile_of_queries<row_tile, !Whole> {
    stage stages[attention_kernel::stages];
  };
  static constexpr std::size_t shared_bytes = stages * sizeof(stage) + (Whole ? 0 : sizeof(row_tile));

  /// Returns the first position of the queries of an item.
  template <class Problem>
  CROSSLANE_FN static int first_query(Problem const& p, attention_item const& x) {
    return (p.causal ? p.row_blocks - 1 - x.row_block : x.row_block) * Rows;  // the longest rows first
  }
  template <class Problem>
  CROSSLANE_FN static void advance(Problem const& p, attention_item& x) {
    x.row_block += p.step.row_block;
    int const carry = x.row_block >= p.row_blocks ? 1 : 0;
    x.row_block -= carry * p.row_blocks;
    x.head += p.step.head + carry;
    int const carry_head = x.head >= p.heads ? 1 : 0;
    x.head -= carry_head * p.heads;
    x.n += p.step.n + carry_head;
  }

  template <kernel_context Ctx, class Index>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, attention_problem<T, Bias, Index> const p) const {
    using target = std::conditional_t<std::is_void_v<Target>, matrix_target_of<Ctx>, Target>;
    if constexpr (target::wave_size == Ctx::wave_size) run<target>(ctx, s, p);
  }

 private:
  template <class MatrixTarget, class Ctx, class Index>
  CROSSLANE_FN static void run(Ctx const& ctx, shared<Ctx>& s, attention_problem<T, Bias, Index> const& p) {
    constexpr int waves = int(attention_block / Ctx::wave_size), tiles = Rows / attention_rows_of_tile / waves;
    static_assert(tiles > 0 && Rows % (attention_rows_of_tile * waves) == 0);
    constexpr int rows = tiles * attention_rows_of_tile;  // of a wave
    int const row = int(ctx.wave_rank()) * rows;
    auto const wave = crosslane::wave(ctx);
    async_copies<Ctx> copies{ctx};
    attention_wave<Ctx, MatrixTarget, T, Bias, Channels, Keys, tiles, Whole> work{ctx};

    int const first = int(ctx.block_rank()), count_of_heads = first / p.row_blocks, sequence = count_of_heads / p.heads;
    attention_item at{sequence, count_of_heads - sequence * p.heads, first - count_of_heads * p.row_blocks};
    attention_item next = at;  // what fetch() copies
    int query = first_query(p, at);
    int const visible = !Whole && p.causal && query + Rows < p.key_count ? query + Rows : p.key_count;
    std::int64_t const blocks = std::int64_t(ctx.block_count());
    int const count = Whole ? int((p.items - first + blocks - 1) / blocks) : (visible + Keys - 1) / Keys;

    auto const queries_of = [&](unsigned n) -> row_tile& {
      if constexpr (Whole)
        return s.stages[n % stages].queries;
      else
        return s.queries;
    };
    auto const fetch = [&](int n) {
      if (n < count) {
        stage& to = s.stages[unsigned(n) % stages];
        attention_item const x = next;
        int const key = Whole ? 0 : n * Keys, keys = p.key_count - key, position = Whole ? first_query(p, x) : query;
        int const queries = p.query_count - position;
        if (Whole || n == 0)
          copy_attention_rows(ctx, copies, queries_of(unsigned(n)), p.queries.row(x.n, x.head, position), p.queries.position, queries,
                              Channels, p.queries.aligned);
        copy_attention_rows(ctx, copies, to.keys, p.keys.row(x.n, x.head, key), p.keys.position, keys, Channels, p.keys.aligned);
        if constexpr (copies_bias)
          copy_attention_rows(ctx, copies, to.bias, p.bias.row(x.n, x.head, position), p.bias.position, queries, keys, p.bias.aligned);
        copy_attention_rows(ctx, copies, to.values, p.values.row(x.n, x.head, key), p.values.position, keys, Channels, p.values.aligned);
        if constexpr (Whole) advance(p, next);
      }
      copies.commit();
    };
    auto const store = [&](row_tile& tile) {
      if (query + row >= p.query_count) return;
      wave.sync();
      work.store(tile, row);
      wave.sync();
      constexpr int pieces = rows * row_tile::pieces, lanes = int(Ctx::wave_size);
      int const valid = p.query_count - query - row;
      T* const to = p.out.row(at.n, at.head, query + row);
      if (p.out.aligned) {
        static_assert(pieces % lanes == 0);
        CROSSLANE_UNROLL
        for (int round = 0; round < pieces / lanes; ++round) {
          int const i = round * lanes + int(ctx.lane_rank()), r = i / row_tile::pieces, c = i % row_tile::pieces;
          if (r < valid)
            backend::native_access::store<access::streaming>(
                reinterpret_cast<typename row_tile::piece*>(to + (Index(r) * p.out.position + Index(c * row_tile::per_piece))),
                backend::native_access::load<access::plain>(&tile.at(row + r, c)));
        }
      } else {
        for (int i = int(ctx.lane_rank()); i < rows * Channels; i += lanes) {
          int const r = i / Channels, c = i % Channels;
          if (r < valid) to[Index(r) * p.out.position + Index(c)] = tile.rows()(row + r, c);
        }
      }
    };

    CROSSLANE_UNROLL
    for (int n = 0; n < int(stages) - 1; ++n) fetch(n);
    for (int n = 0; n < count; ++n) {
      if constexpr (stages == 1) {
        if (n > 0) ctx.sync_block();
        fetch(n);
      }
      copies.template wait<(stages > 1 ? stages - 2 : 0)>();
      ctx.sync_block();
      if constexpr (stages > 1) fetch(n + int(stages) - 1);
      int const key = Whole ? 0 : n * Keys, own = query + row;
      if constexpr (!Whole)
        if (n == 0) work.load_queries(s.queries, row);
      if (own < p.query_count && !(p.causal && key > own + rows - 1)) {
        stage const& from = s.stages[unsigned(n) % stages];
        auto const bias_of = [&]([[maybe_unused]] int r, [[maybe_unused]] int j) {
          using work_type = decltype(work);
          [[maybe_unused]] int const tile_row = row + r * attention_rows_of_tile, col = j * work_type::keys_of_fragment;
          if constexpr (!has_bias) {
            return no_bias{};
          } else if constexpr (copies_bias) {
            return work.load_bias(from.bias, tile_row, col);
          } else {
            using E = extents<Index, axis::row, axis::col>;
            using layout = strided<E, axes<axis::row, axis::col>, strides<dynamic, 1>>;
            layout const rows_of_head{E{p.query_count, p.key_count}, typename E::multi_index{{p.bias.position, 1}}};
            tensor_view<Bias const, layout> const bias{p.bias.row(at.n, at.head, 0), rows_of_head};
            return work.load_partial_bias(bias, Index(query + tile_row), Index(key + col));
          }
        };
        work.add(queries_of(unsigned(n)), from.keys, from.values, bias_of, p, row, own, key);
      }
      if constexpr (Whole) {
        store(queries_of(unsigned(n)));
        work.begin();
        advance(p, at);
        query = first_query(p, at);
      }
    }
    if constexpr (!Whole) store(s.queries);
  }
};

}  // namespace crosslane::detail
