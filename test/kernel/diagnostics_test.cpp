// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests of check(), print() and clocks in kernels.
#include <support/target.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Captures the standard output while the object lives.
class captured_output {
 public:
  captured_output() : file_{std::tmpfile()}, saved_{dup(1)} {
    std::fflush(stdout);
    dup2(fileno(file_), 1);
  }
  ~captured_output() {
    restore();
    std::fclose(file_);
  }
  captured_output(captured_output const&) = delete;
  captured_output& operator=(captured_output const&) = delete;

  std::string text() {
    restore();
    std::rewind(file_);
    std::string result;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) result += char(c);
    return result;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stdout);
    dup2(saved_, 1);
    close(saved_);
    saved_ = -1;
  }

  std::FILE* file_;
  int saved_;
};

struct print_some {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int number, double real) const {
    auto const i = ctx.global_index();
    if (i == 5) xl::print(ctx, "no arguments, 100%%\n");
    if (i % 40 == 3) xl::print(ctx, "thread %u of block %u: %d %.3f\n", ctx.thread_index(), ctx.block_index(), number, real);
  }
};

CROSSLANE_TEST(diagnostics, print) {
  xl::stream const q{d};
  captured_output output;
  xl::launch(q, {.grid = 2, .block = 60}, print_some{}, -7, 2.5);
  q.synchronize();
  std::string const text = output.text();
  CROSSLANE_CHECK(contains(text, "no arguments, 100%\n"));
  CROSSLANE_CHECK(contains(text, "thread 3 of block 0: -7 2.500\n"));
  CROSSLANE_CHECK(contains(text, "thread 43 of block 0: -7 2.500\n"));
  CROSSLANE_CHECK(contains(text, "thread 23 of block 1: -7 2.500\n"));
  CROSSLANE_CHECK_EQ(std::count(text.begin(), text.end(), '\n'), 4);
}

struct check_indices {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned limit, xl::span<unsigned> out) const {
    unsigned const i = unsigned(ctx.global_index());
    xl::check(ctx, i < limit, "the index is below the limit");
    out[i] = i + 1;
  }
};

CROSSLANE_TEST(diagnostics, check_that_holds) {
  xl::stream const q{d};
  xl::buffer<unsigned> out{q, 128};
  xl::launch(q, {.grid = 2, .block = 64}, check_indices{}, 128u, out);
  CROSSLANE_CHECK_EQ(read(q, out)[127], 128);
}

/// On a GPU the device would be lost for the other tests.
CROSSLANE_TEST(diagnostics, check_that_fails) {
  if constexpr (host_build) {
    xl::stream const q{d};
    xl::buffer<unsigned> out{q, 128};
    xl::launch(q, {.grid = 2, .block = 64}, check_indices{}, 127u, out);
    xl::error const e = error_of([&] { q.synchronize(); });
    CROSSLANE_CHECK(e.code() == xl::errc::kernel_fault);
    for (char const* part : {"the index is below the limit at ", "diagnostics_test.cpp", "check_indices", "block (1, 0, 0)", "thread 63"})
      if (!contains(e.what(), part)) fail(std::string("no '") + part + "' in: " + e.what(), xl::source_location::current());
    expect_usable(d);
  } else {
    skip("a trap ends the use of the device");
  }
}

}  // namespace
