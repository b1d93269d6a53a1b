// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores on the CPU. Cache hints have no effect.
#pragma once

#include <crosslane/core/access.hpp>
#include <crosslane/platform/annotations.hpp>

#include <cstddef>

namespace crosslane::backend {

struct host_access {
  template <access Access, class T>
  static CROSSLANE_FN T load(T const* from) {
    if constexpr (Access == access::as_volatile) {
      T result;
      auto const* const bytes = reinterpret_cast<unsigned char const volatile*>(from);
      for (std::size_t i = 0; i < sizeof(T); ++i) reinterpret_cast<unsigned char*>(&result)[i] = bytes[i];
      return result;
    } else {
      return *from;
    }
  }
  template <access Access, class T>
  static CROSSLANE_FN void store(T* to, T const& value) {
    if constexpr (Access == access::as_volatile) {
      auto* const bytes = reinterpret_cast<unsigned char volatile*>(to);
      for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = reinterpret_cast<unsigned char const*>(&value)[i];
    } else {
      *to = value;
    }
  }
  static CROSSLANE_FN void prefetch(void const* address) { __builtin_prefetch(address); }
};

}  // namespace crosslane::backend
