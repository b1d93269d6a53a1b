// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The residual tower of a small network in one kernel: a block computes all layers of a few boards. Their squares stay in shared memory,
/// and the weights stream through it.
#pragma once

#include "weights/network.hpp"

#include <crosslane/matrix.hpp>

#include <cstdint>

namespace chessnet {

/// The result: the channels of a square are adjacent, and those of the next square follow, perhaps after a gap.
using small_tower_result =
    xl::padded<xl::extents<std::int32_t, axis::n, xl::fixed<axis::square, 64>, axis::c>, xl::axes<axis::n, axis::square, axis::c>>;

/// The layouts of a tower of `Channels` channels.
template <int Channels>
struct small_tower_layouts {
  struct stage : xl::axis_tag {};
  struct layer : xl::axis_tag {};

  static constexpr int depth = 32;  ///< channels that a stage sums up

  /// The weights in the order in which the kernel uses them. A stage is a part of a convolution: all output channels, one file of the
  /// filter, `depth` input channels. Its rows are the filter's three ranks, and in each the output channels. Its columns are the input
  /// channels. 8 of them are adjacent, and those of the next row follow: a fragment has no bank conflicts.
  using part = xl::blocked<xl::extents<std::int32_t, xl::fixed<axis::row, 3 * Channels>, xl::fixed<axis::col, depth>>,
                           xl::axes<axis::col, axis::row>, xl::fixed<axis::col, 8>>;
  using weights = xl::blocked<xl::extents<std::int32_t, stage, xl::fixed<axis::row, 3 * Channels>, xl::fixed<axis::col, depth>>,
                              xl::axes<stage, axis::col, axis::row>, xl::fixed<axis::col, 8>>;
  static constexpr int part_size = 3 * Channels * depth;

  /// The stage of a squeeze layer has the weights of `depth` hidden channels: those of the second dense layer, then those of the first.
  using squeeze_second = xl::blocked<xl::extents<std::int32_t, xl::fixed<axis::row, 2 * Channels>, xl::fixed<axis::col, depth>>,
                                     xl::axes<axis::col, axis::row>, xl::fixed<axis::col, 8>>;
  using squeeze_first = xl::blocked<xl::extents<std::int32_t, xl::fixed<axis::row, depth>, xl::fixed<axis::col, Channels>>,
                                    xl::axes<axis::col, axis::row>, xl::fixed<axis::col, 8>>;
  static constexpr int second_size = 2 * Channels * depth;

  /// A bias of each channel of each convolution, or of each value of each squeeze layer.
  using biases = xl::row_major<layer, axis::c>;

  /// A board in shared memory, as a matrix with a row for each channel and a column for each square from rank -1 to rank 8. Between the
  /// ranks, and before and behind them, is a column of zeros. A view whose data is moved by n columns shows the squares n files to the
  /// right.
  class board {
   public:
    static constexpr int columns = 10 * 9 + 1;  ///< in memory
    using extents_type = xl::extents<std::int32_t, xl::fixed<axis::row, Channels>, xl::fixed<axis::col, 80>>;
    using index_type = std::int32_t;
    using multi_index = typename extents_type::multi_index;
    using order = xl::axes<axis::col, axis::row>;
    using contiguous_axis = xl::no_axis;
    static constexpr bool is_unique = true;
    using unit_axis = axis::row;
    static constexpr unsigned unit = 8;

