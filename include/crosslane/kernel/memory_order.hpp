// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Among whom an atomic operation or a fence counts, and what it orders.
#pragma once

#include <type_traits>

namespace crosslane {

/// The threads among which an operation is one step and its order is kept. A narrower scope is never wrong for threads within it, and
/// cheaper on most hardware. Operations on one object that meet must each include the other's thread in their scope.
enum class scope : unsigned char {
  wave,    ///< lanes of the caller's wave
  block,   ///< threads of the caller's block
  device,  ///< threads of the device
  system,  ///< threads of all devices and of the program
};

// Orders are C++'s, as types, so that they are known at compile time: counter.fetch_add(1, xl::acquire{}). `value` is the number that
// compilers give them.

/// The operation is one step; other accesses may move across it.
struct relaxed {
  static constexpr int value = __ATOMIC_RELAXED;  ///< as compilers have it
};
/// Later accesses stay behind it: they see what was written before the release that it reads from.
struct acquire {
  static constexpr int value = __ATOMIC_ACQUIRE;  ///< as compilers have it
};
/// Earlier accesses stay before it.
struct release {
  static constexpr int value = __ATOMIC_RELEASE;  ///< as compilers have it
};
/// Both.
struct acq_rel {
  static constexpr int value = __ATOMIC_ACQ_REL;  ///< as compilers have it
};
/// Both, and all operations of this order are in one order that all threads of the scope agree on.
struct seq_cst {
  static constexpr int value = __ATOMIC_SEQ_CST;  ///< as compilers have it
};

namespace detail {

template <class Order>
inline constexpr bool acquires = std::is_same_v<Order, acquire> || std::is_same_v<Order, acq_rel> || std::is_same_v<Order, seq_cst>;
template <class Order>
inline constexpr bool releases = std::is_same_v<Order, release> || std::is_same_v<Order, acq_rel> || std::is_same_v<Order, seq_cst>;

/// Of a compare-exchange that stores nothing: the same without the release.
template <class Order>
using failure_order = std::conditional_t<std::is_same_v<Order, seq_cst>, seq_cst, std::conditional_t<acquires<Order>, acquire, relaxed>>;

}  // namespace detail

/// Of operations that read and write.
template <class O>
concept memory_order = std::is_same_v<O, relaxed> || detail::acquires<O> || detail::releases<O>;
/// Of operations that only read.
template <class O>
concept load_order = memory_order<O> && (!detail::releases<O> || std::is_same_v<O, seq_cst>);
/// Of operations that only write.
template <class O>
concept store_order = memory_order<O> && (!detail::acquires<O> || std::is_same_v<O, seq_cst>);
/// Of fences: a relaxed one would do nothing.
template <class O>
concept fence_order = memory_order<O> && !std::is_same_v<O, relaxed>;

}  // namespace crosslane
