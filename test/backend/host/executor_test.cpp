// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Guarantees of the host backend only: findings with names and lines, exceptions out of kernels, asynchronous streams,
/// lifetimes.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <support/target.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace xl = crosslane;
using namespace crosslane_test;
using namespace std::chrono_literals;

namespace {

constexpr bool under_sanitizer = CROSSLANE_SANITIZE_ADDRESS() || CROSSLANE_SANITIZE_THREAD();

/// Sums a block by halving, with many barriers.
struct block_sums {
  struct shared {
    std::uint64_t value[1024];
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<std::uint64_t> out) const {
    unsigned const rank = ctx.thread_rank();
    s.value[rank] = ctx.global_rank();
    for (unsigned count = ctx.block_size(); count > 1;) {
      unsigned const half = (count + 1) / 2;
      ctx.sync_block();
      if (rank + half < count) s.value[rank] += s.value[rank + half];
      count = half;
    }
    if (rank == 0) out[ctx.block_index()] = s.value[0];
  }
};

void check_block_sums(xl::stream const& q, unsigned grid, unsigned block) {
  xl::buffer<std::uint64_t> out{q, grid};
  xl::launch(q, {.grid = grid, .block = block}, block_sums{}, out);
  std::vector<std::uint64_t> expected(grid);
  for (std::uint64_t b = 0; b < grid; ++b) expected[b] = b * block * block + std::uint64_t{block} * (block - 1) / 2;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// One thread of one block acts as the arguments say, before, between and after two barriers.
struct fail_somewhere {
  struct shared {
    int value[1024];
  };
  template <xl::kernel_context Ctx, class F>
  void operator()(Ctx const& ctx, shared& s, unsigned block, unsigned thread, int place, F f) const {
    bool const chosen = ctx.block_index() == block && ctx.thread_rank() == thread;
    if (chosen && place == 0) f();
    s.value[ctx.thread_rank()] = 1;
    ctx.sync_block();
    if (chosen && place == 1) f();
    ctx.sync_block();
    if (chosen && place == 2) f();
  }
};

struct user_failure {
  int value;
};

// --- barriers that some threads do not reach ---

struct leave_early {
  unsigned stay_below;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* line) const {
    if (ctx.thread_rank() >= stay_below) return;
    if (ctx.thread_rank() == 0) *line = __LINE__ + 1;
    ctx.sync_block();
  }
};

CROSSLANE_TEST(divergent_barrier, early_exit) {
  xl::stream const q{d};
  for (auto const& [stay, block] : {std::pair{1u, 64u}, {63u, 64u}, {32u, 100u}, {700u, 1024u}}) {
    unsigned line = 0;
    xl::launch(q, {.grid = 1, .block = block}, leave_early{stay}, &line);
    xl::error const e = error_of([&] { q.synchronize(); });
    CROSSLANE_CHECK_EQ(e.code(), xl::errc::divergent_barrier);
    for (std::string const& part :
         {std::string("leave_early"), std::string("block (0, 0, 0)"), std::string(__FILE__) + ":" + std::to_string(line),
          std::to_string(stay) + " thread(s)", std::to_string(block - stay) + " thread(s) have returned"})
      if (!contains(e.what(), part)) fail("no '" + part + "' in " + e.what(), source_location::current());
    expect_usable(d);
  }
}

/// One block, or one thread of each block, does not wait at the second barrier of the grid.
struct leave_grid {
  static constexpr bool cooperative = true;
  enum what { return_block, other_place, return_thread, wait_for_block, wait_for_wave, throw_error };

  struct counted {
    std::atomic<int>* alive;
    explicit counted(std::atomic<int>* n) : alive{n} { ++*alive; }
    ~counted() { --*alive; }
  };

  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, what w, std::atomic<int>* alive) const {
    counted const one{alive};
    ctx.sync_grid();
    bool const block = ctx.block_index() == 2, thread = ctx.thread_rank() == 5;
    if (w == return_block && block) return;
    if (w == return_thread && thread) return;
    if (w == throw_error && block && thread) throw std::runtime_error{"thrown between barriers"};
    if (w == other_place && block)
      ctx.sync_grid();
    else if (w == wait_for_block && thread)
      ctx.sync_block();
    else if (w == wait_for_wave && thread)
      xl::wave(ctx).sync();
    else
      ctx.sync_grid();
    ctx.sync_grid();
  }
};