    CROSSLANE_FN constexpr extents_type extents() const { return {}; }
    CROSSLANE_FN constexpr index_type span_size() const { return columns * Channels; }
    CROSSLANE_FN constexpr index_type offset(multi_index const& i) const {
      auto const row = unsigned(i[0]), col = unsigned(i[1]);
      return index_type((row / 8 * unsigned(columns) + col / 8 * 9 + col % 8 + 1) * 8 + row % 8);
    }
  };
  static_assert(xl::layout_in_units<board>);
};

/// The arguments of the kernel.
template <class T, int Channels>
struct small_tower_arguments {
  using layouts = small_tower_layouts<Channels>;
  xl::span<std::uint64_t const> masks;  // [boards][plane_count]
  xl::span<float const> values;         // the same
  xl::tensor_view<T const, typename layouts::weights> weights;
  xl::tensor_view<float const, typename layouts::biases> biases;          // of each convolution, in the order of their use
  xl::tensor_view<float const, typename layouts::biases> squeeze_first;   // of each block: the hidden channels, whole stages of them
  xl::tensor_view<float const, typename layouts::biases> squeeze_second;  // of each block: scales, then shifts
  xl::tensor_view<T, small_tower_result> out;                             // squares begin at multiples of 16 bytes
  xl::tensor_view<T, small_tower_result> out_behind;                      // the same of the convolution behind the tower, if there is one
  int boards, blocks;
  int squeeze_stages;  // of a block; 0: no squeeze layers
  bool is_mish;        // else relu
  bool has_behind;     // one more convolution
};

/// Computes the tower of `Boards` boards in each block of threads. A wave has some output channels, and all squares of one board or
/// several. It multiplies weights (rows are output channels) by squares (columns), so that a fragment's columns are whole ranks: a square's
/// neighbour on the next rank is in the next fragment. The three ranks of a filter's file take the same fragments. Grid: blocks that
/// cover the boards. `Split` waves share what one would compute otherwise.
template <class T, int Channels, int Boards, int Split>
struct small_tower_kernel {
  using layouts = small_tower_layouts<Channels>;
  using board_layout = typename layouts::board;
  static constexpr int depth = layouts::depth, threads = Channels * Boards * Split, stages = 3;
  static constexpr auto block = xl::block_size<unsigned(threads)>;
  static_assert(Channels % 32 == 0 && threads % 64 == 0);

  /// The sums of the squares in each column of a fragment. The pitch of rows avoids bank conflicts.
  struct column_sums {
    using layout =
        xl::padded<xl::extents<std::int32_t, xl::fixed<axis::row, Channels>, xl::fixed<axis::col, 16>>, xl::axes<axis::row, axis::col>, 20>;
    alignas(16) float of[Boards][Channels][20];
  };
  static constexpr int part_bytes = layouts::part_size * int(sizeof(T));
  static constexpr int slot_bytes = part_bytes > int(sizeof(column_sums)) ? part_bytes : int(sizeof(column_sums));

  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> pipe;
    alignas(128) unsigned char slots[stages][slot_bytes];  // stages of weights. The one in use also has the sums of a squeeze layer
    alignas(128) T boards[Boards][Channels * board_layout::columns];
    alignas(16) float means[Boards][Channels];
    alignas(16) float hidden[Boards][depth];
    float scale[Boards][Channels], shift[Boards][Channels];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, small_tower_arguments<T, Channels> const& arguments) const {
    tower<Ctx>{ctx, s, arguments}.run();
  }

 private:
  /// The work of a thread.
  template <class Ctx>
  class tower {
    using target = xl::matrix_target_of<Ctx>;
    using shape = xl::native_shape<T, target>;
    using weight_fragment = xl::fragment<xl::matrix_use::a, shape, target>;
    using square_fragment = xl::fragment<xl::matrix_use::b, shape, target>;
    using sum_fragment = xl::fragment<xl::matrix_use::accumulator, shape, target>;
    using result_fragment = xl::fragment<xl::matrix_use::accumulator, shape, target, T>;

    static constexpr int wave_size = int(Ctx::wave_size), m = int(shape::m), n = int(shape::n), k = int(shape::k);
    static constexpr int wave_channels = Channels % (wave_size / Split) == 0 ? wave_size / Split : Split == 1 ? 32 : 16;
    static constexpr int wave_boards = wave_size / Split / wave_channels;
    static constexpr int rows = wave_channels / m, ranks = n / 8, cols = 8 / ranks, steps = depth / k;
    static_assert(wave_channels % m == 0 && Channels % wave_channels == 0 && Boards % wave_boards == 0 && n % 8 == 0 && depth % k == 0);

    static constexpr int plane_groups = int(plane_count) / 8;                    // of 8 planes
    static constexpr int passes = (int(plane_count) + Channels - 1) / Channels;  // of the input convolution, each for `Channels` planes
    static constexpr int input_parts = (int(plane_count) + depth - 1) / depth;   // of its summed channels
    static constexpr int last_steps = (int(plane_count) % depth + k - 1) / k;    // of the last one, if it is not a whole one
    static constexpr int parts = Channels / depth;                               // of another convolution

