// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Short vectors: N elements that are loaded, stored and computed together.
#pragma once

#include <crosslane/core/functional.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/platform/annotations.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace crosslane {

template <class T, unsigned N>
struct vec;

namespace detail {

/// The alignment of a vec: its size if that is a power of two, but at most 16 bytes. All GPUs have accesses of 16 bytes, and allocations,
/// shared memory and kernel arguments have at least this alignment. A few chips have 32-byte accesses, but a larger alignment would need
/// special care in all three places.
template <class T, unsigned N>
inline constexpr std::size_t vec_alignment = (N * sizeof(T) & (N * sizeof(T) - 1)) != 0 || alignof(T) > 16 ? alignof(T)
                                             : N * sizeof(T) < 16                                          ? N * sizeof(T)
                                                                                                           : 16;

/// The elements of a vec: an array and, for 2, 3 or 4 elements, a name for each element of it. Types whose default constructor does
/// something get no names, because a union of them would have no default constructor.
template <class T, unsigned N, bool Named = N >= 2 && N <= 4 && std::is_trivially_default_constructible_v<T>>
struct vec_elements {
  vec_elements() = default;
  template <std::same_as<T>... U>
  CROSSLANE_FN constexpr explicit vec_elements(U... elements) requires(sizeof...(U) == N) : data{elements...} {}

  T data[N];
};
template <class T>
struct vec_elements<T, 2, true> {
  vec_elements() = default;
  template <std::same_as<T>... U>
  CROSSLANE_FN constexpr explicit vec_elements(U... elements) requires(sizeof...(U) == 2) : data{elements...} {}

  __extension__ union {
    T data[2];
    struct {
      T x, y;
    };
  };
};
template <class T>
struct vec_elements<T, 3, true> {
  vec_elements() = default;
  template <std::same_as<T>... U>
  CROSSLANE_FN constexpr explicit vec_elements(U... elements) requires(sizeof...(U) == 3) : data{elements...} {}

  __extension__ union {
    T data[3];
    struct {
      T x, y, z;
    };
  };
};
template <class T>
struct vec_elements<T, 4, true> {
  vec_elements() = default;
  template <std::same_as<T>... U>
  CROSSLANE_FN constexpr explicit vec_elements(U... elements) requires(sizeof...(U) == 4) : data{elements...} {}

  __extension__ union {
    T data[4];
    struct {
      T x, y, z, w;
    };
  };
};

/// Returns op of each pair of elements, for two pairs at once if the hardware can.
template <class Op, class T, unsigned N>
CROSSLANE_FN constexpr vec<T, N> map_elements(Op op, vec<T, N> const& a, vec<T, N> const& b);

}  // namespace detail

/// A vector of N elements of type T. Its size is N * sizeof(T). If the size is a power of two, the vector is aligned to its size, but to at
/// most 16 bytes. One instruction then moves the vector, or 16 bytes of it. Otherwise, for example with 3 elements, it is aligned like T.
/// Size and alignment are the same on all targets.
///
/// A vec of 2, 3 or 4 elements also has them by name: v.x, v.y, v.z, v.w. Constant expressions must use v[i].
///
/// Operators work element by element. A scalar operand stands for N equal elements; it is converted to T as C++ converts an argument.
/// Vectors of other element types do not convert implicitly: use vec_cast<U>(v).
template <class T, unsigned N>
struct alignas(detail::vec_alignment<T, N>) vec : detail::vec_elements<T, N> {
 private:
  static_assert(N == 1 || N == 2 || N == 3 || N == 4 || N == 8 || N == 16, "crosslane: a vec has 1, 2, 3, 4, 8 or 16 elements");
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: elements of a vec must be trivially copyable");
  using elements = detail::vec_elements<T, N>;

 public:
  using value_type = T;                ///< the type of an element
  static constexpr unsigned size = N;  ///< number of elements

  using elements::data;  ///< the elements in order, an array `T data[N]`

  vec() = default;  ///< uninitialised; vec{} has elements of value zero
  /// @{
  /// Constructs the vector of N elements.
  CROSSLANE_FN constexpr vec(T e0) requires(N == 1) : elements{e0} {}
  CROSSLANE_FN constexpr vec(T e0, T e1) requires(N == 2) : elements{e0, e1} {}
  CROSSLANE_FN constexpr vec(T e0, T e1, T e2) requires(N == 3) : elements{e0, e1, e2} {}
  CROSSLANE_FN constexpr vec(T e0, T e1, T e2, T e3) requires(N == 4) : elements{e0, e1, e2, e3} {}
  CROSSLANE_FN constexpr vec(T e0, T e1, T e2, T e3, T e4, T e5, T e6, T e7) requires(N == 8) : elements{e0, e1, e2, e3, e4, e5, e6, e7} {}
  CROSSLANE_FN constexpr vec(T e0, T e1, T e2, T e3, T e4, T e5, T e6, T e7, T e8, T e9, T e10, T e11, T e12, T e13, T e14, T e15)
      requires(N == 16)
      : elements{e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15} {}
  /// @}
  /// Constructs the vector of an array: `vec<float, 4>{{1, 2}}`. Elements that are not given are zero.
  CROSSLANE_FN constexpr vec(T const (&array)[N]) requires(N > 1) : elements{} {
    for (unsigned i = 0; i < N; ++i) data[i] = array[i];
  }

