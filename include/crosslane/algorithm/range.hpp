// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Ranges whose elements are computed when they are read: counting(), constant(), transformed(), zipped(), permuted(), reversed(), and
/// counted(), a range whose size lies in device memory. Device-wide algorithms take them wherever they take buffers and spans.
///
///   float const norm = xl::reduce(q, xl::transformed<float>(x, [] CROSSLANE_LAMBDA(float a) { return a * a; }), xl::plus{});
///
/// A range is a small value that owns nothing: the buffers in it must live until the algorithm has run. Ranges of ranges are possible. The
/// host makes them; kernels may take them as arguments and read element i by `range[i]`.
#pragma once

#include <crosslane/runtime/operands.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Two values: an element of a zipped range.
template <class First, class Second>
struct pair {
  First first;    ///< the element of the first range
  Second second;  ///< the element of the second range

  /// Whether both values are equal.
  CROSSLANE_FN friend constexpr bool operator==(pair const& a, pair const& b) { return a.first == b.first && a.second == b.second; }
};
/// Deduces both types.
template <class First, class Second>
pair(First, Second) -> pair<First, Second>;

namespace detail {

/// A range that kernels can read: `range[i]` for i < size().
template <class R>
concept kernel_range = std::is_trivially_copyable_v<R> && requires(R const& r, std::uint64_t i) {
  typename R::value_type;
  r[i];
  { r.size() } -> std::convertible_to<std::uint64_t>;
};

/// A range whose number of elements lies in device memory: count() in a kernel.
template <class R>
concept has_count = requires(R const& r) { r.count(); };
/// Returns the number of elements of a range in a kernel.
template <class R>
CROSSLANE_FN std::uint64_t count_in_kernel(R const& range) {
  if constexpr (has_count<R>)
    return range.count();
  else
    return range.size();
}

template <class R>
struct view_of_range;
/// The view of a buffer, span or lazy range that a kernel gets: a span, or the lazy range itself.
template <class R>
using view_of = typename view_of_range<std::remove_reference_t<R>>::type;
template <class R>
requires(is_buffer<std::remove_const_t<R>>) struct view_of_range<R> {
  using type = decltype(std::declval<R&>().view());
};
template <class R>
requires(!is_buffer<std::remove_const_t<R>>) struct view_of_range<R> {
  static_assert(kernel_range<std::remove_const_t<R>>,
                "crosslane: device-wide algorithms take buffers, spans and lazy ranges: copy an array of the host to a crosslane::buffer "
                "first, and pass the storage() of a tensor or the view() of a host_registration");
  using type = std::remove_const_t<R>;
};

template <class R>
view_of<R> view_for_kernel(R&& range, source_location where) {
  if constexpr (is_buffer<std::remove_cvref_t<R>>) {
    range.require(where);
    return range.view();
  } else {
    return range;
  }
}

/// A type with elements. The concept distinguishes ranges from values and functions in overloads; view_of refuses ranges that kernels
/// cannot read.
template <class R>
concept range_argument = requires(R& range) {
  typename std::remove_cvref_t<R>::value_type;
  range.size();
};

template <class R>
using value_of = typename view_of<R>::value_type;

/// Calls f with each span whose element i is, or is a part of, element i of the range: the range itself, or those in zipped() and
/// counted().
template <class R, class F>
void for_spans(R const& range, F const& f) {
  if constexpr (is_span<R>) {
    f(range);
  } else if constexpr (requires { range.count_data(); }) {
    for_spans(range.inner(), f);
  } else if constexpr (requires { range.firsts(); }) {
    for_spans(range.firsts(), f);
    for_spans(range.seconds(), f);
  }
}

/// Throws invalid_argument if elements of two ranges in memory overlap: the first ones, or all. With `may_be_input` both may have the same
/// elements at the same places.
template <class In, class Out>
void check_apart(char const* call, In const& in, std::uint64_t in_count, Out const& out, std::uint64_t out_count, source_location where,
                 bool may_be_input = false) {
  for_spans(in, [&](auto const& from) {
    for_spans(out, [&](auto const& to) {
      constexpr std::size_t from_bytes = sizeof(*from.data()), to_bytes = sizeof(*to.data());
      if (may_be_input && from_bytes == to_bytes && static_cast<void const*>(from.data()) == static_cast<void const*>(to.data())) return;
      require_apart(call, to.data(), out_count * to_bytes, from.data(), in_count * from_bytes, where);
    });
  });
}
template <class In, class Out>
void check_apart(char const* call, In const& in, Out const& out, source_location where) {
  check_apart(call, in, in.size(), out, out.size(), where);
}

}  // namespace detail

