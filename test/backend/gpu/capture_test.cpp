// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches that a graph of the vendor's captures from a stream.
#include <support/target.hpp>

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

/// The counter of the barrier is allocated and freed within the graph, once for each time that it runs.
CROSSLANE_TEST(capture, cooperative_launch) {
  if (!d.properties().cooperative_launch || !d.properties().stream_ordered_memory) skip("no cooperative launches, or no memory pools");
  constexpr unsigned grid = 3, block = 32, n = grid * block, rounds = 2, runs = 2;
  xl::stream const q{d};
  xl::buffer<unsigned> value = upload(q, std::vector<unsigned>(n, 1));
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, 0u);  // the code is loaded before the capture
  q.synchronize();

  CROSSLANE_GPU(Graph_t) graph;
  CROSSLANE_GPU(GraphExec_t) executable;
  succeed(CROSSLANE_GPU(StreamBeginCapture)(q.native(), CROSSLANE_GPU(StreamCaptureModeThreadLocal)));
  xl::launch(q, {.grid = grid, .block = block}, spread{}, value, rounds);
  succeed(CROSSLANE_GPU(StreamEndCapture)(q.native(), &graph));
  succeed(CROSSLANE_GPU(GraphInstantiateWithFlags)(&executable, graph, 0));
  for (unsigned i = 0; i < runs; ++i) succeed(CROSSLANE_GPU(GraphLaunch)(executable, q.native()));
  unsigned expected = 1;
  for (unsigned i = 0; i < rounds * runs; ++i) expected *= n;
  CROSSLANE_CHECK_SAME(read(q, value), std::vector<unsigned>(n, expected));
  succeed(CROSSLANE_GPU(GraphExecDestroy)(executable));
  succeed(CROSSLANE_GPU(GraphDestroy)(graph));
}

}  // namespace
