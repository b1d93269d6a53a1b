// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs: nodes added one by one, captures, launches, changes, texts and faults.
#include <crosslane/graph.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

struct add_to_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int value) const {
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] += value;
  }
};
struct scale_all {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> x, int factor) const {
    if (auto const i = ctx.global_rank(); i < x.size()) x[i] *= factor;
  }
};
struct sum_of_two {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> a, xl::span<int const> b, xl::span<int> out) const {
    if (auto const i = ctx.global_rank(); i < out.size()) out[i] = a[i] + b[i];
  }
};
struct count_down {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> left, xl::span<int> rounds) const {
    if (ctx.global_rank() != 0) return;
    left[0] -= 1;
    rounds[0] += 1;
  }
};

struct grid_2d {
  static constexpr int dimensions = 2;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<int>) const {}
};

constexpr int n = 100;
xl::launch_config shape(xl::source_location where = xl::source_location::current()) { return {.grid = 2, .block = 64, .where = where}; }

std::vector<int> all(int value) { return std::vector<int>(n, value); }

/// Every kind of node, in a graph that forks and joins.
CROSSLANE_TEST(graph, nodes) {
  xl::stream const q{d};
  xl::buffer<int> a{q, n}, b{q, n}, c{q, n};
  std::vector<int> const in = all(5);
  std::vector<int> out(n);
  int calls = 0;
  xl::event done{d};
  q.synchronize();

  xl::graph child{d};
  auto const first = child.kernel_node({}, shape(), add_to_all{}, b, 1);
  child.kernel_node({first}, shape(), scale_all{}, b, 10);

  xl::graph g{d};
  auto const copied = g.copy_node({}, in, a);
  auto const filled = g.fill_node({}, b, 2);
  auto const part = g.child_node({filled}, child);
  auto const both = g.empty_node({copied, part});
  auto const sum = g.kernel_node({both}, shape(), sum_of_two{}, a, b, c);
  auto const told = g.host_node({sum}, [&calls] { ++calls; });
  auto const recorded = g.record_node({told}, done);
  g.copy_node({sum, recorded}, c, out);
  CROSSLANE_CHECK_EQ(g.size(), 8u);
  CROSSLANE_CHECK_SAME(std::string(g.name(sum)), std::string(xl::type_name<sum_of_two>()));

  xl::executable_graph run = g.instantiate();
  for (int i = 1; i <= 2; ++i) {
    out.assign(n, 0);
    run.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, all(35));
    CROSSLANE_CHECK_EQ(calls, i);
    CROSSLANE_CHECK(done.query());
  }
}

/// A capture makes nodes of the calls on a stream, and on another one that joins by events.
CROSSLANE_TEST(graph, capture) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> a{q, n}, b{q, n}, c{q, n};
  std::vector<int> in = all(3);
  std::vector<int> out(n);
  int calls = 0;
  xl::event fork{d}, join{d};
  xl::fill(q, a, 0);
  xl::fill(q, b, 0);
  q.synchronize();

  xl::graph_capture capture{q};
  xl::copy(q, in, a);
  fork.record(q);
  other.wait(fork);
  xl::launch(other, shape(), scale_all{}, a, 2);
  join.record(other);
  xl::fill(q, b, 1);
  q.wait(join);
  xl::launch(q, shape(), sum_of_two{}, a, b, c);
  q.host_callback([&calls] { ++calls; });
  xl::copy(q, c, out);
  xl::graph const g = capture.end();
  q.synchronize();  // nothing has run
  CROSSLANE_CHECK_EQ(calls, 0);

  xl::executable_graph run = g.instantiate();
  for (int i = 1; i <= 2; ++i) {
    in.assign(n, 10 * i);
    run.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, all(20 * i + 1));
    CROSSLANE_CHECK_EQ(calls, i);
  }
  CROSSLANE_CHECK(contains(g.text(), std::string("kernel ") + xl::type_name<sum_of_two>() + ", grid (2, 1, 1) block (64, 1, 1)"));
  CROSSLANE_CHECK(contains(g.text(), "host function"));
}

