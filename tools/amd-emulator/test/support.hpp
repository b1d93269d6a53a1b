// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Device arrays and comparisons for the emulator's tests. They are GoogleTest programs; the host computes each expected result.
#pragma once
#include <gtest/gtest.h>
#include <hip/hip_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

using u32 = unsigned;
using u64 = unsigned long long;

inline void check(hipError_t e, char const* what) {
  if (e == hipSuccess) return;
  std::printf("%s: %s\n", what, hipGetErrorName(e));
  std::exit(2);
}
#define CK(x) check((x), #x)

/// An array of the device, zeros at first.
template <class T>
struct Dev {
  T* p = nullptr;
  size_t n;
  explicit Dev(size_t n) : n(n) {
    CK(hipMalloc(reinterpret_cast<void**>(&p), n * sizeof(T)));
    CK(hipMemset(p, 0, n * sizeof(T)));
  }
  explicit Dev(std::vector<T> const& v) : Dev(v.size()) { CK(hipMemcpy(p, v.data(), n * sizeof(T), hipMemcpyHostToDevice)); }
  Dev(Dev const&) = delete;
  ~Dev() { (void)hipFree(p); }
  std::vector<T> get() {
    CK(hipGetLastError());
    CK(hipDeviceSynchronize());
    std::vector<T> v(n);
    CK(hipMemcpy(v.data(), p, n * sizeof(T), hipMemcpyDeviceToHost));
    return v;
  }
};

/// Sets an environment variable for a scope; null: unsets it.
class Setting {
 public:
  Setting(char const* name, char const* value) : name_(name) {
    char const* const before = getenv(name);
    had_ = before;
    if (before) before_ = before;
    set(value);
  }
  Setting(Setting const&) = delete;
  ~Setting() { set(had_ ? before_.c_str() : nullptr); }

 private:
  void set(char const* value) { (void)(value ? setenv(name_, value, 1) : unsetenv(name_)); }
  char const* name_;
  bool had_;
  std::string before_;
};

/// States that nothing is wrong: bad describes the first difference.
inline void line(char const* name, std::string const& bad) { EXPECT_EQ(bad, "") << name; }

/// Describes the first element that differs by more than rel times its value. NaN equals NaN.
template <class T>
std::string diff(std::vector<T> const& got, std::function<double(size_t)> const& want, double rel = 0) {
  for (size_t i = 0; i < got.size(); i++) {
    double g = double(got[i]), w = want(i);
    if (std::isnan(w) && std::isnan(g)) continue;
    if (!(std::fabs(g - w) <= rel * std::fabs(w)) && g != w) {
      char b[160];
      snprintf(b, sizeof b, "element %zu of %zu is %.17g, expected %.17g", i, got.size(), g, w);
      return b;
    }
  }
  return "";
}

inline hipDeviceProp_t const& properties() {
  static hipDeviceProp_t const p = [] {
    hipDeviceProp_t q;
    CK(hipGetDeviceProperties(&q, 0));
    return q;
  }();
  return p;
}
/// Lanes of a wave. Set before the first test: kernels are not registered yet when static constructors run.
inline int W = 0;
struct SetWaveSize : ::testing::Environment {
  void SetUp() override { W = properties().warpSize; }
};
inline ::testing::Environment* const set_wave_size = ::testing::AddGlobalTestEnvironment(new SetWaveSize);

/// Whether the device's architecture begins with text.
inline bool is(char const* text) { return strncmp(properties().gcnArchName, text, strlen(text)) == 0; }
