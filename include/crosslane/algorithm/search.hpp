// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Questions about a whole range: min_element(), max_element(), minmax_element(), count_if(), find_if(), any_of(), all_of(), none_of().
///
///   std::uint64_t const place = xl::min_element(q, x);  // waits for the result
///   xl::min_element(q, x, place_on_device);             // stores it to place_on_device[0], and does not wait
///
/// The host calls them. Each is a reduction (reduce.hpp). Floating-point numbers are compared in the total order of IEEE 754: -0 is below
/// +0, NaN is above infinity or, with its sign set, below minus infinity.
#pragma once

#include <crosslane/algorithm/less.hpp>
#include <crosslane/algorithm/reduce.hpp>

namespace crosslane {

namespace detail {

/// An element with its place. The gap between them is a member, so that copies read no byte that nothing has written.
template <class T, class Place, std::size_t Gap = (sizeof(Place) - sizeof(T) % sizeof(Place)) % sizeof(Place)>
struct placed {
  T first;
  unsigned char gap[Gap];
  Place second;
  CROSSLANE_FN static placed make(T const& element, Place place) { return {element, {}, place}; }
};
template <class T, class Place>
struct placed<T, Place, 0> {
  T first;
  Place second;
  CROSSLANE_FN static placed make(T const& element, Place place) { return {element, place}; }
};
/// The elements of a range with their places.
template <class In, class Place>
struct placed_range {
  using element = typename In::value_type;
  using value_type = placed<element, Place>;
  In in;
  CROSSLANE_FN std::uint64_t size() const { return in.size(); }
  CROSSLANE_FN std::uint64_t count() const { return count_in_kernel(in); }
  CROSSLANE_FN value_type operator[](std::uint64_t i) const { return value_type::make(element(in[i]), Place(i)); }
  CROSSLANE_FN In const& inner() const { return in; }
  CROSSLANE_FN value_type apply_at(element const& x, std::uint64_t i) const { return value_type::make(x, Place(i)); }
};

/// Chooses the first of the smallest elements.
template <class Less>
struct choose_smallest {
  static constexpr bool commutative = true;
  Less less_;
  template <class T, class Place>
  CROSSLANE_FN placed<T, Place> operator()(placed<T, Place> const& a, placed<T, Place> const& b) const {
    if (less_(b.first, a.first)) return b;
    if (less_(a.first, b.first)) return a;
    return a.second < b.second ? a : b;
  }
  template <class T, class Place>
  CROSSLANE_FN placed<T, Place> with_later(placed<T, Place> const& a, placed<T, Place> const& b) const {
    return less_(b.first, a.first) ? b : a;
  }
};
/// Chooses an element that no other is above: the first or, if Last, the last one.
template <class Less, bool Last>
struct choose_largest {
  static constexpr bool commutative = true;
  Less less_;
  template <class T, class Place>
  CROSSLANE_FN placed<T, Place> operator()(placed<T, Place> const& a, placed<T, Place> const& b) const {
    if (less_(a.first, b.first)) return b;
    if (less_(b.first, a.first)) return a;
    return (a.second < b.second) != Last ? a : b;
  }
  template <class T, class Place>
  CROSSLANE_FN placed<T, Place> with_later(placed<T, Place> const& a, placed<T, Place> const& b) const {
    return (Last ? less_(b.first, a.first) : !less_(a.first, b.first)) ? a : b;
  }
};
template <class Less>
struct choose_both {
  static constexpr bool commutative = true;
  Less less_;
  template <class T>
  CROSSLANE_FN pair<T, T> operator()(pair<T, T> const& a, pair<T, T> const& b) const {
    return {choose_smallest<Less>{less_}(a.first, b.first), choose_largest<Less, true>{less_}(a.second, b.second)};
  }
  template <class T>
  CROSSLANE_FN pair<T, T> with_later(pair<T, T> const& a, pair<T, T> const& b) const {
    return {choose_smallest<Less>{less_}.with_later(a.first, b.first), choose_largest<Less, true>{less_}.with_later(a.second, b.second)};
  }
};
struct twice {
  template <class T>
  CROSSLANE_FN pair<T, T> operator()(T const& p) const {
    return {p, p};
  }
};

/// An output of elements with their places that stores the places only. Those of no element are 0, the end of an empty range.
template <class Out, class Placed, unsigned Places = 1>
class places_output {
 public:
  struct reference {
    Out out;
    CROSSLANE_FN void operator=(Placed const& p) const { out[0] = typename Out::value_type(p.second); }
    CROSSLANE_FN void operator=(pair<Placed, Placed> const& p) const {
      out[0] = typename Out::value_type(p.first.second);
      out[1] = typename Out::value_type(p.second.second);
    }
  };
  using value_type = Placed;
  explicit places_output(Out const& out) : out_{out} {}
  CROSSLANE_FN std::uint64_t size() const { return out_.size(); }
  CROSSLANE_FN reference operator[](std::uint64_t) const { return {out_}; }
  CROSSLANE_FN void store_none() const {
    for (unsigned i = 0; i < Places; ++i) out_[i] = typename Out::value_type(0);
  }