CROSSLANE_TEST(divergent_barrier, of_the_grid) {
  xl::stream const q{d};
  struct expectation {
    leave_grid::what what;
    xl::errc code;
    std::string text;
  };
  for (expectation const& e : {expectation{leave_grid::return_block, xl::errc::divergent_barrier, "but block (2, 0, 0) has returned"},
                               {leave_grid::other_place, xl::errc::divergent_barrier, "but block (2, 0, 0) waits at "},
                               {leave_grid::return_thread, xl::errc::divergent_barrier, "but 1 thread(s) have returned"},
                               {leave_grid::wait_for_block, xl::errc::divergent_barrier, "waits at the barrier of the grid at "},
                               {leave_grid::wait_for_wave, xl::errc::divergent_wave, "waits at a barrier"}}) {
    std::atomic<int> alive{0};
    xl::launch(q, {.grid = 4, .block = 40}, leave_grid{}, e.what, &alive);
    xl::error const thrown = error_of([&] { q.synchronize(); });
    CROSSLANE_CHECK_EQ(thrown.code(), e.code);
    for (std::string const& part : {std::string("leave_grid"), std::string(__FILE__), e.text})
      if (!contains(thrown.what(), part)) fail("no '" + part + "' in " + thrown.what(), source_location::current());
    CROSSLANE_CHECK_EQ(alive.load(), 0);  // all threads of all blocks have been unwound
    expect_usable(d);
  }
}

CROSSLANE_TEST(kernel_exception, between_barriers_of_the_grid) {
  xl::stream const q{d};
  std::atomic<int> alive{0};
  xl::launch(q, {.grid = 4, .block = 40}, leave_grid{}, leave_grid::throw_error, &alive);
  std::string text;
  try {
    q.synchronize();
  } catch (std::runtime_error const& e) {
    text = e.what();
  }
  CROSSLANE_CHECK_EQ(text, std::string("thrown between barriers"));
  CROSSLANE_CHECK_EQ(alive.load(), 0);
  expect_usable(d);
}

/// The threads that return may be the first ones.
struct leave_first {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned block) const {
    if (ctx.block_index() == block && ctx.thread_rank() < 10) return;
    ctx.sync_block();
    ctx.sync_block();
  }
};

CROSSLANE_TEST(divergent_barrier, names_the_block) {
  xl::stream const q{d};
  xl::launch(q, {.grid = 50, .block = 64}, leave_first{}, 37u);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::divergent_barrier);
  CROSSLANE_CHECK(contains(e.what(), "block (37, 0, 0)"));
  CROSSLANE_CHECK(contains(e.what(), "54 thread(s), the first is 10, wait"));
  CROSSLANE_CHECK_EQ(e.where().line, __LINE__ - 5);
  expect_usable(d);
}

struct two_places {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, unsigned* lines) const {
    if (ctx.thread_rank() % 3 == 1) {
      lines[0] = __LINE__ + 1;
      ctx.sync_block();
    } else {
      lines[1] = __LINE__ + 1;
      ctx.sync_block();
    }
  }
};

CROSSLANE_TEST(divergent_barrier, different_places) {
  xl::stream const q{d};
  unsigned lines[2] = {};
  xl::launch(q, {.grid = 1, .block = 64}, two_places{}, &lines[0]);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::divergent_barrier);
  CROSSLANE_CHECK(contains(e.what(), "thread 0 waits at " + std::string(__FILE__) + ":" + std::to_string(lines[1])));
  CROSSLANE_CHECK(contains(e.what(), std::string(__FILE__) + ":" + std::to_string(lines[0])));
  expect_usable(d);
}

/// A kernel whose threads call the barrier different numbers of times.
struct different_counts {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    for (unsigned i = 0; i < 3 + ctx.thread_rank() / 32; ++i) ctx.sync_block();
  }
};

CROSSLANE_TEST(divergent_barrier, different_counts) {
  xl::stream const q{d};
  xl::launch(q, {.grid = 3, .block = 64}, different_counts{});
  CROSSLANE_CHECK_EQ(error_of([&] { q.synchronize(); }).code(), xl::errc::divergent_barrier);
  xl::launch(q, {.grid = 3, .block = 32}, different_counts{});
  q.synchronize();
}

/// A kernel without mistakes: whole blocks may return, and threads may return after the last barrier.
struct leave_legally {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    if (ctx.block_index() % 2 == 1) return;
    ctx.sync_block();
    if (ctx.thread_rank() % 2 == 1) return;
    out[std::size_t(ctx.global_rank())] = 1;
  }
};

CROSSLANE_TEST(divergent_barrier, not_reported_where_there_is_none) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 400};
  xl::fill(q, out, 0);
  xl::launch(q, {.grid = 4, .block = 100}, leave_legally{}, out);
  std::vector<int> expected(400);
  for (std::size_t i = 0; i < 400; ++i) expected[i] = i / 100 % 2 == 0 && i % 2 == 0;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// --- exceptions out of kernels ---