/// first, first + 1, ... : see counting().
template <class T>
class counting_range {
 public:
  using value_type = T;  ///< the type of an element
  /// Constructs the range; counting() calls it.
  CROSSLANE_FN constexpr counting_range(T first, std::uint64_t size) : first_{first}, size_{size} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return size_; }                      ///< number of elements
  CROSSLANE_FN constexpr T operator[](std::uint64_t i) const { return T(first_ + T(i)); }  ///< element i

 private:
  T first_;
  std::uint64_t size_;
};
/// Returns the range first, first + 1, ... of `size` elements.
template <std::integral T>
constexpr counting_range<T> counting(T first, std::uint64_t size) {
  return {first, size};
}

/// The same value at each index: see constant().
template <class T>
class constant_range {
 public:
  using value_type = T;  ///< the type of an element
  /// Constructs the range; constant() calls it.
  CROSSLANE_FN constexpr constant_range(T value, std::uint64_t size) : value_{value}, size_{size} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return size_; }          ///< number of elements
  CROSSLANE_FN constexpr T operator[](std::uint64_t) const { return value_; }  ///< element i

 private:
  T value_;
  std::uint64_t size_;
};
/// Returns a range of `size` elements that are all `value`.
template <class T>
constexpr constant_range<T> constant(T value, std::uint64_t size) {
  return {value, size};
}

namespace detail {

/// Stands for the type of what a function returns.
struct returned {};
template <class T, class F, class Argument>
struct result_type {
  using type = T;
};
template <class F, class Argument>
struct result_type<returned, F, Argument> {
  static_assert(
      std::is_invocable_v<F const&, Argument>,
      "crosslane: the function of transformed() cannot be called with an element, as far as the host knows. It does not know what a "
      "device lambda of nvcc returns: write transformed<T>(range, f), or use a function object");
  using type = std::remove_cvref_t<std::invoke_result_t<F const&, Argument>>;
};

}  // namespace detail

/// f(range[i]), as a T: see transformed().
template <class R, class F, class T = detail::returned>
class transformed_range {
 public:
  using value_type = typename detail::result_type<T, F, typename R::value_type>::type;  ///< the type of an element
  /// Constructs the range; transformed() calls it.
  CROSSLANE_FN constexpr transformed_range(R const& range, F const& f) : range_{range}, f_{f} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return range_.size(); }                       ///< number of elements
  CROSSLANE_FN constexpr value_type operator[](std::uint64_t i) const { return apply(range_[i]); }  ///< element i
  /// Returns the number of elements in a kernel, if it lies in device memory.
  CROSSLANE_FN std::uint64_t count() const requires(detail::has_count<R>) { return range_.count(); }
  CROSSLANE_FN constexpr R const& inner() const { return range_; }  ///< the range of the function's arguments
  /// Returns the element that the function makes of an element of inner().
  CROSSLANE_FN constexpr value_type apply(typename R::value_type const& x) const { return value_type(f_(x)); }
  /// The same, whatever the place of the element.
  CROSSLANE_FN constexpr value_type apply_at(typename R::value_type const& x, std::uint64_t) const { return apply(x); }

 private:
  R range_;
  F f_;
};
/// Returns the range f(range[0]), f(range[1]), ... `f` is trivially copyable and callable in a kernel, where it is const. `T` is the type
/// of an element, by default what `f` returns. Lambdas need it: the host does not know what a device lambda of nvcc returns.
template <class T = detail::returned, class R, class F>
auto transformed(R&& range, F f, source_location where = source_location::current()) {
  return transformed_range<detail::view_of<R>, F, T>{detail::view_for_kernel(range, where), f};
}

