// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The requirements of a kernel and of the arguments of its launch, and the compile errors for them.
#pragma once

#include <crosslane/kernel/shape.hpp>
#include <crosslane/platform/captures_this.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace crosslane {
namespace detail {

/// Whether a type is long double or has elements of it.
template <class T>
constexpr bool is_long_double() {
  if constexpr (requires { typename T::value_type; })
    return std::is_same_v<std::remove_cv_t<typename T::value_type>, long double>;
  else
    return std::is_same_v<std::remove_cv_t<std::remove_pointer_t<T>>, long double>;
}

/// Checks one argument of a kernel at compile time. The compiler's message for a failed assertion shows the position and the type as
/// template arguments.
template <int Position, class Argument>
struct check_argument {
  static_assert(std::is_trivially_copyable_v<Argument>,
                "crosslane: a kernel argument must be trivially copyable; Position and Argument of check_argument show which one is not, "
                "position 0 is the kernel itself. To pass an array of the host, copy it to a crosslane::buffer and pass the buffer");
  static_assert(
      !captures_this<Argument>,
      "crosslane: a lambda of a kernel captures `this`, which points to an object of the host: capture *this or copies of its members");
  static_assert(!std::is_function_v<std::remove_pointer_t<Argument>> && !std::is_member_function_pointer_v<Argument>,
                "crosslane: a kernel cannot call a pointer to a function of the host: pass a function object or a lambda");
  static_assert(!is_long_double<Argument>(),
                "crosslane: GPUs have no long double and read its bytes as another type: convert to double first");
  static constexpr bool ok = true;
};

/// Argument-dependent lookup finds this function for kernels of the library, which are in this namespace.
template <class K>
std::true_type of_library(K const*);
}  // namespace detail

namespace adl {
/// Hides the function above from ordinary lookup, so that only argument-dependent lookup finds it.
void of_library() = delete;
/// A kernel of the library. The namespace in its type name is not a test, because g++ omits it in the code that nvcc passes to it.
template <class K>
concept library_kernel = requires(K const* k) { of_library(k); };
}  // namespace adl

