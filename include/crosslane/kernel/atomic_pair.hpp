// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions to pairs of 16-bit floating-point numbers.
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/vec.hpp>

namespace crosslane {

/// A reference to a pair in shared or device memory, with operations that are atomic among the threads of a scope. atomic() returns it. Any
/// thread may call any operation. All operations are relaxed.
template <atomic_pair T, scope Scope, class Ctx>
class atomic_pair_ref {
 public:
  using value_type = T;  ///< half2 or bfloat162

  /// Constructs a reference to `target`; atomic() calls it.
  CROSSLANE_FN atomic_pair_ref(Ctx const& ctx, T& target)
      : native_{ctx.native()}, bits_{reinterpret_cast<std::uint32_t*>(&target)}, word_{ctx, *bits_} {}

  /// @{
  /// Loads, stores or exchanges both elements in one step. load() returns the pair; exchange() returns the old pair.
  CROSSLANE_FN T load() const { return to_pair(word_.load()); }
  CROSSLANE_FN void store(T const& value) const { word_.store(detail::pair_of(value, 0)); }
  CROSSLANE_FN T exchange(T const& value) const { return to_pair(word_.exchange(detail::pair_of(value, 0))); }
  /// @}

  /// Adds `value` element by element and returns the old pair. The addition to an element is atomic; that to the pair is not on some
  /// hardware. Sums are rounded at each addition, so they depend on the order of the threads.
  CROSSLANE_FN T fetch_add(T const& value) const {
    if constexpr (native::template has_atomic_add_pair<format, Scope>) {
      return to_pair(native_.template atomic_add_pair<format, Scope>(bits_, detail::pair_of(value, 0)));
    } else {
      std::uint32_t before = word_.load();
      while (!word_.compare_exchange(before, detail::pair_of(to_pair(before) + value, 0))) {
      }
      return to_pair(before);
    }
  }

  /// Adds like fetch_add(), to a target in a buffer<T>: the device's own memory. The conditions are those of
  /// atomic_ref::fetch_add_coarse_grained().
  CROSSLANE_FN T fetch_add_coarse_grained(T const& value) const requires(Scope != scope::system) {
    if constexpr (native::template has_atomic_add_pair_coarse_grained<format>)
      return to_pair(native_.template atomic_add_pair_coarse_grained<format>(bits_, detail::pair_of(value, 0)));
    else
      return fetch_add(value);
  }

 private:
  using native = typename Ctx::native_type;
  using format = typename T::value_type::format;

  CROSSLANE_FN static T to_pair(std::uint32_t bits) {
    T result;
    detail::set_pair(result, 0, bits);
    return result;
  }

  [[no_unique_address]] native native_;
  std::uint32_t* bits_;
  atomic_ref<std::uint32_t, Scope, Ctx> word_;
};

/// Returns a reference with atomic operations to a pair in shared or device memory. Any thread may call it.
///
///   xl::atomic(ctx, sums[i]).fetch_add(xl::vec{a, b});
template <scope Scope = scope::device, kernel_context Ctx, atomic_pair T>
CROSSLANE_FN atomic_pair_ref<T, Scope, Ctx> atomic(Ctx const& ctx, T& target) {
  return {ctx, target};
}

}  // namespace crosslane
