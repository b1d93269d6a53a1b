// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Findings as values: kinds, both sides and their lines, collecting, formats, seeds.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <crosslane/check.hpp>
#include <support/target.hpp>

#include "../../src/checker/stream_order.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;

namespace {

// Each kernel notes the lines of its two sides. Blocks that run at the same time note the same lines.

void note(unsigned& line, unsigned number) { __atomic_store_n(&line, number, __ATOMIC_RELAXED); }

struct leaves_early {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    lines[1] = 0;
    if (ctx.thread_rank() % 4 == 3) return;
    note(lines[0], __LINE__ + 1);
    ctx.sync_block();
  }
};

struct waits_elsewhere {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    if (ctx.thread_rank() < 3) {
      note(lines[0], __LINE__ + 1);
      ctx.sync_block();
    } else {
      note(lines[1], __LINE__ + 1);
      ctx.sync_block();
    }
  }
};

struct misses_a_lane {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    if (ctx.thread_rank() == 9) {
      note(lines[1], __LINE__ + 1);
      ctx.sync_block();
    } else {
      note(lines[0], __LINE__ + 1);
      (void)xl::tile<8>(ctx).any(true);
    }
  }
};

struct shuffles_here_votes_there {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    auto const t = xl::tile<4>(ctx);
    if (t.rank() < 2) {
      note(lines[0], __LINE__ + 1);
      (void)t.shuffle(1, 0);
    } else {
      note(lines[1], __LINE__ + 1);
      (void)t.ballot(true);
    }
  }
};

struct reads_beyond_the_tile {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    auto const t = xl::tile<8>(ctx);
    lines[1] = 0;
    note(lines[0], __LINE__ + 1);
    (void)t.shuffle(1, t.rank() + 2);
  }
};

struct indexes_beyond {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    xl::span<unsigned> const view{lines + 4, 20};
    lines[1] = 0;
    note(lines[0], __LINE__ + 1);
    view[ctx.thread_rank()] = 1;
  }
};

struct expectation {
  checks::kind kind;
  unsigned first, second;  ///< threads
  char const* second_action;
};

/// One finding of one block of 32 threads of `kernel`, at the lines that it notes.
template <class K>
void expect_finding(xl::device d, K const& kernel, expectation const& e, source_location where = source_location::current()) {
  xl::stream const q{d};
  unsigned lines[64] = {};
  checks::options const o{.seed = 0};
  checks::report const r = checks::collect([&] { xl::launch(q, {.grid = 1, .block = 32}, kernel, &lines[0]); }, o);
  unsigned const launched = __LINE__ - 1;
  q.synchronize();  // nothing is left to be thrown
  if (r.size() != 1) return fail("not one finding:\n" + r.text(), where);
  checks::finding const& f = r.entries()[0].finding;
  CROSSLANE_CHECK_EQ(std::string(to_string(f.kind)), std::string(to_string(e.kind)));
  CROSSLANE_CHECK_EQ(f.first.thread, e.first);
  CROSSLANE_CHECK_EQ(f.first.where.line, lines[0]);
  CROSSLANE_CHECK_EQ(std::string(f.first.where.file), std::string(__FILE__));
  CROSSLANE_CHECK_EQ(std::string(f.second.action), std::string(e.second_action));
  if (f.second.count != 0) CROSSLANE_CHECK_EQ(f.second.thread, e.second);
  CROSSLANE_CHECK_EQ(f.second.where.line, lines[1]);
  CROSSLANE_CHECK_EQ(f.wave_size, d.properties().wave_size);
  CROSSLANE_CHECK_EQ(f.block.x, 32u);
  CROSSLANE_CHECK_EQ(f.launch.line, launched);
  CROSSLANE_CHECK(contains(f.kernel, xl::type_name<K>()));
  CROSSLANE_CHECK(contains(r.text(), to_string(e.kind)) && contains(r.text(), f.advice()) && contains(r.text(), f.text.c_str()));
  expect_usable(d);
}

