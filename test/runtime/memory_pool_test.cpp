// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Memory resources, pools, arenas and staging rings: what they give, and what happens when they cannot.
#include <crosslane/memory.hpp>

#include <crosslane/algorithm.hpp>
#include <crosslane/tensor.hpp>
#include <support/target.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <numeric>
#include <set>
#include <thread>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

/// Adds one `rounds` times, slowly enough that later calls of the host find the work unfinished on a GPU.
struct add_slowly {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int rounds) const {
    for (auto i : ctx.grid_stride(x.size()))
      for (int k = 0; k < rounds; ++k) x[i] += 1;
  }
};

void write(xl::stream const& q, xl::span<int> x) { xl::launch(q, {.grid = 4, .block = 64}, write_ranks{}, x); }
bool is_written(std::vector<int> const& got) {
  for (std::size_t i = 0; i < got.size() && i < 256; ++i)
    if (got[i] != int(3 * i + 1)) return false;
  return true;
}

// --- pools ---

CROSSLANE_TEST(memory_pool, gives_again_to_the_same_stream) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  std::set<int*> addresses;
  xl::buffer<int> result{q, 256};
  for (int round = 0; round < 20; ++round) {
    xl::buffer<int> b{q, 256, pool};
    CROSSLANE_CHECK_EQ(reinterpret_cast<std::uintptr_t>(b.data()) % 256, 0);
    CROSSLANE_CHECK(b.device() == d);
    addresses.insert(b.data());
    write(q, b.view());
    xl::copy(q, b, result);
  }
  CROSSLANE_CHECK(is_written(read(q, result)));
  CROSSLANE_CHECK_EQ(addresses.size(), 1);
  xl::memory_pool_statistics const s = pool.statistics();
  CROSSLANE_CHECK_EQ(s.in_use, 0);
  CROSSLANE_CHECK_EQ(s.high_water, 1024);
  CROSSLANE_CHECK_EQ(s.real_allocations, 1);
  CROSSLANE_CHECK(s.reserved >= 1024);
  CROSSLANE_CHECK_EQ(pool.trim(), 0);
  CROSSLANE_CHECK_EQ(pool.statistics().reserved, 0);
}

CROSSLANE_TEST(memory_pool, size_classes) {
  using xl::detail::size_class;
  std::size_t previous = 0;
  unsigned bin = 0;
  for (std::size_t n = 1; n < 70 * mib; n += n / 61 + 1) {
    size_class const c = size_class::of(n);
    if (c.bytes < n || c.bytes % 256 != 0 || c.bin < bin || c.bytes < previous || c.bin > size_class::last)
      return fail("the class of " + std::to_string(n) + " bytes", source_location::current());
    if (n > 2048 && (c.bytes - n) * 8 > n) return fail("too large for " + std::to_string(n) + " bytes", source_location::current());
    if (size_class::of(c.bytes).bin != c.bin || size_class::of(c.bytes).bytes != c.bytes)
      return fail("not its own class: " + std::to_string(c.bytes), source_location::current());
    previous = c.bytes;
    bin = c.bin;
  }
  xl::stream const q{d};
  xl::memory_pool pool{d};
  std::vector<xl::buffer<char>> all;
  std::set<char*> begins;
  for (std::size_t const n : {std::size_t{1}, std::size_t{256}, std::size_t{257}, std::size_t{5000}, mib + 1, 3 * mib})
    for (int i = 0; i < 3; ++i) {
      all.emplace_back(q, n, pool);
      xl::fill(q, all.back(), char(all.size()));
    }
  q.synchronize();
  for (std::size_t i = 0; i < all.size(); ++i) {
    begins.insert(all[i].data());
    std::vector<char> const got = read(q, all[i].subspan(0, all[i].size() < 300 ? all[i].size() : 300));
    for (char const c : got)
      if (c != char(i + 1)) return fail("two buffers share memory", source_location::current());
  }
  CROSSLANE_CHECK_EQ(begins.size(), all.size());
}

