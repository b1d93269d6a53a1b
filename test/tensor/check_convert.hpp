// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// convert() against its definition: destination(index) = source(index).
#pragma once

#include <tensor/reference.hpp>

namespace crosslane_test {

namespace xl = crosslane;

template <class T>
T value_of(std::size_t i) {
  return T(float(int(i * 2654435761u % 251) - 125));
}

/// Checks every element. Gaps keep their values, except in blocked layouts, where they become 0.
template <class T, class U, class From, class To>
void check_convert(xl::stream const& q, From const& from, To const& to, bool gaps_become_zero = false,
                   source_location where = source_location::current()) {
  xl::tensor<T, From> source{q, from};
  xl::tensor<U, To> destination{q, to};
  std::vector<T> values(source.storage().size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_of<T>(i);
  xl::copy(q, values, source.storage());
  xl::fill(q, destination.storage(), U(99));
  xl::convert(q, source, destination);
  std::vector<U> const got = read(q, destination.storage());
  std::vector<U> expected(got.size(), gaps_become_zero ? U(0) : U(99));
  for_each_index(to, [&](auto const& i) {
    typename From::extents_type::multi_index j{};
    [&]<class... A>(xl::axes<A...>) {
      ((j[xl::detail::position_of<typename From::extents_type, A>] = i[xl::detail::position_of<typename To::extents_type, A>]), ...);
    }(typename From::order{});
    expected[std::size_t(to.offset(i))] = static_cast<U>(values[std::size_t(from.offset(j))]);
  });
  for (std::size_t i = 0; i < got.size(); ++i)
    if (float(got[i]) != float(expected[i]))
      return fail(std::string("convert from ") + xl::type_name<From>() + " to " + xl::type_name<To>() + ": element " + show_value(i) +
                      " is " + show_value(float(got[i])) + ", not " + show_value(float(expected[i])),
                  where);
}

template <class T, class U>
void check_orders(xl::stream const& q, xl::image_extents const& e) {
  check_convert<T, U>(q, xl::nchw{e}, xl::nhwc{e});
  check_convert<T, U>(q, xl::nhwc{e}, xl::nchw{e});
  if constexpr (all_combinations || (std::is_same_v<T, float> && std::is_same_v<U, float>)) {
    check_convert<T, U>(q, xl::nchw{e}, xl::chwn{e});
    check_convert<T, U>(q, xl::hwnc{e}, xl::nhcw{e});
    check_convert<T, U>(q, xl::nhwc{e}, xl::nhwc{e});
  }
}

}  // namespace crosslane_test
