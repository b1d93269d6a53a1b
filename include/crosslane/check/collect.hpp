// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs a function and collects the findings in kernels of the host backend.
#pragma once

#include <crosslane/check/report.hpp>
#include <crosslane/host.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <unordered_map>

namespace crosslane::detail {

/// Collects findings from all threads in a report.
class collecting_sink final : public finding_sink {
 public:
  void take(checks::finding const& f, std::uint64_t times, finding_key const* key) noexcept override {
    spin_guard const guard{lock_};
    if (is_closed_) {
      std::fprintf(stderr, "crosslane: a finding in work that was queued after its collect() had ended: %s\n", f.text.c_str());
      return;
    }
    std::size_t const entry = report_.add(f, times);
    if (key != nullptr) entries_[*key] = entry;
  }
  bool count(finding_key const& key, std::uint64_t times) noexcept override {
    spin_guard const guard{lock_};
    auto const entry = entries_.find(key);
    if (entry == entries_.end()) return false;
    report_.count_again(entry->second, times);
    return true;
  }
  /// Returns the findings, and takes no more.
  checks::report close() {
    spin_guard const guard{lock_};
    is_closed_ = true;
    entries_.clear();
    return static_cast<checks::report&&>(report_);
  }

  collecting_sink* kept_next = nullptr;  ///< see entered_check_scope

 private:
  struct key_hash {
    std::size_t operator()(finding_key const& k) const noexcept {
      std::uint64_t const all = (k.first * 0x9e3779b97f4a7c15 + k.second) * 0x9e3779b97f4a7c15 + std::uint64_t(k.kind);
      return std::size_t(all ^ all >> 32);
    }
  };

  spin_lock lock_;
  bool is_closed_ = false;
  checks::report report_;
  std::unordered_map<finding_key, std::size_t, key_hash> entries_;  ///< of the report, by key
};

/// Applies options to the launches of the calling thread while it lives, and to those of threads that are in no scope, and collects their
/// findings. The destructor waits for all work of the host's devices.
class entered_check_scope {
 public:
  explicit entered_check_scope(checks::options const& o) : scope_{o, sink_.get()}, before_{current_check_scope} {
    current_check_scope = &scope_;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);  // accesses in the scope are calls that read it, which compilers add later
  }
  entered_check_scope(entered_check_scope const&) = delete;
  entered_check_scope& operator=(entered_check_scope const&) = delete;
  ~entered_check_scope() { leave(); }

  /// Ends the scope and returns the findings.
  checks::report leave() {
    if (sink_ == nullptr) return {};
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    current_check_scope = before_;
    bool const used = entry_.close();
    for (int index = 0; index < 2; ++index) {
      int previous = 0;
      (void)host::current_device(&previous);
      (void)host::select_device(index);
      (void)host::device_synchronize();
      (void)host::select_device(previous);
    }
    checks::report result = sink_->close();
    if (used) keep(sink_.release());
    sink_.reset();
    return result;
  }

 private:
  /// Another thread may be about to queue work with this sink, so it stays.
  static void keep(collecting_sink* sink) noexcept {
    static spin_lock lock;
    static collecting_sink* kept = nullptr;
    spin_guard const guard{lock};
    sink->kept_next = kept;
    kept = sink;
  }

  std::unique_ptr<collecting_sink> sink_ = std::make_unique<collecting_sink>();
  check_scope scope_;
  check_scope const* before_;
  open_check_scopes::entry entry_{scope_};
};

}  // namespace crosslane::detail

namespace crosslane::checks {

/// Calls f() and returns the findings in the work that f queues on the host backend. Findings are collected and not thrown. A block ends if
/// it cannot continue after a finding; everything else runs on, with the wrong results that follow. Waits for all work of the host's
/// devices. Exceptions of f propagate.
///
/// The options also apply to other host threads while f() runs, unless they are in a collect() of their own; their findings are collected
/// too. f() must wait for the threads that it starts.
///
///   xl::checks::report const r = xl::checks::collect([&] { xl::launch(q, {.grid = 4}, kernel, in, sums); }, {.seed = 1});
///   std::cout << r.text();
template <class F>
report collect(F const& f, options const& o = {}) {
  detail::entered_check_scope scope{o};
  f();
  return scope.leave();
}

/// The options of explore() and findings().
struct search {
  unsigned seeds = 4;                                       ///< how many thread orders are tried, at least 1
  checks::level level = options::from_environment().level;  ///< what is checked
  std::uint64_t seed = options::from_environment().seed;    ///< the first order; the others are those of the next seeds
};

/// The result of explore().
struct exploration {
  unsigned runs = 0;       ///< thread orders tried
  std::uint64_t seed = 0;  ///< the first seed with findings, or the last seed if the report is empty
  checks::report report;   ///< the findings of that seed
};

/// Calls collect() with one seed after the other and stops at the first seed with findings. Throws invalid_argument if the number of seeds
/// is 0.
///
///   xl::checks::exploration const e = xl::checks::explore([&] { xl::launch(q, {.grid = 4}, kernel, in, sums); }, {.seeds = 20});
///   if (!e.report.empty()) std::cout << e.report.text();
template <class F>
exploration explore(F const& f, search const& s = {}) {
  if (s.seeds == 0) throw_error(errc::invalid_argument, {}, "checks: the number of seeds is 0 but must be at least 1");
  exploration result;
  while (result.runs < s.seeds && result.report.empty()) {
    result.seed = s.seed + result.runs++;
    result.report = collect(f, {.level = s.level, .seed = result.seed});
  }
  return result;
}

}  // namespace crosslane::checks
