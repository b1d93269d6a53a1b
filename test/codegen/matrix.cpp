// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels and what their code must hold, stated in the comment above each, a line per architecture. count.py reads both.
#include <crosslane/matrix.hpp>

namespace xl = crosslane;
namespace axis = xl::axis;
using use = xl::matrix_use;

template <class T>
using tile_extents = xl::extents<std::int32_t, xl::fixed<axis::row, 64>, xl::fixed<axis::col, 64>>;
/// A tile of 64 x 64 elements in shared memory.
template <class T, class Slow, class Fast>
using tile_layout = xl::swizzled<tile_extents<T>, xl::axes<Slow, Fast>, sizeof(T), 16>;

/// c += a * b for one shape of T, with both operands in shared memory.
template <class T, class Fast>
struct product_of_tiles {
  static constexpr auto block = xl::block_size<64>;
  using slow = std::conditional_t<std::is_same_v<Fast, axis::col>, axis::row, axis::col>;
  template <class Ctx>
  struct shared {
    alignas(16) T a[64 * 64], b[64 * 64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, T const* from, float* to) const {
    for (int i : ctx.block_stride(64 * 64)) s.a[i] = s.b[i] = from[i];
    ctx.sync_block();
    using target = xl::matrix_target_of<Ctx>;
    using shape = xl::native_shape<T, target>;
    using layout = tile_layout<T, slow, Fast>;
    xl::tensor_view<T, layout> const a{s.a, layout{}}, b{s.b, layout{}};
    auto sum = xl::fragment<use::accumulator, shape, target>::filled(0);
    CROSSLANE_UNROLL
    for (int k = 0; k < 64; k += int(shape::k))
      sum = xl::multiply_add(ctx, xl::load_fragment<xl::fragment<use::a, shape, target>>(ctx, a, 0, k),
                             xl::load_fragment<xl::fragment<use::b, shape, target>>(ctx, b, k, 0), sum);
    sum.for_each(ctx, [&](unsigned row, unsigned col, float x) { to[row * shape::n + col] = x; });
  }
};

/// Lines of a are along its rows, those of b across its columns.
// sm_90: 4 mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32, 0 ld.shared, 0 ld.local, 0 st.local
// sm_90: 4 ldmatrix.sync.aligned.m8n8.x4.shared, 4 ldmatrix.sync.aligned.m8n8.x2.trans
// gfx90a: 4 v_mfma_f32_16x16x16f16, 4 ds_read_b64, 0 scratch_, 0 buffer_
// gfx1030: 0 v_mfma, 320 ds_bpermute_b32, 0 scratch_, 0 buffer_load, 0 buffer_store
struct product_of_half_rows : product_of_tiles<xl::half, axis::col> {};

// sm_90: 4 mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32, 0 ld.shared, 0 ld.local, 0 st.local
// sm_90: 4 ldmatrix.sync.aligned.m8n8.x4.trans, 4 ldmatrix.sync.aligned.m8n8.x2.shared
// gfx90a: 4 v_mfma_f32_16x16x16bf16_1k, 4 ds_read_b64, 0 scratch_, 0 buffer_
struct product_of_bfloat16_columns : product_of_tiles<xl::bfloat16, axis::row> {};

/// A product of a block: the loop holds the matrix instructions of a step and loads of their operands, some of which also stand before it.
// sm_90: 16 mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32, 0 ld.local, 0 st.local
// sm_90: 12 ldmatrix.sync.aligned.m8n8.x4.shared, 0 ldmatrix.sync.aligned.m8n8.x2, 0 ld.shared
// gfx90a: 16 v_mfma_f32_16x16x16f16, 0 scratch_, 0 buffer_, 0 v_accvgpr
struct product_of_block {
  using product = xl::block_gemm<xl::half, xl::half, xl::gemm_policy<64, 64, 32, 3, 128, 4>>;
  static constexpr auto block = product::block;
  static constexpr int min_blocks = 4;
  template <class Ctx>
  struct shared {
    typename product::template shared<Ctx> tiles;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tensor_view<xl::half const, xl::row_major<>> a,
                               xl::tensor_view<xl::half const, xl::column_major<>> b, float* to) const {
    auto sums = product::multiply(ctx, s.tiles, a, b, 0, 0);
    sums.for_each(ctx, [&](int row, int col, float x) { to[row * 64 + col] = x; });
  }
};

/// The accumulators of one product are the operand of another one, as in attention.
// sm_90: 2 mma.sync, 0 shfl.sync, 0 ld.local, 0 st.local
// gfx90a: 2 v_mfma, 0 scratch_, 0 buffer_
struct product_of_accumulators {
  static constexpr auto block = xl::block_size<64>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half const* from, float* to) const {
    using target = xl::matrix_target_of<Ctx>;
    // The shape of 8 columns of a, if the target has it: its a is shared like an accumulator.
    using narrow = xl::matrix_shape<16, 8, 8, xl::half, xl::half, float>;
    using shape = std::conditional_t<xl::detail::is_listed<narrow, typename target::shapes>, narrow, xl::native_shape<xl::half, target>>;
    using a_fragment = xl::fragment<use::a, shape, target>;
    xl::tensor_view<xl::half const, xl::row_major<>> const m{from, xl::row_major<>{{64, 64}}};
    auto const a = xl::load_fragment<a_fragment>(ctx, m, 0, 0);
    auto const b = xl::load_fragment<xl::fragment<use::b, shape, target>>(ctx, m, 0, 0);
    auto const zero = xl::fragment<use::accumulator, shape, target>::filled(0);
    xl::fragment<use::accumulator, shape, target, xl::half> first[shape::k / shape::n];  // as many as a has columns
    CROSSLANE_UNROLL
    for (auto& f : first) f = xl::fragment_cast<xl::half>(xl::multiply_add(ctx, a, b, zero));
    auto const sum = xl::multiply_add(ctx, xl::convert_fragment<a_fragment>(ctx, first), b, zero);
    sum.for_each(ctx, [&](unsigned row, unsigned col, float x) { to[row * shape::n + col] = x; });
  }
};

