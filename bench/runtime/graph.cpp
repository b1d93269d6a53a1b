// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The time of a graph of tiny kernels: against the vendor's own graph of the same kernels, and against launching them one by one.
#include "../bench.hpp"

#include <crosslane/graph.hpp>

#include <memory>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr int kernels = 1000;
constexpr unsigned block = 256;

struct tiny {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x, float factor) const {
    if (ctx.thread_rank() == 0) *x = factor * *x;
  }
};
__global__ void raw_tiny(float* x, float factor) {
  if (threadIdx.x == 0) *x = factor * *x;
}

void succeed(int code) {
  if (code != 0) xl::throw_error(xl::errc::vendor, xl::source_location::current(), "the vendor's graph: error %d", code);
}

/// The vendor's graph of a chain of kernels.
struct raw_graph {
  explicit raw_graph(float* x) {
    succeed(CROSSLANE_GPU(GraphCreate)(&graph, 0));
    CROSSLANE_GPU(GraphNode_t) last{};
    for (int i = 0; i < kernels; ++i) {
      float factor = 1;
      void* pointers[] = {&x, &factor};
      CROSSLANE_GPU(KernelNodeParams) parameters{};
      parameters.func = reinterpret_cast<void*>(&raw_tiny);
      parameters.gridDim = dim3{1, 1, 1};
      parameters.blockDim = dim3{block, 1, 1};
      parameters.kernelParams = pointers;
      CROSSLANE_GPU(GraphNode_t) next{};
      succeed(CROSSLANE_GPU(GraphAddKernelNode)(&next, graph, &last, i == 0 ? 0 : 1, &parameters));
      last = next;
    }
    succeed(CROSSLANE_GPU(GraphInstantiateWithFlags)(&executable, graph, 0));
  }
  raw_graph(raw_graph const&) = delete;
  raw_graph& operator=(raw_graph const&) = delete;
  ~raw_graph() {
    (void)CROSSLANE_GPU(GraphExecDestroy)(executable);
    (void)CROSSLANE_GPU(GraphDestroy)(graph);
  }
  CROSSLANE_GPU(Graph_t) graph {};
  CROSSLANE_GPU(GraphExec_t) executable {};
};

xl::executable_graph make_graph(xl::device d, float* x) {
  xl::graph g{d};
  std::vector<xl::graph_node> last;
  for (int i = 0; i < kernels; ++i) last = {g.kernel_node(last, {.grid = 1, .block = block}, tiny{}, x, 1.f)};
  return g.instantiate();
}

/// Adds the time until all kernels are queued, and until they are done.
template <class Launch>
void add_side(xl::stream_ref q, std::string const& group, char const* side, Launch launch) {
  for (bool const queued : {true, false})
    add({.name = group + (queued ? ", queued/" : ", done/") + side,
         .iterations = 3,
         .repetitions = 101,
         .seconds =
             [=] {
               stopwatch const time;
               launch();
               double const until_queued = time.seconds();
               q.synchronize();
               return queued ? until_queued : time.seconds();
             },
         .prepare =
             [=] {
               launch();
               q.synchronize();
             }});
}

}  // namespace

void register_graph(xl::stream_ref q) {
  auto const memory = std::make_shared<xl::buffer<float>>(q, 1);
  xl::fill(q, *memory, 1.f);
  q.synchronize();
  float* const x = memory->data();
  auto const mine = std::make_shared<xl::executable_graph>(make_graph(q.device(), x));
  auto const raw = std::make_shared<raw_graph>(x);
  auto const launch_graph = [q, mine, memory] { mine->launch(q); };
  add_side(q, "graph of 1000 kernels", "crosslane", launch_graph);
  add_side(q, "graph of 1000 kernels", "rival", [q, raw, memory] { succeed(CROSSLANE_GPU(GraphLaunch)(raw->executable, q.native())); });
  add_side(q, "graph of 1000 kernels, against launches", "crosslane", launch_graph);
  add_side(q, "graph of 1000 kernels, against launches", "rival", [q, x, memory] {
    for (int i = 0; i < kernels; ++i) xl::launch(q, {.grid = 1, .block = block}, tiny{}, x, 1.f);
  });
}

}  // namespace bench
