// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Findings name lines of the program, and none of a library, whatever the compiler inlines and merges. The target builds this file at
/// several levels of optimisation.
#include "corpus/lines.hpp"
#include "corpus_support.hpp"

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;

namespace {

struct device_memory {
  explicit device_memory(xl::device d) : q{d}, data{q, 1024}, unwritten{q, 1024} {
    xl::fill(q, data, 0);
    q.synchronize();
  }
  xl::stream q;
  xl::buffer<int> data, unwritten;
};

template <class K>
checks::report report_of(xl::device d, K const& kernel, std::uint64_t seed) {
  device_memory on{d};
  checks::options const o{.level = checks::level::full, .seed = seed, .progress_seconds = 0.1};
  auto const run = [&] {
    xl::launch(on.q, {.grid = 1, .block = 256}, kernel, corpus::memory{on.data.view(), on.unwritten.view(), nullptr});
  };
  checks::report r = checks::collect(run, o);
  on.q.synchronize();
  return r;
}

/// Each finding has this kind, and names only the marked lines; together they name all of them, except if the compiler may merge these.
template <class K>
void expect_lines(xl::device d, K const& kernel, std::string const& name, kind expected, bool may_merge = false) {
  std::set<std::string> const marked = marked_lines({"lines.hpp"}, name);
  for (std::uint64_t seed = 0; seed < (expected == kind::no_progress ? 1 : 4); ++seed) {
    checks::report const r = report_of(d, kernel, seed);
    std::set<std::string> found;
    for (checks::report::entry const& e : r.entries()) {
      if (e.finding.kind != expected) fail("not " + std::string(to_string(expected)) + " in " + r.text(), source_location::current());
      found.insert(place(e.finding.first.where));
      if (e.finding.second.where.line != 0) found.insert(place(e.finding.second.where));
    }
    bool const right =
        may_merge ? !found.empty() && std::includes(marked.begin(), marked.end(), found.begin(), found.end()) : found == marked;
    if (!right)
      fail("the lines are not those of " + name + ", seed " + std::to_string(seed) + ":\n" + r.text(), source_location::current());
  }
}
template <class K>
void expect_lines(xl::device d, kind expected, bool may_merge = false) {
  expect_lines(d, K{}, short_name<K>(), expected, may_merge);
}

template <class K>
void expect_nothing(xl::device d) {
  for (std::uint64_t seed = 0; seed < 9; ++seed)
    if (checks::report const r = report_of(d, K{}, seed); !r.empty()) fail("found:\n" + r.text(), source_location::current());
}

CROSSLANE_TEST(lines, equal_kernels) {
  expect_lines<corpus::writes_here>(d, kind::device_race);
  expect_lines<corpus::writes_there>(d, kind::device_race);
  expect_lines(d, corpus::writes_by_lambda, "writes_by_lambda", kind::device_race);
  expect_lines(d, corpus::writes_by_another_lambda, "writes_by_another_lambda", kind::device_race);
}
CROSSLANE_TEST(lines, equal_functions) {
  expect_lines<corpus::calls_equal_functions>(d, kind::device_race);
  expect_lines<corpus::loads_in_both_branches>(d, kind::unwritten_memory, true);
}
CROSSLANE_TEST(lines, functions_of_libraries) {
  expect_lines<corpus::reduces_twice<false>>(d, kind::shared_race);
  expect_lines<corpus::reduces_and_scans<false>>(d, kind::shared_race);
  expect_lines<corpus::fills_by_algorithm>(d, kind::shared_race);
  expect_nothing<corpus::reduces_twice<true>>(d);
  expect_nothing<corpus::reduces_and_scans<true>>(d);
}
CROSSLANE_TEST(lines, loops_that_wait) {
  expect_lines<corpus::waits_by_loads>(d, kind::no_progress);
  expect_lines<corpus::waits_by_exchanges>(d, kind::no_progress);
  expect_lines<corpus::waits_for_a_volatile>(d, kind::no_progress);
}

/// Accesses of the host program, by functions of the library.
CROSSLANE_TEST(lines, of_the_program) {
  xl::stream const q{d};
  xl::pinned_buffer<int> numbers{q, 256};
  unsigned line = 0;
  checks::report const r = checks::collect([&] {
    xl::launch(q, {.grid = 1, .block = 256}, [](auto const& ctx, xl::span<int> x) { x[ctx.thread_rank()] = 1; }, numbers);
    line = __LINE__ + 1;
    numbers[0] = 2;
  });
  CROSSLANE_CHECK(r.size() == 1 && r.entries()[0].finding.kind == kind::program_race);
  for (checks::party const& p : {r.entries()[0].finding.first, r.entries()[0].finding.second})
    CROSSLANE_CHECK(place(p.where) == "lines_test.cpp:" + std::to_string(line) ||
                    place(p.where) == "lines_test.cpp:" + std::to_string(line - 2));
}

}  // namespace
