// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory instructions that HIP code reaches by builtins or assembly: buffers with bounds, loads from global memory to LDS, exchanges.
#include "support.hpp"

#if defined(__gfx90a__) || defined(__gfx942__)
#define GFX9 1
#endif
using Two = u32 __attribute__((ext_vector_type(2)));
using Four = u32 __attribute__((ext_vector_type(4)));

// ------------------------------------------------------------------------------------------------ buffers
__device__ __amdgpu_buffer_rsrc_t raw(void* p, int bytes) {
#if defined(GFX9)
  return __builtin_amdgcn_make_buffer_rsrc(p, 0, bytes, 0x00027000);
#else
  return __builtin_amdgcn_make_buffer_rsrc(p, 0, bytes, 0x31004000);  // checks bytes
#endif
}
// Loads and stores of all sizes. The buffer ends in the middle of the wave's words.
__global__ void buffers(u32* in, u32* out, int bytes, u32* loaded) {
#if __HIP_DEVICE_COMPILE__
  int const t = threadIdx.x, n = blockDim.x;
  auto const r = raw(in, bytes), w = raw(out, bytes);
  loaded[t] = __builtin_amdgcn_raw_buffer_load_b32(r, 4 * t, 0, 0);
  loaded[n + t] = __builtin_amdgcn_raw_buffer_load_b8(r, 4 * t, 1, 0);
  loaded[2 * n + t] = __builtin_amdgcn_raw_buffer_load_b16(r, 4 * t, 2, 0);
  Four const four = __builtin_amdgcn_raw_buffer_load_b128(r, 4 * t, 0, 0);
  for (int k = 0; k < 4; k++) loaded[(3 + k) * n + t] = four[k];
  Two const two = {u32(t), u32(t) + 1000};
  __builtin_amdgcn_raw_buffer_store_b64(two, w, 8 * t, 0, 0);
#endif
}
TEST(Buffers, words_outside_are_zero_and_are_not_stored) {
  int const words = 45;
  std::vector<u32> in(W + 8), zeros(2 * W);
  for (size_t i = 0; i < in.size(); i++) in[i] = 0x01020304u * u32(i + 1) ^ 0x80u;
  Dev<u32> a(in), b(zeros), c(size_t(7) * W);
  buffers<<<1, W>>>(a.p, b.p, words * 4, c.p);
  auto const got = c.get();
  auto at = [&](int byte, int bytes) -> u32 {
    if (byte + bytes > words * 4) return 0;
    u32 v = 0;
    memcpy(&v, reinterpret_cast<char const*>(in.data()) + byte, bytes);
    return v;
  };
  for (int t = 0; t < W; t++) {
    EXPECT_EQ(got[t], at(4 * t, 4)) << t;
    EXPECT_EQ(got[W + t], at(4 * t + 1, 1)) << t;
    EXPECT_EQ(got[2 * W + t], at(4 * t + 2, 2)) << t;
    for (int k = 0; k < 4; k++) EXPECT_EQ(got[(3 + k) * W + t], at(4 * (t + k), 4)) << t << " word " << k;
  }
  auto const stored = b.get();
  for (int i = 0; i < 2 * W; i++) EXPECT_EQ(stored[i], i < words ? u32(i / 2 + i % 2 * 1000) : 0) << i;
}

