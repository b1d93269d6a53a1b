// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks that a backend has each part of the contract. The assertion that fails names the missing part.
#pragma once

#include <crosslane/crosslane.hpp>

namespace crosslane_test {

/// The primitives of a backend, for waves of W lanes.
template <class B, unsigned W>
using primitives_of = typename B::template context<W, crosslane::kernel_shape<1, 0, 0, 0>>::native_type;

/// Checks the parts of a class of primitives.
template <class N, unsigned W>
constexpr bool has_kernel_parts() {
  namespace xl = crosslane;
  static_assert(xl::backend::position_primitives<N>);
  static_assert(xl::backend::block_primitives<N>);
  static_assert(xl::backend::overlap_primitives<N>);
  static_assert(xl::backend::wave_primitives<N, W, unsigned> && xl::backend::wave_primitives<N, W, double>);
  static_assert(xl::backend::atomic_primitives<N, xl::half, xl::scope::device> &&
                xl::backend::atomic_primitives<N, short, xl::scope::block>);
  static_assert(xl::backend::atomic_primitives<N, unsigned, xl::scope::device> &&
                xl::backend::atomic_primitives<N, float, xl::scope::block>);
  static_assert(xl::backend::memory_primitives<N>);
  static_assert(xl::backend::copy_primitives<N>);
  static_assert(xl::backend::diagnostic_primitives<N>);
  static_assert(xl::backend::kernel_primitives<N, W>);
  return true;
}

template <class B, unsigned... Widths>
constexpr bool has_kernel_parts_of(std::integer_sequence<unsigned, Widths...>) {
  return (has_kernel_parts<primitives_of<B, Widths>, Widths>() && ...);
}

/// Checks all parts of a backend.
template <class B>
constexpr bool has_all_parts() {
  static_assert(crosslane::runtime_backend<B>);
  static_assert(has_kernel_parts_of<B>(typename B::widths{}));
  static_assert(crosslane::kernel_backend<B>);
  return true;
}

}  // namespace crosslane_test