CROSSLANE_TEST(kernel_exception, of_the_user) {
  xl::stream const q{d};
  for (int const place : {0, 1, 2}) {
    for (auto const& [block, thread] : {std::pair{0u, 0u}, {5u, 37u}, {9u, 99u}}) {
      xl::launch(q, {.grid = 10, .block = 100}, fail_somewhere{}, block, thread, place, [place] { throw user_failure{place + 40}; });
      int value = 0;
      try {
        q.synchronize();
      } catch (user_failure const& f) {
        value = f.value;
      }
      CROSSLANE_CHECK_EQ(value, place + 40);
      q.synchronize();  // it surfaces once
      check_block_sums(q, 3, 100);
    }
  }
}

CROSSLANE_TEST(kernel_exception, of_the_library) {
  xl::stream const q{d};
  for (int const place : {0, 1, 2}) {
    xl::launch(q, {.grid = 10, .block = 100}, fail_somewhere{}, 7u, 42u, place,
               [] { xl::throw_error(xl::errc::not_supported, {}, "limit of the test is %d", 17); });
    unsigned const line = __LINE__ - 2;
    xl::error const e = error_of([&] { q.synchronize(); });
    CROSSLANE_CHECK_EQ(e.code(), xl::errc::not_supported);
    for (char const* part : {"limit of the test is 17", "fail_somewhere", "block (7, 0, 0)", "thread 42"})
      if (!contains(e.what(), part)) fail(std::string("no '") + part + "' in " + e.what(), source_location::current());
    CROSSLANE_CHECK_EQ(e.where().line, line);
    expect_usable(d);
  }
}

struct write_outside {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    out[std::size_t(ctx.global_rank())] = 1;
  }
};

CROSSLANE_TEST(kernel_exception, out_of_bounds) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 99};
  xl::launch(q, {.grid = 2, .block = 50}, write_outside{}, out);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::out_of_bounds);
  for (char const* part : {"index 99 is outside a span of 99 elements", "write_outside", "block (1, 0, 0)", "thread 49"})
    if (!contains(e.what(), part)) fail(std::string("no '") + part + "' in " + e.what(), source_location::current());
  expect_usable(d);
}

/// The first of several exceptions is thrown, and the stream still runs later launches.
CROSSLANE_TEST(kernel_exception, first_of_several) {
  xl::stream const q{d};
  for (int i = 1; i <= 3; ++i) xl::launch(q, {.grid = 1, .block = 8}, fail_somewhere{}, 0u, 0u, 0, [i] { throw i; });
  int thrown = 0;
  try {
    d.synchronize();
  } catch (int i) {
    thrown = i;
  }
  CROSSLANE_CHECK_EQ(thrown, 1);
  check_block_sums(q, 2, 64);
}

constexpr auto throw_user_failure = [] { throw user_failure{1}; };
void launch_failing(xl::stream const& q) { xl::launch(q, {.grid = 1, .block = 8}, fail_somewhere{}, 0u, 0u, 0, throw_user_failure); }
bool is_done(xl::stream const& q) {
  bool done = false;
  (void)xl::host::stream_query(q.native(), &done);
  return done;
}
template <class F>
bool surfaces(F const& call) {
  try {
    call();
  } catch (user_failure const&) {
    return true;
  }
  return false;
}

/// The first call that asks about the stream's progress throws the error, whichever call it is. Later calls do not.
CROSSLANE_TEST(failed_stream, surfaces_where_it_is_asked_for) {
  xl::stream const q{d}, other{d};
  xl::event e{d}, before{d};
  before.record(other);
  launch_failing(q);
  e.record(q);
  CROSSLANE_CHECK(surfaces([&] { e.synchronize(); }));
  e.synchronize();
  launch_failing(q);
  e.record(q);
  CROSSLANE_CHECK(surfaces([&] {
    while (!e.query()) std::this_thread::sleep_for(1ms);
    (void)e.query();
  }));
  launch_failing(q);
  CROSSLANE_CHECK(surfaces([&] {
    while (!q.query()) std::this_thread::sleep_for(1ms);
    (void)q.query();
  }));
  launch_failing(q);
  other.synchronize();  // not its own
  before.synchronize();
  CROSSLANE_CHECK(surfaces([&] { d.synchronize(); }));
  q.synchronize();
  expect_usable(d);
}

