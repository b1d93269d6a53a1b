// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The peer access that a program has enabled, for the checks of calls.
#pragma once

#include <crosslane/core/device_properties.hpp>
#include <crosslane/runtime/process.hpp>

#include <cstdint>

namespace crosslane::detail {

/// Which devices' kernels may access the memory of which other devices. Any thread may use it.
class peer_table {
 public:
  bool allows(int from, int to) const noexcept { return from == to || (__atomic_load_n(&rows_[from], __ATOMIC_RELAXED) >> to & 1) != 0; }
  void set(int from, int to, bool allowed) noexcept {
    std::uint64_t const bit = std::uint64_t{1} << to;
    if (allowed)
      (void)__atomic_fetch_or(&rows_[from], bit, __ATOMIC_RELAXED);
    else
      (void)__atomic_fetch_and(&rows_[from], ~bit, __ATOMIC_RELAXED);
  }

 private:
  std::uint64_t rows_[most_devices] = {};
};

/// Returns the table of a backend, one per process.
template <class Backend>
[[gnu::visibility("hidden")]] peer_table& peers() noexcept {
  static peer_table& table = [&]() -> peer_table& {
    char name[64];
    std::snprintf(name, sizeof name, "%s peers 1", Backend::name);
    return process_wide<peer_table>(name);
  }();
  return table;
}

}  // namespace crosslane::detail
