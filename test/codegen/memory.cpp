// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies to shared memory: kernels and what their code must hold. See waves.cpp.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

using quad = xl::vec<float, 4>;

template <class T>
struct one_for_each_thread {
  static constexpr auto block = xl::block_size<256>;
  struct shared {
    T data[256];
  };

 protected:
  template <class Ctx>
  CROSSLANE_FN static void copy_one(Ctx const& ctx, shared& s, T* x) {
    xl::async_copies copies{ctx};
    copies.copy(s.data[ctx.thread_rank()], x[ctx.thread_rank()]);
    copies.commit();
    copies.wait();
    ctx.sync_block();
    x[ctx.thread_rank()] = s.data[ctx.thread_rank() ^ 1];
  }
};

// sm_90: 1 cp.async.cg.shared.global, 1 cp.async.commit_group, 1 cp.async.wait_group, 0 ld.global, 0 st.shared
// sm_90: cp.async.cg then cp.async.commit then cp.async.wait then bar.sync
// gfx90a: 1 global_load_dwordx4, 1 ds_write_b128
// gfx1030: 1 global_load_dwordx4, 1 ds_write_b128
struct thread_copies_16_bytes : one_for_each_thread<quad> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, quad* x) const {
    copy_one(ctx, s, x);
  }
};

// sm_90: 1 cp.async.ca.shared.global, 0 ld.global, 0 st.shared
// gfx90a: 1 global_load_dword, 1 ds_write_b32
// gfx1030: 1 global_load_dword, 1 ds_write_b32
struct thread_copies_4_bytes : one_for_each_thread<float> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, float* x) const {
    copy_one(ctx, s, x);
  }
};

/// A tile of `Size` through a pipeline.
template <unsigned Size>
struct one_tile {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    xl::pipeline_state<2, Ctx> state;
    quad tile[Size];
  };

 protected:
  template <class Ctx>
  CROSSLANE_FN static void copy_tile(Ctx const& ctx, shared<Ctx>& s, quad* x) {
    xl::pipeline pipe{ctx, s.state};
    pipe.acquire();
    pipe.copy_block(s.tile, xl::span<quad const>{x, Size});
    pipe.commit();
    pipe.wait();
    x[ctx.thread_rank()] = s.tile[ctx.thread_rank() ^ 1];
  }
};

// sm_90: 1 cp.async.bulk, 0 cp.async.cg, 1 mbarrier.expect_tx, 1 mbarrier.arrive, 1 mbarrier.try_wait, 2 fence.proxy.async, 2 bar.sync
// gfx90a: 2 global_load_dwordx4, 2 ds_write_b128
// gfx1030: 2 global_load_dwordx4, 2 ds_write_b128
struct block_copies_a_tile : one_tile<512> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, quad* x) const {
    copy_tile(ctx, s, x);
  }
};

// sm_90: 0 cp.async.bulk, 1 cp.async.cg
struct block_copies_a_tile_smaller_than_itself : one_tile<200> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, quad* x) const {
    copy_tile(ctx, s, x);
  }
};

void launch_all(xl::stream_ref q, quad* quads, float* floats) {
  xl::launch(q, {.grid = 1}, thread_copies_16_bytes{}, quads);
  xl::launch(q, {.grid = 1}, thread_copies_4_bytes{}, floats);
  xl::launch(q, {.grid = 1}, block_copies_a_tile{}, quads);
  xl::launch(q, {.grid = 1}, block_copies_a_tile_smaller_than_itself{}, quads);
}