/// After a failure no work of the stream runs until a call has thrown the error. Then work runs again.
CROSSLANE_TEST(failed_stream, does_nothing_more) {
  xl::stream const q{d};
  xl::buffer<int> b{q, 64};
  std::vector<int> got(64, -1);
  bool called = false;
  auto const work = [&] {
    xl::fill(q, b, 5);
    xl::for_each(q, b, [](int& x) { ++x; });
    xl::copy(q, b, got);
    q.host_callback([&] { called = true; });
  };
  launch_failing(q);
  work();
  CROSSLANE_CHECK(surfaces([&] { q.synchronize(); }));
  CROSSLANE_CHECK_SAME(got, std::vector<int>(64, -1));
  CROSSLANE_CHECK(!called);
  work();
  q.synchronize();
  CROSSLANE_CHECK_SAME(got, std::vector<int>(64, 6));
  CROSSLANE_CHECK(called);
}

/// Work that was queued before the failure surfaced does not run, even if it starts much later.
CROSSLANE_TEST(failed_stream, surfaces_while_work_is_left) {
  xl::stream const q{d}, slow{d};
  std::promise<void> gate;
  slow.host_callback([open = gate.get_future().share()] { open.wait(); });
  xl::event failed{d}, opened{d};
  opened.record(slow);
  std::vector<int> order;
  launch_failing(q);
  failed.record(q);
  q.wait(opened);
  q.host_callback([&] { order.push_back(1); });
  CROSSLANE_CHECK(surfaces([&] { failed.synchronize(); }));
  q.host_callback([&] { order.push_back(2); });
  gate.set_value();
  q.synchronize();
  CROSSLANE_CHECK_SAME(order, std::vector<int>{2});
}

/// If a stream fails, other streams do not wait forever, memory is freed, and the objects of a callback that is not called are destroyed.
CROSSLANE_TEST(failed_stream, leaves_nothing_behind) {
  xl::stream const other{d};
  auto const owned = std::make_shared<int>(1);
  {
    xl::stream const q{d};
    xl::event e{d};
    launch_failing(q);
    xl::buffer<int> b{q, 1000};
    q.host_callback([owned] {});
    e.record(q);
    other.wait(e);
  }
  other.synchronize();
  CROSSLANE_CHECK_EQ(owned.use_count(), 1);
  CROSSLANE_CHECK(surfaces([&] { d.synchronize(); }));
}

/// A failed stream frees memory in stream order: not before the work that the stream waited for.
CROSSLANE_TEST(failed_stream, waits_before_it_frees) {
  xl::stream const q{d}, user{d};
  std::promise<void> gate;
  int seen = 0;
  {
    xl::buffer<int> b{q, 64};
    xl::fill(q, b, 7);
    q.synchronize();
    launch_failing(q);
    user.host_callback([&seen, &data = *b.data(), open = gate.get_future().share()] {
      open.wait();
      seen = data;
    });
    xl::event used{d};
    used.record(user);
    q.wait(used);
  }
  std::this_thread::sleep_for(20ms);
  CROSSLANE_CHECK(!is_done(q));
  gate.set_value();
  user.synchronize();
  CROSSLANE_CHECK_EQ(seen, 7);
  CROSSLANE_CHECK(surfaces([&] { q.synchronize(); }));
}

/// All threads of all blocks at once.
CROSSLANE_TEST(kernel_exception, from_everywhere) {
  xl::stream const q{d};
  for (int i = 0; i < 5; ++i) {
    xl::for_each(q, 10000, [](int n) {
      if (n >= 0) throw user_failure{1};
    });
    bool caught = false;
    try {
      q.synchronize();
    } catch (user_failure const&) {
      caught = true;
    }
    CROSSLANE_CHECK(caught);
  }
  xl::buffer<int> b{q, 10000};
  xl::fill(q, b, 1);
  xl::transform(q, b, b, [](int x) -> int { throw std::runtime_error(std::to_string(x)); });
  std::string text;
  try {
    q.synchronize();
  } catch (std::runtime_error const& e) {
    text = e.what();
  }
  CROSSLANE_CHECK_EQ(text, std::string("1"));
  expect_usable(d);
}

struct count_lives {
  std::atomic<int>* alive;
  explicit count_lives(std::atomic<int>* a) : alive{a} { ++*alive; }
  count_lives(count_lives const&) = delete;
  ~count_lives() { --*alive; }
};
struct hold_something {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, std::atomic<int>* alive, std::atomic<int>* most) const {
    count_lives const mine{alive};
    int now = *alive, before = *most;
    while (now > before && !most->compare_exchange_weak(before, now)) {
    }
    if (ctx.thread_rank() == 77) throw user_failure{1};
    ctx.sync_block();
  }
};