  /// @{
  /// Returns element i. Precondition: i < N; it is not checked.
  CROSSLANE_FN constexpr T& operator[](std::size_t i) { return data[i]; }
  CROSSLANE_FN constexpr T const& operator[](std::size_t i) const { return data[i]; }
  /// @}

  /// Returns a vector whose N elements equal `value`.
  CROSSLANE_FN static constexpr vec filled(T value) {
    vec result{};
    for (unsigned i = 0; i < N; ++i) result.data[i] = value;
    return result;
  }

  CROSSLANE_FN friend constexpr bool operator==(vec const& a, vec const& b) requires requires(T const& x) { x == x; } {
    bool same = true;
    for (unsigned i = 0; i < N; ++i) same = same && a.data[i] == b.data[i];
    return same;
  }
  CROSSLANE_FN friend constexpr vec operator-(vec const& a) requires requires(T const& x) { -x; } {
    vec result{};
    for (unsigned i = 0; i < N; ++i) result.data[i] = static_cast<T>(-a.data[i]);
    return result;
  }

#define CROSSLANE_VEC_OPERATOR(Symbol, Function)                                                                                \
  CROSSLANE_FN friend constexpr vec operator Symbol(vec const& a, vec const& b) requires requires(T const& x) { x Symbol x; } { \
    return detail::map_elements(Function{}, a, b);                                                                              \
  }                                                                                                                             \
  CROSSLANE_FN friend constexpr vec operator Symbol(vec const& a, T const& b) requires requires(T const& x) { x Symbol x; } {   \
    return detail::map_elements(Function{}, a, filled(b));                                                                      \
  }                                                                                                                             \
  CROSSLANE_FN friend constexpr vec operator Symbol(T const& a, vec const& b) requires requires(T const& x) { x Symbol x; } {   \
    return detail::map_elements(Function{}, filled(a), b);                                                                      \
  }                                                                                                                             \
  CROSSLANE_FN friend constexpr vec& operator Symbol##=(vec & a, vec const& b) requires requires(T const& x) { x Symbol x; } {  \
    return a = a Symbol b;                                                                                                      \
  }                                                                                                                             \
  CROSSLANE_FN friend constexpr vec& operator Symbol##=(vec & a, T const& b) requires requires(T const& x) { x Symbol x; } {    \
    return a = a Symbol filled(b);                                                                                              \
  }
  CROSSLANE_VEC_OPERATOR(+, plus)
  CROSSLANE_VEC_OPERATOR(-, minus)
  CROSSLANE_VEC_OPERATOR(*, multiplies)
  CROSSLANE_VEC_OPERATOR(/, divides)
  CROSSLANE_VEC_OPERATOR(&, bit_and)
  CROSSLANE_VEC_OPERATOR(|, bit_or)
  CROSSLANE_VEC_OPERATOR(^, bit_xor)
#undef CROSSLANE_VEC_OPERATOR
};

/// Deduces the vector of `xl::vec{a, b, c, d}` from its elements, which all have one type.
template <class T, std::same_as<T>... U>
vec(T, U...) -> vec<T, 1 + sizeof...(U)>;

/// Two numbers of type half. If the hardware can, one instruction computes both.
using half2 = vec<half, 2>;
/// Two numbers of type bfloat16. If the hardware can, one instruction computes both.
using bfloat162 = vec<bfloat16, 2>;

