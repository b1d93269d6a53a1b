// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs kernels of the corpus: wrong ones, whose finding must have its kind, lines and threads at both widths and in every order, and right
/// ones, in which nothing may be found.
#pragma once

#include "corpus/corpus.hpp"
#include "corpus_support.hpp"

#include <cstdint>

namespace crosslane_test {

namespace checks = crosslane::checks;
using checks::kind;

inline constexpr std::uint64_t seeds = 6;

/// A kernel of the corpus. Only its launch is compiled for each of them.
struct corpus_kernel {
  std::string name;
  void (*launch)(xl::stream const& q, unsigned grid, unsigned block, corpus::memory const& m);
};

template <class K>
corpus_kernel kernel_of() {
  return {short_name<K>(), [](xl::stream const& q, unsigned grid, unsigned block, corpus::memory const& m) {
            std::size_t dynamic = 0;
            if constexpr (requires { K::dynamic_bytes; }) dynamic = K::dynamic_bytes;
            xl::launch(q, {.grid = grid, .block = block, .dynamic_shared = dynamic}, K{}, m);
          }};
}

inline checks::report report_of(xl::device d, corpus_kernel const& kernel, unsigned grid, unsigned block, std::uint64_t seed,
                                checks::level level = checks::level::full) {
  xl::stream const q{d};
  xl::buffer<int> data{q, 1024}, unwritten{q, 1024};
  xl::fill(q, data, 0);
  int* gone = nullptr;
  {
    xl::buffer<int> freed{q, 256};
    gone = freed.data();
  }
  q.synchronize();
  auto const run = [&] { kernel.launch(q, grid, block, corpus::memory{data.view(), unwritten.view(), gone}); };
  checks::report r = checks::collect(run, {.level = level, .seed = seed});
  q.synchronize();
  return r;
}

inline constexpr auto kernel_files = {"arguments.hpp",    "async_copies.hpp", "atomics.hpp",      "barriers.hpp", "bounds.hpp",
                                      "casts.hpp",        "clusters.hpp",     "device_races.hpp", "lanes.hpp",    "objects.hpp",
                                      "shared_races.hpp", "tile_copies.hpp",  "unwritten.hpp",    "widths.hpp"};

inline unsigned wrong_kernels = 0, right_kernels = 0;

/// The order in which g++ makes the accesses of a statement.
#if defined(__clang__)
inline constexpr bool shows_findings = false;
#else
inline constexpr bool shows_findings = true;
#endif

/// `threads(a, b)`: whether these can be the two sides; b is 0 where there is only one. The order of both depends on that of the threads.
inline void check_wrong(xl::device d, corpus_kernel const& kernel, kind expected, unsigned grid, unsigned block,
                        bool (*threads)(unsigned, unsigned)) {
  ++wrong_kernels;
  std::string const& name = kernel.name;
  std::set<std::string> const marked = marked_lines(kernel_files, name);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    checks::report const r = report_of(d, kernel, grid, block, seed);
    std::string const context = name + ", seed " + std::to_string(seed) + ":\n" + r.text();
    if (r.empty()) fail("nothing found in " + context, source_location::current());
    if (shows_findings && seed == 0 && !r.empty()) check_shown_finding(name, r.entries()[0].finding);
    std::set<std::string> found;
    for (checks::report::entry const& e : r.entries()) {
      checks::finding const& f = e.finding;
      if (f.kind != expected) fail(std::string("not ") + to_string(expected) + " in " + context, source_location::current());
      if (f.seed != seed || f.wave_size != d.properties().wave_size) fail("seed or width in " + context, source_location::current());
      found.insert(place(f.first.where));
      if (f.second.where.line != 0) found.insert(place(f.second.where));
      unsigned const a = f.first.thread, b = f.second.count != 0 ? f.second.thread : 0;
      if (!threads(a, b) && !threads(b, a))
        fail("threads " + std::to_string(a) + " and " + std::to_string(b) + " in " + context, source_location::current());
    }
    if (found != marked) {
      std::string lines;
      for (std::string const& line : marked) lines += ' ' + line;
      fail("the lines are not" + lines + " in " + context, source_location::current());
    }
  }
  expect_usable(d);
}

template <class K>
void wrong(xl::device d, kind expected, unsigned grid, unsigned block, bool (*threads)(unsigned, unsigned)) {
  check_wrong(d, kernel_of<K>(), expected, grid, block, threads);
}

inline void expect_nothing(xl::device d, corpus_kernel const& kernel, unsigned grid, unsigned block) {
  for (checks::level const level : {checks::level::off, checks::level::basic, checks::level::full})
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      checks::report const r = report_of(d, kernel, grid, block, seed, level);
      if (!r.empty())
        fail("found in " + kernel.name + " at level " + std::to_string(int(level)) + ", where it is right:\n" + r.text(),
             source_location::current());
    }
}

template <class K>
void right(xl::device d, unsigned grid, unsigned block) {
  ++right_kernels;
  expect_nothing(d, kernel_of<K>(), grid, block);
}

/// A kernel that is wrong if waves have `Width` lanes, and right otherwise.
template <unsigned Width, class K>
void wrong_at(xl::device d, kind expected, unsigned grid, unsigned block, bool (*threads)(unsigned, unsigned)) {
  if (d.properties().wave_size == Width) return wrong<K>(d, expected, grid, block, threads);
  ++wrong_kernels;
  expect_nothing(d, kernel_of<K>(), grid, block);
}

constexpr bool any(unsigned, unsigned) { return true; }
constexpr bool differ(unsigned a, unsigned b) { return a != b; }

}  // namespace crosslane_test
