// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several arrays in the dynamic shared memory of a launch.
#pragma once

#include <crosslane/kernel/context.hpp>

namespace crosslane {
namespace detail {

/// Returns where an array of T begins behind `bytes` bytes.
template <class T>
CROSSLANE_FN constexpr std::size_t begin_of_array(std::size_t bytes) {
  return (bytes + alignof(T) - 1) / alignof(T) * alignof(T);
}

}  // namespace detail

/// Gives out parts of the block's dynamic shared memory, one after another. Every thread makes its own and takes the same arrays in the
/// same order; it costs no shared memory and no barrier. The contents are not initialised.
///
///   auto memory = xl::shared_arrays(ctx);
///   xl::span<float> const weights = memory.template take<float>(n);
///   xl::span<int> const bins = memory.template take<int>(m);  // `template` because the type depends on Ctx
///   ...
///   xl::launch(q, {.grid = g, .block = 256, .dynamic_shared = xl::shared_bytes<float, int>(n, m)}, kernel{}, n, m);
template <kernel_context Ctx>
class shared_arrays {
 public:
  /// Begins with the first byte of the block's dynamic shared memory.
  CROSSLANE_FN explicit shared_arrays(Ctx const& ctx) : memory_{ctx.template dynamic_shared<char>()} {}

  /// Returns the next `count` elements, aligned for T. The host throws out_of_bounds if the launch has not asked for that much memory. A
  /// GPU does not check it.
  template <class T>
  CROSSLANE_FN span<T> take(std::size_t count, [[maybe_unused]] source_location where = source_location::current()) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16,
                  "crosslane: dynamic shared memory holds trivially copyable elements aligned to at most 16 bytes");
    std::size_t const begin = detail::begin_of_array<T>(used_);
#if !CROSSLANE_DEVICE_PASS()
    if (begin > memory_.size() || count > (memory_.size() - begin) / sizeof(T))
      throw_error(errc::out_of_bounds, where,
                  "shared_arrays: %zu elements of %zu bytes from byte %zu on, and the launch has %zu bytes of dynamic shared memory", count,
                  sizeof(T), begin, memory_.size());
#endif
    used_ = begin + count * sizeof(T);
    return {reinterpret_cast<T*>(memory_.data() + begin), count};
  }

 private:
  span<char> memory_;
  std::size_t used_ = 0;
};

/// Returns the bytes that shared_arrays needs for arrays of these types and counts, taken in this order: the `.dynamic_shared` of a launch.
template <class... T, class... N>
requires(sizeof...(T) == sizeof...(N) && (std::integral<N> && ... && true)) [[nodiscard]] constexpr std::size_t shared_bytes(N... count) {
  std::size_t bytes = 0;
  ((bytes = detail::begin_of_array<T>(bytes) + std::size_t(count) * sizeof(T)), ...);
  return bytes;
}

}  // namespace crosslane
