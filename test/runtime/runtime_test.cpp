// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Devices, streams, events.
#include <support/target.hpp>

#include <chrono>
#include <stdexcept>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

/// x[i] = x[i] * factor + summand. The result of two such steps depends on their order.
struct step {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> x, unsigned factor, unsigned summand) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] = x[i] * factor + summand;
  }
};

void sleep_ms(int milliseconds) {
  timespec const time{0, milliseconds * 1000000L};
  nanosleep(&time, nullptr);
}

bool load(bool const& flag) { return __atomic_load_n(&flag, __ATOMIC_ACQUIRE); }
void store(bool& flag, bool value) { __atomic_store_n(&flag, value, __ATOMIC_RELEASE); }

/// Blocks a stream until `open` is set or some time has passed: a runtime may run work before the call that queues it returns.
struct gate {
  bool open = false, timed_out = false;

  void close(xl::stream const& q) {
    q.host_callback([this] {
      for (int i = 0; i < 500 && !load(open); ++i) sleep_ms(1);
      if (!load(open)) store(timed_out, true);
    });
    if (load(timed_out)) skip("this runtime runs work before the call that queues it returns");
  }
};

// --- devices ---

CROSSLANE_TEST(device, index_and_count) {
  CROSSLANE_CHECK(d.index() >= 0);
  CROSSLANE_CHECK(d.index() < xl::device::count());
  CROSSLANE_CHECK(xl::device{d.index()} == d);
  if (xl::device::count() > 1) CROSSLANE_CHECK(xl::device{(d.index() + 1) % xl::device::count()} != d);
  if (host_build) {
    CROSSLANE_CHECK_EQ(xl::device::count(), 2);
    CROSSLANE_CHECK_EQ(d.properties().wave_size, d.index() == 0 ? 32 : 64);
  }
}

CROSSLANE_TEST(device, properties) {
  xl::device_properties const& p = d.properties();
  CROSSLANE_CHECK(&p == &d.properties());
  CROSSLANE_CHECK(&p == &xl::stream{d}.ref().properties());
  CROSSLANE_CHECK(p.name[0] != 0);
  CROSSLANE_CHECK(p.architecture[0] != 0);
  CROSSLANE_CHECK(!contains(p.architecture, ":"));
  CROSSLANE_CHECK(p.wave_size == 32 || p.wave_size == 64);
  CROSSLANE_CHECK(p.multiprocessors > 0);
  CROSSLANE_CHECK(p.simds_per_multiprocessor > 0);
  CROSSLANE_CHECK_EQ(p.max_threads_per_block, 1024);
  CROSSLANE_CHECK(p.max_threads_per_multiprocessor >= p.max_threads_per_block);
  CROSSLANE_CHECK_EQ(p.max_block.x, 1024);
  CROSSLANE_CHECK(p.max_block.y >= 64 && p.max_block.z >= 64);
  CROSSLANE_CHECK(p.max_grid.x >= 0x7fffffffu);
  CROSSLANE_CHECK(p.max_grid.y >= 65535 && p.max_grid.z >= 65535);
  CROSSLANE_CHECK(p.max_threads_per_axis >= 0xffffffffu);
  CROSSLANE_CHECK(p.shared_per_block >= 48 * 1024);
  CROSSLANE_CHECK(p.shared_per_block_optin >= p.shared_per_block);
  CROSSLANE_CHECK(p.memory > std::size_t{1} << 28);
}

CROSSLANE_TEST(device, free_memory) {
  std::size_t const bytes = d.free_memory();
  CROSSLANE_CHECK(bytes > 0);
  CROSSLANE_CHECK(bytes <= d.properties().memory);
}

CROSSLANE_TEST(device, select_and_guard) {
  xl::device const before = xl::device::current();
  xl::device const other{(d.index() + 1) % xl::device::count()};
  d.select();
  CROSSLANE_CHECK(xl::device::current() == d);
  {
    xl::device::guard const outer{other};
    CROSSLANE_CHECK(xl::device::current() == other);
    {
      xl::device::guard const inner{d};
      CROSSLANE_CHECK(xl::device::current() == d);
    }
    CROSSLANE_CHECK(xl::device::current() == other);
  }
  CROSSLANE_CHECK(xl::device::current() == d);
  other.select();
  CROSSLANE_CHECK(xl::device::current() == other);
  before.select();
}

