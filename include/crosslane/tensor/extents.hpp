// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How far a tensor reaches along each of its axes.
#pragma once

#include <crosslane/runtime/error.hpp>
#include <crosslane/tensor/axis.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace crosslane {

/// An axis whose extent is known at compile time: fixed<axis::c, 3>.
template <tensor_axis A, std::int64_t N>
struct fixed {
  static_assert(N >= 0, "crosslane: an extent is not negative");
};

/// What takes the place of an extent or a stride that is known at run time only.
inline constexpr std::int64_t dynamic = -1;

namespace detail {

template <class D>
struct dimension {
  static_assert(tensor_axis<D>, "crosslane: a dimension is an axis or crosslane::fixed<axis, extent>");
  using axis = D;
  static constexpr std::int64_t extent = dynamic;
};
template <class A, std::int64_t N>
struct dimension<fixed<A, N>> {
  using axis = A;
  static constexpr std::int64_t extent = N;
};

/// An argument of extents: any integer.
template <class D>
struct extent_value {
  template <std::integral N>
  CROSSLANE_FN constexpr extent_value(N n) : value{static_cast<std::int64_t>(n)} {}
  std::int64_t value;
};

/// N numbers; an empty class where there are none. Empty members of one type cannot share an address: `Owner` tells them apart.
template <class T, int N, class Owner>
struct numbers {
  T value[unsigned(N)];
  CROSSLANE_FN constexpr T& operator[](int i) { return value[i]; }
  CROSSLANE_FN constexpr T const& operator[](int i) const { return value[i]; }
};
template <class T, class Owner>
struct numbers<T, 0, Owner> {};

}  // namespace detail

/// One number for each axis, in the order that a tensor declares them.
template <class Index, int Rank>
struct multi_index {
  Index value[unsigned(Rank)];  ///< in that order
  /// @{
  /// The number of axis i, counted from 0.
  CROSSLANE_FN constexpr Index& operator[](int i) { return value[i]; }
  CROSSLANE_FN constexpr Index const& operator[](int i) const { return value[i]; }
  /// @}
  /// Equal for all axes.
  friend constexpr bool operator==(multi_index const&, multi_index const&) = default;
};

/// Of one to eight axes. `Dimensions` are axes, or fixed<axis, n>; only extents that are not fixed take space. `Index` is what offsets are
/// computed in: int for tensors of less than 2^31 elements, std::int64_t for larger ones.
template <class Index, class... Dimensions>
class extents {
 public:
  static_assert(std::same_as<Index, std::int32_t> || std::same_as<Index, std::int64_t>,
                "crosslane: indices of tensors are std::int32_t or std::int64_t");
  static_assert(sizeof...(Dimensions) >= 1 && sizeof...(Dimensions) <= 8, "crosslane: a tensor has 1 to 8 axes");

  using index_type = Index;  ///< what offsets are computed in
  /// In the order in which a tensor is indexed, whatever its order in memory.
  using axes = crosslane::axes<typename detail::dimension<Dimensions>::axis...>;
  static_assert(axes::distinct, "crosslane: an axis stands twice in extents");
  static constexpr int rank = axes::size;                   ///< how many axes
  using multi_index = crosslane::multi_index<Index, rank>;  ///< an index

  /// Those that are not fixed are 0.
  constexpr extents() = default;

  /// One for each axis. Throws on the program's side: invalid_argument for a negative one and for one that differs from what is fixed,
  /// limit_exceeded for one that the index type cannot hold.
  CROSSLANE_FN constexpr extents(detail::extent_value<Dimensions>... values, source_location where = source_location::current()) {
    (set<Dimensions>(values.value, where), ...);
  }

  /// `dynamic` where it is not fixed.
  template <class A>
  CROSSLANE_FN static constexpr std::int64_t fixed_extent() {
    static_assert(axes::template contains<A>, "crosslane: the tensor has no such axis");
    std::int64_t result = dynamic;
    ((std::is_same_v<typename detail::dimension<Dimensions>::axis, A> ? void(result = detail::dimension<Dimensions>::extent) : void()),
     ...);
    return result;
  }

  /// Of one axis.
  template <class A>
  CROSSLANE_FN constexpr Index extent() const {
    if constexpr (fixed_extent<A>() != dynamic)
      return Index(fixed_extent<A>());
    else
      return dynamic_[dynamic_position<A>()];
  }

  /// Product of all.
  CROSSLANE_FN constexpr Index count() const { return (extent<typename detail::dimension<Dimensions>::axis>() * ... * Index{1}); }

  /// Equal along all axes.
  CROSSLANE_FN friend constexpr bool operator==(extents const& a, extents const& b) {
    return ((a.template extent<typename detail::dimension<Dimensions>::axis>() ==
             b.template extent<typename detail::dimension<Dimensions>::axis>()) &&
            ...);
  }

  /// Text for errors: "n = 2, c = 3".
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
    if (value < 0) throw_error(errc::invalid_argument, where, "extent of axis %s: %lld", axis_name<A>(), static_cast<long long>(value));
    if (known != dynamic && value != known)
      throw_error(errc::invalid_argument, where, "extent of axis %s: %lld, the type fixes %lld", axis_name<A>(),
                  static_cast<long long>(value), static_cast<long long>(known));
    if (value > largest)
      throw_error(errc::limit_exceeded, where, "extent of axis %s: %lld, the limit of its %zu-bit index is %lld", axis_name<A>(),
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

/// The axis as a dimension that keeps what extents E fix of it.
template <class E, class A>
using dimension_of = std::conditional_t<E::template fixed_extent<A>() == dynamic, A,
                                        fixed<A, (E::template fixed_extent<A>() == dynamic ? 0 : E::template fixed_extent<A>())>>;

/// Extents with what E has of those axes.
template <class E, class List>
struct extents_of_axes;
template <class E, class... A>
struct extents_of_axes<E, axes<A...>> {
  using type = extents<typename E::index_type, dimension_of<E, A>...>;
  CROSSLANE_FN static constexpr type take(E const& e) { return {e.template extent<A>()...}; }
};

/// Calls f(axis, position) for each axis of a list, as f.template operator()<A>(i).
template <class... A, class F>
CROSSLANE_FN constexpr void for_each_axis(axes<A...>, F const& f) {
  int i = 0;
  (f.template operator()<A>(i++), ...);
}

/// False where the product does not fit.
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
              static_cast<unsigned long long>(largest), bits == 32 ? "; crosslane::with_index<Layout, std::int64_t> has a wider one" : "");
}

/// Throws limit_exceeded where a layout's elements are more than its index type can count.
template <class E>
constexpr void check_span_size(char const* layout, E const& e, bool overflow, std::uint64_t elements, source_location where) {
  constexpr std::uint64_t largest = sizeof(typename E::index_type) == 4 ? std::uint64_t{INT32_MAX} : std::uint64_t{INT64_MAX};
  if (overflow || elements > largest) fail_span_size(layout, e, largest, where);
}

}  // namespace detail

}  // namespace crosslane
