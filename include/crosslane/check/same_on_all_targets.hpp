// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the results of a program for both wave sizes, and on the GPU with the host.
#pragma once

#include <crosslane/check/compare.hpp>
#include <crosslane/host.hpp>

#include <optional>

namespace crosslane::checks {

/// The result of same_on_all_targets().
struct target_comparison {
  std::vector<std::string> targets;  ///< the devices that the program ran on: "host, 32 lanes"
  std::string differences;           ///< how each other target differs from the first one; empty if none differs

  /// Whether all targets gave the same result.
  explicit operator bool() const noexcept { return differences.empty(); }
  /// Returns the differences, or the list of targets if there are none.
  std::string text() const {
    if (!*this) return differences;
    std::string result = "the same:";
    for (std::string const& target : targets) result += (&target == &targets[0] ? " " : "; ") + target;
    return result + '\n';
  }
};

/// Calls run(stream) on each device and compares the results. The devices are the host's with 32 and with 64 lanes. In a file compiled for
/// a GPU, also all GPUs of the machine, if there are any. The result of 32 lanes on the host is the expected one.
///
/// run returns a std::vector or a similar range. Its argument must be `auto const&`, because the streams have different types.
///
///   auto const result = xl::checks::same_on_all_targets([](auto const& q) { return sums_of_rows(q); }, {.relative = 1e-6});
///   EXPECT_TRUE(result) << result.text();
template <class Run>
target_comparison same_on_all_targets(Run const& run, tolerance const& t = {}) {
  target_comparison result;
  using values = decltype(run(std::declval<basic_stream<host> const&>()));
  std::optional<values> expected;
  auto const on_all = [&]<class B>(B) {
    for (int i = 0; i < basic_device<B>::count(); ++i) {
      basic_stream<B> const q{basic_device<B>{i}};
      auto actual = run(q);
      q.synchronize();
      device_properties const p = q.device().properties();
      std::string target = B::name;
      if (!std::is_same_v<B, host>) target += std::string(" ") + p.architecture;
      target += ", " + std::to_string(p.wave_size) + " lanes";
      if (expected) result.differences += compare(*expected, actual, t, {result.targets[0], target}).differences;
      result.targets.push_back(static_cast<std::string&&>(target));
      if (!expected) expected.emplace(static_cast<values&&>(actual));
    }
  };
  on_all(host{});
  if constexpr (!std::is_same_v<default_backend, host>) on_all(default_backend{});
  return result;
}

}  // namespace crosslane::checks
