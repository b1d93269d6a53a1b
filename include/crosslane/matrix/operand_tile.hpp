// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The operands of a product of a block: their tiles in shared memory, and the copies that fill them.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/matrix_shape.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/view.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// An operand in device memory. Its *outer* axis is that of the rows of A, or of the columns of B. The other axis is the summed one. Lines
/// lie along one of them.
template <class T>
struct gemm_operand {
  T const* data;        ///< the first element of both axes
  std::int64_t pitch;   ///< elements from one line to the next
  std::int32_t extent;  ///< indices of the outer axis

  /// Whether lines begin at multiples of `bytes`.
  CROSSLANE_FN bool is_aligned(unsigned bytes) const {
    return ((reinterpret_cast<std::uintptr_t>(data) | std::uintptr_t(pitch) * sizeof(T)) & (bytes - 1)) == 0;
  }
};

/// The layout of a tile of an operand in shared memory: lines of `AlongK ? K : Outer` elements. Up to `Band` lines are a *band*, which is a
/// swizzled layout. A fragment lies in one band. The distance of elements at the same place of two bands is a constant for the compiler, as
/// it is not in one swizzled layout of all lines.
template <class T, matrix_use Use, bool AlongK, unsigned Outer, unsigned K, unsigned Unit, unsigned Band = 16>
struct operand_tile {
  using value_type = T;
  static constexpr bool along_k = AlongK;
  static constexpr unsigned outer = Outer, k = K, unit = Unit;
  static constexpr unsigned lines = AlongK ? Outer : K, length = AlongK ? K : Outer, band = lines < Band ? lines : Band;
  static constexpr unsigned band_elements = band * length, elements = lines * length;
  static_assert(length * sizeof(T) >= 16, "crosslane: a line of a tile of a product has at least 16 bytes");

  static constexpr bool lines_are_rows = (Use == matrix_use::a) == AlongK;
  using extents_type =
      extents<std::int32_t, fixed<axis::row, lines_are_rows ? band : length>, fixed<axis::col, lines_are_rows ? length : band>>;
  using layout =
      swizzled<extents_type, std::conditional_t<lines_are_rows, axes<axis::row, axis::col>, axes<axis::col, axis::row>>, sizeof(T), Unit>;
  static_assert(layout{}.span_size() == std::int32_t(band_elements));

  /// A view of a part of the tile that lies in one band, and the position of the part in it.
  struct place {
    tensor_view<T const, layout> band;
    std::int32_t row, col;
  };
  /// Returns the place of a part that begins at these indices.
  static CROSSLANE_FN place at(T const* tile, unsigned outer_index, unsigned k_index) {
    unsigned const line = AlongK ? outer_index : k_index, along = AlongK ? k_index : outer_index;
    auto const across = std::int32_t(line % band);
    return {{tile + line / band * band_elements, layout{}},
            lines_are_rows ? across : std::int32_t(along),
            lines_are_rows ? std::int32_t(along) : across};
  }
  /// Returns the offset of an element.
  static CROSSLANE_FN unsigned offset(unsigned line, unsigned along) {
    auto const across = std::int32_t(line % band);
    return line / band * band_elements +
           unsigned(layout{}.offset({{lines_are_rows ? across : std::int32_t(along), lines_are_rows ? std::int32_t(along) : across}}));
  }
};

/// Fills tiles of an operand, one after another along the summed axis. All threads of the block have one. Elements outside the operand
/// become zero.
///
/// If asynchronous copies proceed, start(tile) begins the copies of the next tile. Otherwise load() takes it into registers and store(tile)
/// stores it.
template <class Ctx, class Tile, unsigned Threads, bool Proceeds>
class tile_filler {
  using T = typename Tile::value_type;
  static constexpr bool along_k = Tile::along_k;
  static constexpr unsigned in_piece = 16 / sizeof(T), in_line = Tile::length / in_piece, all = Tile::lines * in_line;
  static constexpr unsigned pieces = all < Threads ? 1 : all / Threads, line_step = Threads / in_line;
  static_assert(Threads % in_line == 0 && (all < Threads || all % Threads == 0),
                "crosslane: the threads of a product of a block must be able to share a line of 16-byte pieces");

