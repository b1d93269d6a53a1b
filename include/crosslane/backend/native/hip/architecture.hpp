// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The table of AMD architectures. A new architecture is one line.
///
/// A feature is a preprocessor constant because the compiler declares the built-in functions of some features only for the architectures
/// that have them.
#pragma once

#include <crosslane/platform/compiler.hpp>

// Generations, by their instructions for clocks, waits and caches. A wave has 64 lanes in gfx9 and 32 later.
#define CROSSLANE_GFX_GFX9 0x1
#define CROSSLANE_GFX_GFX10 0x2
#define CROSSLANE_GFX_GFX11 0x4
#define CROSSLANE_GFX_GFX12 0x8
#define CROSSLANE_GFX_DOT4 0x10         ///< v_dot4: the four bytes of both operands are signed, or of both unsigned
#define CROSSLANE_GFX_DOT4_MIXED 0x20   ///< v_dot4: each operand has its own sign
#define CROSSLANE_GFX_FP8_FNUZ 0x40     ///< conversions of the 8-bit formats that have no infinity and no negative zero
#define CROSSLANE_GFX_FP8_OCP 0x80      ///< conversions of the OCP 8-bit formats
#define CROSSLANE_GFX_ADD_PAIR 0x100    ///< atomic additions of two 16-bit numbers, correct in shared memory and in all device memory
#define CROSSLANE_GFX_ADD_FLOAT 0x200   ///< atomic additions of float, correct in coarse-grained memory only
#define CROSSLANE_GFX_ADD_DOUBLE 0x400  ///< the same for double
#define CROSSLANE_GFX_ADD_HALVES 0x800  ///< the same for two halves
#define CROSSLANE_GFX_MFMA_1K 0x1000    ///< matrix products of gfx90a
#define CROSSLANE_GFX_MFMA_XF32 0x2000  ///< matrix products of gfx942
#define CROSSLANE_GFX_WMMA_256 0x4000   ///< matrix products of gfx11, whose operands have 256 bits in each lane
#define CROSSLANE_GFX_WMMA_128 0x8000   ///< matrix products of gfx1200 and gfx1201, whose operands have 128 bits

#define CROSSLANE_GFX_2(a, b) (CROSSLANE_GFX_##a | CROSSLANE_GFX_##b)
#define CROSSLANE_GFX_4(a, b, c, d) (CROSSLANE_GFX_2(a, b) | CROSSLANE_GFX_2(c, d))

#if !CROSSLANE_DEVICE_PASS()
#define CROSSLANE_GFX() 0
#elif defined(__gfx906__) || defined(__gfx908__)
#define CROSSLANE_GFX() CROSSLANE_GFX_2(GFX9, DOT4)
#elif defined(__gfx90a__)
#define CROSSLANE_GFX() (CROSSLANE_GFX_4(GFX9, DOT4, ADD_FLOAT, ADD_DOUBLE) | CROSSLANE_GFX_2(ADD_HALVES, MFMA_1K))
#elif defined(__gfx940__) || defined(__gfx941__)
#define CROSSLANE_GFX() CROSSLANE_GFX_4(GFX9, DOT4, FP8_FNUZ, MFMA_XF32)
#elif defined(__gfx942__)
#define CROSSLANE_GFX() (CROSSLANE_GFX_4(GFX9, DOT4, FP8_FNUZ, ADD_PAIR) | CROSSLANE_GFX_MFMA_XF32)
#elif defined(__gfx950__)
#define CROSSLANE_GFX() CROSSLANE_GFX_4(GFX9, DOT4, FP8_OCP, ADD_PAIR)
#elif defined(__GFX9__)
#define CROSSLANE_GFX() CROSSLANE_GFX_GFX9
#elif defined(__gfx1011__) || defined(__gfx1012__) || defined(__gfx1030__) || defined(__gfx1031__) || defined(__gfx1032__) || \
    defined(__gfx1033__) || defined(__gfx1034__) || defined(__gfx1035__) || defined(__gfx1036__)
#define CROSSLANE_GFX() CROSSLANE_GFX_2(GFX10, DOT4)
#elif defined(__GFX10__)
#define CROSSLANE_GFX() CROSSLANE_GFX_GFX10
#elif defined(__gfx1170__) || defined(__gfx1171__) || defined(__gfx1172__)
#define CROSSLANE_GFX() (CROSSLANE_GFX_2(GFX11, DOT4_MIXED) | CROSSLANE_GFX_ADD_FLOAT)
#elif defined(__GFX11__)
#define CROSSLANE_GFX() CROSSLANE_GFX_4(GFX11, DOT4_MIXED, ADD_FLOAT, WMMA_256)
#elif defined(__gfx1200__) || defined(__gfx1201__)
#if __clang_major__ >= 20
#define CROSSLANE_GFX() (CROSSLANE_GFX_4(GFX12, DOT4_MIXED, FP8_OCP, ADD_PAIR) | CROSSLANE_GFX_WMMA_128)
#else  // clang gives the instruction of its built-in function no scope
#define CROSSLANE_GFX() CROSSLANE_GFX_4(GFX12, DOT4_MIXED, FP8_OCP, WMMA_128)
#endif
#elif defined(__GFX12__)
#define CROSSLANE_GFX() CROSSLANE_GFX_GFX12
#else
#error \
    "crosslane: the wave size of this AMD architecture is not known (amdgcnspirv, older than gfx9 or newer than gfx12): name architectures \
of gfx9 to gfx12 with --offload-arch"
#define CROSSLANE_GFX() 0
#endif

// The driver reports 32 lanes for gfx10 and later whatever the flag. Compilers from ROCm 7 on have no macro for the flag.
#if CROSSLANE_DEVICE_PASS() && defined(__AMDGCN_WAVEFRONT_SIZE)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-pragma"
#if (__AMDGCN_WAVEFRONT_SIZE == 64) != ((CROSSLANE_GFX() & CROSSLANE_GFX_GFX9) != 0)
#error "crosslane: compile without -mwavefrontsize64: waves have 64 lanes on gfx9 and 32 on later AMD architectures"
#endif
#pragma clang diagnostic pop
#endif

/// 1 if the architecture of this compiler pass has the feature. 0 in the host pass.
#define CROSSLANE_GFX_HAS(feature) ((CROSSLANE_GFX() & CROSSLANE_GFX_##feature) != 0)
