// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of whole matrices: gemm(). The host calls it.
///
///   xl::gemm(q, a, b, c);                                             // c = a * b
///   xl::gemm(q, a, b, c, xl::epilogue_chain{xl::add_to_columns{bias.view()}, xl::relu{}});
///
/// The matrices are tensors, or views of tensors, of two axes: rows and columns. Their layouts say whether rows or columns are contiguous.
/// With three axes the first one counts the products of a batch.
#pragma once

#include <crosslane/matrix/gemm_loops.hpp>
#include <crosslane/matrix/gemm_problem.hpp>
#include <crosslane/runtime/launch.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {
namespace detail {

/// The policy of a backend's sizes for operands whose larger elements have `Bytes` bytes.
template <class B, bool Large, unsigned Bytes>
struct tuned_gemm {
  static constexpr backend::gemm_sizes sizes = Large ? backend::gemm_sizes_of<B>::large : backend::gemm_sizes_of<B>::small;
  using type = gemm_policy<sizes.m, sizes.n, sizes.k_bytes / Bytes, sizes.stages, sizes.threads, sizes.blocks>;
};

/// The order of the tiles of a product: up to 8 rows of tiles at a time, column by column, so that blocks that run together share
/// operands in the cache.
struct gemm_raster {
  std::uint32_t rows, cols;  ///< tiles of a product

  CROSSLANE_FN std::uint32_t tiles() const { return rows * cols; }
  /// Returns the place of a tile, in tiles.
  CROSSLANE_FN matrix_position place(std::uint32_t tile) const {
    constexpr std::uint32_t most = 8;
    std::uint32_t const group = tile / (most * cols), first = group * most, height = rows - first < most ? rows - first : most;
    std::uint32_t const in_group = tile - group * most * cols;
    return {first + in_group % height, in_group / height};
  }
};

/// Computes tiles of products, one in each block.
template <class Policy, bool AlongA, bool AlongB, bool AsTf32, class A, class B>
struct gemm_kernel {
  using product = block_gemm<A, B, Policy, AsTf32>;
  static constexpr auto block = product::block;
  static constexpr int min_blocks = Policy::blocks;

  template <class Ctx>
  struct shared {
    typename product::template shared<Ctx> tiles;
  };

  template <kernel_context Ctx, class C, class E>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, gemm_problem<A, B, C> const& p, gemm_raster const& raster, E const& epilogue,
                               std::uint64_t first_block) const {
    std::uint64_t const rank = first_block + ctx.block_rank();
    auto const batch = std::int32_t(rank / raster.tiles());
    auto const place = raster.place(std::uint32_t(rank - std::uint64_t(batch) * raster.tiles()));
    auto sums =
        product::template multiply_operands<AlongA, AlongB>(ctx, s.tiles, p.a_of(batch), p.b_of(batch), std::int32_t(place.row * Policy::m),
                                                            std::int32_t(place.col * Policy::n), 0, p.k, source_location::current());
    C* const c = p.c + batch * p.c_step;
    std::uintptr_t const address_bits = reinterpret_cast<std::uintptr_t>(c) | std::uintptr_t(p.c_pitch) * sizeof(C);
    sums.for_each_run(ctx, [&](std::int32_t row, std::int32_t col, auto* x, auto count) {
      constexpr unsigned n = decltype(count)::value;
      using vector = vec<C, n>;
      if (row >= p.m || col >= p.n) return;
      C* const to = c + row * p.c_pitch + col;
      if (n > 1 && p.n - col >= std::int32_t(n) && address_bits % alignof(vector) == 0) {
        vector some;
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < n; ++i)
          some[i] = static_cast<C>(apply_epilogue(epilogue, x[i], gemm_index{row, col + std::int32_t(i), batch}));
        backend::native_access::store<access::plain>(reinterpret_cast<vector*>(to), some);
      } else {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < n; ++i)
          if (col + std::int32_t(i) < p.n)
            to[i] = static_cast<C>(apply_epilogue(epilogue, x[i], gemm_index{row, col + std::int32_t(i), batch}));
      }
    });
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the portable schedule with the sizes of a policy.
template <class Policy, bool AlongA, bool AlongB, bool AsTf32, runtime_backend Backend, class A, class B, class C, class E>
void queue_gemm_tiles(basic_stream_ref<Backend> q, gemm_problem<A, B, C> const& p, E const& epilogue, source_location where) {
  gemm_raster const raster{std::uint32_t(pieces_of(p.m, std::int32_t(Policy::m))), std::uint32_t(pieces_of(p.n, std::int32_t(Policy::n)))};
  for_each_grid_of_blocks(
      q, std::uint64_t{raster.rows} * raster.cols * std::uint64_t(p.batches), where, [&](std::uint64_t begin, unsigned count) {
        launch(q, {.grid = count, .where = where}, gemm_kernel<Policy, AlongA, AlongB, AsTf32, A, B>{}, p, raster, epilogue, begin);
      });
}

