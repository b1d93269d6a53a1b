// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What every group of lanes can do, written once over the primitives of a backend.
#pragma once

#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/functional.hpp>
#include <crosslane/kernel/lane_mask.hpp>

namespace crosslane {

/// The reduction of the group, and this lane's part of the scan.
template <class T>
struct scan_result {
  T prefix;  ///< of the ranks below the lane's
  T total;   ///< of all lanes
};

namespace detail {

template <class T>
CROSSLANE_FN constexpr void check_lane_value() {
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: values that cross lanes must be trivially copyable");
  static_assert(sizeof(T) <= 64, "crosslane: values that cross lanes have at most 64 bytes");
}

}  // namespace detail

/// Operations of a group. All lanes of the group, and no others, must call an operation, at the same place and with the same arguments
/// where these choose lanes for all (root, delta). Lanes are named by their rank in the group, 0 ... size() - 1. Values are trivially
/// copyable, 1 to 64 bytes. `Derived` has size(), rank(), mask() and lane(rank).
template <class Derived, class Ctx>
class group_operations {
 public:
  static constexpr unsigned wave_size = Ctx::wave_size;  ///< lanes of a wave
  using mask_type = lane_mask<wave_size>;                ///< sets of lanes of the wave

  /// Whether this lane is the one of rank 0.
  CROSSLANE_FN bool is_leader() const { return self().rank() == 0; }

  /// True for exactly one lane of the group; which, the device chooses. One instruction where it has one, which needs no rank; elsewhere
  /// the same as is_leader().
  CROSSLANE_FN bool elect(source_location where = source_location::current()) const {
    if constexpr (Ctx::native_type::template has_elect<Derived::whole_wave>)
      return native().template elect<wave_size>(self().mask(), where);
    else
      return is_leader();
  }

  /// Waits for all lanes of the group; their accesses to memory before it are visible to the group after it.
  CROSSLANE_FN void sync(source_location where = source_location::current()) const {
    native().template sync_lanes<wave_size>(self().mask(), where);
  }

  // --- values of other lanes ---

  /// The value of the lane of rank `source`, below size(); each lane chooses its own.
  template <class T>
  CROSSLANE_FN T shuffle(T const& value, unsigned source, source_location where = source_location::current()) const {
    return from_lane(value, self().lane(source), where);
  }
  /// The value of the lane `delta` ranks below; the lanes that have none keep their own.
  template <class T>
  CROSSLANE_FN T shuffle_up(T const& value, unsigned delta, source_location where = source_location::current()) const {
    unsigned const rank = self().rank();
    return shuffle(value, rank >= delta ? rank - delta : rank, where);
  }
  /// The value of the lane `delta` ranks above; the lanes that have none keep their own.
  template <class T>
  CROSSLANE_FN T shuffle_down(T const& value, unsigned delta, source_location where = source_location::current()) const {
    unsigned const rank = self().rank();
    return shuffle(value, delta < self().size() - rank ? rank + delta : rank, where);
  }
  /// The value of the lane of rank rank() ^ bits; the lanes for which there is none keep their own.
  template <class T>
  CROSSLANE_FN T shuffle_xor(T const& value, unsigned bits, source_location where = source_location::current()) const {
    unsigned const rank = self().rank(), other = rank ^ bits;
    return shuffle(value, other < self().size() ? other : rank, where);
  }
  /// The value of the lane `delta` ranks above, counted round the group.
  template <class T>
  CROSSLANE_FN T rotate(T const& value, unsigned delta, source_location where = source_location::current()) const {
    return shuffle(value, (self().rank() + delta) % self().size(), where);
  }
  /// The value of the lane of rank `root`, the same for all.
  template <class T>
  CROSSLANE_FN T broadcast(T const& value, unsigned root = 0, source_location where = source_location::current()) const {
    if constexpr (Derived::whole_wave && Ctx::native_type::has_broadcast_wave) {
      detail::check_lane_value<T>();
      return native().template broadcast_wave<wave_size>(value, root);
    } else {
      return shuffle(value, root, where);
    }
  }

  // --- votes ---

  /// The lanes of the group whose predicate holds, as lanes of the wave.
  CROSSLANE_FN lane_mask<wave_size> ballot(bool predicate, source_location where = source_location::current()) const {
    return native().template ballot<wave_size>(self().mask(), predicate, where);
  }
  /// Whether the predicate holds for some lane; the same answer for all.
  CROSSLANE_FN bool any(bool predicate, source_location where = source_location::current()) const {
    return !ballot(predicate, where).empty();
  }
  /// Whether it holds for all lanes.
  CROSSLANE_FN bool all(bool predicate, source_location where = source_location::current()) const {
    return ballot(predicate, where) == self().mask();
  }
  /// Whether it holds for no lane.
  CROSSLANE_FN bool none(bool predicate, source_location where = source_location::current()) const {
    return ballot(predicate, where).empty();
  }

