// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Copies to shared memory, prefetches, packed additions, clocks: kernels and what their code must hold. See waves.cpp.
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

// Names of elements cost nothing.
// sm_90: 1 ld.global.v4, 1 st.global.v4, 0 ld.local, 0 st.local, 1 add.f32
// gfx90a: 1 global_load_dwordx4, 1 global_store_dwordx4, 0 scratch_, 0 buffer_
// gfx1030: 1 global_load_dwordx4, 1 global_store_dwordx4, 0 scratch_, 0 buffer_
struct elements_by_name {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, quad* x) const {
    quad v = x[ctx.thread_rank()];
    float const first = v.x, second = v.y;
    v.x = v.w + first;
    v.y = v.z;
    v.z = second;
    v.w = first;
    x[ctx.thread_rank()] = v;
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

// sm_90: 1 prefetch.global.L2
// gfx90a: 0 s_prefetch
struct prefetches {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x) const {
    xl::prefetch(x + ctx.thread_rank());
  }
};

/// Two loads. The elements of one of them are not used.
template <xl::access Access>
struct loads_one_in_vain {
 protected:
  CROSSLANE_FN static void load(quad* x) {
    xl::span<float const> const in{&x[0][0], 8};
    xl::load_vec<4, Access>(in, 0);
    x[2] = xl::load_vec<4, Access>(in, 4);
  }
};

// sm_90: 1 ld.global.nc.v4.u32
struct loads_what_nobody_writes : loads_one_in_vain<xl::access::read_only> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, quad* x) const {
    load(x);
  }
};

// sm_90: 2 ld.volatile.v4.u32
struct loads_what_others_write : loads_one_in_vain<xl::access::as_volatile> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, quad* x) const {
    load(x);
  }
};

// sm_90: 1 atom.relaxed.gpu.add.noftz.f16x2, 0 atom.global.cas
// gfx90a: 0 global_atomic_pk_add_f16, 1 global_atomic_cmpswap
struct adds_pair_of_half {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half2* x, xl::half2 value) const {
    xl::atomic(ctx, x[0]).fetch_add(value);
  }
};

// sm_90: 1 atom.relaxed.gpu.add.noftz.bf16x2, 0 atom.global.cas
// gfx90a: 1 global_atomic_cmpswap
struct adds_pair_of_bfloat16 {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::bfloat162* x, xl::bfloat162 value) const {
    xl::atomic(ctx, x[0]).fetch_add(value);
  }
};

// sm_90: 1 atom.relaxed.gpu.add.noftz.f16x2
// gfx90a: 1 global_atomic_pk_add_f16, 0 global_atomic_cmpswap
// gfx1030: 0 global_atomic_pk_add_f16, 1 global_atomic_cmpswap
struct adds_pair_of_half_to_coarse_grained {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half2* x, xl::half2 value) const {
    xl::atomic(ctx, x[0]).fetch_add_coarse_grained(value);
  }
};

// --- the order of an addition for the wave is that of every lane: its leader's, and a sync of the wave before and behind ---

/// Writes, adds, reads.
template <class Order>
struct adds_for_the_wave {
  static constexpr auto block = xl::block_size<256>;

 protected:
  template <class Ctx>
  CROSSLANE_FN static void run(Ctx const& ctx, unsigned* x, unsigned* count) {
    x[ctx.thread_rank()] = ctx.thread_rank();
    unsigned const place = xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, *count), Order{});
    x[ctx.thread_rank() + 256] = x[ctx.thread_rank() + 512] + place;
  }
};

// sm_90: st.global then bar.warp.sync then atom.add.acq_rel.gpu then bar.warp.sync then shfl.sync then ld.global then st.global
struct adds_for_the_wave_acq_rel : adds_for_the_wave<xl::acq_rel> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* x, unsigned* count) const {
    run(ctx, x, count);
  }
};

