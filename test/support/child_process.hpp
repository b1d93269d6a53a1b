// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs code in child processes that may die. The parent must not have used a stream before.
#pragma once

#include <support/target.hpp>

#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace crosslane_test {

inline constexpr bool under_sanitizer = CROSSLANE_SANITIZE_ADDRESS() || CROSSLANE_SANITIZE_THREAD();

struct ended {
  int status;  ///< as wait() says
  std::string text;
};

/// Runs a function in a child process. Returns the text that it writes to stderr.
template <class F>
ended run_child(F const& f) {
  int ends[2];
  if (pipe(ends) != 0) fail_and_end("no pipe", source_location::current());
  std::fflush(nullptr);
  pid_t const child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    try {
      f();
    } catch (xl::error const& e) {
      std::fprintf(stderr, "error: %s", e.what());
    }
    _exit(0);
  }
  close(ends[1]);
  ended result{};
  char piece[512];
  for (ssize_t n; (n = ::read(ends[0], piece, sizeof piece)) > 0;) result.text.append(piece, std::size_t(n));
  close(ends[0]);
  waitpid(child, &result.status, 0);
  return result;
}

/// Checks that the child dies by the signal and that its message has all parts. Sanitizers end it in their own way, after the message.
template <class F>
void expect_death(int signal, std::vector<std::string> const& parts, F const& f, source_location where = source_location::current()) {
  ended const child = run_child(f);
  if (under_sanitizer ? child.status == 0 : !WIFSIGNALED(child.status) || WTERMSIG(child.status) != signal)
    fail("the status is " + std::to_string(child.status) + ", the text " + child.text, where);
  for (std::string const& part : parts)
    if (!contains(child.text, part)) fail("'" + part + "' is missing in: " + child.text, where);
}

}  // namespace crosslane_test
