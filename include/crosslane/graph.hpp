// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs of the default backend: work that is described or captured once and launched often. The types are in runtime/graph.hpp,
/// executable_graph.hpp and graph_capture.hpp.
#pragma once

#include <crosslane/crosslane.hpp>

#include <crosslane/runtime/executable_graph.hpp>
#include <crosslane/runtime/graph.hpp>
#include <crosslane/runtime/graph_capture.hpp>

#include <crosslane/backend/select_graph.hpp>

namespace crosslane {

/// A graph of the default backend: xl::graph g{d}.
using graph = basic_graph<default_backend>;
/// A node of a graph of the default backend.
using graph_node = basic_graph_node<default_backend>;
/// An executable graph of the default backend: xl::executable_graph run = g.instantiate().
using executable_graph = basic_executable_graph<default_backend>;
/// A scope that captures a stream of the default backend: xl::graph_capture capture{q}.
using graph_capture = basic_graph_capture<default_backend>;

}  // namespace crosslane
