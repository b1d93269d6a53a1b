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

/// Calls explore() with run(stream) on the host's devices of 32 and of 64 lanes, and returns the findings of both. Each finding says at
/// which widths it occurs. Other exceptions of run or of a kernel propagate. In a file compiled for a GPU the stream is not of the default
/// backend: the argument of run must be `auto const&` or `basic_stream<host> const&`.
///
/// If CROSSLANE_SARIF names a file, the findings of all calls in this process are written to it as SARIF. Paths in it are relative to the
/// working directory.
///
///   xl::checks::report const r = xl::checks::findings([](auto const& q) { return sums_of_rows(q); });
///   EXPECT_TRUE(r.empty()) << r.text();
template <class Run>
[[nodiscard]] report findings(Run const& run, search const& s = {}) {
  auto const run_at = [&](int index) {
    basic_stream<host> const q{basic_device<host>{index}};
    if constexpr (std::is_void_v<decltype(run(q))>) {
      run(q);
      q.synchronize();
    } else {
      [[maybe_unused]] auto const result = run(q);  // a queued copy may still write to it
      q.synchronize();
    }
  };
  exploration at[2] = {explore([&] { run_at(0); }, s), explore([&] { run_at(1); }, s)};
  if (!at[0].report.empty() && !at[1].report.empty() && at[0].seed != at[1].seed) {
    // The width that has stopped first also runs in the order of the other one, so that the findings of both can be compared.
    int const first = at[0].seed < at[1].seed ? 0 : 1;
    at[first].report.add(collect([&] { run_at(first); }, {.level = s.level, .seed = at[1 - first].seed}));
  }
  report all;
  for (int i = 0; i < 2; ++i) {
    at[i].report.ran_at(basic_device<host>{i}.properties().wave_size);
    all.add(at[i].report);
  }
  detail::note_findings(all);
  return all;
}

}  // namespace crosslane::checks
