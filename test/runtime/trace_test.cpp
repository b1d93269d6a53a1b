// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Traces, timed regions and reports of kernels.
#include <support/json.hpp>
#include <support/target.hpp>

#include <crosslane/graph.hpp>
#include <crosslane/runtime/timed_regions.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace xl = crosslane;
using namespace crosslane_test;
using backend = xl::default_backend;

namespace {

struct scale {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x, float factor) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] *= factor;
  }
};

/// Needs shared memory, so that a report has something to say.
struct block_total {
  template <class Ctx>
  struct shared {
    float values[512];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> x, xl::span<float> out) const {
    s.values[ctx.thread_rank()] = x[ctx.thread_rank()];
    ctx.sync_block();
    if (ctx.thread_rank() != 0) return;
    float sum = 0;
    for (unsigned i = 0; i < ctx.block_size(); ++i) sum += s.values[i];
    out[0] = sum;
  }
};

/// A trace of the calls between its construction and events().
struct recorded_trace {
  std::string path;

  recorded_trace() {
    char name[] = "/tmp/crosslane-trace-XXXXXX";
    int const file = mkstemp(name);
    if (file < 0) fail_and_end("no temporary file", xl::source_location::current());
    ::close(file);
    path = name;
    xl::start_trace(path.c_str());
  }
  recorded_trace(recorded_trace const&) = delete;
  recorded_trace& operator=(recorded_trace const&) = delete;
  ~recorded_trace() {
    xl::stop_trace();
    std::remove(path.c_str());
  }

  std::vector<json_value> events() const {
    xl::stop_trace();
    std::ifstream file{path};
    std::stringstream text;
    text << file.rdbuf();
    json_value const all = json_reader{text.str()}.read();
    return all["traceEvents"].elements;
  }
};

std::vector<json_value> with(std::vector<json_value> const& events, std::string const& phase, std::string const& category) {
  std::vector<json_value> result;
  for (json_value const& e : events)
    if (e["ph"].s == phase && (category.empty() || (e.has("cat") && e["cat"].s == category))) result.push_back(e);
  return result;
}

/// Returns the name of the row or the device of an event.
std::string name_of(std::vector<json_value> const& events, json_value const& event, bool lane) {
  for (json_value const& e : events)
    if (e["ph"].s == "M" && e["name"].s == (lane ? "thread_name" : "process_name") && e["pid"].n == event["pid"].n &&
        (!lane || e["tid"].n == event["tid"].n))
      return e["args"]["name"].s;
  return "";
}

double begin_of(json_value const& e) { return e["ts"].n; }
double end_of(json_value const& e) { return e["ts"].n + e["dur"].n; }