/// Nodes change their arguments and their geometry, without and, where the backend wants that, by another instantiation.
CROSSLANE_TEST(graph, update) {
  xl::stream const q{d};
  xl::buffer<int> x{q, n}, y{q, n};
  std::vector<int> out(n);
  for (int const count : {3, 600}) {
    xl::graph g{d};
    std::vector<xl::graph_node> nodes;
    nodes.push_back(g.fill_node({}, x, 0));
    nodes.push_back(g.fill_node({}, y, 0));
    for (int i = 2; i < count; ++i) nodes.push_back(g.kernel_node({nodes.back(), nodes[0]}, shape(), add_to_all{}, x, 1));
    auto const copied = g.copy_node({nodes.back()}, x, out);
    xl::executable_graph run = g.instantiate();
    xl::executable_graph const unchanged = g.instantiate();
    run.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, all(count - 2));

    run.update(nodes.back(), {.grid = 1, .block = 32}, add_to_all{}, x, 1000);
    run.launch(q);
    q.synchronize();
    std::vector<int> expected = all(count - 3);
    for (int i = 0; i < 32; ++i) expected[std::size_t(i)] += 1000;
    CROSSLANE_CHECK_SAME(out, expected);

    run.update(nodes.back(), shape(), add_to_all{}, y, 7);
    run.update_copy(copied, y, out);
    run.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_SAME(out, all(7));
  }
}

/// Launches of one executable run one after another, also on two streams.
CROSSLANE_TEST(graph, two_streams) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> x{q, n};
  xl::fill(q, x, 0);
  q.synchronize();
  xl::graph g{d};
  auto const first = g.kernel_node({}, shape(), add_to_all{}, x, 1);
  g.kernel_node({first}, shape(), add_to_all{}, x, 2);
  xl::executable_graph run = g.instantiate();
  for (int i = 0; i < 20; ++i) run.launch(i % 2 == 0 ? q : other);
  q.synchronize();
  other.synchronize();
  CROSSLANE_CHECK_SAME(read(q, x), all(60));
}

CROSSLANE_TEST(graph, clone) {
  xl::stream const q{d};
  xl::buffer<int> x{q, n};
  std::vector<int> out(n);
  xl::graph g{d};
  auto const first = g.fill_node({}, x, 1);
  auto const scaled = g.kernel_node({first}, shape(), scale_all{}, x, 5);
  int calls = 0;
  g.host_node({scaled}, [&calls] { ++calls; });
  xl::graph copied = g.clone();
  auto const end = copied.copy_node({copied.find(scaled)}, x, out);
  CROSSLANE_CHECK_EQ(g.size(), 3u);
  CROSSLANE_CHECK_EQ(copied.size(), 4u);
  CROSSLANE_CHECK(copied.kind(end) == xl::graph_node_kind::copy);
  {
    xl::graph const dropped = static_cast<xl::graph&&>(g);  // the clone has its own nodes, and shares the function
  }
  copied.instantiate().launch(q);  // an executable may end before its launch does
  q.synchronize();
  CROSSLANE_CHECK_SAME(out, all(5));
  CROSSLANE_CHECK_EQ(calls, 1);
  expect_error(xl::errc::invalid_handle, {"graph: moved from"}, [&] { g.require(xl::source_location::current()); });
  expect_error(xl::errc::invalid_argument, {"find: node 3", "cloned"}, [&] { (void)copied.find(end); });
}

/// A loop runs its body while an element of device memory is not 0.
CROSSLANE_TEST(graph, while_node) {
  xl::stream const q{d};
  xl::buffer<unsigned> left{q, 1};
  xl::buffer<int> rounds{q, 1}, after{q, 1};
  xl::graph body{d};
  body.kernel_node({}, {.grid = 1, .block = 32}, count_down{}, left, rounds);

  xl::graph g{d};
  auto const zero = g.fill_node({}, rounds, 100);
  auto const loop = g.while_node({zero}, left, body);
  g.copy_node({loop}, rounds, after);
  CROSSLANE_CHECK(g.kind(loop) == xl::graph_node_kind::while_loop);
  CROSSLANE_CHECK(contains(g.text(), "1: while"));
  xl::executable_graph run = g.instantiate();
  for (unsigned const count : {0u, 1u, 5u}) {
    xl::fill(q, left, count);
    run.launch(q);
    CROSSLANE_CHECK_EQ(read(q, after)[0], 100 + int(count));
  }
  xl::graph with_function{d};
  with_function.host_node({}, [] {});
  expect_error(xl::errc::not_supported, {"while node", "host functions or events"}, [&] { g.while_node({}, left, with_function); });
  expect_error(xl::errc::not_supported, {"graph clone", "while node"}, [&] { (void)g.clone(); });
}