/// Another stream gets the memory when the first is done, not before.
CROSSLANE_TEST(memory_pool, other_streams_wait) {
  constexpr std::size_t n = 2 * mib / sizeof(int);  // a piece of its own
  xl::stream const a{d}, b{d};
  xl::memory_pool pool{d};
  std::atomic<bool> may_go{false};
  int* of_a = nullptr;
  {
    xl::buffer<int> x{a, n, pool};
    of_a = x.data();
    xl::fill(a, x, 0);
    a.host_callback([&] {
      while (!may_go) std::this_thread::yield();
    });
  }
  {
    xl::buffer<int> y{b, n, pool};
    CROSSLANE_CHECK(y.data() != of_a);
  }
  may_go = true;
  a.synchronize();
  xl::buffer<int> const first{b, n, pool}, second{b, n, pool};
  CROSSLANE_CHECK(first.data() == of_a || second.data() == of_a);
}

/// At the limit the second stream gets the memory of the first, behind an event. The host does not wait.
CROSSLANE_TEST(memory_pool, at_the_limit_a_stream_waits_for_an_event) {
  xl::stream const a{d}, b{d};
  xl::memory_pool pool{d, {.limit = 2 * mib}};
  constexpr std::size_t n = 2 * mib / sizeof(int);
  xl::buffer<int> of_a{a, n}, of_b{b, n};
  a.synchronize();
  b.synchronize();
  std::atomic<bool> may_go{false};
  {
    xl::buffer<int> x{a, n, pool};
    a.host_callback([&] {
      while (!may_go) std::this_thread::yield();
    });
    xl::fill(a, x, 1);
    xl::launch(a, {.grid = 8, .block = 64}, add_slowly{}, x, 3);
    xl::copy(a, x, of_a);
  }
  {
    xl::buffer<int> y{b, n, pool};  // the memory of x
    xl::fill(b, y, 7);
    xl::copy(b, y, of_b);
  }
  may_go = true;
  std::vector<int> const got_a = read(a, of_a), got_b = read(b, of_b);
  CROSSLANE_CHECK(got_a == std::vector<int>(n, 4));
  CROSSLANE_CHECK(got_b == std::vector<int>(n, 7));
  CROSSLANE_CHECK_EQ(pool.statistics().real_allocations, 1);
}

CROSSLANE_TEST(memory_pool, limit) {
  xl::stream const q{d};
  xl::memory_pool pool{d, {.limit = 4 * mib}};
  {
    xl::buffer<char> first{q, 2 * mib, pool}, second{q, 2 * mib, pool};
    xl::error const e = expect_error(
        xl::errc::out_of_memory,
        {"2097152 bytes of device memory on", "the memory pool has 4194304 bytes", "of which 4194304 are in use", "its limit is 4194304"},
        [&] { xl::buffer<char>{q, 2 * mib, pool}; });
    xl::fill(q, first, 'a');
    xl::fill(q, second, 'b');
    CROSSLANE_CHECK_EQ(read(q, first.subspan(5, 1))[0], 'a');
  }
  xl::buffer<char> const larger{q, 4 * mib, pool};  // the two are given back first
  CROSSLANE_CHECK_EQ(pool.statistics().reserved, 4 * mib);
  CROSSLANE_CHECK_EQ(pool.statistics().high_water, 4 * mib);
  expect_usable(d);
}

/// More than the device has: one error, and the pool goes on.
CROSSLANE_TEST(memory_pool, out_of_memory) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  xl::buffer<int> b{q, 256, pool};
  write(q, b.view());
  {
    xl::buffer<char> const unused{q, 5 * mib, pool};
  }
  std::size_t const too_much = (std::size_t{1} << 62);
  xl::error const e = expect_error(xl::errc::out_of_memory, {"4611686018427387904 bytes of device memory on", "the memory pool has"},
                                   [&] { xl::buffer<char>{q, too_much, pool}; });
  for (std::size_t const bytes : {~std::size_t{0}, (std::size_t{1} << 63)})
    expect_error(xl::errc::limit_exceeded, {"allocate: " + std::to_string(bytes) + " bytes", "the limit is 2^63 - 1"},
                 [&] { (void)pool.allocate(q, bytes); });
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, 1024);
  CROSSLANE_CHECK(pool.statistics().reserved < 5 * mib);  // what nothing used was given back first
  CROSSLANE_CHECK(is_written(read(q, b)));
  xl::buffer<int> const again{q, 1000000, pool};
  expect_usable(d);
}