  /// The lanes of the group whose value has the same bytes as this lane's. T has no padding.
  template <class T>
  CROSSLANE_FN lane_mask<wave_size> match_any(T const& value, source_location where = source_location::current()) const {
    check_bytes<T>();
    return native().template match_any<wave_size>(self().mask(), value, where);
  }
  /// The lanes of the group whose value has the same lowest `Bits` bits, 1 to 32: cheap where they are few.
  template <unsigned Bits>
  CROSSLANE_FN lane_mask<wave_size> match_bits(unsigned value, source_location where = source_location::current()) const {
    static_assert(Bits >= 1 && Bits <= 32, "crosslane: match_bits compares 1 to 32 bits");
    return native().template match_bits<wave_size, Bits>(self().mask(), value, where);
  }
  /// Whether all lanes have the same bytes. T has no padding.
  template <class T>
  CROSSLANE_FN bool match_all(T const& value, source_location where = source_location::current()) const {
    check_bytes<T>();
    return match_any(value, where) == self().mask();
  }

  // --- reductions and scans, of any associative function object; operands are combined in the order of ranks ---

  /// The reduction of all values, for every lane.
  template <class T, class Op>
  CROSSLANE_FN T reduce(T const& value, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    if constexpr (Ctx::native_type::has_reduce) {
      return native().template reduce<wave_size>(self().mask(), value, op, where);
    } else {
      return self().reduce_lanes(value, op, where);
    }
  }

  /// The reduction of the values of ranks 0 ... rank().
  template <class T, class Op>
  CROSSLANE_FN T inclusive_scan(T const& value, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    if constexpr (Ctx::native_type::has_reduce) {
      return native().template inclusive_scan<wave_size>(self().mask(), value, op, where);
    } else {
      return self().scan_lanes(value, op, where);
    }
  }

  /// initial op the values of ranks 0 ... rank() - 1.
  template <class T, class Op>
  CROSSLANE_FN T exclusive_scan(T const& value, Op const& op, std::type_identity_t<T> const& initial,
                                source_location where = source_location::current()) const {
    return scan_and_total(value, op, initial, where).prefix;
  }
  /// The same without an initial value: rank 0 gets back its own value.
  template <class T, class Op>
  CROSSLANE_FN T exclusive_scan(T const& value, Op const& op, source_location where = source_location::current()) const {
    return shuffle_up(inclusive_scan(value, op, where), 1, where);
  }
  /// The exclusive scan, and the reduction of all values without the initial one.
  template <class T, class Op>
  CROSSLANE_FN scan_result<T> scan_and_total(T const& value, Op const& op, std::type_identity_t<T> const& initial,
                                             source_location where = source_location::current()) const {
    T const inclusive = inclusive_scan(value, op, where);
    T const total = broadcast(inclusive, self().size() - 1, where);
    T const lower = shuffle_up(inclusive, 1, where);
    return {is_leader() ? initial : op(initial, lower), total};
  }

  /// Reductions of segments: a segment begins at each lane whose `head` holds, and at rank 0. The lane that begins one gets its
  /// reduction; the others get that of the rest of their segment from their own value on.
  template <class T, class Op>
  CROSSLANE_FN T segmented_reduce(T const& value, bool head, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    mask_type const heads = ballot(head, where);
    unsigned const rank = self().rank(), own = self().lane(rank);
    // The first rank behind the segment: that of the next head, or the end.
    mask_type const above = heads & ~mask_type::below(own) & ~mask_type::single(own);
    unsigned const end = above.empty() ? self().size() : self().mask().rank(above.first());
    T result = value;
    for (unsigned delta = 1; delta < self().size(); delta *= 2) {
      T const upper = shuffle_down(result, delta, where);
      if (delta < end - rank) result = op(result, upper);
    }
    return result;
  }

 protected:
  /// For the groups that derive from it.
  CROSSLANE_FN explicit group_operations(Ctx const& ctx) : native_{ctx.native()} {}

  /// The backend's primitives, for the groups that derive from it.
  CROSSLANE_FN typename Ctx::native_type const& native() const { return native_; }

  /// The value of a lane of the wave.
  template <class T>
  CROSSLANE_FN T from_lane(T const& value, unsigned lane, source_location where) const {
    detail::check_lane_value<T>();
    return native().template shuffle<wave_size>(self().mask(), value, lane, where);
  }

  /// A scan by doubling: after each step a lane holds what the `2 * delta` ranks up to its own make.
  template <class T, class Op>
  CROSSLANE_FN T scan_by_doubling(T const& value, Op const& op, source_location where) const {
    T result = value;
    unsigned const rank = self().rank();
    for (unsigned delta = 1; delta < self().size(); delta *= 2) {
      T const lower = shuffle_up(result, delta, where);
      if (rank >= delta) result = op(lower, result);
    }
    return result;
  }

  /// A reduction by halving: after each step a lane holds what `2 * delta` ranks from its own on make. Rank 0 then has all.
  template <class T, class Op>
  CROSSLANE_FN T reduce_to_first(T const& value, Op const& op, source_location where) const {
    T result = value;
    unsigned const rank = self().rank();
    for (unsigned delta = 1; delta < self().size(); delta *= 2) {
      T const upper = shuffle_down(result, delta, where);
      if (delta < self().size() - rank) result = op(result, upper);
    }
    return broadcast(result, 0, where);
  }

 private:
  template <class T>
  CROSSLANE_FN static constexpr void check_bytes() {
    detail::check_lane_value<T>();
    static_assert(std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>,
                  "crosslane: values are matched by their bytes, so the type must have no padding");
  }
  CROSSLANE_FN Derived const& self() const { return static_cast<Derived const&>(*this); }

  [[no_unique_address]] typename Ctx::native_type native_;
};

}  // namespace crosslane
