// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several devices: links, peer access, copies between devices, and the device that is current for the calling thread.
#include <support/target.hpp>

#include <crosslane/algorithm/reduce.hpp>
#include <crosslane/runtime/device_links.hpp>

#include <thread>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

/// Returns the device after `d`. Skips the test if there is one device.
xl::device next_to(xl::device d) {
  if (xl::device::count() < 2) skip("one device");
  return xl::device{(d.index() + 1) % xl::device::count()};
}

/// Peer access of `from` to the memory of `to`, while the object lives. Skips the test if the machine has none.
class peer_access {
 public:
  peer_access(xl::device from, xl::device to) : from_{from}, to_{to} {
    if (!from.link_to(to).peer_access) skip("no peer access");
    from.enable_peer_access(to);
  }
  peer_access(peer_access const&) = delete;
  peer_access& operator=(peer_access const&) = delete;
  ~peer_access() { from_.disable_peer_access(to_); }

 private:
  xl::device from_, to_;
};

struct increment {
  CROSSLANE_FN void operator()(int& x) const { ++x; }
};
struct add_one {
  CROSSLANE_FN int operator()(int x) const { return x + 1; }
};
struct waits_for_the_grid {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x) const {
    ctx.sync_grid();
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] = int(i);
  }
};

std::vector<int> numbers(int n) {
  std::vector<int> result;
  for (int i = 0; i < n; ++i) result.push_back(7 * i + 1);
  return result;
}

// --- links ---

CROSSLANE_TEST(links, to_itself) {
  xl::device_link const link = d.link_to(d);
  CROSSLANE_CHECK(link.from == d.index() && link.to == d.index());
  CROSSLANE_CHECK(link.peer_access && link.native_atomics);
  CROSSLANE_CHECK(link.kind == xl::link_kind::same_memory);
  CROSSLANE_CHECK(d.has_peer_access(d));
  d.enable_peer_access(d);
  d.disable_peer_access(d);
  CROSSLANE_CHECK(d.has_peer_access(d));
}

CROSSLANE_TEST_ONCE(links, table) {
  auto const n = std::size_t(xl::device::count());
  std::vector<xl::device_link> const table = xl::device_links<backend>();
  CROSSLANE_CHECK_EQ(table.size(), n * (n - (n != 0)));
  std::size_t next = 0;
  for (std::size_t from = 0; from < n; ++from)
    for (std::size_t to = 0; to < n; ++to) {
      if (from == to) continue;
      xl::device_link const& link = table[next++];
      CROSSLANE_CHECK_EQ(link.from, int(from));
      CROSSLANE_CHECK_EQ(link.to, int(to));
      CROSSLANE_CHECK(xl::to_string(link.kind)[0] != 0);
      if (!host_build) continue;
      CROSSLANE_CHECK(link.peer_access && link.native_atomics);
      CROSSLANE_CHECK(link.kind == xl::link_kind::same_memory);
    }
}

// --- peer access ---

CROSSLANE_TEST(peer_access, lets_kernels_use_the_other_s_memory) {
  xl::device const other = next_to(d);
  xl::stream const q{d}, there{other};
  std::vector<int> const values = numbers(64);
  xl::buffer<int> from = upload(there, values), to{q, 64};
  auto const use = [&] { xl::transform(q, from, to, add_one{}); };
  CROSSLANE_CHECK(!d.has_peer_access(other));
  std::string const of = "device " + std::to_string(other.index()), by = "stream is of device " + std::to_string(d.index());
  expect_error(xl::errc::invalid_argument, {"transform", "argument 1", of, by, "enable_peer_access()"}, use);
  {
    peer_access const access{d, other};
    CROSSLANE_CHECK(d.has_peer_access(other));
    CROSSLANE_CHECK(!other.has_peer_access(d));
    d.enable_peer_access(other);  // again: nothing
    use();
    std::vector<int> const got = read(q, to);
    for (std::size_t i = 0; i < 64; ++i) CROSSLANE_CHECK_EQ(got[i], values[i] + 1);

    xl::buffer<int> later{there, 64};  // allocated after the access was enabled
    there.synchronize();
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, later);
    q.synchronize();
    CROSSLANE_CHECK_EQ(read(there, later)[63], 190);
    xl::fill(q, later, 5);
    xl::for_each(q, later, increment{});
    q.synchronize();
    CROSSLANE_CHECK_EQ(read(there, later)[63], 6);

    // In one direction only.
    expect_error(xl::errc::invalid_argument, {"launch"}, [&] { xl::launch(there, {.grid = 1, .block = 64}, write_ranks{}, to); });
  }
  CROSSLANE_CHECK(!d.has_peer_access(other));
  d.disable_peer_access(other);  // again: nothing
  expect_error(xl::errc::invalid_argument, {"enable_peer_access()"}, [&] { xl::transform(q, from, to, add_one{}); });
  expect_usable(d);
  expect_usable(other);
}

