// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Options of the host backend: what launches check, in which order threads run, and where findings go.
#pragma once

#include <crosslane/core/finding.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace crosslane::checks {

/// How much is checked.
enum class level : unsigned char {
  off,    ///< only mistakes after which a block cannot continue: threads that wait for threads which never arrive
  basic,  ///< also threads or lanes that wait for each other at different places
  full,   ///< also every memory access, in a build with crosslane::checked. Blocks run one after another
  most,   ///< full in a build with crosslane::checked, basic in others
};

/// The options of a scope. Their defaults come from the environment: CROSSLANE_CHECK=off, basic or full; CROSSLANE_SEED=number;
/// CROSSLANE_CHECK_PROGRESS_SECONDS=number.
struct options {
  checks::level level = from_environment().level;  ///< what is checked
  /// The thread order. 0: blocks, waves and lanes run in ascending order. 1: in descending order. Other seeds: a pseudo-random order per
  /// seed, the same on every machine.
  std::uint64_t seed = from_environment().seed;
  /// The time after which a launch whose threads wait for each other, and change nothing, is a finding and ends. 0: never.
  double progress_seconds = from_environment().progress_seconds;

  /// Returns the options of the environment. Throws invalid_argument if a variable has an invalid value.
  static options const& from_environment() {
    static options const values = read_environment();
    return values;
  }

 private:
  static options read_environment() {
    options result{.level = level::most, .seed = 0, .progress_seconds = 5};
    if (char const* const text = std::getenv("CROSSLANE_CHECK"); text != nullptr && text[0] != 0) {
      if (std::strcmp(text, "off") == 0)
        result.level = level::off;
      else if (std::strcmp(text, "basic") == 0)
        result.level = level::basic;
      else if (std::strcmp(text, "full") == 0)
        result.level = level::full;
      else
        throw_error(errc::invalid_argument, {}, "CROSSLANE_CHECK is '%s' but must be off, basic or full", text);
    }
    if (char const* const text = std::getenv("CROSSLANE_SEED"); text != nullptr && text[0] != 0) {
      char* end = nullptr;
      result.seed = std::strtoull(text, &end, 0);
      if (*end != 0) throw_error(errc::invalid_argument, {}, "CROSSLANE_SEED is '%s' but must be a number", text);
    }
    if (char const* const text = std::getenv("CROSSLANE_CHECK_PROGRESS_SECONDS"); text != nullptr && text[0] != 0) {
      char* end = nullptr;
      result.progress_seconds = std::strtod(text, &end);
      if (*end != 0 || !(result.progress_seconds >= 0))
        throw_error(errc::invalid_argument, {}, "CROSSLANE_CHECK_PROGRESS_SECONDS is '%s' but must be a number of seconds, or 0", text);
    }
    return result;
  }
};

}  // namespace crosslane::checks

namespace crosslane::detail {

/// What findings that a report merges have in common: the places of the code of both sides, as numbers.
struct finding_key {
  checks::kind kind;
  unsigned wave_size;
  char const* kernel;
  std::uint64_t first, second;
  bool operator==(finding_key const&) const = default;
};

/// Receives findings, from any thread.
class finding_sink {
 public:
  /// Takes a finding that has occurred `times` times. A finding without a key is never counted by count().
  virtual void take(checks::finding const&, std::uint64_t times, finding_key const* key) noexcept = 0;
  /// Notes that a finding has occurred `times` times more. Returns false, and does nothing, if none of this key has been taken.
  virtual bool count(finding_key const& key, std::uint64_t times) noexcept = 0;

 protected:
  ~finding_sink() = default;
};

/// The options and the sink that the launches of a thread use.
struct check_scope {
  checks::options options;
  finding_sink* sink = nullptr;  ///< null: a finding is an error of the stream
};

/// Null: the options of the environment.
inline thread_local check_scope const* current_check_scope = nullptr;

}  // namespace crosslane::detail
