// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The scopes and memory orders of atomic operations and fences.
#pragma once

#include <type_traits>

namespace crosslane {

/// The threads among which an operation is atomic and its order holds. A narrow scope is correct if all threads concerned are within it,
/// and costs less on most hardware. If two threads operate on one object at the same time, the scope of each must include the other.
enum class scope : unsigned char {
  wave,    ///< lanes of the caller's wave
  block,   ///< threads of the caller's block
  device,  ///< threads of the device
  system,  ///< threads of all devices and of the host
};

// The orders are those of C++. They are types, so they are known at compile time: counter.fetch_add(1, xl::acquire{}). `value` is the
// constant that compilers give an order.

/// The operation is atomic. Other accesses may move across it.
struct relaxed {
  static constexpr int value = __ATOMIC_RELAXED;  ///< the compiler's constant
};
/// Later accesses stay after the operation. They see the writes before the release whose value the operation reads.
struct acquire {
  static constexpr int value = __ATOMIC_ACQUIRE;  ///< the compiler's constant
};
/// Earlier accesses stay before the operation.
struct release {
  static constexpr int value = __ATOMIC_RELEASE;  ///< the compiler's constant
};
/// Acquire and release.
struct acq_rel {
  static constexpr int value = __ATOMIC_ACQ_REL;  ///< the compiler's constant
};
/// Acquire and release. In addition all threads of the scope see all operations of this order in one order.
struct seq_cst {
  static constexpr int value = __ATOMIC_SEQ_CST;  ///< the compiler's constant
};

namespace detail {

template <class Order>
inline constexpr bool acquires = std::is_same_v<Order, acquire> || std::is_same_v<Order, acq_rel> || std::is_same_v<Order, seq_cst>;
template <class Order>
inline constexpr bool releases = std::is_same_v<Order, release> || std::is_same_v<Order, acq_rel> || std::is_same_v<Order, seq_cst>;

/// The order of a compare-exchange that fails: the given order without the release.
template <class Order>
using failure_order = std::conditional_t<std::is_same_v<Order, seq_cst>, seq_cst, std::conditional_t<acquires<Order>, acquire, relaxed>>;

}  // namespace detail

/// The orders of operations that read and write.
template <class O>
concept memory_order = std::is_same_v<O, relaxed> || detail::acquires<O> || detail::releases<O>;
/// The orders of operations that only read.
template <class O>
concept load_order = memory_order<O> && (!detail::releases<O> || std::is_same_v<O, seq_cst>);
/// The orders of operations that only write.
template <class O>
concept store_order = memory_order<O> && (!detail::acquires<O> || std::is_same_v<O, seq_cst>);
/// The orders of fences: all but relaxed, which would do nothing.
template <class O>
concept fence_order = memory_order<O> && !std::is_same_v<O, relaxed>;

}  // namespace crosslane
