// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// for_each(): a call of a function for every index, or for every element.
#pragma once

#include <crosslane/algorithm/elementwise.hpp>

#include <concepts>

namespace crosslane {
namespace detail {

template <class N>
struct for_each_index_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, F const f, std::uint64_t n) const {
    static_assert(check_function<F, N>::ok);
    if (std::uint64_t const i = ctx.global_rank(); i < n) f(static_cast<N>(i));
  }
};

/// The kernel for more indices than one grid has threads.
template <class N>
struct for_each_index_stride_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, F const f, std::uint64_t n) const {
    static_assert(check_function<F, N>::ok);
    for (auto const i : ctx.grid_stride(n)) f(static_cast<N>(i));
  }
};
/// Whether indices of type N can be more than one grid has threads. Every GPU has at least 2^31 threads in a grid.
template <class N>
inline constexpr bool can_exceed_grid = sizeof(N) > 4 || (sizeof(N) == 4 && std::unsigned_integral<N>);

template <unsigned N>
struct for_each_element_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F, class T>
  CROSSLANE_FN void operator()(Ctx const& ctx, F const f, std::uint64_t n, T* data) const {
    static_assert(check_function<F, T&>::ok);
    std::uint64_t const i = ctx.global_rank();
    if constexpr (N == 1) {
      if (i < n) f(data[i]);
    } else {
      if constexpr (CROSSLANE_CONFIG_ACCESS_CHECKS) {
        // f may write elements without reading them, which a read of the whole vector would hide.
        if (i < n / N)
          for (unsigned k = 0; k < N; ++k) f(data[i * N + k]);
      } else if (i < n / N) {
        vec<T, N> elements = reinterpret_cast<vec<T, N>*>(data)[i];
        for (unsigned k = 0; k < N; ++k) f(elements[k]);
        reinterpret_cast<vec<T, N>*>(data)[i] = elements;
      }
      if (i < n % N) f(data[n - n % N + i]);
    }
  }
};

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `f(i)` for i = 0 ... n-1, in no defined order. The host calls it, and it does not wait. `f` is trivially copyable and callable in
/// a kernel, where it is const. Throws invalid_argument if n is negative.
///
///   xl::span<float> const y = x;  // of a buffer<float> x
///   xl::for_each(q, y.size(), [=] CROSSLANE_LAMBDA(std::size_t i) { y[i] = float(i); });
template <stream_like S, std::integral N, class F>
void for_each(S const& stream, N n, F f, source_location where = source_location::current()) {
  using B = typename S::backend;
  static_assert(detail::check_argument<3, F>::ok);
  static_assert(detail::check_arithmetics<B, F>());
  auto const q = detail::ref_of(stream, where);
  if constexpr (std::signed_integral<N>)
    if (n < 0)
      throw_error(errc::invalid_argument, where, "for_each: the number of indices is %lld but must not be negative",
                  static_cast<long long>(n));
  if constexpr (detail::loop_backend<B>) {
    static_assert(detail::check_function<F, N>::ok);
    detail::run_loops<F>(
        q, std::uint64_t(n),
        [f](std::uint64_t begin, std::uint64_t end) {
          CROSSLANE_INDEPENDENT_ITERATIONS
          for (std::uint64_t i = begin; i < end; ++i) detail::copy_of(f)(static_cast<N>(i));
        },
        where);
  } else {
    if constexpr (detail::can_exceed_grid<N>) {
      if (std::uint64_t const most = detail::most_blocks(q, where); std::uint64_t(n) > most * detail::elementwise_block)
        return launch(q, {.grid = unsigned(most), .where = where}, detail::for_each_index_stride_kernel<N>{}, f, std::uint64_t(n));
    }
    launch(q, {.grid = cover(n, detail::elementwise_block, where), .where = where}, detail::for_each_index_kernel<N>{}, f,
           std::uint64_t(n));
  }
}

/// Queues `f(element)` for every element of a buffer or span, in no defined order. The host calls it, and it does not wait. `f` takes the
/// element by reference and may change it. `f` is trivially copyable and callable in a kernel, where it is const. Elements move in the
/// widest accesses that their alignment allows.
///
///   xl::for_each(q, x, [] CROSSLANE_LAMBDA(float& e) { e *= 2; });
template <stream_like S, class R, class F>
requires requires(R& r) { r.data(), r.size(); }
void for_each(S const& stream, R&& range, F f, source_location where = source_location::current()) {
  using B = typename S::backend;
  static_assert(detail::check_argument<3, F>::ok);
  static_assert(detail::check_arithmetics<B, F, std::remove_cvref_t<R>>());
  auto const q = detail::ref_of(stream, where);
  detail::check_device_range<R>();
  detail::require_on_device(q, "for_each", where, range);
  auto const view = detail::kernel_argument(range, where);
  auto* const data = view.data();
  using T = std::remove_pointer_t<decltype(view.data())>;
  static_assert(!std::is_const_v<T>, "crosslane: for_each over constant elements has no effect; use transform");
  std::uint64_t const n = view.size();
  if constexpr (detail::loop_backend<B>) {
    static_assert(detail::check_function<F, T&>::ok);
    detail::run_loops<F>(
        q, n,
        [f, data](std::uint64_t begin, std::uint64_t end) {
          CROSSLANE_INDEPENDENT_ITERATIONS
          for (std::uint64_t i = begin; i < end; ++i) detail::copy_of(f)(data[i]);
        },
        where);
  } else {
    auto const run = [&]<unsigned V>(std::integral_constant<unsigned, V>) {
      detail::for_each_grid(q, n, V, where, [&](std::uint64_t begin, std::uint64_t count) {
        std::uint64_t const threads = count / V > count % V ? count / V : count % V;
        launch(q, {.grid = cover(threads, detail::elementwise_block, where), .where = where}, detail::for_each_element_kernel<V>{}, f,
               count, data + begin);
      });
    };
    constexpr unsigned widest = detail::elements_per_access<T>();
    if (widest > 1 && detail::aligned_for<widest>(data))
      run(std::integral_constant<unsigned, widest>{});
    else
      run(std::integral_constant<unsigned, 1>{});
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
