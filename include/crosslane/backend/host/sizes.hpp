// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sizes that the whole program has, since its objects share what they are of: the largest that one of its files asks for.
#pragma once

#include <crosslane/platform/config.hpp>

#include <cstddef>

namespace crosslane::backend {

struct host_sizes {
  std::size_t shared_bytes = 0;  ///< 0: nobody has asked
  std::size_t stack_bytes = 0;

  bool ask(std::size_t shared, std::size_t stack) noexcept {
    if (shared > shared_bytes) shared_bytes = shared;
    if (stack > stack_bytes) stack_bytes = stack;
    return true;
  }
};

inline host_sizes sizes_asked_for;

inline std::size_t most_shared_bytes() noexcept {
  return sizes_asked_for.shared_bytes != 0 ? sizes_asked_for.shared_bytes : std::size_t{64} * 1024;
}
/// In whole pages.
inline std::size_t lane_stack_bytes() noexcept {
  return sizes_asked_for.stack_bytes != 0 ? (sizes_asked_for.stack_bytes + 4095) / 4096 * 4096 : std::size_t{64} * 1024;
}

// Each file asks for itself, before main().
#if defined(CROSSLANE_CONFIG_HOST_SHARED_BYTES) && defined(CROSSLANE_CONFIG_HOST_STACK_BYTES)
[[maybe_unused]] static bool const asked_for_sizes =
    sizes_asked_for.ask(CROSSLANE_CONFIG_HOST_SHARED_BYTES, CROSSLANE_CONFIG_HOST_STACK_BYTES);
#elif defined(CROSSLANE_CONFIG_HOST_SHARED_BYTES)
[[maybe_unused]] static bool const asked_for_sizes = sizes_asked_for.ask(CROSSLANE_CONFIG_HOST_SHARED_BYTES, 0);
#elif defined(CROSSLANE_CONFIG_HOST_STACK_BYTES)
[[maybe_unused]] static bool const asked_for_sizes = sizes_asked_for.ask(0, CROSSLANE_CONFIG_HOST_STACK_BYTES);
#endif

}  // namespace crosslane::backend