/// Accumulators go to shared memory as halves, by whole lines.
// sm_90: 1 stmatrix.sync.aligned.m8n8.x2.shared, 1 stmatrix.sync.aligned.m8n8.x2.trans, 0 st.shared, 0 st.local
struct stores_halves {
  static constexpr auto block = xl::block_size<64>;
  template <class Ctx>
  struct shared {
    alignas(16) xl::half rows[64 * 64], columns[64 * 64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::half* to, float x) const {
    using target = xl::matrix_target_of<Ctx>;
    using by_rows = tile_layout<xl::half, axis::row, axis::col>;
    using by_columns = tile_layout<xl::half, axis::col, axis::row>;
    auto sum = xl::fragment<use::accumulator, xl::native_shape<xl::half, target>, target>::filled(x);
    sum.for_each(ctx, [&](unsigned row, unsigned col, float& y) { y += float(row + col); });
    auto const halves = xl::fragment_cast<xl::half>(sum);
    xl::store_fragment(ctx, xl::tensor_view<xl::half, by_rows>{s.rows, by_rows{}}, 0, 0, halves);
    xl::store_fragment(ctx, xl::tensor_view<xl::half, by_columns>{s.columns, by_columns{}}, 0, 0, halves);
    ctx.sync_block();
    to[ctx.thread_rank()] = s.rows[ctx.thread_rank()] + s.columns[ctx.thread_rank()];
  }
};

void launch_all(xl::stream_ref q, xl::half const* halves, xl::bfloat16 const* bfloats, float* floats, xl::half* out,
                xl::tensor_view<xl::half const, xl::row_major<>> a, xl::tensor_view<xl::half const, xl::column_major<>> b) {
  xl::launch(q, {.grid = 1}, product_of_half_rows{}, halves, floats);
  xl::launch(q, {.grid = 1}, product_of_bfloat16_columns{}, bfloats, floats);
  xl::launch(q, {.grid = 1}, product_of_block{}, a, b, floats);
  xl::launch(q, {.grid = 1}, product_of_accumulators{}, halves, floats);
  xl::launch(q, {.grid = 1}, stores_halves{}, out, 1.0f);
}
