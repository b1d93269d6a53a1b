// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Bad input and the texts of its errors. After each error the library must work as before.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <support/target.hpp>

#include <climits>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

std::string number(std::uint64_t n) { return show(static_cast<unsigned long long>(n)); }

// Functions for algorithms that throw before they call them.
struct add_one {
  CROSSLANE_FN int operator()(int x) const { return x + 1; }
};
struct add {
  CROSSLANE_FN int operator()(int a, int b) const { return a + b; }
};
struct increment {
  CROSSLANE_FN void operator()(int& x) const { ++x; }
};
struct ignore {
  template <class N>
  CROSSLANE_FN void operator()(N) const {}
};

// --- the error itself ---

CROSSLANE_TEST(error, fields) {
  xl::stream const q{d};
  std::size_t const bytes = std::size_t{1} << 50;
  xl::error const e = error_of([&] { xl::buffer<char> b(q, bytes); });
  unsigned const line = __LINE__ - 1;
  CROSSLANE_CHECK_EQ(e.code(), xl::errc::out_of_memory);
  CROSSLANE_CHECK_EQ(e.where().line, line);
  CROSSLANE_CHECK_EQ(std::string(e.where().file), std::string(__FILE__));
  CROSSLANE_CHECK(e.vendor().code != 0);
  CROSSLANE_CHECK_EQ(std::string(e.vendor().call), std::string("allocate"));
  CROSSLANE_CHECK(e.vendor().text[0] != 0);
  CROSSLANE_CHECK(contains(e.object(), number(bytes) + " bytes of device memory"));
  CROSSLANE_CHECK(contains(e.object(), std::string(backend::name) + " device " + number(unsigned(d.index()))));
  CROSSLANE_CHECK(contains(e.object(), "free"));
  for (std::string const& part : {std::string("out of memory: "), std::string(e.object()), std::string(e.vendor().text),
                                  number(unsigned(e.vendor().code)), std::string(__FILE__) + ":" + number(line)})
    CROSSLANE_CHECK(contains(e.what(), part));
  std::exception const& base = e;
  CROSSLANE_CHECK_EQ(std::string(base.what()), std::string(e.what()));
  expect_usable(d);
}

/// An error of a call that the library itself refuses has no vendor code.
CROSSLANE_TEST(error, without_vendor) {
  xl::error const e = error_of([&] { xl::device{-1}; });
  CROSSLANE_CHECK_EQ(e.vendor().code, 0);
  CROSSLANE_CHECK(!contains(e.what(), "returned"));
}

CROSSLANE_TEST(error, long_text_is_cut) {
  std::string const text(5000, 'x');
  xl::error const e = error_of([&] { xl::throw_error(xl::errc::vendor, xl::source_location::current(), "%s", text.c_str()); });
  std::string const what = e.what();
  CROSSLANE_CHECK(what.size() > 1000 && what.size() < 2000);
  CROSSLANE_CHECK(what.rfind("vendor error: xxx", 0) == 0);
}

CROSSLANE_TEST(error, names_of_codes) {
  std::vector<std::string> names;
  for (int i = 0; i <= int(xl::errc::vendor); ++i) names.emplace_back(to_string(xl::errc(i)));
  for (std::size_t i = 0; i < names.size(); ++i) {
    CROSSLANE_CHECK(names[i] != "unknown error");
    for (std::size_t k = 0; k < i; ++k) CROSSLANE_CHECK(names[i] != names[k]);
  }
}

