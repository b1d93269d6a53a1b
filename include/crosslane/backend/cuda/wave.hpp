// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Wave operations on NVIDIA GPUs.
#pragma once

#include <crosslane/backend/gpu/words.hpp>
#include <crosslane/backend/wave_hooks.hpp>
#include <crosslane/kernel/functional.hpp>
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

  /// One instruction on sm_90 and later, which also tells the compiler that one lane goes on alone.
  template <bool WholeWave>
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
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

  /// One instruction for 32-bit integers, on sm_80 and later.
  template <unsigned W, unsigned N, class T, class Op>
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  static constexpr bool has_reduce_tile =
      N == W && std::is_integral_v<T> && sizeof(T) == 4 && detail::is_commutative<T, Op> && !std::is_same_v<Op, multiplies>;
#else
  static constexpr bool has_reduce_tile = false;
#endif
  template <unsigned W, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN T reduce_tile(T const& value, Op const&) {
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