/// The other lanes are unwound: their objects are destroyed.
CROSSLANE_TEST(kernel_exception, waiting_lanes_are_unwound) {
  xl::stream const q{d};
  std::atomic<int> alive = 0, most = 0;
  xl::launch(q, {.grid = 1, .block = 100}, hold_something{}, &alive, &most);
  bool caught = false;
  try {
    q.synchronize();
  } catch (user_failure const&) {
    caught = true;
  }
  CROSSLANE_CHECK(caught);
  CROSSLANE_CHECK_EQ(alive.load(), 0);
  CROSSLANE_CHECK(most.load() >= 77);  // there were some that waited
  expect_usable(d);
}

/// A kernel may use exceptions within itself.
struct catches_its_own {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> out) const {
    int value = 0;
    for (int i = 0; i < 3; ++i) {
      try {
        if (ctx.thread_rank() % 2 == 0) throw user_failure{int(ctx.thread_rank())};
        value -= 1;
      } catch (user_failure const& f) {
        value += f.value;
      }
      ctx.sync_block();
    }
    out[std::size_t(ctx.global_rank())] = value;
  }
};

CROSSLANE_TEST(kernel_exception, caught_inside) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 128};
  xl::launch(q, {.grid = 2, .block = 64}, catches_its_own{}, out);
  std::vector<int> expected(128);
  for (int i = 0; i < 128; ++i) expected[std::size_t(i)] = i % 2 == 0 ? 3 * (i % 64) : -3;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// --- blocks and grids ---

/// Waits for other threads in its destructor, which an exception cannot leave.
template <class Ctx>
struct meets_at_the_end {
  Ctx const& ctx;
  int way;
  ~meets_at_the_end() {
    if (way == 0)
      ctx.sync_block();
    else if (way == 1)
      ctx.sync_grid();
    else if (way == 2)
      xl::wave(ctx).sync();
    else
      (void)(xl::wave(ctx).shuffle_xor(ctx.thread_rank(), 1) + xl::wave(ctx).reduce(1u, xl::plus{}));
  }
};
struct fails_beside_destructors {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int way, bool inside, unsigned thread, xl::span<int> numbers) const {
    xl::check(ctx, inside || ctx.thread_rank() != thread, "on purpose");
    meets_at_the_end<Ctx> const outer{ctx, way}, inner{ctx, way};
    xl::check(ctx, !inside || ctx.thread_rank() != thread, "on purpose");
    __atomic_store_n(&numbers[ctx.thread_rank()], 1, __ATOMIC_RELAXED);  // all blocks write here
  }
};
struct cannot_be_left {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> numbers) const {
    struct reads_behind_the_end {
      xl::span<int> s;
      ~reads_behind_the_end() { s[s.size()] = 1; }
    } const last{numbers};
    meet(ctx);
  }
  template <class Ctx>
  static void meet(Ctx const& ctx) noexcept {
    if (ctx.thread_rank() % 2 == 0) ctx.sync_block();
  }
};

CROSSLANE_TEST(kernel_exception, beside_destructors_that_wait) {
  xl::buffer<int> numbers{xl::stream{d}, 96};
  for (int const way : {0, 1, 2, 3})
    for (bool const inside : {false, true})
      for (unsigned const thread : {0u, 3u, 95u}) {
        xl::stream const q{d};
        xl::launch(q, {.grid = 2, .block = 96}, fails_beside_destructors{}, way, inside, thread, numbers);
        expect_error(xl::errc::kernel_fault, {"on purpose", "thread " + std::to_string(thread)}, [&] { q.synchronize(); });
      }
  xl::stream const q{d};
  xl::launch(q, {.grid = 2, .block = 96}, fails_beside_destructors{}, 0, false, 96u, numbers);
  q.synchronize();
  xl::launch(q, {.grid = 1, .block = 96}, cannot_be_left{}, numbers);
  try {
    q.synchronize();
    fail("no error", source_location::current());
  } catch (xl::error const& e) {  // not known where the compiler ends the program without a handler
    CROSSLANE_CHECK(e.code() == xl::errc::out_of_bounds || e.code() == xl::errc::kernel_fault);
    CROSSLANE_CHECK(contains(e.what(), "cannot_be_left"));
  }
  check_block_sums(q, 3, 100);
}

CROSSLANE_TEST(executor, every_block_size) {
  xl::stream const q{d};
  unsigned const step = under_sanitizer ? 101 : 3;
  for (unsigned block = 1; block <= 1024; block += step) check_block_sums(q, 2, block);
  check_block_sums(q, 3, 1024);
}

