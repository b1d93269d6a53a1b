// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Wave operations on NVIDIA GPUs.
#pragma once

#include <crosslane/backend/gpu/words.hpp>
#include <crosslane/backend/native/cuda/architecture.hpp>
#include <crosslane/backend/wave_hooks.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/platform/source_location.hpp>

#include <type_traits>

namespace crosslane::backend {

struct cuda_wave : wave_hooks {
  template <unsigned W>
  static CROSSLANE_DEVICE_FN void sync_lanes(lane_mask<W> members, source_location) {
    __syncwarp(members.to_word());
  }

  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN T shuffle(lane_mask<W> members, T const& value, unsigned source, source_location) {
    return map_words(value, [=](std::uint32_t word) { return __shfl_sync(members.to_word(), word, int(source)); });
  }

  template <unsigned W>
  static CROSSLANE_DEVICE_FN lane_mask<W> ballot(lane_mask<W> members, bool predicate, source_location) {
    return lane_mask<W>::from_word(std::uint32_t{__ballot_sync(members.to_word(), predicate)});
  }

  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN lane_mask<W> match_any(lane_mask<W> members, T const& value, source_location) {
    std::uint32_t same = members.to_word();
    if constexpr (sizeof(T) == 8) {
      unsigned long long bits;
      __builtin_memcpy(&bits, &value, 8);
      same = __match_any_sync(members.to_word(), bits);
    } else {
      for_words(value, [&](std::uint32_t word) { same &= __match_any_sync(members.to_word(), word); });
    }
    return lane_mask<W>::from_word(same);
  }

  /// One instruction on sm_90 and later. It also tells the compiler that a single lane continues.
  template <bool WholeWave>
#if CROSSLANE_SM_HAS(ELECT)
  static constexpr bool has_elect = WholeWave;
#else
  static constexpr bool has_elect = false;
#endif
  template <unsigned W>
  static CROSSLANE_DEVICE_FN bool elect(lane_mask<W> members, source_location) {
    unsigned elected;
    asm volatile("{\n.reg .pred p;\nelect.sync _|p, %1;\nselp.u32 %0, 1, 0, p;\n}" : "=r"(elected) : "r"(members.to_word()));
    return elected != 0;
  }

  /// Compares the lowest bits one by one with ballots. match.sync iterates over the distinct values and is slower than even 8 ballots
  /// (H200: 378 cycles against 94).
  template <unsigned W, unsigned Bits>
  static CROSSLANE_DEVICE_FN lane_mask<W> match_bits(lane_mask<W> members, unsigned value, source_location) {
    std::uint32_t same = members.to_word();
    if (same == ~std::uint32_t{0}) {
#pragma unroll
      for (unsigned i = 0; i < Bits; ++i) {
        std::uint32_t agree;
        asm volatile(
            "{\n\t.reg .pred set;\n\t"
            "setp.ne.u32 set, %1, 0;\n\t"
            "vote.sync.ballot.b32 %0, set, 0xffffffff;\n\t"
            "@!set not.b32 %0, %0;\n\t}"
            : "=r"(agree)
            : "r"(value & (1u << i)));
        same &= agree;
      }
    } else {  // without constant members, the form above makes ptxas (13.0) run out of predicate registers
#pragma unroll
      for (unsigned i = 0; i < Bits; ++i) {
        bool const set = (value >> i & 1) != 0;
        std::uint32_t const ones = __ballot_sync(members.to_word(), set);
        same &= set ? ones : ~ones;
      }
    }
    return lane_mask<W>::from_word(same);
  }

  /// Returns the value of the lane whose index differs in one bit.
  static constexpr bool has_exchange = true;
  template <unsigned W, unsigned Bit, class T>
  static CROSSLANE_DEVICE_FN T exchange(lane_mask<W> members, T const& value) {
    return map_words(value, [=](std::uint32_t word) { return __shfl_xor_sync(members.to_word(), word, int(Bit)); });
  }

  /// The inclusive scan of full tiles.
  static constexpr bool has_scan_tile = true;
  template <unsigned W, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN T scan_tile(lane_mask<W> members, T value, Op const& op, unsigned lane) {
#pragma unroll
    for (unsigned delta = 1; delta < N; delta *= 2) {
      T const lower = map_words(value, [=](std::uint32_t word) { return __shfl_up_sync(members.to_word(), word, delta, int(N)); });
      bool const has_lower = lane % N >= delta;
      if constexpr (std::is_same_v<Op, plus> && std::is_integral_v<T> && sizeof(T) == 4) {
        // For an `if` the compiler generates a select and an addition; this is one predicated addition.
        asm("{\n\t.reg .pred has_lower;\n\t"
            "setp.ne.u32 has_lower, %2, 0;\n\t"
            "@has_lower add.u32 %0, %0, %1;\n\t}"
            : "+r"(value)
            : "r"(lower), "r"(unsigned(has_lower)));
      } else if (has_lower) {
        value = op(lower, value);
      }
    }
    return value;
  }

  /// One instruction for 32-bit integers on sm_80 and later.
  template <unsigned W, unsigned N, class T, class Op>
#if CROSSLANE_SM_HAS(REDUCE)
  static constexpr bool has_reduce_tile =
      N == W && std::is_integral_v<T> && sizeof(T) == 4 && detail::is_commutative<T, Op> && !std::is_same_v<Op, multiplies>;
#else
  static constexpr bool has_reduce_tile = false;
#endif
  template <unsigned W, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN T reduce_tile(lane_mask<W>, T const& value, Op const&) {
    using number = std::conditional_t<std::is_signed_v<T>, int, unsigned>;
    constexpr std::uint32_t mask = ~std::uint32_t{0};
    if constexpr (std::is_same_v<Op, plus>)
      return T(__reduce_add_sync(mask, number(value)));
    else if constexpr (std::is_same_v<Op, minimum>)
      return T(__reduce_min_sync(mask, number(value)));
    else if constexpr (std::is_same_v<Op, maximum>)
      return T(__reduce_max_sync(mask, number(value)));
    else if constexpr (std::is_same_v<Op, bit_and>)
      return T(__reduce_and_sync(mask, unsigned(value)));
    else if constexpr (std::is_same_v<Op, bit_or>)
      return T(__reduce_or_sync(mask, unsigned(value)));
    else
      return T(__reduce_xor_sync(mask, unsigned(value)));
  }
};

}  // namespace crosslane::backend
