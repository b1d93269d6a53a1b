// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Ranges and marks of roctx, which AMD's profilers show. The library is loaded when the first range begins; without it they do nothing.
#pragma once

#include <dlfcn.h>

namespace crosslane::backend {

struct hip_ranges {
  static void push(char const* name) noexcept {
    if (auto const f = get().push) (void)f(name);
  }
  static void pop() noexcept {
    if (auto const f = get().pop) (void)f();
  }
  static void mark(char const* name) noexcept {
    if (auto const f = get().mark) f(name);
  }

 private:
  struct functions {
    int (*push)(char const*) = nullptr;
    int (*pop)() = nullptr;
    void (*mark)(char const*) = nullptr;

    functions() noexcept {
      // The name since ROCm 6.2, then the one before it.
      for (char const* const library :
           {"librocprofiler-sdk-roctx.so.1", "librocprofiler-sdk-roctx.so.0", "libroctx64.so.4", "libroctx64.so"}) {
        void* const loaded = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
        if (loaded == nullptr) continue;
        push = reinterpret_cast<int (*)(char const*)>(dlsym(loaded, "roctxRangePushA"));
        pop = reinterpret_cast<int (*)()>(dlsym(loaded, "roctxRangePop"));
        mark = reinterpret_cast<void (*)(char const*)>(dlsym(loaded, "roctxMarkA"));
        if (push != nullptr && pop != nullptr) return;
      }
      push = nullptr;
      pop = nullptr;
    }
  };
  static functions const& get() noexcept {
    static functions const loaded;
    return loaded;
  }
};

}  // namespace crosslane::backend