   public:
    CROSSLANE_FN tower(Ctx const& ctx, shared<Ctx>& s, small_tower_arguments<T, Channels> const& a)
        : ctx_{ctx},
          s_{s},
          a_{a},
          pipe_{ctx, s.pipe},
          first_board_(int(ctx.block_rank()) * Boards),
          own_channel_(int(ctx.wave_rank()) % (Channels / wave_channels) * wave_channels),
          own_board_(int(ctx.wave_rank()) / (Channels / wave_channels) * wave_boards),
          thread_(int(ctx.thread_rank())),
          stages_left_(a.weights.template extent<typename layouts::stage>()) {}

    CROSSLANE_FN void run() {
      fetch();
      fetch();
      clear_boards();
      int const end_of_tower = passes + 2 * a_.blocks, sections = end_of_tower + (a_.has_behind ? 1 : 0);
      clear_sums();
      CROSSLANE_NO_UNROLL
      for (int section = 0; section < sections; ++section) {
        int const layer = section < passes ? 0 : section - passes + 1;
        bool const is_first = layer % 2 == 1;  // of a block, or behind the tower
        load_biases(layer);
        if (section == end_of_tower) {
          ctx_.sync_block();
          write(a_.out);
        }
        if (section < passes) {
          ctx_.sync_block();  // all have read the planes of the last pass
          expand(section);
        }
        int const count = section >= passes ? parts : section == passes - 1 ? input_parts - parts * (passes - 1) : parts;
        convolve(count, section == passes - 1);
        if (section < passes - 1) continue;

        add_biases();
        if (layer > 0 && !is_first) {
          if (a_.squeeze_stages > 0) squeeze(layer / 2 - 1);
          add_skip();
        }
        activate_sums();
        ctx_.sync_block();  // all have read the squares
        store(!is_first);
        clear_sums();
      }
      ctx_.sync_block();
      write(a_.has_behind ? a_.out_behind : a_.out);
    }

   private:
    /// Starts the copy of the next stage of weights.
    CROSSLANE_FN void fetch() {
      using unit = xl::vec<T, 8>;  // its alignment tells that an engine can copy
      constexpr std::size_t units = layouts::part_size / 8;
      auto* const slot = reinterpret_cast<unit*>(s_.slots[pipe_.acquire()]);
      if (stages_left_ > 0) {
        auto const* const from = reinterpret_cast<unit const*>(a_.weights.data()) + std::size_t(next_stage_) * units;
        pipe_.copy_block(xl::span<unit>{slot, units}, xl::span<unit const>{from, units});
        ++next_stage_;
        --stages_left_;
      }
      pipe_.commit();
    }
    /// Returns the next stage of weights. fetch() must follow.
    CROSSLANE_FN T const* next_weights() {
      slot_ = pipe_.wait();
      return reinterpret_cast<T const*>(s_.slots[slot_]);
    }

    CROSSLANE_FN void clear_boards() {
      xl::span<T> const all{s_.boards[0], std::size_t(Boards) * Channels * board_layout::columns};
      for (int i = thread_; i < int(all.size() / 8); i += threads) xl::store_vec(all, std::size_t(i) * 8, xl::vec<T, 8>{});
    }

