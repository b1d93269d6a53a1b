// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Operations of every group of lanes. They are written once, over the primitives of a backend.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/lane_mask.hpp>

namespace crosslane {

template <class Ctx>
class coalesced_group;

/// The result of a scan that also returns the total.
template <class T>
struct scan_result {
  T prefix;  ///< the scan
  T total;   ///< the reduction of all values, without the initial value
};

namespace detail {

template <class T>
CROSSLANE_FN constexpr void check_lane_value() {
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: values that cross lanes must be trivially copyable");
  static_assert(sizeof(T) <= 64, "crosslane: values that cross lanes have at most 64 bytes");
}

}  // namespace detail

/// The operations of a group of lanes of a wave. All lanes of the group, and no other lanes, must call an operation, at the same place.
/// Arguments that choose a lane for all (root, delta, bits) must be the same in all lanes: crosslane::checked finds others. A lane's rank
/// in the group is 0 ... size() - 1. Values are trivially copyable and have 1 to 64 bytes. Only sync() orders accesses to memory.
///
/// `Derived` provides size(), rank(), mask() and lane(rank).
template <class Derived, class Ctx>
class group_operations {
 public:
  static constexpr unsigned wave_size = Ctx::wave_size;  ///< lanes of a wave
  using mask_type = lane_mask<wave_size>;                ///< a set of lanes of the wave

  /// Returns whether the calling lane has rank 0. Any lane may call it.
  CROSSLANE_FN bool is_leader() const { return self().rank() == 0; }

  /// Returns true to exactly one lane of the group, which the device chooses. It costs one instruction and needs no rank on devices that
  /// have such an instruction. Elsewhere it is the same as is_leader().
  CROSSLANE_FN bool elect(source_location where = source_location::current()) const {
    if constexpr (Ctx::native_type::template has_elect<Derived::whole_wave>)
      return native().template elect<wave_size>(self().mask(), where);
    else
      return is_leader();
  }

  /// Waits until all lanes of the group have called it. Accesses to memory before it are visible to the group after it.
  CROSSLANE_FN void sync(source_location where = source_location::current()) const {
    native().template sync_lanes<wave_size>(self().mask(), where);
  }

  // --- values of other lanes ---

  /// Returns the value of the lane of rank `source`. Each lane chooses its own `source`. Precondition: source < size().
  template <class T>
  CROSSLANE_FN T shuffle(T const& value, unsigned source, source_location where = source_location::current()) const {
    return from_lane(value, self().lane(source), where);
  }
  /// Returns the value of the lane `delta` ranks below. The lanes that have no such lane get their own value.
  template <class T>
  CROSSLANE_FN T shuffle_up(T const& value, unsigned delta, source_location where = source_location::current()) const {
    expect_same("delta", delta);
    unsigned const rank = self().rank();
    return shuffle(value, rank >= delta ? rank - delta : rank, where);
  }
  /// Returns the value of the lane `delta` ranks above. The lanes that have no such lane get their own value.
  template <class T>
  CROSSLANE_FN T shuffle_down(T const& value, unsigned delta, source_location where = source_location::current()) const {
    expect_same("delta", delta);
    unsigned const rank = self().rank();
    return shuffle(value, delta < self().size() - rank ? rank + delta : rank, where);
  }
  /// Returns the value of the lane of rank `rank() ^ bits`. The lanes that have no such lane get their own value.
  template <class T>
  CROSSLANE_FN T shuffle_xor(T const& value, unsigned bits, source_location where = source_location::current()) const {
    expect_same("bits", bits);
    unsigned const rank = self().rank(), other = rank ^ bits;
    return shuffle(value, other < self().size() ? other : rank, where);
  }
  /// Returns the value of the lane of rank `(rank() + delta) % size()`.
  template <class T>
  CROSSLANE_FN T rotate(T const& value, unsigned delta, source_location where = source_location::current()) const {
    expect_same("delta", delta);
    return shuffle(value, (self().rank() + delta) % self().size(), where);
  }
  /// Returns the value of the lane of rank `root` to all lanes.
  template <class T>
  CROSSLANE_FN T broadcast(T const& value, unsigned root = 0, source_location where = source_location::current()) const {
    if constexpr (Derived::whole_wave && Ctx::native_type::has_broadcast_wave) {
      detail::check_lane_value<T>();
      return native().template broadcast_wave<wave_size>(value, root);
    } else {
      expect_same("root", root);
      return shuffle(value, root, where);
    }
  }

  // --- votes ---

