// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs and their nodes, shared by hip_graph.cpp and hip_graph_nodes.cpp.
#pragma once
#include "hip_api.hpp"

namespace shim {
/// An executable graph: a clone of the graph. The origin of each of its nodes is the node of the graph.
struct Exec {
  std::shared_ptr<Graph> g;
  unsigned long long flags = 0;
};
inline hipGraphNode_t handle(GNode* n) { return reinterpret_cast<hipGraphNode_t>(n); }
/// Returns the node of an executable graph that was made from n, also within child graphs, or null.
GNode* of_exec(hipGraphExec_t e, hipGraphNode_t n);
/// Says whether a node's command may become another one while the graph is executable, and if not why.
hipGraphExecUpdateResult may_become(Cmd const& from, Cmd const& to);
/// Compares a graph with a changed one, with their child graphs. *bad: the node of the changed graph that differs, or null.
hipGraphExecUpdateResult compare(Graph const& g, Graph const& changed, GNode** bad);
/// Takes over the commands of a graph that compares equal. The nodes keep their origins.
void update(Graph& g, Graph const& from);
/// The object's references that a graph holds, and those of its user.
void retain(UserObject* o, unsigned n);
void release(UserObject* o, unsigned n);
}  // namespace shim