/// Objects store their device. The current device does not matter, and calls do not change it.
CROSSLANE_TEST(device, calls_leave_the_current_one) {
  xl::device const before = xl::device::current();
  xl::device const other{(d.index() + 1) % xl::device::count()};
  other.select();
  {
    xl::stream const q{d};
    xl::event mark{d};
    xl::buffer<int> out{q, 64};
    xl::fill(q, out, 7);
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, out);
    mark.record(q);
    q.host_callback([] {});
    CROSSLANE_CHECK_EQ(read(q, out)[63], 190);
    CROSSLANE_CHECK(q.device() == d);
    d.synchronize();
    (void)d.free_memory();
  }
  CROSSLANE_CHECK(xl::device::current() == other);
  before.select();
}

CROSSLANE_TEST(device, synchronize_waits_for_all_streams) {
  xl::stream const a{d}, b{d};
  bool a_done = false, b_done = false;
  a.host_callback([&] {
    sleep_ms(20);
    store(a_done, true);
  });
  b.host_callback([&] {
    sleep_ms(10);
    store(b_done, true);
  });
  d.synchronize();
  CROSSLANE_CHECK(load(a_done) && load(b_done));
}

// --- streams ---

CROSSLANE_TEST(stream, runs_in_order) {
  xl::stream const q{d};
  xl::buffer<unsigned> x{q, 1000};
  xl::fill(q, x, 1u);
  std::vector<unsigned> expected(1000, 1);
  for (unsigned i = 0; i < 20; ++i) {
    xl::launch(q, {.grid = 3, .block = 64}, step{}, x, 2 * i + 3, i);
    for (unsigned& e : expected) e = e * (2 * i + 3) + i;
  }
  CROSSLANE_CHECK_SAME(read(q, x), expected);
}

CROSSLANE_TEST(stream, every_priority) {
  for (int const priority : {-1000, -2, -1, 0, 1, 2, 1000}) {
    xl::stream const q{d, priority};
    xl::buffer<int> out{q, 5};
    xl::launch(q, {.grid = 1, .block = 32}, write_ranks{}, out);
    CROSSLANE_CHECK_SAME(read(q, out), (std::vector<int>{1, 4, 7, 10, 13}));
  }
}

CROSSLANE_TEST(stream, query) {
  xl::stream const q{d};
  CROSSLANE_CHECK(q.query());
  gate g;
  g.close(q);
  bool const while_closed = q.query();
  store(g.open, true);
  q.synchronize();
  CROSSLANE_CHECK(!while_closed);
  CROSSLANE_CHECK(q.query());
}

CROSSLANE_TEST(stream, callback_stands_in_the_order) {
  xl::stream const q{d};
  std::vector<int> order;
  xl::pinned_buffer<int> in{q, 64}, out{q, 64};
  for (int& i : in) i = 0;
  xl::buffer<int> memory{q, 64};
  xl::fill(q, memory, 7);
  xl::copy(q, memory, out);
  q.host_callback([&] {
    order.push_back(out[63]);
    sleep_ms(10);
    for (int& i : in) i = 9;
  });
  xl::copy(q, in, memory);
  xl::fill(q, out, 0);
  xl::copy(q, memory, out);
  q.host_callback([&] { order.push_back(out[63]); });
  q.synchronize();
  CROSSLANE_CHECK_SAME(order, (std::vector<int>{7, 9}));
}

CROSSLANE_TEST(stream, callback_owns_what_it_holds) {
  struct count_lives {
    int* lives;
    explicit count_lives(int* l) : lives{l} { ++*lives; }
    count_lives(count_lives&& other) noexcept : lives{other.lives} { ++*lives; }
    count_lives(count_lives const&) = delete;
    ~count_lives() { __atomic_fetch_sub(lives, 1, __ATOMIC_ACQ_REL); }
    void operator()() const {}
  };
  int lives = 0;
  {
    xl::stream const q{d};
    q.host_callback(count_lives{&lives});
    q.synchronize();
  }
  CROSSLANE_CHECK_EQ(__atomic_load_n(&lives, __ATOMIC_ACQUIRE), 0);
}