CROSSLANE_TEST(trace, work_has_names_streams_and_times) {
  recorded_trace const trace;
  {
    xl::stream const q{d}, r{d};
    std::vector<float> values(1000, 1.f);
    xl::buffer<float> x{q, values.size()}, y{r, 100};
    xl::copy(q, values, x);
    for (int i = 0; i < 3; ++i) xl::launch(q, {.grid = 4, .block = 128}, scale{}, x, 2.f);
    xl::fill(r, y, 0.f);
    q.host_callback([] {});
    xl::event e{d};
    e.record(q);
    r.wait(e);
    xl::copy(q, x, values);
    q.synchronize();
    r.synchronize();
    CROSSLANE_CHECK_EQ(values[999], 8.f);
  }
  auto const events = trace.events();
  std::string const device = std::string(backend::name) + " device " + std::to_string(d.index());

  auto const launches = with(events, "X", "launch");
  CROSSLANE_CHECK_EQ(launches.size(), 3);
  for (auto const& e : launches) {
    CROSSLANE_CHECK(contains(e["name"].s, "scale"));
    CROSSLANE_CHECK_EQ(name_of(events, e, true), std::string("stream 1"));
    CROSSLANE_CHECK(contains(name_of(events, e, false), device));
    CROSSLANE_CHECK_EQ(e["args"]["grid"].elements.at(0).n, 4.0);
    CROSSLANE_CHECK_EQ(e["args"]["block"].elements.at(0).n, 128.0);
    CROSSLANE_CHECK(contains(e["args"]["where"].s, "trace_test.cpp:"));
  }
  auto const copies = with(events, "X", "copy");
  CROSSLANE_CHECK_EQ(copies.size(), 2);
  for (auto const& e : copies) CROSSLANE_CHECK_EQ(e["args"]["bytes"].n, 4000.0);
  auto const fills = with(events, "X", "fill");
  CROSSLANE_CHECK_EQ(fills.size(), 1);
  CROSSLANE_CHECK_EQ(name_of(events, fills.at(0), true), std::string("stream 2"));
  CROSSLANE_CHECK_EQ(with(events, "X", "callback").size(), 1);
  CROSSLANE_CHECK_EQ(with(events, "X", "wait").size(), 1);

  // The work of a stream is in order and does not overlap.
  std::vector<json_value const*> of_stream;
  for (auto const& e : events)
    if (e["ph"].s == "X" && e["pid"].n != 1 && name_of(events, e, true) == "stream 1") of_stream.push_back(&e);
  CROSSLANE_CHECK_EQ(of_stream.size(), 6);
  for (std::size_t i = 1; i < of_stream.size(); ++i) CROSSLANE_CHECK(begin_of(*of_stream[i]) >= end_of(*of_stream[i - 1]) - 0.001);

  // Each arrow leads from a call to its work.
  auto const tails = with(events, "s", "");
  std::size_t heads = 0;
  for (auto const& e : events) {
    if (e["ph"].s != "f") continue;
    ++heads;
    std::size_t tail = 0, found = 0;
    for (std::size_t i = 0; i < tails.size(); ++i)
      if (tails[i]["id"].n == e["id"].n) tail = i, ++found;
    CROSSLANE_CHECK_EQ(found, 1);
    if (host_build) CROSSLANE_CHECK(e["ts"].n >= tails.at(tail)["ts"].n);
  }
  CROSSLANE_CHECK_EQ(heads, tails.size());
  CROSSLANE_CHECK_EQ(heads, 8);

  // Buffers are counted, and freed.
  auto const memory = with(events, "C", "");
  CROSSLANE_CHECK_EQ(memory.size(), 4);
  CROSSLANE_CHECK_EQ(memory.at(1)["args"]["bytes"].n, 4400.0);
  CROSSLANE_CHECK_EQ(memory.at(3)["args"]["bytes"].n, 0.0);
}

/// A launch of a graph is one piece of work. Calls that are captured are no work.
CROSSLANE_TEST(trace, launches_of_graphs) {
  recorded_trace const trace;
  {
    xl::stream const q{d};
    xl::buffer<float> x{q, 1000};
    xl::graph_capture capture{q};
    for (int i = 0; i < 3; ++i) xl::launch(q, {.grid = 4, .block = 128}, scale{}, x, 2.f);
    xl::executable_graph run = capture.end().instantiate();
    xl::fill(q, x, 0.f);
    for (int i = 0; i < 2; ++i) run.launch(q);
    q.synchronize();
  }
  auto const events = trace.events();
  auto const launches = with(events, "X", "launch");
  CROSSLANE_CHECK_EQ(launches.size(), 2);
  for (auto const& e : launches) CROSSLANE_CHECK_EQ(e["name"].s, std::string("graph"));
  CROSSLANE_CHECK_EQ(with(events, "f", "").size(), with(events, "s", "").size());
}