CROSSLANE_TEST(graph, texts) {
  xl::stream const q{d};
  xl::buffer<int> x{q, n};
  xl::graph g{d};
  auto const a = g.fill_node({}, x, 1);
  auto const b = g.kernel_node({a}, shape(), scale_all{}, x, 5);
  g.empty_node({a, b});
  std::string const name = xl::type_name<scale_all>();
  CROSSLANE_CHECK_SAME(
      g.dot(), "digraph {\n  n0 [label=\"0: fill\"];\n  n1 [label=\"1: kernel " + name +
                   "\\ngrid (2, 1, 1) block (64, 1, 1)\"];\n  n2 [label=\"2: empty\"];\n  n0 -> n1;\n  n0 -> n2;\n  n1 -> n2;\n}\n");
  std::string const text = g.text();
  CROSSLANE_CHECK(contains(text, "0: fill, "));
  CROSSLANE_CHECK(contains(text, "1: kernel " + name + ", grid (2, 1, 1) block (64, 1, 1), "));
  CROSSLANE_CHECK(contains(text, ", after 0\n2: empty, "));
  CROSSLANE_CHECK(contains(text, ", after 0 1\n"));
}

/// Nodes that nothing orders run in an order that the seed chooses.
CROSSLANE_TEST(graph, order) {
  if (!host_build) skip("the host's scheduler only");
  xl::stream const q{d};
  std::string order;
  xl::graph g{d};
  for (char const c : {'a', 'b', 'c', 'd'}) g.host_node({}, [&order, c] { order += c; });
  auto const last = g.host_node(g.nodes(), [&order] { order += '.'; });
  xl::executable_graph run = g.instantiate();
  std::vector<std::string> seen;
#if !CROSSLANE_COMPILER_GPU()
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    crosslane::detail::check_scope scope;
    scope.options.seed = seed;
    crosslane::detail::current_check_scope = &scope;
    order.clear();
    run.launch(q);
    crosslane::detail::current_check_scope = nullptr;
    q.synchronize();
    CROSSLANE_CHECK_EQ(order.size(), 5u);
    CROSSLANE_CHECK_EQ(order.back(), '.');
    seen.push_back(order);
  }
  CROSSLANE_CHECK_SAME(seen[0], std::string("abcd."));
  CROSSLANE_CHECK_SAME(seen[1], std::string("dcba."));
  std::sort(seen.begin(), seen.end());
  CROSSLANE_CHECK(std::unique(seen.begin(), seen.end()) - seen.begin() > 4);
#endif
  CROSSLANE_CHECK_EQ(last.index(), 4u);
}

// --- faults: each is one error that names the object, and the device works afterwards ---

CROSSLANE_TEST(graph, host_node_throws) {
  xl::stream const q{d};
  xl::buffer<int> x{q, n};
  std::vector<int> out(n);
  xl::graph g{d};
  auto const thrown = g.host_node({}, [] { throw std::runtime_error{"no luck in this node"}; });
  auto const filled = g.fill_node({thrown}, x, 4);
  g.copy_node({filled}, x, out);
  xl::executable_graph run = g.instantiate();
  for (int i = 0; i < 2; ++i) {
    run.launch(q);
    std::string text;
    try {
      q.synchronize();
    } catch (std::runtime_error const& e) {
      text = e.what();
    }
    CROSSLANE_CHECK_SAME(text, std::string("no luck in this node"));
    q.synchronize();  // later nodes have run
    CROSSLANE_CHECK_SAME(out, all(4));
  }
  xl::graph calls{d};
  calls.host_node({}, [&q] { q.synchronize(); });
  calls.instantiate().launch(q);
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK(e.code() == xl::errc::invalid_call && contains(e.what(), "graph_test.cpp"));
  expect_usable(d);
}