CROSSLANE_TEST(stream, exception_of_a_callback) {
  xl::stream const q{d}, other{d};
  q.host_callback([] { throw std::runtime_error("from the callback"); });
  other.synchronize();  // not its own
  std::string text;
  try {
    q.synchronize();
  } catch (std::runtime_error const& e) {
    text = e.what();
  }
  CROSSLANE_CHECK_EQ(text, std::string("from the callback"));
  q.synchronize();  // once only

  q.host_callback([] { throw 42; });
  int thrown = 0;
  try {
    d.synchronize();
  } catch (int i) {
    thrown = i;
  }
  CROSSLANE_CHECK_EQ(thrown, 42);
  q.synchronize();

  xl::buffer<int> out{q, 64};
  xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, out);
  CROSSLANE_CHECK_EQ(read(q, out)[63], 190);
}

/// Each stream keeps its own error.
CROSSLANE_TEST(stream, exceptions_of_two_streams) {
  xl::stream const a{d}, b{d};
  a.host_callback([] { throw 1; });
  a.host_callback([] { throw 2; });
  b.host_callback([] { throw 3; });
  auto const thrown_by = [](xl::stream const& q) {
    try {
      q.synchronize();
    } catch (int i) {
      return i;
    }
    return 0;
  };
  CROSSLANE_CHECK_EQ(thrown_by(b), 3);
  CROSSLANE_CHECK_EQ(thrown_by(a), 1);
  CROSSLANE_CHECK_EQ(thrown_by(a), 0);
  CROSSLANE_CHECK_EQ(thrown_by(b), 0);
}

/// Every call that asks about a stream's progress throws its error, each error once. Work after a callback that throws still runs.
CROSSLANE_TEST(stream, exception_surfaces_where_it_is_asked_for) {
  xl::stream const q{d};
  xl::event e{d};
  xl::buffer<int> out{q, 64};
  auto const thrown_by = [](auto const& call) {
    try {
      call();
    } catch (int i) {
      return i;
    }
    return 0;
  };
  auto const fail = [&](int value) {
    q.host_callback([value] { throw int{value}; });
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, out);
    e.record(q);
  };
  fail(1);
  CROSSLANE_CHECK_EQ(thrown_by([&] { e.synchronize(); }), 1);
  fail(2);
  CROSSLANE_CHECK_EQ(thrown_by([&] {
                       while (!e.query()) sleep_ms(1);
                     }),
                     2);
  fail(3);
  CROSSLANE_CHECK_EQ(thrown_by([&] {
                       while (!q.query()) sleep_ms(1);
                     }),
                     3);
  q.synchronize();
  e.synchronize();
  CROSSLANE_CHECK_EQ(read(q, out)[63], 190);
}

/// The vendors' default stream has a null handle, which does not stand for all streams.
CROSSLANE_TEST(stream, default_one_of_the_vendor) {
  if constexpr (host_build) {
    skip("the host backend has none");
  } else {
    xl::stream const q{d};
    xl::stream_ref const vendors = xl::stream_ref::from_native(nullptr, d);
    q.host_callback([] { throw 1; });
    int thrown = 0;
    try {
      vendors.synchronize();
    } catch (int) {
      thrown = 2;
    }
    CROSSLANE_CHECK_EQ(thrown, 0);
    try {
      q.synchronize();
    } catch (int i) {
      thrown = i;
    }
    CROSSLANE_CHECK_EQ(thrown, 1);
  }
}

/// An error of a destroyed stream does not surface at a later stream that has the same address.
CROSSLANE_TEST(stream, exception_dies_with_its_stream) {
  for (int i = 0; i < 4; ++i) {
    {
      xl::stream const q{d};
      q.host_callback([] { throw 42; });
    }
    int thrown = 0;
    xl::stream const next{d};
    try {
      next.synchronize();
    } catch (int e) {
      thrown = e;
    }
    CROSSLANE_CHECK_EQ(thrown, 0);
    try {
      d.synchronize();
    } catch (int) {  // may or may not still be there for the device
    }
  }
}

