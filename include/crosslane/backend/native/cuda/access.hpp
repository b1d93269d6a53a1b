// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of NVIDIA GPUs, with cache hints.
#pragma once

#include <crosslane/backend/native/gpu/access_words.hpp>
#include <crosslane/core/access.hpp>

namespace crosslane::backend {

struct cuda_access {
  template <access Access, class T>
  static CROSSLANE_DEVICE_FN T load(T const* from) {
    if constexpr (Access == access::plain)
      return load_words(from, [](auto const* p) { return *p; });
    else if constexpr (Access == access::streaming)
      return load_words(from, [](auto const* p) { return load_streaming(p); });
    else if constexpr (Access == access::read_only)
      return load_words(from, [](auto const* p) { return load_read_only(p); });
    else
      return load_words(from, [](auto const* p) { return load_volatile(p); });
  }
  template <access Access, class T>
  static CROSSLANE_DEVICE_FN void store(T* to, T const& value) {
    if constexpr (Access == access::plain)
      store_words(to, value, [](auto* p, auto const& words) { *p = words; });
    else if constexpr (Access == access::streaming)
      store_words(to, value, [](auto* p, auto const& words) { store_streaming(p, words); });
    else
      store_words(to, value, [](auto* p, auto const& words) { store_volatile(p, words); });
  }

  static CROSSLANE_DEVICE_FN void prefetch(void const* address) { asm volatile("prefetch.global.L2 [%0];" ::"l"(address)); }

 private:
  // Loads are volatile and clobber memory if the memory may have been written before. A read-only load depends on the address alone: the
  // compiler may remove it or move it out of loops.
#define CROSSLANE_LOAD(Name, Asm, Instruction, ...)                                                        \
  static CROSSLANE_DEVICE_FN access_words<1> Name(access_words<1> const* p) {                              \
    unsigned x;                                                                                            \
    Asm(Instruction ".u8 %0, [%1];" : "=r"(x) : "l"(p)__VA_ARGS__);                                        \
    return {{static_cast<std::uint8_t>(x)}};                                                               \
  }                                                                                                        \
  static CROSSLANE_DEVICE_FN access_words<2> Name(access_words<2> const* p) {                              \
    access_words<2> x;                                                                                     \
    Asm(Instruction ".u16 %0, [%1];" : "=h"(x.word[0]) : "l"(p)__VA_ARGS__);                               \
    return x;                                                                                              \
  }                                                                                                        \
  static CROSSLANE_DEVICE_FN access_words<4> Name(access_words<4> const* p) {                              \
    access_words<4> x;                                                                                     \
    Asm(Instruction ".u32 %0, [%1];" : "=r"(x.word[0]) : "l"(p)__VA_ARGS__);                               \
    return x;                                                                                              \
  }                                                                                                        \
  static CROSSLANE_DEVICE_FN access_words<8> Name(access_words<8> const* p) {                              \
    access_words<8> x;                                                                                     \
    Asm(Instruction ".v2.u32 {%0, %1}, [%2];" : "=r"(x.word[0]), "=r"(x.word[1]) : "l"(p)__VA_ARGS__);     \
    return x;                                                                                              \
  }                                                                                                        \
  static CROSSLANE_DEVICE_FN access_words<16> Name(access_words<16> const* p) {                            \
    access_words<16> x;                                                                                    \
    Asm(Instruction ".v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(x.word[0]), "=r"(x.word[1]), "=r"(x.word[2]), \
        "=r"(x.word[3]) : "l"(p)__VA_ARGS__);                                                              \
    return x;                                                                                              \
  }
  CROSSLANE_LOAD(load_streaming, asm volatile, "ld.global.cs", : "memory")
  CROSSLANE_LOAD(load_read_only, asm, "ld.global.nc")
  CROSSLANE_LOAD(load_volatile, asm volatile, "ld.volatile", : "memory")
#undef CROSSLANE_LOAD

#define CROSSLANE_STORE(Name, Instruction)                                                                                              \
  static CROSSLANE_DEVICE_FN void Name(access_words<1>* p, access_words<1> const& x) {                                                  \
    asm volatile(Instruction ".u8 [%0], %1;" ::"l"(p), "r"(unsigned{x.word[0]}) : "memory");                                            \
  }                                                                                                                                     \
  static CROSSLANE_DEVICE_FN void Name(access_words<2>* p, access_words<2> const& x) {                                                  \
    asm volatile(Instruction ".u16 [%0], %1;" ::"l"(p), "h"(x.word[0]) : "memory");                                                     \
  }                                                                                                                                     \
  static CROSSLANE_DEVICE_FN void Name(access_words<4>* p, access_words<4> const& x) {                                                  \
    asm volatile(Instruction ".u32 [%0], %1;" ::"l"(p), "r"(x.word[0]) : "memory");                                                     \
  }                                                                                                                                     \
  static CROSSLANE_DEVICE_FN void Name(access_words<8>* p, access_words<8> const& x) {                                                  \
    asm volatile(Instruction ".v2.u32 [%0], {%1, %2};" ::"l"(p), "r"(x.word[0]), "r"(x.word[1]) : "memory");                            \
  }                                                                                                                                     \
  static CROSSLANE_DEVICE_FN void Name(access_words<16>* p, access_words<16> const& x) {                                                \
    asm volatile(Instruction ".v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(p), "r"(x.word[0]), "r"(x.word[1]), "r"(x.word[2]), "r"(x.word[3]) \
                 : "memory");                                                                                                           \
  }
  CROSSLANE_STORE(store_streaming, "st.global.cs")
  CROSSLANE_STORE(store_volatile, "st.volatile")
#undef CROSSLANE_STORE
};

}  // namespace crosslane::backend