namespace detail {
/// Refuses std::complex in kernels of users and their function objects. Kernels of the library only move elements, so they may have any
/// type.
template <class B, class Argument>
struct check_arithmetic {
  static_assert(B::std_complex_computes || !names_std_complex<Argument>,
                "crosslane: arithmetic of std::complex has no effect in nvcc's device code, and nvcc does not warn: see Argument of "
                "check_arithmetic; use crosslane::complex, which converts from and to std::complex");
  static constexpr bool ok = true;
};
template <class B, class K, class... A>
constexpr bool check_arithmetics() {
  if constexpr (adl::library_kernel<K>)
    return true;
  else
    return (check_arithmetic<B, K>::ok && ... && check_arithmetic<B, A>::ok);
}

template <class... A, int... Positions>
constexpr bool check_arguments(std::integer_sequence<int, Positions...>) {
  return (check_argument<Positions, A>::ok && ... && true);
}

/// Returns the bytes of a kernel and its arguments, laid out one after another with their alignments.
template <class... A>
constexpr std::size_t argument_bytes() {
  std::size_t end = 0;
  ((end = (end + alignof(A) - 1) / alignof(A) * alignof(A) + sizeof(A)), ...);
  return end;
}
template <std::size_t Bytes, std::size_t Limit>
struct check_argument_bytes {
  static_assert(Bytes <= Limit,
                "crosslane: the kernel object and the arguments of its launch exceed the bytes that a GPU takes: see Bytes and Limit of "
                "check_argument_bytes; put large data into a buffer");
  static constexpr bool ok = true;
};

template <class K, class Ctx, class... A>
constexpr bool is_noexcept() {
  if constexpr (has_shared<K, Ctx>)
    return std::is_nothrow_invocable_v<K const&, Ctx const&, kernel_shared<K, Ctx>&, A const&...>;
  else
    return std::is_nothrow_invocable_v<K const&, Ctx const&, A const&...>;
}

template <class K, class Ctx, class... A>
constexpr bool takes() {
  if constexpr (has_shared<K, Ctx>)
    return std::is_invocable_v<K const&, Ctx const&, kernel_shared<K, Ctx>&, A const&...>;
  else
    return std::is_invocable_v<K const&, Ctx const&, A const&...>;
}

// Explains a mismatch of arguments for kernels whose operator() is a template of the context alone. The compiler's messages show the
// mismatch as template arguments.

template <int Position, class Given, class Taken>
struct check_fit {
  static_assert(
      !requires { typename Given::by_reference; } || std::is_reference_v<Taken>,
      "crosslane: a kernel takes a tiled_view by const reference: a copy engine reads the argument where it lies");
  static_assert(std::is_convertible_v<Given const&, Taken>,
                "crosslane: an argument of the launch does not convert to the parameter of the kernel: see Position (from 1), Given and "
                "Taken of check_fit");
  static constexpr bool ok = true;
};
template <int Given, int Taken>
struct check_count {
  static_assert(Given == Taken,
                "crosslane: the number of arguments of the launch differs from that of the kernel: see Given and Taken of check_count");
  static constexpr bool ok = true;
};

template <class...>
struct types {};

template <class... Given, class... Taken, int... Index>
constexpr bool check_call(types<Given...>, types<Taken...>, std::integer_sequence<int, Index...>) {
  if constexpr (sizeof...(Given) == sizeof...(Taken))
    return (check_fit<Index + 1, Given, Taken>::ok && ... && true);
  else
    return check_count<int(sizeof...(Given)), int(sizeof...(Taken))>::ok;
}

template <class K, class Context, class... Taken, class Given>
constexpr bool explain(std::false_type /*no shared struct*/, void (K::*)(Context, Taken...) const, Given given) {
  return check_call(given, types<Taken...>{}, std::make_integer_sequence<int, int(sizeof...(Taken))>{});
}
template <class K, class Context, class Shared, class... Taken, class Given>
constexpr bool explain(std::true_type, void (K::*)(Context, Shared, Taken...) const, Given given) {
  return check_call(given, types<Taken...>{}, std::make_integer_sequence<int, int(sizeof...(Taken))>{});
}
template <class HasShared, class K, class... Taken, class Given>
constexpr bool explain(HasShared, void (K::*)(Taken...), Given) {
  static_assert(sizeof(K) == 0, "crosslane: operator() of the kernel must be const");
  return false;
}

template <class K, class Ctx, class... A>
constexpr bool explain_call() {
  if constexpr (requires { explain(std::bool_constant<has_shared<K, Ctx>>{}, &K::template operator()<Ctx>, types<A...>{}); })
    return explain(std::bool_constant<has_shared<K, Ctx>>{}, &K::template operator()<Ctx>, types<A...>{});
  return false;
}

template <unsigned Blocks, unsigned Most>
struct check_cluster {
  static_assert(Blocks <= Most,
                "crosslane: the kernel states clusters of several blocks, see Blocks of check_cluster, but a target of this file has no "
                "clusters. CUDA has them since sm_90 (compile for no older architecture), HIP has none yet, the host has them; "
                "cluster_size<1> compiles for all targets. default_backend::max_cluster_blocks is the most");
  static constexpr bool ok = true;
};

/// Checks the kernel and its arguments for contexts of one wave size.
template <class B, class K, class Ctx, class... A>
constexpr bool check_kernel() {
  static_assert(std::is_trivially_default_constructible_v<kernel_shared<K, Ctx>> && std::is_trivially_destructible_v<kernel_shared<K, Ctx>>,
                "crosslane: a kernel's shared struct is not initialised, so it must have no constructors and no default member values");
  static_assert(kernel_min_blocks<K>() == 0 || kernel_max_threads<K>() != 0);
  static_assert(check_cluster<kernel_shape_of<K>::cluster::blocks, B::max_cluster_blocks>::ok);
  static_assert(kernel_shape_of<K>::cluster::blocks == 1 || !kernel_resident<K>(),
                "crosslane: a kernel states 'resident' or 'cluster', not both");
  static_assert(!has_shared<K, Ctx> || sizeof(kernel_shared<K, Ctx>) <= B::max_shared_bytes,
                "crosslane: the kernel's shared struct is larger than any device of this backend allows");
  static_assert(!is_noexcept<K, Ctx, A...>(),
                "crosslane: a kernel's operator() must not be noexcept: after an error the host backend ends the threads of the block by "
                "an exception");
  if constexpr (!takes<K, Ctx, A...>()) (void)explain_call<K, Ctx, A...>();
  static_assert(takes<K, Ctx, A...>(),
                "crosslane: the kernel cannot be called with (context, [its shared struct,] the arguments of the launch): see that "
                "their number and types fit, that operator() is const and that it takes no argument by non-const reference. "
                "A tensor must have a layout that the kernel takes; crosslane::convert(stream, source, destination) changes it");
  return true;
}

}  // namespace detail
}  // namespace crosslane
