// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches that a graph of the vendor's captures from a stream.
#include <crosslane/algorithm.hpp>
#include <support/target.hpp>

#include <algorithm>
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

void succeed(int code, source_location where = source_location::current()) {
  if (code != 0) fail_and_end("the vendor's call returned " + show(static_cast<long long>(code)), where);
}

/// What a stream captures between its construction and end().
class captured {
 public:
  explicit captured(xl::stream const& q) : q_{q} {
    succeed(CROSSLANE_GPU(StreamBeginCapture)(q.native(), CROSSLANE_GPU(StreamCaptureModeThreadLocal)));
  }
  void end() {
    succeed(CROSSLANE_GPU(StreamEndCapture)(q_.native(), &graph_));
    succeed(CROSSLANE_GPU(GraphInstantiateWithFlags)(&executable_, graph_, 0));
  }
  void launch() const { succeed(CROSSLANE_GPU(GraphLaunch)(executable_, q_.native())); }
  ~captured() {
    succeed(CROSSLANE_GPU(GraphExecDestroy)(executable_));
    succeed(CROSSLANE_GPU(GraphDestroy)(graph_));
  }

 private:
  xl::stream const& q_;
  CROSSLANE_GPU(Graph_t) graph_ = nullptr;
  CROSSLANE_GPU(GraphExec_t) executable_ = nullptr;
};

/// The counter of the barrier is allocated and freed within the graph, once for each time that it runs.
CROSSLANE_TEST(capture, cooperative_launch) {
  if (!d.properties().cooperative_launch || !d.properties().stream_ordered_memory) skip("no cooperative launches, or no memory pools");
  constexpr unsigned grid = 3, block = 32, n = grid * block, rounds = 2, runs = 2;
  xl::stream const q{d};
  xl::buffer<unsigned> value = upload(q, std::vector<unsigned>(n, 1));
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, 0u);  // the code is loaded before the capture
  q.synchronize();

  captured graph{q};
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, rounds);
  graph.end();
  for (unsigned i = 0; i < runs; ++i) graph.launch();
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

  captured graph{q};
  all(o);
  graph.end();
  for (unsigned const factor : {7919u, 104729u}) {
    std::vector<unsigned> values(n), expected(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = unsigned(i) * factor % 5003;
    xl::copy(q, values, in);
    graph.launch();
    std::inclusive_scan(values.begin(), values.end(), expected.begin());
    CROSSLANE_CHECK_SAME(read(q, sums), expected);
    std::sort(values.begin(), values.end());
    CROSSLANE_CHECK_SAME(read(q, sorted), values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    CROSSLANE_CHECK_EQ(read(q, count)[0], values.size());
    CROSSLANE_CHECK_EQ(read(q, total)[0], std::accumulate(values.begin(), values.end(), 0u));
  }
}

}  // namespace
