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
#include <crosslane/matrix/warpgroup_gemm.hpp>
#include <crosslane/runtime/launch.hpp>

#include <cstdint>
#include <iterator>
#include <type_traits>

namespace crosslane {
namespace detail {

/// The policy of a backend's sizes for operands whose larger elements have `Bytes` bytes.
template <class B, bool Large, unsigned Bytes>
struct tuned_gemm {
  static constexpr backend::gemm_sizes sizes = Large ? backend::gemm_sizes_of<B, Bytes>::large : backend::gemm_sizes_of<B, Bytes>::small;
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

/// The tile of a block.
struct gemm_tile {
  matrix_position place;  ///< in its product, in tiles
  std::int32_t batch;     ///< of the matrices of the problem
  std::int32_t product;   ///< its number, for the epilogue
  std::uint32_t number;   ///< of the tile among all
};

/// A batch of products of the same size. P is a gemm_problem, or has its types, sizes and functions.
template <class P>
struct gemm_batch {
  P problem;
  gemm_raster raster;

  CROSSLANE_FN P const& find(std::uint64_t rank, gemm_tile& tile) const {
    auto const batch = std::int32_t(rank / raster.tiles());
    tile = {raster.place(std::uint32_t(rank - std::uint64_t(batch) * raster.tiles())), batch, batch, std::uint32_t(rank)};
    return problem;
  }
};

/// Products of different sizes.
template <class A, class B, class C>
struct gemm_group {
  static constexpr unsigned most = 32;  // they are an argument of the kernel
  gemm_problem<A, B, C> problem[most];
  std::uint32_t rows[most], cols[most];  ///< tiles
  std::int32_t count = 0, first = 0;     ///< products, and the number of the first one

  CROSSLANE_FN gemm_problem<A, B, C> const& find(std::uint64_t rank, gemm_tile& tile) const {
    auto left = std::uint32_t(rank);
    std::int32_t i = 0;
    for (; i + 1 < count && left >= rows[i] * cols[i]; ++i) left -= rows[i] * cols[i];
    tile = {gemm_raster{rows[i], cols[i]}.place(left), 0, first + i, std::uint32_t(rank)};
    return problem[i];
  }
};

/// Products whose summed axis is split: the number of parts, and memory for the sums of each part of each tile.
template <class Sum>
struct gemm_parts {
  std::uint32_t count = 1;
  Sum* sums = nullptr;
  workspace_front* front = nullptr;
};

/// Computes tiles of products, one in each block. If `Split` is true, several blocks may compute a tile. The last one that ends adds their
/// sums.
template <class Policy, bool AlongA, bool AlongB, bool AsTf32, bool Split, class A, class B>
struct gemm_kernel {
  using product = block_gemm<A, B, Policy, AsTf32>;
  using sum = typename product::sum;
  static constexpr auto block = product::block;
  static constexpr int min_blocks = Policy::blocks;

  template <class Ctx>
  struct shared {
    typename product::template shared<Ctx> tiles;
  };

  template <kernel_context Ctx, class Problems, class E>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, Problems const& problems, E const& epilogue, std::uint64_t first_block,
                               gemm_parts<sum> const& parts) const {
    std::uint64_t const rank = first_block + ctx.block_rank();
    std::uint32_t const count = Split ? parts.count : 1;
    auto const part = std::uint32_t(rank % count);
    gemm_tile tile;
    auto const& p = problems.find(Split ? rank / count : rank, tile);
    std::int32_t begin = 0, end = p.k;
    if (Split && count > 1) {
      std::uint32_t const steps = pieces_of(std::uint32_t(p.k), Policy::k), share = pieces_of(steps, count) * Policy::k;
      begin = std::int32_t(std::uint64_t{part} * share < std::uint32_t(p.k) ? part * share : std::uint32_t(p.k));
      end = p.k - begin < std::int32_t(share) ? p.k : begin + std::int32_t(share);
    }
    auto sums = product::template multiply_operands<AlongA, AlongB>(
        ctx, s.tiles, p.a_of(tile.batch), p.b_of(tile.batch), std::int32_t(tile.place.row * Policy::m),
        std::int32_t(tile.place.col * Policy::n), begin, end, source_location::current());
    if constexpr (Split)
      if (count > 1 && !add_parts(ctx, s, sums, tile.number, part, parts)) return;
    store(ctx, sums, p, tile, epilogue);
  }