CROSSLANE_TEST(executor, many_blocks) {
  xl::stream const q{d};
  check_block_sums(q, under_sanitizer ? 1000 : 20000, 32);
  check_block_sums(q, under_sanitizer ? 2000 : 200000, 1);
}

struct many_barriers {
  struct shared {
    unsigned turn;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, unsigned rounds, unsigned* wrong) const {
    for (unsigned i = 0; i < rounds; ++i) {
      if (ctx.thread_rank() == i % ctx.block_size()) s.turn = i;
      ctx.sync_block();
      if (s.turn != i) ++*wrong;
      ctx.sync_block();
    }
  }
};

CROSSLANE_TEST(executor, many_barriers) {
  xl::stream const q{d};
  unsigned wrong = 0;
  xl::launch(q, {.grid = 1, .block = 129}, many_barriers{}, under_sanitizer ? 100u : 2000u, &wrong);
  q.synchronize();
  CROSSLANE_CHECK_EQ(wrong, 0);
}

unsigned thread_count() {
  unsigned threads = 0;
  if (std::FILE* const file = std::fopen("/proc/self/status", "r")) {
    char line[256];
    while (std::fgets(line, sizeof line, file) != nullptr)
      if (std::sscanf(line, "Threads: %u", &threads) == 1) break;
    std::fclose(file);
  }
  return threads;
}

// --- waves ---

/// Four of each eight lanes work separately, then all lanes synchronise in pairs.
struct meet_after_smaller_groups {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int* out) const {
    bool const works = ctx.thread_rank() % 4 == 0;
    auto const group = xl::wave(ctx).where(works);
    int sum = 0;
    if (works) sum = group.reduce(1, xl::plus{});
    out[ctx.thread_rank()] = xl::tile<2>(ctx).reduce(sum, xl::plus{});
  }
};
struct different_operations {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    auto const w = xl::wave(ctx);
    if (ctx.thread_rank() % 2 == 0)
      (void)w.any(true);
    else
      (void)w.all(true);
  }
};
struct returns_before_operation {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    if (ctx.thread_rank() == 5) return;
    (void)xl::wave(ctx).reduce(1, xl::plus{});
  }
};
struct reads_from_outside {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx) const {
    (void)ctx.native().template shuffle<Ctx::wave_size>(xl::wave(ctx).mask(), 1, ctx.block_size(), xl::source_location::current());
  }
};

CROSSLANE_TEST(waves, meet_after_smaller_groups) {
  xl::stream const q{d};
  int const wave_size = int(d.properties().wave_size);
  std::vector<int> out(128);
  xl::launch(q, {.grid = 1, .block = 128}, meet_after_smaller_groups{}, out.data());
  q.synchronize();
  for (unsigned i = 0; i < out.size(); ++i) CROSSLANE_CHECK_EQ(out[i], i % 4 < 2 ? wave_size / 4 : 0);
}
CROSSLANE_TEST(waves, divergence_is_found) {
  xl::stream const q{d};
  auto const code_of = [&](auto const& kernel, unsigned threads) {
    try {
      xl::launch(q, {.grid = 1, .block = threads}, kernel);
      q.synchronize();
    } catch (xl::error const& e) {
      return e.code();
    }
    return xl::errc::vendor;  // no error at all
  };
  CROSSLANE_CHECK(code_of(different_operations{}, 64) == xl::errc::divergent_wave);
  CROSSLANE_CHECK(code_of(returns_before_operation{}, 64) == xl::errc::divergent_wave);
  CROSSLANE_CHECK(code_of(reads_from_outside{}, 7) == xl::errc::invalid_lane);  // the last wave has 7 lanes
}

// --- streams ---

CROSSLANE_TEST(asynchronous, program_goes_on) {
  xl::stream const q{d};
  std::promise<void> gate;
  std::vector<int> order;
  q.host_callback([&, open = gate.get_future().share()] {
    open.wait();
    order.push_back(1);
  });
  xl::buffer<int> b{q, 100};
  std::vector<int> got(100, -1);
  xl::fill(q, b, 3);
  xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, b);
  xl::copy(q, b, got);
  q.host_callback([&] { order.push_back(2); });
  CROSSLANE_CHECK(!q.query());
  std::this_thread::sleep_for(20ms);
  CROSSLANE_CHECK(got == std::vector<int>(100, -1));  // nothing has run, and nothing waited
  CROSSLANE_CHECK(order.empty());
  gate.set_value();
  q.synchronize();
  CROSSLANE_CHECK(q.query());
  CROSSLANE_CHECK_EQ(got[63], 190);
  CROSSLANE_CHECK_EQ(got[64], 3);
  CROSSLANE_CHECK_SAME(order, (std::vector<int>{1, 2}));
}

