// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Which calls a graph can capture: the table in docs/reference/graphs.md.
#include <crosslane/algorithm.hpp>
#include <crosslane/graph.hpp>
#include <crosslane/memory.hpp>
#include <crosslane/tensor.hpp>
#include <crosslane/tensor/print.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <memory>
#include <numeric>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// value[i] = the sum of all values, `rounds` times.
struct spread {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> value, unsigned rounds) const {
    auto const rank = std::size_t(ctx.global_rank());
    for (unsigned i = 0; i < rounds; ++i) {
      unsigned sum = 0;
      for (std::size_t k = 0; k < value.size(); ++k) sum += value[k];
      ctx.sync_grid();
      value[rank] = sum;
      ctx.sync_grid();
    }
  }
};

/// Captures f(), and launches the graph twice.
template <class F>
void captured(xl::stream const& q, F const& f, xl::source_location where = xl::source_location::current()) {
  try {
    xl::graph_capture capture{q};
    f();
    xl::executable_graph run = capture.end().instantiate();
    for (int i = 0; i < 2; ++i) {
      run.launch(q);
      q.synchronize();
    }
  } catch (xl::error const& e) {
    fail(std::string("cannot be captured: ") + e.what(), where);
  }
}
/// f() throws invalid_call in a capture. The stream works afterwards.
template <class F>
void refused(xl::stream const& q, F const& f, xl::source_location where = xl::source_location::current()) {
  std::string answer = "nothing was thrown";
  {
    xl::graph_capture const capture{q};
    try {
      f();
    } catch (xl::error const& e) {
      answer = e.code() == xl::errc::invalid_call ? "" : e.what();
    }
  }
  if (!answer.empty()) fail("not refused: " + answer, where);
  q.synchronize();
}

/// The counter of the barrier is allocated and freed within the graph, once for each time that it runs.
CROSSLANE_TEST(capture, cooperative_launch) {
  if (!d.properties().cooperative_launch || !d.properties().stream_ordered_memory) skip("no cooperative launches, or no memory pools");
  constexpr unsigned grid = 3, block = 32, n = grid * block, rounds = 2, runs = 2;
  xl::stream const q{d};
  xl::buffer<unsigned> value = upload(q, std::vector<unsigned>(n, 1));
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, 0u);  // the code is loaded before the capture
  q.synchronize();

  xl::graph_capture capture{q};
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, rounds);
  xl::executable_graph graph = capture.end().instantiate();
  for (unsigned i = 0; i < runs; ++i) graph.launch(q);
  unsigned expected = 1;
  for (unsigned i = 0; i < rounds * runs; ++i) expected *= n;
  CROSSLANE_CHECK_SAME(read(q, value), std::vector<unsigned>(n, expected));
}

/// Algorithms with a workspace allocate nothing. The graph runs on new input each time.
CROSSLANE_TEST(capture, algorithms) {
  if (!d.properties().cooperative_launch) skip("no cooperative launches");
  constexpr std::size_t n = 20001;
  xl::stream const q{d};
  xl::buffer<unsigned> in{q, n}, sums{q, n}, sorted{q, n}, kept{q, n}, total{q, 1};
  xl::buffer<std::uint64_t> count{q, 1};
  auto const all = [&](auto const& o) {
    xl::inclusive_scan(q, in, sums, xl::plus{}, o);
    xl::radix_sort(q, in, sorted, o);
    xl::unique(q, sorted, kept, count, xl::equal_to{}, o);
    xl::reduce(q, xl::counted(kept, count), total, xl::plus{}, o);
  };
  xl::workspace const memory{q, xl::workspace_size(all)};
  xl::options<> const o{.workspace = memory};
  xl::fill(q, in, 0u);
  all(o);  // the code is loaded before the capture
  q.synchronize();

  xl::graph_capture capture{q};
  all(o);
  xl::executable_graph graph = capture.end().instantiate();
  for (unsigned const factor : {7919u, 104729u}) {
    std::vector<unsigned> values(n), expected(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = unsigned(i) * factor % 5003;
    xl::copy(q, values, in);
    graph.launch(q);
    std::inclusive_scan(values.begin(), values.end(), expected.begin());
    CROSSLANE_CHECK_SAME(read(q, sums), expected);
    std::sort(values.begin(), values.end());
    CROSSLANE_CHECK_SAME(read(q, sorted), values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    CROSSLANE_CHECK_EQ(read(q, count)[0], values.size());
    CROSSLANE_CHECK_EQ(read(q, total)[0], std::accumulate(values.begin(), values.end(), 0u));
  }
}

/// A graph whose numbers of elements lie in device memory and differ each time. They are more than one piece of the host's loops.
CROSSLANE_TEST(capture, counted_elements) {
  constexpr std::size_t n = 200000;
  xl::stream const q{d};
  xl::buffer<unsigned> const in = upload(q, std::vector<unsigned>(n, 3));
  xl::buffer<unsigned> sums{q, n}, total{q, 1};
  xl::buffer<std::uint64_t> count = upload(q, std::vector<std::uint64_t>{n});
  auto const all = [&](auto const& o) {
    xl::reduce(q, xl::counted(in, count), total, xl::plus{}, o);
    xl::inclusive_scan(q, xl::counted(in, count), sums, xl::plus{}, o);
  };
  xl::workspace const memory{q, xl::workspace_size(all)};
  xl::options<> const o{.workspace = memory};
  all(o);
  q.synchronize();
  xl::graph_capture capture{q};
  all(o);
  xl::executable_graph graph = capture.end().instantiate();
  for (std::uint64_t const elements : {std::uint64_t{n}, std::uint64_t{150000}, std::uint64_t{5}, std::uint64_t{n}}) {
    std::vector<std::uint64_t> const now{elements};
    xl::copy(q, now, count);
    xl::fill(q, sums, 0u);
    graph.launch(q);
    CROSSLANE_CHECK_EQ(read(q, total)[0], unsigned(3 * elements));
    CROSSLANE_CHECK_EQ(read(q, sums)[std::size_t(elements) - 1], unsigned(3 * elements));
  }
}

struct add_to_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int value) const {
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] += value;
  }
};
struct twice {
  CROSSLANE_FN int operator()(int v) const { return 2 * v; }
};
struct add_one {
  CROSSLANE_FN void operator()(int& v) const { ++v; }
};
struct same {
  template <class T>
  CROSSLANE_FN T operator()(T v) const {
    return v;
  }
};
struct is_odd {
  CROSSLANE_FN bool operator()(int v) const { return v % 2 != 0; }
};

