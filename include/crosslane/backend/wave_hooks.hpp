// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Native ways of wave operations that a backend may offer beside the primitives it must have (sync_lanes, shuffle, ballot, match_any,
/// match_bits). A backend derives from this and redeclares the constants of what it has; the generic way is used where they are false.
#pragma once

namespace crosslane::backend {

struct wave_hooks {
  /// T reduce<W>(lane_mask<W> members, T const&, Op const&, source_location), inclusive_scan likewise: for any set of lanes.
  static constexpr bool has_reduce = false;
  /// T reduce_tile<W, N>(lane_mask<W> members, T const&, Op const&): for full tiles of N lanes.
  template <unsigned W, unsigned N, class T, class Op>
  static constexpr bool has_reduce_tile = false;
  /// T scan_tile<W, N>(lane_mask<W> members, T const&, Op const&, unsigned lane): inclusive, for full tiles of N lanes.
  static constexpr bool has_scan_tile = false;
  /// T exchange<W, Bit>(lane_mask<W> members, T const&): the value of the lane whose number differs in one bit; in full tiles.
  static constexpr bool has_exchange = false;
  /// T broadcast_wave<W>(T const&, unsigned source): of one lane for the whole wave.
  static constexpr bool has_broadcast_wave = false;
  /// unsigned rank_in<W>(lane_mask<W>): how many lanes of a mask are below the caller.
  static constexpr bool has_rank_in = false;
  /// bool elect<W>(lane_mask<W> members, source_location): true for exactly one member. Of the lanes of a whole wave, or of any group.
  template <bool WholeWave>
  static constexpr bool has_elect = false;
};

}  // namespace crosslane::backend
