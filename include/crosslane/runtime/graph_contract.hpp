// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The contract of a backend that has graphs: the specialisation of backend::graphs.
#pragma once

#include <crosslane/runtime/contract.hpp>

#include <vector>

namespace crosslane {

/// The kinds of work that a node of a graph does.
enum class graph_node_kind : unsigned char {
  kernel,         ///< runs a kernel
  copy,           ///< copies memory
  fill,           ///< fills memory with a value
  host_function,  ///< calls a function on the host
  child_graph,    ///< runs the nodes of another graph
  empty,          ///< does nothing, but has dependencies
  event_record,   ///< records an event
  event_wait,     ///< waits for an event
  while_loop,     ///< runs a body again and again
  other,          ///< an allocation or a free that a capture has made, or a kind of the vendor's own
};

namespace backend {

/// The graphs of backend B. A node and a graph are handles. Functions for nodes take the nodes that the new one depends on.
template <class B>
struct graphs;

/// The facts that a backend knows about a node.
struct node_facts {
  graph_node_kind kind = graph_node_kind::other;  ///< what it does
  char const* name = nullptr;                     ///< of the kernel, in static storage; null: not known
  void const* kernel = nullptr;                   ///< identifies the kernel and the types of its arguments; null: not known
  extent3 grid{0, 0, 0};                          ///< blocks of the kernel
  extent3 block{0, 0, 0};                         ///< threads of a block
  source_location where;                          ///< the place in the program, if it is known
};

}  // namespace backend

/// A backend with graphs.
template <class B>
concept graph_backend =
    runtime_backend<B> &&
    requires(typename backend::graphs<B>::graph_handle graph, typename backend::graphs<B>::graph_handle* graph_out,
             typename backend::graphs<B>::node_handle node, typename backend::graphs<B>::node_handle* node_out,
             std::vector<typename backend::graphs<B>::node_handle> const& after,
             std::vector<typename backend::graphs<B>::node_handle>& nodes, typename backend::graphs<B>::exec_handle exec,
             typename backend::graphs<B>::exec_handle* exec_out, typename B::stream_handle stream, typename B::event_handle event,
             void (*function)(void*), void* p, void const* cp, std::size_t n, unsigned u, source_location where) {
      { backend::graphs<B>::create(graph_out) } -> std::same_as<status>;
      { backend::graphs<B>::destroy(graph) } -> std::same_as<status>;
      { backend::graphs<B>::clone(graph_out, graph) } -> std::same_as<status>;
      { backend::graphs<B>::find_in_clone(node_out, node, graph) } -> std::same_as<status>;

      { backend::graphs<B>::add_copy(node_out, graph, after, p, cp, n, where) } -> std::same_as<status>;
      {
        backend::graphs<B>::add_fill(node_out, graph, after, p, u, u, n, where)
      } -> std::same_as<status>;  // value, bytes and number of elements
      { backend::graphs<B>::add_host_function(node_out, graph, after, function, p, where) } -> std::same_as<status>;
      { backend::graphs<B>::add_child(node_out, graph, after, graph) } -> std::same_as<status>;  // copies the child
      { backend::graphs<B>::add_empty(node_out, graph, after) } -> std::same_as<status>;
      { backend::graphs<B>::add_record(node_out, graph, after, event) } -> std::same_as<status>;
      { backend::graphs<B>::add_wait(node_out, graph, after, event) } -> std::same_as<status>;
      { backend::graphs<B>::add_dependency(graph, node, node) } -> std::same_as<status>;  // the second node depends on the first

      // Whether an executable graph of so many nodes is made anew rather than changed.
      { backend::graphs<B>::is_made_anew(n) } -> std::same_as<bool>;
      { backend::graphs<B>::instantiate(exec_out, graph) } -> std::same_as<status>;
      { backend::graphs<B>::destroy_exec(exec) } -> std::same_as<status>;
      { backend::graphs<B>::launch(exec, stream) } -> std::same_as<status>;
      { backend::graphs<B>::update_copy(exec, node, p, cp, n, where) } -> std::same_as<status>;
      { backend::graphs<B>::update_copy_node(node, p, cp, n, where) } -> std::same_as<status>;

      { backend::graphs<B>::begin_capture(stream) } -> std::same_as<status>;
      { backend::graphs<B>::end_capture(stream, graph_out) } -> std::same_as<status>;
      // Makes the stream's capture call the function each time, whatever stream_callback() does with its data.
      { backend::graphs<B>::nodes(graph, nodes) } -> std::same_as<status>;
      { backend::graphs<B>::edges(graph, nodes, nodes) } -> std::same_as<status>;
      { backend::graphs<B>::facts(node) } -> std::same_as<backend::node_facts>;
    };

}  // namespace crosslane
