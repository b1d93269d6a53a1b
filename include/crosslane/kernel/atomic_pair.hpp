// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions to pairs of 16-bit floating-point numbers.
#pragma once

#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/vec.hpp>

namespace crosslane {

/// Pairs that some hardware adds to memory by one instruction.
template <class T>
concept atomic_pair = std::same_as<T, half2> || std::same_as<T, bfloat162>;

/// A pair in shared or device memory, for atomic operations among the threads of a scope; made by atomic(). Any thread may call any
/// operation. All are relaxed.
template <atomic_pair T, scope Scope, class Ctx>
class atomic_pair_ref {
 public:
  using value_type = T;  ///< half2 or bfloat162

  /// Made by atomic().
  CROSSLANE_FN atomic_pair_ref(Ctx const& ctx, T& target)
      : native_{ctx.native()}, bits_{reinterpret_cast<std::uint32_t*>(&target)}, word_{ctx, *bits_} {}

  /// @{
  /// Both elements in one step: what is there, the new pair, or the new one for what was there before.
  CROSSLANE_FN T load() const { return to_pair(word_.load()); }
  CROSSLANE_FN void store(T const& value) const { word_.store(detail::pair_of(value, 0)); }
  CROSSLANE_FN T exchange(T const& value) const { return to_pair(word_.exchange(detail::pair_of(value, 0))); }
  /// @}

  /// Adds to each element; the pair before. Each element is one step; on some hardware the pair is not. Rounded at each addition, so
  /// sums depend on the order in which threads come.
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

  /// fetch_add for a target in a buffer<T>, the device's own memory, with what atomic_ref::fetch_add_coarse_grained() says.
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

/// The pair as one for atomic operations: xl::atomic(ctx, sums[i]).fetch_add(xl::vec{a, b}). It lies in shared or device memory.
template <scope Scope = scope::device, kernel_context Ctx, atomic_pair T>
CROSSLANE_FN atomic_pair_ref<T, Scope, Ctx> atomic(Ctx const& ctx, T& target) {
  return {ctx, target};
}

}  // namespace crosslane
