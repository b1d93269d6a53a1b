// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checker takes each node of a graph for work of its own: nodes that nothing orders race, whatever the order in which they run.
#include "corpus/streams.hpp"

#include <crosslane/check.hpp>
#include <crosslane/graph.hpp>
#include <support/target.hpp>

#include <optional>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;

namespace {

constexpr int n = 1024;
using corpus::blocks, corpus::double_all, corpus::threads, corpus::write_all;

struct read_too_far {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> x) const {
    if (ctx.global_rank() == 0) x.data()[0] = x.data()[n];
  }
};

xl::launch_config shape(xl::source_location where = xl::source_location::current()) {
  return {.grid = blocks, .block = threads, .where = where};
}

/// Launches twice, in several orders of the nodes, and returns the report of each.
template <class F>
std::vector<checks::report> in_all_orders(F const& f) {
  std::vector<checks::report> result;
  for (std::uint64_t const seed : {0u, 1u, 2u, 3u}) result.push_back(checks::collect(f, {.level = checks::level::full, .seed = seed}));
  return result;
}

/// Each report has one finding of this kind whose text has the parts.
template <class F>
void finds(kind expected, std::initializer_list<char const*> parts, F const& f,
           xl::source_location where = xl::source_location::current()) {
  for (checks::report const& r : in_all_orders(f)) {
    if (r.size() != 1 || r.entries()[0].finding.kind != expected) {
      fail(std::string("not one ") + to_string(expected) + ":\n" + r.text(), where);
      continue;
    }
    for (char const* const part : parts)
      if (!contains(r.text(), part)) fail(std::string("no '") + part + "' in:\n" + r.text(), where);
  }
}
template <class F>
void finds_nothing(F const& f, xl::source_location where = xl::source_location::current()) {
  for (checks::report const& r : in_all_orders(f))
    if (!r.empty()) fail("found:\n" + r.text(), where);
}

CROSSLANE_TEST(checked_graphs, missing_dependency) {
  xl::stream const q{d};
  xl::buffer<int> data{q, n}, result{q, n};
  xl::fill(q, data, 0);
  q.synchronize();
  for (bool const ordered : {false, true}) {
    auto const run = [&] {
      xl::graph g{d};
      auto const written = g.kernel_node({}, shape(), write_all{}, data);
      auto const read = g.kernel_node({}, shape(), double_all{}, data, result);
      if (ordered) g.depend(written, read);
      xl::executable_graph executable = g.instantiate();
      executable.launch(q);
      executable.launch(q);  // comes behind the first launch
      q.synchronize();
    };
    if (ordered)
      finds_nothing(run);
    else
      finds(kind::stream_race, {"write_all of a graph on stream", "double_all of a graph on stream", "nothing orders the two"}, run);
  }
}

/// The same in a capture: an event is forgotten.
CROSSLANE_TEST(checked_graphs, captured_streams) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> data{q, n}, result{q, n};
  xl::fill(q, data, 0);
  q.synchronize();
  for (bool const ordered : {false, true}) {
    auto const run = [&] {
      xl::event fork{d}, written{d}, join{d};
      xl::graph_capture capture{q};
      fork.record(q);
      other.wait(fork);
      xl::launch(q, shape(), write_all{}, data);
      written.record(q);
      if (ordered) other.wait(written);
      xl::launch(other, shape(), double_all{}, data, result);
      join.record(other);
      q.wait(join);
      xl::executable_graph executable = capture.end().instantiate();
      executable.launch(q);
      xl::launch(q, shape(), write_all{}, data);  // work of the stream comes behind the whole graph
      q.synchronize();
    };
    if (ordered)
      finds_nothing(run);
    else
      finds(kind::stream_race, {"nothing orders the two"}, run);
  }
}

/// Child graphs, empty nodes, host functions and copies order what they are between.
CROSSLANE_TEST(checked_graphs, chains) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> data{q, n}, result{q, n};
  std::vector<int> out(n);
  q.synchronize();
  finds_nothing([&] {
    xl::graph child{d};
    child.kernel_node({}, shape(), write_all{}, data);
    xl::graph g{d};
    auto const part = g.child_node({}, child);
    auto const told = g.host_node({part}, [] {});
    auto const both = g.empty_node({told});
    auto const doubled = g.kernel_node({both}, shape(), double_all{}, data, result);
    g.copy_node({doubled}, result, out);
    xl::executable_graph executable = g.instantiate();
    executable.launch(q);
    executable.launch(other);  // launches of one executable run one after another
    q.synchronize();
    other.synchronize();
    for (int const value : out) CROSSLANE_CHECK(value % 2 == 0);
  });
  // The host has not waited for the copy.
  auto const unwaited = [&] {
    xl::graph g{d};
    g.copy_node({}, result, out);
    g.instantiate().launch(q);
    out[0] = 1;
    q.synchronize();
  };
  finds(kind::program_race, {"copy"}, unwaited);
}

/// An event that a graph records and another stream waits for.
CROSSLANE_TEST(checked_graphs, events) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> data{q, n}, result{q, n};
  xl::fill(q, data, 0);
  q.synchronize();
  for (bool const ordered : {false, true}) {
    auto const run = [&] {
      xl::event done{d};
      xl::graph g{d};
      auto const written = g.kernel_node({}, shape(), write_all{}, data);
      g.record_node({written}, done);
      xl::executable_graph executable = g.instantiate();
      executable.launch(q);
      if (ordered) other.wait(done);
      xl::launch(other, shape(), double_all{}, data, result);
      q.synchronize();
      other.synchronize();
    };
    if (ordered)
      finds_nothing(run);
    else
      finds(kind::stream_race, {"of a graph on stream"}, run);
  }
}

/// A buffer that dies before its graph runs.
CROSSLANE_TEST(checked_graphs, freed_buffer) {
  xl::stream const q{d};
  finds(kind::freed_memory, {"write_all", "of the freed buffer"}, [&] {
    std::optional<xl::buffer<int>> data{std::in_place, q, n};
    xl::graph g{d};
    g.kernel_node({}, shape(), write_all{}, *data);
    xl::executable_graph executable = g.instantiate();
    data.reset();
    q.synchronize();
    executable.launch(q);
    q.synchronize();
  });
  expect_usable(d);
}

/// Nodes behind a failed one do not run, and the error surfaces once.
CROSSLANE_TEST(checked_graphs, failed_node) {
  xl::stream const q{d};
  xl::buffer<int> data{q, n};
  xl::fill(q, data, 0);
  q.synchronize();
  int calls = 0;
  xl::graph g{d};
  auto const failed = g.kernel_node({}, shape(), read_too_far{}, data);
  g.host_node({failed}, [&calls] { ++calls; });
  xl::executable_graph executable = g.instantiate();
  executable.launch(q);
  expect_error(xl::errc::out_of_bounds, {"read_too_far"}, [&] { q.synchronize(); });
  CROSSLANE_CHECK_EQ(calls, 0);
  q.synchronize();
  expect_usable(d);
}

}  // namespace