CROSSLANE_TEST(graph, wrong_nodes) {
  xl::stream const q{d};
  xl::buffer<int> x{q, n}, y{q, n};
  xl::fill(q, x, 1);
  q.synchronize();
  xl::graph g{d}, another{d};
  auto const a = g.kernel_node({}, shape(), add_to_all{}, x, 1);
  auto const b = g.kernel_node({a}, shape(), scale_all{}, x, 2);
  auto const c = g.fill_node({b}, y, 2);
  std::string const name = xl::type_name<scale_all>();
  expect_error(xl::errc::invalid_argument, {"a cycle", "node 0, kernel", "node 1, kernel " + name, "graph_test.cpp"},
               [&] { g.depend(b, a); });
  expect_error(xl::errc::invalid_argument, {"a cycle", "node 0", "cannot depend on node 2, fill"}, [&] { g.depend(c, a); });
  expect_error(xl::errc::invalid_argument, {"node 0 is of another graph"}, [&] { another.empty_node({a}); });
  expect_error(xl::errc::limit_exceeded, {"a block of 2000 threads"},
               [&] { g.kernel_node({}, {.grid = 1, .block = {1000, 2}}, grid_2d{}, x); });
  g.depend(a, c);
  xl::executable_graph run = g.instantiate();
  expect_error(xl::errc::invalid_argument, {"graph update: node 1, kernel " + name, "cannot become kernel", xl::type_name<add_to_all>()},
               [&] { run.update(b, shape(), add_to_all{}, x, 1); });
  expect_error(xl::errc::invalid_argument, {"node 0", "with other types of arguments"},
               [&] { run.update(a, shape(), add_to_all{}, x, short{1}); });
  expect_error(xl::errc::invalid_argument, {"node 2, fill", "cannot become kernel"}, [&] { run.update(c, shape(), add_to_all{}, x, 1); });
  expect_error(xl::errc::invalid_argument, {"node 1", "cannot become a copy of 400 bytes"}, [&] { run.update_copy(b, x, y); });
  expect_error(xl::errc::invalid_argument, {"size 0"}, [&] { run.update(b, {.grid = 0, .block = 32}, scale_all{}, x, 1); });
  expect_error(xl::errc::invalid_argument, {"not of the graph"}, [&] { run.update(another.empty_node({}), shape(), scale_all{}, x, 1); });
  expect_error(xl::errc::size_mismatch, {"copy node of 100 elements to 1 "}, [&] { g.copy_node({}, x, x.subspan(0, 1)); });
  run.launch(q);
  q.synchronize();
  expect_usable(d);
}

CROSSLANE_TEST(graph, wrong_captures) {
  xl::stream const q{d}, other{d};
  xl::buffer<int> x{q, n};
  xl::event e{d};
  xl::fill(q, x, 1);
  q.synchronize();
  {
    xl::graph_capture capture{q};
    expect_error(xl::errc::invalid_call, {"already captured, since", "graph_test.cpp"}, [&] { xl::graph_capture const again{q}; });
    xl::launch(q, shape(), add_to_all{}, x, 1);
    CROSSLANE_CHECK_EQ(capture.end().size(), 1u);
    expect_error(xl::errc::invalid_call, {"it has ended"}, [&] { (void)capture.end(); });
  }
  {  // a call that cannot be captured
    xl::graph_capture capture{q};
    xl::launch(q, shape(), add_to_all{}, x, 1);
    expect_error(xl::errc::invalid_call, {"stream synchronize"}, [&] { q.synchronize(); });
    expect_error(xl::errc::invalid_call, {"end of a capture", "stream synchronize at"}, [&] { (void)capture.end(); });
  }
  xl::launch(q, shape(), add_to_all{}, x, 1);
  q.synchronize();
  {  // a stream that joins and is not waited for
    xl::graph_capture capture{q};
    xl::launch(q, shape(), add_to_all{}, x, 1);
    e.record(q);
    other.wait(e);
    xl::launch(other, shape(), add_to_all{}, x, 1);
    expect_error(xl::errc::invalid_call, {"end of a capture"}, [&] { (void)capture.end(); });
  }
  q.synchronize();
  other.synchronize();
  try {  // an exception leaves the scope
    xl::graph_capture const capture{q};
    xl::launch(q, shape(), add_to_all{}, x, 1);
    throw std::runtime_error{"in the capture"};
  } catch (std::runtime_error const&) {
  }
  q.synchronize();
  {  // a launch of a graph
    xl::graph g{d};
    g.empty_node({});
    xl::executable_graph run = g.instantiate();
    xl::graph_capture capture{q};
    expect_error(xl::errc::invalid_call, {"graph launch", "child node"}, [&] { run.launch(q); });
    (void)capture.end();
  }
  {  // too much memory
    xl::graph_capture const capture{q};
    xl::launch(q, shape(), add_to_all{}, x, 1);
    std::size_t const much = std::size_t{1} << 50;
    expect_error(xl::errc::out_of_memory, {"1125899906842624 bytes"}, [&] { xl::buffer<char> const never{q, much}; });
  }
  std::vector<int> const added = read(q, x);
  xl::launch(q, shape(), add_to_all{}, x, 1);
  CROSSLANE_CHECK_EQ(read(q, x)[0], added[0] + 1);
  expect_usable(d);
}

