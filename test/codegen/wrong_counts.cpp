// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// False statements about code. count.py must report every line.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

// sm_90: 1 mul.f32, 1 bar.sync
// sm_90: 2 mul.f32
// sm_90: 0 mul.f32
// gfx90a: 2 v_mul_f32
// gfx90a: 0 v_mul_f32
// gfx1030: 2 v_mul_f32
// gfx1030: 0 v_mul_f32
struct twice {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x) const {
    x[ctx.thread_rank()] *= 2.5f;
  }
};

// sm_90: st.shared then bar.sync then ld.shared then ld.shared
// sm_90: bar.sync then st.shared then ld.shared
// sm_90: bar.sync then st.shared
// gfx90a: ds_read then ds_write
// gfx90a: ds_write then ds_read then ds_read
// gfx1030: ds_read then ds_write
struct through_shared {
  struct shared {
    float data[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, float* x) const {
    s.data[ctx.thread_rank()] = x[ctx.thread_rank()];
    ctx.sync_block();
    x[ctx.thread_rank()] = s.data[ctx.thread_rank() ^ 1];
  }
};

void launch_all(xl::stream_ref q, float* x) {
  xl::launch(q, {.grid = 1, .block = 64}, twice{}, x);
  xl::launch(q, {.grid = 1, .block = 64}, through_shared{}, x);
}
