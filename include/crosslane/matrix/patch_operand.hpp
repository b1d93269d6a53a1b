// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The operand of a product that is a convolution: its lines are the patches of images that an element of the output sees. They are not
/// in memory as a matrix; the copies to shared memory find their elements.
#pragma once

#include <crosslane/matrix/operand_tile.hpp>

#include <cstdint>

namespace crosslane::detail {

/// Where the elements of images lie: channels side by side in blocks. Strides are in elements.
template <class T>
struct image_memory {
  T* data;
  std::int64_t image, block, row, pixel;  ///< strides from one to the next
  std::int32_t in_block;                  ///< channels of a block; all, if there is one block
  std::int32_t images, channels, height, width;

  CROSSLANE_FN std::int64_t offset_of_channel(std::int32_t c) const {
    return in_block >= channels ? c : c / in_block * block + c % in_block;
  }
  CROSSLANE_FN T* at(std::int32_t n, std::int32_t c, std::int32_t y, std::int32_t x) const {
    return data + n * image + y * row + x * pixel + offset_of_channel(c);
  }
  /// Whether each group of so many channels lies side by side, at a multiple of its size.
  CROSSLANE_FN bool has_groups_of(unsigned n) const {
    auto const elements = std::uint64_t(image | block | row | pixel);
    return reinterpret_cast<std::uintptr_t>(data) % (n * sizeof(T)) == 0 && elements % n == 0 && unsigned(in_block) % n == 0;
  }
};

/// The patches of images: line `n * height * width + y * width + x` of the outer axis is that of the output's pixel (y, x) of image n.
/// Along the summed axis are the rows of a patch, in a row its pixels, in a pixel its channels. Elements outside the image are zero.
template <class T>
struct patch_operand {
  image_memory<T const> images;
  std::int32_t extent;         ///< pixels of all images of the output
  std::int32_t height, width;  ///< of an image of the output
  std::int32_t rows, cols;     ///< of a patch
  std::int32_t top, left;      ///< rows and columns of zeros before the image
};

/// The first line of a patch operand in the output, as indices.
struct pixel_index {
  std::int32_t image, y, x;
  /// Returns the pixel with this number, in images of this size.
  static CROSSLANE_FN pixel_index of(std::int32_t number, std::int32_t height, std::int32_t width) {
    std::int32_t const row = number / width;
    return {row / height, row % height, number % width};
  }
};

/// Fills tiles of a patch operand. See tile_filler.
template <class Ctx, class Tile, unsigned Threads, bool Proceeds>
class patch_filler {
  using T = typename Tile::value_type;
  static_assert(Tile::along_k);
  static constexpr unsigned in_piece = 16 / sizeof(T), in_line = Tile::length / in_piece, all = Tile::lines * in_line;
  static constexpr unsigned pieces = all < Threads ? 1 : all / Threads, line_step = Threads / in_line;
  static_assert(Threads % in_line == 0 && (all < Threads || all % Threads == 0));
  static constexpr std::int32_t nowhere = -(1 << 30);

 public:
  CROSSLANE_FN patch_filler(Ctx const& ctx, patch_operand<T> const& from, std::int32_t outer, std::int32_t k_begin, std::int32_t)
      : from_{from},
        line_(ctx.thread_rank() / in_line),
        along_(ctx.thread_rank() % in_line * in_piece),
        outer_(outer),
        k_(k_begin),
        wide_(from.images.has_groups_of(in_piece) && from.images.channels % std::int32_t(in_piece) == 0) {
    if (!wide_) return;
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < pieces; ++j) {
      std::int32_t const number = outer + std::int32_t(line_ + j * line_step);
      pixel_index const p = pixel_index::of(number, from.height, from.width);
      y_[j] = number < from.extent ? p.y - from.top : nowhere;
      x_[j] = p.x - from.left;
      first_[j] = p.image * from.images.image + (p.y - from.top) * from.images.row + x_[j] * from.images.pixel;
    }
    std::int32_t const first = k_begin + std::int32_t(along_), pixel = first / from.images.channels;
    channel_ = first % from.images.channels;
    row_ = pixel / from.cols;
    col_ = pixel % from.cols;
  }

