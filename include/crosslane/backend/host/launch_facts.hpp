// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The facts about a launch that findings report, and the sink that receives the findings.
#pragma once

#include <crosslane/backend/host/check_scopes.hpp>

#include <exception>

namespace crosslane::backend {

/// Numbers of the places of code that a finding names. Findings of one kind with the same numbers have the same lines.
struct code_places {
  std::uint64_t first = 0, second = 0;

  bool known() const noexcept { return first != 0; }
};

struct launch_facts {
  extent3 grid, block;
  unsigned wave_size = 32;
  char const* kernel = "";
  source_location where;
  checks::level level = checks::level::basic;  ///< never `most`
  std::uint64_t seed = 0;
  double progress_seconds = 0;  ///< after which a launch without progress is a finding; 0: never
  bool peer_access = false;     ///< whether the work may access memory of the other device
  bool overlaps = false;        ///< whether the kernel may begin before the kernel before it in the stream has ended
  detail::finding_sink* sink = nullptr;
  mutable bool has_findings = false;  ///< accessed atomically
  mutable bool lost_threads = false;  ///< whether threads have ended early, by a finding; accessed atomically
  /// These facts are the beginning of an object of so many bytes, which also has the kernel object and its arguments. Copies of the facts
  /// do not have them.
  std::size_t object_bytes = 0;
  /// Calls the visitor for the kernel object and each argument; null if accesses are not checked.
  void (*visit_arguments)(launch_facts const&, class argument_visitor&) = nullptr;

  unsigned threads() const noexcept { return unsigned(block.size()); }
  /// Whether blocks run one after another on one host thread, so that findings are the same in each run.
  bool in_turn() const noexcept { return seed != 0 || level == checks::level::full; }

  void loses_threads() const noexcept { __atomic_store_n(&lost_threads, true, __ATOMIC_RELAXED); }
  bool has_lost_threads() const noexcept { return __atomic_load_n(&lost_threads, __ATOMIC_RELAXED); }

  checks::finding finding(checks::kind kind) const noexcept {
    checks::finding result{};
    result.kind = kind;
    result.kernel = kernel;
    result.grid = grid;
    result.block = block;
    result.wave_size = wave_size;
    result.seed = seed;
    result.launch = where;
    return result;
  }

  /// Returns whether a finding of this kind at these places has been delivered, and counts it as another occurrence. No text is made then.
  bool counts_again(checks::kind kind, code_places const& at) const {
    if (sink == nullptr || !at.known() || !sink->count(key_of(kind, at), 1)) return false;
    __atomic_store_n(&has_findings, true, __ATOMIC_RELAXED);
    return true;
  }

  /// Reads the check options of the calling thread. `most` becomes `full` if accesses are instrumented, else `basic`.
  void read_check_scope(bool accesses_are_seen) {
    detail::check_scope const scope = detail::open_check_scopes::of_this_thread();
    level = scope.options.level;
    seed = scope.options.seed;
    progress_seconds = scope.options.progress_seconds;
    sink = scope.sink;
    if (level == checks::level::most) level = accesses_are_seen ? checks::level::full : checks::level::basic;
  }

  /// Passes a finding, which has occurred `times` times, to the sink and returns null. Without a sink returns the error with which the
  /// launch fails.
  std::exception_ptr deliver(checks::finding const& found, code_places const& at = {}, std::uint64_t times = 1) const {
    __atomic_store_n(&has_findings, true, __ATOMIC_RELAXED);
    if (sink != nullptr) {
      detail::finding_key const key = key_of(found.kind, at);
      sink->take(found, times, at.known() ? &key : nullptr);
      return nullptr;
    }
    error_text text = found.text;
    text.append("; ");
    found.append_order(text);
    return std::make_exception_ptr(error{to_errc(found.kind), text, where});
  }

 private:
  detail::finding_key key_of(checks::kind kind, code_places const& at) const noexcept {
    return {kind, wave_size, kernel, at.first, at.second};
  }
};

/// Looks at the kernel object and the arguments of a launch.
class argument_visitor {
 public:
  /// `value_bytes` has 0 for each byte of padding; null: there may be padding anywhere.
  virtual void take(void const* object, std::size_t bytes, unsigned char const* value_bytes) = 0;

 protected:
  ~argument_visitor() = default;
};

inline extent3 block_index(launch_facts const& launch, std::uint64_t rank) noexcept {
  std::uint64_t const row = rank / launch.grid.x;
  return {unsigned(rank % launch.grid.x), unsigned(row % launch.grid.y), unsigned(row / launch.grid.y)};
}

}  // namespace crosslane::backend
