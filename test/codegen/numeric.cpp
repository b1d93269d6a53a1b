// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point types and vectors: one instruction where the hardware has one. See waves.cpp for what the comments mean.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct full_blocks {
  static constexpr auto block = xl::block_size<256>;
};

// sm_90: 1 add.rn.f16x2, 0 cvt.f32, 0 cvt.rn
// gfx90a: 1 v_pk_add_f16, 0 v_add_f16, 0 v_cvt_f
// gfx1030: 1 v_pk_add_f16, 0 v_add_f16, 0 v_cvt_f
struct add_half2 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half2* a, xl::half2 const* b) const {
    a[ctx.thread_rank()] += b[ctx.thread_rank()];
  }
};

// sm_90: 1 fma.rn.f16x2, 0 cvt.f32, 0 cvt.rn
// gfx90a: 0 v_cvt_f
// gfx1030: 0 v_cvt_f
struct fma_half2 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half2* a, xl::half2 const* b) const {
    a[ctx.thread_rank()] = fma(a[ctx.thread_rank()], b[ctx.thread_rank()], b[ctx.thread_rank()]);
  }
};

// sm_90: 1 add.rn.bf16x2, 0 cvt.rn
struct add_bfloat162 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::bfloat162* a, xl::bfloat162 const* b) const {
    a[ctx.thread_rank()] += b[ctx.thread_rank()];
  }
};

// A sum of products is not contracted: the same on all targets.
// sm_90: 1 mul.rn.f16, 1 add.rn.f16, 0 fma.rn
// gfx90a: 1 v_mul_f16, 1 v_add_f16, 0 v_fma
// gfx1030: 1 v_mul_f16, 1 v_add_f16, 0 v_fma
struct sum_of_products : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half* a, xl::half const* b) const {
    a[ctx.thread_rank()] = a[ctx.thread_rank()] * b[ctx.thread_rank()] + b[ctx.thread_rank()];
  }
};

// sm_90: 1 cvt.rn.f16.f32
// gfx90a: 1 v_cvt_f16_f32
// gfx1030: 1 v_cvt_f16_f32
struct float_to_half : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half* a, float const* b) const {
    a[ctx.thread_rank()] = xl::half(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 cvt.f32.f16
// gfx90a: 1 v_cvt_f32_f16
// gfx1030: 1 v_cvt_f32_f16
struct half_to_float : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half const* a, float* b) const {
    b[ctx.thread_rank()] = float(a[ctx.thread_rank()]);
  }
};

// To integers: what a static_cast takes, where that is one instruction.
// sm_90: 1 cvt.rzi.s32.f32, 0 setp, 0 selp, 0 min., 0 max.
// gfx90a: 1 v_cvt_i32_f32, 0 v_cmp, 0 v_cndmask, 0 v_m
// gfx1030: 1 v_cvt_i32_f32, 0 v_cmp, 0 v_cndmask, 0 v_med3
struct float_to_int : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* a, float const* b) const {
    a[ctx.thread_rank()] = xl::saturate_cast<int>(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 cvt.rzi.u8.f32, 0 setp, 0 selp, 0 min., 0 max.
// gfx90a: 1 v_cvt_u32_f32, 1 v_min_u32, 0 v_cmp, 0 v_cndmask, 0 v_max
// gfx1030: 1 v_cvt_u32_f32, 1 v_min_u32, 0 v_cmp, 0 v_cndmask, 0 v_max
struct float_to_byte : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint8_t* a, float const* b) const {
    a[ctx.thread_rank()] = xl::saturate_cast<std::uint8_t>(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 cvt.rzi.s16.f32, 0 setp, 0 selp, 0 min., 0 max.
// gfx90a: 1 v_cvt_i32_f32, 1 v_med3_i32, 0 v_cmp, 0 v_cndmask
// gfx1030: 1 v_cvt_i32_f32, 1 v_med3_i32, 0 v_cmp, 0 v_cndmask
struct half_to_short : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::int16_t* a, xl::half const* b) const {
    a[ctx.thread_rank()] = std::int16_t(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 cvt.rzi.u64.f64, 1 setp, 1 selp
struct double_to_unsigned : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint64_t* a, double const* b) const {
    a[ctx.thread_rank()] = xl::saturate_cast<std::uint64_t>(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 cvt.rn.bf16.f32
struct float_to_bfloat16 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::bfloat16* a, float const* b) const {
    a[ctx.thread_rank()] = xl::bfloat16(b[ctx.thread_rank()]);
  }
};

// sm_90: 2 cvt.rn.satfinite.e4m3x2.f32
struct floats_to_fp8 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::vec<xl::fp8_e4m3, 4>* a, xl::vec<float, 4> const* b) const {
    a[ctx.thread_rank()] = xl::vec_cast<xl::fp8_e4m3>(b[ctx.thread_rank()]);
  }
};

// sm_90: 1 ld.global.v4, 1 st.global.v4, 1 ld.global, 1 st.global
// gfx90a: 1 global_load_dwordx4, 1 global_store_dwordx4, 1 global_load, 1 global_store
// gfx1030: 1 global_load_dwordx4, 1 global_store_dwordx4, 1 global_load, 1 global_store
struct move_16_bytes : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<xl::half const> in, xl::span<xl::half> out) const {
    xl::store_vec(out, 8 * ctx.thread_rank(), xl::load_vec<8>(in, 8 * ctx.thread_rank()));
  }
};