CROSSLANE_TEST(memory_pool, foreign_memory_and_double_return) {
  xl::stream const q{d};
  xl::memory_pool pool{d}, other{d};
  void* const p = pool.allocate(q, 1000);
  void* const foreign = other.allocate(q, 1000);
  auto const code = xl::errc::invalid_argument;
  auto const returns = [&](void* wrong, char const* why) {
    xl::error const e = error_of([&] { pool.deallocate(q, wrong, 1000); });
    CROSSLANE_CHECK(e.code() == code && contains(e.what(), why));
  };
  returns(foreign, "this pool did not give it");
  returns(static_cast<char*>(p) + 256, "this pool did not give it");
  returns(&pool, "this pool did not give it");
  pool.deallocate(q, p, 1000);
  returns(p, "it was returned before");
  pool.deallocate(q, nullptr, 0);
  other.deallocate(q, foreign, 1000);
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, 0);
  CROSSLANE_CHECK(pool.allocate(q, 0) == nullptr);
  CROSSLANE_CHECK(pool.allocate(q, 1000) == p);
  pool.deallocate(q, p, 1000);
  if (xl::device::count() > 1) {
    xl::stream const elsewhere{xl::device{1 - d.index()}};
    expect_error(code, {"the memory resource is of", "the stream is of device"}, [&] { (void)pool.allocate(elsewhere, 8); });
  }
}

CROSSLANE_TEST(memory_pool, release_threshold) {
  xl::stream const q{d};
  xl::memory_pool pool{d, {.release_threshold = 0}};
  {
    xl::buffer<char> const b{q, 4 * mib, pool};
  }
  q.synchronize();
  CROSSLANE_CHECK_EQ(pool.statistics().reserved, 4 * mib);
  xl::buffer<int> const b{q, 10, pool};
  CROSSLANE_CHECK(pool.statistics().reserved < 4 * mib);
}

CROSSLANE_TEST(memory_pool, threads) {
  xl::memory_pool pool{d};
  std::atomic<int> wrong{0};
  auto const work = [&](unsigned seed) {
    try {
      xl::stream const q{d};
      xl::pinned_buffer<int> result{q, 256};
      for (int round = 0; round < (CROSSLANE_CONFIG_ACCESS_CHECKS ? 5 : 30); ++round) {
        xl::buffer<int> a{q, 256, pool}, b{q, 256 + (seed = seed * 1103515245 + 12345) / 65536 % 5000, pool};
        write(q, a.view());
        xl::fill(q, b, 0);
        xl::copy(q, a, result);
        a = {};
        xl::buffer<int> const c{q, 256, pool};
        q.synchronize();
        for (std::size_t i = 0; i < 256; ++i)
          if (result[i] != int(3 * i + 1)) ++wrong;
      }
    } catch (...) {
      ++wrong;
    }
  };
  std::thread one{work, 1u}, two{work, 2u}, three{work, 3u};
  for (int i = 0; i < 3; ++i) (void)pool.trim();
  one.join();
  two.join();
  three.join();
  CROSSLANE_CHECK_EQ(wrong.load(), 0);
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, 0);
  CROSSLANE_CHECK_EQ(pool.trim(), 0);
}

/// Buffers return memory while its work is queued, their streams end, and then the pool ends.
CROSSLANE_TEST(memory_pool, ends_while_work_is_queued) {
  xl::stream const other{d};
  xl::buffer<int> result{other, 1000};
  other.synchronize();
  {
    xl::memory_pool pool{d};
    {
      xl::stream const q{d};
      xl::buffer<int> x{q, 1000, pool};
      xl::fill(q, x, 0);
      xl::launch(q, {.grid = 8, .block = 64}, add_slowly{}, x, 100);
      xl::copy(q, x, result);
    }
    xl::stream const next{d};  // may get the address or the handle of the ended stream
    xl::buffer<int> y{next, 1000, pool};
    xl::fill(next, y, -1);
    y = {};
  }
  d.synchronize();
  CROSSLANE_CHECK_SAME(read(other, result), std::vector<int>(1000, 100));
}

