// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <concepts>

namespace crosslane {

template <class T>
concept atomic_addable =
    std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, long> || std::same_as<T, unsigned long> ||
    std::same_as<T, long long> || std::same_as<T, unsigned long long> || std::same_as<T, float> || std::same_as<T, double>;

/// target += value as one step among all threads of the device, without ordering of other accesses; the value before.
/// `target` lies in shared or device memory. Any thread may call it. Where AMD hardware has no such instruction for
/// floating point (or only one that needs coarse-grained memory) the compiler makes a compare-and-swap loop.
CROSSLANE_NO_EXEC_CHECK
template <kernel_context Ctx, atomic_addable T>
CROSSLANE_FN T atomic_add(Ctx const& ctx, T& target, std::type_identity_t<T> value) {
  return ctx.native().atomic_add(&target, value);
}

}  // namespace crosslane
