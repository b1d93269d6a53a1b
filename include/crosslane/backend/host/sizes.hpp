// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sizes that apply to the whole process, because its object files share the memory in question. The largest value that a file asks for is
/// used.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/platform/config.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace crosslane::backend {

struct host_sizes {
  std::size_t shared_bytes = 0;  ///< 0: no file asked
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

inline constexpr std::size_t least_stack_bytes = std::size_t{64} * 1024, most_stack_bytes = std::size_t{1} << 30;
/// Twice the local memory of a GPU thread.
inline constexpr std::size_t default_stack_bytes = std::size_t{1} << 20;

inline constexpr unsigned threads_per_core = 2048;
/// Returns how many blocks can be open on a core at once.
constexpr unsigned blocks_per_core(unsigned threads_per_block) noexcept {
  return threads_per_core / threads_per_block < 32 ? threads_per_core / threads_per_block : 32;
}

/// Rounds up to 64 KiB, a multiple of every page size.
constexpr std::size_t whole_stack(std::size_t bytes) noexcept { return (bytes + 65535) / 65536 * 65536; }

/// Returns the stack size of a lane; a kernel may ask for more. The environment variable comes first, then the largest value that a file
/// asks for, then default_stack_bytes. Throws invalid_argument if the environment variable is invalid.
inline std::size_t lane_stack_bytes() {
  struct setting {
    char text[64] = {};
    std::size_t bytes = 0;  // 0: not a size
    setting() noexcept {
      if (char const* const value = std::getenv("CROSSLANE_HOST_STACK_BYTES")) std::snprintf(text, sizeof text, "%s", value);
      char* end = nullptr;
      unsigned long long const number = std::strtoull(text, &end, 0);
      if (*end == 0 && number >= least_stack_bytes && number <= most_stack_bytes) bytes = whole_stack(std::size_t(number));
    }
  };
  static setting const of_environment;  // does not throw: under g++'s thread sanitizer a second thread would then wait for ever
  if (of_environment.bytes != 0) return of_environment.bytes;
  if (of_environment.text[0] != 0)
    throw_error(errc::invalid_argument, {}, "CROSSLANE_HOST_STACK_BYTES is '%s' but must be a number of bytes, %zu to %zu",
                of_environment.text, least_stack_bytes, most_stack_bytes);
  return sizes_asked_for.stack_bytes != 0 ? whole_stack(sizes_asked_for.stack_bytes) : default_stack_bytes;
}

#if defined(CROSSLANE_CONFIG_HOST_STACK_BYTES)
static_assert(CROSSLANE_CONFIG_HOST_STACK_BYTES >= least_stack_bytes && CROSSLANE_CONFIG_HOST_STACK_BYTES <= most_stack_bytes,
              "crosslane: CROSSLANE_CONFIG_HOST_STACK_BYTES must be 65536 (64 KiB) to 1073741824 (1 GiB)");
#endif

// Each file registers its sizes before main().
#if defined(CROSSLANE_CONFIG_HOST_SHARED_BYTES) && defined(CROSSLANE_CONFIG_HOST_STACK_BYTES)
[[maybe_unused]] static bool const asked_for_sizes =
    sizes_asked_for.ask(CROSSLANE_CONFIG_HOST_SHARED_BYTES, CROSSLANE_CONFIG_HOST_STACK_BYTES);
#elif defined(CROSSLANE_CONFIG_HOST_SHARED_BYTES)
[[maybe_unused]] static bool const asked_for_sizes = sizes_asked_for.ask(CROSSLANE_CONFIG_HOST_SHARED_BYTES, 0);
#elif defined(CROSSLANE_CONFIG_HOST_STACK_BYTES)
[[maybe_unused]] static bool const asked_for_sizes = sizes_asked_for.ask(0, CROSSLANE_CONFIG_HOST_STACK_BYTES);
#endif

}  // namespace crosslane::backend
