// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The schedule of products of matrices for GPUs whose matrix instructions are those of four waves and read shared memory: the kernel. See
/// backend::warpgroup_of for the instructions.
///
/// One block runs on a multiprocessor and computes tiles of C until none is left. One thread copies tiles of the operands into a ring of
/// stages. Two groups of four waves multiply. They either take turns, each with tiles of its own, so that one stores its sums while the
/// other one multiplies; or each has one half of the rows of a tile.
#pragma once

#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/backend/native/select.hpp>
#include <crosslane/core/access.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/shape.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/matrix/epilogue.hpp>
#include <crosslane/matrix/gemm_policy.hpp>
#include <crosslane/platform/min_max.hpp>
#include <crosslane/runtime/launch.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// Sizes of the schedule. A group of four waves computes `Rows` x `Cols` elements of C. `Panels` is the number of parts of 16 lines of 128
/// bytes of C that a wave has in shared memory. If `TakeTurns` is true, each group has its own tile, otherwise a tile has 2 * Rows rows. If
/// `Promotes` is true, the sums of each step along k are added to other registers, because the instruction's own sums are less precise than
/// float.
template <unsigned Rows, unsigned Cols, unsigned Stages, unsigned Panels, bool TakeTurns = true, bool Promotes = false, unsigned Blocks = 1>
struct warpgroup_sizes {
  static constexpr unsigned rows = Rows, cols = Cols, stages = Stages, panels = Panels, blocks = Blocks;
  static constexpr unsigned tile_rows = TakeTurns ? Rows : 2 * Rows;
  static constexpr bool take_turns = TakeTurns, promotes = Promotes;
  static_assert(Rows % 64 == 0 && Cols % 64 == 0);
};

/// A matrix of a product, or a batch of them, that the copy engine copies in tiles. A step along k has a line of 128 bytes of elements. Its
/// *outer* axis is that of the rows of A, or of the columns of B. A tile is `outer` lines of k, or, if the outer axis is the contiguous
/// one, pieces of a line of it, each for all k of the step.
///
/// A product of matrices that are found otherwise has another type with these members.
template <class Map, class T, bool AlongK>
struct warpgroup_matrix {
  using value_type = T;                           ///< the type of the elements
  static constexpr unsigned k = 128 / sizeof(T);  ///< elements of a step along k
  static constexpr bool along_k = AlongK;         ///< whether k is the contiguous axis of the tiles
  static_assert(AlongK || sizeof(T) == 2);

  /// Starts the copies of the tile at `outer` of step `step`.
  template <unsigned Outer, class Copies>
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE void copy(Copies& copies, unsigned stage, unsigned char* to, std::int32_t outer, std::int32_t step,
                                                 std::int32_t batch) const {
    int const first = int(step) * int(k), product = is_shared ? 0 : int(batch);
    if constexpr (AlongK) {
      copies.template copy_tile<3>(stage, to, &map, {first, int(outer), product}, Outer * 128);
    } else {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Outer / k; ++i)
        copies.template copy_tile<3>(stage, to + i * k * 128, &map, {int(outer) + int(i * k), first, product}, k * 128);
    }
  }

  Map map;
  bool is_shared;  ///< whether all products of a batch have the same matrix
};

/// What a launch of the schedule computes. Tiles are numbered along bands of `band` rows of tiles, column by column.
template <class Map, class SourceA, class SourceB, class C>
struct warpgroup_problem {
  using by_reference = void;
  SourceA a;
  SourceB b;
  Map c_map;
  bool c_by_engine;  ///< whether the copy engine stores C by c_map
  C* c;
  std::int64_t c_pitch, c_step;
  std::int32_t m, n, steps;
  std::uint32_t tile_rows, tile_cols, band, tiles;  ///< tiles of all products
};

/// The kernel. SourceA and SourceB are types as warpgroup_matrix. `Operand` is half, bfloat16, tf32, std::int8_t or an 8-bit float: what
/// the instruction takes the elements for. E is called as epilogues are.
template <class Sizes, class OperandA, class OperandB>
struct warpgroup_gemm {
  static constexpr auto block = block_size<384>;
  static constexpr int min_blocks = int(Sizes::blocks);
  using sum = gemm_sum<OperandA>;
  using sums = sum[Sizes::rows / 64][Sizes::cols / 2];  ///< of a lane
  static constexpr unsigned stages = Sizes::stages, panel_bytes = 16 * 128;
  static constexpr unsigned a_bytes = Sizes::tile_rows * 128, b_bytes = Sizes::cols * 128;

