// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs of HIP.
#pragma once

#include <crosslane/backend/hip/backend.hpp>

#include <crosslane/backend/gpu/graph.hpp>  // after the macros that it uses

namespace crosslane::backend {

struct hip_graph_vendor {
  /// ROCm 10 and earlier rebuild all packets of an executable graph at each change of a node, so that changes of all nodes take time that
  /// is quadratic in their number: 1.7 s for 8192 nodes (ROCm/rocm-systems issue 11070 and its pull request 11069), hence some 6 ms for
  /// 512. Larger graphs are instantiated again before the next launch, once for all changes.
  static constexpr std::size_t most_updated_nodes = 512;

  static hipError_t add_dependency(hipGraph_t g, hipGraphNode_t first, hipGraphNode_t then) noexcept {
    return hipGraphAddDependencies(g, &first, &then, 1);
  }
  static hipError_t edges(hipGraph_t g, hipGraphNode_t* first, hipGraphNode_t* then, std::size_t* count) noexcept {
    return hipGraphGetEdges(g, first, then, count);
  }
  static graph_node_kind kind(hipGraphNodeType type) noexcept {
    switch (type) {
      case hipGraphNodeTypeKernel: return graph_node_kind::kernel;
#if HIP_VERSION < 60000000
      case hipGraphNodeTypeMemcpy1D:
#endif
      case hipGraphNodeTypeMemcpy: return graph_node_kind::copy;
      case hipGraphNodeTypeMemset: return graph_node_kind::fill;
      case hipGraphNodeTypeHost: return graph_node_kind::host_function;
      case hipGraphNodeTypeGraph: return graph_node_kind::child_graph;
      case hipGraphNodeTypeEmpty: return graph_node_kind::empty;
      case hipGraphNodeTypeWaitEvent: return graph_node_kind::event_wait;
      case hipGraphNodeTypeEventRecord: return graph_node_kind::event_record;
      default: return graph_node_kind::other;
    }
  }
};

template <>
struct graphs<hip> : gpu_graphs<hip, hip_graph_vendor> {};

}  // namespace crosslane::backend