    /// Sets the squares to the planes of a pass. Planes behind the last one keep what they are.
    CROSSLANE_FN void expand(int pass) {
      constexpr int groups = Channels / 8;
      int const first = pass * groups, count = xl::min(groups, plane_groups - first);
      for (int i = thread_; i < Boards * 64 * count; i += threads) {
        int const square = i % 64, group = i / 64 % count, board = i / 64 / count;
        int const from = (xl::min(first_board_ + board, a_.boards - 1) * plane_groups + first + group) * 8;
        xl::vec<T, 8> result;
        CROSSLANE_UNROLL
        for (int j = 0; j < 8; j += 4) {
          auto const value = xl::load_vec<4>(a_.values, std::size_t(from + j));
          auto const two = xl::load_vec<2>(a_.masks, std::size_t(from + j)), more = xl::load_vec<2>(a_.masks, std::size_t(from + j + 2));
          std::uint64_t const mask[4] = {two[0], two[1], more[0], more[1]};
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < 4; ++e) result[unsigned(j) + e] = T((mask[e] >> square & 1) != 0 ? value[e] : 0.0f);
        }
        xl::store_vec(board_span(board), std::size_t(unit_of(group, square)) * 8, result);
      }
    }
    /// Returns the place of 8 channels of a square, in units of 8 elements.
    CROSSLANE_FN static int unit_of(int group, int square) { return group * board_layout::columns + square / 8 * 9 + square % 8 + 10; }
    CROSSLANE_FN xl::span<T> board_span(int board) {
      return {s_.boards[board], std::size_t(Channels) * std::size_t(board_layout::columns)};
    }

    CROSSLANE_FN void clear_sums() {
      for_sums([](float& x, int, unsigned, int, int) { x = 0; });
    }