 public:
  /// The tiles begin at index `outer` of the outer axis, and at `k_begin` of the summed one. It has indices until `k_end`.
  CROSSLANE_FN tile_filler(Ctx const& ctx, gemm_operand<T> const& from, std::int32_t outer, std::int32_t k_begin, std::int32_t k_end)
      : line_(ctx.thread_rank() / in_line),
        along_(ctx.thread_rank() % in_line * in_piece),
        outer_left_(from.extent - outer),
        k_left_(k_end - k_begin),
        pitch_(from.pitch),
        from_(from.data + (along_k ? outer * from.pitch + k_begin : k_begin * from.pitch + outer)),
        wide_(from.is_aligned(16) && (reinterpret_cast<std::uintptr_t>(from_) & 15) == 0),
        words_(from.is_aligned(sizeof(T) < 4 ? 4 : sizeof(T)) &&
               reinterpret_cast<std::uintptr_t>(from_) % (sizeof(T) < 4 ? 4 : sizeof(T)) == 0) {
    own_ = from_ + line_ * pitch_ + along_;
  }

  template <class Copies>
  CROSSLANE_FN CROSSLANE_INLINE void start(Ctx const& ctx, Copies& copies, T* tile, source_location where) {
    if (wide_) {
      static_assert(Tile::unit >= 16);
      if (has_pieces()) {
        T const* from = own_;
        std::int64_t const step = line_step * pitch_;
        if (is_whole()) {
          CROSSLANE_UNROLL
          for (unsigned j = 0; j < pieces; ++j, from += step) copies.template copy<16>(tile + offset_of_piece(j), from, where);
        } else {
          CROSSLANE_UNROLL
          for (unsigned j = 0; j < pieces; ++j, from += step)
            copies.template copy_some<16>(tile + offset_of_piece(j), from,
                                          unsigned(valid_elements(line_ + j * line_step, along_)) * unsigned(sizeof(T)), where);
        }
      }
    } else if (words_) {
      start_narrow<sizeof(T) < 4 ? 4 : sizeof(T)>(ctx, copies, tile, where);
    } else {
      start_narrow<sizeof(T)>(ctx, copies, tile, where);
    }
    advance();
  }