constexpr int n = 1000;

/// Everything that is queued on a stream.
CROSSLANE_TEST(capture, calls_of_the_runtime) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> x{q, n}, y{q, n};
  xl::pinned_buffer<int> pinned{q, n};
  std::vector<int> values(n, 1);
  xl::event e{d}, before{d};
  xl::fill(q, x, 1);
  xl::fill(q, y, 1);
  before.record(other);
  other.synchronize();
  auto const kernels = [&] {
    xl::launch(q, {.grid = 4, .block = 256}, add_to_all{}, x, 1);
    xl::fill(q, y, 3);
    xl::transform(q, x, y, twice{});
    xl::for_each(q, x, add_one{});
  };
  kernels();
  q.synchronize();

  captured(q, kernels);
  captured(q, [&] { xl::copy(q, values, x); });
  captured(q, [&] { xl::copy(q, x, pinned); });
  captured(q, [&] { xl::copy_2d(q, xl::rows{x, 10, 5, 10}, xl::rows{y, 10, 5, 10}); });
  captured(q, [&] { q.host_callback([] {}); });
  captured(q, [&] {
    e.record(q);
    other.wait(e);
    e.record(other);
    q.wait(e);
  });
  captured(q, [] {});
  if (d.properties().stream_ordered_memory)
    captured(q, [&] {
      xl::buffer<int> scratch{q, n};
      xl::copy(q, x, scratch);
      xl::launch(q, {.grid = 4, .block = 256}, add_to_all{}, scratch, 1);
      xl::copy(q, scratch, y);
    });
  // These run at once and concern no stream.
  captured(q, [&] {
    (void)q.properties();
    (void)d.free_memory();
    (void)xl::device::count();
    (void)xl::blocks_per_multiprocessor(d, {.block = 64}, add_to_all{}, x, 1);
    xl::event const made{d};
    xl::stream const made_too{d};
    xl::launch(q, {.grid = 4, .block = 256}, add_to_all{}, x, 1);
  });

  refused(q, [&] { q.synchronize(); });
  refused(q, [&] { (void)q.query(); });
  refused(q, [&] { d.synchronize(); });
  refused(q, [&] { (void)xl::to_vector(q, x); });
  if (d.properties().managed_memory) {
    xl::managed_buffer<int> const managed{q, n};
    refused(q, [&] { xl::prefetch(q, managed); });
  }
  {
    xl::staging_ring ring{q, {.slot_bytes = 4096, .slots = 2}};
    refused(q, [&] { ring.upload(q, values, x); });
    refused(q, [&] { ring.download(q, x, values); });
  }
  refused(q, [&] { q.wait(before); });
  refused(q, [&] {
    e.record(q);
    e.synchronize();
  });
  refused(q, [&] {
    e.record(q);
    (void)e.query();
  });
  refused(q, [&] {
    xl::timed_event from{d}, to{d};
    from.record(q);
    to.record(q);
    (void)xl::elapsed_milliseconds(from, to);
  });
  refused(q, [&] {
    xl::graph g{d};
    g.empty_node({});
    g.instantiate().launch(q);
  });
  refused(q, [&] { xl::graph_capture const again{q}; });
  if (host_build) {  // a GPU's memory would leak
    auto const earlier = std::make_unique<xl::buffer<int>>(q, n);
    xl::graph_capture capture{q};
    {
      xl::buffer<int> const ends{static_cast<xl::buffer<int>&&>(*earlier)};
    }
    expect_error(xl::errc::invalid_call, {"end of a capture"}, [&] { (void)capture.end(); });
  }
  if (host_build) {  // the buffer outlives the graph, which frees the memory
    auto late = std::make_unique<xl::buffer<int>>();
    {
      xl::graph_capture capture{q};
      *late = xl::buffer<int>{q, n};
      (void)capture.end();
    }
    late.reset();
  }
  expect_usable(d);
}

