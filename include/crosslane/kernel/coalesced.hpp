// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A group of any lanes of a wave.
#pragma once

#include <crosslane/kernel/group.hpp>

namespace crosslane {

/// A group of the lanes for which a predicate has the same value; where() of a group returns it. Ranks follow the order of the lanes.
template <class Ctx>
class coalesced_group : public group_operations<coalesced_group<Ctx>, Ctx> {
  using base = group_operations<coalesced_group<Ctx>, Ctx>;

 public:
  using typename base::mask_type;
  static constexpr unsigned max_size = Ctx::wave_size;  ///< the most lanes that the group can have
  static constexpr bool whole_wave = false;             ///< whether the group is known to be a whole wave
  static constexpr bool always_full = false;            ///< whether the group is known to have max_size lanes

  /// Constructs a group from its lanes. `rank` is the rank of the calling lane: the number of members below it.
  CROSSLANE_FN coalesced_group(Ctx const& ctx, mask_type members, unsigned rank)
      : base{ctx}, members_{members}, size_{members.count()}, rank_{rank} {}

  CROSSLANE_FN unsigned size() const { return size_; }      ///< number of lanes of this group
  CROSSLANE_FN unsigned rank() const { return rank_; }      ///< rank of the calling lane in this group
  CROSSLANE_FN mask_type mask() const { return members_; }  ///< the lanes of this group, as lanes of the wave
  /// Returns the lane of the wave that has a rank of this group.
  CROSSLANE_FN unsigned lane(unsigned rank) const {
#if !CROSSLANE_DEVICE_PASS()
    if (rank >= size_) return base::wave_size;  // no lane: the result of nth() could be a lane of the group
#endif
    return members_.nth(rank);
  }
  /// Returns the lane of the wave that has rank 0 in this group.
  CROSSLANE_FN unsigned leader() const { return members_.first(); }

 private:
  friend base;
  template <class T, class Op>
  CROSSLANE_FN T reduce_lanes(T const& value, Op const& op, source_location where) const {
    return this->reduce_to_first(value, op, where);
  }
  template <unsigned M, class T, class Op>
  CROSSLANE_FN T reduce_parts_of(T const& value, Op const& op, source_location where) const {
    return this->template reduce_parts_to_first<M>(value, op, where);
  }
  template <class T, class Op>
  CROSSLANE_FN T scan_lanes(T const& value, Op const& op, source_location where) const {
    return this->scan_by_doubling(value, op, where);
  }

  mask_type members_;
  unsigned size_, rank_;
};

}  // namespace crosslane