CROSSLANE_TEST(memory_pool, streams_of_the_vendor) {
  xl::stream const owner{d};
  xl::stream_ref const q = xl::stream_ref::from_native(owner.native(), d);
  xl::memory_pool pool{d};
  xl::buffer<int> result{owner, 256};
  for (int round = 0; round < 5; ++round) {
    xl::buffer<int> b{q, 256, pool};
    write(owner, b.view());
    xl::copy(q, b, result);
  }
  CROSSLANE_CHECK(is_written(read(owner, result)));
}

/// The host may use pinned memory at once, so it is not given while a stream uses it.
CROSSLANE_TEST(memory_pool, pinned) {
  constexpr std::size_t n = 2 * mib / sizeof(int);  // a piece of its own
  xl::stream const q{d};
  xl::pinned_memory_pool pool{d};
  std::atomic<bool> may_go{false};
  int* first = nullptr;
  xl::buffer<int> to{q, n};
  {
    xl::pinned_buffer<int> b{q, n, pool};
    first = b.data();
    for (int& x : b) x = 5;
    q.host_callback([&] {
      while (!may_go) std::this_thread::yield();
    });
    xl::copy(q, b, to);
  }
  xl::pinned_buffer<int> next{q, n, pool};
  CROSSLANE_CHECK(next.data() != first);
  for (int& x : next) x = 6;
  may_go = true;
  CROSSLANE_CHECK_SAME(read(q, to), std::vector<int>(n, 5));
}

/// On AMD, buffers without a resource come from a pool, unless CROSSLANE_MEMORY_POOL is 0.
CROSSLANE_TEST(memory_pool, of_buffers_without_a_resource) {
  xl::stream const q{d};
  xl::buffer<int> const b{q, 1000};
  if constexpr (xl::detail::has_default_pool<xl::default_backend>) {
    auto* const pool = xl::detail::default_pools<xl::default_backend>::of(d.index());
    if (pool == nullptr) skip("CROSSLANE_MEMORY_POOL is 0");
    CROSSLANE_CHECK(pool->block_of(b.data()).begin != nullptr);
    CROSSLANE_CHECK(pool->statistics().in_use >= 4000);
  }
}

// --- what takes a resource ---

/// The first call takes memory from a pool, the others throw what is not a crosslane::error.
class stingy final : public xl::memory_resource {
 public:
  explicit stingy(xl::memory_pool& from, int calls) : xl::memory_resource{from.device()}, from_{&from}, left_{calls} {}
  int given = 0;

 private:
  void* do_allocate(xl::stream_ref q, std::size_t bytes, xl::source_location where) override {
    if (left_ == 0) throw std::bad_alloc{};
    --left_;
    ++given;
    return from_->allocate(q, bytes, where);
  }
  void do_deallocate(xl::stream_ref q, void* p, std::size_t bytes) override {
    --given;
    from_->deallocate(q, p, bytes);
  }
  xl::memory_pool* from_;
  int left_;
};

template <class E, class F>
bool throws(F const& f) {
  try {
    f();
  } catch (E const&) {
    return true;
  }
  return false;
}

CROSSLANE_TEST(memory_resource, that_throws) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  {
    stingy few{pool, 1};
    xl::buffer<int> b{q, 256, few};
    CROSSLANE_CHECK(throws<std::bad_alloc>([&] { xl::buffer<int>{q, 256, few}; }));
    write(q, b.view());
    CROSSLANE_CHECK(is_written(read(q, b)));
    CROSSLANE_CHECK_EQ(few.given, 1);
    b = {};
    CROSSLANE_CHECK_EQ(few.given, 0);
  }
  {
    stingy none{pool, 0};
    CROSSLANE_CHECK(throws<std::bad_alloc>([&] { xl::tensor<float, xl::nchw>{q, {1, 2, 3, 4}, none}; }));
    std::vector<int> const values(100000, 1);
    xl::buffer<int> const in = xl::make_buffer(q, values);
    CROSSLANE_CHECK(throws<std::bad_alloc>([&] { (void)xl::reduce(q, in, xl::plus{}, {.workspace = none}); }));
    CROSSLANE_CHECK(throws<std::bad_alloc>([&] { xl::workspace{q, 5, none}; }));
    q.synchronize();  // before the values end
  }
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, 0);
  expect_usable(d);
}

