// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs a piece of a program and collects what the host backend finds in its kernels.
#pragma once

#include <crosslane/check/report.hpp>
#include <crosslane/host.hpp>

namespace crosslane::detail {

/// A report that any thread adds to.
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

/// The launches of this thread belong to a scope, and are done when it ends.
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

/// Runs f(); what is found in the kernels that it launches from the calling thread on the host backend is collected instead of thrown. A
/// block with a finding that it cannot go on from ends there; all else runs on, with the results that come of it. Waits for the work of
/// the host's devices. Exceptions of f pass.
template <class F>
report collect(options const& o, F const& f) {
  detail::collecting_sink sink;
  {
    detail::entered_check_scope const scope{o, &sink};
    f();
  }
  return static_cast<report&&>(sink.report);
}
/// With the options of the environment.
template <class F>
report collect(F const& f) {
  return collect(options{}, f);
}

/// What explore() has found.
struct exploration {
  unsigned runs = 0;       ///< orders tried
  std::uint64_t seed = 0;  ///< the smallest with a finding; of no meaning where the report is empty
  checks::report report;   ///< of that seed
};

/// collect() with the seeds 0 ... n - 1, until one has findings: so its seed is the smallest.
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
