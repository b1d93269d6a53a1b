// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A library whose symbols are hidden: it has its own copy of everything that the headers define.
#include "plugin.hpp"

#include <chrono>
#include <thread>

namespace xl = crosslane;

namespace {

struct slow {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, bool* done) const {
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
    __atomic_store_n(done, true, __ATOMIC_RELEASE);
  }
};

struct failing_in_plugin {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
    if (ctx.thread_rank() == 0) ctx.sync_block();  // the other has returned
  }
};

}  // namespace

extern "C" [[gnu::visibility("default")]] plugin const plugin_functions{
    [](int device) { return new xl::stream{xl::device{device}}; },
    [](xl::stream* q) { delete q; },
    [](xl::stream& q, bool* done) { xl::launch(q, {.grid = 1, .block = 1}, slow{}, done); },
    [](xl::stream& q) { xl::launch(q, {.grid = 1, .block = 2}, failing_in_plugin{}); },
    [](int device) { xl::device{device}.synchronize(); },
    [](xl::stream const& q) { q.synchronize(); },
};