/// A blocked stream does not block other streams.
CROSSLANE_TEST(asynchronous, streams_are_independent) {
  std::promise<void> gate;
  xl::stream const held{d}, free{d};
  held.host_callback([open = gate.get_future().share()] { open.wait(); });
  check_block_sums(free, 10, 100);
  CROSSLANE_CHECK(!held.query());
  {
    xl::stream const another{d};
    check_block_sums(another, 10, 100);
  }
  gate.set_value();
  held.synchronize();
}

/// While a host thread waits for the device, other threads can create and destroy streams.
CROSSLANE_TEST(asynchronous, streams_can_be_made_while_another_thread_waits) {
  std::promise<void> gate;
  xl::stream const held{d};
  held.host_callback([open = gate.get_future().share()] { open.wait(); });
  std::thread waiting([&] { d.synchronize(); });
  std::this_thread::sleep_for(20ms);
  std::promise<void> made;
  std::thread making([&] {
    xl::stream const q{d};
    check_block_sums(q, 2, 64);
    made.set_value();
  });
  bool const in_time = made.get_future().wait_for(5s) == std::future_status::ready;
  gate.set_value();
  waiting.join();
  making.join();
  CROSSLANE_CHECK(in_time);
}

CROSSLANE_TEST(asynchronous, ping_pong_between_streams) {
  xl::stream const a{d}, b{d};
  xl::event a_done{d}, b_done{d};
  std::vector<int> order;  // only ever touched by whose turn it is
  for (int i = 0; i < 100; ++i) {
    a.wait(b_done);
    a.host_callback([&, i] { order.push_back(2 * i); });
    a_done.record(a);
    b.wait(a_done);
    b.host_callback([&, i] { order.push_back(2 * i + 1); });
    b_done.record(b);
  }
  b.synchronize();
  std::vector<int> expected(200);
  for (int i = 0; i < 200; ++i) expected[std::size_t(i)] = i;
  CROSSLANE_CHECK_SAME(order, expected);
}

/// A wait refers to the record of the event at the time of the call, not to later records.
CROSSLANE_TEST(asynchronous, event_recorded_again) {
  std::promise<void> gate;
  xl::stream const a{d}, b{d};
  xl::event e{d};
  e.record(a);
  b.wait(e);
  a.host_callback([open = gate.get_future().share()] { open.wait(); });
  e.record(a);
  b.synchronize();  // would never return
  CROSSLANE_CHECK(!e.query());
  gate.set_value();
  e.synchronize();
  a.synchronize();
}

/// The devices have different widths.
CROSSLANE_TEST(asynchronous, event_of_the_other_device) {
  xl::device const other{1 - d.index()};
  xl::stream const a{d}, b{other};
  xl::event e{d};
  xl::buffer<int> from{a, 64}, to{b, 64};
  a.synchronize();
  b.synchronize();
  a.host_callback([] { std::this_thread::sleep_for(10ms); });
  xl::launch(a, {.grid = 1, .block = 64}, write_ranks{}, from);
  e.record(a);
  b.wait(e);
  xl::copy(b, from, to);
  CROSSLANE_CHECK_EQ(read(b, to)[63], 190);
}

CROSSLANE_TEST(asynchronous, several_streams_at_once) {
  constexpr int streams = 6, launches = under_sanitizer ? 2 : 10;
  std::vector<xl::stream> q;
  std::vector<xl::buffer<std::uint64_t>> out;
  for (int i = 0; i < streams; ++i) {
    q.emplace_back(i % 2 == 0 ? d : xl::device{1 - d.index()});
    out.emplace_back(q.back(), 64);
  }
  for (int k = 0; k < launches; ++k)
    for (std::size_t i = 0; i < q.size(); ++i) xl::launch(q[i], {.grid = 64, .block = unsigned(33 + i)}, block_sums{}, out[i]);
  for (std::size_t i = 0; i < q.size(); ++i) {
    std::uint64_t const block = 33 + i;
    std::vector<std::uint64_t> const got = read(q[i], out[i]);
    for (std::uint64_t b = 0; b < 64; ++b) CROSSLANE_CHECK_EQ(got[b], b * block * block + block * (block - 1) / 2);
  }
}

