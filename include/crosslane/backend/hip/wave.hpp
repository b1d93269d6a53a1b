// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Wave operations on AMD GPUs. EXEC governs all of them: an inactive lane takes no part, whatever a mask says. They use the compiler's
/// built-ins, which are the same from HIP 5 to 7; HIP's _sync functions exist only since 6.2.
#pragma once

#include <hip/hip_runtime.h>

#include <crosslane/backend/gpu/words.hpp>
#include <crosslane/backend/wave_hooks.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/platform/source_location.hpp>

#include <type_traits>

namespace crosslane::backend {

/// Control codes of data-parallel primitives (DPP): as part of an instruction, a lane reads another lane of its row of 16. See "Data
/// Parallel Primitives" in AMD's ISA documents.
struct dpp {
  static constexpr int swap_neighbours = 0xb1;  ///< quad_perm [1, 0, 3, 2]
  static constexpr int swap_pairs = 0x4e;       ///< quad_perm [2, 3, 0, 1]
  static constexpr int shift_up = 0x110;        ///< row_shr: plus 1 ... 15
  static constexpr int rotate = 0x120;          ///< row_ror: plus 1 ... 15
  static constexpr int mirror = 0x140;          ///< row_mirror
  static constexpr int half_mirror = 0x141;     ///< row_half_mirror
  static constexpr int broadcast_15 = 0x142;    ///< row_bcast:15, the last lane of a row to the next row; gfx9
  static constexpr int broadcast_31 = 0x143;    ///< row_bcast:31, lane 31 to lanes 32 ... 63; gfx9
  static constexpr int exchange = 0x160;        ///< row_xmask: plus 1 ... 15; gfx10 and later
};

struct hip_wave : wave_hooks {
  template <unsigned W, unsigned N, class T, class Op>
  static constexpr bool has_reduce_tile = detail::is_commutative<T, Op>;
  static constexpr bool has_scan_tile = true;
  static constexpr bool has_exchange = true;
  static constexpr bool has_broadcast_wave = true;
  static constexpr bool has_rank_in = true;

  template <unsigned W>
  static CROSSLANE_DEVICE_FN void sync_lanes(lane_mask<W>, source_location) {
    // Lanes run in lockstep, but without fences the compiler may reorder accesses of different lanes.
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
    __builtin_amdgcn_wave_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
  }

  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN T shuffle(lane_mask<W>, T const& value, unsigned source, source_location) {
    return map_words(value, [=](std::uint32_t word) { return std::uint32_t(__builtin_amdgcn_ds_bpermute(int(source * 4), int(word))); });
  }
  /// Returns the value of one lane in the whole wave. `source` is the same in all lanes.
  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN T broadcast_wave(T const& value, unsigned source) {
    int const lane = __builtin_amdgcn_readfirstlane(int(source));
    return map_words(value, [=](std::uint32_t word) { return std::uint32_t(__builtin_amdgcn_readlane(int(word), lane)); });
  }

  template <unsigned W>
  static CROSSLANE_DEVICE_FN lane_mask<W> ballot(lane_mask<W> members, bool predicate, source_location) {
    // Compares in the whole wave (33 means "not equal"): older compilers have no ballot built-in.
    return members & lane_mask<W>::from_word(typename lane_mask<W>::word(__builtin_amdgcn_uicmp(unsigned(predicate), 0u, 33)));
  }

  /// Compares bit by bit, keeping the lanes that agree with the caller so far. There is no loop over lanes, so the cost is independent of
  /// the values.
  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN lane_mask<W> match_any(lane_mask<W> members, T const& value, source_location where) {
    for_words(value, [&](std::uint32_t word) { members = match_bits<W, (sizeof(T) < 4 ? sizeof(T) * 8 : 32)>(members, word, where); });
    return members;
  }
  /// Compares the lowest bits only.
  template <unsigned W, unsigned Bits>
  static CROSSLANE_DEVICE_FN lane_mask<W> match_bits(lane_mask<W> members, unsigned value, source_location where) {
#pragma unroll
    for (unsigned i = 0; i < Bits; ++i) {
      bool const set = (value >> i & 1) != 0;
      lane_mask<W> const ones = ballot<W>(lane_mask<W>::all(), set, where);
      members &= set ? ones : ~ones;
    }
    return members;
  }

