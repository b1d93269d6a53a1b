// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Epilogues of products of matrices: what becomes of a sum before it is stored to C.
///
///   xl::gemm(q, a, b, c, xl::epilogue_chain{xl::add_to_columns{bias.view()}, xl::relu{}, xl::add_matrix{skip.view()}});
///
/// An epilogue is a function object that is called once for each element of C, as e(x, at) or as e(x). `x` is the sum: a float, a double
/// for operands of double, or a std::int32_t for integers. `at` is a gemm_index. The result is converted to the element type of C by
/// static_cast. An epilogue is trivially copyable, its operator() is const, and it may be called by any thread, in any order.
#pragma once

#include <crosslane/core/span.hpp>
#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/fast.hpp>
#include <crosslane/kernel/math/special.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/tensor/view.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// The place of an element of C in a product of matrices.
struct gemm_index {
  std::int32_t row;    ///< row of C
  std::int32_t col;    ///< column of C
  std::int32_t batch;  ///< number of the product, if there are several; otherwise 0
};

namespace detail {

/// Returns an element as a number to compute with: small floats as float.
template <class T>
CROSSLANE_FN constexpr auto epilogue_value(T const& x) {
  if constexpr (std::is_arithmetic_v<T>)
    return x;
  else
    return static_cast<float>(x);
}

/// Returns x / y, for floats by an approximation without a branch: a branch for each element of a tile would keep the loads of an epilogue
/// apart.
template <class X>
CROSSLANE_FN X epilogue_quotient(X x, X y) {
  if constexpr (std::is_same_v<X, float>)
    return x * fast::reciprocal(y);
  else
    return x / y;
}

/// Whether an epilogue takes the place of its element. Not for decisions of the host: nvcc's host pass cannot call device lambdas.
template <class E, class X>
inline constexpr bool epilogue_takes_place = std::is_invocable_v<E const&, X, gemm_index>;

/// A failed assertion shows the types.
template <class E, class X>
struct check_epilogue {
  static_assert(std::is_trivially_copyable_v<E>, "crosslane: an epilogue must be trivially copyable, see E of check_epilogue");
  static_assert(std::is_invocable_v<E const&, X, gemm_index> || std::is_invocable_v<E const&, X>,
                "crosslane: an epilogue is called with a sum and a gemm_index, or with a sum only: see E and the sum's type X of "
                "check_epilogue. Its operator() must be const");
  static constexpr bool ok = true;
};

/// Returns e(x, at), or e(x) if e takes no index.
template <class E, class X>
CROSSLANE_FN CROSSLANE_INLINE auto apply_epilogue(E const& e, X x, gemm_index const& at) {
  static_assert(check_epilogue<E, X>::ok);
  if constexpr (epilogue_takes_place<E, X>)
    return e(x, at);
  else if constexpr (std::is_invocable_v<E const&, X>)
    return e(x);
  else
    return x;
}

/// An epilogue of the transposed product. It takes a place if `e` does.
template <class E>
struct transposed_epilogue {
  E e;
  template <class X>
  CROSSLANE_FN CROSSLANE_INLINE auto operator()(X x, gemm_index const& at) const requires epilogue_takes_place<E, X> {
    return e(x, gemm_index{at.col, at.row, at.batch});
  }
  template <class X>
  CROSSLANE_FN CROSSLANE_INLINE auto operator()(X x) const requires(!epilogue_takes_place<E, X> && std::is_invocable_v<E const&, X>) {
    return e(x);
  }
};

}  // namespace detail

/// Stores the sums as they are.
struct plain_epilogue {
  /// Returns x.
  template <class X>
  CROSSLANE_FN X operator()(X x) const {
    return x;
  }
};

/// Applies several epilogues, one after another.
template <class... E>
struct epilogue_chain;
/// Returns x.
template <>
struct epilogue_chain<> {
  /// Returns x.
  template <class X>
  CROSSLANE_FN CROSSLANE_INLINE X operator()(X x, gemm_index const&) const {
    return x;
  }
};
/// Applies `first`, then the others.
template <class First, class... Rest>
struct epilogue_chain<First, Rest...> {
  /// Takes the epilogues in their order.
  CROSSLANE_FN constexpr explicit epilogue_chain(First const& f, Rest const&... r) : first{f}, rest{r...} {}
  /// Returns the result of the last one.
  template <class X>
  CROSSLANE_FN CROSSLANE_INLINE auto operator()(X x, gemm_index const& at) const {
    return rest(detail::apply_epilogue(first, x, at), at);
  }
  First first;                   ///< the first one
  epilogue_chain<Rest...> rest;  ///< the others
};
/// A chain of the arguments' types.
template <class... E>
epilogue_chain(E...) -> epilogue_chain<E...>;