CROSSLANE_TEST(peer_access, both_ways_at_once) {
  xl::device const other = next_to(d);
  peer_access const forth{d, other}, back{other, d};
  xl::stream const q{d}, there{other};
  xl::buffer<int> a = upload(q, numbers(1000)), b = upload(there, numbers(1000));
  xl::event mine{d};
  for (int round = 0; round < 4; ++round) {  // each device increments the other's numbers
    xl::for_each(q, b, increment{});
    mine.record(q);
    there.wait(mine);
    xl::for_each(there, a, increment{});
    xl::event theirs{other};
    theirs.record(there);
    q.wait(theirs);
  }
  q.synchronize();
  there.synchronize();
  CROSSLANE_CHECK_EQ(read(q, a)[999], 7 * 999 + 5);
  CROSSLANE_CHECK_EQ(read(there, b)[999], 7 * 999 + 5);
}

// --- copies ---

/// Copies need no peer access. The stream may be of either device.
CROSSLANE_TEST(copies, between_devices) {
  xl::device const other = next_to(d);
  std::vector<int> const values = numbers(1000);
  for (bool const with_access : {false, true}) {
    if (with_access && !(d.link_to(other).peer_access)) continue;
    if (with_access) d.enable_peer_access(other);
    xl::stream const q{d}, there{other};
    xl::buffer<int> here = upload(q, values), remote{there, 1000}, back{q, 1000}, remote2{there, 1000};
    there.synchronize();
    q.synchronize();
    xl::copy(q, here, remote);
    xl::copy(q, remote, remote2);  // both of the other device
    q.synchronize();
    CROSSLANE_CHECK(read(there, remote) == values);
    CROSSLANE_CHECK(read(there, remote2) == values);
    xl::for_each(there, remote2, increment{});
    xl::copy(there, remote2, back);
    there.synchronize();
    CROSSLANE_CHECK_EQ(read(q, back)[10], values[10] + 1);
    if (with_access) d.disable_peer_access(other);
  }
}

// --- the current device ---

/// Calls functions while another device than that of their objects is current, and checks that this device stays current.
class calls {
 public:
  explicit calls(xl::device current) : before_{xl::device::current()}, current_{current} { current.select(); }
  calls(calls const&) = delete;
  calls& operator=(calls const&) = delete;
  ~calls() { before_.select(); }

  template <class F>
  void run(char const* name, F const& f, source_location where = source_location::current()) {
    f();
    check(name, where);
  }
  /// The call must throw.
  template <class F>
  void fails(char const* name, F const& f, source_location where = source_location::current()) {
    (void)error_of(f, where);
    check(name, where);
  }

 private:
  void check(char const* name, source_location where) {
    if (xl::device::current() == current_) return;
    fail(std::string{name} + " leaves another device current", where);
    current_.select();
  }
  xl::device before_, current_;
};