/// Returns memory that is not aligned, none, or throws when memory is returned.
class strange final : public xl::memory_resource {
 public:
  enum what { nothing, misaligned, throws_at_return, correct };
  strange(xl::memory_pool& from, what kind) : xl::memory_resource{from.device()}, from_{&from}, kind_{kind} {}

 private:
  void* do_allocate(xl::stream_ref q, std::size_t bytes, xl::source_location where) override {
    if (kind_ == nothing) return nullptr;
    return static_cast<char*>(from_->allocate(q, bytes, where)) + (kind_ == misaligned ? 16 : 0);
  }
  void do_deallocate(xl::stream_ref q, void* p, std::size_t bytes) override {
    if (xl::device::current() != device()) fail_and_end("another device is current", xl::source_location::current());
    from_->deallocate(q, static_cast<char*>(p) - (kind_ == misaligned ? 16 : 0), bytes);
    if (kind_ == throws_at_return) throw std::bad_alloc{};
  }
  xl::memory_pool* from_;
  what kind_;
};

CROSSLANE_TEST(memory_resource, that_breaks_its_contract) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  strange none{pool, strange::nothing}, askew{pool, strange::misaligned}, late{pool, strange::throws_at_return};
  expect_error(xl::errc::out_of_memory, {"the memory resource has no 400 bytes"}, [&] { xl::buffer<int>{q, 100, none}; });
  expect_error(xl::errc::misaligned, {"the memory resource returned", "not a multiple of 256"}, [&] { xl::buffer<int>{q, 100, askew}; });
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, 0);
  {
    xl::buffer<int> const b{q, 100, late};
  }
  CROSSLANE_CHECK(throws<std::bad_alloc>([&] { q.synchronize(); }));
  if (xl::device::count() > 1) {
    xl::memory_pool own{d};
    strange plain{own, strange::correct};
    void* const p = plain.allocate(q, 100);
    xl::device const other{1 - d.index()};
    other.select();
    plain.deallocate(q, p, 100);
    CROSSLANE_CHECK(xl::device::current() == other);
    d.select();
  }
  expect_usable(d);
}

CROSSLANE_TEST(memory_resource, of_tensors_and_algorithms) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  std::vector<unsigned> values(50000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = unsigned(i * 2654435761u % 100003);
  xl::buffer<unsigned> const in = xl::make_buffer(q, values);
  xl::buffer<unsigned> sorted{q, in.size(), pool}, sums{q, in.size()};
  std::uint64_t const before = pool.statistics().in_use;
  xl::radix_sort(q, in, sorted, {.workspace = pool});
  xl::inclusive_scan(q, in, sums, xl::plus{}, {.workspace = pool});
  unsigned const total = xl::reduce(q, in, xl::plus{}, {.workspace = pool});
  CROSSLANE_CHECK_EQ(pool.statistics().in_use, before);
  CROSSLANE_CHECK(pool.statistics().high_water > before);
  CROSSLANE_CHECK_EQ(total, std::accumulate(values.begin(), values.end(), 0u));
  CROSSLANE_CHECK_EQ(read(q, sums.subspan(in.size() - 1, 1))[0], total);
  std::vector<unsigned> const got = read(q, sorted);
  CROSSLANE_CHECK(std::is_sorted(got.begin(), got.end()));

  xl::workspace const memory{q, xl::workspace_size([&](auto const& o) { xl::radix_sort(q, in, sorted, o); }), pool};
  xl::radix_sort(q, in, sorted, {.workspace = memory});
  xl::tensor<float, xl::nhwc> t{q, {1, 3, 5, 7}, pool};
  xl::fill(q, t, 2.5f);
  CROSSLANE_CHECK_EQ(read(q, t.storage())[104], 2.5f);
}

// --- arenas ---

