// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks a function on the host backend for both wave sizes and several thread orders.
#pragma once

#include <crosslane/check/collect.hpp>
#include <crosslane/check/sarif.hpp>

#include <filesystem>
#include <fstream>

namespace crosslane::detail {

/// Adds a report to the findings of all calls in this process. If CROSSLANE_SARIF names a file, writes all of them to it.
inline void note_findings(checks::report const& r) {
  static checks::report all;
  static spin_lock lock;
  char const* const file = std::getenv("CROSSLANE_SARIF");
  if (file == nullptr || file[0] == 0) return;
  spin_guard const guard{lock};
  all.add(r);
  std::ofstream out{file};
  out << checks::to_sarif(all, std::filesystem::current_path().native());
  out.close();
  if (!out) throw_error(errc::invalid_argument, {}, "CROSSLANE_SARIF is '%s', a file that cannot be written", file);
}

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Calls explore() with run(stream) on the host's devices of 32 and of 64 lanes, and returns the findings of both. Other exceptions of run
/// or of a kernel propagate. In a file compiled for a GPU the stream is not of the default backend: the argument of run must be `auto
/// const&` or `basic_stream<host> const&`.
///
/// If CROSSLANE_SARIF names a file, the findings of all calls in this process are written to it as SARIF. Paths in it are relative to the
/// working directory.
///
///   xl::checks::report const r = xl::checks::findings([](auto const& q) { return sums_of_rows(q); });
///   EXPECT_TRUE(r.empty()) << r.text();
template <class Run>
[[nodiscard]] report findings(Run const& run, search const& s = {}) {
  report all;
  for (int i = 0; i < basic_device<host>::count(); ++i) {
    auto const run_here = [&] {
      basic_stream<host> const q{basic_device<host>{i}};
      if constexpr (std::is_void_v<decltype(run(q))>) {
        run(q);
        q.synchronize();
      } else {
        [[maybe_unused]] auto const result = run(q);  // a queued copy may still write to it
        q.synchronize();
      }
    };
    all.add(explore(run_here, s).report);
  }
  detail::note_findings(all);
  return all;
}

}  // namespace crosslane::checks
