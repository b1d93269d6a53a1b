// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that must fail, and what their errors say.
#pragma once

#include <support/target.hpp>

#include <initializer_list>
#include <string>

namespace crosslane_test {

/// Launches one block of so many threads, and returns the kernel's error.
template <class K, class... A>
xl::error error_in(xl::device d, unsigned threads, K const& kernel, A const&... arguments) {
  xl::stream const q{d};
  xl::launch(q, {.grid = 1, .block = threads}, kernel, arguments...);
  xl::error e = error_of([&] { q.synchronize(); });
  expect_usable(d);
  return e;
}

/// Checks that an error has the code and that its text contains all parts.
inline void expect_error(xl::error const& e, xl::errc code, std::initializer_list<std::string> parts,
                         source_location where = source_location::current()) {
  if (e.code() != code) fail(std::string("expected ") + to_string(code) + ", got " + e.what(), where);
  for (std::string const& part : parts)
    if (!contains(e.what(), part)) fail("no '" + part + "' in: " + e.what(), where);
}

}  // namespace crosslane_test