CROSSLANE_TEST(finding, early_exit) { expect_finding(d, leaves_early{}, {checks::kind::early_exit, 0, 3, "has returned"}); }
CROSSLANE_TEST(finding, different_barriers) {
  expect_finding(d, waits_elsewhere{}, {checks::kind::different_barriers, 0, 3, "waits at a barrier of the block"});
}
CROSSLANE_TEST(finding, absent_lane) { expect_finding(d, misses_a_lane{}, {checks::kind::absent_lane, 8, 9, "waits at a barrier"}); }
CROSSLANE_TEST(finding, different_lanes) {
  expect_finding(d, shuffles_here_votes_there{}, {checks::kind::different_lanes, 0, 2, "waits in an operation of a group"});
}
CROSSLANE_TEST(finding, invalid_lane) { expect_finding(d, reads_beyond_the_tile{}, {checks::kind::invalid_lane, 6, 0, ""}); }
CROSSLANE_TEST(finding, out_of_bounds) { expect_finding(d, indexes_beyond{}, {checks::kind::out_of_bounds, 20, 0, ""}); }

/// Collected findings are not thrown, other errors are. After the scope, findings are thrown again.
CROSSLANE_TEST(collect, is_a_scope) {
  xl::stream const q{d};
  unsigned lines[2] = {};
  auto const launch = [&] { xl::launch(q, {.grid = 3, .block = 32}, waits_elsewhere{}, &lines[0]); };
  checks::report const r = checks::collect([&] {
    launch();
    CROSSLANE_CHECK_EQ(checks::collect(launch).total(), 3u);
    launch();
  });
  CROSSLANE_CHECK_EQ(r.size(), 1u);
  CROSSLANE_CHECK_EQ(r.total(), 6u);
  CROSSLANE_CHECK_EQ(r.entries()[0].times, 6u);
  launch();
  xl::error const thrown = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(thrown.code(), xl::errc::divergent_barrier);
  xl::error_text order;
  order.append("; waves of %u lanes, seed %llu", d.properties().wave_size,
               static_cast<unsigned long long>(checks::options::from_environment().seed));
  CROSSLANE_CHECK(contains(thrown.what(), order.c_str()));
  CROSSLANE_CHECK(contains(r.text(), order.c_str() + 2));
  CROSSLANE_CHECK(checks::collect([] {}).empty());
}

/// Other host threads use the scope that is open, unless they have their own.
CROSSLANE_TEST(collect, takes_findings_of_other_threads) {
  unsigned lines[2] = {};
  auto const launch = [&] {
    xl::stream const q{d};
    xl::launch(q, {.grid = 3, .block = 32}, waits_elsewhere{}, &lines[0]);
    q.synchronize();
  };
  checks::report own;
  checks::report const r = checks::collect(
      [&] {
        std::thread{launch}.join();
        std::thread{[&] { own = checks::collect(launch, {.seed = 2}); }}.join();
      },
      {.seed = 1});
  CROSSLANE_CHECK_EQ(r.total(), 3u);
  CROSSLANE_CHECK_EQ(own.total(), 3u);
  CROSSLANE_CHECK_EQ(r.entries()[0].finding.seed, 1u);
  CROSSLANE_CHECK_EQ(own.entries()[0].finding.seed, 2u);
  std::thread{[&] { CROSSLANE_CHECK_EQ(error_of(launch).code(), xl::errc::divergent_barrier); }}.join();
}

/// Level off finds only mistakes after which a block cannot continue.
CROSSLANE_TEST(collect, levels) {
  xl::stream const q{d};
  unsigned lines[2] = {};
  auto const kinds_at = [&](checks::level level) {
    checks::options const o{.level = level};
    checks::report const elsewhere = checks::collect([&] { xl::launch(q, {.grid = 1, .block = 32}, waits_elsewhere{}, &lines[0]); }, o);
    checks::report const early = checks::collect([&] { xl::launch(q, {.grid = 1, .block = 32}, leaves_early{}, &lines[0]); }, o);
    return 10 * elsewhere.size() + early.size();
  };
  CROSSLANE_CHECK_EQ(kinds_at(checks::level::off), 1u);
  CROSSLANE_CHECK_EQ(kinds_at(checks::level::basic), 11u);
}

#if !CROSSLANE_CONFIG_ACCESS_CHECKS
CROSSLANE_TEST(collect, full_needs_a_checked_build) {
  xl::stream const q{d};
  unsigned lines[2] = {};
  checks::options const o{.level = checks::level::full};
  xl::error const e = error_of([&] { checks::collect([&] { xl::launch(q, {.grid = 1, .block = 32}, waits_elsewhere{}, &lines[0]); }, o); });
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::not_supported);
  CROSSLANE_CHECK(contains(e.what(), "crosslane::checked"));
}
#endif

