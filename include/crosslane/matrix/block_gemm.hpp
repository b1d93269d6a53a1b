// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of matrices by the threads of a block, for kernels.
///
///   struct kernel {
///     using product = xl::block_gemm<xl::half, xl::half, xl::gemm_policy<64, 64, 32, 3, 128>>;
///     static constexpr auto block = product::block;
///     template <class Ctx>
///     struct shared {
///       typename product::template shared<Ctx> tiles;
///     };
///     template <xl::kernel_context Ctx, class A, class B, class C>
///     CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, A a, B b, C c) const {
///       auto sums = product::multiply(ctx, s.tiles, a, b, row, col);
///       sums.for_each(ctx, [&](int i, int j, float& x) { c(i, j) = xl::half(x); });
///     }
///   };
#pragma once

#include <crosslane/kernel/diagnostics.hpp>
#include <crosslane/matrix/gemm_policy.hpp>
#include <crosslane/matrix/operand_tile.hpp>
#include <crosslane/matrix/wave_product.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {
namespace detail {

/// Whether a view of two axes is an operand of products, and how its lines lie.
template <class L>
struct gemm_layout {
  static_assert(L::extents_type::rank == 2 || L::extents_type::rank == 3,
                "crosslane: a matrix of a product has two axes, rows and columns, or three, the first of which counts the products");
  static constexpr int first = L::extents_type::rank - 2;
  using row = axis_at<first, typename L::extents_type::axes>;
  using col = axis_at<first + 1, typename L::extents_type::axes>;
  static constexpr bool rows_are_contiguous = std::is_same_v<typename L::contiguous_axis, col>;
  static_assert(strided_layout<L> && (rows_are_contiguous || std::is_same_v<typename L::contiguous_axis, row>),
                "crosslane: the elements of a row, or of a column, of a matrix of a product must be adjacent: its layout has strides, and "
                "the type says which axis is contiguous, as row_major, column_major and padded do");
  using line = std::conditional_t<rows_are_contiguous, row, col>;
};

/// Operand A (or B) of a product from a view of two axes. `Use` says which axis is the outer one.
template <matrix_use Use, class T, class L>
CROSSLANE_FN gemm_operand<std::remove_const_t<T>> operand_of(tensor_view<T, L> const& m) {
  using facts = gemm_layout<L>;
  using outer = std::conditional_t<Use == matrix_use::a, typename facts::row, typename facts::col>;
  return {m.data(), std::int64_t(m.layout().template stride<typename facts::line>()), std::int32_t(m.template extent<outer>())};
}
/// Whether lines of an operand lie along the summed axis.
template <matrix_use Use, class L>
inline constexpr bool is_along_k = gemm_layout<L>::rows_are_contiguous == (Use == matrix_use::a);

/// The type of the operands of instructions for elements of type T: tf32 if `AsTf32` and the target has products of it.
template <class Ctx, class T, bool AsTf32>
using instruction_operand =
    std::conditional_t<AsTf32 && std::is_same_v<T, float> &&
                           !std::is_void_v<typename shape_for_types<typename matrix_backend<Ctx>::target::shapes, tf32, tf32, float>::type>,
                       tf32, T>;

/// The product of a block with everything known at compile time.
template <class Ctx, class A, class B, class Policy, bool AlongA, bool AlongB, bool AsTf32>
struct block_product {
  using backend = matrix_backend<Ctx>;
  using a_operand = instruction_operand<Ctx, A, AsTf32>;
  using b_operand = instruction_operand<Ctx, B, AsTf32>;
  using shape = fragment_shape_for<Ctx, a_operand, b_operand>;
  static constexpr unsigned waves = Policy::threads / Ctx::wave_size;
  using grid = wave_grid<Policy::m, Policy::n, waves>;

