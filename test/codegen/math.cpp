// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Mathematical functions: one instruction where the hardware has one. See waves.cpp for what the comments mean.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct full_blocks {
  static constexpr auto block = xl::block_size<256>;
};

// sm_90: 1 ex2.approx.f32, 0 mul.f32, 0 fma
// gfx90a: 1 v_exp_f32, 0 v_mul_f32, 0 v_ldexp
// gfx1030: 1 v_exp_f32, 0 v_mul_f32, 0 v_ldexp
struct fast_exp2 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a) const {
    a[ctx.thread_rank()] = xl::fast::exp2(a[ctx.thread_rank()]);
  }
};

// sm_90: 1 lg2.approx.f32, 0 mul.f32, 0 fma
// gfx90a: 1 v_log_f32, 0 v_mul_f32
// gfx1030: 1 v_log_f32, 0 v_mul_f32
struct fast_log2 : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a) const {
    a[ctx.thread_rank()] = xl::fast::log2(a[ctx.thread_rank()]);
  }
};

// sm_90: 1 sin.approx.f32, 1 cos.approx.f32, 0 mul.f32
// gfx90a: 1 v_sin_f32, 1 v_cos_f32, 1 v_fract_f32
// gfx1030: 1 v_sin_f32, 1 v_cos_f32, 1 v_fract_f32
struct fast_sincos : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a) const {
    auto const [sine, cosine] = xl::fast::sincos(a[ctx.thread_rank()]);
    a[ctx.thread_rank()] = sine;
    a[256 + ctx.thread_rank()] = cosine;
  }
};

// sm_90: 1 rsqrt.approx.f32, 1 rcp.approx.f32, 1 tanh.approx.f32
// gfx90a: 1 v_rsq_f32, 2 v_rcp_f32, 1 v_exp_f32
// gfx1030: 1 v_rsq_f32, 2 v_rcp_f32, 1 v_exp_f32
struct fast_others : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a) const {
    a[ctx.thread_rank()] = xl::fast::rsqrt(a[ctx.thread_rank()]);
    a[256 + ctx.thread_rank()] = xl::fast::reciprocal(a[256 + ctx.thread_rank()]);
    a[512 + ctx.thread_rank()] = xl::fast::tanh(a[512 + ctx.thread_rank()]);
  }
};

// On AMD the compiler first takes the maximum of each argument with itself, which makes signalling NaNs from memory quiet.
// sm_90: 1 max.f32, 0 setp, 0 cvt.
// gfx90a: 3 v_max_f32, 0 v_cmp, 0 v_cvt
// gfx1030: 3 v_max_f32, 0 v_cmp, 0 v_cvt
struct larger_of_floats : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a, float const* b) const {
    a[ctx.thread_rank()] = xl::max(a[ctx.thread_rank()], b[ctx.thread_rank()]);
  }
};

// sm_90: 1 fma.rn.f32, 0 mul.f32, 0 add.f32
// gfx90a: 1 v_fma
// gfx1030: 1 v_fma
struct fma_of_floats : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* a, float const* b) const {
    a[ctx.thread_rank()] = xl::fma(a[ctx.thread_rank()], b[ctx.thread_rank()], 3.0f);
  }
};

// sm_90: 1 dp4a.u32.u32, 1 dp4a.s32.s32
// gfx90a: 2 v_dot4
// gfx1030: 2 v_dot4
struct dots : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* a, int* b) const {
    unsigned const i = ctx.thread_rank();
    a[i] = xl::dot4(a[i], a[256 + i], a[512 + i]);
    b[i] = xl::dot4(b[i], b[256 + i], b[512 + i]);
  }
};

// sm_90: 1 brev.b32, 1 mul.hi.u64, 1 shf.l.wrap, 1 add.sat.s32
// gfx90a: 1 v_bfrev_b32
// gfx1030: 1 v_bfrev_b32
struct integers : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* a, int* b, unsigned long long* c) const {
    unsigned const i = ctx.thread_rank();
    a[i] = xl::funnel_shift_left(a[i], xl::reverse_bits(a[256 + i]), a[512 + i]);
    b[i] = xl::saturating_add(b[i], b[256 + i]);
    c[i] = xl::multiply_high(c[i], c[256 + i]);
  }
};

// sm_90: 1 prmt.b32
// gfx90a: 1 v_perm_b32
// gfx1030: 1 v_perm_b32
struct swapped_bytes : full_blocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* a) const {
    a[ctx.thread_rank()] = xl::byte_permute(a[ctx.thread_rank()], a[256 + ctx.thread_rank()], 0x1526u);
  }
};

void launch_all(xl::stream_ref q, float* f, unsigned* u, int* i, unsigned long long* l) {
  xl::launch(q, {.grid = 1}, fast_exp2{}, f);
  xl::launch(q, {.grid = 1}, fast_log2{}, f);
  xl::launch(q, {.grid = 1}, fast_sincos{}, f);
  xl::launch(q, {.grid = 1}, fast_others{}, f);
  xl::launch(q, {.grid = 1}, larger_of_floats{}, f, f);
  xl::launch(q, {.grid = 1}, fma_of_floats{}, f, f);
  xl::launch(q, {.grid = 1}, dots{}, u, i);
  xl::launch(q, {.grid = 1}, integers{}, u, i, l);
  xl::launch(q, {.grid = 1}, swapped_bytes{}, u);
}
