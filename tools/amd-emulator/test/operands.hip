// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Forms of operands that compilers rarely make: destinations that are sources, also in part; lanes that read each other; writes under a
/// mask. The kernels are assembly, so that the registers are the ones meant. Each result is compared with a model on the host that reads
/// everything before it writes.
#include "support.hpp"

using Vec = std::vector<u32>;

// Code for some architectures. A kernel without code for the device's architecture does nothing; its test skips itself.
#if defined(__GFX9__)
#define GFX9(...) __VA_ARGS__
#define RDNA(...)
#else
#define GFX9(...)
#define RDNA(...) __VA_ARGS__
#endif
#if defined(__gfx942__) || defined(__gfx950__)
#define GFX94(...) __VA_ARGS__
#else
#define GFX94(...)
#endif
#if defined(__GFX12__)
#define GFX12(...) __VA_ARGS__
#else
#define GFX12(...)
#endif

// A kernel that loads a, b, c, d for its lane, runs code, and stores a, b, c, d again. m: lanes that are on.
#define K(name, ...)                                                \
  __global__ void name(u32* p, u64 m) {                             \
    const u32 t = threadIdx.x, n = blockDim.x;                      \
    u32 a = p[t], b = p[n + t], c = p[2 * n + t], d = p[3 * n + t]; \
    if (m >> t & 1) {                                               \
      __VA_ARGS__;                                                  \
    }                                                               \
    p[t] = a;                                                       \
    p[n + t] = b;                                                   \
    p[2 * n + t] = c;                                               \
    p[3 * n + t] = d;                                               \
  }
#define ASM2(text) asm volatile(text : "+v"(a), "+v"(b) : : "vcc")
// 64-bit pairs in fixed registers: v[20:21] = a, b and v[22:23] = c, d
#define PAIR(text)                                                                                 \
  asm volatile("v_mov_b32 v20, %0\nv_mov_b32 v21, %1\nv_mov_b32 v22, %2\nv_mov_b32 v23, %3\n" text \
               "\nv_mov_b32 %0, v20\nv_mov_b32 %1, v21\nv_mov_b32 %2, v22\nv_mov_b32 %3, v23"      \
               : "+v"(a), "+v"(b), "+v"(c), "+v"(d)                                                \
               :                                                                                   \
               : "v20", "v21", "v22", "v23", "v24", "v25", "vcc", "s20", "s21", "s22", "s23", "s24", "s25")