CROSSLANE_TEST(trace, ranges_nest_and_name_work) {
  recorded_trace const trace;
  {
    xl::stream const q{d};
    xl::buffer<float> x{q, 10};
    xl::scoped_range const outer{"quoted \" \\ \n \xc3\xa9 \xff"};
    xl::fill(q, x, 0.f);
    {
      xl::scoped_range const inner{"inner"};
      xl::launch(q, {.grid = 1, .block = 32}, scale{}, x, 2.f);
    }
    xl::mark("a mark");
    q.synchronize();
  }
  auto const events = trace.events();
  std::vector<std::string> open, seen;
  for (auto const& e : events) {
    if (e["ph"].s == "B") {
      open.push_back(e["name"].s);
      seen.push_back(e["name"].s);
    } else if (e["ph"].s == "E") {
      CROSSLANE_CHECK(!open.empty());
      open.pop_back();
    }
  }
  CROSSLANE_CHECK(open.empty());
  CROSSLANE_CHECK_EQ(seen.size(), 2);
  CROSSLANE_CHECK_EQ(seen.at(0), std::string("quoted \" \\ \n \xc3\xa9 ?"));
  CROSSLANE_CHECK_EQ(with(events, "X", "launch").at(0)["args"]["range"].s, std::string("inner"));
  CROSSLANE_CHECK_EQ(with(events, "i", "mark").at(0)["name"].s, std::string("a mark"));
}

CROSSLANE_TEST(trace, several_threads) {
  recorded_trace const trace;
  {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([d] {
        xl::stream const q{d};
        xl::buffer<float> x{q, 100};
        xl::fill(q, x, 0.f);
        for (int i = 0; i < 50; ++i) {
          xl::scoped_range const range{"step"};
          xl::launch(q, {.grid = 1, .block = 64}, scale{}, x, 1.f);
        }
        q.synchronize();
      });
    for (auto& t : threads) t.join();
  }
  auto const events = trace.events();
  CROSSLANE_CHECK_EQ(with(events, "X", "launch").size(), 200);
  CROSSLANE_CHECK_EQ(with(events, "B", "range").size(), 200);
  std::vector<double> open, seen;
  auto const position = [](std::vector<double> const& ids, double id) { return std::find(ids.begin(), ids.end(), id); };
  for (auto const& e : events) {
    double const id = e["tid"].n;
    if (e["ph"].s == "B") {
      CROSSLANE_CHECK(position(open, id) == open.end());
      open.push_back(id);
      if (position(seen, id) == seen.end()) seen.push_back(id);
    } else if (e["ph"].s == "E") {
      CROSSLANE_CHECK(position(open, id) != open.end());
      open.erase(position(open, id));
    }
  }
  CROSSLANE_CHECK(open.empty());
  CROSSLANE_CHECK_EQ(seen.size(), 4);
}

CROSSLANE_TEST(trace, an_exception_ends_ranges) {
  recorded_trace const trace;
  {
    xl::stream const q{d};
    try {
      xl::scoped_range const range{"fails"};
      xl::buffer<float> x{q, 10};
      xl::launch(q, {.grid = 1, .block = 1u << 20}, scale{}, x, 1.f);
    } catch (xl::error const&) {
    }
    q.synchronize();
  }
  auto const events = trace.events();
  CROSSLANE_CHECK_EQ(with(events, "B", "").size(), 1);
  CROSSLANE_CHECK_EQ(with(events, "E", "").size(), 1);
  CROSSLANE_CHECK_EQ(with(events, "X", "launch").size(), 0);
}

/// A wait joins a stream to a capture: it begins outside and ends inside.
CROSSLANE_TEST(trace, forks_and_joins_in_a_capture) {
  recorded_trace const trace;
  {
    xl::stream const q{d}, side{d};
    xl::buffer<float> x{q, 100}, y{q, 100};
    xl::fill(q, x, 1.f);
    xl::fill(q, y, 1.f);
    xl::launch(q, {.grid = 1, .block = 128}, scale{}, x, 1.f);  // the code is loaded before the capture
    q.synchronize();
    side.synchronize();
    xl::event fork{d}, join{d};
    xl::graph_capture capture{q};
    fork.record(q);
    side.wait(fork);
    xl::launch(side, {.grid = 1, .block = 128}, scale{}, y, 3.f);
    xl::launch(q, {.grid = 1, .block = 128}, scale{}, x, 2.f);
    join.record(side);
    q.wait(join);
    xl::executable_graph graph = capture.end().instantiate();
    graph.launch(q);
    q.synchronize();
    CROSSLANE_CHECK_EQ(read(q, x).at(99), 2.f);
    CROSSLANE_CHECK_EQ(read(q, y).at(99), 3.f);
  }
  auto const events = trace.events();
  CROSSLANE_CHECK_EQ(with(events, "s", "").size(), with(events, "f", "").size());
}