 private:
  /// Publishes the sums of a part. Returns true in the last block, whose sums are then those of all parts.
  template <class Ctx, class Sums>
  CROSSLANE_FN static bool add_parts(Ctx const& ctx, shared<Ctx>& s, Sums& sums, std::uint32_t tile, std::uint32_t part,
                                     gemm_parts<sum> const& parts) {
    constexpr std::size_t tile_size = std::size_t{Policy::m} * Policy::n;
    sum* const first = parts.sums + std::size_t(tile) * parts.count * tile_size + ctx.thread_rank();
    sum* const own = first + part * tile_size;
    unsigned at = 0;
    sums.for_each_run(ctx, [&](std::int32_t, std::int32_t, sum* x, auto n) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < decltype(n)::value; ++i, ++at) own[at * Policy::threads] = x[i];
    });
    ctx.sync_block();
    auto& is_last = *reinterpret_cast<unsigned*>(s.tiles.a);  // the tiles are not needed any more
    if (ctx.thread_rank() == 0) {
      auto& ended = parts.front->counts[tile];
      is_last = atomic(ctx, ended).fetch_add(std::uint64_t{1}, acq_rel{}) == parts.count - 1;
      if (is_last) atomic(ctx, ended).store(std::uint64_t{0});
    }
    ctx.sync_block();
    if (!is_last) return false;
    for (std::uint32_t i = 0; i < parts.count; ++i) {
      sum const* const from = first + i * tile_size;
      at = 0;
      sums.for_each_run(ctx, [&](std::int32_t, std::int32_t, sum* x, auto n) {
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < decltype(n)::value; ++j, ++at) {
          sum const y = from[at * Policy::threads];
          if constexpr (std::is_integral_v<sum>)
            x[j] = i == 0 ? y : sum(unsigned(x[j]) + unsigned(y));
          else
            x[j] = i == 0 ? y : x[j] + y;
        }
      });
    }
    return true;
  }

  template <class Ctx, class Sums, class P, class E>
  CROSSLANE_FN CROSSLANE_INLINE static void store(Ctx const& ctx, Sums& sums, P const& p, gemm_tile const& tile, E const& epilogue) {
    using C = typename P::c_type;
    sums.for_each_run(ctx, [&](std::int32_t row, std::int32_t col, sum* x, auto count) {
      constexpr unsigned n = decltype(count)::value;
      using vector = vec<C, n>;
      if (row >= p.m || col >= p.n) return;
      auto const result = [&](unsigned i) {
        return static_cast<C>(apply_epilogue(epilogue, x[i], gemm_index{row, col + std::int32_t(i), tile.product}));
      };
      if (n > 1 && p.n - col >= std::int32_t(n) && p.c_has_groups_of(n)) {
        vector some;
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < n; ++i) some[i] = result(i);
        backend::native_access::store<access::plain>(reinterpret_cast<vector*>(p.c_at(tile.batch, row, col)), some);
      } else {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < n; ++i)
          if (col + std::int32_t(i) < p.n) *p.c_at(tile.batch, row, col + std::int32_t(i)) = result(i);
      }
    });
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the portable schedule for `tiles` tiles with the sizes of a policy.
template <class Policy, bool AlongA, bool AlongB, bool AsTf32, bool Split, class A, class B, runtime_backend Backend, class Problems,
          class E>