CROSSLANE_TEST(arena, one_step_after_another) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  xl::arena scratch{q, 3000, pool};
  CROSSLANE_CHECK_EQ(scratch.size_bytes(), 3072);
  xl::buffer<int> result{q, 256};
  int* first = nullptr;
  for (int step = 0; step < 5; ++step) {
    xl::span<int> const a = scratch.take<int>(256);
    xl::span<char> const b = scratch.take<char>(1);
    if (step == 0) first = a.data();
    CROSSLANE_CHECK(a.data() == first);
    CROSSLANE_CHECK_EQ(reinterpret_cast<std::uintptr_t>(b.data()) % 256, 0);
    CROSSLANE_CHECK_EQ(scratch.used(), 1024 + 256);
    write(q, a);
    xl::fill(q, b, 'x');
    xl::copy(q, a, result);
    scratch.reset();
  }
  CROSSLANE_CHECK(is_written(read(q, result)));
  CROSSLANE_CHECK_EQ(scratch.high_water(), 1280);
  CROSSLANE_CHECK_EQ(scratch.used(), 0);
  CROSSLANE_CHECK(scratch.take<int>(0).empty());
}

CROSSLANE_TEST(arena, errors) {
  xl::stream const q{d}, other{d};
  xl::arena scratch{q, 2048};
  (void)scratch.take<char>(1000);
  expect_error(xl::errc::out_of_memory, {"arena of 2048 bytes", "1025 bytes are asked for, 1024 are left"},
               [&] { (void)scratch.take<char>(1025); });
  expect_error(xl::errc::limit_exceeded, {"2^63 - 1 bytes"}, [&] { (void)scratch.take<int>(std::size_t{1} << 62); });
  expect_error(xl::errc::invalid_argument, {"but the arena is of stream"}, [&] { (void)scratch.allocate(other, 8); });
  {
    xl::buffer<char> b{q, 1024, scratch};
    xl::fill(q, b, 'y');
    expect_error(xl::errc::invalid_call, {"arena reset: 1 buffers of"}, [&] { scratch.reset(); });
    CROSSLANE_CHECK_EQ(read(q, b)[1023], 'y');
  }
  scratch.reset();
  xl::span<char> const all = scratch.take<char>(2048);
  xl::fill(q, all, 'z');
  CROSSLANE_CHECK_EQ(read(q, all)[2047], 'z');
}

// --- staging ---

CROSSLANE_TEST(staging_ring, more_than_fits) {
  xl::stream const q{d};
  xl::staging_ring ring{q, {.slot_bytes = 1000, .slots = 3}};
  for (std::size_t const n : {std::size_t{0}, std::size_t{1}, std::size_t{250}, std::size_t{251}, std::size_t{750}, std::size_t{2777}}) {
    std::vector<int> values(n), got(n);
    std::iota(values.begin(), values.end(), 5);
    std::vector<int> const kept = values;
    xl::buffer<int> b{q, n};
    std::vector<std::size_t> steps;
    ring.upload(q, values, b, [&](std::size_t done, std::size_t all) {
      CROSSLANE_CHECK_EQ(all, 4 * n);
      steps.push_back(done);
    });
    for (int& x : values) x = -1;  // it has been read
    CROSSLANE_CHECK_EQ(steps.size(), (4 * n + 999) / 1000);
    CROSSLANE_CHECK(n == 0 || steps.back() == 4 * n);
    std::size_t last = 0;
    ring.download(q, b, got, [&](std::size_t done, std::size_t all) {
      CROSSLANE_CHECK(done > last && done <= all);
      last = done;
    });
    CROSSLANE_CHECK_EQ(last, 4 * n);
    CROSSLANE_CHECK_SAME(got, kept);
  }
}

CROSSLANE_TEST(staging_ring, errors) {
  xl::stream const q{d};
  expect_error(xl::errc::invalid_argument, {"staging ring of 1 slots of 8 bytes"},
               [&] { xl::staging_ring{q, {.slot_bytes = 8, .slots = 1}}; });
  expect_error(xl::errc::invalid_argument, {"slots of 0 bytes"}, [&] { xl::staging_ring{q, {.slot_bytes = 0}}; });
  expect_error(xl::errc::limit_exceeded, {"2^63 - 1"}, [&] { xl::staging_ring{q, {.slot_bytes = ~std::size_t{0} / 2, .slots = 2}}; });
  xl::staging_ring ring{q, {.slot_bytes = 400, .slots = 2}};
  std::vector<int> values(1000, 3), got(1000);
  xl::buffer<int> b{q, 1000}, small{q, 999};
  expect_error(xl::errc::size_mismatch, {"upload of 1000 elements to 999"}, [&] { ring.upload(q, values, small); });
  expect_error(xl::errc::size_mismatch, {"download of 999 elements to 1000"}, [&] { ring.download(q, small, got); });
  CROSSLANE_CHECK(throws<int>([&] {
    ring.upload(q, values, b, [](std::size_t done, std::size_t) {
      if (done == 800) throw 1;
    });
  }));
  ring.upload(q, values, b);
  CROSSLANE_CHECK(throws<int>([&] { ring.download(q, b, got, [](std::size_t, std::size_t) { throw 1; }); }));
  ring.download(q, b, got);
  CROSSLANE_CHECK(got == values);
  if (xl::device::count() > 1) {
    xl::stream const elsewhere{xl::device{1 - d.index()}};
    expect_error(xl::errc::invalid_argument, {"the staging ring is of"}, [&] { ring.upload(elsewhere, values, b); });
  }
}