CROSSLANE_TEST(stream, moves) {
  xl::stream a{d};
  auto const handle = a.native();
  xl::stream b{std::move(a)};
  CROSSLANE_CHECK(b.native() == handle);
  xl::stream c{d};
  c = std::move(b);
  CROSSLANE_CHECK(c.native() == handle);
  xl::stream& same = c;
  c = std::move(same);
  xl::buffer<int> out{c, 3};
  xl::launch(c, {.grid = 1, .block = 3}, write_ranks{}, out);
  CROSSLANE_CHECK_SAME(read(c, out), (std::vector<int>{1, 4, 7}));
}

CROSSLANE_TEST(stream, native) {
  xl::stream const owner{d};
  CROSSLANE_CHECK(owner.native() == owner.ref().native());
  xl::stream_ref const borrowed = xl::stream_ref::from_native(owner.native(), d);
  CROSSLANE_CHECK(borrowed.device() == d);
  {
    xl::buffer<int> out{borrowed, 64};
    xl::launch(borrowed, {.grid = 1, .block = 64}, write_ranks{}, out);
    CROSSLANE_CHECK_EQ(read(owner, out)[63], 190);
  }
  borrowed.host_callback([] { throw 1; });
  int thrown = 0;
  try {
    owner.synchronize();
  } catch (int i) {
    thrown = i;
  }
  CROSSLANE_CHECK_EQ(thrown, 1);

  backend::stream_handle handle{};
  {
    xl::device::guard const current{d};
    CROSSLANE_REQUIRE(backend::stream_create(&handle, 0).code == 0);
  }
  xl::stream const adopted = xl::stream::from_native(handle, d);
  CROSSLANE_CHECK(adopted.native() == handle);
  CROSSLANE_CHECK(adopted.device() == d);
  xl::buffer<int> out{adopted, 64};
  xl::launch(adopted, {.grid = 1, .block = 64}, write_ranks{}, out);
  CROSSLANE_CHECK_EQ(read(adopted, out)[63], 190);
}

CROSSLANE_TEST(stream, work_outlives_it) {
  xl::stream const keeper{d};
  xl::pinned_buffer<int> result{keeper, 64};
  xl::buffer<int> memory{keeper, 64};
  keeper.synchronize();
  for (int& i : result) i = 0;
  {
    xl::stream const q{d};
    q.host_callback([] { sleep_ms(10); });
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, memory);
    xl::copy(q, memory, result);
  }
  d.synchronize();
  CROSSLANE_CHECK_EQ(result[63], 190);
}

CROSSLANE_TEST(stream, waits_for_an_event) {
  xl::stream const producer{d}, consumer{d};
  xl::buffer<unsigned> x{producer, 1000}, y{producer, 1000};
  xl::fill(producer, x, 5u);
  producer.synchronize();
  xl::event ready{d};
  consumer.wait(ready);  // nothing recorded: nothing to wait for
  consumer.synchronize();
  for (unsigned round = 0; round < 4; ++round) {
    producer.host_callback([] { sleep_ms(5); });
    xl::launch(producer, {.grid = 2, .block = 128}, step{}, x, 3u, 1u);
    ready.record(producer);
    consumer.wait(ready);
    xl::copy(consumer, x, y);
    unsigned expected = 5;
    for (unsigned i = 0; i <= round; ++i) expected = expected * 3 + 1;
    CROSSLANE_CHECK_SAME(read(consumer, y), std::vector<unsigned>(1000, expected));
  }
}

// --- events ---

CROSSLANE_TEST(event, not_recorded) {
  xl::event const e{d};
  CROSSLANE_CHECK(e.query());
  e.synchronize();
}

CROSSLANE_TEST(event, synchronize) {
  xl::stream const q{d};
  xl::event e{d};
  for (int i = 0; i < 3; ++i) {
    bool done = false;
    q.host_callback([&] {
      sleep_ms(5);
      store(done, true);
    });
    e.record(q);
    e.synchronize();
    CROSSLANE_CHECK(load(done));
    CROSSLANE_CHECK(e.query());
  }
}