    /// Loads the biases of the sums' channels. They are used after the products, which hide the time of the loads.
    CROSSLANE_FN void load_biases(int layer) {
      CROSSLANE_UNROLL
      for (int i = 0; i < rows; ++i) {
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < sum_fragment::size; ++e) biases_[i][e] = a_.biases(layer, channel_of(i, e));
      }
    }
    CROSSLANE_FN int channel_of(int i, unsigned e) const {
      return own_channel_ + i * m + int(sum_fragment::layout_type::position(ctx_.lane_rank(), e).row);
    }

    /// Adds the products of the next `count` parts of a convolution to the sums, three stages each. If `is_input`, the last part may be
    /// shorter.
    CROSSLANE_FN void convolve(int count, bool is_input) {
      CROSSLANE_NO_UNROLL
      for (int part = 0; part < count; ++part) {
        CROSSLANE_NO_UNROLL
        for (int file = 0; file < 3; ++file) {
          T const* const weights = next_weights();
          if (last_steps != 0 && is_input && part == count - 1)
            multiply<last_steps == 0 ? 1 : last_steps>(weights, part * depth, file);
          else
            multiply<steps>(weights, part * depth, file);
        }
      }
    }

    /// Whether a fragment from rank `first` on has a rank of the board, and is an operand of a fragment of sums.
    static constexpr bool is_needed(int first) { return first + ranks > 0 && first < 8; }

    static constexpr bool is_in_phase(int first, int phase) { return (first + ranks) % ranks == phase; }

    template <int Steps>
    CROSSLANE_FN CROSSLANE_INLINE void multiply(T const* weights, int channel, int file) {
      // What depends on the wave and on the channel is added to the addresses of the views, so that fragments have constant places in them.
      xl::tensor_view<T const, typename layouts::part> const part{weights + own_channel_ * 8,
                                                                  typename layouts::part{typename layouts::part::extents_type{}}};
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        xl::tensor_view<T const, board_layout> const squares{s_.boards[own_board_ + b] + channel * board_layout::columns + (file - 1) * 8,
                                                             {}};
        CROSSLANE_UNROLL
        for (int step = 0; step < Steps; ++step) {
          // Fragments of several ranks are loaded in phases: those that begin at even ranks, then the others.
          CROSSLANE_UNROLL
          for (int phase = 0; phase < ranks; ++phase) {
            square_fragment from[10];  // at i: from rank i - 1 on
            CROSSLANE_UNROLL
            for (int first = -1; first < 9; ++first)
              if (is_needed(first) && is_in_phase(first, phase))
                from[first + 1] = xl::load_fragment<square_fragment>(ctx_, squares, step * k, (first + 1) * 8);
            CROSSLANE_UNROLL
            for (int rank = 0; rank < 3; ++rank) {
              if (!is_in_phase(rank - 1, phase)) continue;
              CROSSLANE_UNROLL
              for (int i = 0; i < rows; ++i) {
                auto const w = xl::load_fragment<weight_fragment>(ctx_, part, rank * Channels + i * m, step * k);
                if (b == 0 && step == 0 && rank == 0 && i == 0) fetch();  // while the loads proceed
                CROSSLANE_UNROLL
                for (int j = 0; j < cols; ++j)
                  if (is_needed(j * ranks + rank - 1)) sums_[b][i][j] = xl::multiply_add(ctx_, w, from[j * ranks + rank], sums_[b][i][j]);
              }
            }
          }
        }
      }
    }

    /// Calls f(sum, i, e, board, j) for all sums of the lane.
    template <class F>
    CROSSLANE_FN CROSSLANE_INLINE void for_sums(F const& f) {
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        CROSSLANE_UNROLL
        for (int i = 0; i < rows; ++i) {
          CROSSLANE_UNROLL
          for (int j = 0; j < cols; ++j) {
            CROSSLANE_UNROLL
            for (unsigned e = 0; e < sum_fragment::size; ++e) f(sums_[b][i][j][e], i, e, b, j);
          }
        }
      }
    }
    CROSSLANE_FN void add_biases() {
      for_sums([&](float& x, int i, unsigned e, int, int) { x += biases_[i][e]; });
    }
    CROSSLANE_FN void add_skip() {
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        CROSSLANE_UNROLL
        for (int i = 0; i < rows; ++i) {
          CROSSLANE_UNROLL
          for (int j = 0; j < cols; ++j) {
            result_fragment x;
            __builtin_memcpy(x.data, skip_[b][i][j], sizeof x.data);
            CROSSLANE_UNROLL
            for (unsigned e = 0; e < result_fragment::size; ++e) sums_[b][i][j][e] += float(x[e]);
          }
        }
      }
    }
    CROSSLANE_FN void activate_sums() {
      if (a_.is_mish)
        for_sums([](float& x, int, unsigned, int, int) { x = xl::mish{}(x); });
      else
        for_sums([](float& x, int, unsigned, int, int) { x = xl::relu{}(x); });
    }
    CROSSLANE_FN float activated(float x) const { return a_.is_mish ? xl::mish{}(x) : xl::relu{}(x); }

    /// Stores the sums as squares, and if `is_skip`, keeps them for the end of the next block.
    CROSSLANE_FN void store(bool is_skip) {
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        xl::tensor_view<T, board_layout> const squares{s_.boards[own_board_ + b] + own_channel_ * board_layout::columns, {}};
        CROSSLANE_UNROLL
        for (int i = 0; i < rows; ++i) {
          CROSSLANE_UNROLL
          for (int j = 0; j < cols; ++j) {
            auto const x = xl::fragment_cast<T>(sums_[b][i][j]);
            xl::store_fragment(ctx_, squares, i * m, 8 + j * n, x);
            if (is_skip) __builtin_memcpy(skip_[b][i][j], x.data, sizeof x.data);
          }
        }
      }
    }

    /// Scales and shifts the channels by what their means say.
    CROSSLANE_FN void squeeze(int block_of_tower) {
      using sums_layout = typename column_sums::layout;
      ctx_.sync_block();  // all have read the weights and the squares
      auto& sums = *reinterpret_cast<column_sums*>(s_.slots[slot_]);
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        CROSSLANE_UNROLL
        for (int i = 0; i < rows; ++i) {
          sum_fragment total = sums_[b][i][0];
          CROSSLANE_UNROLL
          for (int j = 1; j < cols; ++j) {
            CROSSLANE_UNROLL
            for (unsigned e = 0; e < sum_fragment::size; ++e) total[e] += sums_[b][i][j][e];
          }
          xl::tensor_view<float, sums_layout> const to{sums.of[own_board_ + b][0],
                                                       sums_layout{typename sums_layout::extents_type{}, {{20, 1}}}};
          xl::store_fragment(ctx_, to, own_channel_ + i * m, 0, total);
        }
      }
      ctx_.sync_block();
      constexpr int items = Boards * Channels;
      if (thread_ < items) {
        int const board = thread_ / Channels, channel = thread_ % Channels;
        float sum = 0;
        CROSSLANE_UNROLL
        for (int i = 0; i < n; i += 4) {
          auto const x = xl::load_vec<4>(xl::span<float const>{sums.of[board][channel] + i, 4}, 0);
          sum += (x[0] + x[1]) + (x[2] + x[3]);
        }
        s_.means[board][channel] = sum * (1.0f / 64);
      }
      // A thread computes the scale and the shift of a channel of a board, and before it a hidden channel, if there is one for it.
      int const board = thread_ / Channels % Boards, channel = thread_ % Channels;
      bool const has_channel = thread_ < items;
      float scale = a_.squeeze_second(block_of_tower, channel), shift = a_.squeeze_second(block_of_tower, Channels + channel);
      CROSSLANE_NO_UNROLL
      for (int stage = 0; stage < a_.squeeze_stages; ++stage) {
        T const* const weights = next_weights();
        fetch();
        xl::span<T const> const second{weights, std::size_t(layouts::second_size)},
            first{weights + layouts::second_size, std::size_t(layouts::part_size - layouts::second_size)};
        if (has_channel && channel < depth) {
          float sum = a_.squeeze_first(block_of_tower, stage * depth + channel);
          CROSSLANE_UNROLL
          for (int c = 0; c < Channels; c += 8) sum += dot(first, c * depth + channel * 8, s_.means[board] + c);
          s_.hidden[board][channel] = activated(sum);
        }
        ctx_.sync_block();
        if (has_channel) {
          CROSSLANE_UNROLL
          for (int h = 0; h < depth; h += 8) {
            scale += dot(second, h * 2 * Channels + channel * 8, s_.hidden[board] + h);
            shift += dot(second, h * 2 * Channels + (Channels + channel) * 8, s_.hidden[board] + h);
          }
        }
      }
      if (has_channel) {
        s_.scale[board][channel] = 1 / (1 + xl::exp(-scale));
        s_.shift[board][channel] = shift;
      }
      ctx_.sync_block();
      CROSSLANE_UNROLL
      for (int b = 0; b < wave_boards; ++b) {
        CROSSLANE_UNROLL
        for (int i = 0; i < rows; ++i) {
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < sum_fragment::size; ++e) {
            float const own_scale = s_.scale[own_board_ + b][channel_of(i, e)], own_shift = s_.shift[own_board_ + b][channel_of(i, e)];
            CROSSLANE_UNROLL
            for (int j = 0; j < cols; ++j) sums_[b][i][j][e] = sums_[b][i][j][e] * own_scale + own_shift;
          }
        }
      }
    }
    /// Returns the product of 8 weights and 8 numbers.
    CROSSLANE_FN static float dot(xl::span<T const> weights, int at, float const* x) {
      auto const w = xl::load_vec<8>(weights, std::size_t(at));
      xl::span<float const> const numbers{x, 8};
      float sum = 0;
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < 8; i += 4) {
        auto const y = xl::load_vec<4>(numbers, i);
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < 4; ++e) sum += float(w[i + e]) * y[e];
      }
      return sum;
    }

    /// Writes the squares to device memory.
    CROSSLANE_FN void write(xl::tensor_view<T, small_tower_result> const& out) {
      constexpr int groups = Channels / 8;
      int const boards = xl::min(Boards, a_.boards - first_board_);
      for (int i = thread_; i < boards * 64 * groups; i += threads) {
        int const group = i % groups, square = i / groups % 64, board = i / groups / 64;
        xl::span<T const> const from = board_span(board);
        xl::span<T> const to{&out(first_board_ + board, square, group * 8), 8};
        xl::store_vec(to, 0, xl::load_vec<8>(from, std::size_t(unit_of(group, square)) * 8));
      }
    }

    Ctx const& ctx_;
    shared<Ctx>& s_;
    small_tower_arguments<T, Channels> const& a_;
    xl::pipeline<stages, Ctx> pipe_;
    int first_board_;              ///< of the block
    int own_channel_, own_board_;  ///< the first ones of the wave
    int thread_;
    int stages_left_, next_stage_ = 0;
    unsigned slot_ = 0;  ///< of the weights in use
    sum_fragment sums_[wave_boards][rows][cols];
    std::uint32_t skip_[wave_boards][rows][cols][sizeof(result_fragment) / 4];  ///< results of the last block, in whole registers
    float biases_[rows][sum_fragment::size];
  };
};

}  // namespace chessnet
