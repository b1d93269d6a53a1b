// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The extents of a tensor: the number of indices along each axis.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/tensor/axis.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace crosslane {

/// An axis whose extent is known at compile time: fixed<axis::c, 3>.
template <tensor_axis A, std::int64_t N>
struct fixed {
  static_assert(N >= 0, "crosslane: a fixed extent must not be negative");
};

/// Stands for an extent or a stride that is known only at run time.
inline constexpr std::int64_t dynamic = -1;

namespace detail {

template <class D>
struct dimension {
  static_assert(tensor_axis<D>, "crosslane: a dimension of extents must be an axis or crosslane::fixed<axis, extent>");
  using axis = D;
  static constexpr std::int64_t extent = dynamic;
};
template <class A, std::int64_t N>
struct dimension<fixed<A, N>> {
  using axis = A;
  static constexpr std::int64_t extent = N;
};

/// An argument of the constructor of extents. Converts from any integer.
template <class D>
struct extent_value {
  template <std::integral N>
  CROSSLANE_FN constexpr extent_value(N n) : value{static_cast<std::int64_t>(n)} {}
  std::int64_t value;
};

/// An array of N numbers, or an empty class if N is 0. Empty members of one type cannot share an address, so `Owner` makes the types
/// different.
template <class T, int N, class Owner>
struct numbers {
  T value[unsigned(N)];
  CROSSLANE_FN constexpr T& operator[](int i) { return value[i]; }
  CROSSLANE_FN constexpr T const& operator[](int i) const { return value[i]; }
};
template <class T, class Owner>
struct numbers<T, 0, Owner> {};

}  // namespace detail

/// An index of a tensor: one number for each axis, in the order in which the tensor declares its axes.
template <class Index, int Rank>
struct multi_index {
  Index value[unsigned(Rank)];  ///< one number for each axis, in the order of declaration
  /// @{
  /// Returns the number of the axis at position i, counted from 0.
  CROSSLANE_FN constexpr Index& operator[](int i) { return value[i]; }
  CROSSLANE_FN constexpr Index const& operator[](int i) const { return value[i]; }
  /// @}
  /// True if the numbers of all axes are equal.
  friend constexpr bool operator==(multi_index const&, multi_index const&) = default;
};

/// The extents of one to eight axes. Each of `Dimensions` is an axis or fixed<axis, n>. Only the extents that are not fixed take space.
/// `Index` is the integer type of offsets: std::int32_t for tensors of less than 2^31 elements, std::int64_t for larger ones.
template <class Index, class... Dimensions>
class extents {
 public:
  static_assert(std::same_as<Index, std::int32_t> || std::same_as<Index, std::int64_t>,
                "crosslane: the index type of a tensor must be std::int32_t or std::int64_t");
  static_assert(sizeof...(Dimensions) >= 1 && sizeof...(Dimensions) <= 8, "crosslane: a tensor has 1 to 8 axes");

  using index_type = Index;                            ///< the integer type of offsets
  using size_type = std::make_unsigned_t<index_type>;  ///< the integer type of size()
  /// The axes in the order in which a tensor is indexed. The order in memory is the layout's.
  using axes = crosslane::axes<typename detail::dimension<Dimensions>::axis...>;
  static_assert(axes::distinct, "crosslane: the same axis occurs twice in extents");
  static constexpr int rank = axes::size;                   ///< the number of axes
  using multi_index = crosslane::multi_index<Index, rank>;  ///< an index of a tensor with these extents

  /// Sets the extents that are not fixed to 0.
  constexpr extents() = default;

  /// Takes one extent for each axis. On the host, throws invalid_argument if an extent is negative or differs from the fixed one, and
  /// limit_exceeded if the index type cannot hold it.
  CROSSLANE_FN constexpr extents(detail::extent_value<Dimensions>... values, source_location where = source_location::current()) {
    (set<Dimensions>(values.value, where), ...);
  }

