// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Fragments: matrices whose elements are spread over the registers of a wave.
#pragma once

#include <crosslane/backend/select_matrix.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/matrix/fragment_layout.hpp>

namespace crosslane {

/// The target of matrix products in a kernel: that of the architecture for which the kernel is compiled. On the host, and on devices
/// without matrix instructions, it is matrix_target::portable. Name it in kernels only: host code does not know the device's architecture.
/// If a file is compiled for several architectures, the size of a shared struct must not depend on it: the host, which may have another
/// target, states the size of large ones at the launch.
///
///   using target = xl::matrix_target_of<Ctx>;
///   using shape = xl::native_shape<xl::half, target>;
template <kernel_context Ctx>
using matrix_target_of = typename backend::matrix_of<typename Ctx::native_type, Ctx::wave_size>::target;

/// The elements that the calling lane has of a matrix. `Use` is the role of the matrix in products of shape `Shape`. The layout says which
/// elements these are. T is the type of the elements; products take the shape's own types.
///
///   xl::fragment<xl::matrix_use::accumulator, shape, target> sum = decltype(sum)::filled(0);
template <matrix_use Use, class Shape, class Target, class T = typename Shape::template element<Use>>
class fragment {
 public:
  using value_type = T;                                     ///< the type of an element
  using layout_type = fragment_layout<Use, Shape, Target>;  ///< maps positions to lanes and elements
  using shape = Shape;                                      ///< the product that it is for
  using target = Target;                                    ///< the target that it is for
  static constexpr matrix_use use = Use;                    ///< the role of the matrix
  static constexpr unsigned rows = layout_type::rows;       ///< rows of the matrix
  static constexpr unsigned cols = layout_type::cols;       ///< columns of the matrix
  static constexpr unsigned size = layout_type::size;       ///< elements of the lane

  T data[size]{};  ///< the elements of the lane

  /// Returns a matrix whose elements equal `value`.
  CROSSLANE_FN static constexpr fragment filled(T value) {
    fragment result{};
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < size; ++i) result.data[i] = value;
    return result;
  }

  /// @{
  /// Returns element i of the lane. Precondition: i < size. On a GPU, i must be a constant after loops are unrolled: registers have no
  /// addresses.
  CROSSLANE_FN constexpr T& operator[](unsigned i) { return data[i]; }
  CROSSLANE_FN constexpr T const& operator[](unsigned i) const { return data[i]; }
  /// @}

  /// @{
  /// Calls f(row, column, element) for each element of the calling lane. Any lane may call it. If several lanes have an element, f must do
  /// the same in all of them, and a sum over the lanes counts it several times: on every target only accumulators have each element once.
  ///
  ///   sum.for_each(ctx, [&](unsigned row, unsigned col, float& x) { if (col > row) x = 0; });
  template <kernel_context Ctx, class F>
  CROSSLANE_FN constexpr void for_each(Ctx const& ctx, F&& f) {
    unsigned const lane = ctx.lane_rank();
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < size; ++i) {
      auto const at = layout_type::position(lane, i);
      f(at.row, at.col, data[i]);
    }
  }
  template <kernel_context Ctx, class F>
  CROSSLANE_FN constexpr void for_each(Ctx const& ctx, F&& f) const {
    unsigned const lane = ctx.lane_rank();
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < size; ++i) {
      auto const at = layout_type::position(lane, i);
      f(at.row, at.col, data[i]);
    }
  }
  /// @}
};

namespace detail {

template <class F>
inline constexpr bool is_fragment = false;
template <matrix_use Use, class Shape, class Target, class T>
inline constexpr bool is_fragment<fragment<Use, Shape, Target, T>> = true;

template <class Ctx>
using matrix_backend = backend::matrix_of<typename Ctx::native_type, Ctx::wave_size>;

/// A failed assertion shows both targets.
template <class Target, class Native>
struct kernel_runs_target {
  static_assert(Native::template runs<Target>,
                "crosslane: the fragment is for another target than the kernel, or for another number of lanes; the compiler shows the "
                "fragment's as the first argument of kernel_runs_target. matrix_target_of<Ctx> is the kernel's");
};

}  // namespace detail

/// A fragment.
template <class F>
concept matrix_fragment = detail::is_fragment<F>;

/// Returns the same matrix with elements of type U, each converted by static_cast. Its layout does not change. Any lane may call it.
template <class U, matrix_use Use, class Shape, class Target, class T>
CROSSLANE_FN constexpr fragment<Use, Shape, Target, U> fragment_cast(fragment<Use, Shape, Target, T> const& from) {
  fragment<Use, Shape, Target, U> result{};
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < from.size; ++i) result.data[i] = static_cast<U>(from.data[i]);
  return result;
}

}  // namespace crosslane