/// An element of a zipped range of places: assigning a pair stores both values. A and B are references, or zipped_reference.
template <class A, class B, class Pair>
struct zipped_reference {
  A first;   ///< the element of the first range
  B second;  ///< the element of the second range
  /// Stores both values.
  CROSSLANE_FN zipped_reference const& operator=(Pair const& p) const {
    first = p.first;
    second = p.second;
    return *this;
  }
  /// Returns both values.
  CROSSLANE_FN operator Pair() const { return {first, second}; }
};

namespace detail {

/// Whether the elements of a range are places that can be stored to, or stand for such places, and are no values.
template <class R, class Reference = decltype(std::declval<R const&>()[std::uint64_t{}])>
inline constexpr bool is_writable = std::is_lvalue_reference_v<Reference> ? !std::is_const_v<std::remove_reference_t<Reference>>
                                                                          : !std::is_same_v<Reference, typename R::value_type>;
template <class R>
struct check_written {
  static_assert(is_writable<R>, "crosslane: an algorithm cannot store to elements that are constant or computed: see R of check_written");
  static constexpr bool ok = true;
};

}  // namespace detail

/// {a[i], b[i]}: see zipped().
template <class A, class B>
class zipped_range {
  using first_reference = decltype(std::declval<A const&>()[std::uint64_t{}]);
  using second_reference = decltype(std::declval<B const&>()[std::uint64_t{}]);

 public:
  using value_type = pair<typename A::value_type, typename B::value_type>;  ///< the type of an element
  /// Constructs the range; zipped() calls it.
  CROSSLANE_FN constexpr zipped_range(A const& a, B const& b) : a_{a}, b_{b} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return a_.size(); }  ///< number of elements
  /// Returns element i, or a zipped_reference to it if both ranges have places to store to.
  CROSSLANE_FN constexpr auto operator[](std::uint64_t i) const {
    if constexpr (detail::is_writable<A> && detail::is_writable<B>)
      return zipped_reference<first_reference, second_reference, value_type>{a_[i], b_[i]};
    else
      return value_type{a_[i], b_[i]};
  }
  /// Returns the number of elements in a kernel, if it lies in device memory.
  CROSSLANE_FN std::uint64_t count() const requires(detail::has_count<A> || detail::has_count<B>) {
    std::uint64_t const a = detail::count_in_kernel(a_), b = detail::count_in_kernel(b_);
    return a < b ? a : b;
  }
  CROSSLANE_FN constexpr A const& firsts() const { return a_; }   ///< the range of the first values
  CROSSLANE_FN constexpr B const& seconds() const { return b_; }  ///< the range of the second values

 private:
  A a_;
  B b_;
};
/// Returns the range {a[0], b[0]}, {a[1], b[1]}, ... Its elements are pairs. As an output it stores to both ranges. Throws size_mismatch
/// unless both have the same number of elements.
template <class A, class B>
auto zipped(A&& a, B&& b, source_location where = source_location::current()) {
  auto const first = detail::view_for_kernel(a, where);
  auto const second = detail::view_for_kernel(b, where);
  if (std::uint64_t(first.size()) != std::uint64_t(second.size()))
    throw_error(errc::size_mismatch, where, "zipped: the first range has %llu elements, the second %llu",
                static_cast<unsigned long long>(first.size()), static_cast<unsigned long long>(second.size()));
  return zipped_range<std::remove_const_t<decltype(first)>, std::remove_const_t<decltype(second)>>{first, second};
}