  template <class Ctx>
  struct shared {
    struct stage {
      unsigned char a[a_bytes], b[b_bytes];
    };
    alignas(1024) stage stage_of[stages];
    unsigned char panel_of[8][Sizes::panels][panel_bytes];
    typename Ctx::native_type::template bulk_copies<stages> copies;
    typename backend::warpgroup_of<typename Ctx::native_type>::template barriers<stages> free;
    typename backend::warpgroup_of<typename Ctx::native_type>::template barriers<2> turn;
  };

  template <kernel_context Ctx, class P, class E>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, P const& p, E const& epilogue) const {
    using group = backend::warpgroup_of<typename Ctx::native_type>;
    if constexpr (!group::is_compiled) {
      ctx.native().trap();  // compiled for another architecture; the host does not launch it there
    } else {
      using bulk = typename Ctx::native_type::template bulk_copies<stages>;
      unsigned const wave = group::uniform(ctx.wave_rank());
      if (ctx.thread_rank() == 0) {
        s.copies.begin();
        s.free.begin(Sizes::take_turns ? 4 : 8);
        s.turn.begin(4);
        group::prefetch(&p.a.map);
        group::prefetch(&p.b.map);
      }
      bulk::fence();
      ctx.sync_block();
      if (wave >= 8) {
        if constexpr (Sizes::blocks == 1) group::template give_registers<40>();
        if (wave == 8 && ctx.lane_rank() == 0) produce(ctx, s, p);
      } else {
        if constexpr (Sizes::blocks == 1) group::template take_registers<232>();
        consume<group>(ctx, s, p, epilogue, wave);
      }
    }
  }

 private:
  struct place {
    std::int32_t row, col, batch;
  };
  template <class P>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE place place_of(P const& p, unsigned tile) {
    unsigned const in_product = p.tile_rows * p.tile_cols, batch = tile / in_product;
    tile -= batch * in_product;
    unsigned const in_band = p.band * p.tile_cols, first = tile / in_band * p.band, height = smaller(p.band, p.tile_rows - first);
    tile %= in_band;
    return {std::int32_t((first + tile % height) * Sizes::tile_rows), std::int32_t(tile / height * Sizes::cols), std::int32_t(batch)};
  }

  template <class Ctx, class P>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void produce(Ctx const& ctx, shared<Ctx>& s, P const& p) {
    unsigned stage = 0, phase = 1;
    for (unsigned tile = unsigned(ctx.block_rank()); tile < p.tiles; tile += unsigned(ctx.block_count())) {
      place const at = place_of(p, tile);
      CROSSLANE_NO_UNROLL
      for (std::int32_t step = 0; step < p.steps; ++step) {
        s.free.wait(stage, phase);
        p.a.template copy<Sizes::tile_rows>(s.copies, stage, s.stage_of[stage].a, at.row, step, at.batch);
        p.b.template copy<Sizes::cols>(s.copies, stage, s.stage_of[stage].b, at.col, step, at.batch);
        s.copies.commit(stage);
        if (++stage == stages) {
          stage = 0;
          phase ^= 1;
        }
      }
    }
  }

  /// Starts the products of a step.
  template <class Group, class P>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void multiply(sums& d, unsigned char const* a, unsigned char const* b, bool add) {
    constexpr bool along_a = decltype(P::a)::along_k, along_b = decltype(P::b)::along_k;
    // A product takes 32 bytes of each line along k, or 16 lines of the other kind.
    constexpr unsigned lines = decltype(P::a)::k * 128;
    std::uint64_t const first_a = Group::descriptor(a, along_a ? 16 : lines), first_b = Group::descriptor(b, along_b ? 16 : lines);
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < 4; ++k) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < Sizes::rows / 64; ++i)
        Group::template multiply<OperandA, OperandB, Sizes::cols, !along_a, !along_b>(
            d[i], first_a + (i * 64 * 128 + k * (along_a ? 32 : 16 * 128)) / 16, first_b + k * (along_b ? 32 : 16 * 128) / 16,
            add || k != 0);
    }
  }

  template <class Group, class Ctx, class P, class E>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void consume(Ctx const& ctx, shared<Ctx>& s, P const& p, E const& epilogue, unsigned wave) {
    constexpr unsigned parts = Sizes::rows / 64;
    unsigned const mine = wave / 4, own_rows = Sizes::take_turns ? 0 : mine * Sizes::rows;
    unsigned stage = 0, phase = 0, turn = mine ^ 1, panel = 0;
    bool mine_is_next = mine == 0;
    sums d;
    for (unsigned tile = unsigned(ctx.block_rank()); tile < p.tiles; tile += unsigned(ctx.block_count())) {
      if constexpr (Sizes::take_turns) {
        mine_is_next = !mine_is_next;
        if (mine_is_next) {  // the other group's tile
          stage += unsigned(p.steps);
          phase ^= stage / stages & 1;
          stage %= stages;
          continue;
        }
        // A stage's barrier tells only two phases apart, so a group must not wait for a stage before the other one has done so.
        s.turn.wait(mine, turn);
        turn ^= 1;
      }
      unsigned before = 0;
      [[maybe_unused]] sum total[Sizes::promotes ? parts : 1][Sizes::promotes ? Sizes::cols / 2 : 1];
      if constexpr (Sizes::promotes) clear(total);
      CROSSLANE_NO_UNROLL
      for (std::int32_t step = 0; step < p.steps; ++step) {
        s.copies.wait(stage, phase);
        pin<Group>(d);
        Group::fence();
        multiply<Group, P>(d, s.stage_of[stage].a + own_rows * 128, s.stage_of[stage].b, !Sizes::promotes && step != 0);
        Group::commit();
        pin<Group>(d);
        if constexpr (Sizes::promotes) {
          Group::template wait<0>();
          pin<Group>(d);
          if (ctx.lane_rank() == 0) s.free.arrive(stage);
          CROSSLANE_UNROLL
          for (unsigned i = 0; i < parts; ++i) {
            CROSSLANE_UNROLL
            for (unsigned j = 0; j < Sizes::cols / 2; ++j) total[i][j] += d[i][j];
          }
        } else {
          Group::template wait<1>();  // the products of the step before
          if (step != 0 && ctx.lane_rank() == 0) s.free.arrive(before);
          before = stage;
        }
        if (++stage == stages) {
          stage = 0;
          phase ^= 1;
        }
      }
      if constexpr (Sizes::take_turns)
        if (ctx.lane_rank() == 0) s.turn.arrive(mine ^ 1);
      place const at = place_of(p, tile);
      place const own{at.row + std::int32_t(own_rows + wave % 4 * 16), at.col, at.batch};
      if constexpr (Sizes::promotes) {
        store<Group>(ctx, s, p, epilogue, wave, own, panel, total);
      } else {
        Group::template wait<0>();
        pin<Group>(d);
        if (ctx.lane_rank() == 0) s.free.arrive(before);
        store<Group>(ctx, s, p, epilogue, wave, own, panel, d);
      }
    }
    if (ctx.lane_rank() == 0) Ctx::native_type::tile_stores::template wait_for_tiles<0>();
  }

  template <class Group, unsigned Parts, unsigned R>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void pin(sum (&d)[Parts][R]) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < Parts; ++i) Group::pin(d[i]);
  }
  template <unsigned Parts, unsigned R>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void clear(sum (&d)[Parts][R]) {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < Parts; ++i) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < R; ++j) d[i][j] = 0;
    }
  }

  /// Stores the sums of a group. The wave's 16 rows begin at `at`, those of the next part 64 rows further.
  template <class Group, class Ctx, class P, class E>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void store(Ctx const& ctx, shared<Ctx>& s, P const& p, E const& epilogue, unsigned wave,
                                                         place const& at, unsigned& next, sums& d) {
    if constexpr (epilogue_takes_place<E, sum>)
      if (at.row + std::int32_t(Sizes::rows - 64 + 16) > p.m || at.col + std::int32_t(Sizes::cols) > p.n)
        return store_edge<Group>(p, epilogue, s.panel_of[wave][0], at, ctx.lane_rank(), d);
    store_panels<Group>(p, epilogue, s.panel_of[wave], at, ctx.lane_rank(), next, d);
  }

  /// Applies the epilogue to the registers and stores panels of elements of C, by the copy engine if it takes C. An epilogue that takes a
  /// place must not be called for one outside C: such tiles are store_edge()'s.
  template <class Group, class P, class E>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void store_panels(P const& p, E const& epilogue, unsigned char (*panels)[panel_bytes],
                                                                place const& at, unsigned lane, unsigned& next, sums& d) {
    using C = std::remove_pointer_t<decltype(p.c)>;
    using stores = typename Group::tile_stores;
    constexpr unsigned width = 128 / (sizeof(C) < 2 ? 2 : sizeof(C));  // columns of a panel
    // Squares of 16 x 16 elements whose epilogues are applied together, so that their loads overlap, if there are registers.
    constexpr unsigned most = Sizes::rows * Sizes::cols > 128 * 128 || Sizes::blocks > 1 ? 2 : 4;
    constexpr unsigned together = !epilogue_takes_place<E, sum> ? 1 : most < width / 16 ? most : width / 16;
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < Sizes::rows / 64; ++i) {
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < Sizes::cols / width; ++j) {
        std::int32_t const row = at.row + std::int32_t(i * 64), col = at.col + std::int32_t(j * width);
        unsigned char* const panel = panels[next];
        if (++next == Sizes::panels) next = 0;
        if (lane == 0) stores::template wait_to_rewrite<Sizes::panels - 1>();
        Group::sync_wave();
        CROSSLANE_UNROLL
        for (unsigned first = 0; first < width / 16; first += together) {
          C value[together][8];
          CROSSLANE_UNROLL
          for (unsigned q = 0; q < together; ++q) {
            CROSSLANE_UNROLL
            for (unsigned e = 0; e < 8; ++e) {
              unsigned const line = lane / 4 + e / 2 % 2 * 8, column = (first + q) * 16 + e / 4 * 8 + lane % 4 * 2 + e % 2;
              value[q][e] = static_cast<C>(apply_epilogue(epilogue, d[i][j * (width / 2) + (first + q) * 8 + e],
                                                          gemm_index{row + std::int32_t(line), col + std::int32_t(column), at.batch}));
            }
          }
          CROSSLANE_UNROLL
          for (unsigned q = 0; q < together; ++q) {
            if constexpr (sizeof(C) == 2) {
              unsigned const line = lane % 16;
              Group::store_matrices(panel + in_panel(line, ((first + q) * 2 + lane / 16) * 16), value[q]);
            } else {
              write_square(panel, lane, (first + q) * 16, value[q]);
            }
          }
        }
        if (sizeof(C) >= 2 && p.c_by_engine) {
          stores::fence();
          Group::sync_wave();
          if (lane == 0) {
            stores::template store_tile<3>(panel, &p.c_map, {int(col), int(row), int(at.batch)});
            stores::commit_tiles();
          }
        } else {
          Group::sync_wave();
          store_panel<width>(p, panel, row, col, at.batch, lane);
        }
      }
    }
  }

  /// Stores a tile that is not wholly inside C, for epilogues that take a place: 32 columns of sums at a time, element by element.
  template <class Group, class P, class E>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void store_edge(P const& p, E const& epilogue, unsigned char* panel, place const& at,
                                                              unsigned lane, sums& d) {
    using C = std::remove_pointer_t<decltype(p.c)>;
    constexpr unsigned in_part = Sizes::cols / 32, panels = Sizes::rows / 64 * in_part;
    if (lane == 0) Group::tile_stores::template wait_to_rewrite<0>();
    CROSSLANE_NO_UNROLL
    for (unsigned now = 0; now < panels; ++now) {
      Group::sync_wave();
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < panels; ++i) {
        if (i != now) continue;
        CROSSLANE_UNROLL
        for (unsigned q = 0; q < 2; ++q) {
          sum value[8];
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < 8; ++e) value[e] = d[i / in_part][i % in_part * 16 + q * 8 + e];
          write_square(panel, lane, q * 16, value);
        }
      }
      Group::sync_wave();
      std::int32_t const row = at.row + std::int32_t(now / in_part * 64), col = at.col + std::int32_t(now % in_part * 32 + lane);
      if (col >= p.n) continue;
      C* to = p.c + at.batch * p.c_step + row * p.c_pitch + col;
      CROSSLANE_NO_UNROLL
      for (unsigned line = 0; line < 16 && row + std::int32_t(line) < p.m; ++line, to += p.c_pitch) {
        sum const x = *reinterpret_cast<sum const*>(panel + in_panel(line, lane * 4));
        *to = static_cast<C>(apply_epilogue(epilogue, x, gemm_index{row + std::int32_t(line), col, at.batch}));
      }
    }
    Group::sync_wave();
  }

  /// Returns the place of a byte of a line of a panel. Lines of 128 bytes are swizzled as the copy engine does.
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE unsigned in_panel(unsigned line, unsigned byte) {
    return line * 128 + (byte / 16 ^ line % 8) * 16 + byte % 16;
  }
  /// Writes 16 x 16 elements, in the order of the sums, to a panel from column `col` on.
  template <class T>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void write_square(unsigned char* panel, unsigned lane, unsigned col, T const (&value)[8]) {
    CROSSLANE_UNROLL
    for (unsigned e = 0; e < 8; e += 2) {
      unsigned const line = lane / 4 + e / 2 % 2 * 8, first = col + e / 4 * 8 + lane % 4 * 2;
      backend::native_access::store<access::plain>(reinterpret_cast<vec<T, 2>*>(panel + in_panel(line, first * unsigned(sizeof(T)))),
                                                   vec<T, 2>{value[e], value[e + 1]});
    }
  }
  /// Stores a panel of elements of C by the threads of a wave, each line at once.
  template <unsigned Width, class P>
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void store_panel(P const& p, unsigned char const* panel, std::int32_t row, std::int32_t col,
                                                               std::int32_t batch, unsigned lane) {
    using C = std::remove_pointer_t<decltype(p.c)>;
    constexpr unsigned n = Width / 32;
    C* const to = p.c + batch * p.c_step + row * p.c_pitch + col;
    std::int32_t const left = p.n - col - std::int32_t(lane * n), lines = smaller(p.m - row, std::int32_t{16});
    bool const together =
        n == 1 || (left >= std::int32_t(n) &&
                   (reinterpret_cast<std::uintptr_t>(p.c) | std::uintptr_t(p.c_pitch | p.c_step) * sizeof(C)) % (n * sizeof(C)) == 0);
    if (left <= 0) return;
    constexpr std::int32_t some = 4;  // loads in flight
    CROSSLANE_NO_UNROLL
    for (std::int32_t first = 0; first < lines; first += some) {
      vec<C, n> value[some];
      CROSSLANE_UNROLL
      for (std::int32_t i = 0; i < some; ++i)
        value[i] = backend::native_access::load<access::plain>(
            reinterpret_cast<vec<C, n> const*>(panel + in_panel(unsigned(first + i), lane * n * unsigned(sizeof(C)))));
      CROSSLANE_UNROLL
      for (std::int32_t i = 0; i < some; ++i) {
        if (first + i >= lines) continue;
        C* const here = to + (first + i) * p.c_pitch + lane * n;
        if (together) {
          backend::native_access::store<access::plain>(reinterpret_cast<vec<C, n>*>(here), value[i]);
        } else {
          CROSSLANE_UNROLL
          for (unsigned e = 0; e < n; ++e)
            if (std::int32_t(e) < left) here[e] = value[i][e];
        }
      }
    }
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the kernel for `batches` products. All members of p but those of the tiles are set; its sources copy tiles of these sizes.
template <class Sizes, class OperandA, class OperandB, runtime_backend B, class P, class E>
void launch_warpgroup_gemm(basic_stream_ref<B> q, P& p, std::int32_t batches, E const& epilogue, source_location where) {
  p.tile_rows = std::uint32_t(pieces_of(p.m, std::int32_t(Sizes::tile_rows)));
  p.tile_cols = std::uint32_t(pieces_of(p.n, std::int32_t(Sizes::cols)));
  p.band = 2048 / Sizes::tile_rows;
  p.tiles = p.tile_rows * p.tile_cols * std::uint32_t(batches);
  unsigned const fit = q.properties(where).multiprocessors * Sizes::blocks;
  launch(q, {.grid = smaller(p.tiles, fit), .where = where}, warpgroup_gemm<Sizes, OperandA, OperandB>{}, p, epilogue);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