// --- orders ---

struct note_order {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* next, unsigned* order) const {
    order[__atomic_fetch_add(next, 1u, __ATOMIC_RELAXED)] = unsigned(ctx.global_rank());
    ctx.sync_block();
    order[__atomic_fetch_add(next, 1u, __ATOMIC_RELAXED)] = unsigned(ctx.global_rank());
  }
};

/// The threads in the order in which they start; each block twice, before and after a barrier.
std::vector<unsigned> order_of(xl::device d, std::uint64_t seed) {
  xl::stream const q{d};
  unsigned next = 0;
  std::vector<unsigned> order(2 * 3 * 100);
  auto const run = [&] { xl::launch(q, {.grid = 3, .block = 100}, note_order{}, &next, order.data()); };
  CROSSLANE_CHECK(checks::collect(run, {.level = checks::level::basic, .seed = seed}).empty());
  return order;
}

CROSSLANE_TEST(seed, is_an_order) {
  std::set<std::vector<unsigned>> different;
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    std::vector<unsigned> const order = order_of(d, seed);
    CROSSLANE_CHECK_SAME(order, order_of(d, seed));  // the same each time
    different.insert(order);
    for (unsigned i = 0; i < 6; ++i) {
      // A piece of 100 is one block: each of its threads once, waves one after another.
      std::set<unsigned> threads, waves;
      unsigned changes = 0, wave = ~0u;
      for (unsigned k = 0; k < 100; ++k) {
        unsigned const t = order[i * 100 + k];
        CROSSLANE_CHECK_EQ(t / 100, order[i * 100] / 100);
        threads.insert(t);
        if (t % 100 / d.properties().wave_size != wave) ++changes;
        wave = t % 100 / d.properties().wave_size;
      }
      CROSSLANE_CHECK_EQ(threads.size(), 100u);
      CROSSLANE_CHECK_EQ(changes, 100 / d.properties().wave_size + 1);
    }
  }
  CROSSLANE_CHECK_EQ(different.size(), 5u);
  std::vector<unsigned> const reversed = order_of(d, 1);
  for (unsigned i = 0; i < 100; ++i) CROSSLANE_CHECK_EQ(reversed[i], 299 - i);
}

CROSSLANE_TEST_ONCE(seed, blocks_are_all_there) {
  for (std::uint64_t n : {1u, 2u, 3u, 64u, 65u, 1000u})
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      std::set<std::uint64_t> blocks;
      for (std::uint64_t i = 0; i < n; ++i) blocks.insert(xl::backend::scheduled_block(seed, n, i));
      CROSSLANE_CHECK_EQ(blocks.size(), n);
      CROSSLANE_CHECK(*blocks.rbegin() == n - 1);
    }
}

/// A barrier that is wrong only in some orders of threads.
struct wrong_in_reverse {
  struct shared {
    int first;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared&, int* first) const {
    if (ctx.thread_rank() == 0 && *first == 0) *first = 1;
    if (ctx.thread_rank() == 31 && *first == 0) {
      *first = 2;
      return;
    }
    ctx.sync_block();
  }
};

CROSSLANE_TEST(explore, finds_the_smallest_seed) {
  auto const run = [&] {
    xl::stream const q{d};
    int first = 0;
    xl::launch(q, {.grid = 1, .block = 32}, wrong_in_reverse{}, &first);
    q.synchronize();
  };
  checks::exploration const e = checks::explore(run, {.seeds = 5, .level = checks::level::basic, .seed = 0});
  CROSSLANE_CHECK_EQ(e.seed, 1u);
  CROSSLANE_CHECK_EQ(e.runs, 2u);
  CROSSLANE_CHECK_EQ(e.report.size(), 1u);
  CROSSLANE_CHECK(contains(e.report.text(), "seed 1"));
  checks::exploration const one = checks::explore(run, {.seeds = 1, .level = checks::level::basic, .seed = 0});
  CROSSLANE_CHECK(one.report.empty() && one.runs == 1);
  checks::exploration const later = checks::explore(run, {.seeds = 3, .level = checks::level::basic, .seed = 1});
  CROSSLANE_CHECK(later.runs == 1 && later.seed == 1 && later.report.size() == 1);
  CROSSLANE_CHECK_EQ(error_of([&] { (void)checks::explore(run, {.seeds = 0}); }).code(), xl::errc::invalid_argument);
}