// --- other processes ---

/// Runs in a process of its own: reads 5 from each element and writes 6.
CROSSLANE_TEST(ipc, child) {
  char const* const text = std::getenv("CROSSLANE_TEST_IPC");
  if (text == nullptr || d.index() != 0) skip("no other process has started this one");
  xl::ipc_handle handle{};
  auto* const bytes = reinterpret_cast<unsigned char*>(&handle);
  for (std::size_t i = 0; i < sizeof handle; ++i) {
    unsigned byte = 0;
    CROSSLANE_REQUIRE(std::sscanf(text + 2 * i, "%2x", &byte) == 1);
    bytes[i] = static_cast<unsigned char>(byte);
  }
  xl::stream const q{d};
  xl::ipc_memory<int> theirs{q, handle};
  CROSSLANE_CHECK_EQ(theirs.size(), 100);
  xl::ipc_memory<int> const moved{std::move(theirs)};
  CROSSLANE_CHECK_SAME(read(q, moved.view()), std::vector<int>(100, 5));
  xl::fill(q, moved.view(), 6);
}

CROSSLANE_TEST(ipc, other_process) {
  if (d.index() != 0 || std::getenv("CROSSLANE_TEST_IPC") != nullptr) skip("one process starts another");
  xl::stream const q{d};
  xl::memory_pool pool{d};
  xl::buffer<int> const before{q, 100, pool};
  xl::buffer<int> b{q, 100, pool};  // not at the beginning of its block
  xl::fill(q, b, 5);
  q.synchronize();
  xl::ipc_handle handle{};
  try {
    handle = xl::export_memory(pool, b);
  } catch (xl::error const& e) {
    if (e.code() == xl::errc::not_supported) skip(e.what());
    throw;
  }
  CROSSLANE_CHECK_EQ(handle.bytes, 400);
  std::string command = "CROSSLANE_TEST_IPC=";
  for (std::size_t i = 0; i < sizeof handle; ++i) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", reinterpret_cast<unsigned char const*>(&handle)[i]);
    command += text;
  }
  command += " '" + std::filesystem::read_symlink("/proc/self/exe").string() + "' '--gtest_filter=ipc.child/*' > /dev/null";
  CROSSLANE_CHECK_EQ(std::system(command.c_str()), 0);
  CROSSLANE_CHECK_SAME(read(q, b), std::vector<int>(100, 6));
}

CROSSLANE_TEST(ipc, refusals) {
  xl::stream const q{d};
  xl::memory_pool pool{d}, other{d};
  xl::buffer<int> const b{q, 1000, pool};
  expect_error(xl::errc::invalid_argument, {"export memory: 4000 bytes at", "are not memory of this pool"},
               [&] { (void)xl::export_memory(other, b); });
  if constexpr (host_build) {
    expect_error(xl::errc::not_supported, {"the host backend has no handles"}, [&] { (void)xl::export_memory(pool, b); });
    expect_error(xl::errc::not_supported, {"the host backend has no handles"}, [&] { xl::ipc_memory<int>{q, xl::ipc_handle{}}; });
  }
  xl::ipc_handle odd{};
  odd.bytes = 6;
  expect_error(xl::errc::size_mismatch, {"6 bytes are no multiple of 4"}, [&] { xl::ipc_memory<int>{q, odd}; });
}

}  // namespace
