// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products of four waves on sm_90a: wgmma, whose operands are in shared memory, and what a schedule around it needs. Sources: PTX
/// ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions" with the section on shared memory matrix layouts,
/// "mbarrier", "setmaxnreg", "stmatrix".
#pragma once

#include <crosslane/backend/cuda/barriers.hpp>
#include <crosslane/backend/cuda/intrinsics.hpp>
#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

/// 1 in the device pass for sm_90a: no other architecture has the instructions.
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define CROSSLANE_HAS_WGMMA() 1
#else
#define CROSSLANE_HAS_WGMMA() 0
#endif
/// 1 if one of the architectures that the file is compiled for may be sm_90a. The same in all compiler passes.
#if defined(__CUDA_ARCH_LIST__)
#define CROSSLANE_MAY_HAVE_WGMMA() (::crosslane::backend::one_is<__CUDA_ARCH_LIST__>(900))
#else
#define CROSSLANE_MAY_HAVE_WGMMA() 0
#endif

namespace crosslane::backend {

template <int... Architectures>
constexpr bool one_is(int architecture) {
  return ((Architectures == architecture) || ...);
}

// Operands of the sums, from d[i] on, and their places in the text of the instruction.
#define CROSSLANE_SUMS_4(c, i) c(d[i]), c(d[i + 1]), c(d[i + 2]), c(d[i + 3])
#define CROSSLANE_SUMS_8(c, i) CROSSLANE_SUMS_4(c, i), CROSSLANE_SUMS_4(c, i + 4)
#define CROSSLANE_SUMS_16(c, i) CROSSLANE_SUMS_8(c, i), CROSSLANE_SUMS_8(c, i + 8)
#define CROSSLANE_SUMS_32(c, i) CROSSLANE_SUMS_16(c, i), CROSSLANE_SUMS_16(c, i + 16)
#define CROSSLANE_SUMS_64(c, i) CROSSLANE_SUMS_32(c, i), CROSSLANE_SUMS_32(c, i + 32)
#define CROSSLANE_SUMS_96(c, i) CROSSLANE_SUMS_64(c, i), CROSSLANE_SUMS_32(c, i + 64)
#define CROSSLANE_SUMS_128(c, i) CROSSLANE_SUMS_64(c, i), CROSSLANE_SUMS_64(c, i + 64)
#define CROSSLANE_PLACES_32                                              \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15" \
  ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define CROSSLANE_PLACES_64                                                          \
  CROSSLANE_PLACES_32                                                                \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47" \
  ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define CROSSLANE_PLACES_96                                                          \
  CROSSLANE_PLACES_64                                                                \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79" \
  ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define CROSSLANE_PLACES_128                                                                     \
  CROSSLANE_PLACES_96                                                                            \
  ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111" \
  ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define CROSSLANE_FLOAT_SUM(x) "+f"(x)
#define CROSSLANE_INT_SUM(x) "+r"(x)

// What follows the predicate. x and y are the places of the operands that say which of a and b are transposed.
#define CROSSLANE_SIGNS_AND_ORDERS(x, y) ", 1, 1, %" #x ", %" #y
#define CROSSLANE_SIGNS(x, y) ", 1, 1"
#define CROSSLANE_NOTHING(x, y)

/// The instruction with n columns. The operands behind its sums have the places pa, pb, pc, px and py.
#define CROSSLANE_WGMMA(n, sums, types, c, rest, pa, pb, pc, px, py)                                             \
  asm volatile("{\n\t.reg .pred p;\n\tsetp.ne.b32 p, %" #pc ", 0;\n\twgmma.mma_async.sync.aligned.m64n" #n types \
               " {" CROSSLANE_PLACES_##sums "}, %" #pa ", %" #pb ", p" rest(px, py) ";\n\t}"                     \
               : CROSSLANE_SUMS_##sums(c, 0)                                                                     \
               : "l"(a), "l"(b), "r"(int(add)), "n"(int(TransposedA)), "n"(int(TransposedB)))
#define CROSSLANE_WGMMA_OF_N(types, c, rest)                       \
  if constexpr (N == 64)                                           \
    CROSSLANE_WGMMA(64, 32, types, c, rest, 32, 33, 34, 35, 36);   \
  else if constexpr (N == 128)                                     \
    CROSSLANE_WGMMA(128, 64, types, c, rest, 64, 65, 66, 67, 68);  \
  else if constexpr (N == 192)                                     \
    CROSSLANE_WGMMA(192, 96, types, c, rest, 96, 97, 98, 99, 100); \
  else if constexpr (N == 256)                                     \
  CROSSLANE_WGMMA(256, 128, types, c, rest, 128, 129, 130, 131, 132)

/// What four waves do together. All functions are for full waves. The first wave of the group has a rank that is a multiple of 4.
struct cuda_warpgroup {
  static constexpr bool is_compiled = CROSSLANE_HAS_WGMMA(), may_be_compiled = CROSSLANE_MAY_HAVE_WGMMA();
  template <unsigned Count>
  using barriers = cuda_barriers<Count>;
  using tile_stores = cuda_tile_stores;

#if CROSSLANE_HAS_WGMMA()
  /// Starts d = a * b + (add ? d : 0) for 64 rows and N columns. a and b are descriptors of matrices in shared memory. Their contiguous
  /// axis is k, or the other one if `Transposed` is true, for elements of 2 bytes. Lane l of wave w has the sums of rows 16 w + l / 4 + {0,
  /// 8} and of columns 8 j + l % 4 * 2 + {0, 1}: d[4 j + 2 h + i] is that of row ... + 8 h and of column ... + i.
  template <class A, class B, unsigned N, bool TransposedA, bool TransposedB, class C>
  static __device__ __forceinline__ void multiply(C (&d)[N / 2], std::uint64_t a, std::uint64_t b, bool add) {
    static_assert(N == 64 || N == 128 || N == 192 || N == 256);
    if constexpr (std::is_same_v<A, half>) {
      CROSSLANE_WGMMA_OF_N("k16.f32.f16.f16", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS_AND_ORDERS);
    } else if constexpr (std::is_same_v<A, bfloat16>) {
      CROSSLANE_WGMMA_OF_N("k16.f32.bf16.bf16", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS_AND_ORDERS);
    } else if constexpr (std::is_same_v<A, tf32>) {
      CROSSLANE_WGMMA_OF_N("k8.f32.tf32.tf32", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS);
    } else if constexpr (std::is_same_v<A, std::int8_t>) {
      CROSSLANE_WGMMA_OF_N("k32.s32.s8.s8", CROSSLANE_INT_SUM, CROSSLANE_NOTHING);
    } else if constexpr (std::is_same_v<A, fp8_e4m3> && std::is_same_v<B, fp8_e4m3>) {
      CROSSLANE_WGMMA_OF_N("k32.f32.e4m3.e4m3", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS);
    } else if constexpr (std::is_same_v<A, fp8_e4m3>) {
      CROSSLANE_WGMMA_OF_N("k32.f32.e4m3.e5m2", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS);
    } else if constexpr (std::is_same_v<B, fp8_e4m3>) {
      CROSSLANE_WGMMA_OF_N("k32.f32.e5m2.e4m3", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS);
    } else {
      CROSSLANE_WGMMA_OF_N("k32.f32.e5m2.e5m2", CROSSLANE_FLOAT_SUM, CROSSLANE_SIGNS);
    }
  }
  /// Orders earlier accesses to the sums before products that follow.
  static __device__ __forceinline__ void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
  /// Makes a group of the products since the last call.
  static __device__ __forceinline__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
  /// Waits for all groups but the `Pending` youngest. Their operands may be overwritten, and their sums be read.
  template <unsigned Pending>
  static __device__ __forceinline__ void wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
  }
  /// Keeps the compiler from moving accesses to the sums across the call.
  template <class C, unsigned R>
  static __device__ __forceinline__ void pin(C (&d)[R]) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < R; ++i)
      if constexpr (std::is_same_v<C, float>)
        asm volatile("" : "+f"(d[i])::"memory");
      else
        asm volatile("" : "+r"(d[i])::"memory");
  }

  /// Returns the descriptor of a matrix in lines of 128 bytes, swizzled as the copy engine does. Groups of 8 lines lie one after another,
  /// from a multiple of 1024 bytes on. If the contiguous axis is not k, `piece` is the distance of its pieces of 128 bytes.
  static __device__ __forceinline__ std::uint64_t descriptor(void const* matrix, unsigned piece) {
    constexpr std::uint64_t swizzle_128 = 1, group = 8 * 128;
    auto const address = static_cast<unsigned>(__cvta_generic_to_shared(matrix));
    return std::uint64_t{(address & 0x3ffff) >> 4} | std::uint64_t{piece >> 4} << 16 | (group >> 4) << 32 | swizzle_128 << 62;
  }

  /// Lets each lane of the calling waves have more registers, or fewer: a multiple of 8. All waves of the group call it.
  template <unsigned Registers>
  static __device__ __forceinline__ void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
  }
  template <unsigned Registers>
  static __device__ __forceinline__ void give_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
  }

  /// Stores 16 rows and 16 columns of 2-byte elements to shared memory, in the order of the sums. Lane l gives the address of the 8
  /// elements of row l % 16 from column l / 16 * 8 on.
  template <class T>
  static __device__ __forceinline__ void store_matrices(void* line, T const (&elements)[8]) {
    static_assert(sizeof elements == 16);
    unsigned r[4];
    __builtin_memcpy(r, elements, sizeof r);
    asm volatile(
        "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(line))),
        "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
        : "memory");
  }

  /// Returns a value that is the same in all lanes of the wave.
  static __device__ __forceinline__ unsigned uniform(unsigned x) { return __shfl_sync(~0u, x, 0); }
  static __device__ __forceinline__ void sync_wave() { __syncwarp(); }
  /// Fetches a descriptor that the copy engine will need.
  static __device__ __forceinline__ void prefetch(void const* map) { asm volatile("prefetch.tensormap [%0];" ::"l"(map) : "memory"); }
#endif
};

template <std::derived_from<cuda_intrinsics> Native>
struct warpgroup_of<Native> : cuda_warpgroup {};

#undef CROSSLANE_SUMS_4
#undef CROSSLANE_SUMS_8
#undef CROSSLANE_SUMS_16
#undef CROSSLANE_SUMS_32
#undef CROSSLANE_SUMS_64
#undef CROSSLANE_SUMS_96
#undef CROSSLANE_SUMS_128
#undef CROSSLANE_PLACES_32
#undef CROSSLANE_PLACES_64
#undef CROSSLANE_PLACES_96
#undef CROSSLANE_PLACES_128
#undef CROSSLANE_FLOAT_SUM
#undef CROSSLANE_INT_SUM
#undef CROSSLANE_SIGNS_AND_ORDERS
#undef CROSSLANE_SIGNS
#undef CROSSLANE_NOTHING
#undef CROSSLANE_WGMMA
#undef CROSSLANE_WGMMA_OF_N

}  // namespace crosslane::backend