  /// The bytes that stay together in shared memory: those of an asynchronous copy, otherwise those of an access of a lane.
  template <matrix_use Use, class T>
  static constexpr unsigned unit = [] {
    unsigned bytes = 16;
    if constexpr (!backend::copies_proceed && !std::is_void_v<shape>) {
      using map_type = fragment_layout<Use, shape, matrix_target_of<Ctx>>;
      bytes = map_type::map.neighbours * unsigned(sizeof(T));
    }
    return bytes < 8 ? 8 : bytes > 16 ? 16 : bytes;
  }();
  static constexpr bool proceeds = backend::copies_proceed;
  static constexpr unsigned stages = Policy::stages;
  /// Whether lines of tiles lie along the summed axis: copies through registers transpose other operands.
  static constexpr bool a_along = AlongA || !proceeds, b_along = AlongB || !proceeds;
  /// Lines of a fragment, at least 16.
  template <matrix_use Use, bool Along>
  static constexpr unsigned band = [] {
    unsigned lines = 16;
    if constexpr (!std::is_void_v<shape>) lines = !Along ? shape::k : Use == matrix_use::a ? shape::m : shape::n;
    return lines < 16 ? 16 : lines;
  }();
  using a_tile = operand_tile<A, matrix_use::a, a_along, Policy::m, Policy::k, unit<matrix_use::a, A>, band<matrix_use::a, a_along>>;
  using b_tile = operand_tile<B, matrix_use::b, b_along, Policy::n, Policy::k, unit<matrix_use::b, B>, band<matrix_use::b, b_along>>;
  using wave = wave_product<Ctx, a_operand, b_operand, grid::m, grid::n, a_tile, b_tile, shape>;
  template <class Tile, bool Along>
  using filler = std::conditional_t<Along || proceeds, tile_filler<Ctx, Tile, Policy::threads, proceeds>,
                                    transposing_filler<Ctx, Tile, Policy::threads>>;

  /// Computes the tile at (row, col) of the product along `k_begin` to `k_end` of the summed axis.
  template <class Shared, class OperandA>
  CROSSLANE_FN CROSSLANE_INLINE static void run(Ctx const& ctx, Shared& s, wave& sums, OperandA const& a, gemm_operand<B> const& b,
                                                std::int32_t row, std::int32_t col, std::int32_t k_begin, std::int32_t k_end,
                                                source_location where) {
    A* const a_tiles = reinterpret_cast<A*>(s.a);
    B* const b_tiles = reinterpret_cast<B*>(s.b);
    typename filler_of<OperandA, Ctx, a_tile, Policy::threads, proceeds, filler<a_tile, AlongA>>::type fill_a{ctx, a, row, k_begin, k_end};
    filler<b_tile, AlongB> fill_b{ctx, b, col, k_begin, k_end};
    unsigned const wave_row = ctx.wave_rank() / grid::cols * grid::m, wave_col = ctx.wave_rank() % grid::cols * grid::n;
    auto const tiles = std::int32_t((std::int64_t{k_end} - k_begin + Policy::k - 1) / Policy::k);
    typename wave::operands now, next;
    sums.clear();
    if (tiles <= 0) return;
    auto const load = [&](typename wave::operands& to, unsigned slot, unsigned step) {
      wave::load(ctx, to, a_tiles + slot * a_tile::elements, b_tiles + slot * b_tile::elements, wave_row, wave_col, step, where);
    };
    ctx.sync_block(where);  // the shared memory may have been used before
    if constexpr (proceeds) {
      typename Ctx::native_type::async_copies copies;
      unsigned filling = 0, reading = 0;
      auto const fill = [&](bool any) {
        if (any) {
          fill_a.start(ctx, copies, a_tiles + filling * a_tile::elements, where);
          fill_b.start(ctx, copies, b_tiles + filling * b_tile::elements, where);
        }
        copies.commit();
        if (++filling == stages) filling = 0;
      };
      for (unsigned i = 0; i + 1 < stages; ++i) fill(std::int32_t(i) < tiles);
      copies.template wait<stages - 2>();
      ctx.sync_block(where);
      load(now, 0, 0);
      for (std::int32_t t = 0; t < tiles; ++t) {
        CROSSLANE_UNROLL
        for (unsigned step = 0; step < wave::steps; ++step) {
          bool const last = step == wave::steps - 1;
          if (wave::steps == 1) fill(t + std::int32_t(stages) - 1 < tiles);
          if (last) {
            copies.template wait<stages - 2>();
            ctx.sync_block(where);
            if (++reading == stages) reading = 0;
          }
          // On a GPU the load behind the last tile has no effect. The host would report memory that nobody has written.
          if (!last || !backend::moves_for_others || t + 1 < tiles) load(next, reading, (step + 1) % wave::steps);
          if (wave::steps > 1 && step == 0) fill(t + std::int32_t(stages) - 1 < tiles);
          sums.multiply(ctx, now, where);
          now = next;
        }
      }
      copies.template wait<0>();
    } else {
      fill_a.load();
      fill_b.load();
      fill_a.store(a_tiles);
      fill_b.store(b_tiles);
      ctx.sync_block(where);
      for (std::int32_t t = 0; t < tiles; ++t) {
        unsigned const slot = unsigned(t) % 2;
        bool const more = t + 1 < tiles;
        if (more) {
          fill_a.load();
          fill_b.load();
        }
        CROSSLANE_UNROLL
        for (unsigned step = 0; step < wave::steps; ++step) {
          load(now, slot, step);
          sums.multiply(ctx, now, where);
        }
        if (more) {
          fill_a.store(a_tiles + (1 - slot) * a_tile::elements);
          fill_b.store(b_tiles + (1 - slot) * b_tile::elements);
        }
        ctx.sync_block(where);
      }
    }
  }