  /// Returns the value of the lane whose index differs in one bit.
  template <unsigned W, unsigned Bit, class T>
  static CROSSLANE_DEVICE_FN T exchange(lane_mask<W>, T const& value) {
    if constexpr (Bit == 1) {
      return move<dpp::swap_neighbours>(value);
    } else if constexpr (Bit == 2) {
      return move<dpp::swap_pairs>(value);
    } else if constexpr (Bit == 4) {
      if constexpr (W == 32)
        return move<dpp::exchange + 4>(value);
      else
        return move<dpp::half_mirror>(move<0x1b>(value));  // 3 - i in each quad, then 7 - i: together i ^ 4
    } else if constexpr (Bit == 8) {
      return move<dpp::rotate + 8>(value);
    } else if constexpr (Bit == 16 && W == 32) {
      return swap_rows<0x76543210u, 0xfedcba98u>(value);
    } else if constexpr (Bit == 16) {
      return map_words(
          value, [](std::uint32_t word) { return std::uint32_t(__builtin_amdgcn_ds_swizzle(int(word), 0x401f)); });  // xor 16 in each 32
    } else {
      unsigned const lane = __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u));
      return map_words(value,
                       [=](std::uint32_t word) { return std::uint32_t(__builtin_amdgcn_ds_bpermute(int((lane ^ Bit) * 4), int(word))); });
    }
  }

  /// A commutative reduction of full tiles. Each step is a DPP operand of the operation if the type fills whole registers.
  template <unsigned W, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN T reduce_tile(lane_mask<W> members, T value, Op const& op) {
    if constexpr (N >= 2) value = op(value, move<dpp::swap_neighbours>(value));
    if constexpr (N >= 4) value = op(value, move<dpp::swap_pairs>(value));
    if constexpr (N >= 8) value = op(value, move<dpp::half_mirror>(value));
    if constexpr (N >= 16) value = op(value, move<dpp::mirror>(value));
    if constexpr (N >= 32 && W == 32) value = op(value, exchange<W, 16>(members, value));
    if constexpr (N >= 32 && W == 64) {
      value = op(value, move<dpp::broadcast_15>(value));  // now lanes 31 and 63 have the results of their halves
      if constexpr (N == 64) {
        value = op(value, move<dpp::broadcast_31>(value));
        value = broadcast_wave<W>(value, 63);
      } else {
        unsigned const lane = __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u));
        T const low = broadcast_wave<W>(value, 31), high = broadcast_wave<W>(value, 63);
        value = lane < 32 ? low : high;
      }
    }
    return value;
  }

  /// The inclusive scan of full tiles; operands stay in lane order.
  template <unsigned W, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN T scan_tile(lane_mask<W>, T value, Op const& op, unsigned lane) {
    step<1, N>(value, op, lane, move<dpp::shift_up + 1>(value));
    step<2, N>(value, op, lane, move<dpp::shift_up + 2>(value));
    step<4, N>(value, op, lane, move<dpp::shift_up + 4>(value));
    step<8, N>(value, op, lane, move<dpp::shift_up + 8>(value));
    if constexpr (N >= 32) {
      T const lower = last_of_previous_row<W>(value);
      if ((lane & 16) != 0) value = op(lower, value);
    }
    if constexpr (N == 64) {
      T const lower = move<dpp::broadcast_31>(value);
      if (lane >= 32) value = op(lower, value);
    }
    return value;
  }

  /// Returns how many lanes of the mask are below the caller.
  template <unsigned W>
  static CROSSLANE_DEVICE_FN unsigned rank_in(lane_mask<W> mask) {
    if constexpr (W == 32)
      return __builtin_amdgcn_mbcnt_lo(mask.to_word(), 0u);
    else
      return __builtin_amdgcn_mbcnt_hi(std::uint32_t(mask.to_word() >> 32), __builtin_amdgcn_mbcnt_lo(std::uint32_t(mask.to_word()), 0u));
  }

 private:
  template <int Control, class T>
  static CROSSLANE_DEVICE_FN T move(T const& value) {
    return map_words(value,
                     [](std::uint32_t word) { return std::uint32_t(__builtin_amdgcn_update_dpp(0, int(word), Control, 0xf, 0xf, true)); });
  }

  /// Each lane reads a lane of the other row of 16, chosen by its 4 bits of the selectors. gfx10 and later.
  template <unsigned Low, unsigned High, class T>
  static CROSSLANE_DEVICE_FN T swap_rows(T const& value) {
    return map_words(value, [](std::uint32_t word) {
      auto result = std::uint32_t(__builtin_amdgcn_permlanex16(word, word, Low, High, false, false));
      // LLVM (seen in 19) sinks the instruction into a branch where only some lanes use the result; the source lanes are then inactive.
      asm volatile("" : "+v"(result));
      return result;
    });
  }

  template <unsigned W, class T>
  static CROSSLANE_DEVICE_FN T last_of_previous_row(T const& value) {
    if constexpr (W == 64)
      return move<dpp::broadcast_15>(value);
    else
      return swap_rows<~0u, ~0u>(value);
  }

  template <unsigned Delta, unsigned N, class T, class Op>
  static CROSSLANE_DEVICE_FN void step(T& value, Op const& op, unsigned lane, T const& lower) {
    if constexpr (Delta < N) {
      if (lane % (N < 16 ? N : 16) >= Delta) value = op(lower, value);
    }
  }
};

}  // namespace crosslane::backend
