// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// layer_norm: normalisation of the rows of a tensor, with bias, activation and skip connection in one kernel.
#pragma once

#include <crosslane/tensor/layer_norm_kernels.hpp>
#include <crosslane/tensor/transform.hpp>

#include <algorithm>

namespace crosslane {

/// The options of layer_norm().
struct layer_norm_options {
  float epsilon = 1e-5f;  ///< added to the variance
  float scale = 1;        ///< the factor of what is added to the skip connection
};

/// Returns its argument. It is for functions that take an activation.
struct identity {
  /// Returns x.
  template <class T>
  CROSSLANE_FN constexpr T operator()(T x) const {
    return x;
  }
};

namespace detail {

/// A failed assertion shows the layout and the axis.
template <class L, class A>
struct norm_layout {
  static_assert(L::extents_type::axes::template contains<A>, "crosslane: layer_norm<A>() needs operands with axis A");
  static_assert(!L::extents_type::axes::template contains<A> || (strided_layout<L> && layout_with_contiguous<L, A>),
                "crosslane: layer_norm<A>() needs packed or strided operands whose contiguous axis is A");
};

inline namespace CROSSLANE_CONFIGURATION {

/// Returns the elements of a contiguous range, or nullptr for no_operand. Throws size_mismatch if it has not `length` elements.
template <class R>
auto norm_weights(char const* name, R const& range, std::int64_t length, source_location where) {
  if constexpr (std::is_same_v<R, no_operand>) {
    return static_cast<no_operand const*>(nullptr);
  } else {
    auto const view = kernel_argument(range, where);
    if (std::int64_t(view.size()) != length)
      throw_error(errc::size_mismatch, where, "layer_norm: %lld elements of %s, but rows of %lld", static_cast<long long>(view.size()),
                  name, static_cast<long long>(length));
    using T = std::remove_const_t<std::remove_pointer_t<decltype(view.data())>>;
    return static_cast<T const*>(view.data());
  }
}

/// Whether an operand can be accessed by vectors of V elements.
template <unsigned V, class T>
bool norm_vectors(T const* data) {
  if constexpr (std::is_same_v<T, no_operand>)
    return true;
  else
    return reinterpret_cast<std::uintptr_t>(data) % alignof(vec<T, V>) == 0;
}

template <class Norm, runtime_backend B, class Problem>
void launch_norm(basic_stream_ref<B> q, Norm kernel, std::uint64_t blocks, Problem const& p, source_location where) {
  std::uint64_t const most = std::uint64_t(q.properties(where).multiprocessors) * 32;
  launch(q, {.grid = unsigned(std::min(blocks, most)), .where = where}, kernel, p);
}

/// Queues the kernel for the length of the rows. V is the number of elements of an access.
template <unsigned V, runtime_backend B, class Problem>
void queue_norm(basic_stream_ref<B> q, Problem const& p, source_location where) {
  std::uint64_t const rows = p.row_count, vectors = p.length / V;
  auto const run = [&](auto lanes, auto vectors_of_lane, auto rows_at_once) {
    launch_norm(q, norm_rows_kernel<lanes, vectors_of_lane, V, rows_at_once>{},
                (rows + norm_block / lanes * rows_at_once - 1) / (norm_block / lanes * rows_at_once), p, where);
  };
  auto const n = [](auto x) { return x; };
  using std::integral_constant;
  if (vectors <= 8)
    run(n(integral_constant<unsigned, 8>{}), n(integral_constant<unsigned, 1>{}), n(integral_constant<unsigned, 4>{}));
  else if (vectors <= 128)
    run(n(integral_constant<unsigned, 32>{}), n(integral_constant<unsigned, 4>{}), n(integral_constant<unsigned, 1>{}));
  else if (vectors <= 4 * norm_block)
    run(n(integral_constant<unsigned, norm_block>{}), n(integral_constant<unsigned, 4>{}), n(integral_constant<unsigned, 1>{}));
  else
    launch_norm(q, norm_long_rows_kernel<V>{}, rows, p, where);
}

template <class A, class S, class X, class Bias, class Skip, class Gamma, class Beta, class O, class F>
void start_norm(S const& stream, X const& x_, Bias const& bias_, Skip const& skip_, Gamma const& gamma_, Beta const& beta_, O& out_, F f,
                layer_norm_options const& options, source_location where) {
  auto const x = tensor_argument(x_, where);
  auto const out = tensor_argument(out_, where);
  using T = typename std::remove_const_t<decltype(x)>::value_type;
  using XL = typename decltype(x)::layout_type;
  using OL = typename decltype(out)::layout_type;
  static_assert(sizeof(norm_layout<XL, A>) + sizeof(norm_layout<OL, A>) > 0);
  static_assert(std::is_same_v<T, half> || std::is_same_v<T, bfloat16> || std::is_same_v<T, float>,
                "crosslane: layer_norm() takes elements of half, bfloat16 or float");
  static_assert(std::is_same_v<T, typename decltype(out)::element_type>,
                "crosslane: the output of layer_norm() has elements of the input's type, not constant");
  auto const check_extents = [&](auto const& other, char const* name) {
    check_same_extents(x, other, typename XL::order{}, [&](char const* axis, long long n, long long m) {
      throw_error(errc::size_mismatch, where, "layer_norm: the extent of axis %s is %lld in the input and %lld in the %s", axis, n, m,
                  name);
    });
  };
  check_extents(out, "output");
  std::int64_t const length = x.template extent<A>();
  auto const bias = norm_weights("the bias", bias_, length, where);
  auto const gamma = norm_weights("gamma", gamma_, length, where);
  auto const beta = norm_weights("beta", beta_, length, where);
  auto const skip = [&] {
    if constexpr (std::is_same_v<Skip, no_operand>) {
      return x;
    } else {
      auto const view = tensor_argument(skip_, where);
      static_assert(std::is_same_v<typename std::remove_const_t<decltype(view)>::value_type, T>,
                    "crosslane: the skip connection of layer_norm() has elements of the input's type");
      static_assert(sizeof(norm_layout<typename decltype(view)::layout_type, A>) > 0);
      check_extents(view, "skip connection");
      return view;
    }
  }();
  auto const q = ref_of(stream, where);
  require_on_device(q, "layer_norm", where, x_, bias_, skip_, gamma_, beta_, out_);
  require_views_apart("layer_norm", out, x, where);
  require_views_apart("layer_norm", out, skip, where);
  if (out.size() == 0) return;

  using Weight = std::remove_const_t<std::remove_pointer_t<decltype(gamma)>>;
  static_assert(std::is_same_v<Weight, std::remove_const_t<std::remove_pointer_t<decltype(beta)>>>,
                "crosslane: gamma and beta of layer_norm() have the same type of elements");
  using BiasType = std::remove_const_t<std::remove_pointer_t<decltype(bias)>>;
  using SkipType = std::conditional_t<std::is_same_v<Skip, no_operand>, no_operand, T>;
  using kept = typename without_axis<typename OL::order, A>::type;
  auto const rows = make_walk(kept{}, out.layout(), x.layout(), skip.layout());
  norm_problem<T, Weight, BiasType, SkipType, F> p{
      out.data(), x.data(), nullptr, bias, gamma, beta, {}, {}, 0, 1, std::uint32_t(length), options.epsilon, options.scale, f};
  if constexpr (!std::is_same_v<Skip, no_operand>) p.skip = skip.data();
  constexpr std::int64_t most = INT32_MAX;
  if (rows.size() > most || length > most)
    throw_error(errc::limit_exceeded, where, "layer_norm: %lld rows of %lld elements, the limit of both is %lld",
                static_cast<long long>(rows.size()), static_cast<long long>(length), static_cast<long long>(most));

  constexpr unsigned V = 16 / sizeof(T);
  // All addresses of vectors are multiples of their sizes.
  bool vectors = length % V == 0 && norm_vectors<V>(p.out) && norm_vectors<V>(p.x) && norm_vectors<V>(p.skip) && norm_vectors<V>(bias) &&
                 norm_vectors<V>(gamma) && norm_vectors<V>(beta);
  for (int i = 0; i < rows.rank; ++i)
    for (std::int64_t const stride : rows.axis[i].stride) vectors = vectors && stride % V == 0;
  // A kernel has two axes of rows. If there are more, it is queued for each index of the others.
  int const others = rows.rank > 2 ? rows.rank - 2 : 0;
  for (int i = others; i < rows.rank; ++i) {
    bool const last = i + 1 == rows.rank;
    std::copy(rows.axis[i].stride, rows.axis[i].stride + 3, last ? p.step : p.outer_step);
    p.row_count *= std::uint32_t(rows.axis[i].extent);
    if (last && i > others) p.inner = std::uint32_t(rows.axis[i].extent);
  }
  for (std::int64_t slice = 0; slice < rows.size() / p.row_count; ++slice) {
    auto now = p;
    std::int64_t rest = slice;
    for (int i = others; i-- > 0;) {
      std::int64_t const index = rest % rows.axis[i].extent, *const stride = rows.axis[i].stride;
      rest /= rows.axis[i].extent;
      now.out += index * stride[0];
      now.x += index * stride[1];
      if constexpr (!std::is_same_v<Skip, no_operand>) now.skip += index * stride[2];
    }
    if (vectors)
      queue_norm<V>(q, now, where);
    else
      queue_norm<1>(q, now, where);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the normalisation of rows: out = (x - mean) / sqrt(variance + epsilon) * gamma + beta, with the mean and the variance of each row
/// along axis A. Called on the host. x and out are tensors or views with the same axes, of half, bfloat16 or float. A is their contiguous
/// axis; other axes may have any strides. gamma and beta are contiguous, with an element for each index of A, of any floating-point type.
///
///   xl::layer_norm<xl::axis::c>(q, x, gamma, beta, out, {.epsilon = 1e-3f});
///
/// Computes in float; the variance is the mean of squared distances from the mean. The output may be x. Throws size_mismatch if extents
/// differ, and invalid_argument if the output overlaps the input in another way.
template <tensor_axis A, stream_like S, detail::tensor_like X, class Gamma, class Beta, detail::tensor_like O>
void layer_norm(S const& stream, X const& x, Gamma const& gamma, Beta const& beta, O&& out, layer_norm_options options = {},
                source_location where = source_location::current()) {
  detail::start_norm<A>(stream, x, no_operand{}, no_operand{}, gamma, beta, out, identity{}, options, where);
}

/// Queues the normalisation of the rows of scale * activation(x + bias) + skip, which is not stored. `bias` is like gamma, `skip` like x.
/// Either may be no_operand{}. `activation` takes and returns a float. The output may be x or `skip`. Otherwise see the function above.
///
///   xl::layer_norm<xl::axis::c>(q, x, bias, skip, gamma, beta, out, xl::identity{}, {.scale = 0.5f});
template <tensor_axis A, stream_like S, detail::tensor_like X, class Bias, class Skip, class Gamma, class Beta, detail::tensor_like O,
          class F>
void layer_norm(S const& stream, X const& x, Bias const& bias, Skip const& skip, Gamma const& gamma, Beta const& beta, O&& out,
                F activation, layer_norm_options options = {}, source_location where = source_location::current()) {
  static_assert(detail::check_argument<7, F>::ok);
  detail::start_norm<A>(stream, x, bias, skip, gamma, beta, out, activation, options, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