void queue_gemm_tiles(basic_stream_ref<Backend> q, char const* call, Problems const& problems, std::uint64_t tiles, std::uint32_t parts,
                      E const& epilogue, workspace_reference const& given, source_location where) {
  using kernel = gemm_kernel<Policy, AlongA, AlongB, AsTf32, Split, A, B>;
  using sum = typename kernel::sum;
  auto const run = [&](gemm_parts<sum> const& how) {
    for_each_grid_of_blocks(q, tiles * how.count, where, [&](std::uint64_t begin, unsigned count) {
      launch(q, {.grid = count, .where = where}, kernel{}, problems, epilogue, begin, how);
    });
  };
  if constexpr (Split) {
    if (parts > 1) {
      std::size_t const bytes = std::size_t(tiles) * parts * Policy::m * Policy::n * sizeof(sum);
      call_memory<Backend> const memory{q, call, given, bytes, where};
      if (!memory.measures()) run({parts, reinterpret_cast<sum*>(memory.payload()), memory.front()});
      return;
    }
  }
  if (given.measured == nullptr) run({});
}

/// Returns the parts of the summed axis that keep all multiprocessors busy; 1 if there are enough tiles, or too many to count them.
template <class Policy>
std::uint32_t parts_of_gemm(std::uint64_t tiles, std::int32_t k, unsigned multiprocessors) {
  std::uint64_t const steps = pieces_of(std::uint64_t(k), Policy::k);
  std::uint64_t parts = tiles == 0 || tiles > sizeof(workspace_front::counts) / sizeof(std::uint64_t) ? 1 : 2 * multiprocessors / tiles;
  if (parts > steps / 8) parts = steps / 8;  // adding the sums of a part costs as much as a few steps
  return parts > 16 ? 16 : parts < 1 ? 1 : std::uint32_t(parts);
}

/// Queues products by the schedule that fits the device, the types and the sizes. All schedules are chosen here. `make(policy)` returns the
/// products in tiles of the policy and sets the number of tiles. `m`, `n` and `k` are the largest sizes.
template <class Policy, bool AlongA, bool AlongB, class A, class B, runtime_backend Backend, class Make, class E>
void choose_gemm(basic_stream_ref<Backend> q, char const* call, Make const& make, std::int32_t m, std::int32_t n, std::int32_t k,
                 E const& epilogue, std::uint32_t parts, workspace_reference const& given, source_location where) {
  constexpr bool as_tf32 = std::is_same_v<Policy, tuned_tf32>, chosen = std::is_same_v<Policy, tuned> || as_tf32;
  unsigned const multiprocessors = q.properties(where).multiprocessors;
  std::uint64_t tiles = 0;
  auto const run = [&]<class P, bool Split>(std::type_identity<P>, std::bool_constant<Split>, auto const& problems) {
    if (Split && parts == 0) parts = parts_of_gemm<P>(tiles, k, multiprocessors);
    if (Split && tiles > sizeof(workspace_front::counts) / sizeof(std::uint64_t)) parts = 1;
    queue_gemm_tiles<P, AlongA, AlongB, as_tf32, Split, A, B>(q, call, problems, tiles, parts, epilogue, given, where);
  };
  if constexpr (!chosen) {
    auto const problems = make(std::type_identity<Policy>{}, tiles);
    run(std::type_identity<Policy>{}, std::true_type{}, problems);
  } else {
    constexpr unsigned bytes = sizeof(A) > sizeof(B) ? sizeof(A) : sizeof(B);
    using large = typename tuned_gemm<Backend, true, bytes>::type;
    using small = typename tuned_gemm<Backend, false, bytes>::type;
    if constexpr (!std::is_same_v<large, small>) {
      auto const problems = make(std::type_identity<large>{}, tiles);
      bool const narrow = m <= std::int32_t(large::m / 2) || n <= std::int32_t(large::n / 2);
      if (tiles >= multiprocessors && !narrow) return run(std::type_identity<large>{}, std::false_type{}, problems);
    }
    auto const problems = make(std::type_identity<small>{}, tiles);
    run(std::type_identity<small>{}, std::true_type{}, problems);
  }
}

/// Queues a batch of products as loops on the CPU.
template <bool AlongA, bool AlongB, loop_backend Backend, class P, class E>
void queue_gemm_loops(basic_stream_ref<Backend> q, P const& p, E const& epilogue, std::int32_t first, source_location where) {
  using loops = gemm_loops<AlongA, AlongB, P, E>;
  gemm_raster const raster{std::uint32_t(pieces_of(p.m, loops::tile)), std::uint32_t(pieces_of(p.n, loops::tile))};
  run_loops<E>(
      q, std::uint64_t{raster.tiles()} * std::uint64_t(p.batches),
      [=](std::uint64_t begin, std::uint64_t end) {
        for (; begin < end; ++begin) {
          auto const batch = std::int32_t(begin / raster.tiles());
          auto const at = raster.place(std::uint32_t(begin % raster.tiles()));
          loops::run(p, epilogue, batch, first, std::int32_t(at.row) * loops::tile, std::int32_t(at.col) * loops::tile);
        }
      },
      where, 1);
}