/// range[index[i]]: see permuted().
template <class R, class Index>
class permuted_range {
 public:
  using value_type = typename R::value_type;  ///< the type of an element
  /// Constructs the range; permuted() calls it.
  CROSSLANE_FN constexpr permuted_range(R const& range, Index const& index) : range_{range}, index_{index} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return index_.size(); }  ///< number of elements
  /// Returns element index[i] of the range.
  CROSSLANE_FN constexpr decltype(auto) operator[](std::uint64_t i) const {
    static_assert(std::is_integral_v<typename Index::value_type>, "crosslane: the indices of elements are integers");
    return range_[std::size_t(index_[i])];
  }
  /// Returns the number of elements in a kernel, if it lies in device memory.
  CROSSLANE_FN std::uint64_t count() const requires(detail::has_count<Index>) { return index_.count(); }

 private:
  R range_;
  Index index_;
};
/// Returns the range range[index[0]], range[index[1]], ... As an output it stores to these places. Precondition: the indices are places of
/// `range`, and different ones if it is an output.
template <class R, class Index>
auto permuted(R&& range, Index&& index, source_location where = source_location::current()) {
  return permuted_range<detail::view_of<R>, detail::view_of<Index>>{detail::view_for_kernel(range, where),
                                                                    detail::view_for_kernel(index, where)};
}

/// range[size - 1 - i]: see reversed().
template <class R>
class reversed_range {
 public:
  using value_type = typename R::value_type;  ///< the type of an element
  /// Constructs the range; reversed() calls it.
  CROSSLANE_FN constexpr explicit reversed_range(R const& range) : range_{range} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return range_.size(); }  ///< number of elements
  /// Returns element i from the end.
  CROSSLANE_FN constexpr decltype(auto) operator[](std::uint64_t i) const { return range_[detail::count_in_kernel(range_) - 1 - i]; }
  /// Returns the number of elements in a kernel, if it lies in device memory.
  CROSSLANE_FN std::uint64_t count() const requires(detail::has_count<R>) { return range_.count(); }

 private:
  R range_;
};
/// Returns the elements of the range from the last to the first. As an output it stores from the end.
template <class R>
auto reversed(R&& range, source_location where = source_location::current()) {
  return reversed_range<detail::view_of<R>>{detail::view_for_kernel(range, where)};
}

/// The first *count elements of a range: see counted().
template <class R>
class counted_range {
 public:
  using value_type = typename R::value_type;  ///< the type of an element
  /// Constructs the range; counted() calls it.
  CROSSLANE_FN constexpr counted_range(R const& range, std::uint64_t const* count) : range_{range}, count_{count} {}
  CROSSLANE_FN constexpr std::uint64_t size() const { return range_.size(); }  ///< the most elements that there can be
  /// Returns the number of elements. Kernels call it.
  CROSSLANE_FN std::uint64_t count() const { return *count_ < size() ? *count_ : size(); }
  CROSSLANE_FN constexpr decltype(auto) operator[](std::uint64_t i) const { return range_[i]; }  ///< element i
  constexpr std::uint64_t const* count_data() const { return count_; }                           ///< where the number of elements lies
  CROSSLANE_FN constexpr R const& inner() const { return range_; }                               ///< the whole range

 private:
  R range_;
  std::uint64_t const* count_;
};
/// Returns the first `count[0]` elements of the range, where `count` lies in device memory: a number that an earlier algorithm of the
/// stream writes. The program need not know it. The elements are at most those of the range.
template <class R, class Count>
auto counted(R&& range, Count&& count, source_location where = source_location::current()) {
  auto const n = detail::view_for_kernel(count, where);
  static_assert(std::is_same_v<typename decltype(n)::value_type, std::uint64_t>,
                "crosslane: the count of counted() is one std::uint64_t in device memory");
  if (n.size() == 0) throw_error(errc::invalid_argument, where, "counted: the range with the count is empty");
  return counted_range<detail::view_of<R>>{detail::view_for_kernel(range, where), n.data()};
}

}  // namespace crosslane