/// Queues a product by the schedule that fits the device, the types and the sizes. All schedules are chosen here.
template <class Policy, bool AlongA, bool AlongB, runtime_backend Backend, class A, class B, class C, class E>
void queue_gemm(basic_stream_ref<Backend> q, gemm_problem<A, B, C> const& p, E const& epilogue, workspace_reference const& given,
                source_location where) {
  if (given.measured != nullptr) return;
  if (p.m == 0 || p.n == 0 || p.batches == 0) return;
  constexpr bool as_tf32 = std::is_same_v<Policy, tuned_tf32>, chosen = std::is_same_v<Policy, tuned> || as_tf32;
  if constexpr (loop_backend<Backend>) {
    using loops = gemm_loops<AlongA, AlongB, A, B, C, E>;
    gemm_raster const raster{std::uint32_t(pieces_of(p.m, loops::tile)), std::uint32_t(pieces_of(p.n, loops::tile))};
    run_loops<E>(
        q, std::uint64_t{raster.rows} * raster.cols * std::uint64_t(p.batches),
        [=](std::uint64_t begin, std::uint64_t end) {
          for (; begin < end; ++begin) {
            auto const batch = std::int32_t(begin / raster.tiles());
            auto const at = raster.place(std::uint32_t(begin % raster.tiles()));
            loops::run(p, epilogue, batch, std::int32_t(at.row) * loops::tile, std::int32_t(at.col) * loops::tile);
          }
        },
        where, 1);
  } else if constexpr (!chosen) {
    queue_gemm_tiles<Policy, AlongA, AlongB, false>(q, p, epilogue, where);
  } else {
    constexpr unsigned bytes = sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B);
    using large = typename tuned_gemm<Backend, true, bytes>::type;
    using small = typename tuned_gemm<Backend, false, bytes>::type;
    std::uint64_t const tiles = std::uint64_t(pieces_of(p.m, std::int32_t(large::m))) *
                                std::uint64_t(pieces_of(p.n, std::int32_t(large::n))) * std::uint64_t(p.batches);
    bool const few = tiles < q.properties(where).multiprocessors,
               narrow = p.m <= std::int32_t(large::m / 2) || p.n <= std::int32_t(large::n / 2);
    if (std::is_same_v<large, small> || !(few || narrow))
      queue_gemm_tiles<large, AlongA, AlongB, as_tf32>(q, p, epilogue, where);
    else
      queue_gemm_tiles<small, AlongA, AlongB, as_tf32>(q, p, epilogue, where);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues c = epilogue(a * b). The host calls it, and it does not wait. The matrices are tensors or views of two axes, rows and columns: a
/// has M x K elements, b has K x N, c has M x N. The layout of each is its own; rows or columns are contiguous, with any pitch. Axes have
/// any names, but those that belong together have the same name, unless one of them is axis::row or axis::col: the second of a and the
/// first of b, the first of a and of c, the second of b and of c. If c has three axes, the first one counts products, and so does that of
/// a and b, unless they have only two: then all products share the matrix.
///
///   xl::tensor<xl::half, xl::row_major<>> a{q, {m, k}}, c{q, {m, n}};
///   xl::tensor<xl::half, xl::column_major<>> b{q, {k, n}};
///   xl::gemm(q, a, b, c, xl::relu{});
///
/// Elements of a and b are half, bfloat16, float, double, std::int8_t, or 8-bit floats of one kind. Sums are float, double or std::int32_t.
/// The order of additions is not specified, but results have the same bits in each run on one device. floats are multiplied as floats:
/// options<run_to_run, tuned_tf32> allows tf32. Elements of c have any type to which the epilogue's result converts.
///
/// It is fastest if rows or columns of a and b begin at multiples of 16 bytes. On the CPU, without the checker, it is a loop over tiles.
///
/// Throws size_mismatch if the extents do not fit, invalid_argument if c overlaps a or b or a tensor is of another device, and
/// limit_exceeded if an extent is 2^31 - 4096 or more.
template <stream_like S, detail::tensor_like MatrixA, detail::tensor_like MatrixB, detail::tensor_like MatrixC, class E = plain_epilogue,
          class D = run_to_run, class P = tuned>
void gemm(S const& stream, MatrixA&& a, MatrixB&& b, MatrixC&& c, E const& epilogue = {}, options<D, P> const& o = {},
          source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "gemm", where, a, b, c);
  auto const a_view = detail::tensor_argument(a, where);
  auto const b_view = detail::tensor_argument(b, where);
  auto const c_view = detail::tensor_argument(c, where);
  using LA = typename decltype(a_view)::layout_type;
  using LB = typename decltype(b_view)::layout_type;
  using LC = typename decltype(c_view)::layout_type;
  using A = typename decltype(a_view)::value_type;
  using B = typename decltype(b_view)::value_type;
  static_assert(detail::gemm_has_types<A, B>::ok);
  static_assert(!std::is_same_v<D, everywhere> || std::is_integral_v<A>,
                "crosslane: gemm(): only products of integers have the same bits everywhere");
  auto const p = detail::make_gemm_problem("gemm", a_view, b_view, c_view, where);
  constexpr bool a_rows = detail::gemm_layout<LA>::rows_are_contiguous, b_rows = detail::gemm_layout<LB>::rows_are_contiguous;
  if constexpr (detail::gemm_layout<LC>::rows_are_contiguous)
    detail::queue_gemm<P, a_rows, !b_rows>(q, p, epilogue, o.workspace, where);
  else
    detail::queue_gemm<P, !b_rows, a_rows>(q, p, detail::transposed_epilogue<E>{epilogue}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