 private:
  Out out_;
};

template <class Predicate>
struct as_number {
  Predicate predicate;
  template <class T>
  CROSSLANE_FN std::uint64_t operator()(T const& x) const {
    return predicate(x) ? 1 : 0;
  }
};
template <class Predicate>
struct opposite {
  Predicate predicate;
  template <class T>
  CROSSLANE_FN bool operator()(T const& x) const {
    return !predicate(x);
  }
};
template <class Predicate>
struct place_if {
  Predicate predicate;
  std::uint64_t none;
  template <class T>
  CROSSLANE_FN std::uint64_t operator()(placed<T, std::uint64_t> const& p) const {
    return predicate(p.first) ? p.second : none;
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Calls f with the elements of a range and their places, of as few bits as suffice.
template <class In, class F>
void with_places(In const& in, F const& f) {
  if (in.size() < ~std::uint32_t{0})
    f(placed_range<In, std::uint32_t>{in});
  else
    f(placed_range<In, std::uint64_t>{in});
}

template <class P, stream_like S, class In, class Out, class Op>
void choose(char const* call, S const& stream_, In& in, Out& out, Op const& op, workspace_reference const& workspace,
            source_location where) {
  auto const q = ref_of(stream_, where);
  require_operands(q, call, workspace, where, in, out);
  auto const from = view_for_kernel(in, where);
  auto const to = view_for_kernel(out, where);
  if (from.size() == 0) throw_error(errc::invalid_argument, where, "%s: the range is empty", call);
  with_places(from, [&](auto const& elements) {
    using element = typename std::remove_cvref_t<decltype(elements)>::value_type;
    queue_reduce<P>(q, call, elements, places_output<view_of<Out>, element>{to}, maybe<element>{{}, 0}, op, workspace, where);
  });
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Finds the place of the first smallest, or of the first largest element, as the standard functions of the same names. `below(a, b)` is a
/// strict weak order. With an output it stores the place, an integer, to out[0]; otherwise it waits and returns it. Throws invalid_argument
/// for an empty range. If only the device knows that a counted() range is empty, the place is 0.
template <stream_like S, detail::range_argument In, detail::range_argument Out, class Less = less, class D = run_to_run, class P = tuned>
void min_element(S const& stream, In&& in, Out&& out, Less const& below = {}, options<D, P> const& o = {},
                 source_location where = source_location::current()) {
  detail::choose<P>("min_element", stream, in, out, detail::choose_smallest<Less>{below}, o.workspace, where);
}
template <stream_like S, detail::range_argument In, class Less = less, class D = run_to_run, class P = tuned>
requires(!detail::range_argument<Less>)
[[nodiscard]] std::uint64_t min_element(S const& stream, In&& in, Less const& below = {}, options<D, P> const& o = {},
                                        source_location where = source_location::current()) {
  return detail::result_of<std::uint64_t>(
      detail::ref_of(stream, where), o.workspace, [&](auto const& out) { min_element(stream, in, out, below, o, where); }, where);
}
template <stream_like S, detail::range_argument In, detail::range_argument Out, class Less = less, class D = run_to_run, class P = tuned>
void max_element(S const& stream, In&& in, Out&& out, Less const& below = {}, options<D, P> const& o = {},
                 source_location where = source_location::current()) {
  detail::choose<P>("max_element", stream, in, out, detail::choose_largest<Less, false>{below}, o.workspace, where);
}
template <stream_like S, detail::range_argument In, class Less = less, class D = run_to_run, class P = tuned>
requires(!detail::range_argument<Less>)
[[nodiscard]] std::uint64_t max_element(S const& stream, In&& in, Less const& below = {}, options<D, P> const& o = {},
                                        source_location where = source_location::current()) {
  return detail::result_of<std::uint64_t>(
      detail::ref_of(stream, where), o.workspace, [&](auto const& out) { max_element(stream, in, out, below, o, where); }, where);
}
/// @}

/// @{
/// Finds the places of the first smallest and of the last largest element, as std::minmax_element does: out[0] and out[1], or a pair.
template <stream_like S, detail::range_argument In, detail::range_argument Out, class Less = less, class D = run_to_run, class P = tuned>
void minmax_element(S const& stream, In&& in, Out&& out, Less const& below = {}, options<D, P> const& o = {},
                    source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "minmax_element", o.workspace, where, in, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  if (from.size() == 0) throw_error(errc::invalid_argument, where, "minmax_element: the range is empty");
  if (to.size() < 2)
    throw_error(errc::size_mismatch, where, "minmax_element: the output has %llu elements, the result has 2",
                static_cast<unsigned long long>(to.size()));
  detail::with_places(from, [&](auto const& elements) {
    auto const all = transformed(elements, detail::twice{}, where);
    using element = typename decltype(all)::value_type;
    using output = detail::places_output<detail::view_of<Out>, typename std::remove_cvref_t<decltype(elements)>::value_type, 2>;
    detail::queue_reduce<P>(q, "minmax_element", all, output{to}, detail::maybe<element>{{}, 0}, detail::choose_both<Less>{below},
                            o.workspace, where);
  });
}
template <stream_like S, detail::range_argument In, class Less = less, class D = run_to_run, class P = tuned>
requires(!detail::range_argument<Less>)
[[nodiscard]] pair<std::uint64_t, std::uint64_t> minmax_element(S const& stream, In&& in, Less const& below = {},
                                                                options<D, P> const& o = {},
                                                                source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  std::uint64_t values[2] = {};
  span<std::uint64_t> const result{values};
  if (o.workspace.measured != nullptr) {
    minmax_element(stream, in, result, below, o, where);
  } else {
    auto places = detail::temporary<std::uint64_t>(q, "minmax_element", o.workspace, 2, where);
    minmax_element(stream, in, places.view(), below, o, where);
    copy(q, places, result, where);
    q.synchronize(where);
  }
  return {values[0], values[1]};
}
/// @}

/// @{
/// Counts the elements for which `predicate(element)` is true: to out[0], or returned.
template <stream_like S, detail::range_argument In, detail::range_argument Out, class Predicate, class D = run_to_run, class P = tuned>
void count_if(S const& stream, In&& in, Out&& out, Predicate const& predicate, options<D, P> const& o = {},
              source_location where = source_location::current()) {
  reduce(stream, transformed(in, detail::as_number<Predicate>{predicate}, where), out, std::uint64_t{0}, plus{}, o, where);
}
template <stream_like S, detail::range_argument In, class Predicate, class D = run_to_run, class P = tuned>
requires(!detail::range_argument<Predicate>)
[[nodiscard]] std::uint64_t count_if(S const& stream, In&& in, Predicate const& predicate, options<D, P> const& o = {},
                                     source_location where = source_location::current()) {
  return reduce(stream, transformed(in, detail::as_number<Predicate>{predicate}, where), std::uint64_t{0}, plus{}, o, where);
}
/// @}

/// @{
/// Finds the place of the first element for which `predicate(element)` is true, or the size of the range: to out[0], or returned.
template <stream_like S, detail::range_argument In, detail::range_argument Out, class Predicate, class D = run_to_run, class P = tuned>
void find_if(S const& stream, In&& in, Out&& out, Predicate const& predicate, options<D, P> const& o = {},
             source_location where = source_location::current()) {
  auto const from = detail::view_for_kernel(in, where);
  std::uint64_t const none = from.size();
  reduce(stream,
         transformed(detail::placed_range<detail::view_of<In>, std::uint64_t>{from}, detail::place_if<Predicate>{predicate, none}, where),
         out, none, minimum{}, o, where);
}
template <stream_like S, detail::range_argument In, class Predicate, class D = run_to_run, class P = tuned>
requires(!detail::range_argument<Predicate>)
[[nodiscard]] std::uint64_t find_if(S const& stream, In&& in, Predicate const& predicate, options<D, P> const& o = {},
                                    source_location where = source_location::current()) {
  return detail::result_of<std::uint64_t>(
      detail::ref_of(stream, where), o.workspace, [&](auto const& out) { find_if(stream, in, out, predicate, o, where); }, where);
}
/// @}

/// @{
/// Returns whether `predicate(element)` is true for some, all or no elements of the range. Waits for the stream.
template <stream_like S, detail::range_argument In, class Predicate, class D = run_to_run, class P = tuned>
[[nodiscard]] bool any_of(S const& stream, In&& in, Predicate const& predicate, options<D, P> const& o = {},
                          source_location where = source_location::current()) {
  return count_if(stream, in, predicate, o, where) != 0;
}
template <stream_like S, detail::range_argument In, class Predicate, class D = run_to_run, class P = tuned>
[[nodiscard]] bool none_of(S const& stream, In&& in, Predicate const& predicate, options<D, P> const& o = {},
                           source_location where = source_location::current()) {
  return count_if(stream, in, predicate, o, where) == 0;
}
template <stream_like S, detail::range_argument In, class Predicate, class D = run_to_run, class P = tuned>
[[nodiscard]] bool all_of(S const& stream, In&& in, Predicate const& predicate, options<D, P> const& o = {},
                          source_location where = source_location::current()) {
  return count_if(stream, in, detail::opposite<Predicate>{predicate}, o, where) == 0;
}
/// @}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