// --- formats ---

/// Text with characters that must be escaped.
checks::report sample() {
  checks::report r;
  checks::finding f{};
  f.kind = checks::kind::different_barriers;
  f.kernel = "k<\"a\\b\">";
  f.grid = {2, 3, 4};
  f.block = {64, 1, 1};
  f.wave_size = 64;
  f.seed = 17;
  f.launch = {"/src/dir with space/main.cpp", "f", 30};
  f.first = {65, 2, {1, 2, 3}, "waits", {"/src/test/../a.cpp", "g", 10}};
  f.second = {3, 1, {1, 2, 3}, "waits there", {"/src/b.cpp", "g", 20}};
  f.text.append("tab\there, \"quoted\"");
  r.add(f);
  r.add(f);
  f.kind = checks::kind::early_exit;
  f.second = {};
  r.add(f);
  return r;
}

bool python_accepts(std::string const& text, char const* program) {
  std::FILE* const pipe = popen((std::string("python3 -c '") + program + "'").c_str(), "w");
  if (pipe == nullptr) return false;
  std::fputs(text.c_str(), pipe);
  return pclose(pipe) == 0;
}

CROSSLANE_TEST_ONCE(report, counts) {
  checks::report const r = sample();
  CROSSLANE_CHECK_EQ(r.size(), 2u);
  CROSSLANE_CHECK_EQ(r.total(), 3u);
  CROSSLANE_CHECK(contains(r.text(), "2 finding(s), 3 time(s)"));
  checks::report many;
  checks::finding f{};
  for (unsigned i = 0; i < checks::report::capacity + 5; ++i) {
    f.first.where.line = i + 1;
    many.add(f);
  }
  CROSSLANE_CHECK_EQ(many.size(), checks::report::capacity);
  checks::report both = sample();
  both.add(sample());
  CROSSLANE_CHECK(both.size() == 2 && both.total() == 6 && both.entries()[0].times == 4);
  both.add(many);
  CROSSLANE_CHECK(both.size() == checks::report::capacity && both.total() == 6 + many.total());
  CROSSLANE_CHECK_EQ(many.total(), checks::report::capacity + 5);
  CROSSLANE_CHECK(contains(many.text(), "more are not listed"));
}

/// Waits in a wave for lanes that have returned, if waves have 64 lanes.
struct takes_a_wave_for_32_lanes {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int* sums) const {
    if (ctx.thread_rank() >= 32) return;
    sums[ctx.thread_rank()] = xl::wave(ctx).reduce(1, xl::plus{});
  }
};
/// The first barrier is right if waves have 64 lanes.
struct takes_a_wave_for_64_lanes {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int*) const {
    if (ctx.wave_rank() == 0) ctx.sync_block();
    if (ctx.wave_rank() != 0) ctx.sync_block();
  }
};
struct is_wrong_at_both {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int*) const {
    if (ctx.thread_rank() != 5) ctx.sync_block();
  }
};

/// The text that the report of findings() has in each format about the only finding of a kernel.
template <class K>
void expect_widths(K const& kernel, char const* text, char const* found_at, unsigned only_at) {
  std::vector<int> sums(64);
  auto const run = [&](auto const& q) { xl::launch(q, {.grid = 1, .block = 64}, kernel, sums.data()); };
  checks::report const r = checks::findings(run, {.seeds = 2, .level = checks::level::basic});
  CROSSLANE_CHECK_EQ(r.size(), 1u);
  CROSSLANE_CHECK_EQ(r.only_at(r.entries()[0]), only_at);
  std::string const name = to_string(r.entries()[0].finding.kind), hint = checks::advice_for_width(only_at), all = r.text();
  if (!contains(all, (name + ", " + text + ": kernel ").c_str()) || !contains(all, hint.c_str())) fail(all, source_location::current());
  std::string const json = "\"found_at\":" + std::string(found_at) + ",\"only_at\":" + std::to_string(only_at);
  CROSSLANE_CHECK(contains(to_json(r), json.c_str()) && contains(to_sarif(r), json.c_str()));
  CROSSLANE_CHECK(contains(to_sarif(r), (std::string(text + 1) + ": kernel ").c_str()) && contains(to_sarif(r), hint.c_str()));
}