/// Multiplies by a factor.
template <class T = float>
struct scale_by {
  T factor;  ///< the factor
  /// Returns x * factor.
  template <class X>
  CROSSLANE_FN auto operator()(X x) const {
    return x * factor;
  }
};
/// A factor of the argument's type.
template <class T>
scale_by(T) -> scale_by<T>;

/// Adds an element for each column: a bias of the outputs of a layer, if rows are its inputs.
template <class T>
struct add_to_columns {
  span<T const> addends;  ///< one for each column of C
  /// Returns x + addends[at.col].
  template <class X>
  CROSSLANE_FN auto operator()(X x, gemm_index const& at) const {
    return x + detail::epilogue_value(addends[std::size_t(at.col)]);
  }
};
/// @{
/// Addends of the argument's element type.
template <class T>
add_to_columns(span<T>) -> add_to_columns<std::remove_const_t<T>>;
/// @}

/// Adds an element for each row.
template <class T>
struct add_to_rows {
  span<T const> addends;  ///< one for each row of C
  /// Returns x + addends[at.row].
  template <class X>
  CROSSLANE_FN auto operator()(X x, gemm_index const& at) const {
    return x + detail::epilogue_value(addends[std::size_t(at.row)]);
  }
};
/// Addends of the argument's element type.
template <class T>
add_to_rows(span<T>) -> add_to_rows<std::remove_const_t<T>>;

/// Multiplies each column by a factor of its own.
template <class T>
struct scale_columns {
  span<T const> factors;  ///< one for each column of C
  /// Returns x * factors[at.col].
  template <class X>
  CROSSLANE_FN auto operator()(X x, gemm_index const& at) const {
    return x * detail::epilogue_value(factors[std::size_t(at.col)]);
  }
};
/// Factors of the argument's element type.
template <class T>
scale_columns(span<T>) -> scale_columns<std::remove_const_t<T>>;

/// Multiplies each row by a factor of its own.
template <class T>
struct scale_rows {
  span<T const> factors;  ///< one for each row of C
  /// Returns x * factors[at.row].
  template <class X>
  CROSSLANE_FN auto operator()(X x, gemm_index const& at) const {
    return x * detail::epilogue_value(factors[std::size_t(at.row)]);
  }
};
/// Factors of the argument's element type.
template <class T>
scale_rows(span<T>) -> scale_rows<std::remove_const_t<T>>;

/// Adds the elements of a matrix with the extents of C, each multiplied by a factor: a residual, or C itself. If it is C, its elements
/// before the product are added. The view has the axes of C, or its last two.
template <class View>
struct add_matrix {
  View matrix;       ///< a tensor_view
  float factor = 1;  ///< of the matrix
  /// Returns x + factor * matrix(at).
  template <class X>
  CROSSLANE_FN auto operator()(X x, gemm_index const& at) const {
    auto const y = [&] {
      if constexpr (View::rank == 3)
        return detail::epilogue_value(matrix(at.batch, at.row, at.col));
      else
        return detail::epilogue_value(matrix(at.row, at.col));
    }();
    return x + static_cast<std::conditional_t<std::is_same_v<X, double>, double, float>>(factor) * y;
  }
};
/// @{
/// A matrix of the argument's type.
template <class View>
add_matrix(View) -> add_matrix<View>;
template <class View>
add_matrix(View, float) -> add_matrix<View>;
/// @}

/// The activation max(x, 0). A NaN stays a NaN.
struct relu {
  /// Returns x, or 0 if x is less.
  template <class X>
  CROSSLANE_FN X operator()(X x) const {
    return x < X(0) ? X(0) : x;
  }
};
/// The activation x * tanh(log(1 + exp(x))).
struct mish {
  /// Returns the function's value.
  template <class X>
  CROSSLANE_FN X operator()(X x) const {
    X const e = exp(x > X(20) ? X(20) : x), n = e * (e + X(2));  // from 20 on the factor is 1
    return x * detail::epilogue_quotient(n, n + X(2));
  }
};
/// The activation x / (1 + exp(-x)).
struct swish {
  /// Returns the function's value.
  template <class X>
  CROSSLANE_FN X operator()(X x) const {
    return detail::epilogue_quotient(x, X(1) + exp(-x));
  }
};
/// The activation x * (1 + erf(x / sqrt(2))) / 2.
struct gelu {
  /// Returns the function's value.
  template <class X>
  CROSSLANE_FN X operator()(X x) const {
    return X(0.5) * x * (X(1) + erf(x * X(0.70710678118654752440)));
  }
};

}  // namespace crosslane
