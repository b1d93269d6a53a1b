// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What findings say of a launch, and who takes them.
#pragma once

#include <crosslane/check/options.hpp>

#include <exception>

namespace crosslane::backend {

struct launch_facts {
  extent3 grid, block;
  unsigned wave_size = 32;
  char const* kernel = "";
  source_location where;
  checks::level level = checks::level::basic;  ///< not `most`
  std::uint64_t seed = 0;
  detail::finding_sink* sink = nullptr;

  unsigned threads() const noexcept { return unsigned(block.count()); }
  /// Blocks run one after another on one thread of the program: what is found is the same each time.
  bool in_turn() const noexcept { return seed != 0 || level == checks::level::full; }

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

  /// What the calling thread's work is checked for. `most` is `full` where accesses are seen.
  void read_check_scope(bool accesses_are_seen) {
    detail::check_scope const* const scope = detail::current_check_scope;
    checks::options const options = scope != nullptr ? scope->options : checks::options{};
    level = options.level;
    seed = options.seed;
    sink = scope != nullptr ? scope->sink : nullptr;
    if (level == checks::level::most) level = accesses_are_seen ? checks::level::full : checks::level::basic;
  }

  /// Gives a finding to who collects. Null then; else the error that the launch has failed with.
  std::exception_ptr deliver(checks::finding const& found) const {
    if (sink != nullptr) {
      sink->take(found);
      return nullptr;
    }
    error_text text = found.text;
    text.append("; ");
    found.append_order(text);
    return std::make_exception_ptr(error{to_errc(found.kind), text, where});
  }
};

inline extent3 block_index(launch_facts const& launch, std::uint64_t rank) noexcept {
  std::uint64_t const row = rank / launch.grid.x;
  return {unsigned(rank % launch.grid.x), unsigned(row % launch.grid.y), unsigned(row / launch.grid.y)};
}

}  // namespace crosslane::backend