  /// Returns the place of the calling lane's wave in the block's tile.
  CROSSLANE_FN static unsigned first_row(Ctx const& ctx) { return ctx.wave_rank() / grid::cols * grid::m; }
  CROSSLANE_FN static unsigned first_col(Ctx const& ctx) { return ctx.wave_rank() % grid::cols * grid::n; }
};

}  // namespace detail

/// The product of a block: a tile of Policy::m x Policy::n elements of A * B. `A` and `B` are the element types of the operands, `Policy`
/// is a gemm_policy. If `AsTf32` is true, operands of float are rounded to tf32 on targets that multiply it.
///
/// The block copies tiles of the operands to shared memory, in a layout without bank conflicts, while it computes: by asynchronous copies
/// where they proceed by themselves, otherwise through registers. Its waves multiply by the target's matrix instructions. If the target has
/// none for the types, each lane multiplies by fused multiply-adds.
template <class A, class B, class Policy, bool AsTf32 = false>
struct block_gemm {
  static_assert(detail::gemm_has_types<A, B>::ok);
  static constexpr auto block = block_size<Policy::threads>;  ///< the block size of kernels that use it
  using sum = detail::gemm_sum<A>;                            ///< the type of the sums: float, double or std::int32_t

  /// Shared memory of a product. It may be used for other purposes between two barriers of the block.
  template <class Ctx>
  struct shared {
    /// Tiles in shared memory. Without copies that proceed by themselves there are two.
    static constexpr unsigned stages = detail::matrix_backend<Ctx>::copies_proceed ? Policy::stages : 2;
    alignas(128) unsigned char a[stages * Policy::m * Policy::k * sizeof(A)];  ///< tiles of A
    alignas(128) unsigned char b[stages * Policy::n * Policy::k * sizeof(B)];  ///< tiles of B
  };

  /// The sums of a tile, spread over the registers of the block.
  template <class Ctx, bool AlongA, bool AlongB>
  class sums {
    using product = detail::block_product<Ctx, A, B, Policy, AlongA, AlongB, AsTf32>;

