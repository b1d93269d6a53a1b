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
  template <class Layout, class T, bool Trans>
  static constexpr bool has_load = false;
  template <class Layout, class T, bool Trans>
  static constexpr bool has_store = false;

  /// Adds a * b to c. A lane has adjacent elements of one row of a and of c, and of one column of b. It takes the elements of its row of a,
  /// and those of its columns of b, from the lanes that have them.
  template <class Shape, class A, class B, class C, unsigned NA, unsigned NB, unsigned NC>
  static CROSSLANE_DEVICE_FN void multiply_add_by_shuffles(Native const& n, unsigned lane, A const (&a)[NA], B const (&b)[NB], C (&c)[NC],
                                                           source_location where) {
    using arithmetic = detail::matrix_arithmetic<C>;
    constexpr unsigned lanes_of_a = Shape::k / NA, lanes_of_b = Shape::k / NB, lanes_of_c = Shape::n / NC;  // of a row or column
    unsigned const row = lane / lanes_of_c, col = lane % lanes_of_c * NC;
    auto const all = lane_mask<W>::all();
    typename arithmetic::sum sums[NC];
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < NC; ++i) sums[i] = arithmetic::widen(c[i]);
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < Shape::k; ++k) {
      auto const x = arithmetic::widen(n.template shuffle<W>(all, a[k % NA], row * lanes_of_a + k / NA, where));
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < NC; ++i) {
        auto const y = arithmetic::widen(n.template shuffle<W>(all, b[k % NB], (col + i) * lanes_of_b + k / NB, where));
        sums[i] = arithmetic::step(x, y, sums[i]);
      }
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < NC; ++i) c[i] = static_cast<C>(sums[i]);
  }
};

}  // namespace crosslane::backend
