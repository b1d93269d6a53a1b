// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The wave and its tiles. A tile is a group of 2^k neighbouring lanes.
#pragma once

#include <crosslane/kernel/coalesced.hpp>

#include <concepts>

namespace crosslane {

/// A group of N neighbouring lanes of a wave, aligned to N. With N = wave_size it is the whole wave. If the block size is not a multiple of
/// N, the last group of the block has fewer lanes, and size() says how many.
template <class Ctx, unsigned N>
class tile_group : public group_operations<tile_group<Ctx, N>, Ctx> {
  static_assert(N > 0 && (N & (N - 1)) == 0, "crosslane: the number of lanes of a tile must be a power of two");
  static_assert(N <= Ctx::wave_size, "crosslane: a tile cannot be larger than the wave; tile<64> exists on waves of 64 lanes only");
  using base = group_operations<tile_group<Ctx, N>, Ctx>;

 public:
  using typename base::mask_type;
  static constexpr unsigned wave_size = Ctx::wave_size;  ///< lanes of a wave
  static constexpr unsigned max_size = N;                ///< lanes of a full group
  static constexpr bool whole_wave = N == wave_size;     ///< whether the group is a whole wave: N is wave_size

  /// Constructs the group of the calling thread. wave() and tile() call it.
  CROSSLANE_FN explicit tile_group(Ctx const& ctx) : base{ctx}, lane_{ctx.lane_rank()} {}

  /// Whether all groups are known at compile time to have N lanes. That is so if the kernel fixes a block size that is a multiple of N.
  static constexpr bool always_full = Ctx::shape::fixed && Ctx::shape::threads % N == 0;

  /// Returns the number of lanes of this group.
  CROSSLANE_FN constexpr unsigned size() const {
    if constexpr (always_full) {
      return N;
    } else {
      unsigned const first_thread = this->ctx().thread_rank() / N * N, threads = this->ctx().block_size() - first_thread;
      return threads < N ? threads : N;
    }
  }
  /// Returns the rank of the calling lane in its group.
  CROSSLANE_FN unsigned rank() const { return lane_ % N; }
  /// Returns the rank of the group in its wave. Groups of any lanes have no such rank.
  CROSSLANE_FN unsigned group_rank() const { return lane_ / N; }
  /// Returns the lanes of this group, as lanes of the wave.
  CROSSLANE_FN mask_type mask() const {
    if constexpr (always_full && N == wave_size)
      return mask_type::all();
    else
      return mask_type::from_word(typename mask_type::word(mask_type::first_lanes(size()).to_word() << leader()));
  }
  /// Returns the lane of the wave that has a rank of this group.
  CROSSLANE_FN unsigned lane(unsigned rank) const { return leader() + rank; }
  /// Returns the lane of the wave that has rank 0 in this group.
  CROSSLANE_FN unsigned leader() const {
    if constexpr (N == wave_size)
      return 0;
    else
      return lane_ / N * N;
  }

 private:
  friend base;

  template <class T, class Op>
  CROSSLANE_FN T reduce_lanes(T const& value, Op const& op, source_location where) const {
    if (always_full || size() == N) {
      if constexpr (Ctx::native_type::template has_reduce_tile<wave_size, N, T, Op>)
        return this->native().template reduce_tile<wave_size, N>(mask(), value, op);
      else
        return butterfly<1, N>(value, op, where);
    }
    return this->reduce_to_first(value, op, where);
  }

  template <unsigned M, class T, class Op>
  CROSSLANE_FN T reduce_parts_of(T const& value, Op const& op, source_location where) const {
    if (always_full || size() == N) return butterfly<1, M>(value, op, where);
    return this->template reduce_parts_to_first<M>(value, op, where);
  }

  template <class T, class Op>
  CROSSLANE_FN T scan_lanes(T const& value, Op const& op, source_location where) const {
    if constexpr (Ctx::native_type::has_scan_tile) {
      if (always_full || size() == N) return this->native().template scan_tile<wave_size, N>(mask(), value, op, lane_);
    }
    return this->scan_by_doubling(value, op, where);
  }

  /// Returns the value of the lane whose rank differs in one bit. The group is full.
  template <unsigned Bit, class T>
  CROSSLANE_FN T exchange(T const& value, source_location where) const {
    if constexpr (Ctx::native_type::has_exchange)
      return this->native().template exchange<wave_size, Bit>(mask(), value);
    else
      return this->from_lane(value, lane_ ^ Bit, where);
  }

  /// A reduction by log2(End / Bit) exchanges with the lane whose rank differs in one bit. Every lane gets the reduction of its End lanes.
  template <unsigned Bit, unsigned End, class T, class Op>
  CROSSLANE_FN T butterfly(T const& value, Op const& op, source_location where) const {
    if constexpr (Bit >= End) {
      return value;
    } else {
      T const other = exchange<Bit>(value, where);
      if constexpr (detail::is_commutative<T, Op>)
        return butterfly<Bit * 2, End>(op(value, other), op, where);
      else
        return butterfly<Bit * 2, End>((lane_ & Bit) != 0 ? op(other, value) : op(value, other), op, where);
    }
  }

  unsigned lane_;
};

/// Returns the wave of the calling thread.
template <kernel_context Ctx>
CROSSLANE_FN tile_group<Ctx, Ctx::wave_size> wave(Ctx const& ctx) {
  return tile_group<Ctx, Ctx::wave_size>{ctx};
}

/// Returns the tile of N lanes of the calling thread: `auto t = xl::tile<8>(ctx)`.
template <unsigned N, kernel_context Ctx>
CROSSLANE_FN tile_group<Ctx, N> tile(Ctx const& ctx) {
  return tile_group<Ctx, N>{ctx};
}

}  // namespace crosslane