#if defined(__GFX9__)
#define ADD "v_add_u32"
#else
#define ADD "v_add_nc_u32"
#endif
#define DPPK(name, ctrl)                                 \
  K(name, ASM2("s_nop 1\n" ADD "_dpp %0, %0, %0 " ctrl)) \
  K(name##_mov, ASM2("s_nop 1\nv_mov_b32_dpp %0, %0 " ctrl)) K(name##_rd, ASM2("s_nop 1\n" ADD "_dpp %0, %1, %0 " ctrl))
DPPK(quad, "quad_perm:[1,2,3,0] row_mask:0xf bank_mask:0xf")
DPPK(shl1, "row_shl:1 row_mask:0xf bank_mask:0xf")
DPPK(shl1z, "row_shl:1 row_mask:0xf bank_mask:0xf bound_ctrl:1")
DPPK(shr1, "row_shr:1 row_mask:0xf bank_mask:0xf")
DPPK(shr1z, "row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:1")
DPPK(shr8, "row_shr:8 row_mask:0xf bank_mask:0xc")
DPPK(ror3, "row_ror:3 row_mask:0xf bank_mask:0xf")
DPPK(mirror, "row_mirror row_mask:0xf bank_mask:0xf")
DPPK(half, "row_half_mirror row_mask:0x2 bank_mask:0x5")
#if defined(__GFX9__)
DPPK(special1, "row_bcast:15 row_mask:0xa bank_mask:0xf")
DPPK(special2, "row_bcast:31 row_mask:0xc bank_mask:0xf")
DPPK(special3, "row_newbcast:5 row_mask:0xf bank_mask:0xf")
#else
DPPK(special1, "row_share:5 row_mask:0xf bank_mask:0xf")
DPPK(special2, "row_xmask:9 row_mask:0xf bank_mask:0xf")
DPPK(special3, "row_shl:1 row_mask:0xf bank_mask:0xf fi:1")
#endif
K(dpp8, RDNA(ASM2("v_mov_b32_dpp %0, %0 dpp8:[7,0,1,2,3,4,5,6]")))
K(dpp8add, RDNA(ASM2(ADD "_dpp %0, %0, %0 dpp8:[1,1,3,3,5,5,7,7]")))
K(vop3dpp, RDNA(ASM2("v_add3_u32_e64_dpp %0, %0, %0, %0 row_shr:1 row_mask:0xf bank_mask:0xf")))
K(vop3dpp8, RDNA(ASM2("v_lshl_add_u32_e64_dpp %0, %0, %0, %0 dpp8:[7,6,5,4,3,2,1,0]")))
K(vop3cmp,
  RDNA(asm volatile("v_cmp_lt_u32_e64_dpp s20, %0, %0 row_ror:1 row_mask:0xf bank_mask:0xf\nv_mov_b32 %0, s20" : "+v"(a) : : "s20")))
// other lanes through the LDS crossbar
K(bperm, asm volatile("ds_bpermute_b32 %0, %0, %0\ns_waitcnt lgkmcnt(0)" : "+v"(a)))
K(perm, asm volatile("ds_permute_b32 %0, %0, %0\ns_waitcnt lgkmcnt(0)" : "+v"(a)))
K(permrd, asm volatile("ds_permute_b32 %1, %0, %1\ns_waitcnt lgkmcnt(0)" : "+v"(a), "+v"(b)))
K(swz, asm volatile("ds_swizzle_b32 %0, %0 offset:swizzle(SWAP,4)\ns_waitcnt lgkmcnt(0)" : "+v"(a)))
K(swzq, asm volatile("ds_swizzle_b32 %0, %0 offset:swizzle(QUAD_PERM,3,0,1,2)\ns_waitcnt lgkmcnt(0)" : "+v"(a)))
// lanes and scalars
K(readl, PAIR("s_nop 4\nv_readlane_b32 s20, v20, 8\nv_readfirstlane_b32 s21, v21\ns_nop 4\nv_mov_b32 v20, s20\nv_mov_b32 v21, s21"))
K(writel, PAIR("s_mov_b32 s20, 77\ns_mov_b32 m0, 9\ns_nop 4\nv_writelane_b32 v20, s20, m0\nv_writelane_b32 v21, 13, 3"))
K(pl16,
  RDNA(asm volatile("s_mov_b32 s20, 0x76543210\ns_mov_b32 s21, 0x0f1e2d3c\nv_permlane16_b32 %0, %0, s20, s21" : "+v"(a) : : "s20", "s21")))
K(plx16,
  RDNA(asm volatile("s_mov_b32 s20, 0x76543210\ns_mov_b32 s21, 0x0f1e2d3c\nv_permlanex16_b32 %0, %0, s20, s21" : "+v"(a) : : "s20", "s21")))
K(pl16fi,
  RDNA(asm volatile(
      "s_mov_b32 s20, 0x11111111\ns_mov_b32 s21, 0xeeeeeeee\nv_permlane16_b32 %0, %0, s20, s21 op_sel:[1,0]" : "+v"(a) : : "s20", "s21")))
K(pl16bc,
  RDNA(asm volatile(
      "s_mov_b32 s20, 0x11111111\ns_mov_b32 s21, 0xeeeeeeee\nv_permlane16_b32 %0, %0, s20, s21 op_sel:[0,1]" : "+v"(a) : : "s20", "s21")))
K(dualswap, RDNA(PAIR("v_dual_mov_b32 v20, v21 :: v_dual_mov_b32 v21, v20\nv_dual_add_f32 v22, v22, v23 :: v_dual_mul_f32 v23, v23, v22")))
K(dualread,
  RDNA(PAIR("v_dual_mov_b32 v20, v21 :: v_dual_add_f32 v21, v20, v23\nv_dual_fmac_f32 v22, v21, v23 :: v_dual_mul_f32 v23, v20, v22")))
K(dualturn,
  RDNA(PAIR("v_dual_fmac_f32 v20, v21, v22 :: v_dual_mov_b32 v21, v23\nv_dual_add_f32 v22, v20, v23 :: v_dual_add_f32 v23, v21, v20")))
K(scalarwrites,
  PAIR("s_mov_b32 s20, 5\nv_add_f32 v20, s20, v20\ns_mov_b32 s20, 2.0\nv_add_f32 v20, s20, v20\nv_readfirstlane_b32 s20, v21\n"
       "s_nop 4\nv_add_f32 v21, s20, v21\nv_fma_f32 v22, s20, v22, v22\ns_add_u32 s20, s20, s20\nv_xor_b32 v23, s20, v23\n"
       "s_mov_b32 s24, s20\ns_mov_b32 s25, 2\nv_mov_b32 v24, 1\nv_mov_b32 v25, 0\nv_lshlrev_b64 v[24:25], v24, s[24:25]\n"
       "v_xor_b32 v23, v24, v23\nv_add_f32 v23, 0, v23\nv_cvt_f32_u32 v25, v25\nv_add_f32 v20, v25, v20"))
// v20 to v23 are an array that is indexed by a scalar.
#if defined(__GFX9__)
#define AT(mode, i, to, from) \
  "s_mov_b32 s20, " #i "\ns_set_gpr_idx_on s20, gpr_idx(" mode ")\nv_mov_b32 " to ", " from "\ns_set_gpr_idx_off\n"
#define TO(i, to, from) AT("DST", i, to, from)
#define FROM(i, to, from) AT("SRC0", i, to, from)
#define FROM_TO(i, to, from) AT("SRC0,DST", i, to, from)
#else
#define AT(kind, i, to, from) "s_mov_b32 m0, " #i "\nv_movrel" kind " " to ", " from "\n"
#define TO(i, to, from) AT("d_b32", i, to, from)
#define FROM(i, to, from) AT("s_b32", i, to, from)
#define FROM_TO(i, to, from) AT("sd_b32", i, to, from)
#endif
K(indexed_to, PAIR("s_mov_b32 s21, 7\n" TO(2, "v20", "v21") TO(1, "v20", "42") TO(3, "v20", "s21") TO(0, "v20", "0x12345678")))
K(indexed_from, PAIR(FROM(3, "v21", "v20") FROM(1, "v20", "v21")))
K(indexed_from_to, PAIR(FROM_TO(2, "v21", "v20") FROM_TO(1, "v20", "v21")))
K(indexed_e64, RDNA(PAIR(AT("d_b32_e64", 2, "v20", "v21") AT("s_b32_e64", 2, "v21", "v21") AT("sd_b32_e64", 2, "v21", "v20"))))
K(plvar, GFX12(asm volatile("v_permlane16_var_b32 %0, %0, %0" : "+v"(a))))
K(plxvar, GFX12(asm volatile("v_permlanex16_var_b32 %0, %0, %0" : "+v"(a))))
K(swap32, PAIR("v_swap_b32 v20, v21"))
// pairs that overlap
K(shl64, PAIR("v_lshlrev_b64 v[20:21], v20, v[20:21]"))
K(cvtw, PAIR("v_cvt_f64_u32 v[20:21], v20"))
K(cvtw2, PAIR("v_cvt_f64_u32 v[20:21], v21"))
K(cvtn, PAIR("v_cvt_f64_u32 v[20:21], v20\nv_cvt_f32_f64 v21, v[20:21]"))
#if defined(__GFX9__)
K(mad64, PAIR("v_mad_u64_u32 v[20:21], vcc, v20, v21, v[20:21]"))
#else
K(mad64, PAIR("v_mad_u64_u32 v[20:21], s20, v20, v21, v[20:21]"))
#endif
K(mov64, GFX94(PAIR("v_mov_b64 v[22:23], v[20:21]\nv_mov_b64 v[20:21], v[20:21]")))
K(lshladd64, GFX94(PAIR("v_lshl_add_u64 v[20:21], v[20:21], 1, v[20:21]")))
K(pkf32, GFX9(PAIR("v_pk_add_f32 v[20:21], v[20:21], v[22:23] op_sel:[1,0] op_sel_hi:[0,1]")))
K(pkmov, GFX9(PAIR("v_pk_mov_b32 v[20:21], v[20:21], v[20:21] op_sel:[1,0] op_sel_hi:[1,1]")))
K(sdwa, GFX9(PAIR("v_add_u32_sdwa v20, v20, v20 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_1 src1_sel:WORD_1")))
K(sdwas, GFX9(PAIR("v_add_u32_sdwa v20, sext(v20), v21 dst_sel:BYTE_0 dst_unused:UNUSED_SEXT src0_sel:BYTE_3 src1_sel:DWORD")))
K(mad64p, RDNA(PAIR("v_mad_u64_u32 v[21:22], s20, v20, v21, v[20:21]")))
K(add64p, RDNA(PAIR("v_lshlrev_b64 v[21:22], 4, v[20:21]")))
K(add64q, RDNA(PAIR("v_lshlrev_b64 v[20:21], 4, v[21:22]")))
// halves
K(pk16, PAIR("v_pk_add_u16 v20, v20, v20 op_sel:[1,0] op_sel_hi:[0,1]"))
K(pk16s, PAIR("v_pk_add_u16 v20, v20, v21 clamp"))
K(pkfma, PAIR("v_pk_fma_f16 v20, v20, v21, v20 op_sel:[0,0,1] op_sel_hi:[1,1,0]"))
// masks
#if defined(__GFX9__)
K(carry, PAIR("v_add_co_u32 v20, vcc, v20, v22\nv_addc_co_u32 v21, vcc, v21, v23, vcc\nv_addc_co_u32 v22, vcc, v22, v22, vcc"))
K(cmpx, PAIR("s_mov_b64 s[20:21], exec\nv_cmpx_lt_u32 vcc, v20, v21\nv_mov_b32 v20, v21\nv_mov_b32 v22, 1\ns_mov_b64 exec, s[20:21]"))
K(saveexec,
  PAIR("v_cmp_gt_u32 s[20:21], v20, v21\ns_and_saveexec_b64 s[20:21], s[20:21]\nv_mov_b32 v22, 5\ns_mov_b64 exec, s[20:21]\nv_cmp_gt_u32 "
       "vcc, v20, v21\nv_cndmask_b32 v20, v20, v21, vcc\ns_andn2_b64 vcc, exec, vcc\nv_cndmask_b32 v21, v21, v22, vcc"))
K(vccsrc, PAIR("v_cmp_gt_u32 vcc, v20, v21\nv_cmp_eq_u32 vcc, vcc_lo, v22\nv_cndmask_b32 v20, v20, v21, vcc"))
K(scc, PAIR("s_mov_b32 s20, 0x80000001\ns_add_u32 s20, s20, s20\ns_addc_u32 s20, s20, s20\ns_mov_b64 s[22:23], 0x12345\ns_lshl_b64 "
            "s[22:23], s[22:23], s22\ns_cselect_b32 s23, s23, s22\ns_bfe_u32 s22, s22, 0x80004\nv_mov_b32 v20, s20\nv_mov_b32 v21, "
            "s22\nv_mov_b32 v22, s23"))
#else
K(carry,
  PAIR("v_add_co_u32 v20, vcc_lo, v20, v22\nv_add_co_ci_u32 v21, vcc_lo, v21, v23, vcc_lo\nv_add_co_ci_u32 v22, vcc_lo, v22, v22, vcc_lo"))
K(cmpx, PAIR("s_mov_b32 s20, exec_lo\nv_cmpx_lt_u32 v20, v21\nv_mov_b32 v20, v21\nv_mov_b32 v22, 1\ns_mov_b32 exec_lo, s20"))
K(saveexec,
  PAIR("v_cmp_gt_u32 s20, v20, v21\ns_and_saveexec_b32 s20, s20\nv_mov_b32 v22, 5\ns_mov_b32 exec_lo, s20\nv_cmp_gt_u32 vcc_lo, v20, "
       "v21\nv_cndmask_b32 v20, v20, v21, vcc_lo\ns_and_not1_b32 vcc_lo, exec_lo, vcc_lo\nv_cndmask_b32 v21, v21, v22, vcc_lo"))
K(vccsrc, PAIR("v_cmp_gt_u32 vcc_lo, v20, v21\nv_cmp_eq_u32 vcc_lo, vcc_lo, v22\nv_cndmask_b32 v20, v20, v21, vcc_lo"))
K(scc, PAIR("s_mov_b32 s20, 0x80000001\ns_add_u32 s20, s20, s20\ns_addc_u32 s20, s20, s20\ns_mov_b64 s[22:23], 0x12345\ns_lshl_b64 "
            "s[22:23], s[22:23], s22\ns_cselect_b32 s23, s23, s22\ns_bfe_u32 s22, s22, 0x80004\nv_mov_b32 v20, s20\nv_mov_b32 v21, "
            "s22\nv_mov_b32 v22, s23"))
#endif
// 16-bit results: gfx9 clears the other half, RDNA keeps it
K(half16, PAIR("v_add_f16 v20, v20, v20"))
// output modifiers
K(omod, PAIR("v_add_f32 v20, v20, v21 mul:4\nv_add_f32 v21, v21, v21 div:2\nv_mul_f32 v22, v22, v22 clamp"))
#if defined(__GFX9__)
K(sat, PAIR("v_add_u32 v20, v20, v21 clamp\nv_sub_u32 v21, v21, v22 clamp\nv_add_i32 v22, v22, v23 clamp"))
#else
K(sat, PAIR("v_add_nc_u32 v20, v20, v21 clamp\nv_sub_nc_u32 v21, v21, v22 clamp\nv_add_nc_i32 v22, v22, v23 clamp"))
#endif

typedef _Float16 h4 __attribute__((ext_vector_type(4)));
typedef _Float16 h8 __attribute__((ext_vector_type(8)));
typedef _Float16 h16 __attribute__((ext_vector_type(16)));
typedef float f4 __attribute__((ext_vector_type(4)));
typedef float f8 __attribute__((ext_vector_type(8)));
typedef float f16v __attribute__((ext_vector_type(16)));
__global__ void mat_in_place(float const* A, float const* B, float* D) {  // D = A B + (A B + C), accumulated in place; 16x16, row-major
  [[maybe_unused]] int const l = threadIdx.x;
#if defined(__gfx942__) || defined(__gfx90a__)
  h4 a, b;
  f4 d;
  for (int k = 0; k < 4; k++) {
    a[k] = A[(l % 16) * 16 + l / 16 * 4 + k];
    b[k] = B[(l / 16 * 4 + k) * 16 + l % 16];
    d[k] = D[(l / 16 * 4 + k) * 16 + l % 16];
  }
#if defined(__gfx90a__)
#define MFMA "v_mfma_f32_16x16x16f16"
#else
#define MFMA "v_mfma_f32_16x16x16_f16"
#endif
  asm volatile(MFMA " %0, %1, %2, %0\ns_nop 15\n" MFMA " %0, %1, %2, %0\ns_nop 15\ns_nop 15" : "+v"(d) : "v"(a), "v"(b));
  for (int k = 0; k < 4; k++) D[(l / 16 * 4 + k) * 16 + l % 16] = d[k];
#elif defined(__GFX12__)
  h8 a, b;
  f8 d;
  for (int k = 0; k < 8; k++) {
    a[k] = A[(l % 16) * 16 + l / 16 * 8 + k];
    b[k] = B[(l / 16 * 8 + k) * 16 + l % 16];
    d[k] = D[(l / 16 * 8 + k) * 16 + l % 16];
  }
  asm volatile("v_wmma_f32_16x16x16_f16 %0, %1, %2, %0\nv_nop\nv_nop\nv_nop\nv_nop\nv_wmma_f32_16x16x16_f16 %0, %1, %2, %0"
               : "+v"(d)
               : "v"(a), "v"(b));
  for (int k = 0; k < 8; k++) D[(l / 16 * 8 + k) * 16 + l % 16] = d[k];
#elif defined(__GFX11__)
  h16 a, b;
  f8 d;
  for (int k = 0; k < 16; k++) {
    a[k] = A[(l % 16) * 16 + k];
    b[k] = B[k * 16 + l % 16];
  }
  for (int k = 0; k < 8; k++) d[k] = D[(2 * k + l / 16) * 16 + l % 16];
  asm volatile("v_wmma_f32_16x16x16_f16 %0, %1, %2, %0\nv_nop\nv_nop\nv_nop\nv_nop\nv_wmma_f32_16x16x16_f16 %0, %1, %2, %0"
               : "+v"(d)
               : "v"(a), "v"(b));
  for (int k = 0; k < 8; k++) D[(2 * k + l / 16) * 16 + l % 16] = d[k];
#endif
}
__global__ void mat32(float const* A, float const* B, float* D) {  // 32x32x8, only on MFMA
#if defined(__gfx942__) || defined(__gfx90a__)
  const int l = threadIdx.x;
  h4 a, b;
  for (int k = 0; k < 4; k++) {
    a[k] = A[(l % 32) * 8 + l / 32 * 4 + k];
    b[k] = B[(l / 32 * 4 + k) * 32 + l % 32];
  }
  f16v d = __builtin_amdgcn_mfma_f32_32x32x8f16(a, b, f16v{}, 0, 0, 0);
  for (int r = 0; r < 16; r++) D[(8 * (r / 4) + 4 * (l / 32) + r % 4) * 32 + l % 32] = d[r];
#endif
}

struct State {
  Vec a, b, c, d;
};
typedef std::function<void(State const& in, State& out, u64 m)> Model;
static u64 const lane_masks[3] = {~0ull, 0x5a0ff0c3b7d3913cull, 0x00000000ffff7f01ull};
static u32 mix(u32 x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ x >> 16;
}
static float F(u32 x) {
  float f;
  memcpy(&f, &x, 4);
  return f;
}
static u32 U(float f) {
  u32 x;
  memcpy(&x, &f, 4);
  return x;
}
static void test(char const* name, void (*k)(u32*, u64), Model const& model, bool floats = false) {
  std::string bad;
  for (u64 m : lane_masks) {
    if (W == 32) m &= 0xffffffffull;
    State s;
    u32 seed = 1;
    for (Vec* v : {&s.a, &s.b, &s.c, &s.d})
      for (int i = 0; i < W; i++) {
        u32 x = mix(seed++);
        v->push_back(floats ? U(float(int(x % 4001) - 2000) / 8) : x);
      }
    if (!floats)
      for (int i = 0; i < W; i += 3) {
        s.b[i] = s.a[i] + i % 2;
        s.d[i] = i;
      }
    State want = s;
    model(s, want, m);
    u32* p;
    CK(hipMalloc(reinterpret_cast<void**>(&p), 4 * W * 4));
    Vec const* in[4] = {&s.a, &s.b, &s.c, &s.d};
    Vec const* w[4] = {&want.a, &want.b, &want.c, &want.d};
    for (int i = 0; i < 4; i++) CK(hipMemcpy(p + i * W, in[i]->data(), W * 4, hipMemcpyHostToDevice));
    k<<<1, W>>>(p, m);
    CK(hipGetLastError());
    CK(hipDeviceSynchronize());
    for (int i = 0; i < 4 && bad.empty(); i++) {
      Vec r(W);
      CK(hipMemcpy(r.data(), p + i * W, W * 4, hipMemcpyDeviceToHost));
      for (int l = 0; l < W && bad.empty(); l++)
        if (r[l] != (*w[i])[l]) {
          char t[160];
          snprintf(t, sizeof t, "register %c lane %d is %08x, expected %08x (was %08x, mask %016llx)", "abcd"[i], l, r[l], (*w[i])[l],
                   (*in[i])[l], m);
          bad = t;
        }
    }
    CK(hipFree(p));
  }
  line(name, bad);
}
// A DPP control: source lane, or -1 when there is none.
typedef std::function<int(int)> Map;
static void dpp(char const* name, void (*add)(u32*, u64), void (*mov)(u32*, u64), void (*rd)(u32*, u64), Map map, int rows, int banks,
                bool zero, bool fi = false) {
  auto run = [=](State const& s, State& o, u64 m, int what) {
    for (int l = 0; l < W; l++) {
      if (!(m >> l & 1) || !(rows >> (l / 16) & 1) || !(banks >> (l % 16 / 4) & 1)) continue;
      int q = map(l);
      bool ok = q >= 0 && (fi || (m >> q & 1));
      if (!ok && !zero) continue;
      Vec const& src = what == 2 ? s.b : s.a;
      u32 x = ok ? src[q] : 0;
      o.a[l] = what == 1 ? x : x + s.a[l];
    }
  };
  test((std::string("DPP ") + name + ", add in place").c_str(), add, [=](State const& s, State& o, u64 m) { run(s, o, m, 0); });
  test((std::string("DPP ") + name + ", move in place").c_str(), mov, [=](State const& s, State& o, u64 m) { run(s, o, m, 1); });
  test((std::string("DPP ") + name + ", add another register").c_str(), rd, [=](State const& s, State& o, u64 m) { run(s, o, m, 2); });
}
#define DPPT(n, ...) dpp(#n, n, n##_mov, n##_rd, __VA_ARGS__)
static Model lane(std::function<void(u32&, u32&, u32&, u32&)> f) {  // a function of one lane's registers
  return [=](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        u32 a = s.a[l], b = s.b[l], c = s.c[l], d = s.d[l];
        f(a, b, c, d);
        o.a[l] = a;
        o.b[l] = b;
        o.c[l] = c;
        o.d[l] = d;
      }
  };
}
static u64 pair(u32 lo, u32 hi) { return u64(hi) << 32 | lo; }
static void split(u64 v, u32& lo, u32& hi) {
  lo = u32(v);
  hi = u32(v >> 32);
}
static u64 D(double d) {
  u64 x;
  memcpy(&x, &d, 8);
  return x;
}
static float h2f(u32 h) {
  unsigned short s = h;
  _Float16 f;
  memcpy(&f, &s, 2);
  return f;
}
static u32 f2h(float f) {
  _Float16 h = f;
  unsigned short s;
  memcpy(&s, &h, 2);
  return s;
}

