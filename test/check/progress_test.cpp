// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Threads, blocks, streams and the host wait for each other: right kernels run in every order, and kernels that wait for ever end with a
/// finding.
#include "corpus/progress.hpp"
#include "corpus_support.hpp"

#include <atomic>

#include <time.h>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;
using checks::level;

namespace {

constexpr bool checked = xl::backend::sees_accesses;
constexpr bool knows_lines = checked;
constexpr double soon = 0.1;

struct device_memory {
  explicit device_memory(xl::device d) : q{d}, data{q, 1024} { xl::fill(q, data, 0); }
  corpus::memory memory() { return {data.view(), data.view(), nullptr}; }
  xl::stream q;
  xl::buffer<int> data;
};

template <class K>
checks::report report_of(device_memory& on, unsigned grid, unsigned block, checks::options const& options) {
  on.q.synchronize();
  checks::report r = checks::collect([&] { xl::launch(on.q, {.grid = grid, .block = block}, K{}, on.memory()); }, options);
  on.q.synchronize();
  return r;
}

/// Runs a right kernel in all orders at all levels; `holds(values)` checks what it has written.
template <class K>
void right(xl::device d, unsigned grid, unsigned block, bool (*holds)(std::vector<int> const&)) {
  for (level const l : {level::off, level::basic, level::most})
    for (std::uint64_t seed = 0; seed <= 8; ++seed) {
      device_memory on{d};
      checks::report const r = report_of<K>(on, grid, block, {.level = l, .seed = seed});
      std::string const context = short_name<K>() + ", level " + std::to_string(int(l)) + ", seed " + std::to_string(seed);
      if (!r.empty()) fail("found in " + context + ":\n" + r.text(), source_location::current());
      if (!holds(read(on.q, on.data))) fail("the values are wrong in " + context, source_location::current());
    }
}

/// Checks that each finding has this kind and, in a checked build, names the marked lines.
void check_findings(checks::report const& r, kind expected, std::string const& name) {
  if (r.empty()) fail("nothing found in " + name, source_location::current());
  std::set<std::string> const marked = marked_lines({"progress.hpp"}, name);
  for (checks::report::entry const& e : r.entries()) {
    if (e.finding.kind != expected) fail("not " + std::string(to_string(expected)) + " in " + r.text(), source_location::current());
    if (knows_lines && !marked.contains(place(e.finding.first.where)))
      fail("the line is not " + *marked.begin() + " in " + r.text(), source_location::current());
    if (knows_lines && e.finding.seed == 0) check_shown_finding(name, e.finding);
  }
}

template <class K>
void wrong(xl::device d, unsigned grid, unsigned block, std::initializer_list<std::uint64_t> seeds, kind expected = kind::no_progress) {
  for (std::uint64_t const seed : seeds) {
    device_memory on{d};
    check_findings(report_of<K>(on, grid, block, {.seed = seed, .progress_seconds = soon}), expected, short_name<K>());
  }
  expect_usable(d);
}

constexpr auto any_values = [](std::vector<int> const&) { return true; };

CROSSLANE_TEST(progress, waves_hand_over) {
  right<corpus::waits_for_a_wave>(d, 3, 256, [](std::vector<int> const& v) { return v[0] == 42 && v[127] == 42 && v[640 - 1 - 64] == 42; });
  right<corpus::sets_the_flag<true>>(d, 2, 128, any_values);
  wrong<corpus::sets_the_flag<false>>(d, 2, 128, {0, 1, 2});
  wrong<corpus::waits_for_nobody>(d, 2, 64, {0, 1, 2});
}

CROSSLANE_TEST(progress, blocks_hand_over) {
  right<corpus::waits_for_the_next_block<true>>(d, 8, 64, [](std::vector<int> const& v) { return v[0] == 1; });
  right<corpus::waits_for_the_next_block<false>>(d, 4, 64, [](std::vector<int> const& v) { return v[0] == 1; });
  right<corpus::waits_as_a_block<true>>(d, 3, 64, any_values);
  right<corpus::takes_two_locks<true>>(d, 2, 64, [](std::vector<int> const& v) { return v[2] == 20; });
  // Not as many blocks fit on the device as wait. In a plain build each host thread may begin one more.
  unsigned const most = 2 * d.properties().multiprocessors;
  if (most <= (checked ? 16u : 1000u)) wrong<corpus::waits_for_the_next_block<false>>(d, 2 * most + 8, 1024, {0});
}

CROSSLANE_TEST(progress, blocks_look_back) {
  unsigned const most = 2 * d.properties().multiprocessors;
  right<corpus::looks_back<true>>(d, 60, 64, [](std::vector<int> const& v) { return v[59] == 60; });
  if (most > (checked ? 16u : 1000u)) return;
  device_memory on{d};
  CROSSLANE_CHECK(report_of<corpus::looks_back<false>>(on, most + 8, 1024, {.seed = 0}).empty());
  // A wait that exchanges values between lanes may be a computation, so that its time counts a tenth.
  device_memory reverse{d};
  check_findings(report_of<corpus::looks_back<false>>(reverse, most + 8, 1024, {.seed = 1, .progress_seconds = soon / 5}),
                 kind::no_progress, "looks_back");
}

CROSSLANE_TEST(progress, block_waits_at_barriers) {
  device_memory on{d};
  check_findings(report_of<corpus::waits_as_a_block<false>>(on, 2, 64, {.progress_seconds = soon / 5}), kind::no_progress,
                 "waits_as_a_block");
}

CROSSLANE_TEST(progress, locks) {
  constexpr auto counts = [](std::vector<int> const& v) { return v[0] == 128 && v[1] == 128; };
  right<corpus::lanes_take_a_lock_in_rounds>(d, 2, 128, counts);
  right<corpus::waves_take_a_lock>(d, 2, 128, counts);
  bool found = false;
  for (std::uint64_t seed = 2; seed < 32 && !found; ++seed) {
    device_memory on{d};
    checks::report const r = report_of<corpus::takes_two_locks<false>>(on, 2, 64, {.seed = seed, .progress_seconds = soon});
    if (r.empty()) continue;
    found = true;
    check_findings(r, kind::no_progress, "takes_two_locks");
  }
  CROSSLANE_CHECK(found);
}

CROSSLANE_TEST(progress, lanes_of_a_wave) {
  right<corpus::lanes_take_turns>(d, 2, 64, [](std::vector<int> const& v) { return v[0] == 64 && v[1] == 64; });
  right<corpus::lanes_search>(d, 2, 64, [](std::vector<int> const& v) { return v[0] >= 400; });
  right<corpus::lanes_try_again>(d, 2, 64, [](std::vector<int> const& v) { return v[0] == 2 * 64 * 20; });
  if (!checked) return;
  wrong<corpus::lanes_take_a_lock>(d, 2, 64, {0, 1, 2, 3, 4, 5, 6, 7, 8}, kind::lockstep_wait);
  wrong<corpus::lanes_release_a_lock_in_the_loop>(d, 2, 64, {0, 1, 2, 3, 4, 5, 6, 7, 8}, kind::lockstep_wait);
  wrong<corpus::lanes_wait_for_a_lane>(d, 2, 64, {0, 1, 2, 3, 4, 5, 6, 7, 8}, kind::lockstep_wait);
}

CROSSLANE_TEST(progress, loops_that_end) {
  right<corpus::gives_up>(d, 2, 64, [](std::vector<int> const& v) { return v[0] == 600 && v[127] == 600; });
}

CROSSLANE_TEST(progress, thread_that_never_ends) {
#if !CROSSLANE_SANITIZE_THREAD() && defined(__x86_64__)
  for (std::uint64_t const seed : {0, 1}) {
    device_memory on{d};
    check_findings(report_of<corpus::never_ends>(on, 3, 64, {.seed = seed, .progress_seconds = soon / 6}), kind::no_progress, "never_ends");
  }
  expect_usable(d);
#endif
}

CROSSLANE_TEST(progress, plain_reads) {
  if (!checked) return;
  wrong<corpus::waits_for_a_volatile>(d, 2, 64, {0, 1, 2}, kind::shared_race);
}

/// Values that are wrong in some orders.
CROSSLANE_TEST(progress, orders_at_atomic_operations) {
  bool lost = false, broken = false;
  for (std::uint64_t seed = 2; seed < 98 && !(lost && broken); ++seed) {
    device_memory sum{d}, list{d};
    (void)report_of<corpus::adds_in_two_steps>(sum, 2, 64, {.seed = seed});
    lost = lost || read(sum.q, sum.data)[0] != 128;
    std::vector<int> elements(1024);
    elements[0] = 1;
    elements[1] = 2;
    elements[2] = 3;
    xl::copy(list.q, elements, list.data);
    (void)report_of<corpus::list_without_versions>(list, 1, 64, {.seed = seed});
    elements = read(list.q, list.data);
    int count = 0;
    for (int i = elements[0]; i != 0 && count < 10; i = elements[std::size_t(i)]) ++count;
    broken = broken || count != 3;
  }
  CROSSLANE_CHECK(lost);
  CROSSLANE_CHECK(broken);
  device_memory on{d};
  (void)report_of<corpus::adds_in_two_steps>(on, 2, 64, {.seed = 0});
  CROSSLANE_CHECK_EQ(read(on.q, on.data)[0], 128);
}

/// Random orders let other blocks begin after a block's first atomic operation, mostly.
CROSSLANE_TEST(progress, pieces_of_work) {
  if (!checked) return;
  unsigned found = 0;
  for (std::uint64_t seed = 2; seed < 34; ++seed) {
    device_memory on{d};
    found += !report_of<corpus::pieces_of_a_counter>(on, 4, 32, {.seed = seed}).empty();
  }
  CROSSLANE_CHECK(found >= 20);
}

CROSSLANE_TEST(progress, host_and_kernel) {
  xl::stream q{d};
  xl::pinned_buffer<int> mail{q, 16};
  for (std::uint64_t const seed : {0, 1, 2}) {
    for (int& m : mail) m = 0;
    // The host takes its time; a kernel may wait for it for longer than for other threads.
    auto const ask = [&] {
      xl::launch(q, {.grid = 2, .block = 64}, corpus::answers_the_host{}, mail, 20);
      for (int i = 1; i <= 20; ++i) {
        if (i == 10) {
          timespec const pause{0, 250'000'000};
          nanosleep(&pause, nullptr);
        }
        mail[1] = i;
        std::atomic_ref{mail[0]}.store(i, std::memory_order_release);
        while (std::atomic_ref{mail[3]}.load(std::memory_order_acquire) != i) {
        }
        CROSSLANE_CHECK_EQ(mail[2], 2 * i);
      }
    };
    checks::report const r = checks::collect(ask, {.seed = seed, .progress_seconds = soon});
    if (!r.empty()) fail(r.text(), source_location::current());
    // The host waits for the kernel, which waits for the host.
    for (int& m : mail) m = 0;
    auto const wait = [&] { xl::launch(q, {.grid = 1, .block = 64}, corpus::answers_the_host{}, mail, 1); };
    check_findings(checks::collect(wait, {.seed = seed, .progress_seconds = soon}), kind::no_progress, "answers_the_host");
  }
  expect_usable(d);
}

/// Launches on two streams run at the same time, except at level `full`.
CROSSLANE_TEST(progress, two_streams) {
  for (std::uint64_t const seed : {0, 1, 2}) {
    device_memory on{d};
    on.q.synchronize();
    xl::stream const other{d};
    auto const run = [&] {
      xl::launch(on.q, {.grid = 2, .block = 64}, corpus::takes_from_another_stream{}, on.memory());
      xl::launch(other, {.grid = 2, .block = 64}, corpus::gives_to_another_stream{}, on.memory());
    };
    CROSSLANE_CHECK(checks::collect(run, {.level = level::basic, .seed = seed}).empty());
    CROSSLANE_CHECK_EQ(read(on.q, on.data)[2], 5);
  }
}

CROSSLANE_TEST(progress, error_without_collecting) {
  xl::stream q{d};
  xl::buffer<int> data{q, 1024};
  xl::fill(q, data, 0);
  q.synchronize();
  checks::options const options{.progress_seconds = soon};
  xl::detail::check_scope const scope{options, nullptr};
  xl::detail::current_check_scope = &scope;
  xl::launch(q, {.grid = 1, .block = 64}, corpus::waits_for_nobody{}, corpus::memory{data.view(), data.view(), nullptr});
  xl::detail::current_check_scope = nullptr;
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK(e.code() == xl::errc::kernel_fault);
  CROSSLANE_CHECK(contains(e.what(), "20 thread(s), the first is 0, wait in a loop"));
}

}  // namespace
