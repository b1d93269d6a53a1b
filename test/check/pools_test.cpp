// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker follows the memory of pools, arenas and resources of the program: it finds each wrong program of the corpus, in every order
/// of the streams, and nothing in the right ones.
#include "corpus/pools.hpp"
#include "corpus_support.hpp"

#include <unistd.h>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;

namespace {

/// The stream that runs late.
enum class late { nobody, a, b };

void delay(xl::stream const& q) {
  q.native()->enqueue<xl::host>([] { usleep(10000); });
}

template <class P>
checks::report report_of(xl::device d, late who, checks::level level = checks::level::full) {
  corpus::pool_program p{d};
  return checks::collect(
      [&] {
        if (who == late::a) delay(p.a);
        if (who == late::b) delay(p.b);
        P{}(p);
      },
      {.level = level});
}

template <class P>
void wrong(xl::device d, kind expected) {
  std::string const name = short_name<P>();
  std::set<std::string> const marked = marked_lines({"pools.hpp"}, name);
  CROSSLANE_CHECK(!marked.empty());
  for (late const who : {late::nobody, late::a, late::b}) {
    checks::report const r = report_of<P>(d, who);
    std::string const context = name + ", order " + std::to_string(int(who)) + ":\n" + r.text();
    if (r.size() != 1) {
      fail("not one finding in " + context, source_location::current());
      continue;
    }
    checks::finding const& f = r.entries()[0].finding;
    if (f.kind != expected) fail(std::string("not ") + to_string(expected) + " in " + context, source_location::current());
    std::set<std::string> found;
    for (xl::source_location const& where : {f.first.where, f.second.where})
      if (where.line != 0) found.insert(place(where));
    if (found != marked) fail("other lines in " + context, source_location::current());
    check_shown_finding(name, f);
  }
  if (checks::report const r = report_of<P>(d, late::nobody, checks::level::basic); !r.empty())
    fail("found without accesses that are seen:\n" + r.text(), source_location::current());
  expect_usable(d);
}

template <class P>
void right(xl::device d) {
  for (late const who : {late::nobody, late::a, late::b})
    if (checks::report const r = report_of<P>(d, who); !r.empty())
      fail("found in " + short_name<P>() + ", which is right:\n" + r.text(), source_location::current());
}

CROSSLANE_TEST(pools, unwritten) {
  wrong<corpus::reads_new_memory>(d, kind::unwritten_memory);
  wrong<corpus::reads_new_scratch>(d, kind::unwritten_memory);
  right<corpus::writes_new_memory>(d);
}

CROSSLANE_TEST(pools, returned) {
  wrong<corpus::reads_returned_memory>(d, kind::freed_memory);
  wrong<corpus::reads_returned_memory_later>(d, kind::freed_memory);
  wrong<corpus::uses_scratch_of_the_last_step>(d, kind::freed_memory);
  right<corpus::reads_before_the_return>(d);
  right<corpus::uses_scratch_of_this_step>(d);
}

CROSSLANE_TEST(pools, two_streams) {
  wrong<corpus::returned_while_another_stream_uses_it>(d, kind::stream_race);
  wrong<corpus::used_on_a_stream_that_did_not_wait>(d, kind::stream_race);
  wrong<corpus::scratch_reset_too_early>(d, kind::stream_race);
  wrong<corpus::resource_for_two_streams<false>>(d, kind::stream_race);
  right<corpus::returned_when_another_stream_has_used_it>(d);
  right<corpus::a_pool_at_its_limit>(d);
  right<corpus::resource_for_two_streams<true>>(d);
}

CROSSLANE_TEST(pools, bounds) {
  wrong<corpus::beyond_its_piece>(d, kind::out_of_bounds);
  wrong<corpus::beyond_its_part_of_the_arena>(d, kind::out_of_bounds);
  right<corpus::within_its_piece>(d);
  right<corpus::other_sizes_in_turn>(d);
}

CROSSLANE_TEST(pools, host) {
  wrong<corpus::writes_pinned_memory_at_once>(d, kind::program_race);
  right<corpus::stages_pinned_memory>(d);
  right<corpus::uploads_a_vector>(d);
}

/// The pool may find out about streams without the program knowing it.
CROSSLANE_TEST(pools, do_not_wait_for_the_program) {
  xl::stream const a{d}, b{d};
  xl::memory_pool pool{d};
  xl::buffer<int> data{a, 1024};
  a.synchronize();
  checks::report const r = checks::collect(
      [&] {
        {
          xl::buffer<int> const x{a, 16, pool};
          corpus::set(a, data.view());
        }
        usleep(20000);  // the work is done now
        for (int i = 0; i < 3; ++i) xl::buffer<int> const y{b, 16, pool};
        corpus::set(b, data.view());
      },
      {.level = checks::level::full});
  CROSSLANE_CHECK_EQ(r.size(), 1);
}

}  // namespace
