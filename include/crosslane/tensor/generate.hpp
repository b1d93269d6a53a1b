// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// fill, iota and fill_random: write one value, rising numbers or random numbers to a tensor. They take tensors and views of memory that
/// the device can access, in any layout. Gaps keep their values.
#pragma once

#include <crosslane/algorithm/fill.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/kernel/random.hpp>
#include <crosslane/tensor/transform.hpp>

#include <cmath>

namespace crosslane {
namespace detail {

template <class T>
inline constexpr bool rises_in_double = !std::is_integral_v<T> && std::is_constructible_v<double, T> && std::is_constructible_v<T, double>;

template <class T>
struct rising_number {
  T first, step;
  CROSSLANE_FN T operator()(std::uint64_t position) const {
    if constexpr (std::is_integral_v<T>) {
      using unsigned_number = std::conditional_t<sizeof(T) <= 4, std::uint32_t, std::uint64_t>;  // wraps like T
      return static_cast<T>(static_cast<unsigned_number>(first) +
                            static_cast<unsigned_number>(position) * static_cast<unsigned_number>(step));
    } else if constexpr (rises_in_double<T>) {
      // A fused operation gives the same bits on every target.
      return static_cast<T>(std::fma(static_cast<double>(position), static_cast<double>(step), static_cast<double>(first)));
    } else {
      return static_cast<T>(first + static_cast<T>(position) * step);
    }
  }
};

/// The same as rising_number, for positions up to 2^29 and a step that float holds exactly. The product is then exact in double, so the
/// result is the same without a fused operation.
template <class T>
struct rising_product {
  double first, step;
  CROSSLANE_FN T operator()(std::uint64_t position) const {
    return static_cast<T>(static_cast<double>(static_cast<std::int32_t>(position)) * step + first);
  }
};

template <class F>
struct random_number {
  F distribution;
  std::uint64_t seed;
  CROSSLANE_FN auto operator()(std::uint64_t position) const {
    static_assert(check_function<F, random_engine&>::ok);
    random_engine engine{seed, position};
    return distribution(engine);
  }
};

}  // namespace detail

/// The default distribution of fill_random(): uniform in [0, 1). Each number is a multiple of 2^-n, where n is the number of digits of T,
/// so that no number is rounded to 1.
template <class T>
struct uniform_numbers {
  CROSSLANE_FN T operator()(random_engine& engine) const { return uniform<T>(engine); }  ///< draws as many words as uniform<T>() needs
};
/// The same distribution for half, bfloat16 and the 8-bit formats.
template <class Format>
struct uniform_numbers<small_float<Format>> {
  /// Draws one word from the engine.
  CROSSLANE_FN small_float<Format> operator()(random_engine& engine) const {
    constexpr int digits = Format::mantissa_bits + 1;
    return small_float<Format>(static_cast<float>(engine() >> (32 - digits)) * (1.f / (1 << digits)));
  }
};
/// The normal distribution with mean 0 and standard deviation 1.
template <class T>
struct normal_numbers {
  CROSSLANE_FN T operator()(random_engine& engine) const { return normal<T>(engine); }  ///< draws as many words as normal<T>() needs
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `tensor(index) = value` for every index. Called on the host.
///
///   xl::fill(q, t, 1.f);
template <stream_like S, detail::tensor_like R>
void fill(S const& stream, R&& tensor, typename std::remove_cvref_t<R>::value_type const& value,
          source_location where = source_location::current()) {
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "fill", where, tensor);
  auto const view = detail::tensor_argument(tensor, where);
  using T = typename std::remove_cvref_t<R>::value_type;
  if constexpr (strided_layout<typename std::remove_const_t<decltype(view)>::layout_type>) {
    if (detail::fills_its_memory(view)) return fill(q, span{view.data(), std::size_t(view.size())}, value, where);
  }
  detail::transform_operands(q, where, detail::constant_value<T>{value}, view);
}

/// Queues `tensor(index) = first + step * position` for every index. Called on the host. `position` counts the indices in the order of
/// declaration, the last axis fastest. The tensor is the same in every layout.
///
/// Integers wrap modulo 2^bits. Floating-point numbers are computed in double with one fused operation, then converted, so `position` need
/// not fit their type. Types that do not convert to double and back use their own operators, after `position` has been converted to
/// the type.
///
///   xl::tensor<float, xl::row_major<>> t{q, {2, 3}};
///   xl::iota(q, t);  // 0, 1, 2 in the first row, 3, 4, 5 in the second
template <stream_like S, detail::tensor_like R>
void iota(S const& stream, R&& tensor, typename std::remove_cvref_t<R>::value_type first = typename std::remove_cvref_t<R>::value_type(0),
          typename std::remove_cvref_t<R>::value_type step = typename std::remove_cvref_t<R>::value_type(1),
          source_location where = source_location::current()) {
  using T = typename std::remove_cvref_t<R>::value_type;
  auto const view = detail::tensor_argument(tensor, where);
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "iota", where, tensor);
  detail::index_positions const positions{view.extents()};
  if constexpr (detail::loop_backend<typename S::backend> && detail::rises_in_double<T>) {
    double const wide_step = static_cast<double>(step);
    if (std::uint64_t{view.size()} <= std::uint64_t{1} << 29 && static_cast<double>(static_cast<float>(wide_step)) == wide_step)
      return detail::transform_operands(q, where, detail::rising_product<T>{static_cast<double>(first), wide_step}, view, positions);
  }
  detail::transform_operands(q, where, detail::rising_number<T>{first, step}, view, positions);
}

/// Queues `tensor(index) = distribution(engine)` for every index. Called on the host. `engine` is random_engine{seed, position}, with the
/// position that iota() uses. The same seed gives the same tensor in every layout. It gives the same tensor on every target if the
/// distribution does.
///
///   xl::fill_random(q, t, 42, xl::normal_numbers<float>{});
template <stream_like S, detail::tensor_like R, class F>
void fill_random(S const& stream, R&& tensor, std::uint64_t seed, F distribution, source_location where = source_location::current()) {
  static_assert(detail::check_argument<3, F>::ok);
  auto const view = detail::tensor_argument(tensor, where);
  auto const q = detail::ref_of(stream, where);
  detail::require_on_device(q, "fill_random", where, tensor);
  detail::transform_operands(q, where, detail::random_number<F>{distribution, seed}, view, detail::index_positions{view.extents()});
}
/// Queues uniform numbers in [0, 1) into every element, see uniform_numbers. The elements are floating-point numbers.
template <stream_like S, detail::tensor_like R>
void fill_random(S const& stream, R&& tensor, std::uint64_t seed, source_location where = source_location::current()) {
  using T = typename std::remove_cvref_t<R>::value_type;
  static_assert(!std::is_integral_v<T>, "crosslane: fill_random() of integers needs a distribution, a function of a random_engine");
  fill_random(stream, tensor, seed, uniform_numbers<T>{}, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
