// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whether a program computes the same whatever the width of waves, and on the GPU as on the host.
#pragma once

#include <crosslane/check/compare.hpp>
#include <crosslane/host.hpp>

#include <optional>

namespace crosslane::checks {

/// What same_on_all_targets() has found.
struct target_comparison {
  std::vector<std::string> targets;  ///< that the program ran on: "host, 32 lanes"
  std::string differences;           ///< from the first target, of each that differs; empty where all are the same

  /// Whether all are the same.
  explicit operator bool() const noexcept { return differences.empty(); }
  /// The differences, or which targets are the same.
  std::string text() const {
    if (!*this) return differences;
    std::string result = "the same:";
    for (std::string const& target : targets) result += (&target == &targets[0] ? " " : "; ") + target;
    return result + '\n';
  }
};

/// Compares the results of run(stream), a std::vector or its like, on the host's devices of 32 and of 64 lanes and, in a file compiled for
/// a GPU, on all GPUs of the machine, which may be none. The streams are of different types: run takes `auto const&`. All are compared with
/// that of 32 lanes of the host, the expected one.
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
