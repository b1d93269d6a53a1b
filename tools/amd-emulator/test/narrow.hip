// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of 8 and 16 bits, also of one half of a register, in LDS, global memory and by flat addresses. Some lanes are off.
#include "support.hpp"

#if defined(__GFX9__)
#define VECTOR(space, op, older, newer) #space "_" #op "_" #older
#define LDS(op, kind) "ds_" op9_##op "_" #kind
#else
#define VECTOR(space, op, older, newer) #space "_" #op "_" #newer
#define LDS(op, kind) "ds_" #op "_" #kind
#endif
#define op9_load "read"
#define op9_store "write"
#if defined(__GFX12__)
#define WAIT "\ns_wait_loadcnt 0\ns_wait_storecnt 0\ns_wait_dscnt 0"
#elif defined(__GFX11__)
#define WAIT "\ns_waitcnt vmcnt(0) lgkmcnt(0)\ns_waitcnt_vscnt null, 0"
#else
#define WAIT "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
#endif

// Name in global_ and flat_ of gfx9, of RDNA, name in ds_, the register's bits that are loaded or stored, and what they become from x.
#define LOADS(X)                                                            \
  X(ubyte, u8, u8, 0xffffffff, x & 0xff)                                    \
  X(sbyte, i8, i8, 0xffffffff, u32(int(x << 24) >> 24))                     \
  X(ushort, u16, u16, 0xffffffff, x & 0xffff)                               \
  X(sshort, i16, i16, 0xffffffff, u32(int(x << 16) >> 16))                  \
  X(ubyte_d16, d16_u8, u8_d16, 0xffff, x & 0xff)                            \
  X(ubyte_d16_hi, d16_hi_u8, u8_d16_hi, 0xffff0000, x << 24 >> 8)           \
  X(sbyte_d16, d16_i8, i8_d16, 0xffff, u32(int(x << 24) >> 24))             \
  X(sbyte_d16_hi, d16_hi_i8, i8_d16_hi, 0xffff0000, u32(int(x << 24) >> 8)) \
  X(short_d16, d16_b16, u16_d16, 0xffff, x & 0xffff)                        \
  X(short_d16_hi, d16_hi_b16, u16_d16_hi, 0xffff0000, x << 16)
#define STORES(X)                                     \
  X(byte, b8, b8, 0xff, x)                            \
  X(short, b16, b16, 0xffff, x)                       \
  X(byte_d16_hi, d16_hi_b8, b8_d16_hi, 0xff, x >> 16) \
  X(short_d16_hi, d16_hi_b16, b16_d16_hi, 0xffff, x >> 16)

enum Space { lds, global, flat, spaces };
#define LOAD(older, newer, kind, mask, value)                                                                                \
  if (k++ == op) {                                                                                                           \
    if (space == lds) asm volatile(LDS(load, kind) " %0, %1" WAIT : "+v"(r) : "v"(local) : "memory");                        \
    if (space == global) asm volatile(VECTOR(global, load, older, newer) " %0, %1, off" WAIT : "+v"(r) : "v"(p) : "memory"); \
    if (space == flat) asm volatile(VECTOR(flat, load, older, newer) " %0, %1" WAIT : "+v"(r) : "v"(p) : "memory");          \
  }
#define STORE(older, newer, kind, mask, value)                                                                                \
  if (k++ == op) {                                                                                                            \
    if (space == lds) asm volatile(LDS(store, kind) " %1, %0" WAIT : : "v"(r), "v"(local) : "memory");                        \
    if (space == global) asm volatile(VECTOR(global, store, older, newer) " %1, %0, off" WAIT : : "v"(r), "v"(p) : "memory"); \
    if (space == flat) asm volatile(VECTOR(flat, store, older, newer) " %1, %0" WAIT : : "v"(r), "v"(p) : "memory");          \
  }
// Lane t uses the upper half of memory[t] and its own register, registers[t]. The loads come first among the operations.
__global__ void narrow(int op, int space, u32* memory, u32* registers) {
#if __HIP_DEVICE_COMPILE__
  __shared__ u32 values[64];
  int const t = threadIdx.x;
  values[t] = memory[t];
  __syncthreads();
  u32 r = registers[t];
  if (t % 3 != 1) {
    char* const p = reinterpret_cast<char*>(memory + t) + 2;
    u32 const local = u32(reinterpret_cast<u64>(values + t)) + 2;  // the low half of a flat address is the offset in LDS
    int k = 0;
    LOADS(LOAD)
    STORES(STORE)
  }
  registers[t] = r;
  __syncthreads();
  if (space == lds) memory[t] = values[t];
#endif
}

struct Operation {
  char const* name;
  u32 mask, (*value)(u32 x);
};
#define MODEL(older, newer, kind, mask, value) {#newer, mask, [](u32 x) -> u32 { return value; }},
TEST(Narrow, loads_and_stores) {
  Operation const loads[] = {LOADS(MODEL)}, stores[] = {STORES(MODEL)};
  std::vector<u32> memory(W), registers(W);
  for (int t = 0; t < W; t++) {
    memory[t] = u32(t + 1) * 0x9e3779b9u;
    registers[t] = u32(t + 7) * 0x85ebca6bu;
  }
  int const n = std::size(loads);
  for (int op = 0; op < n + int(std::size(stores)); op++)
    for (int space = 0; space < spaces; space++) {
      Dev<u32> m(memory), r(registers);
      narrow<<<1, W>>>(op, space, m.p, r.p);
      auto const in_memory = m.get(), in_registers = r.get();
      Operation const& o = op < n ? loads[op] : stores[op - n];
      for (int t = 0; t < W; t++) {
        std::string const where =
            std::string(op < n ? "load " : "store ") + o.name + " space " + std::to_string(space) + " lane " + std::to_string(t);
        bool const on = t % 3 != 1;
        if (op < n) {
          u32 const bits = is("gfx9") && on ? o.mask : ~0u;  // with ECC, gfx9 does not keep the other half
          u32 const want = on ? (registers[t] & ~o.mask) | (o.value(memory[t] >> 16) & o.mask) : registers[t];
          ASSERT_EQ(in_registers[t] & bits, want & bits) << where;
          ASSERT_EQ(in_memory[t], memory[t]) << where;
        } else {
          u32 const mask = o.mask << 16;
          ASSERT_EQ(in_memory[t], on ? (memory[t] & ~mask) | (o.value(registers[t]) << 16 & mask) : memory[t]) << where;
        }
      }
    }
}