CROSSLANE_TEST(asynchronous, several_threads_of_the_program) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      xl::stream const q{d};
      for (unsigned i = 0; i < 10; ++i) {
        unsigned const block = 10 * t + i + 1;
        xl::buffer<std::uint64_t> out{q, 3};
        xl::launch(q, {.grid = 3, .block = block}, block_sums{}, out);
        right += read(q, out)[0] == std::uint64_t{block} * (block - 1) / 2;
      }
      xl::launch(q, {.grid = 3, .block = 64}, fail_somewhere{}, 0u, 3u, 1, [t] { throw user_failure{int(t)}; });
      try {
        q.synchronize();
      } catch (user_failure const& f) {
        right += f.value == int(t);  // each its own
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CROSSLANE_CHECK_EQ(right.load(), 44);
}

/// Several threads use one stream: each piece of work runs once and is not interrupted by others.
CROSSLANE_TEST(asynchronous, one_stream_from_several_threads) {
  xl::stream const q{d};
  xl::buffer<int> counts{q, 64};
  xl::fill(q, counts, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) xl::for_each(q, counts, [](int& c) { ++c; });
    });
  for (std::thread& t : threads) t.join();
  CROSSLANE_CHECK_SAME(read(q, counts), std::vector<int>(64, 200));
}

// --- lifetimes ---

CROSSLANE_TEST(lifetime, stream_before_its_buffers) {
  auto q = std::make_unique<xl::stream>(d);
  xl::buffer<int> a{*q, 64};
  xl::pinned_buffer<int> b{*q, 64};
  xl::launch(*q, {.grid = 1, .block = 64}, write_ranks{}, a);
  xl::copy(*q, a, b);
  q->host_callback([] { std::this_thread::sleep_for(5ms); });
  q.reset();
  d.synchronize();
  CROSSLANE_CHECK_EQ(b[63], 190);
  a = {};
  xl::buffer<int> c = std::move(a);
}

/// A callback must not call a GPU's runtime, so this is an error. No memory is lost, and no call waits forever.
CROSSLANE_TEST(lifetime, callback_drops_the_last_owner) {
  std::promise<void> gone;
  {
    auto q = std::make_shared<xl::stream>(d);
    auto buffer = std::make_shared<xl::buffer<int>>(*q, 1000);
    xl::fill(*q, *buffer, 1);
    struct tell {
      std::promise<void>& gone;
      explicit tell(std::promise<void>& g) : gone{g} {}
      tell(tell const&) = delete;
      ~tell() { gone.set_value(); }
    };
    auto last = std::make_shared<tell>(gone);  // destroyed with the callback, after the stream
    xl::stream& stream = *q;
    stream.host_callback([last = std::move(last), buffer = std::move(buffer), q = std::move(q)] { std::this_thread::sleep_for(10ms); });
  }
  CROSSLANE_CHECK(gone.get_future().wait_for(10s) == std::future_status::ready);
  expect_error(xl::errc::invalid_call, {"the end of a buffer", "host callback", "device " + std::to_string(d.index())},
               [&] { d.synchronize(); });
  expect_usable(d);
}

/// Its destructor runs on the stream's own thread.
CROSSLANE_TEST(lifetime, callback_owns_a_pinned_buffer) {
  xl::stream const q{d};
  xl::pinned_buffer<int> pinned{q, 1000};
  xl::managed_buffer<int> managed{q, 1000};
  q.host_callback([pinned = std::move(pinned), managed = std::move(managed)]() mutable { pinned[0] = managed[0] = 1; });
  std::promise<void> done;
  q.host_callback([&] { done.set_value(); });
  CROSSLANE_CHECK(done.get_future().wait_for(10s) == std::future_status::ready);
  expect_error(xl::errc::invalid_call, {"the end of a buffer", "host callback"}, [&] { q.synchronize(); });
  q.synchronize();
}

CROSSLANE_TEST(lifetime, streams_leave_no_threads) {
  auto const use_streams = [&] {
    for (int i = 0; i < (under_sanitizer ? 4 : 20); ++i) {
      xl::stream const q{d};
      check_block_sums(q, 20, 40);
    }
  };
  use_streams();
  unsigned const before = thread_count();
  use_streams();
  use_streams();
  // those of the last stream may still be on their way out
  for (int i = 0; i < 500 && thread_count() > before; ++i) std::this_thread::sleep_for(2ms);
  CROSSLANE_CHECK(thread_count() <= before);
}

CROSSLANE_TEST(lifetime, unused_stream) {
  unsigned const before = thread_count();
  std::vector<xl::stream> q;
  for (int i = 0; i < 50; ++i) q.emplace_back(d);
  CROSSLANE_CHECK_EQ(thread_count(), before);  // a thread is made for the first work
  for (xl::stream const& s : q) s.synchronize();
}

}  // namespace