// Records of 8 bytes: lane t adds to the second word of record 2t. There are 20 records.
__global__ void records(u32* p, u32* old, u32 flags) {
#if __HIP_DEVICE_COMPILE__
  u32 const t = threadIdx.x;
  u64 const address = reinterpret_cast<u64>(p);
  Four const r = {u32(address), u32(address >> 32) | 8 << 16,
#if defined(GFX9)
                  160,  // bytes: without swizzling gfx9 checks these
#else
                  20,
#endif
                  flags};
  u32 v = t + 1, index = 2 * t;
  Four s;
  for (int k = 0; k < 4; k++) s[k] = __builtin_amdgcn_readfirstlane(r[k]);
#if defined(__gfx942__)
  asm volatile("buffer_atomic_add %0, %1, %2, 0 idxen offset:4 sc0\n s_waitcnt vmcnt(0)" : "+v"(v) : "v"(index), "s"(s) : "memory");
#elif defined(GFX9)
  asm volatile("buffer_atomic_add %0, %1, %2, 0 idxen offset:4 glc\n s_waitcnt vmcnt(0)" : "+v"(v) : "v"(index), "s"(s) : "memory");
#elif defined(__GFX12__)
  asm volatile("buffer_atomic_add_u32 %0, %1, %2, null idxen offset:4 th:TH_ATOMIC_RETURN\n s_wait_loadcnt 0x0"
               : "+v"(v)
               : "v"(index), "s"(s)
               : "memory");
#else
  asm volatile("buffer_atomic_add_u32 %0, %1, %2, 0 idxen offset:4 glc\n s_waitcnt vmcnt(0)" : "+v"(v) : "v"(index), "s"(s) : "memory");
#endif
  old[t] = v;
#endif
}
TEST(Buffers, atomics_on_records) {
  std::vector<u32> in(size_t(4) * W);
  for (size_t i = 0; i < in.size(); i++) in[i] = u32(i) * 10;
  Dev<u32> a(in), b(W);
  records<<<1, W>>>(a.p, b.p, W == 64 ? 0x00027000u : 0x01004000u);
  auto const got = a.get(), old = b.get();
  for (int t = 0; t < W; t++) {
    bool const inside = 2 * t < 20;
    EXPECT_EQ(old[t], inside ? in[4 * t + 1] : 0) << t;
    EXPECT_EQ(got[4 * t + 1], in[4 * t + 1] + (inside ? t + 1 : 0)) << t;
    EXPECT_EQ(got[4 * t], in[4 * t]) << t;
  }
}

// A scalar load beyond the end of the buffer is 0.
__global__ void scalar_buffer(u32* p, u32* out) {
#if __HIP_DEVICE_COMPILE__
  u64 const address = reinterpret_cast<u64>(p);
  Four s;
  u32 const r[4] = {u32(address), u32(address >> 32), 20, 0};
  for (int k = 0; k < 4; k++) s[k] = __builtin_amdgcn_readfirstlane(r[k]);
  Four v;
#if defined(GFX9)
  asm volatile("s_buffer_load_dwordx4 %0, %1, 0x8\n s_waitcnt lgkmcnt(0)" : "=s"(v) : "s"(s));
#elif defined(__GFX12__)
  asm volatile("s_buffer_load_b128 %0, %1, 0x8\n s_wait_kmcnt 0x0" : "=s"(v) : "s"(s));
#else
  asm volatile("s_buffer_load_b128 %0, %1, 0x8\n s_waitcnt lgkmcnt(0)" : "=s"(v) : "s"(s));
#endif
  if (!threadIdx.x)
    for (int k = 0; k < 4; k++) out[k] = v[k];
#endif
}
TEST(Buffers, scalar_loads) {
  Dev<u32> a(std::vector<u32>{1, 2, 3, 4, 5, 6, 7, 8}), b(4);
  scalar_buffer<<<1, W>>>(a.p, b.p);
  EXPECT_EQ(b.get(), (std::vector<u32>{3, 4, 5, 0}));
}