/// More than a window of the file, and traces one after another.
CROSSLANE_TEST_ONCE(trace, many_events) {
  for (int round = 0; round < 2; ++round) {
    recorded_trace const trace;
    for (int i = 0; i < 10000; ++i) xl::mark(i % 2 == 0 ? "a mark with a name that takes some room in the file" : "short");
    CROSSLANE_CHECK_EQ(with(trace.events(), "i", "mark").size(), 10000);
  }
}

CROSSLANE_TEST_ONCE(trace, refuses_a_bad_file) {
  expect_error(xl::errc::invalid_argument, {"/no/such/folder/trace.json cannot be opened"},
               [] { xl::start_trace("/no/such/folder/trace.json"); });
}

/// Each traced call takes the number of an arrow, calls without a trace do not.
CROSSLANE_TEST(trace, off_does_nothing) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 10};
  xl::fill(q, x, 0.f);
  auto const work = [&] {
    for (int i = 0; i < 20; ++i) xl::launch(q, {.grid = 1, .block = 32}, scale{}, x, 1.f);
    q.synchronize();
  };
  auto const before = xl::detail::the_trace().new_arrow();
  work();
  CROSSLANE_CHECK_EQ(xl::detail::trace_state, int(xl::detail::trace_off));
  CROSSLANE_CHECK_EQ(xl::detail::the_trace().new_arrow(), before + 1);
  {
    recorded_trace const trace;
    work();
    CROSSLANE_CHECK_EQ(xl::detail::the_trace().new_arrow(), before + 22);
  }
}

CROSSLANE_TEST(timed_regions, rows_and_table) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 1000};
  xl::fill(q, x, 0.f);
  xl::timed_regions times{q};
  for (int i = 0; i < 300; ++i) {  // more than are kept unfinished
    auto const step = times.region("step");
    for (int k = 0; k < 2; ++k) {
      auto const part = times.region("scale");
      xl::launch(q, {.grid = 2, .block = 64}, scale{}, x, 1.f);
    }
  }
  {
    auto const alone = times.region("scale");
    xl::launch(q, {.grid = 2, .block = 64}, scale{}, x, 1.f);
  }
  auto const rows = times.rows();
  CROSSLANE_CHECK_EQ(rows.size(), 3);
  CROSSLANE_CHECK(rows[0].name == "step" && rows[1].name == "scale" && rows[2].name == "scale");
  CROSSLANE_CHECK(rows[0].parent == -1 && rows[1].parent == 0 && rows[2].parent == -1);
  CROSSLANE_CHECK(rows[0].depth == 0 && rows[1].depth == 1 && rows[2].depth == 0);
  CROSSLANE_CHECK(rows[0].count == 300 && rows[1].count == 600 && rows[2].count == 1);
  for (auto const& r : rows) {
    CROSSLANE_CHECK(r.shortest >= 0 && r.shortest <= r.mean() * 1.001 && r.mean() <= r.longest * 1.001);
    CROSSLANE_CHECK(r.total >= r.longest * 0.999);
  }
  CROSSLANE_CHECK(rows[1].total <= rows[0].total * 1.01 + 0.1);

  std::FILE* const file = std::tmpfile();
  times.print(file);
  std::rewind(file);
  char line[256];
  std::vector<std::string> lines;
  while (std::fgets(line, sizeof line, file) != nullptr) lines.push_back(line);
  std::fclose(file);
  CROSSLANE_CHECK_EQ(lines.size(), 4);
  CROSSLANE_CHECK(contains(lines.at(0), "region") && contains(lines.at(0), "mean ms"));
  CROSSLANE_CHECK_EQ(lines.at(1).rfind("step ", 0), 0);
  CROSSLANE_CHECK_EQ(lines.at(2).rfind("  scale ", 0), 0);
  CROSSLANE_CHECK(contains(lines.at(2), " 600 "));
}