  template <class Copies>
  CROSSLANE_FN CROSSLANE_INLINE void start(Ctx const& ctx, Copies& copies, T* tile, source_location where) {
    if (wide_) {
      static_assert(Tile::unit >= 16);
      if (has_pieces()) {
        std::int64_t const offset = offset_of_element();
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < pieces; ++j) {
          bool const inside = is_inside(j);
          copies.template copy_some<16>(tile + offset_of_piece(j), from_.images.data + (inside ? first_[j] + offset : 0), inside ? 16u : 0u,
                                        where);
        }
      }
    } else {
      each_element(ctx, [&](unsigned line, unsigned along, T const* element) {
        copies.template copy_some<sizeof(T)>(tile + Tile::offset(line, along), element == nullptr ? from_.images.data : element,
                                             element == nullptr ? 0u : unsigned(sizeof(T)), where);
      });
    }
    advance();
  }

  CROSSLANE_FN CROSSLANE_INLINE void load() {
    static_assert(!Proceeds);
    if (has_pieces()) {
      std::int64_t const offset = offset_of_element();
      CROSSLANE_UNROLL
      for (unsigned j = 0; j < pieces; ++j) {
        piece_[j] = {};
        if (wide_) {
          if (is_inside(j))
            piece_[j] = backend::native_access::load<access::plain>(reinterpret_cast<piece const*>(from_.images.data + first_[j] + offset));
        } else {
          CROSSLANE_UNROLL
          for (unsigned i = 0; i < in_piece; ++i) {
            T const* const element = find(line_ + j * line_step, k_ + std::int32_t(along_ + i));
            if (element != nullptr) piece_[j][i] = *element;
          }
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
        CROSSLANE_UNROLL
        for (unsigned e = 0; e < in_unit; ++e) some[e] = piece_[j][i + e];
        backend::native_access::store<access::plain>(reinterpret_cast<vec<T, in_unit>*>(tile + offset_of_piece(j, i)), some);
      }
    }
  }

 private:
  using piece = vec<T, in_piece>;

  CROSSLANE_FN bool has_pieces() const { return all >= Threads || line_ < Tile::lines; }
  CROSSLANE_FN unsigned offset_of_piece(unsigned j, unsigned i = 0) const {
    if constexpr (line_step % Tile::band == 0)
      return Tile::offset(line_, along_ + i) + j * line_step * Tile::length;
    else
      return Tile::offset(line_ + j * line_step, along_ + i);
  }
  /// Returns the offset of the thread's pieces from the first element of their patches.
  CROSSLANE_FN std::int64_t offset_of_element() const {
    return row_ * from_.images.row + col_ * from_.images.pixel + from_.images.offset_of_channel(channel_);
  }
  CROSSLANE_FN bool is_inside(unsigned j) const {
    return row_ < from_.rows && unsigned(y_[j] + row_) < unsigned(from_.images.height) &&
           unsigned(x_[j] + col_) < unsigned(from_.images.width);
  }
  CROSSLANE_FN void advance() {
    k_ += std::int32_t(Tile::k);
    channel_ += std::int32_t(Tile::k);
    if (wide_) carry();
  }
  CROSSLANE_FN void carry() {
    while (channel_ >= from_.images.channels && row_ < from_.rows) {
      channel_ -= from_.images.channels;
      if (++col_ == from_.cols) {
        col_ = 0;
        ++row_;
      }
    }
    if (row_ >= from_.rows) channel_ = 0;
  }
  /// Returns the element k of a line of the tile, or null if it is outside.
  CROSSLANE_FN T const* find(unsigned line, std::int32_t k) const {
    std::int32_t const number = outer_ + std::int32_t(line), tap = k / from_.images.channels, row = tap / from_.cols;
    if (number >= from_.extent || row >= from_.rows) return nullptr;
    pixel_index const p = pixel_index::of(number, from_.height, from_.width);
    std::int32_t const y = p.y - from_.top + row, x = p.x - from_.left + tap % from_.cols;
    if (unsigned(y) >= unsigned(from_.images.height) || unsigned(x) >= unsigned(from_.images.width)) return nullptr;
    return from_.images.at(p.image, k % from_.images.channels, y, x);
  }
  /// Calls f(line, along, element or null) for the elements of the next tile, each in one thread.
  template <class F>
  CROSSLANE_FN CROSSLANE_INLINE void each_element(Ctx const& ctx, F const& f) const {
    CROSSLANE_NO_UNROLL
    for (unsigned i = ctx.thread_rank(); i < Tile::elements; i += Threads) {
      unsigned const line = i / Tile::length, along = i % Tile::length;
      f(line, along, find(line, k_ + std::int32_t(along)));
    }
  }

  patch_operand<T> const& from_;
  unsigned line_, along_;                         ///< of the thread's first piece
  std::int32_t outer_, k_;                        ///< of the next tile
  bool wide_;                                     ///< pieces have 16 bytes
  std::int32_t row_ = 0, col_ = 0, channel_ = 0;  ///< of the thread's pieces of the next tile, in their patches
  std::int32_t y_[pieces], x_[pieces];            ///< of the first pixels of the patches
  std::int64_t first_[pieces];                    ///< their offsets
  piece piece_[Proceeds ? 1 : pieces];
};

template <class T, class Ctx, class Tile, unsigned Threads, bool Proceeds, class Usual>
struct filler_of<patch_operand<T>, Ctx, Tile, Threads, Proceeds, Usual> {
  using type = patch_filler<Ctx, Tile, Threads, Proceeds>;
};

}  // namespace crosslane::detail