// ------------------------------------------------------------------------------------------------ global memory to LDS
__global__ void to_lds(u32 const* in, u32* out) {
  __shared__ u32 s[64 + 64 + 8];
  u32 const t = threadIdx.x;
  s[t] = s[64 + t] = 7;
  if (t < 8) s[128 + t] = 7;
  __syncthreads();
#if defined(GFX9)
  // M0 has the offset in LDS. Lane t writes word t of it, whatever address it reads. The instruction's offset counts for both.
  u32 const base = __builtin_amdgcn_readfirstlane(u32(reinterpret_cast<u64>(&s[2])));
  u32 const* from = in + (t ^ 5);
#if defined(__gfx90a__)
#define LOAD_WORD "global_load_dword %1, off offset:8 lds"
#define LOAD_BYTE "global_load_sbyte %1, off lds"
#else
#define LOAD_WORD "global_load_lds_dword %1, off offset:8"
#define LOAD_BYTE "global_load_lds_sbyte %1, off"
#endif
  if (t != 9) asm volatile("s_mov_b32 m0, %0\n " LOAD_WORD "\n s_waitcnt vmcnt(0)" ::"s"(base), "v"(from) : "memory");
  u32 const second = __builtin_amdgcn_readfirstlane(u32(reinterpret_cast<u64>(&s[68])));
  char const* bytes = reinterpret_cast<char const*>(in) + t;
  asm volatile("s_mov_b32 m0, %0\n " LOAD_BYTE "\n s_waitcnt vmcnt(0)" ::"s"(second), "v"(bytes) : "memory");
#endif
  __syncthreads();
  out[t] = s[t];
  out[64 + t] = s[64 + t];
  if (t < 8) out[128 + t] = s[128 + t];
}
TEST(Lds, loads_from_global_memory) {
  if (W != 64) GTEST_SKIP() << "not on " << properties().gcnArchName;
  std::vector<u32> in(72);
  for (int i = 0; i < 72; i++) in[i] = 0xf1e2d384u + 77 * i;
  Dev<u32> a(in), b(136);
  to_lds<<<1, 64>>>(a.p, b.p);
  auto const got = b.get();
  for (int i = 0; i < 136; i++) {
    u32 want = 7;
    if (i >= 4 && i < 68 && i - 4 != 9) want = in[((i - 4) ^ 5) + 2];
    if (i >= 68 && i < 132) want = u32(int(reinterpret_cast<signed char const*>(in.data())[i - 68]));
    EXPECT_EQ(got[i], want) << i;
  }
}
__global__ void buffer_to_lds(u32* in, u32* out) {
  __shared__ u32 s[64];
  u32 const t = threadIdx.x;
  s[t] = 7;
  __syncthreads();
#if defined(GFX9)
  u64 const address = reinterpret_cast<u64>(in);
  u32 const r[4] = {u32(address), u32(address >> 32), 40 * 4, 0x00027000};
  Four v;
  for (int k = 0; k < 4; k++) v[k] = __builtin_amdgcn_readfirstlane(r[k]);
  u32 const base = __builtin_amdgcn_readfirstlane(u32(reinterpret_cast<u64>(&s[0]))), offset = 4 * (63 - t);
  asm volatile("s_mov_b32 m0, %0\n buffer_load_dword %1, %2, 0 offen lds\n s_waitcnt vmcnt(0)" ::"s"(base), "v"(offset), "s"(v) : "memory");
#endif
  __syncthreads();
  out[t] = s[t];
}
TEST(Lds, loads_from_buffers) {
  if (W != 64) GTEST_SKIP() << "not on " << properties().gcnArchName;
  std::vector<u32> in(64);
  for (int i = 0; i < 64; i++) in[i] = 100 + i;
  Dev<u32> a(in), b(64);
  buffer_to_lds<<<1, 64>>>(a.p, b.p);
  auto const got = b.get();
  for (int t = 0; t < 64; t++) EXPECT_EQ(got[t], 63 - t < 40 ? in[63 - t] : 0) << t;  // outside: 0
}

