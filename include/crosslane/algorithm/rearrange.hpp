// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Moves and element-wise algorithms on ranges: gather(), scatter(), adjacent_difference(), generate(). The host calls them, and they do
/// not wait. Each is one kernel with a thread for each element.
#pragma once

#include <crosslane/algorithm/for_each.hpp>
#include <crosslane/algorithm/scan.hpp>

namespace crosslane {
namespace detail {

/// out[i] = in[i]
template <class In, class Out>
struct copy_element {
  In in;
  Out out;
  CROSSLANE_FN void operator()(std::uint64_t i) const {
    if (i < count_in_kernel(in) && i < count_in_kernel(out)) out[i] = typename In::value_type(in[i]);
  }
};
template <class In, class Out, class Op>
struct difference_of_neighbours {
  In in;
  Out out;
  Op op;
  CROSSLANE_FN void operator()(std::uint64_t i) const {
    using value = typename In::value_type;
    if (i < count_in_kernel(in)) out[i] = i == 0 ? value(in[0]) : value(op(value(in[i]), value(in[i - 1])));
  }
};
template <class Out, class F>
struct generate_element {
  Out out;
  F f;
  CROSSLANE_FN void operator()(std::uint64_t i) const { out[i] = f(i); }
};

inline namespace CROSSLANE_CONFIGURATION {

template <stream_like S, class In, class Out>
void copy_elements(S const& stream_, In const& in, Out const& out, source_location where) {
  for_each(stream_, std::uint64_t(in.size()), copy_element<In, Out>{in, out}, where);
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues out[i] = in[index[i]]. Precondition: the indices are places of `in`. Throws size_mismatch if the output has fewer elements than
/// there are indices, and invalid_argument if it overlaps the input or the indices.
template <stream_like S, class In, class Index, class Out>
void gather(S const& stream, In&& in, Index&& index, Out&& out, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "gather", where, in, index, out);
  auto const places = detail::view_for_kernel(index, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("gather", places, to, false, where);
  detail::check_apart("gather", detail::view_for_kernel(in, where), to, where);
  detail::copy_elements(stream, permuted(in, index, where), to, where);
}

/// Queues out[index[i]] = in[i]. Precondition: the indices are places of `out`, each at most once. Throws size_mismatch if the numbers of
/// elements and of indices differ, and invalid_argument if the output overlaps the input or the indices.
template <stream_like S, class In, class Index, class Out>
void scatter(S const& stream, In&& in, Index&& index, Out&& out, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "scatter", where, in, index, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const places = detail::view_for_kernel(index, where);
  if (std::uint64_t(from.size()) != std::uint64_t(places.size()))
    throw_error(errc::size_mismatch, where, "scatter: there are %llu elements and %llu indices",
                static_cast<unsigned long long>(from.size()), static_cast<unsigned long long>(places.size()));
  detail::check_apart("scatter", from, detail::view_for_kernel(out, where), where);
  detail::check_apart("scatter", places, detail::view_for_kernel(out, where), where);
  detail::copy_elements(stream, from, permuted(out, index, where), where);
}

/// Queues out[0] = in[0] and out[i] = op(in[i], in[i - 1]). Throws size_mismatch if the output has fewer elements than the input, and
/// invalid_argument if it overlaps the input.
template <stream_like S, class In, class Out, class Op = minus>
void adjacent_difference(S const& stream, In&& in, Out&& out, Op const& op = {}, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "adjacent_difference", where, in, out);
  auto const from = detail::view_for_kernel(in, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_output("adjacent_difference", from, to, false, where);
  for_each(stream, std::uint64_t(from.size()),
           detail::difference_of_neighbours<detail::view_of<In>, detail::view_of<Out>, Op>{from, to, op}, where);
}

/// Queues out[i] = f(i) for each i, a std::uint64_t.
template <stream_like S, detail::range_argument Out, class F>
void generate(S const& stream, Out&& out, F const& f, source_location where = source_location::current()) {
  detail::require_on_device(detail::ref_of(stream, where), "generate", where, out);
  auto const to = detail::view_for_kernel(out, where);
  for_each(stream, std::uint64_t(to.size()), detail::generate_element<detail::view_of<Out>, F>{to, f}, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
