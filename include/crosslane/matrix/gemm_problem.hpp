// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of whole matrices in the form in which schedules get them, and the check of the matrices.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/matrix/block_gemm.hpp>
#include <crosslane/matrix/epilogue.hpp>
#include <crosslane/runtime/operands.hpp>
#include <crosslane/tensor/transform.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// C = A * B for `batches` products. C is row-major: if the caller's is not, this is the transposed product. Pitches, and the steps from
/// one product to the next, are in elements. A step of 0 stands for a matrix that all products share.
template <class A, class B, class C>
struct gemm_problem {
  using a_type = A;
  using b_type = B;
  using c_type = C;
  A const* a;
  B const* b;
  C* c;
  std::int64_t a_pitch, b_pitch, c_pitch;
  std::int64_t a_step, b_step, c_step;
  std::int32_t m, n, k, batches;

  CROSSLANE_FN gemm_operand<A> a_of(std::int32_t batch) const { return {a + batch * a_step, a_pitch, m}; }
  CROSSLANE_FN gemm_operand<B> b_of(std::int32_t batch) const { return {b + batch * b_step, b_pitch, n}; }
  CROSSLANE_FN C* c_at(std::int32_t batch, std::int32_t row, std::int32_t col) const { return c + batch * c_step + row * c_pitch + col; }
  /// Whether each group of so many adjacent columns of C lies side by side, at a multiple of its size.
  CROSSLANE_FN bool c_has_groups_of(unsigned count) const {
    return (reinterpret_cast<std::uintptr_t>(c) | std::uintptr_t(c_pitch | c_step) * sizeof(C)) % (count * sizeof(C)) == 0;
  }
};

/// Whether two axes of a product can be the same: they are, or one is the `row` or the `col` of a matrix without names for its axes.
template <class X, class Y>
inline constexpr bool axes_meet = std::is_same_v<X, Y> || std::is_same_v<X, axis::row> || std::is_same_v<X, axis::col> ||
                                  std::is_same_v<Y, axis::row> || std::is_same_v<Y, axis::col>;

/// A failed assertion shows the layouts.
template <class LA, class LB, class LC>
struct gemm_axes_agree {
  using a = gemm_layout<LA>;
  using b = gemm_layout<LB>;
  using c = gemm_layout<LC>;
  static_assert(axes_meet<typename a::col, typename b::row>,
                "crosslane: gemm(): the second axis of matrix A must be the first one of B, the summed axis: see the layouts of A, B and C "
                "in the arguments of gemm_axes_agree. permute<...>() makes a transposed view");
  static_assert(axes_meet<typename a::row, typename c::row> && axes_meet<typename b::col, typename c::col>,
                "crosslane: gemm(): the axes of C must be the first one of A and the second one of B: see the layouts of A, B and C in the "
                "arguments of gemm_axes_agree. permute<...>() makes a transposed view");
  static constexpr int batches = LC::extents_type::rank - 2;
  static_assert(LA::extents_type::rank - 2 <= batches && LB::extents_type::rank - 2 <= batches,
                "crosslane: gemm(): A and B have three axes only if C has: the first one counts the products");
  static constexpr bool ok = true;
};

template <class T, class L>
struct gemm_matrix {
  T* data;
  std::int64_t pitch, step, rows, cols, batches;

  explicit gemm_matrix(tensor_view<T, L> const& v)
      : data{v.data()},
        pitch{v.layout().template stride<typename gemm_layout<L>::line>()},
        step{0},
        rows{v.template extent<typename gemm_layout<L>::row>()},
        cols{v.template extent<typename gemm_layout<L>::col>()},
        batches{0} {
    if constexpr (L::extents_type::rank == 3) {
      using batch = axis_at<0, typename L::extents_type::axes>;
      step = v.layout().template stride<batch>();
      batches = v.template extent<batch>();
    }
  }
};

/// Returns the problem of three views, or of their transposed views if C is column-major. Throws what gemm() throws.
template <class A, class LA, class B, class LB, class C, class LC>
auto make_gemm_problem(char const* call, tensor_view<A, LA> const& a_view, tensor_view<B, LB> const& b_view,
                       tensor_view<C, LC> const& c_view, source_location where) {
  static_assert(gemm_axes_agree<LA, LB, LC>::ok);
  static_assert(!std::is_const_v<C>, "crosslane: gemm(): the elements of C must not be constant");
  gemm_matrix<A, LA> const a{a_view};
  gemm_matrix<B, LB> const b{b_view};
  gemm_matrix<C, LC> const c{c_view};
  auto const number = [](std::int64_t n) { return static_cast<long long>(n); };
  if (a.cols != b.rows)
    throw_error(errc::size_mismatch, where, "%s: A has %lld x %lld elements and B has %lld x %lld: the columns of A must be the rows of B",
                call, number(a.rows), number(a.cols), number(b.rows), number(b.cols));
  if (a.rows != c.rows || b.cols != c.cols)
    throw_error(errc::size_mismatch, where, "%s: C has %lld x %lld elements, the product of A and B has %lld x %lld", call, number(c.rows),
                number(c.cols), number(a.rows), number(b.cols));
  if ((a.batches != c.batches && LA::extents_type::rank == 3) || (b.batches != c.batches && LB::extents_type::rank == 3))
    throw_error(errc::size_mismatch, where, "%s: C has %lld matrices, A has %lld and B has %lld: a matrix of two axes is used for all",
                call, number(c.batches), number(a.batches), number(b.batches));
  constexpr std::int64_t most = (std::int64_t{1} << 31) - 4096;  // the end of a tile is an int
  if (a.rows > most || a.cols > most || b.cols > most || c.batches > most)
    throw_error(errc::limit_exceeded, where, "%s: a product of %lld x %lld by %lld x %lld elements, the limit is %lld along each axis",
                call, number(a.rows), number(a.cols), number(b.rows), number(b.cols), number(most));
  require_views_disjoint(call, c_view, a_view, where);
  require_views_disjoint(call, c_view, b_view, where);
  auto const batches = std::int32_t(LC::extents_type::rank == 3 ? c.batches : 1);
  auto const product = [&]<class X, class Y>(X const* x, Y const* y, auto const& of_x, auto const& of_y, std::int64_t m, std::int64_t n) {
    return gemm_problem<X, Y, C>{x,         y,      c.data,          of_x.pitch,      of_y.pitch,           c.pitch, of_x.step,
                                 of_y.step, c.step, std::int32_t(m), std::int32_t(n), std::int32_t(a.cols), batches};
  };
  if constexpr (gemm_layout<LC>::rows_are_contiguous)
    return product(a.data, b.data, a, b, a.rows, b.cols);
  else
    return product(b.data, a.data, b, a, b.cols, a.rows);
}

}  // namespace crosslane::detail
