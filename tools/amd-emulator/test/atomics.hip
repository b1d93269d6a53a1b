// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Integer atomics on LDS, global memory and flat addresses, of 32 and 64 bits, with and without a result: each lane updates a value of its
/// own, and some lanes are off. The instructions are assembly, because compilers choose among them.
#include "support.hpp"

#if defined(__gfx90a__) || defined(__GFX11__)
#define RETURN " glc"
#elif defined(__GFX12__)
#define RETURN " th:TH_ATOMIC_RETURN"
#else
#define RETURN " sc0"
#endif
#if defined(__GFX12__)
#define WAIT "\ns_wait_loadcnt 0\ns_wait_storecnt 0\ns_wait_dscnt 0"
#elif defined(__GFX11__)
#define WAIT "\ns_waitcnt vmcnt(0) lgkmcnt(0)\ns_waitcnt_vscnt null, 0"
#else
#define WAIT "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
#endif

// Each operation: its name in ds_, its type, its name in global_ of gfx9, its result from the old value o and the operand d.
#define INTEGERS(X, n)                           \
  X(add, u##n, add, o + d)                       \
  X(sub, u##n, sub, o - d)                       \
  X(inc, u##n, inc, o >= d ? 0 : o + 1)          \
  X(dec, u##n, dec, o == 0 || o > d ? d : o - 1) \
  X(min, i##n, smin, is_less(o, d) ? o : d)      \
  X(max, i##n, smax, is_less(o, d) ? d : o)      \
  X(min, u##n, umin, o < d ? o : d)              \
  X(max, u##n, umax, o < d ? d : o)              \
  X(and, b##n, and, o& d)                        \
  X(or, b##n, or, o | d)                         \
  X(xor, b##n, xor, o ^ d)

enum Space { lds, lds_returns, global, global_returns, flat, flat_returns, spaces };
static char const* const space_names[] = {"ds", "ds rtn", "global", "global returns", "flat", "flat returns"};

#if defined(__GFX9__)
#define VECTOR(space, type_, op9, suffix9, name) #space "_atomic_" #op9 suffix9
#else
#define VECTOR(space, type_, op9, suffix9, name) #space "_atomic_" #name "_" #type_
#endif
#define IN_ALL_SPACES(name, type_, op9, suffix9)                                                                                       \
  if (k++ == op) switch (space) {                                                                                                      \
      case lds: asm volatile("ds_" #name "_" #type_ " %0, %1" WAIT : : "v"(local), "v"(d) : "memory"); break;                          \
      case lds_returns: asm volatile("ds_" #name "_rtn_" #type_ " %0, %1, %2" WAIT : "=&v"(r) : "v"(local), "v"(d) : "memory"); break; \
      case global: asm volatile(VECTOR(global, type_, op9, suffix9, name) " %0, %1, off" WAIT : : "v"(p), "v"(d) : "memory"); break;   \
      case global_returns:                                                                                                             \
        asm volatile(VECTOR(global, type_, op9, suffix9, name) " %0, %1, %2, off" RETURN WAIT : "=&v"(r) : "v"(p), "v"(d) : "memory"); \
        break;                                                                                                                         \
      case flat: asm volatile(VECTOR(flat, type_, op9, suffix9, name) " %0, %1" WAIT : : "v"(p), "v"(d) : "memory"); break;            \
      default: asm volatile(VECTOR(flat, type_, op9, suffix9, name) " %0, %1, %2" RETURN WAIT : "=&v"(r) : "v"(p), "v"(d) : "memory"); \
    }
#define WORD(name, type_, op9, result) IN_ALL_SPACES(name, type_, op9, "")
#define PAIR(name, type_, op9, result) IN_ALL_SPACES(name, type_, op9, "_x2")

// Lane t updates memory[t] by operation number op with data[t], and keeps what is returned.
template <class T>
__device__ void update(int op, int space, T* memory, T const* data, T* returned) {
  __shared__ T values[64];
  int const t = threadIdx.x;
  values[t] = memory[t];
  __syncthreads();
  if (t % 3 != 1) {
    [[maybe_unused]] T* const p = space <= lds_returns ? nullptr : memory + t;
    [[maybe_unused]] T const d = data[t];
    T r = 0;
    [[maybe_unused]] u32 const local = u32(reinterpret_cast<u64>(values + t));  // the low half of a flat address is the offset in LDS
    [[maybe_unused]] int k = 0;
#if __HIP_DEVICE_COMPILE__
    if constexpr (sizeof(T) == 4) {
      INTEGERS(WORD, 32)
    } else {
      INTEGERS(PAIR, 64)
    }
#endif
    returned[t] = r;
  }
  __syncthreads();
  if (space <= lds_returns) memory[t] = values[t];
}
__global__ void words(int op, int space, u32* m, u32 const* d, u32* r) { update(op, space, m, d, r); }
__global__ void pairs(int op, int space, u64* m, u64 const* d, u64* r) { update(op, space, m, d, r); }

static bool is_less(u32 a, u32 b) { return int(a) < int(b); }
static bool is_less(u64 a, u64 b) { return (long long)a < (long long)b; }

template <class T>
static void test(void (*kernel)(int, int, T*, T const*, T*), std::vector<std::pair<char const*, T (*)(T, T)>> const& operations) {
  T const top = T(1) << (8 * sizeof(T) - 1), some[] = {0, 1, 2, 7, 7, top, T(top - 1), T(~T(0)), T(0x123456789abcdef0ull), T(top + 5)};
  std::vector<T> old(W), data(W);
  for (int t = 0; t < W; t++) {
    old[t] = some[t % 10];
    data[t] = some[t * 7 / 10 % 10];
  }
  for (int op = 0; op < int(operations.size()); op++)
    for (int space = 0; space < spaces; space++) {
      Dev<T> m(old), d(data), r(std::vector<T>(W, T(99)));
      kernel<<<1, W>>>(op, space, m.p, d.p, r.p);
      auto const got = m.get(), returned = r.get();
      for (int t = 0; t < W; t++) {
        std::string const where = std::string(space_names[space]) + " " + operations[op].first + " lane " + std::to_string(t);
        bool const on = t % 3 != 1;
        ASSERT_EQ(got[t], on ? operations[op].second(old[t], data[t]) : old[t]) << where;
        ASSERT_EQ(returned[t], !on ? T(99) : space % 2 ? old[t] : T(0)) << where;
      }
    }
}
TEST(Atomics, words) {
#define MODEL(name, type_, op9, result) {#name "_" #type_, [](u32 o, u32 d) -> u32 { return result; }},
  test<u32>(words, {INTEGERS(MODEL, 32)});
#undef MODEL
}
TEST(Atomics, pairs_of_words) {
#define MODEL(name, type_, op9, result) {#name "_" #type_, [](u64 o, u64 d) -> u64 { return result; }},
  test<u64>(pairs, {INTEGERS(MODEL, 64)});
#undef MODEL
}
