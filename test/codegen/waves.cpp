// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels and what their code must hold, stated in the comment above each, a line per architecture. count.py reads both.
///
///   // gfx90a: 6 v_add_f32_dpp, 0 ds_bpermute     so many instructions of each kind (the beginning of their names)
///   // gfx90a: ds_write then ds_read              all instructions of these kinds, in this order
#include <crosslane/crosslane.hpp>
#include <crosslane/kernel/tile.hpp>

namespace xl = crosslane;

struct full_waves {
  static constexpr auto block = xl::block_size<256>;
};

// --- reductions ---

// sm_90: 1 redux.sync, 0 shfl.sync
// gfx90a: 6 v_add_u32_dpp, 1 v_readlane, 0 ds_
// gfx1030: 4 v_add_nc_u32_dpp, 1 v_permlanex16, 0 ds_
struct sum_of_int : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* x) const {
    x[ctx.thread_rank()] = xl::wave(ctx).reduce(x[ctx.thread_rank()], xl::plus{});
  }
};

// sm_90: 1 redux.sync, 0 shfl.sync
struct maximum_of_unsigned : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* x) const {
    x[ctx.thread_rank()] = xl::wave(ctx).reduce(x[ctx.thread_rank()], xl::maximum{});
  }
};

// sm_90: 5 shfl.sync, 5 add.f32
// gfx90a: 6 v_add_f32_dpp, 6 v_add_f32, 1 v_readlane, 0 ds_
// gfx1030: 4 v_add_f32_dpp, 5 v_add_f32, 1 v_permlanex16, 0 ds_
struct sum_of_float : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x) const {
    x[ctx.thread_rank()] = xl::wave(ctx).reduce(x[ctx.thread_rank()], xl::plus{});
  }
};

// --- votes, ranks, single lanes ---

// sm_90: 1 vote.sync.ballot, 0 shfl.sync
// gfx90a: 1 v_cmp, 0 ds_, 0 v_readlane
// gfx1030: 1 v_cmp, 0 ds_, 0 v_readlane
struct vote : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float const* x, std::uint64_t* out) const {
    out[ctx.thread_rank()] = xl::wave(ctx).ballot(x[ctx.thread_rank()] > 0).to_word();
  }
};

// sm_90: 1 shfl.sync.idx
// gfx90a: 1 v_readlane, 0 v_readfirstlane, 0 ds_
// gfx1030: 1 v_readlane, 0 v_readfirstlane, 0 ds_
struct broadcast_root : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float* x, unsigned root) const {
    x[ctx.thread_rank()] = xl::wave(ctx).broadcast(x[ctx.thread_rank()], root);
  }
};

// sm_90: 1 popc.b32
// gfx90a: 1 v_mbcnt_lo, 1 v_mbcnt_hi, 0 v_bcnt
// gfx1030: 1 v_mbcnt_lo, 0 v_mbcnt_hi, 0 v_bcnt
struct rank_in : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint64_t const* masks, unsigned* out) const {
    using mask = xl::lane_mask<Ctx::wave_size>;
    out[ctx.thread_rank()] = xl::wave(ctx).rank_in(mask::from_word(typename mask::word(masks[0])));
  }
};

// sm_90: 1 elect.sync, 0 shfl.sync
// gfx90a: 1 v_cmp, 0 v_readfirstlane, 0 ds_
struct elect : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* out) const {
    if (xl::wave(ctx).elect()) *out = 1;
  }
};

// --- values of several words: moved by words, never taken apart into bytes ---

struct place {
  float value;
  int index[3];
};

// sm_90: 4 shfl.sync, 0 prmt, 0 bfe, 0 shr
// gfx90a: 4 ds_bpermute, 0 v_perm_b32, 0 v_lshl_or, 0 v_and_or, 0 v_or
// gfx1030: 4 ds_bpermute, 0 v_perm_b32, 0 v_lshl_or, 0 v_and_or, 0 v_or
struct largest : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, place* places, unsigned n) const {
    place best = places[ctx.thread_rank()];
    for (unsigned delta = 1; delta < n; delta *= 2) {
      place const other = xl::wave(ctx).shuffle_xor(best, delta);
      if (other.value > best.value) best = other;
    }
    places[ctx.thread_rank()] = best;
  }
};

// A value that lies in memory is read by words too.
// sm_90: 10 shfl.sync, 0 ld.global.u8, 0 prmt
struct sum_of_pairs : full_waves {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::complex<float>* x) const {
    x[ctx.thread_rank()] = xl::wave(ctx).reduce(x[ctx.thread_rank()], xl::plus{});
  }
};

// --- the order of accesses to shared memory ---

// Each lane writes a word and reads its neighbour's word, twice. The compiler sees only one lane. Without barriers it may drop the first
// write, because this lane does not read the word, and one of the reads, because this lane does not write the neighbour's word between
// them.
template <bool Sync>
struct neighbour {
  static constexpr auto block = xl::block_size<64>;
  template <class Ctx>
  struct shared {
    int word[128];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN static void run(Ctx const& ctx, shared<Ctx>& s, int* x) {
    unsigned const t = ctx.thread_rank();
    s.word[t] = x[t];
    if constexpr (Sync) xl::wave(ctx).sync();
    int const other = s.word[t + 1];
    if constexpr (Sync) xl::wave(ctx).sync();
    s.word[t] = other + 1;
    if constexpr (Sync) xl::wave(ctx).sync();
    x[t] = other + s.word[t + 1];
  }
};

// sm_90: st.shared then bar.warp.sync then ld.shared then bar.warp.sync then st.shared then bar.warp.sync then ld.shared
// gfx90a: ds_write then ds_read then ds_write then ds_read
// gfx1030: ds_write then ds_read then ds_write then ds_read
struct exchange_with_sync : neighbour<true> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, int* x) const {
    run(ctx, s, x);
  }
};

// sm_90: ld.shared then st.shared
// gfx90a: ds_read then ds_write
// gfx1030: ds_read then ds_write
struct exchange_without_sync : neighbour<false> {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, int* x) const {
    run(ctx, s, x);
  }
};

void launch_all(xl::stream_ref q, float* x, int* i, unsigned* u, std::uint64_t* masks) {
  xl::launch(q, {.grid = 1}, sum_of_int{}, i);
  xl::launch(q, {.grid = 1}, maximum_of_unsigned{}, u);
  xl::launch(q, {.grid = 1}, sum_of_float{}, x);
  xl::launch(q, {.grid = 1}, vote{}, x, masks);
  xl::launch(q, {.grid = 1}, broadcast_root{}, x, *u);
  xl::launch(q, {.grid = 1}, rank_in{}, masks, u);
  xl::launch(q, {.grid = 1}, elect{}, u);
  xl::launch(q, {.grid = 1}, largest{}, static_cast<place*>(nullptr), *u);
  xl::launch(q, {.grid = 1}, sum_of_pairs{}, static_cast<xl::complex<float>*>(nullptr));
  xl::launch(q, {.grid = 1}, exchange_with_sync{}, i);
  xl::launch(q, {.grid = 1}, exchange_without_sync{}, i);
}
