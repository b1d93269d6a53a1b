// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs of CUDA.
#pragma once

#include <crosslane/backend/cuda/backend.hpp>

#include <crosslane/backend/gpu/graph.hpp>  // after the macros that it uses

namespace crosslane::backend {

struct cuda_graph_vendor {
  static constexpr std::size_t most_updated_nodes = ~std::size_t{0};  // an update costs the same whatever the size of the graph

  static cudaError_t add_dependency(cudaGraph_t g, cudaGraphNode_t first, cudaGraphNode_t then) noexcept {
#if CUDART_VERSION >= 13000
    return cudaGraphAddDependencies(g, &first, &then, nullptr, 1);
#else
    return cudaGraphAddDependencies(g, &first, &then, 1);
#endif
  }
  /// Asks for the data of the edges too: without it CUDA refuses graphs of kernels that overlap.
  static cudaError_t edges(cudaGraph_t g, cudaGraphNode_t* first, cudaGraphNode_t* then, std::size_t* count) {
#if CUDART_VERSION >= 12030
    std::vector<cudaGraphEdgeData> data(first == nullptr ? 0 : *count);
    cudaGraphEdgeData* const to_data = first == nullptr ? nullptr : data.data();
#endif
#if CUDART_VERSION >= 13000
    return cudaGraphGetEdges(g, first, then, to_data, count);
#elif CUDART_VERSION >= 12030
    return cudaGraphGetEdges_v2(g, first, then, to_data, count);
#else
    return cudaGraphGetEdges(g, first, then, count);
#endif
  }
  static graph_node_kind kind(cudaGraphNodeType type) noexcept {
    switch (type) {
      case cudaGraphNodeTypeKernel: return graph_node_kind::kernel;
      case cudaGraphNodeTypeMemcpy: return graph_node_kind::copy;
      case cudaGraphNodeTypeMemset: return graph_node_kind::fill;
      case cudaGraphNodeTypeHost: return graph_node_kind::host_function;
      case cudaGraphNodeTypeGraph: return graph_node_kind::child_graph;
      case cudaGraphNodeTypeEmpty: return graph_node_kind::empty;
      case cudaGraphNodeTypeWaitEvent: return graph_node_kind::event_wait;
      case cudaGraphNodeTypeEventRecord: return graph_node_kind::event_record;
      default: return graph_node_kind::other;
    }
  }
};

#if CUDART_VERSION >= 12040
/// Tells a loop whether another round follows.
template <class>
__global__ void set_loop_condition(cudaGraphConditionalHandle loop, unsigned const* condition) {
  cudaGraphSetConditional(loop, *condition != 0);
}
#endif

template <>
struct graphs<cuda> : gpu_graphs<cuda, cuda_graph_vendor> {
#if CUDART_VERSION >= 12040
  /// Adds a loop: a kernel that reads the condition, and a conditional node with the body and the same kernel.
  static status add_loop(node_handle* out, graph_handle g, node_list const& after, unsigned const* condition, graph_handle body) noexcept {
    cudaGraphConditionalHandle handle{};
    if (status const s = from(cudaGraphConditionalHandleCreate(&handle, g, 0, 0)); s.code != 0) return s;
    void* pointers[] = {&handle, &condition};
    cudaKernelNodeParams kernel{};
    kernel.func = reinterpret_cast<void*>(&set_loop_condition<cuda>);
    kernel.gridDim = kernel.blockDim = dim3{1, 1, 1};
    kernel.kernelParams = pointers;
    node_handle first{}, inner{}, last{};
    if (status const s = from(cudaGraphAddKernelNode(&first, g, after.data(), after.size(), &kernel)); s.code != 0) return s;
    cudaGraphNodeParams loop{};
    loop.type = cudaGraphNodeTypeConditional;
    loop.conditional.handle = handle;
    loop.conditional.type = cudaGraphCondTypeWhile;
    loop.conditional.size = 1;
#if CUDART_VERSION >= 13000
    status const added = from(cudaGraphAddNode(out, g, &first, nullptr, 1, &loop));
#else
    status const added = from(cudaGraphAddNode(out, g, &first, 1, &loop));
#endif
    if (added.code != 0) return added;
    graph_handle const inside = loop.conditional.phGraph_out[0];
    if (status const s = from(cudaGraphAddChildGraphNode(&inner, inside, nullptr, 0, body)); s.code != 0) return s;
    return from(cudaGraphAddKernelNode(&last, inside, &inner, 1, &kernel));
  }
#endif
};

}  // namespace crosslane::backend