  /// Returns the extent of axis A that the type fixes, or `dynamic` if the type fixes none.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_extent() {
    static_assert(axes::template contains<A>, "crosslane: the tensor has no such axis");
    std::int64_t result = dynamic;
    ((std::is_same_v<typename detail::dimension<Dimensions>::axis, A> ? void(result = detail::dimension<Dimensions>::extent) : void()),
     ...);
    return result;
  }

  /// Returns the extent of axis A.
  template <class A>
  CROSSLANE_FN constexpr Index extent() const {
    if constexpr (fixed_extent<A>() != dynamic)
      return Index(fixed_extent<A>());
    else
      return dynamic_[dynamic_position<A>()];
  }

  /// Returns the product of all extents.
  CROSSLANE_FN constexpr size_type size() const {
    return size_type((extent<typename detail::dimension<Dimensions>::axis>() * ... * Index{1}));
  }

  /// True if the extents of all axes are equal.
  CROSSLANE_FN friend constexpr bool operator==(extents const& a, extents const& b) {
    return ((a.template extent<typename detail::dimension<Dimensions>::axis>() ==
             b.template extent<typename detail::dimension<Dimensions>::axis>()) &&
            ...);
  }

  /// Appends the extents as text for error messages: "n = 2, c = 3".
  void describe(error_text& t) const noexcept {
    char const* separator = "";
    ((t.append("%s%s = %lld", separator, axis_name<typename detail::dimension<Dimensions>::axis>(),
               static_cast<long long>(extent<typename detail::dimension<Dimensions>::axis>())),
      separator = ", "),
     ...);
  }

 private:
  static constexpr int dynamic_count = ((detail::dimension<Dimensions>::extent == dynamic) + ...);

  template <class A>
  CROSSLANE_FN static constexpr int dynamic_position() {
    int result = 0;
    bool before = true;
    ((before = before && !std::is_same_v<typename detail::dimension<Dimensions>::axis, A>,
      result += before && detail::dimension<Dimensions>::extent == dynamic),
     ...);
    return result;
  }

  template <class D>
  CROSSLANE_FN constexpr void set(std::int64_t value, [[maybe_unused]] source_location where) {
    [[maybe_unused]] constexpr std::int64_t known = detail::dimension<D>::extent;
#if !CROSSLANE_DEVICE_PASS()
    using A = typename detail::dimension<D>::axis;
    if (value < 0)
      throw_error(errc::invalid_argument, where, "the extent of axis %s is %lld but must not be negative", axis_name<A>(),
                  static_cast<long long>(value));
    if (known != dynamic && value != known)
      throw_error(errc::invalid_argument, where, "the extent of axis %s is %lld, the type fixes %lld", axis_name<A>(),
                  static_cast<long long>(value), static_cast<long long>(known));
    if (value > largest)
      throw_error(errc::limit_exceeded, where, "the extent of axis %s is %lld, the limit of its %zu-bit index is %lld", axis_name<A>(),
                  static_cast<long long>(value), 8 * sizeof(Index), static_cast<long long>(largest));
#endif
    if constexpr (known == dynamic) dynamic_[dynamic_position<typename detail::dimension<D>::axis>()] = Index(value);
  }

  static constexpr std::int64_t largest = sizeof(Index) == 4 ? INT32_MAX : INT64_MAX;

  [[no_unique_address]] detail::numbers<Index, dynamic_count, extents> dynamic_{};
};

namespace detail {

template <class E>
inline constexpr bool is_extents = false;
template <class Index, class... D>
inline constexpr bool is_extents<extents<Index, D...>> = true;

/// Axis A as a dimension with the extent that E fixes, if E fixes one.
template <class E, class A>
using dimension_of = std::conditional_t<E::template fixed_extent<A>() == dynamic, A,
                                        fixed<A, (E::template fixed_extent<A>() == dynamic ? 0 : E::template fixed_extent<A>())>>;

/// Extents of the listed axes, with the extents that E has.
template <class E, class List>
struct extents_of_axes;
template <class E, class... A>
struct extents_of_axes<E, axes<A...>> {
  using type = extents<typename E::index_type, dimension_of<E, A>...>;
  CROSSLANE_FN static constexpr type take(E const& e) { return {e.template extent<A>()...}; }
};

/// Multiplies `product` by `factor`. Returns false if the product overflows.
constexpr bool multiply(std::uint64_t& product, std::uint64_t factor) {
  bool const fits = factor == 0 || product <= ~std::uint64_t{0} / factor;
  product *= factor;
  return fits;
}

template <class E>
[[noreturn, gnu::cold, gnu::noinline]] void fail_span_size(char const* layout, E const& e, std::uint64_t largest, source_location where) {
  error_text t;
  e.describe(t);
  constexpr std::size_t bits = 8 * sizeof(typename E::index_type);
  throw_error(errc::limit_exceeded, where, "%s layout, %s: the limit of its %zu-bit index is %llu elements%s", layout, t.c_str(), bits,
              static_cast<unsigned long long>(largest),
              bits == 32 ? "; crosslane::with_index<Layout, std::int64_t> has a wider index" : "");
}

/// Throws limit_exceeded if the index type cannot count the layout's elements.
template <class E>
constexpr void check_span_size(char const* layout, E const& e, bool overflow, std::uint64_t elements, source_location where) {
  constexpr std::uint64_t largest = sizeof(typename E::index_type) == 4 ? std::uint64_t{INT32_MAX} : std::uint64_t{INT64_MAX};
  if (overflow || elements > largest) fail_span_size(layout, e, largest, where);
}

}  // namespace detail

}  // namespace crosslane
