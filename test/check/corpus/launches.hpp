// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches that no device supports. They are errors of the call or of the stream, and do not affect later work.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// The shared struct and the dynamic shared memory together exceed the limit of a block.
template <std::size_t Dynamic>
struct needs_shared_memory {
  static constexpr std::size_t dynamic_bytes = Dynamic;
  struct shared {
    int value[15 * 1024];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    s.value[ctx.thread_rank()] = 1;
    m.data[ctx.global_rank()] = s.value[ctx.thread_rank()];
  }
};

/// One thread for each element, with more elements than a grid can have threads.
struct one_element_each {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    if (auto const i = ctx.global_rank(); i < m.data.size()) m.data[i] = 1;
  }
};

}  // namespace corpus
