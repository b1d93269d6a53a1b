// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of a whole wave: consecutive addresses, one address, and addresses that are nearly so. The emulator has a fast way for
/// the first two.
#include <array>
#include "support.hpp"

// Which element a lane accesses. t: the lane, n: lanes of the wave.
enum Pattern { consecutive, same, reversed, rotated, strided, last_differs, first_differs, pairs, patterns };
__host__ __device__ inline u32 element(Pattern p, u32 t, u32 n) {
  switch (p) {
    case same: return 3;
    case reversed: return n - 1 - t;
    case rotated: return (t + 1) % n;
    case strided: return 2 * t;
    case last_differs: return t == n - 1 ? 2 * n - 1 : t;
    case first_differs: return t ? t : n;
    case pairs: return t ^ 1;
    default: return t;
  }
}

template <int Words>
struct Item {  // aligned to a word, so that 16 bytes may lie at any word
  u32 w[Words];
};
// Reads elements and writes them where another wave would: to the pattern's place in `out`.
template <int Words, bool Local>
__global__ void move(Item<Words> const* in, Item<Words>* out, int pattern, u64 on) {
  __shared__ Item<Words> a[128], b[128];
  u32 const t = threadIdx.x, n = blockDim.x;
  if constexpr (Local) {
    a[t] = in[t];
    a[n + t] = in[n + t];
    b[t] = b[n + t] = {};
    __syncthreads();
  }
  Item<Words> const* const from = Local ? a : in;
  Item<Words>* const to = Local ? b : out;
  u32 const e = element(Pattern(pattern), t, n);
  Item<Words> const* source = from + e;
  Item<Words>* target = to + (pattern == same ? t : e);
  if constexpr (!Local) asm volatile("" : "+v"(source), "+v"(target));  // all lanes have an address, also those that are off
  if (on >> t & 1) {
    Item<Words> x = *source;
    for (u32 k = 0; k < Words; k++) x.w[k] += k;
    *target = x;
  }
  if constexpr (Local) {
    __syncthreads();
    out[t] = b[t];
    out[n + t] = b[n + t];
  }
}

template <int Words, bool Local>
static void check_moves(size_t shift) {  // shift: words before the first element
  for (u64 on : {~0ull, 0x5a0ff0c3b7d3913cull})
    for (int p = 0; p < patterns; p++) {
      std::vector<u32> in(shift + 2 * W * Words), want(in.size());
      for (size_t i = 0; i < in.size(); i++) in[i] = u32(i * 2654435761u);
      for (int t = 0; t < W; t++)
        if (on >> t & 1)
          for (u32 k = 0; k < Words; k++) {
            u32 const e = element(Pattern(p), t, W), to = p == same ? t : e;
            want[shift + to * Words + k] = in[shift + e * Words + k] + k;
          }
      Dev<u32> a(in), b(in.size());
      move<Words, Local><<<1, W>>>(reinterpret_cast<Item<Words>*>(a.p + shift), reinterpret_cast<Item<Words>*>(b.p + shift), p, on);
      EXPECT_EQ(b.get(), want) << Words << " words, pattern " << p << ", shift " << shift << (Local ? ", LDS" : "");
    }
}
TEST(Consecutive, global_memory) {
  for (size_t shift : {0, 1, 3}) {
    check_moves<1, false>(shift);
    check_moves<2, false>(shift);
    check_moves<3, false>(shift);
    check_moves<4, false>(shift);
  }
}
TEST(Consecutive, lds) {
  check_moves<1, true>(0);
  check_moves<2, true>(0);
  check_moves<3, true>(0);
  check_moves<4, true>(0);
}

// ------------------------------------------------------------------------------------------------ findings
__global__ void copy_all(u32 const* in, u32* out) { out[threadIdx.x] = in[threadIdx.x]; }
static hipError_t run_copy(u32 const* in, u32* out) {
  copy_all<<<1, W>>>(in, out);
  hipError_t const e = hipDeviceSynchronize();
  (void)hipGetLastError();
  return e;
}
TEST(Consecutive, bounds_and_unwritten_words) {
  Dev<u32> whole(W), longer(W + 1);
  u32 *shorter, *fresh;
  CK(hipMalloc(reinterpret_cast<void**>(&shorter), 4 * W - 4));
  CK(hipMemset(shorter, 0, 4 * W - 4));
  CK(hipMalloc(reinterpret_cast<void**>(&fresh), 4 * W));
  EXPECT_EQ(run_copy(whole.p, longer.p + 1), hipSuccess);
  EXPECT_EQ(run_copy(longer.p + 1, whole.p), hipSuccess);
  EXPECT_EQ(run_copy(whole.p, shorter), hipErrorIllegalAddress);
  EXPECT_EQ(run_copy(shorter, whole.p), hipErrorIllegalAddress);
  CK(hipMemset(fresh, 0, 4 * W - 4));
  EXPECT_EQ(run_copy(fresh, whole.p), hipErrorIllegalAddress) << "the last word is unwritten";
  EXPECT_EQ(run_copy(whole.p, fresh), hipSuccess);
  EXPECT_EQ(run_copy(fresh, whole.p), hipSuccess);
  CK(hipFree(shorter));
  CK(hipFree(fresh));
}