/// The error of every function names the caller's line.
CROSSLANE_TEST(error, names_the_line) {
  xl::stream moved{d};
  xl::stream const q{std::move(moved)};
  xl::buffer<int> gone{q, 4};
  xl::buffer<int> b{std::move(gone)};
  xl::timed_event lost{d};
  xl::timed_event e{std::move(lost)};
  std::vector<int> v(3);
  auto const line = [](auto const& call) { return error_of(call).where().line; };
  CROSSLANE_CHECK_EQ(line([&] { xl::device{99}; }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { (void)moved.ref(); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { moved.synchronize(); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { (void)moved.query(); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { moved.wait(e); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { moved.host_callback([] {}); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::buffer<int>(q, -1); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::copy(q, v, b); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::copy(q, gone, v); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::copy_2d(q, xl::rows{b, 2, 2, 2}, xl::rows{v, 2, 2, 2}); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::fill(q, gone, 1); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::for_each(q, -1, ignore{}); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::for_each(q, gone, increment{}); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::transform(q, gone, b, add_one{}); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::launch(q, {.grid = 1}, write_ranks{}, b); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::launch(q, {.grid = 1, .block = 2000}, write_ranks{}, b); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { xl::launch(q, {.grid = 1, .block = 1}, write_ranks{}, gone); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { lost.record(q); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { lost.synchronize(); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { (void)lost.query(); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { q.wait(lost); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { (void)xl::elapsed_milliseconds(e, lost); }), __LINE__);
  CROSSLANE_CHECK_EQ(line([&] { (void)xl::cover(-1, 4); }), __LINE__);
}

// --- devices ---

CROSSLANE_TEST(bad_device, index) {
  std::string const last = number(unsigned(xl::device::count() - 1));
  expect_error(xl::errc::invalid_device, {backend::name, "-1", "0 to " + last}, [] { xl::device{-1}; });
  expect_error(xl::errc::invalid_device, {number(unsigned(xl::device::count()))}, [] { xl::device{xl::device::count()}; });
  expect_error(xl::errc::invalid_device, {}, [] { xl::device{INT_MAX}; });
  expect_usable(d);
}

// --- memory ---

CROSSLANE_TEST(bad_buffer, too_large) {
  xl::stream const q{d};
  std::uint64_t const bytes = std::uint64_t{1} << 50;
  expect_error(xl::errc::out_of_memory, {number(bytes), "device memory"}, [&] { xl::buffer<double> b(q, bytes / 8); });
  expect_error(xl::errc::out_of_memory, {number(bytes), "pinned memory"}, [&] { xl::pinned_buffer<double> b(q, bytes / 8); });
  std::size_t const more_than_there_is = d.properties().memory + 1;
  expect_error(xl::errc::out_of_memory, {number(more_than_there_is)}, [&] { xl::buffer<char> b(q, more_than_there_is); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_buffer, bytes_overflow) {
  xl::stream const q{d};
  std::uint64_t const count = ~std::uint64_t{0};
  expect_error(xl::errc::limit_exceeded, {number(count), "2^63"}, [&] { xl::buffer<char> b(q, count); });
  expect_error(xl::errc::limit_exceeded, {number(count / 4 + 2)}, [&] { xl::buffer<int> b(q, count / 4 + 2); });
  expect_error(xl::errc::limit_exceeded, {number(count / 8 + 1)}, [&] { xl::buffer<int> b(q, count / 8 + 1); });
  expect_error(xl::errc::limit_exceeded, {}, [&] { xl::pinned_buffer<double> b(q, INT64_MAX); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_buffer, negative) {
  xl::stream const q{d};
  expect_error(xl::errc::invalid_argument, {"-1"}, [&] { xl::buffer<int> b(q, -1); });
  expect_error(xl::errc::invalid_argument, {"-9223372036854775808"}, [&] { xl::buffer<int> b(q, INT64_MIN); });
  expect_usable(d);
}

/// Accesses by the host to buffers and spans.
CROSSLANE_TEST(bad_access, out_of_bounds) {
  xl::stream const q{d};
  xl::pinned_buffer<int> b{q, 10};
  xl::pinned_buffer<int> const& constant = b;
  b[9] = 1;
  auto const index = [](auto const& call) {
    xl::error const e = error_of(call);
    CROSSLANE_CHECK_EQ(e.code(), xl::errc::out_of_bounds);
    return std::string(e.what());
  };
  CROSSLANE_CHECK(contains(index([&] { b[10] = 1; }), "index 10 is outside a span of 10 elements"));
  CROSSLANE_CHECK(contains(index([&] { (void)constant[std::size_t(-1)]; }), "18446744073709551615"));
  xl::span<int> const s = b.view();
  CROSSLANE_CHECK(contains(index([&] { (void)s[11]; }), "11"));
  (void)s.subspan(10, 0);
  (void)s.subspan(3, 7);
  CROSSLANE_CHECK(contains(index([&] { (void)s.subspan(3, 8); }), "subspan of 8 elements from index 3 is outside a span of 10 elements"));
  index([&] { (void)s.subspan(11, 1); });
  index([&] { (void)s.subspan(10, 1); });
  index([&] { (void)s.subspan(1, std::size_t(-1)); });
}

// --- launches ---

struct any_dimensions {
  static constexpr int dimensions = 3;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};
struct two_dimensions {
  static constexpr int dimensions = 2;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};
struct one_dimension {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

CROSSLANE_TEST(bad_launch, block_too_large) {
  xl::stream const q{d};
  xl::device_properties const& p = d.properties();
  unsigned const most = p.max_threads_per_block;
  expect_error(xl::errc::limit_exceeded, {"one_dimension", "block.x", number(p.max_block.x + 1), number(p.max_block.x)},
               [&] { xl::launch(q, {.grid = 1, .block = p.max_block.x + 1}, one_dimension{}); });
  expect_error(xl::errc::limit_exceeded, {"any_dimensions", "block.y", number(p.max_block.y + 1), number(p.max_block.y)},
               [&] { xl::launch(q, {.grid = 1, .block = {1, p.max_block.y + 1}}, any_dimensions{}); });
  expect_error(xl::errc::limit_exceeded, {"any_dimensions", "block.z", number(p.max_block.z + 1), number(p.max_block.z)},
               [&] { xl::launch(q, {.grid = 1, .block = {1, 1, p.max_block.z + 1}}, any_dimensions{}); });
  expect_error(xl::errc::limit_exceeded, {"two_dimensions", number(2 * most), number(most)},
               [&] { xl::launch(q, {.grid = 1, .block = {2, most}}, two_dimensions{}); });
  expect_error(xl::errc::limit_exceeded, {number(most + 32)},
               [&] { xl::launch(q, {.grid = 1, .block = {most / 32 + 1, 8, 4}}, any_dimensions{}); });
  expect_error(xl::errc::limit_exceeded, {"4294967295"}, [&] { xl::launch(q, {.grid = 1, .block = -1}, one_dimension{}); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_launch, grid_too_large) {
  xl::stream const q{d};
  xl::extent3 const most = d.properties().max_grid;
  if (most.x != ~0u)
    expect_error(xl::errc::limit_exceeded, {"one_dimension", "grid.x", number(most.x + 1), number(most.x)},
                 [&] { xl::launch(q, {.grid = most.x + 1, .block = 1}, one_dimension{}); });
  if (most.y != ~0u)
    expect_error(xl::errc::limit_exceeded, {"grid.y", number(most.y + 1), number(most.y)},
                 [&] { xl::launch(q, {.grid = {1, most.y + 1}, .block = 1}, any_dimensions{}); });
  if (most.z != ~0u)
    expect_error(xl::errc::limit_exceeded, {"grid.z", number(most.z + 1), number(most.z)},
                 [&] { xl::launch(q, {.grid = {1, 1, most.z + 1}, .block = 1}, any_dimensions{}); });
  if (most.x != ~0u)
    expect_error(xl::errc::limit_exceeded, {"4294967295"}, [&] { xl::launch(q, {.grid = -1, .block = 1}, one_dimension{}); });
  std::uint64_t const threads = d.properties().max_threads_per_axis;
  if (threads < std::uint64_t{most.x} * 1024)
    expect_error(xl::errc::limit_exceeded, {"grid.x", number(threads / 1024 + 1), "1024", number(threads)},
                 [&] { xl::launch(q, {.grid = unsigned(threads / 1024 + 1), .block = 1024}, one_dimension{}); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_launch, grid_of_elements_too_large) {
  std::uint64_t const most = 0x7fffffff;
  expect_error(xl::errc::limit_exceeded, {number(most * 256 + 1), number(most + 1), number(most)},
               [&] { (void)xl::cover(most * 256 + 1, 256); });
  expect_error(xl::errc::invalid_argument, {"-5"}, [] { (void)xl::cover(-5, 256); });
  expect_error(xl::errc::invalid_argument, {"the block has 0 elements"}, [] { (void)xl::cover(5, 0); });
  expect_error(xl::errc::invalid_argument, {}, [] { (void)xl::cover({5, 5, 5}, {1, 0, 1}); });
}

template <unsigned Bytes>
struct with_struct {
  struct shared {
    unsigned words[Bytes / 4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<unsigned> out) const {
    s.words[ctx.thread_rank()] = ctx.thread_rank();
    ctx.sync_block();
    if (ctx.thread_rank() < out.size()) out[ctx.thread_rank()] = s.words[ctx.thread_rank()];
  }
};

CROSSLANE_TEST(bad_launch, too_much_shared_memory) {
  xl::stream const q{d};
  std::size_t const limit = d.properties().shared_per_block_optin;
  xl::span<unsigned> const nothing;
  expect_error(xl::errc::limit_exceeded, {"one_dimension", number(limit + 1), number(limit)},
               [&] { xl::launch(q, {.grid = 1, .block = 32, .dynamic_shared = limit + 1}, one_dimension{}); });
  expect_error(xl::errc::limit_exceeded, {number(~std::size_t{0})},
               [&] { xl::launch(q, {.grid = 1, .block = 32, .dynamic_shared = ~std::size_t{0}}, one_dimension{}); });
  expect_error(xl::errc::limit_exceeded, {"4096", number(limit - 4095), number(limit)},
               [&] { xl::launch(q, {.grid = 1, .block = 32, .dynamic_shared = limit - 4095}, with_struct<4096>{}, nothing); });
  if (limit < 160 * 1024)
    expect_error(xl::errc::limit_exceeded, {"163840", number(limit)},
                 [&] { xl::launch(q, {.grid = 1, .block = 32}, with_struct<160 * 1024>{}, nothing); });
  // a struct so large that it takes the dynamic memory leaves none
  constexpr unsigned large = 60 * 1024;
  if (large > backend::max_static_shared_bytes)
    expect_error(xl::errc::limit_exceeded, {number(large), "16 bytes"},
                 [&] { xl::launch(q, {.grid = 1, .block = 32, .dynamic_shared = 16}, with_struct<large>{}, nothing); });
  expect_usable(d);
}

/// A backend whose shared structs above 48 KiB are dynamic.
struct few_static_bytes : backend {
  static constexpr std::size_t max_static_shared_bytes = 48 * 1024, max_shared_bytes = 227 * 1024;
};
struct aligned_struct {
  struct alignas(1024) shared {
    char bytes[227 * 1024];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, shared&) const {}
};
CROSSLANE_TEST_ONCE(bad_launch, alignment_of_a_dynamic_struct) {
  xl::device_properties p{};
  p.wave_size = 32;
  p.max_threads_per_block = 1024;
  p.max_block = p.max_grid = {1024, 1024, 64};
  p.shared_per_block_optin = 227 * 1024;
  xl::detail::launch_geometry const g{1, 32, 0, source_location::current()};
  bool launched = false;
  auto const launch = [&] { xl::detail::with_instance<few_static_bytes, aligned_struct>(0, p, g, [&](auto) { launched = true; }); };
  expect_error(xl::errc::limit_exceeded, {"aligned_struct", number(227 * 1024 + 1008), number(227 * 1024)}, launch);
  CROSSLANE_CHECK(!launched);
  p.shared_per_block_optin += 1008;
  launch();
  CROSSLANE_CHECK(launched);
}

struct states_bounds {
  static constexpr int max_threads = 64;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};
struct fixes_block {
  static constexpr auto block = xl::block_size<16, 8>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};

/// Keeps more values than 64 registers hold and states no block size, so that NVIDIA's compiler does not limit its registers.
struct many_registers {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x) const {
    constexpr int n = 96;
    float v[n];
    for (int i = 0; i < n; ++i) v[i] = x[i] + float(ctx.thread_rank());
    for (int round = 0; round < 4; ++round)
      for (int i = 0; i < n; ++i) v[i] = v[i] * v[(i + 7) % n] + x[round];
    float sum = 0;
    for (float f : v) sum += f;
    if (sum == 0.5f) x[0] = sum;
  }
};
CROSSLANE_TEST(bad_launch, too_many_registers) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 96};
  xl::fill(q, x, 0.0f);
  try {
    xl::launch(q, {.grid = 1, .block = 1024}, many_registers{}, x);
    q.synchronize();
    // Other backends limit the registers, or have no registers.
    CROSSLANE_CHECK(std::string(backend::name) != "cuda");
  } catch (xl::error const& e) {
    CROSSLANE_CHECK_EQ(e.code(), xl::errc::limit_exceeded);
    CROSSLANE_CHECK(contains(e.what(), "many_registers"));
    CROSSLANE_CHECK(contains(e.what(), "more registers than a block of 1024 threads can have"));
  }
  expect_usable(d);
}

CROSSLANE_TEST(bad_launch, not_what_the_kernel_states) {
  xl::stream const q{d};
  expect_error(xl::errc::limit_exceeded, {"states_bounds", "65", "64"}, [&] { xl::launch(q, {.grid = 1, .block = 65}, states_bounds{}); });
  xl::launch(q, {.grid = 1, .block = 64}, states_bounds{});
  expect_error(xl::errc::invalid_argument, {"fixes_block", "(8, 16, 1)", "(16, 8, 1)"},
               [&] { xl::launch(q, {.grid = 1, .block = {8, 16}}, fixes_block{}); });
  expect_error(xl::errc::invalid_argument, {"(128, 1, 1)", "(16, 8, 1)"}, [&] { xl::launch(q, {.grid = 1, .block = 128}, fixes_block{}); });
  xl::launch(q, {.grid = {2, 2}, .block = {16, 8}}, fixes_block{});
  expect_error(xl::errc::invalid_argument, {"one_dimension", "no block size"}, [&] { xl::launch(q, {.grid = 1}, one_dimension{}); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_launch, more_dimensions_than_the_kernel_has) {
  xl::stream const q{d};
  std::string const two = "static constexpr int dimensions = 2;", three = "static constexpr int dimensions = 3;";
  expect_error(xl::errc::invalid_argument, {"one_dimension", two}, [&] { xl::launch(q, {.grid = {2, 2}, .block = 32}, one_dimension{}); });
  expect_error(xl::errc::invalid_argument, {"one_dimension", two}, [&] { xl::launch(q, {.grid = 2, .block = {8, 8}}, one_dimension{}); });
  expect_error(xl::errc::invalid_argument, {"one_dimension", three},
               [&] { xl::launch(q, {.grid = {2, 1, 2}, .block = 8}, one_dimension{}); });
  expect_error(xl::errc::invalid_argument, {"two_dimensions", three},
               [&] { xl::launch(q, {.grid = 1, .block = {2, 2, 2}}, two_dimensions{}); });
  expect_error(xl::errc::invalid_argument, {"fixes_block", three}, [&] { xl::launch(q, {.grid = {1, 1, 2}}, fixes_block{}); });
  expect_usable(d);
}

// --- callbacks ---

/// The library refuses calls in a callback before it calls a GPU's runtime, which refuses them or waits forever.
CROSSLANE_TEST(in_a_callback, every_call_is_refused) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> b{other, 8};
  xl::buffer<int> in{other, 8};
  xl::timed_event e{d};
  e.record(other);
  std::vector<int> v(8);
  other.synchronize();
  std::vector<std::string> wrong;
  auto const refused = [&](std::string const& call, auto const& f) {
    try {
      f();
      wrong.push_back(call + ": nothing thrown");
    } catch (xl::error const& error) {
      if (error.code() != xl::errc::invalid_call || !contains(error.what(), call + " in a host callback of " + backend::name + " device"))
        wrong.push_back(call + ": " + error.what());
    }
  };
  q.host_callback([&] {
    refused("stream synchronize", [&] { q.synchronize(); });  // would wait for itself
    refused("stream synchronize", [&] { other.synchronize(); });
    refused("stream query", [&] { (void)other.query(); });
    refused("stream wait event", [&] { other.wait(e); });
    refused("host callback", [&] { other.host_callback([] {}); });
    refused("stream create", [&] { xl::stream{d}; });
    refused("event create", [&] { xl::event{d}; });
    refused("event record", [&] { e.record(other); });
    refused("event synchronize", [&] { e.synchronize(); });
    refused("event query", [&] { (void)e.query(); });
    refused("event elapsed", [&] { (void)xl::elapsed_milliseconds(e, e); });
    refused("device", [&] { xl::device{0}; });
    refused("device", [&] { (void)xl::device::current(); });
    refused("device synchronize", [&] { d.synchronize(); });
    refused("free memory", [&] { (void)d.free_memory(); });
    refused("select device", [&] { d.select(); });
    refused("select device", [&] { xl::device::guard{d}; });
    refused("allocate", [&] { xl::buffer<int>(other, 4); });
    refused("copy", [&] { xl::copy(other, v, b); });
    refused("copy_2d", [&] { xl::copy_2d(other, xl::rows{v, 2, 2, 2}, xl::rows{b, 2, 2, 2}); });
    refused("fill", [&] { xl::fill(other, b, 0); });
    refused("launch", [&] { xl::fill(other, b, 3); });
    refused("launch", [&] { xl::for_each(other, 8, ignore{}); });
    refused("launch", [&] { xl::transform(other, in, b, add_one{}); });
    refused("launch", [&] { xl::launch(other, {.grid = 1, .block = 8}, write_ranks{}, b); });
  });
  q.synchronize();
  for (std::string const& text : wrong) fail(text, xl::source_location::current());
  expect_usable(d);
}

/// The error surfaces like any exception of a callback.
CROSSLANE_TEST(in_a_callback, refusal_surfaces) {
  xl::stream const q{d};
  q.host_callback([&] { q.synchronize(); });
  expect_error(xl::errc::invalid_call, {"stream synchronize", "host callback"}, [&] { q.synchronize(); });
  q.synchronize();
  expect_usable(d);
}

/// A destructor cannot throw, so the error becomes an error of the stream.
CROSSLANE_TEST(in_a_callback, what_it_owns) {
  if constexpr (!host_build) {
    skip("memory that a GPU's callback lets go of may be lost");
  } else {
    xl::stream const q{d};
    q.host_callback([owned = xl::event{d}] {});
    expect_error(xl::errc::invalid_call, {"the end of an event"}, [&] { q.synchronize(); });
    q.host_callback([owned = xl::stream{d}] {});
    expect_error(xl::errc::invalid_call, {"the end of a stream"}, [&] { q.synchronize(); });
    q.host_callback([owned = xl::pinned_buffer<int>{q, 4}] {});
    expect_error(xl::errc::invalid_call, {"the end of a buffer"}, [&] { q.synchronize(); });
    expect_usable(d);
  }
}

// --- memory of two sides ---

CROSSLANE_TEST(memory_of_two_sides, overlaps) {
  xl::stream const q{d};
  xl::buffer<int> b{q, 64};
  xl::fill(q, b, 1);
  auto const part = [&](std::size_t first, std::size_t n) { return b.view().subspan(first, n); };
  expect_error(xl::errc::invalid_argument, {"copy", "64 bytes", "overlaps"}, [&] { xl::copy(q, part(0, 16), part(15, 16)); });
  expect_error(xl::errc::invalid_argument, {"copy", "overlaps"}, [&] { xl::copy(q, part(15, 16), part(0, 16)); });
  expect_error(xl::errc::invalid_argument, {"copy", "overlaps"}, [&] { xl::copy(q, part(0, 16), part(0, 16)); });
  xl::copy(q, part(0, 16), part(16, 16));
  xl::copy(q, part(16, 16), part(0, 16));
  expect_error(xl::errc::invalid_argument, {"transform", "overlaps"}, [&] { xl::transform(q, part(0, 16), part(1, 16), add_one{}); });
  xl::transform(q, part(0, 16), part(0, 16), add_one{});
  xl::transform(q, part(0, 16), part(16, 16), add_one{});
  // The left and the right half of an image of 8 x 8.
  xl::copy_2d(q, xl::rows{part(0, 60), 8, 4, 8}, xl::rows{part(4, 60), 8, 4, 8});
  expect_error(xl::errc::invalid_argument, {"copy_2d", "row 0 of the destination", "row 0 of the source"},
               [&] { xl::copy_2d(q, xl::rows{part(0, 61), 8, 5, 8}, xl::rows{part(3, 61), 8, 5, 8}); });
  // Rows 3 apart meet rows 8 apart later on.
  expect_error(xl::errc::invalid_argument, {"copy_2d", "row 2 of the destination", "row 1 of the source"},
               [&] { xl::copy_2d(q, xl::rows{part(0, 64), 8, 1, 4}, xl::rows{part(2, 62), 3, 1, 4}); });
  expect_usable(d);
}

/// Compares with a test of every pair of rows.
CROSSLANE_TEST_ONCE(memory_of_two_sides, rows) {
  static char bytes[256];
  for (std::size_t from_pitch = 2; from_pitch < 9; ++from_pitch)
    for (std::size_t to_pitch = 2; to_pitch < 9; ++to_pitch)
      for (std::size_t width = 1; width <= (from_pitch < to_pitch ? from_pitch : to_pitch); ++width)
        for (int shift = -70; shift <= 70; ++shift) {
          char const* const from = bytes + 80;
          char const* const to = from + shift;
          bool expected = false, found = false;
          for (std::size_t i = 0; i < 7; ++i)
            for (std::size_t j = 0; j < 7; ++j) {
              long long const apart = (to + j * to_pitch) - (from + i * from_pitch);
              expected = expected || (apart < (long long)width && -apart < (long long)width);
            }
          try {
            xl::detail::require_rows_apart(to, to_pitch, from, from_pitch, width, 7, xl::source_location::current());
          } catch (xl::error const&) {
            found = true;
          }
          CROSSLANE_CHECK_EQ(found, expected);
        }
}

CROSSLANE_TEST_ONCE(memory_of_two_sides, another_device) {
  if (xl::device::count() < 2) {
    skip("one device");
    return;
  }
  xl::device const other{1};
  xl::stream const q{xl::device{0}}, q1{other};
  xl::buffer<int> b{q, 8}, c{q1, 8}, c2{q1, 8};
  xl::fill(q, b, 1);
  q.synchronize();
  std::initializer_list<std::string> const words{"argument 1", "device 0", "stream is of device 1", "enable_peer_access()"};
  expect_error(xl::errc::invalid_argument, words, [&] { xl::launch(q1, {.grid = 1, .block = 8}, write_ranks{}, b); });
  expect_error(xl::errc::invalid_argument, words, [&] { xl::fill(q1, b, 3); });
  expect_error(xl::errc::invalid_argument, words, [&] { xl::for_each(q1, b, increment{}); });
  expect_error(xl::errc::invalid_argument, words, [&] { xl::transform(q1, b, c, add_one{}); });
  expect_error(xl::errc::invalid_argument, {"argument 2", "device 0"}, [&] { xl::transform(q1, c, b, add_one{}); });
  xl::copy(q1, b, c);  // between devices is what copies are for
  xl::transform(q1, c, c2, add_one{});
  std::vector<int> v(8);
  xl::copy(q1, c2, v);
  q1.synchronize();
  CROSSLANE_CHECK_EQ(v[7], 2);
}

CROSSLANE_TEST_ONCE(memory_of_two_sides, events_of_another_device) {
  if (xl::device::count() < 2) {
    skip("one device");
    return;
  }
  xl::stream const q{xl::device{0}}, q1{xl::device{1}};
  xl::timed_event e{xl::device{0}}, e1{xl::device{1}};
  expect_error(xl::errc::invalid_argument, {"event record", "event is of device 0", "stream is of device 1"}, [&] { e.record(q1); });
  e.record(q);
  e1.record(q1);
  q1.wait(e);  // allowed
  q.synchronize();
  q1.synchronize();
  expect_error(xl::errc::invalid_argument, {"event elapsed", "devices 0 and 1"}, [&] { (void)xl::elapsed_milliseconds(e, e1); });
}

// --- moved-from objects ---

// A function: nvcc 13 crashes on a generic lambda with the caller's place as default argument.
template <class F>
void refused(char const* kind, F const& call, source_location where = source_location::current()) {
  expect_error(xl::errc::invalid_handle, {kind, "moved from"}, call, where);
}

CROSSLANE_TEST(moved_from, stream) {
  xl::stream moved{d};
  xl::stream const q{std::move(moved)};
  xl::event e{d};
  xl::buffer<int> b{q, 8};
  std::vector<int> v(8);
  refused("stream", [&] { (void)moved.ref(); });
  refused("stream", [&] { (void)moved.native(); });
  refused("stream", [&] { (void)moved.device(); });
  refused("stream", [&] { (void)moved.properties(); });
  refused("stream", [&] { moved.synchronize(); });
  refused("stream", [&] { (void)moved.query(); });
  refused("stream", [&] { moved.wait(e); });
  refused("stream", [&] { moved.host_callback([] {}); });
  refused("stream", [&] { e.record(moved); });
  refused("stream", [&] { xl::buffer<int>(moved, 8); });
  refused("stream", [&] { xl::copy(moved, v, b); });
  refused("stream", [&] { xl::copy_2d(moved, xl::rows{v, 4, 4, 2}, xl::rows{b, 4, 4, 2}); });
  refused("stream", [&] { xl::fill(moved, b, 1); });
  refused("stream", [&] { xl::for_each(moved, 8, ignore{}); });
  refused("stream", [&] { xl::launch(moved, {.grid = 1, .block = 8}, write_ranks{}, b); });
  expect_usable(d);
}

CROSSLANE_TEST(moved_from, buffer) {
  xl::stream const q{d};
  xl::buffer<int> moved{q, 8};
  xl::buffer<int> b{std::move(moved)};
  std::vector<int> v(8), none;
  refused("buffer", [&] { xl::copy(q, moved, v); });
  refused("buffer", [&] { xl::copy(q, v, moved); });
  refused("buffer", [&] { xl::copy(q, none, moved); });
  refused("buffer", [&] { xl::fill(q, moved, 1); });
  refused("buffer", [&] { xl::for_each(q, moved, increment{}); });
  refused("buffer", [&] { xl::transform(q, moved, b, add_one{}); });
  refused("buffer", [&] { xl::transform(q, b, moved, add_one{}); });
  refused("buffer", [&] { xl::launch(q, {.grid = 1, .block = 8}, write_ranks{}, moved); });
  xl::buffer<int> also = std::move(moved);  // stays what it is
  refused("buffer", [&] { xl::fill(q, also, 1); });
  expect_usable(d);
}

/// Rows of a moved-from buffer are an error, rows of an empty buffer are not.
CROSSLANE_TEST(moved_from, rows) {
  xl::stream const q{d};
  xl::buffer<int> moved{q, 8};
  xl::buffer<int> b{std::move(moved)};
  xl::error const e = error_of([&] { xl::copy_2d(q, xl::rows{moved, 4, 4, 2}, xl::rows{b, 4, 4, 2}); });
  CROSSLANE_CHECK(e.code() == xl::errc::invalid_handle || e.code() == xl::errc::out_of_bounds);
  expect_usable(d);
}

CROSSLANE_TEST(moved_from, event) {
  xl::stream const q{d};
  xl::timed_event moved{d};
  xl::timed_event e{std::move(moved)};
  refused("event", [&] { moved.record(q); });
  refused("event", [&] { moved.synchronize(); });
  refused("event", [&] { (void)moved.query(); });
  refused("event", [&] { q.wait(moved); });
  refused("event", [&] { (void)xl::elapsed_milliseconds(moved, e); });
  refused("event", [&] { (void)xl::elapsed_milliseconds(e, moved); });
  expect_usable(d);
}

CROSSLANE_TEST(bad_event, elapsed_without_a_record) {
  xl::stream const q{d};
  xl::timed_event a{d}, b{d};
  xl::error const e = error_of([&] { (void)xl::elapsed_milliseconds(a, b); });
  CROSSLANE_CHECK(e.vendor().code != 0);
  CROSSLANE_CHECK(contains(e.what(), "must both be recorded"));
  a.record(q);
  q.synchronize();
  (void)error_of([&] { (void)xl::elapsed_milliseconds(a, b); });
  expect_usable(d);
}

// --- sizes that do not fit ---

CROSSLANE_TEST(bad_copy, sizes) {
  xl::stream const q{d};
  xl::buffer<int> b = upload(q, std::vector<int>(8, 1));
  std::vector<int> const seven(7, 2), nine(9, 2), none;
  expect_error(xl::errc::size_mismatch, {"7 elements", "8 elements"}, [&] { xl::copy(q, seven, b); });
  expect_error(xl::errc::size_mismatch, {"9 elements", "8 elements"}, [&] { xl::copy(q, nine, b); });
  expect_error(xl::errc::size_mismatch, {"0 elements", "8 elements"}, [&] { xl::copy(q, none, b); });
  CROSSLANE_CHECK_SAME(read(q, b), std::vector<int>(8, 1));
  expect_usable(d);
}

CROSSLANE_TEST(bad_copy, rows) {
  xl::stream const q{d};
  xl::buffer<int> const from = upload(q, std::vector<int>(20, 2));
  xl::buffer<int> to = upload(q, std::vector<int>(20, 1));
  std::size_t const huge = ~std::size_t{0};
  auto const copy = [&](xl::rows<int const> a, xl::rows<int> b, source_location where = source_location::current()) {
    xl::copy_2d(q, a, b, where);
  };
  auto const rows_from = [&](std::size_t pitch, std::size_t width, std::size_t height) { return xl::rows{from, pitch, width, height}; };
  auto const rows_to = [&](std::size_t pitch, std::size_t width, std::size_t height) { return xl::rows{to, pitch, width, height}; };
  expect_error(xl::errc::size_mismatch, {"2 rows of 5", "2 rows of 4"}, [&] { copy(rows_from(5, 5, 2), rows_to(5, 4, 2)); });
  expect_error(xl::errc::size_mismatch, {"3 rows of 5", "2 rows of 5"}, [&] { copy(rows_from(5, 5, 3), rows_to(5, 5, 2)); });
  expect_error(xl::errc::invalid_argument, {"source's pitch of 4", "width of 5"}, [&] { copy(rows_from(4, 5, 2), rows_to(5, 5, 2)); });
  expect_error(xl::errc::invalid_argument, {"destination's pitch of 3", "width of 5"}, [&] { copy(rows_from(5, 5, 2), rows_to(3, 5, 2)); });
  expect_error(xl::errc::out_of_bounds, {"source of 20"}, [&] { copy(rows_from(8, 5, 3), rows_to(5, 5, 3)); });
  expect_error(xl::errc::out_of_bounds, {"destination of 20"}, [&] { copy(rows_from(5, 5, 3), rows_to(8, 5, 3)); });
  expect_error(xl::errc::out_of_bounds, {}, [&] { copy(rows_from(5, 5, 5), rows_to(5, 5, 5)); });
  expect_error(xl::errc::out_of_bounds, {}, [&] { copy(rows_from(huge / 2, 5, 3), rows_to(huge / 2, 5, 3)); });
  expect_error(xl::errc::out_of_bounds, {}, [&] { copy(rows_from(huge, 5, 2), rows_to(huge, 5, 2)); });
  expect_error(xl::errc::out_of_bounds, {}, [&] { copy(rows_from(huge, huge, 1), rows_to(huge, huge, 1)); });
  expect_error(xl::errc::out_of_bounds, {}, [&] { copy(rows_from(5, 5, huge), rows_to(5, 5, huge)); });
  copy(rows_from(8, 4, 3), rows_to(8, 4, 3));  // ends with the last element: legal
  std::vector<int> expected(20, 1);
  for (std::size_t i = 0; i < 20; ++i)
    if (i % 8 < 4) expected[i] = 2;
  CROSSLANE_CHECK_SAME(read(q, to), expected);
  expect_usable(d);
}

CROSSLANE_TEST(bad_transform, sizes) {
  xl::stream const q{d};
  xl::buffer<int> out = upload(q, std::vector<int>(8, 1));
  xl::buffer<int> const eight = upload(q, std::vector<int>(8, 2)), nine = upload(q, std::vector<int>(9, 3)), none{q, 0};
  expect_error(xl::errc::size_mismatch, {"input 0", "9 elements", "output has 8"}, [&] { xl::transform(q, nine, out, add_one{}); });
  expect_error(xl::errc::size_mismatch, {"input 1", "9 elements", "output has 8"}, [&] { xl::transform(q, eight, nine, out, add{}); });
  expect_error(xl::errc::size_mismatch, {"input 1", "0 elements"}, [&] { xl::transform(q, eight, none, out, add{}); });
  CROSSLANE_CHECK_SAME(read(q, out), std::vector<int>(8, 1));
  expect_usable(d);
}

CROSSLANE_TEST(bad_for_each, negative) {
  xl::stream const q{d};
  expect_error(xl::errc::invalid_argument, {"-3"}, [&] { xl::for_each(q, -3, ignore{}); });
  expect_error(xl::errc::invalid_argument, {"-9223372036854775808"}, [&] { xl::for_each(q, INT64_MIN, ignore{}); });
  expect_usable(d);
}

}  // namespace