// ------------------------------------------------------------------------------------------------ rare operations on LDS
__global__ void lds_operations(u32* out) {
  __shared__ __attribute__((aligned(16))) u32 s[256];
  [[maybe_unused]] u32 const t = threadIdx.x, n = blockDim.x;
  for (u32 i = t; i < 256; i += n) s[i] = i < 64 ? i : i < 128 ? 936 + i : i < 250 ? 10 * (i - 128) : 500;
  __syncthreads();
#if __HIP_DEVICE_COMPILE__
  u32 const at = u32(reinterpret_cast<u64>(&s[0])) + 4 * t;
  Two old;
#if defined(GFX9)
#define WAIT "\n s_waitcnt lgkmcnt(0)"
  asm volatile("ds_wrxchg2_rtn_b32 %0, %1, %2, %3 offset1:64" WAIT : "=&v"(old) : "v"(at), "v"(t + 5), "v"(t + 6) : "memory");
#elif defined(__GFX12__)
#define WAIT "\n s_wait_dscnt 0x0"
  asm volatile("ds_storexchg_2addr_rtn_b32 %0, %1, %2, %3 offset1:64" WAIT : "=&v"(old) : "v"(at), "v"(t + 5), "v"(t + 6) : "memory");
#else
#define WAIT "\n s_waitcnt lgkmcnt(0)"
  asm volatile("ds_storexchg_2addr_rtn_b32 %0, %1, %2, %3 offset1:64" WAIT : "=&v"(old) : "v"(at), "v"(t + 5), "v"(t + 6) : "memory");
#endif
  out[t] = old[0];
  out[n + t] = old[1];
  out[2 * n + t] = s[t];
  out[3 * n + t] = s[64 + t];
  u32 wrapped = 0;
#if !defined(__GFX12__)
  asm volatile("ds_wrap_rtn_b32 %0, %1, %2, %3 offset:512" WAIT : "=&v"(wrapped) : "v"(at), "v"(100), "v"(7) : "memory");
#else
  wrapped = s[128 + t];
  s[128 + t] = wrapped >= 100 ? wrapped - 100 : wrapped + 7;
#endif
  out[4 * n + t] = wrapped;
  out[5 * n + t] = s[128 + t];
  __syncthreads();
  // Pairs of words; the top bit of each word of the data says whether it is stored.
  Two const data = {t | (t & 1) << 31, (t + 50) | (t & 2) << 30};
  Two pair;
  asm volatile("ds_condxchg32_rtn_b64 %0, %1, %2" WAIT : "=&v"(pair) : "v"(at + 4 * t), "v"(data) : "memory");
  out[6 * n + t] = pair[0];
  out[7 * n + t] = pair[1];
  out[8 * n + t] = s[2 * t];
  out[9 * n + t] = s[2 * t + 1];
  if (t % 3 == 0) {
    out[10 * n + t] = __builtin_amdgcn_ds_append((__attribute__((address_space(3))) int*)&s[250]);
    out[11 * n + t] = __builtin_amdgcn_ds_consume((__attribute__((address_space(3))) int*)&s[251]);
  }
  if (!t) out[12 * n] = s[250];
  if (!t) out[12 * n + 1] = s[251];
#endif
}
TEST(Lds, exchanges_wraps_and_counts) {
  Dev<u32> o(size_t(13) * W);
  lds_operations<<<1, W>>>(o.p);
  auto const got = o.get();
  std::vector<u32> s(256);  // before the conditional exchange
  for (u32 i = 0; i < 256; i++) s[i] = i < u32(W) ? i + 5 : i < 64 ? i : i < 64 + u32(W) ? i - 58 : i + 936;
  u32 const active = (W + 2) / 3;
  for (int t = 0; t < W; t++) {
    EXPECT_EQ(got[t], t) << t;
    EXPECT_EQ(got[W + t], 1000 + t) << t;
    EXPECT_EQ(got[2 * W + t], t + 5) << t;
    EXPECT_EQ(got[3 * W + t], t + 6) << t;
    EXPECT_EQ(got[4 * W + t], 10 * t) << t;
    EXPECT_EQ(got[5 * W + t], 10 * t >= 100 ? 10 * t - 100 : 10 * t + 7) << t;
    u32 const low = s[2 * t], high = s[2 * t + 1];
    EXPECT_EQ(got[6 * W + t], low) << t;
    EXPECT_EQ(got[7 * W + t], high) << t;
    EXPECT_EQ(got[8 * W + t], t & 1 ? t : low) << t;
    EXPECT_EQ(got[9 * W + t], t & 2 ? t + 50 : high) << t;
    if (t % 3 == 0) {
      EXPECT_EQ(got[10 * W + t], 500) << t;
      EXPECT_EQ(got[11 * W + t], 500) << t;
    }
  }
  EXPECT_EQ(got[12 * W], 500 + active);
  EXPECT_EQ(got[12 * W + 1], 500 - active);
}
