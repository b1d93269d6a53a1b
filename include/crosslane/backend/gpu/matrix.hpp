// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products without matrix instructions: fragments of matrix_target::portable on GPUs.
#pragma once

#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/platform/source_location.hpp>

#include <cstdint>

namespace crosslane::backend {

template <class Native, unsigned W>
struct gpu_matrix {
  /// A GPU needs no check that all lanes call.
  static CROSSLANE_DEVICE_FN void meet(Native const&, source_location) {}

  static constexpr bool moves_for_others = false;
  template <class Layout, class T>
  static constexpr bool has_load = false;
  template <class Layout, class T>
  static constexpr bool has_store = false;

  /// Adds a * b to c. A lane has P adjacent elements of one row of each matrix. It takes the elements of its row of a, and those of its
  /// columns of b, from the lanes that have them.
  template <class Shape, class A, class B, class C, unsigned P>
  static CROSSLANE_DEVICE_FN void multiply_add_by_shuffles(Native const& n, unsigned lane, A const (&a)[P], B const (&b)[P], C (&c)[P],
                                                           source_location where) {
    using arithmetic = detail::matrix_arithmetic<C>;
    constexpr unsigned per_row = Shape::k / P;  // lanes
    static_assert(Shape::k == Shape::n);
    unsigned const row = lane / per_row, part = lane % per_row;
    auto const all = lane_mask<W>::all();
    typename arithmetic::sum sums[P];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < P; ++i) sums[i] = arithmetic::widen(c[i]);
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < Shape::k; ++k) {
      auto const x = arithmetic::widen(n.template shuffle<W>(all, a[k % P], row * per_row + k / P, where));
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < P; ++i)
        sums[i] = arithmetic::step(x, arithmetic::widen(n.template shuffle<W>(all, b[i], k * per_row + part, where)), sums[i]);
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < P; ++i) c[i] = static_cast<C>(sums[i]);
  }
};

}  // namespace crosslane::backend