  /// Returns the lanes of the group whose predicate is true, as lanes of the wave.
  CROSSLANE_FN lane_mask<wave_size> ballot(bool predicate, source_location where = source_location::current()) const {
    return native().template ballot<wave_size>(self().mask(), predicate, where);
  }
  /// Returns to all lanes whether the predicate is true for at least one lane.
  CROSSLANE_FN bool any(bool predicate, source_location where = source_location::current()) const {
    return !ballot(predicate, where).empty();
  }
  /// Returns to all lanes whether the predicate is true for all lanes.
  CROSSLANE_FN bool all(bool predicate, source_location where = source_location::current()) const {
    return ballot(predicate, where) == self().mask();
  }
  /// Returns to all lanes whether the predicate is false for all lanes.
  CROSSLANE_FN bool none(bool predicate, source_location where = source_location::current()) const {
    return ballot(predicate, where).empty();
  }

  /// Returns the lanes of the group whose value has the same bytes as the calling lane's. T must have no padding.
  template <class T>
  CROSSLANE_FN lane_mask<wave_size> match_any(T const& value, source_location where = source_location::current()) const {
    check_bytes<T>();
    return native().template match_any<wave_size>(self().mask(), value, where);
  }
  /// Returns the lanes of the group whose value has the same lowest `Bits` bits as the calling lane's. `Bits` is 1 to 32; fewer cost less.
  template <unsigned Bits>
  CROSSLANE_FN lane_mask<wave_size> match_bits(unsigned value, source_location where = source_location::current()) const {
    static_assert(Bits >= 1 && Bits <= 32, "crosslane: match_bits compares 1 to 32 bits");
    return native().template match_bits<wave_size, Bits>(self().mask(), value, where);
  }
  /// Returns to all lanes whether the values of all lanes have the same bytes. T must have no padding.
  template <class T>
  CROSSLANE_FN bool match_all(T const& value, source_location where = source_location::current()) const {
    check_bytes<T>();
    return match_any(value, where) == self().mask();
  }

  // --- sets of lanes ---

  /// Returns how many lanes of a set are below the calling lane: the place of the calling lane among them. Any lane may call it.
  CROSSLANE_FN unsigned rank_in(mask_type lanes) const {
    if constexpr (Ctx::native_type::has_rank_in)
      return native().template rank_in<wave_size>(lanes);
    else
      return lanes.rank(ctx_.lane_rank());
  }
  /// Splits the group by a predicate. The lanes whose predicate is true get the group of these lanes; the others get the group of the
  /// others.
  ///
  ///   auto const odd_or_even = xl::wave(ctx).where(x % 2 != 0);
  ///   int const sum = odd_or_even.reduce(x, xl::plus{});  // of the odd numbers or of the even ones
  CROSSLANE_FN coalesced_group<Ctx> where(bool predicate, source_location place = source_location::current()) const {
    mask_type const holds = ballot(predicate, place), members = predicate ? holds : self().mask() & ~holds;
    return {ctx_, members, rank_in(members)};
  }

  // --- reductions and scans by any associative function object; operands are combined in the order of ranks ---

  /// Returns the reduction of all values to every lane.
  template <class T, class Op>
  CROSSLANE_FN T reduce(T const& value, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    if constexpr (Ctx::native_type::has_reduce) {
      return native().template reduce<wave_size>(self().mask(), value, op, where);
    } else {
      return self().reduce_lanes(value, op, where);
    }
  }

  /// Returns the reduction of the part that contains the calling lane, to each lane of the part. Parts are M neighbouring ranks, from a
  /// multiple of M on; the last part may have fewer. M is a power of two.
  ///
  ///   float const row_sum = xl::wave(ctx).template reduce_parts<8>(x, xl::plus{});
  ///
  /// It costs less than a reduction of tiles, because tiles of one wave need not call together.
  template <unsigned M, class T, class Op>
  CROSSLANE_FN T reduce_parts(T const& value, Op const& op, source_location where = source_location::current()) const {
    static_assert(M > 0 && (M & (M - 1)) == 0 && M <= Derived::max_size,
                  "crosslane: the number of lanes of a part must be a power of two and at most that of the group");
    detail::check_lane_value<T>();
    return self().template reduce_parts_of<M>(value, op, where);
  }

  /// Returns the reduction of the values of ranks 0 ... rank().
  template <class T, class Op>
  CROSSLANE_FN T inclusive_scan(T const& value, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    if constexpr (Ctx::native_type::has_reduce) {
      return native().template inclusive_scan<wave_size>(self().mask(), value, op, where);
    } else {
      return self().scan_lanes(value, op, where);
    }
  }

  /// Returns the reduction of `initial` and the values of ranks 0 ... rank() - 1, in this order.
  template <class T, class Op>
  CROSSLANE_FN T exclusive_scan(T const& value, Op const& op, std::type_identity_t<T> const& initial,
                                source_location where = source_location::current()) const {
    T const lower = exclusive_scan(value, op, where);
    return is_leader() ? initial : op(initial, lower);
  }
  /// Returns the reduction of the values of ranks 0 ... rank() - 1. Rank 0 gets its own value.
  template <class T, class Op>
  CROSSLANE_FN T exclusive_scan(T const& value, Op const& op, source_location where = source_location::current()) const {
    return shuffle_up(inclusive_scan(value, op, where), 1, where);
  }

