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

/// A buffer, a span, a tensor or another range, as opposed to a function.
template <class R>
concept has_elements = requires(R& range) {
  range.data();
  range.size();
};

/// The number of inputs in a call of transform() with the arguments A after the stream.
template <class... A>
inline constexpr int transform_inputs = int(sizeof...(A)) - 2 - (int(std::is_same_v<A, source_location>) + ... + 0);

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

/// The implementation of transform() for an output of type Out. There is a specialisation for tensors.
template <class Out>
struct transform_to {
  template <runtime_backend B, class F, class... In>
  static void queue(basic_stream_ref<B> q, source_location where, F const& f, Out& output, In&... inputs) {
    check_device_range<Out>();
    (check_device_range<In>(), ...);
    static_assert(!std::is_const_v<std::remove_pointer_t<decltype(kernel_argument(output, where).data())>>,
                  "crosslane: the output of transform() must not have constant elements");
    queue_views(q, where, f, kernel_argument(output, where), kernel_argument(inputs, where)...);
  }

 private:
  template <runtime_backend B, class F, class O, class... In>
  static void queue_views(basic_stream_ref<B> q, source_location where, F const& f, O const& output, In const&... inputs) {
    int position = 0;
    auto const check_size = [&](std::size_t size) {
      if (size != output.size())
        throw_error(errc::size_mismatch, where, "transform: input %d has %zu elements, the output has %zu", position, size, output.size());
      ++position;
    };
    (check_size(inputs.size()), ...);
    auto const check_apart = [&]<class T>(T const* from, std::size_t size) {
      if (sizeof(T) == sizeof(*output.data()) && static_cast<void const*>(from) == output.data()) return;  // the input is the output
      require_apart("transform", output.data(), output.size() * sizeof(*output.data()), from, size * sizeof(T), where);
    };
    (check_apart(inputs.data(), inputs.size()), ...);
    transform_views(q, where, f, span{output.data(), output.size()}, span{inputs.data(), inputs.size()}...);
  }
};

template <stream_like S, class F, class Out, class... In>
void queue_transform(S const& stream, source_location where, F const& f, Out& output, In&... inputs) {
  constexpr bool in_order = !has_elements<F> && has_elements<Out> && (has_elements<In> && ...);
  static_assert(in_order,
                "crosslane: the order of arguments is transform(stream, inputs..., output, function): the buffers, spans or tensors that "
                "are read, the one that is written, then the function");
  if constexpr (in_order) {
    using function = std::decay_t<F>;
    static_assert(check_argument<int(sizeof...(In)) + 3, function>::ok);
    static_assert(check_arithmetics<typename S::backend, function, std::remove_cv_t<In>..., std::remove_cv_t<Out>>());
    auto const q = ref_of(stream, where);
    require_on_device(q, "transform", where, inputs..., output);
    transform_to<Out>::queue(q, where, f, output, inputs...);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// @{
/// Queues output[i] = f(inputs[i]...) for every i, in no defined order. There are 1 to 4 inputs. The host calls it, and it does not wait.
///
///   xl::transform(q, x, y, y, [=] CROSSLANE_LAMBDA(float xi, float yi) { return a * xi + yi; });  // y = a * x + y
///
/// The inputs and the output are buffers or spans of the device's memory, or all are tensors (see tensor/transform.hpp). An input may be
/// the output. `f` is trivially copyable and callable in a kernel, where it is const. Elements move in the widest accesses that their
/// alignment allows. For more inputs use for_each() over indices.
///
/// Throws size_mismatch unless all ranges have the same number of elements. Throws invalid_argument if an input overlaps the output without
/// being the output, because the result would depend on the order. Throws invalid_argument if a buffer is of another device than the
/// stream.
template <stream_like S, class In, class Out, class F>
void transform(S const& stream, In&& input, Out&& output, F const& f, source_location where = source_location::current()) {
  detail::queue_transform(stream, where, f, output, input);
}
template <stream_like S, class In0, class In1, class Out, class F>
requires(detail::transform_inputs<In0, In1, Out, F> == 2)
void transform(S const& stream, In0&& input0, In1&& input1, Out&& output, F const& f, source_location where = source_location::current()) {
  detail::queue_transform(stream, where, f, output, input0, input1);
}
template <stream_like S, class In0, class In1, class In2, class Out, class F>
requires(detail::transform_inputs<In0, In1, In2, Out, F> == 3)
void transform(S const& stream, In0&& input0, In1&& input1, In2&& input2, Out&& output, F const& f,
               source_location where = source_location::current()) {
  detail::queue_transform(stream, where, f, output, input0, input1, input2);
}
template <stream_like S, class In0, class In1, class In2, class In3, class Out, class F>
requires(detail::transform_inputs<In0, In1, In2, In3, Out, F> == 4)
void transform(S const& stream, In0&& input0, In1&& input1, In2&& input2, In3&& input3, Out&& output, F const& f,
               source_location where = source_location::current()) {
  detail::queue_transform(stream, where, f, output, input0, input1, input2, input3);
}
/// @}

/// Refuses other numbers of inputs at compile time.
template <stream_like S, class... A>
requires(detail::transform_inputs<A...> < 1 || detail::transform_inputs<A...> > 4) void transform(S const&, A const&...) {
  static_assert(
      sizeof(S) == 0,
      "crosslane: transform(stream, inputs..., output, function) takes 1 to 4 inputs. Without inputs use fill() or for_each() over "
      "the output, with more inputs for_each() over indices");
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