/// The host tells; on a GPU such a launch is undefined.
CROSSLANE_TEST(graph, destroyed_event) {
  if (std::string_view{xl::default_backend::name} != "host") {
    skip("undefined");
    return;
  }
  xl::stream const q{d};
  std::optional<xl::event> e{std::in_place, d};
  xl::graph recording{d}, waiting{d};
  recording.record_node({}, *e);
  waiting.wait_node({}, *e);
  xl::executable_graph records = recording.instantiate(), waits = waiting.clone().instantiate();
  records.launch(q);
  e.reset();
  for (xl::executable_graph* const run : {&records, &waits})
    expect_error(xl::errc::invalid_handle, {"graph launch", "an event that has been destroyed"}, [&] { run->launch(q); });
  q.synchronize();
  expect_usable(d);
}

/// A graph is for streams of its device.
CROSSLANE_TEST(graph, other_device) {
  if (xl::device::count() < 2) skip("one device");
  xl::device const second{1 - d.index()};
  xl::stream const q{d}, far{second};
  xl::buffer<int> x{far, n};
  xl::graph g{d};
  expect_error(xl::errc::invalid_argument, {"kernel node: memory argument 1"}, [&] { g.kernel_node({}, shape(), add_to_all{}, x, 1); });
  expect_error(xl::errc::invalid_argument, {"fill node: memory argument 1"}, [&] { g.fill_node({}, x, 1); });
  xl::buffer<int> y{q, n}, z{q, n};
  expect_error(xl::errc::invalid_argument, {"copy node", "capture a copy()"}, [&] { g.copy_node({}, x, y); });
  auto const copied = g.copy_node({g.fill_node({}, y, 1)}, y, z);
  xl::graph there{second}, here{d};
  there.empty_node({});
  here.empty_node({});
  expect_error(xl::errc::invalid_argument, {"child node: the child graph is of", "the graph is of device"},
               [&] { g.child_node({}, there); });
  xl::event const there_recorded{second};
  expect_error(xl::errc::invalid_argument, {"record node: the event is of"}, [&] { g.record_node({}, there_recorded); });
  xl::buffer<unsigned> const near_condition{q, 1}, far_condition{far, 1};
  expect_error(xl::errc::invalid_argument, {"while node: the body is of"}, [&] { g.while_node({}, near_condition, there); });
  expect_error(xl::errc::invalid_argument, {"while node: memory argument 1"}, [&] { g.while_node({}, far_condition, here); });
  xl::executable_graph run = g.instantiate();
  expect_error(xl::errc::invalid_argument, {"graph update", "capture a copy()"}, [&] { run.update_copy(copied, y, x); });
  expect_error(xl::errc::invalid_argument, {"graph launch", "the stream is of device"}, [&] { run.launch(far); });
  run.launch(q);
}

}  // namespace