namespace detail {

/// Returns elements i and i + 1 packed as the hardware packs them, element i in the lower bits.
template <class F, unsigned N>
CROSSLANE_FN constexpr std::uint32_t pair_of(vec<small_float<F>, N> const& v, unsigned i) {
  return std::uint32_t{v[i].bits()} | std::uint32_t{v[i + 1].bits()} << (8 * sizeof(typename F::bits));
}
template <class F, unsigned N>
CROSSLANE_FN constexpr void set_pair(vec<small_float<F>, N>& v, unsigned i, std::uint32_t pair) {
  v[i] = small_float<F>::from_bits(static_cast<typename F::bits>(pair));
  v[i + 1] = small_float<F>::from_bits(static_cast<typename F::bits>(pair >> (8 * sizeof(typename F::bits))));
}

/// The backend's operations on pairs, for elements of any type.
template <class T>
struct native_pairs {
  template <class Op>
  static constexpr bool has_apply = false;
  static constexpr bool has_fma = false;
  static constexpr bool has_narrow = false;
  static constexpr bool has_widen = false;
};
template <class F>
struct native_pairs<small_float<F>> {
  template <class Op>
  static constexpr bool has_apply = backend::native_numeric::has_apply_pair<F, Op>;
  static constexpr bool has_fma = backend::native_numeric::has_fma_pair<F>;
  static constexpr bool has_narrow = backend::native_numeric::has_narrow_pair<F>;
  static constexpr bool has_widen = backend::native_numeric::has_widen_pair<F>;
};

template <class Op, class T, unsigned N>
CROSSLANE_FN constexpr vec<T, N> map_elements(Op op, vec<T, N> const& a, vec<T, N> const& b) {
  vec<T, N> result{};
  unsigned i = 0;
  if constexpr (native_pairs<T>::template has_apply<Op>)
    if (!__builtin_is_constant_evaluated())
      for (; i + 1 < N; i += 2)
        set_pair(result, i, backend::native_numeric::apply_pair<typename T::format>(op, pair_of(a, i), pair_of(b, i)));
  for (; i < N; ++i) result[i] = op(a[i], b[i]);
  return result;
}

}  // namespace detail

/// Returns a * b + c for each element, rounded once.
template <detail::real T, unsigned N>
CROSSLANE_FN constexpr vec<T, N> fma(vec<T, N> const& a, vec<T, N> const& b, vec<T, N> const& c) {
  vec<T, N> result{};
  unsigned i = 0;
  if constexpr (detail::native_pairs<T>::has_fma)
    if (!__builtin_is_constant_evaluated())
      for (; i + 1 < N; i += 2)
        detail::set_pair(
            result, i,
            backend::native_numeric::fma_pair<typename T::format>(detail::pair_of(a, i), detail::pair_of(b, i), detail::pair_of(c, i)));
  for (; i < N; ++i) result[i] = fma(a[i], b[i], c[i]);
  return result;
}

/// Returns each element converted to U: floating-point numbers to integers by saturate_cast(), all others by `static_cast`.
template <class U, class T, unsigned N>
CROSSLANE_FN constexpr vec<U, N> vec_cast(vec<T, N> const& v) {
  vec<U, N> result{};
  unsigned i = 0;
  if constexpr (std::is_same_v<T, float> && detail::native_pairs<U>::has_narrow) {
    if (!__builtin_is_constant_evaluated())
      for (; i + 1 < N; i += 2) detail::set_pair(result, i, backend::native_numeric::narrow_pair<typename U::format>({v[i], v[i + 1]}));
  } else if constexpr (std::is_same_v<U, float> && detail::native_pairs<T>::has_widen) {
    if (!__builtin_is_constant_evaluated())
      for (; i + 1 < N; i += 2) {
        backend::float_pair const pair = backend::native_numeric::widen_pair<typename T::format>(detail::pair_of(v, i));
        result[i] = pair.low;
        result[i + 1] = pair.high;
      }
  } else if constexpr (detail::native_pairs<U>::has_narrow && detail::native_pairs<T>::has_widen) {
    if (!__builtin_is_constant_evaluated()) return vec_cast<U>(vec_cast<float>(v));
  }
  for (; i < N; ++i) result[i] = detail::element_cast<U>(v[i]);
  return result;
}

/// Returns v[0] op v[1] op ..., from left to right.
template <class T, unsigned N, class Op>
CROSSLANE_FN constexpr T reduce(vec<T, N> const& v, Op const& op) {
  T result = v[0];
  for (unsigned i = 1; i < N; ++i) result = op(result, v[i]);
  return result;
}

namespace detail {

/// Returns the number of elements of each type that one 16-byte access moves, or 1 if that is not possible for all types.
template <class... T>
CROSSLANE_FN constexpr unsigned elements_per_access() {
  std::size_t widest = 1;
  ((widest = sizeof(T) > widest ? sizeof(T) : widest), ...);
  bool const powers_of_two = ((((sizeof(T) & (sizeof(T) - 1)) == 0)) && ... && true);
  return powers_of_two && widest <= 16 ? unsigned(16 / widest) : 1;
}

/// Returns whether the address is aligned for an access to N elements as a vec.
template <unsigned N, class T>
CROSSLANE_FN bool aligned_for(T const* p) {
  return reinterpret_cast<std::uintptr_t>(p) % alignof(vec<T, N>) == 0;
}

template <class T, unsigned N>
inline constexpr bool is_number<vec<T, N>> = is_number<T>;
template <class T, unsigned N>
inline constexpr bool is_vector<vec<T, N>> = true;

}  // namespace detail

}  // namespace crosslane