   public:
    /// Calls f(row, column, sum) for each sum of the calling thread that is inside the product. `row` and `column` are its place in the
    /// whole product. f may change the sum.
    template <class F>
    CROSSLANE_FN CROSSLANE_INLINE void for_each(Ctx const& ctx, F const& f) {
      for_each_run(ctx, [&](std::int32_t row, std::int32_t col, sum* x, auto count) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < decltype(count)::value; ++i)
          if (row < rows_ && col + std::int32_t(i) < cols_) f(row, col + std::int32_t(i), x[i]);
      });
    }

    /// Calls f(row, column, elements, integral_constant<count>) for runs of sums side by side in a row, also of those that are outside the
    /// product. For functions of the library.
    template <class F>
    CROSSLANE_FN CROSSLANE_INLINE void for_each_run(Ctx const& ctx, F const& f) {
      auto const row = row_ + std::int32_t(product::first_row(ctx)), col = col_ + std::int32_t(product::first_col(ctx));
      wave_.for_each_run(ctx,
                         [&](unsigned i, unsigned j, sum* x, auto count) { f(row + std::int32_t(i), col + std::int32_t(j), x, count); });
    }

   private:
    friend block_gemm;
    std::int32_t row_, col_, rows_, cols_;
    typename product::wave wave_;
  };

  /// Returns the tile of a * b that begins at (row, col). All threads of the block must call it, with the same arguments. a and b are views
  /// of two axes, rows and columns, in each of which one axis is contiguous. Elements outside them count as zeros. It begins with a barrier
  /// of the block, and has one for each step along the summed axis. It does not wait at its end: the block must synchronise before other
  /// code writes to `s`.
  template <kernel_context Ctx, class TA, class LA, class TB, class LB>
  CROSSLANE_FN CROSSLANE_INLINE static auto multiply(Ctx const& ctx, shared<Ctx>& s, tensor_view<TA, LA> const& a,
                                                     tensor_view<TB, LB> const& b, std::int32_t row, std::int32_t col,
                                                     source_location where = source_location::current()) {
    static_assert(std::is_same_v<std::remove_const_t<TA>, A> && std::is_same_v<std::remove_const_t<TB>, B>,
                  "crosslane: the matrices must have the element types of the block_gemm");
    static_assert(LA::extents_type::rank == 2 && LB::extents_type::rank == 2, "crosslane: block_gemm multiplies views of two axes");
    return multiply_operands<detail::is_along_k<matrix_use::a, LA>, detail::is_along_k<matrix_use::b, LB>>(
        ctx, s, detail::operand_of<matrix_use::a>(a), detail::operand_of<matrix_use::b>(b), row, col, 0,
        std::int32_t(a.template extent<typename detail::gemm_layout<LA>::col>()), where);
  }

  /// The same for operands as the library has them. `k_begin` and `k_end` are the part of the summed axis. For functions of the library.
  template <bool AlongA, bool AlongB, class Ctx, class OperandA>
  CROSSLANE_FN CROSSLANE_INLINE static sums<Ctx, AlongA, AlongB> multiply_operands(Ctx const& ctx, shared<Ctx>& s, OperandA const& a,
                                                                                   detail::gemm_operand<B> const& b, std::int32_t row,
                                                                                   std::int32_t col, std::int32_t k_begin,
                                                                                   std::int32_t k_end, source_location where) {
    using product = detail::block_product<Ctx, A, B, Policy, AlongA, AlongB, AsTf32>;
    static_assert(Ctx::shape::threads == Policy::threads,
                  "crosslane: a kernel with a block_gemm states its block size: static constexpr auto block = block_gemm<...>::block;");
    sums<Ctx, AlongA, AlongB> result;
    result.row_ = row;
    result.col_ = col;
    result.rows_ = a.extent;
    result.cols_ = b.extent;
    product::run(ctx, s, result.wave_, a, b, row, col, k_begin, k_end, where);
    return result;
  }
};

}  // namespace crosslane