TEST(Dpp, controls_of_rows) {
  auto row = [](int l) { return l & ~15; };
  DPPT(quad, [](int l) { return (l & ~3) | ((l + 1) & 3); }, 15, 15, false);
  DPPT(shl1, [](int l) { return l % 16 < 15 ? l + 1 : -1; }, 15, 15, false);
  DPPT(shl1z, [](int l) { return l % 16 < 15 ? l + 1 : -1; }, 15, 15, true);
  DPPT(shr1, [](int l) { return l % 16 ? l - 1 : -1; }, 15, 15, false);
  DPPT(shr1z, [](int l) { return l % 16 ? l - 1 : -1; }, 15, 15, true);
  DPPT(shr8, [](int l) { return l % 16 >= 8 ? l - 8 : -1; }, 15, 12, false);
  DPPT(ror3, [=](int l) { return row(l) | ((l - 3) & 15); }, 15, 15, false);
  DPPT(mirror, [=](int l) { return row(l) | (15 - l % 16); }, 15, 15, false);
  DPPT(half, [](int l) { return l ^ 7; }, 2, 5, false);
}
TEST(Dpp, broadcasts_of_gfx9) {
  if (!(W == 64)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto row = [](int l) { return l & ~15; };
  DPPT(special1, [=](int l) { return l >= 16 ? row(l) - 1 : -1; }, 10, 15, false);
  DPPT(special2, [](int l) { return l >= 32 ? 31 : -1; }, 12, 15, false);
  DPPT(special3, [=](int l) { return row(l) | 5; }, 15, 15, false);
}
TEST(Dpp, share_and_xmask_of_rdna) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto row = [](int l) { return l & ~15; };
  DPPT(special1, [=](int l) { return row(l) | 5; }, 15, 15, false);
  DPPT(special2, [](int l) { return l ^ 9; }, 15, 15, false);
}
#if defined(__OPTIMIZE__)  // else the lanes that are off have no value in the register
TEST(Dpp, fetch_inactive) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  DPPT(special3, [](int l) { return l % 16 < 15 ? l + 1 : -1; }, 15, 15, false, true);
}
#endif
TEST(Dpp, eight_lanes) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("DPP8 move", dpp8, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = (l & ~7) | ((l + 7) & 7);
        o.a[l] = m >> q & 1 ? s.a[q] : 0;
      }
  });
  test("DPP8 add", dpp8add, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = l | 1;
        o.a[l] = (m >> q & 1 ? s.a[q] : 0) + s.a[l];
      }
  });
  test("VOP3 with DPP8", vop3dpp8, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = l ^ 7;
        u32 x = m >> q & 1 ? s.a[q] : 0;
        o.a[l] = (x << (s.a[l] & 31)) + s.a[l];
      }
  });
}
TEST(Dpp, with_three_operands) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto row = [](int l) { return l & ~15; };
  test("VOP3 with DPP", vop3dpp, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if ((m >> l & 1) && l % 16 && (m >> (l - 1) & 1)) o.a[l] = s.a[l - 1] + 2 * s.a[l];
  });
  test("VOP3 with DPP8", vop3dpp8, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = l ^ 7;
        u32 x = m >> q & 1 ? s.a[q] : 0;
        o.a[l] = (x << (s.a[l] & 31)) + s.a[l];
      }
  });
  test("VOP3 compare with DPP", vop3cmp, [=](State const& s, State& o, u64 m) {
    u32 r = 0;
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = row(l) | ((l - 1) & 15);
        if ((m >> q & 1) && s.a[q] < s.a[l]) r |= 1u << l;
      }
    for (int l = 0; l < W; l++)
      if (m >> l & 1) o.a[l] = r;
  });
}
TEST(Crossbar, permutes_in_place) {
  test("ds_bpermute in place", bperm, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = s.a[l] / 4 % W;
        o.a[l] = m >> q & 1 ? s.a[q] : 0;
      }
  });
  test("ds_permute in place", perm, [](State const& s, State& o, u64 m) {
    Vec r(W, 0);
    for (int l = 0; l < W; l++)
      if (m >> l & 1) r[s.a[l] / 4 % W] = s.a[l];
    for (int l = 0; l < W; l++)
      if (m >> l & 1) o.a[l] = r[l];
  });
  test("ds_permute, data in place", permrd, [](State const& s, State& o, u64 m) {
    Vec r(W, 0);
    for (int l = 0; l < W; l++)
      if (m >> l & 1) r[s.a[l] / 4 % W] = s.b[l];
    for (int l = 0; l < W; l++)
      if (m >> l & 1) o.b[l] = r[l];
  });
}
TEST(Crossbar, swizzle_in_place) {
  test("ds_swizzle swap in place", swz, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = l ^ 4;
        o.a[l] = m >> q & 1 ? s.a[q] : 0;
      }
  });
  test("ds_swizzle quad in place", swzq, [](State const& s, State& o, u64 m) {
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        int q = (l & ~3) | ((l + 3) & 3);
        o.a[l] = m >> q & 1 ? s.a[q] : 0;
      }
  });
}
TEST(Lanes, read_and_write_lane) {
  test("v_readlane, v_readfirstlane", readl, [](State const& s, State& o, u64 m) {
    int f = __builtin_ctzll(m);
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        o.a[l] = s.a[8];
        o.b[l] = s.b[f];
      }
  });
  test("v_writelane", writel, [](State const& s, State& o, u64 m) {
    (void)s;
    if (m >> 9 & 1) o.a[9] = 77;
    if (m >> 3 & 1) o.b[3] = 13;
  });
}
TEST(Lanes, permlane16) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto perm16 = [](bool x, u64 sel, int fi, int bc) {
    return [=](State const& s, State& o, u64 m) {
      for (int l = 0; l < W; l++)
        if (m >> l & 1) {
          int q = ((l & 16) ^ (x ? 16 : 0)) | int(sel >> 4 * (l & 15) & 15);
          if (fi || (m >> q & 1))
            o.a[l] = s.a[q];
          else if (bc)
            o.a[l] = 0;
        }
    };
  };
  test("v_permlane16 in place", pl16, perm16(false, 0x0f1e2d3c76543210ull, 0, 0));
  test("v_permlanex16 in place", plx16, perm16(true, 0x0f1e2d3c76543210ull, 0, 0));
  test("v_permlane16 bound control", pl16bc, perm16(false, 0xeeeeeeee11111111ull, 0, 1));
}
#if defined(__OPTIMIZE__)
TEST(Lanes, permlane16_fetch_inactive) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto perm16 = [](bool x, u64 sel, int fi, int bc) {
    return [=](State const& s, State& o, u64 m) {
      for (int l = 0; l < W; l++)
        if (m >> l & 1) {
          int q = ((l & 16) ^ (x ? 16 : 0)) | int(sel >> 4 * (l & 15) & 15);
          if (fi || (m >> q & 1))
            o.a[l] = s.a[q];
          else if (bc)
            o.a[l] = 0;
        }
    };
  };
  test("v_permlane16 fetch inactive", pl16fi, perm16(false, 0xeeeeeeee11111111ull, 1, 0));
}
#endif
TEST(Lanes, permlane16_var) {
  if (!(is("gfx12"))) GTEST_SKIP() << "not on " << properties().gcnArchName;
  auto var = [](int x) {
    return [=](State const& s, State& o, u64 m) {
      for (int l = 0; l < W; l++)
        if (m >> l & 1) {
          int q = ((l & 16) ^ x) | int(s.a[l] & 15);
          if (m >> q & 1) o.a[l] = s.a[q];
        }
    };
  };
  test("v_permlane16_var in place", plvar, var(0));
  test("v_permlanex16_var in place", plxvar, var(16));
}
TEST(Dual, operands_swap) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("v_dual swap, v_dual add and mul", dualswap, lane([](u32& a, u32& b, u32& c, u32& d) {
         std::swap(a, b);
         float x = F(c), y = F(d);
         c = U(x + y);
         d = U(x * y);
       }),
       true);
}
TEST(Dual, one_half_reads_the_result_of_the_other) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("the second half reads what the first writes", dualread, lane([](u32& a, u32& b, u32& c, u32& d) {
         u32 const x = a;
         a = b;
         b = U(F(x) + F(d));
         float const y = F(c);
         c = U(fmaf(F(b), F(d), y));
         d = U(F(a) * y);
       }),
       true);
  test("the first half reads what the second writes", dualturn, lane([](u32& a, u32& b, u32& c, u32& d) {
         float const y = F(d);
         a = U(fmaf(F(b), F(c), F(a)));
         b = d;
         c = U(F(a) + y);
         d = U(F(b) + F(a));
       }),
       true);
}
TEST(Scalar, operands_of_vectors_follow_writes) {
  test(
      "scalar operands after other writes", scalarwrites,
      [](State const& s, State& o, u64 m) {
        u32 const first = s.b[__builtin_ctzll(m)];
        for (int l = 0; l < W; l++)
          if (m >> l & 1) {
            o.a[l] = U(F(U(F(s.a[l]) + F(5))) + 2.0f);
            o.b[l] = U(F(s.b[l]) + F(first));
            o.c[l] = U(fmaf(F(first), F(s.c[l]), F(s.c[l])));
            u64 const pair = (u64(2) << 32 | (first + first)) << 1;
            o.d[l] = U(F(s.d[l] ^ (first + first) ^ u32(pair)) + 0.0f);
            o.a[l] = U(F(o.a[l]) + float(u32(pair >> 32)));
          }
      },
      true);
}
TEST(Pairs, swap) {
  test("v_swap_b32", swap32, lane([](u32& a, u32& b, u32&, u32&) { std::swap(a, b); }));
}
TEST(Pairs, overlap_their_sources) {
  test("v_lshlrev_b64, shift count in the result", shl64, lane([](u32& a, u32& b, u32&, u32&) { split(pair(a, b) << (a & 63), a, b); }));
  test("v_cvt_f64_u32 over its source", cvtw, lane([](u32& a, u32& b, u32&, u32&) { split(D(a), a, b); }));
  test("v_cvt_f64_u32 over its source, high", cvtw2, lane([](u32& a, u32& b, u32&, u32&) { split(D(b), a, b); }));
  test("v_cvt_f32_f64 into half of its source", cvtn, lane([](u32& a, u32& b, u32&, u32&) {
         u32 x = a;
         split(D(x), a, b);
         b = U(float(double(x)));
       }));
  test("v_mad_u64_u32 in place", mad64, lane([](u32& a, u32& b, u32&, u32&) { split(u64(a) * b + pair(a, b), a, b); }));
}
TEST(Pairs, of_gfx94) {
  if (!(is("gfx94"))) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("v_mov_b64", mov64, lane([](u32& a, u32& b, u32& c, u32& d) {
         c = a;
         d = b;
       }));
  test("v_lshl_add_u64 in place", lshladd64, lane([](u32& a, u32& b, u32&, u32&) { split((pair(a, b) << 1) + pair(a, b), a, b); }));
}
TEST(Pairs, packed_floats_with_crossed_halves) {
  if (!(W == 64)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("v_pk_add_f32 with crossed halves", pkf32, lane([](u32& a, u32& b, u32& c, u32& d) {
         u32 lo = U(F(b) + F(c)), hi = U(F(a) + F(d));
         a = lo;
         b = hi;
       }),
       true);
  test("v_pk_mov_b32 swaps", pkmov, lane([](u32& a, u32& b, u32&, u32&) { std::swap(a, b); }));
}
TEST(Pairs, result_beside_the_source) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("v_mad_u64_u32, result beside the addend", mad64p, lane([](u32& a, u32& b, u32& c, u32&) { split(u64(a) * b + pair(a, b), b, c); }));
  test("v_lshlrev_b64, pair moved up", add64p, lane([](u32& a, u32& b, u32& c, u32&) { split(pair(a, b) << 4, b, c); }));
  test("v_lshlrev_b64, pair moved down", add64q, lane([](u32& a, u32& b, u32& c, u32&) { split(pair(b, c) << 4, a, b); }));
}
TEST(Sdwa, selects_in_place) {
  if (!(W == 64)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("SDWA, preserve", sdwa, lane([](u32& a, u32&, u32&, u32&) { a = (a & 0xffff) | ((a >> 8 & 255) + (a >> 16)) << 16; }));
  test("SDWA, sign-extended", sdwas, lane([](u32& a, u32& b, u32&, u32&) { a = u32(int((signed char)((int(a) >> 24) + int(b)))); }));
}
TEST(Halves, packed_in_place) {
  test("v_pk_add_u16 with crossed halves", pk16, lane([](u32& a, u32&, u32&, u32&) {
         u32 lo = a & 0xffff, hi = a >> 16;
         a = ((hi + lo) & 0xffff) | (lo + hi) << 16;
       }));
  test("v_pk_add_u16 clamp", pk16s, lane([](u32& a, u32& b, u32&, u32&) {
         u32 lo = (a & 0xffff) + (b & 0xffff), hi = (a >> 16) + (b >> 16);
         a = std::min(lo, 0xffffu) | std::min(hi, 0xffffu) << 16;
       }));
  test(
      "v_pk_fma_f16 with crossed halves", pkfma,
      [](State const& s, State& o, u64 m) {
        (void)s;
        (void)o;
        (void)m;
        for (int l = 0; l < W; l++)
          if (m >> l & 1) {
            u32 a = s.a[l], b = s.b[l];
            auto f = [](u32 x, u32 y, u32 z) { return f2h(float(double(h2f(x & 0xffff)) * h2f(y & 0xffff) + h2f(z & 0xffff))); };
            o.a[l] = f(a, b, a >> 16) | f(a >> 16, b >> 16, a) << 16;
          }
      },
      true);
}
TEST(Halves, other_half_of_the_result) {
  test("v_add_f16: the other half", half16, lane([=](u32& a, u32&, u32&, u32&) {
         u32 r = f2h(h2f(a & 0xffff) + h2f(a & 0xffff));
         a = W == 64 ? r : (a & 0xffff0000u) | r;
       }),
       true);
}
TEST(Masks, carry_in_place) {
  test("add with carry in place", carry, lane([](u32& a, u32& b, u32& c, u32& d) {
         u64 x = u64(a) + c;
         u64 y = u64(b) + d + (x >> 32);
         u64 z = u64(c) + c + (y >> 32);
         a = u32(x);
         b = u32(y);
         c = u32(z);
       }));
}
TEST(Masks, compare_writes_exec) {
  test("v_cmpx", cmpx, lane([](u32& a, u32& b, u32& c, u32&) {
         if (a < b) {
           a = b;
           c = 1;
         }
       }));
}
TEST(Masks, save_exec_and_select) {
  test("s_and_saveexec in place, v_cndmask", saveexec, lane([](u32& a, u32& b, u32& c, u32&) {
         bool g = a > b;
         if (g) c = 5;
         if (g) a = b;
         if (!g) b = c;
       }));
}
TEST(Masks, compare_reads_the_mask_that_it_writes) {
  test("v_cmp that reads the mask it writes", vccsrc, [](State const& s, State& o, u64 m) {
    u64 v = 0;
    for (int l = 0; l < W; l++)
      if ((m >> l & 1) && s.a[l] > s.b[l]) v |= 1ull << l;
    for (int l = 0; l < W; l++)
      if ((m >> l & 1) && u32(v) == s.c[l]) o.a[l] = s.b[l];
  });
}
TEST(Scalar, in_place) {
  test("scalar carry, shift, select, field in place", scc, [](State const&, State& o, u64 m) {
    u64 x = 0x80000001ull * 2;
    u32 s20 = u32(x) + u32(x) + u32(x >> 32);
    u64 y = 0x12345ull << (0x12345 & 63);
    u32 s23 = y ? u32(y >> 32) : u32(y), s22 = u32(y) >> 4 & 255;
    for (int l = 0; l < W; l++)
      if (m >> l & 1) {
        o.a[l] = s20;
        o.b[l] = s22;
        o.c[l] = s23;
      }
  });
}
TEST(Indexed, registers) {
  test("indexed destination", indexed_to, lane([](u32& a, u32& b, u32& c, u32& d) {
         c = b;
         b = 42;
         d = 7;
         a = 0x12345678;
       }));
  test("indexed source", indexed_from, lane([](u32& a, u32& b, u32& c, u32& d) {
         b = d;
         a = c;
       }));
  test("indexed source and destination", indexed_from_to, lane([](u32&, u32& b, u32& c, u32& d) {
         d = c;
         b = c;
       }));
}
TEST(Indexed, long_form) {
  if (!(W == 32)) GTEST_SKIP() << "not on " << properties().gcnArchName;
  test("indexed, VOP3", indexed_e64, lane([](u32&, u32& b, u32& c, u32& d) {
         c = b;
         b = d;
         d = c;
       }));
}
// A conditional move leaves its destination alone if SCC is 0.
__global__ void conditional_moves(u32* out, u32 same) {
#if __HIP_DEVICE_COMPILE__
  u32 a, b, c, d;
  u32 const x = __builtin_amdgcn_readfirstlane(same);
  asm volatile(
      "s_mov_b32 s20, 11\n s_mov_b32 s21, 12\n s_mov_b32 s22, 13\n s_mov_b32 s23, 14\n"
      "s_cmp_eq_u32 %4, 1\n"
      "s_cmov_b32 s20, 21\n s_cmovk_i32 s21, -5\n s_cmov_b64 s[22:23], 31\n"
      "s_mov_b32 %0, s20\n s_mov_b32 %1, s21\n s_mov_b32 %2, s22\n s_mov_b32 %3, s23"
      : "=&s"(a), "=&s"(b), "=&s"(c), "=&s"(d)
      : "s"(x)
      : "s20", "s21", "s22", "s23", "scc");
  u32 const all[4] = {a, b, c, d};
  if (!threadIdx.x)
    for (int i = 0; i < 4; i++) out[i] = all[i];
#endif
}
TEST(Scalar, conditional_moves) {
  u32* p;
  CK(hipMalloc(reinterpret_cast<void**>(&p), 16));
  for (u32 same : {0u, 1u}) {
    conditional_moves<<<1, W>>>(p, same);
    u32 got[4];
    CK(hipMemcpy(got, p, 16, hipMemcpyDeviceToHost));
    u32 const want[2][4] = {{11, 12, 13, 14}, {21, u32(-5), 31, 0}};
    for (int i = 0; i < 4; i++) EXPECT_EQ(got[i], want[same][i]) << i << " SCC " << same;
  }
  CK(hipFree(p));
}
static u32 squared_and_clamped(u32 x) { return U(std::min(F(x) * F(x), 1.0f)); }
TEST(Modifiers, output_is_not_scaled_in_ieee_mode_or_with_denormals) {
  test("output modifiers", omod, lane([](u32& a, u32& b, u32& c, u32&) {
         a = U(F(a) + F(b));
         b = U(F(b) + F(b));
         c = squared_and_clamped(c);
       }),
       true);
}
__global__ void omod_scales(u32* p, u64 m);  // scaled.hip
TEST(Modifiers, output_is_scaled) {
  test("output modifiers", omod_scales, lane([](u32& a, u32& b, u32& c, u32& d) {
         a = U((F(a) + F(b)) * 4);
         b = U((F(b) + F(b)) / 2);
         c = squared_and_clamped(c);
         d = 0;
       }),
       true);
}
TEST(Modifiers, saturation) {
  test("saturating adds", sat, lane([](u32& a, u32& b, u32& c, u32& d) {
         u64 x = u64(a) + b;
         a = x >> 32 ? ~0u : u32(x);
         b = b > c ? b - c : 0;
         long long y = (long long)(int)c + (int)d;
         c = y > 0x7fffffff ? 0x7fffffffu : y < -0x80000000ll ? 0x80000000u : u32(y);
       }));
}

// Integers small enough that every sum is exact.
static std::vector<float> series(int n, int factor, int modulus, float offset, float scale) {
  std::vector<float> v(n);
  for (int i = 0; i < n; i++) v[i] = (i * factor % modulus + offset) * scale;
  return v;
}
TEST(Matrix, accumulates_in_place) {
  std::vector<float> A = series(256, 7, 23, -11, 1), B = series(256, 5, 19, 0, 0.25f), C = series(256, 1, 13, 0, 1);
  Dev<float> a(A), b(B), d(C);
  mat_in_place<<<1, W>>>(a.p, b.p, d.p);
  line("D = 2 A B + C", diff<float>(d.get(), [&](size_t n) {
         float s = 0;
         for (int k = 0; k < 16; k++) s += A[n / 16 * 16 + k] * B[k * 16 + n % 16];
         return 2 * s + C[n];
       }));
}
TEST(Matrix, mfma_32x32x8) {
  if (W != 64) GTEST_SKIP() << "not on " << properties().gcnArchName;
  std::vector<float> A = series(256, 7, 23, -11, 1), B = series(256, 5, 19, 0, 0.25f);
  Dev<float> a(A), b(B), d(1024);
  mat32<<<1, 64>>>(a.p, b.p, d.p);
  line("D = A B", diff<float>(d.get(), [&](size_t n) {
         float s = 0;
         for (int k = 0; k < 8; k++) s += A[n / 32 * 8 + k] * B[k * 32 + n % 32];
         return s;
       }));
}
