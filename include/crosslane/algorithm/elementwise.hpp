// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The parts that element-wise algorithms share.
#pragma once

#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/runtime/launch.hpp>

#include <type_traits>

namespace crosslane::detail {

inline namespace CROSSLANE_CONFIGURATION {
/// A backend that runs element-wise work as plain loops over pieces of the range, without lanes. In builds with the access checker or the
/// address sanitizer the host runs the kernels of a GPU instead, with lanes.
template <class B>
concept loop_backend = !CROSSLANE_CONFIG_ACCESS_CHECKS && !CROSSLANE_SANITIZE_ADDRESS() &&
                       requires(typename B::stream_handle q, void (*work)(std::uint64_t, std::uint64_t)) {
                         B::run_range(q, std::uint64_t{}, std::uint64_t{}, work);
                       };
}  // namespace CROSSLANE_CONFIGURATION

/// Checks that the function of an element-wise algorithm can be called. Some backends call one object for all elements, in many threads at
/// once. Its operator() must therefore be const on all backends. A failed assertion shows the function and its arguments as template
/// arguments. The check belongs where the function runs: the host side of nvcc does not know the types of its device lambdas.
template <class F, class... Arguments>
struct check_function {
  static_assert(std::is_invocable_v<F const&, Arguments...>,
                "crosslane: the function of an element-wise algorithm cannot be called with its arguments: see F and Arguments of "
                "check_function. Its operator() must be const");
  static constexpr bool ok = true;
};

/// The function of one element. Each thread of a GPU has its own copy, so a mutable member does not carry values to other threads.
template <class F>
constexpr F const copy_of(F const& f) {
  return f;
}

inline constexpr unsigned elementwise_block = 256;
/// The number of elements of the smallest piece, if element-wise work is plain loops.
inline constexpr std::uint64_t loop_piece = 4096;

/// Refuses ranges other than buffers and spans. The work is queued and runs on the device; a container of the host would be copied here and
/// destroyed before the work runs.
template <class R>
constexpr void check_device_range() {
  static_assert(
      is_buffer<std::remove_cvref_t<R>> || is_span<std::remove_cvref_t<R>>,
      "crosslane: element-wise algorithms take buffers and spans: copy an array of the host to a crosslane::buffer first, and pass the "
      "storage() of a tensor or the view() of a host_registration");
}

/// Returns the largest number of blocks of elementwise_block threads in one grid of the device. It is at least 2^23 on any GPU.
template <runtime_backend B>
std::uint64_t most_blocks(basic_stream_ref<B> q, source_location where) {
  device_properties const& p = q.properties(where);
  std::uint64_t const blocks = p.max_threads_per_axis / elementwise_block;
  return blocks < p.max_grid.x ? blocks : p.max_grid.x;
}

/// Calls `queue(begin, count)` for the pieces of 0 ... n-1 that one grid covers with `per_thread` elements for each thread. There is one
/// piece, except on AMD, where a grid has at most 2^32 - 1 threads.
template <runtime_backend B, class Queue>
void for_each_grid(basic_stream_ref<B> q, std::uint64_t n, unsigned per_thread, source_location where, Queue const& queue) {
  std::uint64_t const most = most_blocks(q, where) * elementwise_block * per_thread;
  for (std::uint64_t begin = 0; begin < n; begin += most) queue(begin, n - begin < most ? n - begin : most);
}

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `work(begin, end)` for pieces of 0 ... n-1. Pieces begin at multiples of `piece`. Errors name the work by the type `Name`.
template <class Name, loop_backend B, class Work>
void run_loops(basic_stream_ref<B> q, std::uint64_t n, Work const& work, source_location where, std::uint64_t piece = loop_piece) {
  if (n == 0) return;
  refuse_in_callback<B>("launch", where);
  traced_work<B> const traced{q, [&] { return traced_call{"launch", type_name<Name>(), where}; }};
  note_launch(q, B::run_range(q.native(), n, piece, work, type_name<Name>(), where), {type_name<Name>(), q.log_key(), {}, {}, where});
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
