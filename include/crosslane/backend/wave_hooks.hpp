// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Hooks for native wave operations, in addition to the required primitives (sync_lanes, shuffle, ballot, match_any, match_bits). A backend
/// derives from this class and redeclares the constants of what it supports. If a constant is false, generic code is used.
#pragma once

namespace crosslane::backend {

struct wave_hooks {
  /// Whether a copy to several blocks of a cluster is made by the threads of one block, as the engine does it.
  static constexpr bool copies_for_peers = false;
  /// T reduce<W>(lane_mask<W> members, T const&, Op const&, source_location), and inclusive_scan with the same arguments: for any set of
  /// lanes.
  static constexpr bool has_reduce = false;
  /// T reduce_tile<W, N>(lane_mask<W> members, T const&, Op const&): for full tiles of N lanes.
  template <unsigned W, unsigned N, class T, class Op>
  static constexpr bool has_reduce_tile = false;
  /// T scan_tile<W, N>(lane_mask<W> members, T const&, Op const&, unsigned lane): an inclusive scan, for full tiles of N lanes.
  static constexpr bool has_scan_tile = false;
  /// T exchange<W, Bit>(lane_mask<W> members, T const&): returns the value of the lane whose index differs in one bit. For full tiles.
  static constexpr bool has_exchange = false;
  /// T broadcast_wave<W>(T const&, unsigned source): returns the value of one lane in all lanes of the wave.
  static constexpr bool has_broadcast_wave = false;
  /// expect_in_group(char const* name, value): the next operation of the group has an argument, a number or a pointer, that must be the
  /// same in all lanes. expect_in_block(name, value, source_location): the same for an operation of the block.
  static constexpr bool checks_arguments = false;
  /// Whether threads get a wrong value from an operation whose result is meant for another thread.
  static constexpr bool spoils_results = false;
  /// unsigned rank_in<W>(lane_mask<W>): returns how many lanes of the mask are below the caller.
  static constexpr bool has_rank_in = false;
  /// bool elect<W>(lane_mask<W> members, source_location): returns true in exactly one member. For whole waves, or for any group.
  template <bool WholeWave>
  static constexpr bool has_elect = false;
};

}  // namespace crosslane::backend