CROSSLANE_TEST_ONCE(report, of_both_widths) {
  expect_widths(takes_a_wave_for_32_lanes{}, "only at 64 lanes", "[64]", 64);
  expect_widths(takes_a_wave_for_64_lanes{}, "only at 32 lanes", "[32]", 32);
  expect_widths(is_wrong_at_both{}, "at 32 and 64 lanes", "[32,64]", 0);
  CROSSLANE_CHECK(contains(checks::advice_for_width(64), "xl::tile<32>(ctx)"));
}

/// A kind is of one width only if no finding of the kind is of the other one. A report of one width does not say "only".
CROSSLANE_TEST_ONCE(report, compares_widths_by_kind) {
  checks::finding f{};
  f.kernel = "k";
  checks::report wide, narrow;
  f.wave_size = 64;
  f.first.where.line = 10;
  wide.add(f);
  CROSSLANE_CHECK(wide.only_at(wide.entries()[0]) == 0 && !contains(wide.text(), "at 64 lanes"));
  f.wave_size = 32;
  f.first.where.line = 11;
  narrow.add(f);
  narrow.ran_at(32);
  wide.ran_at(64);
  checks::report both = narrow;
  both.add(wide);
  CROSSLANE_CHECK(both.size() == 2 && both.only_at(both.entries()[0]) == 0);
  CROSSLANE_CHECK(!contains(both.text(), " lanes:"));
  CROSSLANE_CHECK(contains(narrow.text(), ", only at 32 lanes: "));
  // Both sides may change places.
  checks::finding one{}, other{};
  one.kind = other.kind = checks::kind::shared_race;
  one.first = other.second = {0, 1, {}, "writes", {"a.cpp", "", 1}};
  one.second = other.first = {1, 1, {}, "reads", {"a.cpp", "", 2}};
  checks::report race;
  race.add(one);
  race.add(other);
  CROSSLANE_CHECK_EQ(race.size(), 1u);
}

/// A width that has stopped in an earlier order also runs in that of the other one.
CROSSLANE_TEST_ONCE(report, compares_widths_in_the_same_orders) {
  std::set<std::uint64_t> seen[2];
  auto const run = [&](auto const& q) {
    std::uint64_t const seed = xl::detail::current_check_scope->options.seed;
    bool const wide = q.device().properties().wave_size == 64;
    seen[wide].insert(seed);
    if (wide ? seed == 3 : seed != 0) xl::launch(q, {.grid = 1, .block = 64}, is_wrong_at_both{}, static_cast<int*>(nullptr));
  };
  checks::report const r = checks::findings(run, {.seeds = 5, .level = checks::level::basic, .seed = 0});
  CROSSLANE_CHECK(seen[0] == (std::set<std::uint64_t>{0, 1, 3}) && seen[1] == (std::set<std::uint64_t>{0, 1, 2, 3}));
  CROSSLANE_CHECK(r.size() == 1 && r.total() == 3);
}

