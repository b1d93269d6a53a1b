// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What launches of the host backend are checked for, in which order their threads run, and who takes what is found.
#pragma once

#include <crosslane/check/finding.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace crosslane::checks {

/// How much is looked for.
enum class level : unsigned char {
  off,    ///< what a block cannot go on from: threads that wait for others which never come
  basic,  ///< and threads or lanes that wait for each other at different places
  full,   ///< and every access to memory: needs a build with crosslane::checked. Blocks run one after another
  most,   ///< full in a build with crosslane::checked, basic in others
};

/// By default what the environment says: CROSSLANE_CHECK=off, basic or full; CROSSLANE_SEED=number.
struct options {
  checks::level level = from_environment().level;  ///< how much is looked for
  /// 0: blocks, waves and lanes in their order. 1: the reverse. Others: an order of their own each, the same on every machine.
  std::uint64_t seed = from_environment().seed;

  /// What the environment says.
  struct environment {
    checks::level level;  ///< of CROSSLANE_CHECK
    std::uint64_t seed;   ///< of CROSSLANE_SEED
  };
  /// Throws invalid_argument where a variable says something else.
  static environment const& from_environment() {
    static environment const values = read_environment();
    return values;
  }

 private:
  static environment read_environment() {
    environment result{level::most, 0};
    if (char const* const text = std::getenv("CROSSLANE_CHECK"); text != nullptr && text[0] != 0) {
      if (std::strcmp(text, "off") == 0)
        result.level = level::off;
      else if (std::strcmp(text, "basic") == 0)
        result.level = level::basic;
      else if (std::strcmp(text, "full") == 0)
        result.level = level::full;
      else
        throw_error(errc::invalid_argument, {}, "CROSSLANE_CHECK is '%s': off, basic or full", text);
    }
    if (char const* const text = std::getenv("CROSSLANE_SEED"); text != nullptr && text[0] != 0) {
      char* end = nullptr;
      result.seed = std::strtoull(text, &end, 0);
      if (*end != 0) throw_error(errc::invalid_argument, {}, "CROSSLANE_SEED is '%s': a number", text);
    }
    return result;
  }
};

}  // namespace crosslane::checks

namespace crosslane::detail {

/// Takes findings, from any thread.
class finding_sink {
 public:
  virtual void take(checks::finding const&) noexcept = 0;

 protected:
  ~finding_sink() = default;
};

/// What the launches of a thread take with them.
struct check_scope {
  checks::options options;
  finding_sink* sink = nullptr;  ///< null: a finding is an error of the stream
};

/// Null: the environment's.
inline thread_local check_scope const* current_check_scope = nullptr;

}  // namespace crosslane::detail
