// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The functions of a translation unit that the others call.
#pragma once

#include "shared.hpp"

#include <crosslane/runtime/executable_graph.hpp>

#include <string>

namespace two_tu {

using executable_graph = xl::basic_executable_graph<xl::host>;
using graph_node = xl::basic_graph_node<xl::host>;

struct part {
  char const* backend;  ///< the default one of its compiler
  int (*devices)();     ///< of that backend
  int (*sum_on_default)(int factor);
  int (*sum_on_host)(xl::basic_stream_ref<xl::host> q, int factor);
  void (*throw_error)();                                    ///< a crosslane::error: limit_exceeded, "thrown by " and the backend
  void (*copy_too_much)(xl::basic_stream_ref<xl::host> q);  ///< by the library: size_mismatch
  void (*fail_later)(xl::basic_stream_ref<xl::host> q);     ///< the next to synchronise gets the error of throw_error
  std::string (*what)(void (*f)());                         ///< calls f; the object of the crosslane::error that it throws

  // The settings of the unit, and whether it behaves accordingly.
  bool checks_bounds, synchronises_launches;
  bool (*finds_access_outside_in_kernel)(xl::basic_stream_ref<xl::host> q);
  bool (*finds_access_outside_in_graph)(xl::basic_stream_ref<xl::host> q);
  bool (*finds_access_outside_in_changed_graph)(xl::basic_stream_ref<xl::host> q, executable_graph& graph, graph_node node);
  bool (*finds_access_outside_in_program)();
  bool (*launch_throws)(xl::basic_stream_ref<xl::host> q);    ///< of a kernel that fails
  bool (*for_each_throws)(xl::basic_stream_ref<xl::host> q);  ///< of a function that fails
  void (*wait_with_deep_stacks)(xl::basic_stream_ref<xl::host> q);
};

part const& part_a();
part const& part_b();
part const& part_c();
part const& part_d();

/// Defined by part_d: the types of the runtime do not depend on the settings.
int sum_of(xl::basic_stream_ref<xl::host> q, xl::span<int const> values, xl::basic_buffer<int, xl::memory_kind::pinned, xl::host>& result);

}  // namespace two_tu