  CROSSLANE_FN CROSSLANE_INLINE void load() {
    static_assert(!Proceeds);
    if (has_pieces()) {
      T const* from = own_;
      std::int64_t const step = line_step * pitch_;
      if (wide_ && is_whole()) {
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < pieces; ++j, from += step) {
          auto const all_of_it = backend::native_access::load<access::plain>(reinterpret_cast<vec<T, in_piece> const*>(from));
          __builtin_memcpy(pieces_[j].word, &all_of_it, sizeof all_of_it);
        }
      } else {
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < pieces; ++j, from += step) {
          // Without branches: elements that are outside take the place of another one.
          int const valid = valid_elements(line_ + j * line_step, along_);
          T const* const inside = valid > 0 ? from : from_;
          T some[in_piece];
          CROSSLANE_UNROLL
          for (unsigned i = 0; i < in_piece; ++i) {
            T const x = inside[int(i) < valid ? i : 0];
            some[i] = int(i) < valid ? x : T{};
          }
          __builtin_memcpy(pieces_[j].word, some, sizeof some);
        }
      }
    }
    advance();
  }
  CROSSLANE_FN CROSSLANE_INLINE void store(T* tile) const {
    constexpr unsigned in_unit = Tile::unit < 16 ? Tile::unit / sizeof(T) : in_piece;
    if (!has_pieces()) return;
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < pieces; ++j) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < in_piece; i += in_unit) {
        vec<T, in_unit> some;
        __builtin_memcpy(&some, pieces_[j].word + i * sizeof(T) / 4, sizeof some);
        backend::native_access::store<access::plain>(reinterpret_cast<vec<T, in_unit>*>(tile + offset_of_piece(j, i)), some);
      }
    }
  }

 private:
  /// 16 bytes of elements, in whole registers.
  struct piece {
    std::uint32_t word[4];
  };

  /// Whether the next tile is wholly inside the operand.
  CROSSLANE_FN bool is_whole() const { return outer_left_ >= std::int32_t(Tile::outer) && k_left_ >= std::int32_t(Tile::k); }
  CROSSLANE_FN bool has_pieces() const { return all >= Threads || line_ < Tile::lines; }
  /// Returns the offset of element i of a piece in the tile.
  CROSSLANE_FN unsigned offset_of_piece(unsigned j, unsigned i = 0) const {
    if constexpr (line_step % Tile::band == 0)
      return Tile::offset(line_, along_ + i) + j * line_step * Tile::length;  // the same place of another band
    else
      return Tile::offset(line_ + j * line_step, along_ + i);
  }
  CROSSLANE_FN void advance() {
    k_left_ -= std::int32_t(Tile::k);
    std::int64_t const step = along_k ? std::int64_t{Tile::k} : std::int64_t{Tile::k} * pitch_;
    from_ += step;
    own_ += step;
  }
  /// Returns how many of the elements of a piece are inside the operand.
  CROSSLANE_FN int valid_elements(unsigned line, unsigned along, int most = int(in_piece)) const {
    std::int32_t const lines_left = along_k ? outer_left_ : k_left_, along_left = (along_k ? k_left_ : outer_left_) - std::int32_t(along);
    if (std::int32_t(line) >= lines_left || along_left <= 0) return 0;
    return along_left < most ? along_left : most;
  }
  /// For lines whose beginnings are no multiples of 16 bytes. Consecutive threads copy consecutive pieces.
  template <unsigned Bytes, class Copies>
  CROSSLANE_FN CROSSLANE_INLINE void start_narrow(Ctx const& ctx, Copies& copies, T* tile, source_location where) {
    constexpr unsigned elements = Bytes / sizeof(T), narrow_in_line = Tile::length / elements;
    CROSSLANE_NO_UNROLL
    for (unsigned i = ctx.thread_rank(); i < Tile::lines * narrow_in_line; i += Threads) {
      unsigned const line = i / narrow_in_line, along = i % narrow_in_line * elements;
      copies.template copy_some<Bytes>(tile + Tile::offset(line, along), from_ + std::int64_t(line) * pitch_ + along,
                                       unsigned(valid_elements(line, along, int(elements))) * unsigned(sizeof(T)), where);
    }
  }

  unsigned line_, along_;  ///< of the thread's first piece
  std::int32_t outer_left_, k_left_;
  std::int64_t pitch_;
  T const* from_;  ///< the first element of the next tile
  T const* own_;   ///< the first piece of the thread in the next tile
  bool wide_;      ///< pieces have 16 bytes
  bool words_;     ///< pieces have at least 4 bytes
  piece pieces_[Proceeds ? 1 : pieces];
};

/// Fills tiles like tile_filler, through registers, from an operand whose lines lie across the summed axis. The lines of the tiles lie
/// along it, as the matrix instructions want their operands: a thread loads pieces of `group` adjacent lines, and stores elements of all of
/// them together.
template <class Ctx, class Tile, unsigned Threads>
class transposing_filler {
  using T = typename Tile::value_type;
  static_assert(Tile::along_k);

 public:
  static constexpr unsigned in_piece = 16 / sizeof(T), columns = Tile::outer / in_piece, all = Tile::k * columns;
  static constexpr unsigned group = [] {
    unsigned const most = all < Threads ? 1 : all / Threads, word = sizeof(T) < 4 ? 4 / unsigned(sizeof(T)) : 1;
    return word < most ? word : most;
  }();
  static constexpr unsigned groups = Tile::k / group, items = all < Threads ? 1 : all / group / Threads, step = Threads / groups;
  /// Returns the element of its pieces that a thread stores at step i. Threads of adjacent columns store to lines of different parity,
  /// which lie in different banks. In units of 16 bytes the swizzle has this effect itself.
  static CROSSLANE_FN constexpr unsigned element_at(unsigned i, unsigned column) { return Tile::unit == 8 ? i ^ (column & 1) : i; }
  static_assert(Tile::outer % in_piece == 0 && Tile::k % group == 0 && Threads % groups == 0 && (items == 1 || step % 2 == 0),
                "crosslane: the threads of a product of a block must be able to share the steps of the summed axis");