/// A graph may use memory for as long as it lives, so memory resources give a captured stream none and give what it returns to nobody.
CROSSLANE_TEST(capture, memory_resources) {
  xl::stream const q{d};
  xl::memory_pool pool{d};
  xl::arena arena{q, 4 * n};
  xl::buffer<int> x{q, n};
  xl::fill(q, x, 1);
  q.synchronize();
  expect_error(xl::errc::invalid_call, {"allocate", "is captured", "arena"}, [&] {
    xl::graph_capture const capture{q};
    xl::buffer<int> const b{q, n, pool};
  });
  captured(q, [&] {
    xl::buffer<int> b{q, n, arena};
    xl::fill(q, b, 7);
    xl::copy(q, b, x);
  });
  CROSSLANE_CHECK_EQ(read(q, x)[n - 1], 7);

  auto earlier = std::make_unique<xl::buffer<int>>(q, n, pool);
  int* const kept = earlier->data();
  {
    xl::graph_capture capture{q};
    earlier.reset();
    expect_error(xl::errc::invalid_call, {"end of a capture", "capture_test.cpp", "a return to a memory resource cannot be captured"},
                 [&] { (void)capture.end(); });
  }
  q.synchronize();
  {
    xl::buffer<int> const next{q, n, pool};
    CROSSLANE_CHECK(next.data() != kept);
    xl::fill(q, x, 1);
  }
  // The stream has returned memory, but nothing of the pool becomes a part of the graph.
  captured(q, [&] {
    (void)pool.trim();
    xl::launch(q, {.grid = 4, .block = 256}, add_to_all{}, x, 1);
  });
  expect_usable(d);
}

/// Device-wide algorithms, with a workspace and without, and algorithms on tensors.
CROSSLANE_TEST(capture, calls_of_algorithms) {
  if (!d.properties().cooperative_launch) skip("no cooperative launches");
  xl::stream const q{d};
  xl::buffer<int> a{q, n}, b{q, n}, c{q, n}, twice_as_long{q, 2 * n}, one{q, 1};
  xl::buffer<unsigned> counts{q, 16};
  xl::buffer<unsigned> const index = upload(q, std::vector<unsigned>(n, 7));
  xl::buffer<std::uint64_t> count{q, 1};
  for (xl::buffer<int>* const x : {&a, &b, &c}) xl::fill(q, *x, 1);
  std::vector<unsigned> const offsets{0, 10, 500, n};
  xl::buffer<unsigned> const segments = upload(q, offsets);
  xl::buffer<int> sums{q, 3};
  auto const all = [&](auto const& o) {
    xl::reduce(q, a, one, xl::plus{}, o);
    xl::inclusive_scan(q, a, b, xl::plus{}, o);
    xl::radix_sort(q, b, c, o);
    xl::unique(q, b, c, count, xl::equal_to{}, o);
    xl::copy_if(q, b, c, count, is_odd{}, o);
    xl::merge(q, b, b, twice_as_long, xl::less{}, o);
    xl::segmented_reduce(q, a, segments, sums, 0, xl::plus{}, o);
    xl::count_if(q, b, count, is_odd{}, o);
    xl::histogram(q, a, counts, xl::even_bins(0, 16), o);
    xl::gather(q, a, index, c);
  };
  xl::workspace const memory{q, xl::workspace_size(all)};
  xl::options<> const with{.workspace = memory};
  all(with);
  q.synchronize();
  captured(q, [&] { all(with); });
  if (d.properties().stream_ordered_memory) captured(q, [&] { all(xl::options<>{}); });
  refused(q, [&] { (void)xl::count_if(q, b, is_odd{}, with); });

  xl::tensor<float, xl::row_major<>> t{q, {10, 20}}, u{q, {10, 20}};
  xl::tensor<float, xl::packed<xl::extents<int, xl::axis::row>, xl::axes<xl::axis::row>>> rows{q, {10}};
  auto const tensors = [&] {
    xl::fill(q, t, 1.f);
    xl::iota(q, t);
    xl::convert(q, t, u);
    xl::transform(q, t, u, same{});
    xl::reduce<xl::axis::col>(q, u, rows, xl::plus{}, 0.f);
  };
  tensors();
  q.synchronize();
  captured(q, tensors);
  refused(q, [&] { (void)xl::to_string(q, t); });
  expect_usable(d);
}

}  // namespace
