// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whether a call has the same result in a graph.
#pragma once

#include <crosslane/graph.hpp>
#include <support/target.hpp>

namespace crosslane_test {

/// Compares the tensor that f() writes with what a graph writes that has captured f().
template <class Tensor, class F>
void compare_captured(crosslane::stream const& q, Tensor& out, F const& f) {
  f();
  auto const direct = read(q, out.storage());
  crosslane::fill(q, out.storage(), typename Tensor::value_type{});
  crosslane::graph_capture capture{q};
  f();
  crosslane::executable_graph run = capture.end().instantiate();
  run.launch(q);
  auto const got = read(q, out.storage());
  CROSSLANE_CHECK_SAME(got, direct);
}

}  // namespace crosslane_test
