// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs a function and collects the findings in kernels of the host backend.
#pragma once

#include <crosslane/check/report.hpp>
#include <crosslane/host.hpp>

namespace crosslane::detail {

/// Collects findings from all threads in a report.
class collecting_sink final : public finding_sink {
 public:
  void take(checks::finding const& f) noexcept override {
    spin_guard const guard{lock_};
    report.add(f);
  }
  checks::report report;

 private:
  spin_lock lock_;
};

/// Applies options and a sink to the launches of the calling thread while it lives. The destructor waits for all work of the host's
/// devices.
class entered_check_scope {
 public:
  entered_check_scope(checks::options const& o, finding_sink* sink) noexcept : scope_{o, sink}, before_{current_check_scope} {
    current_check_scope = &scope_;
  }
  entered_check_scope(entered_check_scope const&) = delete;
  entered_check_scope& operator=(entered_check_scope const&) = delete;
  ~entered_check_scope() {
    current_check_scope = before_;
    for (int index = 0; index < 2; ++index) {
      int previous = 0;
      (void)host::current_device(&previous);
      (void)host::select_device(index);
      (void)host::device_synchronize();
      (void)host::select_device(previous);
    }
  }

 private:
  check_scope scope_;
  check_scope const* before_;
};

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Calls f() and returns the findings in the kernels that f launches from the calling thread on the host backend. Findings are collected
/// and not thrown. A block ends if it cannot continue after a finding; everything else runs on, with the wrong results that follow. Waits
/// for all work of the host's devices. Exceptions of f propagate.
///
///   xl::checks::report const r = xl::checks::collect({.seed = 1}, [&] { xl::launch(q, {.grid = 4}, kernel, in, sums); });
///   std::cout << r.text();
template <class F>
report collect(options const& o, F const& f) {
  detail::collecting_sink sink;
  {
    detail::entered_check_scope const scope{o, &sink};
    f();
  }
  return static_cast<report&&>(sink.report);
}
/// Collects with the options of the environment.
template <class F>
report collect(F const& f) {
  return collect(options{}, f);
}

/// The result of explore().
struct exploration {
  unsigned runs = 0;       ///< thread orders tried
  std::uint64_t seed = 0;  ///< the smallest seed with a finding; meaningless if the report is empty
  checks::report report;   ///< the findings of that seed
};

/// Calls collect() with the seeds 0 to n - 1 and stops at the first seed with findings, which is therefore the smallest.
template <class F>
exploration explore(unsigned n, F const& f, options o = {}) {
  exploration result;
  for (o.seed = 0; o.seed < n && result.report.empty(); ++o.seed) {
    result.report = collect(o, f);
    result.seed = o.seed;
    ++result.runs;
  }
  return result;
}

}  // namespace crosslane::checks
