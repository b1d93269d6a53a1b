// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the host backend finds in a piece of a program, at both widths and in several orders.
#pragma once

#include <crosslane/check/collect.hpp>
#include <crosslane/check/sarif.hpp>

#include <filesystem>
#include <fstream>

namespace crosslane::checks {

/// How findings() looks.
struct search {
  unsigned seeds = 4;                                       ///< orders of threads: from CROSSLANE_SEED, or 0, on
  checks::level level = options::from_environment().level;  ///< what is looked for
};

}  // namespace crosslane::checks

namespace crosslane::detail {

/// Adds to what all calls of the program have found and, where CROSSLANE_SARIF names a file, writes that.
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
  if (!out) throw_error(errc::invalid_argument, {}, "CROSSLANE_SARIF is '%s', which cannot be written", file);
}

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Runs run(stream) on the host's devices of 32 and of 64 lanes, on each in `seeds` orders of threads or until one has findings, and
/// returns those of both. What else is thrown, by run or by a kernel, passes. In a file compiled for a GPU the stream is not the default
/// backend's: run takes `auto const&`, or a basic_stream<host> const&.
///
/// Where CROSSLANE_SARIF names a file, it has, as SARIF, what all calls of this program have found, with paths relative to the folder that
/// the program runs in.
template <class Run>
[[nodiscard]] report findings(Run const& run, search const& s = {}) {
  if (s.seeds == 0) throw_error(errc::invalid_argument, {}, "checks::findings: 0 seeds, at least 1 is needed to find anything");
  report all;
  for (int i = 0; i < basic_device<host>::count(); ++i) {
    options o;
    o.level = s.level;
    report found;
    for (unsigned n = 0; n < s.seeds && found.empty(); ++n, ++o.seed)
      found = collect(o, [&] {
        basic_stream<host> const q{basic_device<host>{i}};
        if constexpr (std::is_void_v<decltype(run(q))>) {
          run(q);
          q.synchronize();
        } else {
          [[maybe_unused]] auto const result = run(q);  // a copy to it may be on its way
          q.synchronize();
        }
      });
    all.add(found);
  }
  detail::note_findings(all);
  return all;
}

}  // namespace crosslane::checks