  /// Returns the inclusive scan and the reduction of all values.
  template <class T, class Op>
  CROSSLANE_FN scan_result<T> inclusive_scan_and_total(T const& value, Op const& op,
                                                       source_location where = source_location::current()) const {
    T const inclusive = inclusive_scan(value, op, where);
    return {inclusive, broadcast(inclusive, self().size() - 1, where)};
  }
  /// Returns the exclusive scan with `initial`, and the reduction of all values without `initial`.
  template <class T, class Op>
  CROSSLANE_FN scan_result<T> exclusive_scan_and_total(T const& value, Op const& op, std::type_identity_t<T> const& initial,
                                                       source_location where = source_location::current()) const {
    auto const [lower, total] = exclusive_scan_and_total(value, op, where);
    return {is_leader() ? initial : op(initial, lower), total};
  }
  /// Returns the exclusive scan and the reduction of all values. The scan of rank 0 is its own value.
  template <class T, class Op>
  CROSSLANE_FN scan_result<T> exclusive_scan_and_total(T const& value, Op const& op,
                                                       source_location where = source_location::current()) const {
    auto const [inclusive, total] = inclusive_scan_and_total(value, op, where);
    return {shuffle_up(inclusive, 1, where), total};
  }

  /// Returns the reduction of the calling lane's segment, from the lane's own value to the end of the segment. A segment begins at rank 0
  /// and at each lane whose `head` is true. The first lane of a segment thus gets the reduction of the whole segment.
  template <class T, class Op>
  CROSSLANE_FN T segmented_reduce(T const& value, bool head, Op const& op, source_location where = source_location::current()) const {
    detail::check_lane_value<T>();
    mask_type const heads = ballot(head, where);
    unsigned const rank = self().rank(), own = self().lane(rank);
    // The first rank beyond the segment: the rank of the next head, or the end.
    mask_type const above = heads & ~mask_type::below(own) & ~mask_type::single(own);
    unsigned const end = above.empty() ? self().size() : self().mask().rank(above.first());
    T result = value;
    for (unsigned delta = 1; delta < self().size(); delta *= 2) {
      T const upper = shuffle_down(result, delta, where);
      if (delta < end - rank) result = op(result, upper);
    }
    return result;
  }

  /// Tells the checker that the next operation of the group has an argument, a number or an address, that must be the same in all lanes.
  /// It is for functions of the library, which call it immediately before the operation, and does nothing on a GPU.
  template <class Value>
  CROSSLANE_FN void expect_same([[maybe_unused]] char const* name, [[maybe_unused]] Value const& value) const {
    if constexpr (Ctx::native_type::checks_arguments) native().expect_in_group(name, value);
  }

 protected:
  /// Constructs the operations, for the groups that derive from this class.
  CROSSLANE_FN explicit group_operations(Ctx const& ctx) : ctx_{ctx} {}

  /// Returns the context of the calling thread, for the groups that derive from this class.
  CROSSLANE_FN Ctx const& ctx() const { return ctx_; }
  /// Returns the primitives of the backend, for the groups that derive from this class.
  CROSSLANE_FN typename Ctx::native_type const& native() const { return ctx_.native(); }

  /// Returns the value of a lane of the wave.
  template <class T>
  CROSSLANE_FN T from_lane(T const& value, unsigned lane, source_location where) const {
    detail::check_lane_value<T>();
    return native().template shuffle<wave_size>(self().mask(), value, lane, where);
  }

  /// An inclusive scan by doubling. After each step a lane holds the reduction of the `2 * delta` ranks that end with its own.
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

  /// A reduction of parts of M ranks by halving. After each step a lane holds the reduction of the `2 * delta` ranks that begin with its
  /// own. The first lane of a part then holds the reduction of the part and broadcasts it.
  template <unsigned M, class T, class Op>
  CROSSLANE_FN T reduce_parts_to_first(T const& value, Op const& op, source_location where) const {
    T result = value;
    unsigned const rank = self().rank(), first = rank / M * M, left = self().size() - first, end = first + (left < M ? left : M);
    for (unsigned delta = 1; delta < M && delta < self().size(); delta *= 2) {
      T const upper = shuffle_down(result, delta, where);
      if (delta < end - rank) result = op(result, upper);
    }
    return shuffle(result, first, where);
  }

  /// A reduction of the group by halving, like reduce_parts_to_first().
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
                  "crosslane: values are matched by their bytes, so their type must have no padding");
  }
  CROSSLANE_FN Derived const& self() const { return static_cast<Derived const&>(*this); }

  [[no_unique_address]] Ctx ctx_;
};

}  // namespace crosslane