/// Returns the tiles of a product.
template <class Policy, class P>
gemm_raster raster_of(P const& p) {
  return {std::uint32_t(pieces_of(p.m, std::int32_t(Policy::m))), std::uint32_t(pieces_of(p.n, std::int32_t(Policy::n)))};
}

/// Queues a batch of products.
template <class Policy, bool AlongA, bool AlongB, runtime_backend Backend, class P, class E>
void queue_gemm(basic_stream_ref<Backend> q, char const* call, P const& p, E const& epilogue, std::uint32_t parts,
                workspace_reference const& given, source_location where) {
  if (p.m == 0 || p.n == 0 || p.batches == 0) return;
  if constexpr (loop_backend<Backend>) {
    if (given.measured == nullptr) queue_gemm_loops<AlongA, AlongB>(q, p, epilogue, 0, where);
  } else {
    constexpr bool as_tf32 = std::is_same_v<Policy, tuned_tf32>;
    if constexpr (std::is_same_v<Policy, tuned> || as_tf32)
      if (given.measured == nullptr && try_warpgroups<AlongA, AlongB, as_tf32>(q, p, epilogue, where)) return;
    choose_gemm<Policy, AlongA, AlongB, typename P::a_type, typename P::b_type>(
        q, call,
        [&]<class Sizes>(std::type_identity<Sizes>, std::uint64_t& tiles) {
          gemm_batch<P> const batch{p, raster_of<Sizes>(p)};
          tiles = std::uint64_t{batch.raster.rows} * batch.raster.cols * std::uint64_t(p.batches);
          return batch;
        },
        p.m, p.n, p.k, epilogue, parts, given, where);
  }
}

/// Queues products of different sizes, which have the numbers `first`, `first` + 1 ...
template <class Policy, bool AlongA, bool AlongB, runtime_backend Backend, class A, class B, class C, class E>
void queue_gemm_group(basic_stream_ref<Backend> q, gemm_group<A, B, C>& group, E const& epilogue, std::uint32_t parts,
                      workspace_reference const& given, source_location where) {
  std::int32_t m = 0, n = 0, k = 0;
  for (std::int32_t i = 0; i < group.count; ++i) {
    auto const& p = group.problem[i];
    m = p.m > m ? p.m : m;
    n = p.n > n ? p.n : n;
    k = p.k > k ? p.k : k;
  }
  if (m == 0 || n == 0) return;
  if constexpr (loop_backend<Backend>) {
    if (given.measured == nullptr)
      for (std::int32_t i = 0; i < group.count; ++i)
        queue_gemm_loops<AlongA, AlongB>(q, group.problem[i], epilogue, group.first + i, where);
  } else {
    choose_gemm<Policy, AlongA, AlongB, A, B>(
        q, "grouped_gemm",
        [&]<class P>(std::type_identity<P>, std::uint64_t& tiles) {
          tiles = 0;
          for (std::int32_t i = 0; i < group.count; ++i) {
            auto const raster = raster_of<P>(group.problem[i]);
            group.rows[i] = raster.rows;
            group.cols[i] = raster.cols;
            tiles += std::uint64_t{raster.rows} * raster.cols;
          }
          return group;
        },
        m, n, k, epilogue, parts, given, where);
  }
}

