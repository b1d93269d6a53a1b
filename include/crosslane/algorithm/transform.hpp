// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// transform(): output[i] = f(inputs[i]...).
#pragma once

#include <crosslane/algorithm/elementwise.hpp>

#include <concepts>

namespace crosslane {
namespace detail {

/// Each thread moves N neighbouring elements. The first threads also move one element each of the up to N-1 that remain.
template <unsigned N>
struct transform_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F, class Out, class... In>
  CROSSLANE_FN void operator()(Ctx const& ctx, F const f, std::uint64_t n, Out* out, In const*... in) const {
    static_assert(check_function<F, In const&...>::ok);
    std::uint64_t const i = ctx.global_rank();
    if constexpr (N == 1) {
      if (i < n) out[i] = element_cast<Out>(f(in[i]...));
    } else {
      if (i < n / N) write(f, reinterpret_cast<vec<Out, N>*>(out)[i], reinterpret_cast<vec<In, N> const*>(in)[i]...);
      if (i < n % N) out[n - n % N + i] = element_cast<Out>(f(in[n - n % N + i]...));
    }
  }

 private:
  template <class F, class Out, class... In>
  CROSSLANE_FN static void write(F const& f, vec<Out, N>& out, vec<In, N> const... in) {
    vec<Out, N> result;
    for (unsigned k = 0; k < N; ++k) result[k] = element_cast<Out>(f(in[k]...));
    out = result;
  }
};

inline namespace CROSSLANE_CONFIGURATION {

template <runtime_backend B, class F, class Out, class... In>
void transform_views(basic_stream_ref<B> q, source_location where, F f, span<Out> out, span<In>... in) {
  if constexpr (loop_backend<B>) {
    static_assert(check_function<F, std::remove_cv_t<In> const&...>::ok);
    run_loops<F>(
        q, out.size(),
        [f, out = out.data(), ... in = in.data()](std::uint64_t begin, std::uint64_t end) {
          CROSSLANE_INDEPENDENT_ITERATIONS
          for (std::uint64_t i = begin; i < end; ++i) out[i] = element_cast<Out>(copy_of(f)(in[i]...));
        },
        where);
  } else {
    auto const run = [&]<unsigned N>(std::integral_constant<unsigned, N>) {
      for_each_grid(q, out.size(), N, where, [&](std::uint64_t begin, std::uint64_t count) {
        std::uint64_t const threads = count / N > count % N ? count / N : count % N;
        launch(q, {.grid = cover(threads, elementwise_block, where), .where = where}, transform_kernel<N>{}, f, count, out.data() + begin,
               static_cast<std::remove_cv_t<In> const*>(in.data()) + begin...);
      });
    };
    constexpr unsigned widest = elements_per_access<Out, In...>();
    if (widest > 1 && aligned_for<widest>(out.data()) && (aligned_for<widest>(in.data()) && ... && true))
      run(std::integral_constant<unsigned, widest>{});
    else
      run(std::integral_constant<unsigned, 1>{});
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues output[i] = f(inputs[i]...) for every i, in no defined order. The number of inputs is arbitrary. The host calls it, and it does
/// not wait.
///
///   xl::transform(q, y, [=] CROSSLANE_LAMBDA(float xi, float yi) { return a * xi + yi; }, x, y);  // y = a * x + y
///
/// The output and the inputs are buffers or spans of the device's memory. An input may be the output. `f` is trivially copyable and
/// callable in a kernel, where it is const. Elements move in the widest accesses that their alignment allows.
///
/// Throws size_mismatch unless all ranges have the same number of elements. Throws invalid_argument if an input overlaps the output without
/// being the output, because the result would depend on the order. Throws invalid_argument if a buffer is of another device than the
/// stream.
///
/// It is a class that is used like a function: only a constructor can take the caller's source location after a pack of inputs.
template <stream_like S, class Out, class F, class... In>
struct transform {
  /// Queues the work. The object itself is empty.
  transform(S const& stream, Out&& output, F f, In&&... inputs, source_location where = source_location::current()) {
    static_assert(detail::check_argument<3, F>::ok);
    static_assert(detail::check_arithmetics<typename S::backend, F, std::remove_cvref_t<Out>, std::remove_cvref_t<In>...>());
    detail::check_device_range<Out>();
    (detail::check_device_range<In>(), ...);
    auto const q = detail::ref_of(stream, where);
    detail::require_on_device(q, "transform", where, output, inputs...);
    run(q, where, f, detail::kernel_argument(output, where), detail::kernel_argument(inputs, where)...);
  }

 private:
  template <runtime_backend B, class O, class... Source>
  static void run(basic_stream_ref<B> q, source_location where, F const& f, O const& output, Source const&... inputs) {
    [[maybe_unused]] int position = 0;
    [[maybe_unused]] auto const check_size = [&](std::size_t size) {
      if (size != output.size())
        throw_error(errc::size_mismatch, where, "transform: input %d has %zu elements, the output has %zu", position, size, output.size());
      ++position;
    };
    (check_size(inputs.size()), ...);
    [[maybe_unused]] auto const check_apart = [&]<class T>(T const* from, std::size_t size) {
      if (sizeof(T) == sizeof(*output.data()) && static_cast<void const*>(from) == output.data()) return;  // the input is the output
      detail::require_apart("transform", output.data(), output.size() * sizeof(*output.data()), from, size * sizeof(T), where);
    };
    (check_apart(inputs.data(), inputs.size()), ...);
    detail::transform_views(q, where, f, span{output.data(), output.size()}, span{inputs.data(), inputs.size()}...);
  }
};
/// Deduces the types of the arguments.
template <class S, class Out, class F, class... In>
transform(S const&, Out&&, F, In&&...) -> transform<S, Out, F, In...>;

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
