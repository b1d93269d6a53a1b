// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A kernel with clusters, for a target that has none. With one block it compiles.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct kernel {
#if CROSSLANE_TEST_WRONG == 1
  static constexpr auto cluster = xl::cluster_size<2>;
#else
  static constexpr auto cluster = xl::cluster_size<1>;
#endif
  struct shared {
    int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, int* out) const {
    auto const blocks = ctx.cluster();
    if (ctx.thread_rank() == 0) s.value = int(blocks.rank());
    blocks.sync();
    out[ctx.block_index()] = blocks.peer(s.value, 0);
    blocks.arrive();
    blocks.wait();
  }
};

void run(xl::stream const& q, int* out) { xl::launch(q, {.grid = 2, .block = 64}, kernel{}, out); }
