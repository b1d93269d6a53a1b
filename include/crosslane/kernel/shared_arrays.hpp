// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several arrays in the dynamic shared memory of a launch.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <utility>

namespace crosslane {
namespace detail {

/// Returns where an array of T begins behind `bytes` bytes.
template <class T>
CROSSLANE_FN constexpr std::size_t begin_of_array(std::size_t bytes) {
  return (bytes + alignof(T) - 1) / alignof(T) * alignof(T);
}

}  // namespace detail

/// The arrays that shared_arrays() returns: one span for each T. Use structured bindings to name them.
template <class... T>
struct shared_array_list {};
/// The first array and the list of the others.
template <class T, class... Rest>
struct shared_array_list<T, Rest...> {
  /// Constructs the list. shared_arrays() calls it.
  CROSSLANE_FN constexpr shared_array_list(span<T> first, span<Rest>... rest) : first_{first}, rest_{rest...} {}

  /// Returns array Index.
  template <std::size_t Index>
  CROSSLANE_FN constexpr auto get() const {
    if constexpr (Index == 0)
      return first_;
    else
      return rest_.template get<Index - 1>();
  }

 private:
  span<T> first_;
  [[no_unique_address]] shared_array_list<Rest...> rest_;
};

namespace detail {

/// The number of elements of an array of T. It keeps T from being deduced from it.
template <class T>
struct array_size {
  using type = std::size_t;
};

/// Returns an array of `count` elements behind the first `used` bytes of the memory, and adds its bytes to `used`.
template <class T>
CROSSLANE_FN span<T> next_array(span<char> memory, std::size_t& used, std::size_t count, [[maybe_unused]] source_location where) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16,
                "crosslane: dynamic shared memory holds trivially copyable elements aligned to at most 16 bytes");
  std::size_t const begin = begin_of_array<T>(used);
#if !CROSSLANE_DEVICE_PASS()
  if (begin > memory.size() || count > (memory.size() - begin) / sizeof(T))
    throw_error(errc::out_of_bounds, where,
                "shared_arrays: %zu elements of %zu bytes from byte %zu on, and the launch has %zu bytes of dynamic shared memory", count,
                sizeof(T), begin, memory.size());
#endif
  used = begin + count * sizeof(T);
  return {reinterpret_cast<T*>(memory.data() + begin), count};
}

}  // namespace detail

/// Returns arrays of these types and sizes in the block's dynamic shared memory, one after another, each aligned for its T.
/// All threads of the block get the same arrays if they call it with the same arguments; it costs no memory and no barrier. The contents
/// are not initialised. The host throws out_of_bounds if the launch has not asked for that much memory. A GPU does not check it.
///
///   auto const [weights, bins] = xl::shared_arrays<float, int>(ctx, n, m);
///   ...
///   xl::launch(q, {.grid = g, .block = 256, .dynamic_shared = xl::shared_bytes<float, int>(n, m)}, kernel{}, n, m);
template <class... T, kernel_context Ctx>
CROSSLANE_FN shared_array_list<T...> shared_arrays(Ctx const& ctx, typename detail::array_size<T>::type... sizes,
                                                   source_location where = source_location::current()) {
  static_assert(sizeof...(T) > 0, "crosslane: shared_arrays needs the types of the elements: shared_arrays<float, int>(ctx, n, m)");
  (detail::expect_same(ctx, "size", static_cast<std::size_t>(sizes), where), ...);
  span<char> const memory = dynamic_shared<char>(ctx);
  std::size_t used = 0;
  return {detail::next_array<T>(memory, used, sizes, where)...};  // braces: in this order
}

/// Returns the bytes that shared_arrays() needs for arrays of these types and sizes, taken in this order: the `.dynamic_shared` of a
/// launch. A negative size, or more bytes than a number holds, gives the largest number, which every launch refuses.
template <class... T, class... N>
requires(sizeof...(T) == sizeof...(N) && (std::integral<N> && ... && true)) [[nodiscard]] constexpr std::size_t shared_bytes(N... sizes) {
  constexpr std::size_t too_many = ~std::size_t{0};
  std::size_t bytes = 0;
  auto const append = [&]<class Size>(std::size_t begin, std::size_t element, Size n) {
    bool negative = false;
    if constexpr (std::signed_integral<Size>) negative = n < 0;
    bool const fits = bytes != too_many && begin >= bytes && !negative && std::size_t(n) <= (too_many - begin) / element;
    bytes = fits ? begin + std::size_t(n) * element : too_many;
  };
  (append(detail::begin_of_array<T>(bytes), sizeof(T), sizes), ...);
  return bytes;
}

}  // namespace crosslane

/// The number of arrays, for structured bindings.
template <class... T>
struct std::tuple_size<crosslane::shared_array_list<T...>> : std::integral_constant<std::size_t, sizeof...(T)> {};
/// The type of an array, for structured bindings.
template <std::size_t Index, class... T>
struct std::tuple_element<Index, crosslane::shared_array_list<T...>> {
  /// span of the type of the elements
  using type = decltype(std::declval<crosslane::shared_array_list<T...>>().template get<Index>());
};