// sm_90: 1 ld.global.cs.v4, 1 st.global.cs.v4
// gfx90a: 1 global_load_dwordx4, 1 global_store_dwordx4
// gfx1030: 1 global_load_dwordx4, 1 global_store_dwordx4
struct stream_16_bytes : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, xl::span<float> out) const {
    using enum xl::access;
    xl::store_vec<streaming>(out, 4 * ctx.thread_rank(), xl::load_vec<4, streaming>(in, 4 * ctx.thread_rank()));
  }
};

// sm_90: 1 ld.global.nc.v2
struct load_read_only : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, xl::span<float> out) const {
    xl::store_vec(out, 2 * ctx.thread_rank(), xl::load_vec<2, xl::access::read_only>(in, 2 * ctx.thread_rank()));
  }
};

void launch_all(xl::stream_ref q, xl::span<xl::half> h, xl::span<xl::bfloat16> b, xl::span<xl::fp8_e4m3> e, xl::span<float> f) {
  auto* const h2 = reinterpret_cast<xl::half2*>(h.data());
  auto* const b2 = reinterpret_cast<xl::bfloat162*>(b.data());
  xl::span<xl::half const> const hc = h;
  xl::span<float const> const fc = f;
  xl::launch(q, {.grid = 1}, add_half2{}, h2, h2);
  xl::launch(q, {.grid = 1}, fma_half2{}, h2, h2);
  xl::launch(q, {.grid = 1}, add_bfloat162{}, b2, b2);
  xl::launch(q, {.grid = 1}, sum_of_products{}, h.data(), h.data());
  xl::launch(q, {.grid = 1}, float_to_half{}, h.data(), f.data());
  xl::launch(q, {.grid = 1}, half_to_float{}, h.data(), f.data());
  xl::launch(q, {.grid = 1}, float_to_int{}, reinterpret_cast<int*>(h.data()), f.data());
  xl::launch(q, {.grid = 1}, float_to_byte{}, reinterpret_cast<std::uint8_t*>(h.data()), f.data());
  xl::launch(q, {.grid = 1}, half_to_short{}, reinterpret_cast<std::int16_t*>(f.data()), h.data());
  xl::launch(q, {.grid = 1}, double_to_unsigned{}, reinterpret_cast<std::uint64_t*>(h.data()), reinterpret_cast<double*>(f.data()));
  xl::launch(q, {.grid = 1}, float_to_bfloat16{}, b.data(), f.data());
  xl::launch(q, {.grid = 1}, floats_to_fp8{}, reinterpret_cast<xl::vec<xl::fp8_e4m3, 4>*>(e.data()),
             reinterpret_cast<xl::vec<float, 4>*>(f.data()));
  xl::launch(q, {.grid = 1}, move_16_bytes{}, hc, h);
  xl::launch(q, {.grid = 1}, stream_16_bytes{}, fc, f);
  xl::launch(q, {.grid = 1}, load_read_only{}, fc, f);
}