/// The parts that a policy asks for; 0 if the library chooses.
template <class Policy>
std::uint32_t parts_of(Policy const& policy) {
  if constexpr (requires { policy.parts; })
    return policy.parts;
  else
    return 0;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

/// The matrices of one of the products of grouped_gemm(): views of two axes.
template <class ViewA, class ViewB, class ViewC>
struct gemm_operands {
  ViewA a;  ///< M x K elements
  ViewB b;  ///< K x N elements
  ViewC c;  ///< M x N elements, the result
};

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
/// The order of additions is not specified, but results have the same bits in each run on one device. If there are too few tiles to keep
/// the device busy, the summed axis is split, and the call takes memory for the sums of the parts: from the workspace, if there is one.
/// floats are multiplied as floats: options<run_to_run, tuned_tf32> allows tf32. Elements of c have any type to which the epilogue's result
/// converts.
///
/// It is fastest if rows or columns of a and b begin at multiples of 16 bytes. On the CPU, without the checker, it is a loop over tiles. In
/// code for sm_90a (nvcc -gencode=arch=compute_90a,code=sm_90a) such products of half, bfloat16, std::int8_t, 8-bit floats, and of floats
/// as tf32, are faster; elements of 1 and 4 bytes must lie along the summed axis, and those of c have at most 4 bytes. The instruction adds
/// 8-bit floats with fewer bits than float: errors were up to 2^-9 of the sum of the absolute products.
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
    detail::queue_gemm<P, a_rows, !b_rows>(q, "gemm", p, epilogue, detail::parts_of(o.policy), o.workspace, where);
  else
    detail::queue_gemm<P, !b_rows, a_rows>(q, "gemm", p, detail::transposed_epilogue<E>{epilogue}, detail::parts_of(o.policy), o.workspace,
                                           where);
}

/// Queues products of different sizes: for each element of `products`, c = epilogue(a * b) with its views. `products` is a range of the
/// host of gemm_operands of one type. The call reads it before it returns. Up to 32 products are one launch. The epilogue gets the number
/// of the product as `batch`. Products must not write what others read or write. Otherwise as gemm().
///
///   std::vector<xl::gemm_operands<VA, VB, VC>> products;  // VA ... are types of views
///   products.push_back({a.view(), b.view(), c.view()});
///   xl::grouped_gemm(q, products);
template <stream_like S, class Products, class E = plain_epilogue, class D = run_to_run, class P = tuned>
void grouped_gemm(S const& stream, Products const& products, E const& epilogue = {}, options<D, P> const& o = {},
                  source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  using operands = std::remove_cvref_t<decltype(*std::begin(products))>;
  using LA = typename decltype(operands::a)::layout_type;
  using LB = typename decltype(operands::b)::layout_type;
  using LC = typename decltype(operands::c)::layout_type;
  static_assert(LA::extents_type::rank == 2 && LB::extents_type::rank == 2 && LC::extents_type::rank == 2,
                "crosslane: grouped_gemm(): the matrices have two axes");
  constexpr bool a_rows = detail::gemm_layout<LA>::rows_are_contiguous, b_rows = detail::gemm_layout<LB>::rows_are_contiguous,
                 c_rows = detail::gemm_layout<LC>::rows_are_contiguous;
  auto const make = [&](operands const& x, std::int32_t number) {
    error_text call;
    call.append("grouped_gemm: product %d", number);
    return detail::make_gemm_problem(call.c_str(), x.a, x.b, x.c, where);
  };
  using problem = decltype(make(*std::begin(products), 0));
  static_assert(detail::gemm_has_types<typename problem::a_type, typename problem::b_type>::ok);
  detail::gemm_group<typename problem::a_type, typename problem::b_type, typename problem::c_type> group{};
  auto const run = [&] {
    if constexpr (c_rows)
      detail::queue_gemm_group<P, a_rows, !b_rows>(q, group, epilogue, detail::parts_of(o.policy), o.workspace, where);
    else
      detail::queue_gemm_group<P, !b_rows, a_rows>(q, group, detail::transposed_epilogue<E>{epilogue}, detail::parts_of(o.policy),
                                                   o.workspace, where);
    group.first += group.count;
    group.count = 0;
  };
  std::int32_t number = 0;
  for (operands const& x : products) (void)make(x, number++);  // errors before anything is queued
  for (operands const& x : products) {
    group.problem[group.count] = make(x, group.first + group.count);
    if (++group.count == std::int32_t(group.most)) run();
  }
  if (group.count > 0) run();
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