// [ranges]
void step(xl::stream const& q, std::vector<float> const& in, xl::buffer<float>& x) {
  xl::scoped_range const whole{"step"};
  {
    xl::scoped_range const upload{"upload"};
    xl::copy(q, in, x);
  }
  xl::launch(q, {.grid = 4, .block = 256}, scale{}, x, 2.f);
  xl::mark("the step is queued");
}
// [ranges]

// [regions]
void steps(xl::stream const& q, xl::buffer<float>& x) {
  xl::timed_regions times{q};  // #include <crosslane/runtime/timed_regions.hpp>
  for (int i = 0; i < 10; ++i) {
    auto const whole = times.region("step");
    {
      auto const part = times.region("scale");
      xl::launch(q, {.grid = 4, .block = 256}, scale{}, x, 2.f);
    }
    xl::fill(q, x, 0.f);
  }
  times.print();
}
// [regions]

CROSSLANE_TEST(trace, of_the_guide) {
  xl::stream const q{d};
  std::vector<float> const in(1000, 1.f);
  xl::buffer<float> x{q, in.size()};
  step(q, in, x);
  CROSSLANE_CHECK_EQ(read(q, x).at(999), 2.f);
  steps(q, x);
  CROSSLANE_CHECK_EQ(read(q, x).at(0), 0.f);
}

CROSSLANE_TEST(kernel_report, needs_and_limits) {
  xl::stream const q{d};
  xl::buffer<float> x{q, 512}, out{q, 1};
  auto const facts = xl::kernel_report(d, {.block = 256, .dynamic_shared = 1024}, block_total{}, x, out);
  CROSSLANE_CHECK(contains(facts.kernel, "block_total"));
  CROSSLANE_CHECK_EQ(facts.block, 256);
  CROSSLANE_CHECK_EQ(facts.needs.static_shared, 2048);
  CROSSLANE_CHECK_EQ(facts.needs.dynamic_shared, 1024);
  CROSSLANE_CHECK_EQ(facts.blocks, xl::blocks_per_multiprocessor(d, {.block = 256, .dynamic_shared = 1024}, block_total{}, x, out));
  CROSSLANE_CHECK_EQ(facts.waves, facts.blocks * (256 / d.properties().wave_size));
  CROSSLANE_CHECK(facts.occupancy() > 0 && facts.occupancy() <= 1);
  CROSSLANE_CHECK(facts.limited_by_threads || facts.limited_by_blocks || facts.limited_by_shared || facts.limited_by_registers);
  CROSSLANE_CHECK_EQ(facts.needs.registers != 0, !host_build);
  if (host_build) {
    CROSSLANE_CHECK(facts.limited_by_threads && !facts.limited_by_registers);
    CROSSLANE_CHECK_EQ(facts.occupancy(), 1.0);
    CROSSLANE_CHECK(xl::kernel_report(d, {.block = 32}, scale{}, x, 1.f).limited_by_blocks);
  }

  std::FILE* const file = std::tmpfile();
  facts.print(file);
  std::rewind(file);
  char text[1024] = "";
  std::size_t const length = std::fread(text, 1, sizeof text - 1, file);
  text[length] = 0;
  std::fclose(file);
  CROSSLANE_CHECK(contains(text, "2048 + 1024 bytes of static and dynamic shared memory"));
  CROSSLANE_CHECK(contains(text, "limited by "));
}

}  // namespace