// sm_90: 1 bar.warp.sync, 1 atom.add.release.gpu
struct adds_for_the_wave_release : adds_for_the_wave<xl::release> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* x, unsigned* count) const {
    run(ctx, x, count);
  }
};

// sm_90: 0 bar.warp.sync
struct adds_for_the_wave_relaxed : adds_for_the_wave<xl::relaxed> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* x, unsigned* count) const {
    run(ctx, x, count);
  }
};

// sm_90: 1 atom.relaxed.gpu.add.noftz.f16, 0 atom.cas, 0 atom.global.cas
// gfx90a: 1 global_atomic_cmpswap, 0 flat_
// gfx1030: 1 global_atomic_cmpswap, 0 flat_
struct adds_half {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::half* sum, xl::half x) const {
    xl::atomic(ctx, *sum).fetch_add(x);
  }
};

// The loop works on the word that contains the byte, in its address space.
// sm_90: 1 atom.shared.cta.cas.b32, 1 ld.volatile.shared.u32, 0 atom.cas
// gfx90a: 1 ds_cmpst, 0 flat_, 0 global_atomic
// gfx1030: 1 ds_cmpst, 0 flat_, 0 global_atomic
struct adds_byte_in_shared_memory {
  static constexpr auto block = xl::block_size<64>;
  struct shared {
    std::uint8_t counts[256];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, unsigned* x) const {
    s.counts[ctx.thread_rank()] = std::uint8_t(x[0]);
    ctx.sync_block();
    xl::atomic<xl::scope::block>(ctx, s.counts[x[ctx.thread_rank()] % 256]).fetch_add(1);
    ctx.sync_block();
    x[ctx.thread_rank()] = s.counts[ctx.thread_rank()];
  }
};

// gfx90a: 2 s_memtime, 1 s_memrealtime
// gfx1030: 2 s_memtime, 1 s_memrealtime
struct reads_clocks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint64_t* out) const {
    auto const begin = xl::clock(ctx);
    out[0] = xl::timer_ns(ctx);
    out[1] = xl::clock(ctx) - begin;
  }
};

void launch_all(xl::stream_ref q, quad* quads, float* floats, xl::half2* halves, xl::bfloat162* bfloats, std::uint64_t* times,
                unsigned* counts) {
  xl::launch(q, {.grid = 1}, thread_copies_16_bytes{}, quads);
  xl::launch(q, {.grid = 1}, elements_by_name{}, quads);
  xl::launch(q, {.grid = 1, .block = 32}, adds_half{}, static_cast<xl::half*>(nullptr), xl::half{1});
  xl::launch(q, {.grid = 1}, adds_byte_in_shared_memory{}, counts);
  xl::launch(q, {.grid = 1}, thread_copies_4_bytes{}, floats);
  xl::launch(q, {.grid = 1}, block_copies_a_tile{}, quads);
  xl::launch(q, {.grid = 1}, block_copies_a_tile_smaller_than_itself{}, quads);
  xl::launch(q, {.grid = 1, .block = 64}, prefetches{}, floats);
  xl::launch(q, {.grid = 1, .block = 64}, loads_what_nobody_writes{}, quads);
  xl::launch(q, {.grid = 1, .block = 64}, loads_what_others_write{}, quads);
  xl::launch(q, {.grid = 1, .block = 64}, adds_pair_of_half{}, halves, xl::half2{});
  xl::launch(q, {.grid = 1, .block = 64}, adds_pair_of_bfloat16{}, bfloats, xl::bfloat162{});
  xl::launch(q, {.grid = 1, .block = 64}, adds_pair_of_half_to_coarse_grained{}, halves, xl::half2{});
  xl::launch(q, {.grid = 1}, adds_for_the_wave_acq_rel{}, counts, counts);
  xl::launch(q, {.grid = 1}, adds_for_the_wave_release{}, counts, counts);
  xl::launch(q, {.grid = 1}, adds_for_the_wave_relaxed{}, counts, counts);
  xl::launch(q, {.grid = 1, .block = 64}, reads_clocks{}, times);
}
