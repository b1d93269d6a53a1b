// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions of a group of lanes by one operation. If many lanes add to one object, one lane adds for all.
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
/// A type of the size of T whose sums wrap around if T is an integer.
template <class T>
using wrapping = typename wrapping_of<T>::type;

/// The leader of the group calls target.fetch_add(total); all lanes get its result. The order applies only to the leader. A sync() of the
/// group extends it to the other lanes: before the addition for a release, after it for an acquire.
template <class Group, class T, scope Scope, class Ctx, class Order>
CROSSLANE_FN T add_by_leader(Group const& group, atomic_ref<T, Scope, Ctx> const& target, T total, Order order, source_location where) {
  T before{};
  if constexpr (releases<Order>) group.sync(where);
  if (group.is_leader()) before = target.fetch_add(total, order);
  if constexpr (acquires<Order>) group.sync(where);
  group.expect_same("target", target.address());
  return group.broadcast(before, 0, where);
}

}  // namespace detail

/// Adds the values of all lanes of the group to the target by one atomic addition. Returns to each lane the result that
/// target.fetch_add(value) would have if the lanes called it one after another, in the order of ranks. All lanes of the group, and no
/// others, must call it, with the same target: crosslane::checked finds others.
///
/// The order holds for each lane. With `release` the accesses of all lanes come before the addition, with `acquire` after it. Each of these
/// costs a sync() of the group.
///
///   unsigned const first = xl::aggregated_add(xl::wave(ctx), xl::atomic(ctx, used[0]), wanted);
template <class Group, class T, scope Scope, class Ctx, memory_order Order = relaxed>
CROSSLANE_FN T aggregated_add(Group const& group, atomic_ref<T, Scope, Ctx> const& target, std::type_identity_t<T> value, Order order = {},
                              source_location where = source_location::current()) {
  using sum = detail::wrapping<T>;  // wraps around, as in fetch_add()
  auto const [prefix, total] = group.exclusive_scan_and_total(static_cast<sum>(value), plus{}, sum{}, where);
  T const before = detail::add_by_leader(group, target, static_cast<T>(total), order, where);
  return static_cast<T>(static_cast<sum>(before) + prefix);
}

/// Adds 1 for each lane of the group by one atomic addition, without a scan. Otherwise it is like aggregated_add(). Lanes that have
/// something to append get their places with it:
///
///   auto const group = xl::wave(ctx).where(has_something);
///   if (has_something) out[xl::aggregated_increment(group, xl::atomic(ctx, used[0]))] = something;
template <class Group, class T, scope Scope, class Ctx, memory_order Order = relaxed>
CROSSLANE_FN T aggregated_increment(Group const& group, atomic_ref<T, Scope, Ctx> const& target, Order order = {},
                                    source_location where = source_location::current()) {
  T const before = detail::add_by_leader(group, target, static_cast<T>(group.size()), order, where);
  using sum = detail::wrapping<T>;
  return static_cast<T>(static_cast<sum>(before) + static_cast<sum>(group.rank()));
}

}  // namespace crosslane