CROSSLANE_TEST_ONCE(report, as_json) {
  CROSSLANE_CHECK(python_accepts(to_json(sample()), R"(import json,sys
r = json.load(sys.stdin)
f = r["findings"]
assert r["total"] == 3 and len(f) == 2
assert f[0]["kind"] == "different-barriers" and f[0]["kernel"] == "k<\"a\\b\">" and f[0]["grid"] == [2,3,4] and f[0]["seed"] == 17
p = f[0]["parties"]
assert len(p) == 2 and p[0]["thread"] == 65 and p[0]["wave"] == 1 and p[0]["lane"] == 1 and p[1]["where"] == {"file":"/src/b.cpp","line":20}
assert f[0]["times"] == 2 and f[0]["text"] == "tab\there, \"quoted\"" and len(f[1]["parties"]) == 1)"));
  CROSSLANE_CHECK(python_accepts(to_json(checks::report{}), "import json,sys; assert json.load(sys.stdin)[\"findings\"] == []"));
}

CROSSLANE_TEST_ONCE(report, as_sarif) {
  CROSSLANE_CHECK(python_accepts(to_sarif(sample(), "/src"), R"(import json,sys
s = json.load(sys.stdin)
assert s["version"] == "2.1.0" and "sarif-2.1.0" in s["$schema"]
run = s["runs"][0]
rules = run["tool"]["driver"]["rules"]
assert run["tool"]["driver"]["name"] == "Crosslane" and len({r["id"] for r in rules}) == len(rules) > 15
a, b = run["results"]
for r in (a, b):
  assert rules[r["ruleIndex"]]["id"] == r["ruleId"] and r["level"] == "error" and r["message"]["text"]
l = a["locations"][0]["physicalLocation"]
assert l["artifactLocation"]["uri"] == "a.cpp" and l["region"]["startLine"] == 10
uris = [x["physicalLocation"]["artifactLocation"]["uri"] for x in a["relatedLocations"]]
assert uris == ["b.cpp", "dir%20with%20space/main.cpp"] and len(b["relatedLocations"]) == 1
assert [x["message"]["text"] for x in a["relatedLocations"]] == ["waits there", "the launch"])"));
}

CROSSLANE_TEST_ONCE(report, folder_of_sarif) {
  for (char const* const root : {"/src", "/src/", "/src/test/.."}) CROSSLANE_CHECK_EQ(xl::detail::sarif_uri("/src//a.cpp", root), "a.cpp");
  CROSSLANE_CHECK_EQ(xl::detail::sarif_uri("/src2/a.cpp", "/src"), "file:///src2/a.cpp");
  CROSSLANE_CHECK_EQ(xl::detail::sarif_uri("/a.cpp", ""), "file:///a.cpp");
}

/// A callback and a free have no lines, a copy has no launch.
CROSSLANE_TEST_ONCE(report, without_a_line) {
  checks::report r;
  checks::finding f{};
  f.kind = checks::kind::stream_race;
  f.grid = f.block = {0, 0, 0};
  f.first.where = {"/src/a.cpp", "g", 10};
  r.add(f);
  f.first.where = {};
  f.second.where = {"/src/b.cpp", "g", 20};
  r.add(f);
  f.second.where = {};
  r.add(f);
  f.launch = {"/src/c.cpp", "g", 30};
  f.first.where = {"/src/d.cpp", "g", 40};
  r.add(f);
  CROSSLANE_CHECK_EQ(r.size(), 4u);
  CROSSLANE_CHECK(!contains(r.text(), ":0") && contains(r.text(), "queued at /src/c.cpp:30, seed 0"));
  CROSSLANE_CHECK(python_accepts(to_sarif(r, "/src"), R"(import json,sys
def lines(places): return [(p["physicalLocation"]["artifactLocation"]["uri"], p["physicalLocation"]["region"]["startLine"]) for p in places]
found = [(lines(r["locations"]), lines(r["relatedLocations"])) for r in json.load(sys.stdin)["runs"][0]["results"]]
assert found[0] == ([("a.cpp", 10)], []) and found[1] == ([("b.cpp", 20)], [("b.cpp", 20)]) and found[2] == ([], [])
assert found[3] == ([("d.cpp", 40)], [("c.cpp", 30)]))"));
  CROSSLANE_CHECK(!contains(to_sarif(r), "the launch") && contains(to_sarif(r), "where it was queued"));
}

// --- records that the checker keeps ---

/// After a wait, a freed buffer keeps no records alive.
CROSSLANE_TEST_ONCE(stream_order, settles_with_frees) {
  xl::backend::stream_order order;
  auto const stream = [](std::uintptr_t number) { return xl::detail::stream_key{reinterpret_cast<void const*>(number), 0}; };
  std::uint64_t const first = order.queued(stream(1));
  order.finished(first);
  CROSSLANE_CHECK(!order.is_settled());
  order.program_knows(first);
  std::uint64_t const frees[] = {order.queued(stream(1)), order.queued(stream(1))};
  for (std::uint64_t const f : frees) {
    CROSSLANE_CHECK(!order.is_settled());
    order.frees(f);
    order.finished(f);
  }
  CROSSLANE_CHECK(!order.program_knows_all());
  std::uint64_t const second = order.queued(stream(2));
  order.finished(second);
  CROSSLANE_CHECK(!order.is_settled());
  order.program_knows(second);
  CROSSLANE_CHECK(order.forget_if_settled() && order.program_knows_all());
  // Work that the host has not waited for does.
  std::uint64_t const kernel = order.queued(stream(3)), last = order.queued(stream(3));
  order.finished(kernel);
  order.frees(last);
  order.finished(last);
  order.program_knows(order.queued(stream(4)));
  CROSSLANE_CHECK(!order.is_settled());
}

}  // namespace
