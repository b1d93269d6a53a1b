// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// to_string: tensors as readable text. This header is not part of tensor.hpp, because it includes the standard library's strings.
#pragma once

#include <crosslane/platform/number_text.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/transform.hpp>

#include <cstdio>
#include <string>

namespace crosslane {

/// The limits of to_string(). A tensor of more than `most` elements is abridged: an axis longer than 2 * edge shows only its first and last
/// `edge` indices.
struct print_options {
  std::int64_t most = 256;  ///< elements that are printed in full
  std::int64_t edge = 3;    ///< indices at each end of an axis, at least 1
};

namespace detail {

/// Returns the layout as text: "packed, memory order n, h, w, c".
template <class L>
struct layout_text {
  static std::string of(L const& layout) {
    std::string result = is_packed<L> ? "packed" : strided_layout<L> ? "strided" : type_name<L>();
    (result += ", memory order ") += order_text(typename L::order{}).c_str();
    if constexpr (strided_layout<L> && !is_packed<L>) (result += ", strides ") += strides(layout, typename L::extents_type::axes{});
    return result;
  }

 private:
  template <class... A>
  static std::string strides(L const& layout, axes<A...>) {
    std::string result;
    ((result += result.empty() ? "" : ", ", result += axis_name<A>(),
      (result += " = ") += std::to_string(static_cast<long long>(layout.template stride<A>()))),
     ...);
    return result;
  }
};
template <class E, class Order, class... Blocks>
struct layout_text<blocked<E, Order, Blocks...>> {
  static std::string of(blocked<E, Order, Blocks...> const&) {
    std::string blocks;
    ((blocks += blocks.empty() ? "" : " x ", blocks += std::to_string(static_cast<long long>(dimension<Blocks>::extent)) + " ",
      blocks += axis_name<typename dimension<Blocks>::axis>()),
     ...);
    return "blocked by " + blocks + ", memory order " + order_text(Order{}).c_str();
  }
};

template <class T>
std::string element_text(T const& x) {
  char text[48];
  if constexpr (std::is_same_v<T, bool>)
    return x ? "true" : "false";
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    std::snprintf(text, sizeof text, "%lld", static_cast<long long>(x));
  else if constexpr (std::is_integral_v<T>)
    std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(x));
  else
    return number_text(static_cast<double>(static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(x)));
  return text;
}

/// Prints the elements at the indices that are shown.
template <class T, class L>
class tensor_printer {
 public:
  tensor_printer(tensor_view<T, L> const& t, print_options const& options) : t_{t}, options_{options} { set_lengths(typename E::axes{}); }

  std::string text() {
    width_ = 0;
    measuring_ = true;
    walk(0);
    measuring_ = false;
    text_.clear();
    walk(0);
    return text_;
  }

 private:
  using E = typename L::extents_type;

  template <class... A>
  void set_lengths(axes<A...>) {
    int i = 0;
    ((lengths_[i++] = std::int64_t{t_.template extent<A>()}), ...);
  }

  void walk(int axis) {
    if (axis == E::rank) {
      std::string const element = element_text(t_[index_]);
      if (measuring_)
        width_ = element.size() > width_ ? element.size() : width_;
      else
        text_ += std::string(width_ - element.size(), ' ') + element;
      return;
    }
    std::int64_t const n = lengths_[axis], edge = options_.edge < 1 ? 1 : options_.edge;
    bool const abridged = std::int64_t(t_.size()) > options_.most && n - edge > edge;
    std::string separator = ",";
    if (axis + 1 < E::rank) separator.append(unsigned(E::rank - axis - 1), '\n').append(unsigned(axis), ' ');
    separator += ' ';
    text_ += '[';
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) text_ += separator;
      if (abridged && i == edge) {
        text_ += "..." + separator;
        i = n - edge;
      }
      index_[axis] = static_cast<typename E::index_type>(i);
      walk(axis + 1);
    }
    text_ += ']';
  }

  tensor_view<T, L> t_;
  print_options options_;
  std::int64_t lengths_[E::rank] = {};
  typename E::multi_index index_{};
  std::string text_;
  std::size_t width_ = 0;
  bool measuring_ = false;
};

}  // namespace detail

/// Returns the element type, the extents, the layout and the elements as text. The elements are printed in the order in which the axes are
/// declared, whatever the order in memory. Elements are numbers. The view is of memory that the host can access. Precondition: no queued
/// work writes the memory.
///
///   int [row = 2, col = 3], packed, memory order col, row
///   [[0, 1, 2],
///    [3, 4, 5]]
template <class T, class L>
std::string to_string(tensor_view<T, L> const& t, print_options options = {}) {
  error_text extents;
  t.extents().describe(extents);
  return std::string(type_name<std::remove_const_t<T>>()) + " [" + extents.c_str() + "], " + detail::layout_text<L>::of(t.layout()) + "\n" +
         detail::tensor_printer<T, L>{t, options}.text() + "\n";
}

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the same text for a tensor or view of memory that the device can access. Copies all memory that the view spans to the host and
/// synchronises with the stream.
///
///   std::puts(xl::to_string(q, t).c_str());
template <stream_like S, detail::tensor_like R>
std::string to_string(S const& stream, R&& tensor, print_options options = {}, source_location where = source_location::current()) {
  auto const view = detail::tensor_argument(tensor, where);
  using T = typename std::remove_const_t<decltype(view)>::value_type;
  auto const q = detail::ref_of(stream, where);
  basic_buffer<T, memory_kind::pinned, typename S::backend> elements{q, std::size_t(view.layout().span_size()), where};
  if (elements.size() != 0) copy(q, span<T const>{view.data(), elements.size()}, elements, where);
  q.synchronize(where);
  return to_string(tensor_view{static_cast<T const*>(elements.data()), view.layout()}, options);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