  CROSSLANE_FN transposing_filler(Ctx const& ctx, gemm_operand<T> const& from, std::int32_t outer, std::int32_t k_begin, std::int32_t k_end)
      : column_(ctx.thread_rank() / groups),
        line_(ctx.thread_rank() % groups * group),
        outer_left_(from.extent - outer),
        k_left_(k_end - k_begin),
        pitch_(from.pitch),
        from_(from.data + (k_begin * from.pitch + outer)),
        wide_(from.is_aligned(16) && (reinterpret_cast<std::uintptr_t>(from_) & 15) == 0) {}

  CROSSLANE_FN CROSSLANE_INLINE void load() {
    bool const whole = wide_ && outer_left_ >= std::int32_t(Tile::outer) && k_left_ >= std::int32_t(Tile::k);
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < items; ++j) {
      unsigned const along = (column_ + j * step) * in_piece;
      if (all < Threads && along >= Tile::outer) break;
      CROSSLANE_UNROLL
      for (unsigned g = 0; g < group; ++g) {
        T const* const from = from_ + std::int64_t(line_ + g) * pitch_ + along;
        if (whole) {
          auto const all_of_it = backend::native_access::load<access::plain>(reinterpret_cast<vec<T, in_piece> const*>(from));
          __builtin_memcpy(pieces_[j][g].word, &all_of_it, sizeof all_of_it);
        } else {
          std::int32_t const left = std::int32_t(line_ + g) < k_left_ ? outer_left_ - std::int32_t(along) : 0;
          T const* const inside = left > 0 ? from : from_;
          T some[in_piece];
          CROSSLANE_UNROLL
          for (unsigned i = 0; i < in_piece; ++i) {
            T const x = inside[std::int32_t(i) < left ? i : 0];
            some[i] = std::int32_t(i) < left ? x : T{};
          }
          __builtin_memcpy(pieces_[j][g].word, some, sizeof some);
        }
      }
    }
    k_left_ -= std::int32_t(Tile::k);
    from_ += std::int64_t{Tile::k} * pitch_;
  }
  CROSSLANE_FN CROSSLANE_INLINE void store(T* tile) const {
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < items; ++j) {
      unsigned const along = (column_ + j * step) * in_piece;
      if (all < Threads && along >= Tile::outer) break;
      T from[group][in_piece];
      CROSSLANE_UNROLL
      for (unsigned g = 0; g < group; ++g) __builtin_memcpy(from[g], pieces_[j][g].word, sizeof from[g]);
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < in_piece; i += 2) {
        vec<T, group> pair[2];
        CROSSLANE_UNROLL
        for (unsigned g = 0; g < group; ++g) {
          pair[0][g] = from[g][i];
          pair[1][g] = from[g][i + 1];
        }
        bool const swap = element_at(0, column_) != 0;
        auto const store = [&](unsigned at, vec<T, group> const& some) {
          backend::native_access::store<access::plain>(
              reinterpret_cast<vec<T, group>*>(tile + Tile::offset(along + element_at(at, column_), line_)), some);
        };
        store(i, swap ? pair[1] : pair[0]);
        store(i + 1, swap ? pair[0] : pair[1]);
      }
    }
  }

 private:
  struct piece {
    std::uint32_t word[4];
  };

  unsigned column_, line_;  ///< of the thread's first pieces
  std::int32_t outer_left_, k_left_;
  std::int64_t pitch_;
  T const* from_;  ///< the first element of the next tile
  bool wide_;      ///< pieces have 16 bytes
  piece pieces_[items][group];
};

/// The class that fills tiles of an operand: the usual one for matrices.
template <class Operand, class Ctx, class Tile, unsigned Threads, bool Proceeds, class Usual>
struct filler_of {
  using type = Usual;
};

}  // namespace crosslane::detail
