// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace examples {

progress::progress() : terminal_{::isatty(STDERR_FILENO) == 1} {}

progress::~progress() {
  if (terminal_ && !last_.empty()) std::fputs("\r\033[K", stderr);
}

void progress::show(std::string const& what, std::string const& step) {
  if (terminal_)
    std::fprintf(stderr, "\r\033[K%s%s%s", what.c_str(), step.empty() ? "" : ": ", step.c_str());
  else if (what != last_)
    std::fprintf(stderr, "%s\n", what.c_str());
  last_ = what;
}

}  // namespace examples