CROSSLANE_TEST(event, query) {
  xl::stream const q{d};
  xl::event before{d}, after{d};
  before.record(q);
  before.synchronize();
  gate g;
  g.close(q);
  after.record(q);
  bool const before_done = before.query(), after_done = after.query();
  store(g.open, true);
  q.synchronize();
  CROSSLANE_CHECK(before_done);
  CROSSLANE_CHECK(!after_done);
  CROSSLANE_CHECK(after.query());
}

CROSSLANE_TEST(event, elapsed) {
  xl::stream const q{d};
  xl::timed_event a{d}, b{d};
  auto const begin = std::chrono::steady_clock::now();
  a.record(q);
  q.host_callback([] { sleep_ms(20); });
  b.record(q);
  b.synchronize();
  std::chrono::duration<float, std::milli> const wall = std::chrono::steady_clock::now() - begin;
  float const elapsed = xl::elapsed_milliseconds(a, b);
  CROSSLANE_CHECK(elapsed > 15.f);
  CROSSLANE_CHECK(elapsed < wall.count() + 1.f);
  CROSSLANE_CHECK(xl::elapsed_milliseconds(a, a) == 0.f);
}

/// A record in another stream replaces the previous record for later calls, but not for earlier ones.
CROSSLANE_TEST(event, recorded_again_in_another_stream) {
  xl::stream const slow{d}, quick{d}, waiting{d};
  xl::timed_event begin{d}, e{d};
  bool passed = false;
  begin.record(quick);
  gate g;
  g.close(slow);
  e.record(slow);
  waiting.wait(e);
  waiting.host_callback([&] { store(passed, true); });
  e.record(quick);
  quick.synchronize();
  e.synchronize();  // the latest record is done
  bool const done = e.query();
  float const elapsed = xl::elapsed_milliseconds(begin, e);
  sleep_ms(20);
  bool const passed_early = load(passed);
  store(g.open, true);
  waiting.synchronize();
  CROSSLANE_CHECK(!load(g.timed_out));
  CROSSLANE_CHECK(done);
  CROSSLANE_CHECK(!passed_early);
  CROSSLANE_CHECK(load(passed));
  CROSSLANE_CHECK_EQ(xl::elapsed_milliseconds(begin, e), elapsed);
}

/// A call refers to the last record: it is not done even if an earlier record is, in whatever order the streams reach them.
CROSSLANE_TEST(event, latest_record_in_a_slower_stream) {
  xl::stream const slow{d}, quick{d};
  xl::event e{d};
  gate g;
  g.close(slow);
  e.record(quick);
  e.record(slow);
  quick.synchronize();
  bool const early = e.query();
  store(g.open, true);
  e.synchronize();
  CROSSLANE_CHECK(!early);
  CROSSLANE_CHECK(e.query());
}

CROSSLANE_TEST(event, moves) {
  xl::stream const q{d};
  xl::event a{d};
  auto const handle = a.native();
  xl::event b{std::move(a)};
  CROSSLANE_CHECK(b.native() == handle);
  xl::event c{d};
  c = std::move(b);
  xl::event& same = c;
  c = std::move(same);
  CROSSLANE_CHECK(c.native() == handle);
  c.record(q);
  c.synchronize();
}

CROSSLANE_TEST(event, native) {
  xl::stream const q{d};
  backend::event_handle handle{};
  {
    xl::device::guard const current{d};
    CROSSLANE_REQUIRE(backend::event_create(&handle, false).code == 0);
  }
  xl::event e = xl::event::from_native(handle, d);
  CROSSLANE_CHECK(e.native() == handle);
  e.record(q);
  e.synchronize();
  CROSSLANE_CHECK(e.query());
}

/// An event may be destroyed while work that records it or waits for it is still queued.
CROSSLANE_TEST(event, destroyed_early) {
  xl::stream const a{d}, b{d};
  int order = 0;
  {
    xl::event e{d};
    a.host_callback([&] {
      sleep_ms(10);
      order = 1;
    });
    e.record(a);
    b.wait(e);
  }
  b.host_callback([&] { order = order * 10 + 2; });
  b.synchronize();
  CROSSLANE_CHECK_EQ(order, 12);
  a.synchronize();
}

}  // namespace
