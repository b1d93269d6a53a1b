// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Merges of sorted ranges: merge(), merge_by_key().
///
///   xl::merge(q, old_prices, new_prices, prices, xl::less{});
///
/// The host calls them, and they do not wait. They read and write each element once.
#pragma once

#include <crosslane/algorithm/merge_tiles.hpp>
#include <crosslane/algorithm/scan.hpp>

namespace crosslane {
namespace detail {

/// Checks the type of elements that are sorted or merged in shared memory.
template <class T>
struct check_merged {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_default_constructible_v<T> && sizeof(T) <= 128,
                "crosslane: elements that are merged or sorted must be trivially copyable, have a trivial default constructor and at most "
                "128 bytes: see T of check_merged");
  static constexpr bool ok = true;
};

inline namespace CROSSLANE_CONFIGURATION {

/// Throws if the output is too small or overlaps an input, for one range or the parts of zipped ones.
template <class A, class B, class Out>
void check_merge(char const* call, A const& a, B const& b, Out const& out, source_location where) {
  if (std::uint64_t(out.size()) < std::uint64_t(a.size()) + std::uint64_t(b.size()))
    throw_error(errc::size_mismatch, where, "%s: the inputs have %llu and %llu elements, the output %llu", call,
                static_cast<unsigned long long>(a.size()), static_cast<unsigned long long>(b.size()),
                static_cast<unsigned long long>(out.size()));
  static_assert(check_written<Out>::ok);
  check_apart(call, a, out, where);
  check_apart(call, b, out, where);
}

template <class Policy, runtime_backend B, class First, class Second, class Out, class Less>
void queue_merge_of(basic_stream_ref<B> q, char const* call, First const& a, Second const& b, Out const& out, Less const& less,
                    workspace_reference const& given, source_location where) {
  using T = typename First::value_type;
  static_assert(std::is_same_v<T, typename Second::value_type>, "crosslane: both ranges of a merge must have elements of the same type");
  static_assert(check_merged<T>::ok);
  using policy = policy_or<Policy, decltype(tuned_merge<sizeof(T)>())>;
  std::uint64_t const size = std::uint64_t(a.size()) + std::uint64_t(b.size());
  if (size == 0) return;
  merge_ranges<First, Second, Out, Less> const job{a, b, out, less};
  if constexpr (loop_backend<B>) {
    if (given.measured != nullptr) return;
    run_loops<Less>(q, size, [job](std::uint64_t begin, std::uint64_t end) { merge_by_loops(job, begin, end); }, where, 1 << 15);
  } else if (searches_in_tiles(size, sizeof(T))) {
    if (given.measured == nullptr) queue_merge<policy>(q, job, size, nullptr, where);
  } else {
    constexpr unsigned tile = policy::threads * policy::items;
    std::uint64_t const tiles = pieces_of(size, tile);
    call_memory<B> const memory{q, call, given, tiles * sizeof(std::uint64_t), where};
    if (memory.measures()) return;
    queue_merge<policy>(q, job, size, payload_layout{memory.payload()}.take<std::uint64_t>(tiles), where);
  }
}

}  // namespace CROSSLANE_CONFIGURATION
}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the merge of two sorted ranges, as std::merge: `out` gets all elements in order. Equal elements keep their order, those of `a`
/// before those of `b`. `less` is a strict weak order by which both ranges are sorted, trivially copyable and callable in a kernel, where
/// it is const. `out` may have more elements, which stay as they are. Elements are trivially copyable and have at most 128 bytes. Policies
/// are merge_policy. Throws size_mismatch if `out` has too few elements or the workspace is too small, and invalid_argument if `out`
/// overlaps an input.
template <stream_like S, class A, class B, class Out, detail::reduction_operator Less = less, class D = run_to_run, class P = tuned>
requires(detail::range_argument<A> && detail::range_argument<B> && detail::range_argument<Out>)
void merge(S const& stream, A&& a, B&& b, Out&& out, Less const& order = {}, options<D, P> const& o = {},
           source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "merge", o.workspace, where, a, b, out);
  auto const first = detail::view_for_kernel(a, where);
  auto const second = detail::view_for_kernel(b, where);
  auto const to = detail::view_for_kernel(out, where);
  detail::check_merge("merge", first, second, to, where);
  detail::queue_merge_of<P>(q, "merge", first, second, to, order, o.workspace, where);
}

/// Queues the merge of two ranges that are sorted by their keys, with a value for each key. Otherwise it is like merge(). Throws
/// size_mismatch unless there is a value for each key.
template <stream_like S, class AKeys, class AValues, class BKeys, class BValues, class Keys, class Values,
          detail::reduction_operator Less = less, class D = run_to_run, class P = tuned>
requires(detail::range_argument<AKeys> && detail::range_argument<AValues> && detail::range_argument<BKeys> &&
         detail::range_argument<BValues> && detail::range_argument<Keys> && detail::range_argument<Values>)
void merge_by_key(S const& stream, AKeys&& a_keys, AValues&& a_values, BKeys&& b_keys, BValues&& b_values, Keys&& keys_out,
                  Values&& values_out, Less const& order = {}, options<D, P> const& o = {},
                  source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_operands(q, "merge_by_key", o.workspace, where, a_keys, a_values, b_keys, b_values, keys_out, values_out);
  auto const check = [&](auto const& written) {
    auto const a_key = detail::view_for_kernel(a_keys, where);
    auto const b_key = detail::view_for_kernel(b_keys, where);
    auto const a_value = detail::view_for_kernel(a_values, where);
    auto const b_value = detail::view_for_kernel(b_values, where);
    detail::check_merge("merge_by_key", a_key, b_key, written, where);
    detail::check_merge("merge_by_key", a_value, b_value, written, where);
  };
  check(detail::view_for_kernel(keys_out, where));
  check(detail::view_for_kernel(values_out, where));
  detail::check_apart("merge_by_key", detail::view_for_kernel(keys_out, where), detail::view_for_kernel(values_out, where), where);
  detail::queue_merge_of<P>(q, "merge_by_key", zipped(a_keys, a_values, where), zipped(b_keys, b_values, where),
                            zipped(keys_out, values_out, where), detail::less_firsts<Less>{order}, o.workspace, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
