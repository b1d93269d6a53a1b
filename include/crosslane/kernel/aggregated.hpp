// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions of a group of lanes as one: where many lanes add to the same object, one of them adds for all.
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/group.hpp>

namespace crosslane {
namespace detail {

template <class T>
struct wrapping_of {
  using type = T;
};
template <std::integral T>
struct wrapping_of<T> {
  using type = std::make_unsigned_t<T>;
};
/// T where sums wrap around.
template <class T>
using wrapping = typename wrapping_of<T>::type;

/// target.fetch_add(total) by the group's leader, its result for all lanes. An order is the leader's own; what makes it that of the others
/// is a sync() of the group, before what releases and behind what acquires.
template <class Group, class T, scope Scope, class Ctx, class Order>
CROSSLANE_FN T add_by_leader(Group const& group, atomic_ref<T, Scope, Ctx> const& target, T total, Order order, source_location where) {
  T before{};
  if constexpr (releases<Order>) group.sync(where);
  if (group.is_leader()) before = target.fetch_add(total, order);
  if constexpr (acquires<Order>) group.sync(where);
  return group.broadcast(before, 0, where);
}

}  // namespace detail

/// target.fetch_add(value) for each lane of the group, as if in the order of ranks, by one atomic addition: every lane gets what was
/// there before its own value. All lanes of the group, and no others, call it, with the same target. The order is each lane's: with
/// `release` the accesses of all lanes come before the addition, with `acquire` behind it. Each of the two costs a sync() of the group.
template <class Group, class T, scope Scope, class Ctx, memory_order Order = relaxed>
CROSSLANE_FN T aggregated_add(Group const& group, atomic_ref<T, Scope, Ctx> const& target, std::type_identity_t<T> value, Order order = {},
                              source_location where = source_location::current()) {
  using sum = detail::wrapping<T>;  // as fetch_add
  auto const [prefix, total] = group.scan_and_total(static_cast<sum>(value), plus{}, sum{}, where);
  T const before = detail::add_by_leader(group, target, static_cast<T>(total), order, where);
  return static_cast<T>(static_cast<sum>(before) + prefix);
}

/// The same where every lane adds 1: without a scan. Lanes that have something to append take their places so:
/// aggregated_increment(xl::wave(ctx).where(has_something), xl::atomic(ctx, used)).
template <class Group, class T, scope Scope, class Ctx, memory_order Order = relaxed>
CROSSLANE_FN T aggregated_increment(Group const& group, atomic_ref<T, Scope, Ctx> const& target, Order order = {},
                                    source_location where = source_location::current()) {
  T const before = detail::add_by_leader(group, target, static_cast<T>(group.size()), order, where);
  using sum = detail::wrapping<T>;
  return static_cast<T>(static_cast<sum>(before) + static_cast<sum>(group.rank()));
}

}  // namespace crosslane