CROSSLANE_TEST(current_device, stays_in_all_calls) {
  xl::device const other = next_to(d);
  calls c{other};
  std::vector<int> values = numbers(64), result(64);

  c.run("device", [&] { (void)xl::device{d.index()}; });
  c.fails("device that does not exist", [&] { (void)xl::device{xl::device::count()}; });
  c.run("count", [&] { (void)xl::device::count(); });
  c.run("current", [&] { (void)xl::device::current(); });
  c.run("properties", [&] { (void)d.properties(); });
  c.run("free memory", [&] { (void)d.free_memory(); });
  c.run("device synchronize", [&] { d.synchronize(); });
  c.run("guard", [&] { xl::device::guard const guard{d}; });
  c.run("link", [&] { (void)d.link_to(other); });
  c.run("links", [&] { (void)xl::device_links<backend>(); });
  if (d.link_to(other).peer_access) {
    c.run("enable peer access", [&] { d.enable_peer_access(other); });
    c.run("enable peer access again", [&] { d.enable_peer_access(other); });
    c.run("disable peer access", [&] { d.disable_peer_access(other); });
    c.run("disable peer access again", [&] { d.disable_peer_access(other); });
  }

  c.run("stream", [&] { xl::stream const q{d}; });
  c.run("stream of priority", [&] { xl::stream const q{d, 1}; });
  xl::stream q{d};
  xl::stream const there{other};
  c.run("moved stream", [&] {
    xl::stream moved{d};
    moved = xl::stream{d};
  });
  c.run("stream from native", [&] { (void)xl::stream_ref::from_native(q.native(), d).device(); });
  c.run("stream synchronize", [&] { q.synchronize(); });
  c.run("stream query", [&] { (void)q.query(); });
  c.run("host callback", [&] { q.host_callback([] {}); });
  c.run("event", [&] { xl::event const e{d}; });
  xl::timed_event e{d}, e2{d};
  c.run("event record", [&] { e.record(q); });
  c.fails("event record on another device", [&] { e.record(there); });
  c.run("event record again", [&] { e2.record(q); });
  c.run("stream wait", [&] { q.wait(e); });
  c.run("event query", [&] { (void)e2.query(); });
  c.run("event synchronize", [&] { e2.synchronize(); });
  c.run("elapsed", [&] { (void)xl::elapsed_milliseconds(e, e2); });

  c.run("buffer", [&] { xl::buffer<int> const b{q, 64}; });
  c.run("pinned buffer", [&] { xl::pinned_buffer<int> const b{q, 64}; });
  c.run("managed buffer", [&] { xl::managed_buffer<int> const b{q, 64}; });
  c.fails("too large a buffer", [&] { xl::buffer<char> const b{q, std::size_t{1} << 62}; });
  c.run("moved buffer", [&] {
    xl::buffer<int> b{q, 64};
    b = xl::buffer<int>{q, 32};
  });
  xl::buffer<int> a{q, 64}, b{q, 64}, remote{there, 64};
  xl::managed_buffer<int> managed{q, 64};
  c.run("registration", [&] { xl::host_registration<int> const registered{q, values}; });
  c.run("copy to the device", [&] { xl::copy(q, values, a); });
  c.run("copy on the device", [&] { xl::copy(q, a, b); });
  c.run("copy from the device", [&] { xl::copy(q, a, result); });
  there.synchronize();
  c.run("copy between devices", [&] { xl::copy(q, a, remote); });
  c.fails("copy of other sizes", [&] { xl::copy(q, a, xl::span<int>{b.data(), 3}); });
  c.run("copy_2d", [&] { xl::copy_2d(q, xl::rows{a, 8, 4, 8}, xl::rows{b, 8, 4, 8}); });
  c.fails("copy_2d out of bounds", [&] { xl::copy_2d(q, xl::rows{a, 8, 4, 80}, xl::rows{b, 8, 4, 80}); });
  c.run("make_buffer", [&] { (void)xl::make_buffer(q, values); });
  c.run("to_vector", [&] { (void)xl::to_vector(q, a); });
  c.run("fill", [&] { xl::fill(q, a, 1); });
  if (d.properties().concurrent_managed_access) {
    c.run("prefetch", [&] { xl::prefetch(q, managed); });
    c.run("advise", [&] { xl::advise(d, managed, xl::memory_advice::read_mostly); });
    c.run("unset advice", [&] { xl::unset_advice(d, managed, xl::memory_advice::read_mostly); });
  }

  c.run("launch", [&] { xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, a); });
  c.run("empty launch", [&] { xl::launch(q, {.grid = 0, .block = 64}, write_ranks{}, a); });
  c.fails("launch of too large a block", [&] { xl::launch(q, {.grid = 1, .block = 4096}, write_ranks{}, a); });
  c.fails("launch with memory of another device", [&] { xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, remote); });
  c.run("blocks per multiprocessor", [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 64}, write_ranks{}, a); });
  c.run("suggested block size", [&] { (void)xl::suggested_block_size(d, {}, write_ranks{}, a); });
  c.fails("blocks of no thread", [&] { (void)xl::blocks_per_multiprocessor(d, {.block = 0}, write_ranks{}, a); });
  if (d.properties().cooperative_launch) {
    c.run("max cooperative blocks", [&] { (void)xl::max_cooperative_blocks(d, {.block = 64}, waits_for_the_grid{}, a); });
    c.run("cooperative launch", [&] { xl::launch(q, {.grid = 1, .block = 64}, waits_for_the_grid{}, a); });
    c.fails("too large a cooperative launch", [&] { xl::launch(q, {.grid = 1 << 30, .block = 64}, waits_for_the_grid{}, a); });
  }

  c.run("for_each", [&] { xl::for_each(q, a, increment{}); });
  c.run("transform", [&] { xl::transform(q, a, b, add_one{}); });
  xl::buffer<int> sum{q, 1};
  c.run("reduce", [&] { xl::reduce(q, a, sum, xl::plus{}); });
  c.run("stream synchronize at the end", [&] { q.synchronize(); });
}

CROSSLANE_TEST(current_device, threads_have_their_own) {
  xl::device const other = next_to(d);
  calls c{other};
  std::thread{[&] {
    xl::stream const q{d};
    xl::buffer<int> out{q, 64};
    xl::launch(q, {.grid = 1, .block = 64}, write_ranks{}, out);
    q.synchronize();
    CROSSLANE_CHECK_EQ(xl::device::current().index(), 0);
  }}.join();
  c.run("another thread", [] {});
}

}  // namespace
