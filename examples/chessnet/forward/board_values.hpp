// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Activations in device memory. All layers have them in one order: [board][square][channel].
#pragma once

#include "weights/network.hpp"

#include <crosslane/matrix.hpp>
#include <crosslane/tensor.hpp>

namespace chessnet {

/// A row for each square of each board. Rows begin a pitch apart, which may be more than the columns.
using square_rows = xl::padded<xl::extents<std::int32_t, axis::row, axis::col>, xl::axes<axis::row, axis::col>>;
/// Images of 8 x 8 squares.
using board_images = xl::padded<xl::image_extents, xl::axes<axis::n, axis::h, axis::w, axis::c>>;
/// The same for kernels that work board by board.
using board_squares =
    xl::padded<xl::extents<std::int32_t, axis::n, xl::fixed<axis::square, 64>, axis::c>, xl::axes<axis::n, axis::square, axis::c>>;
/// A row for each board.
using board_rows = xl::row_major<>;

/// The number of channels between squares in memory, so that each square's channels begin at a multiple of 16 bytes.
[[nodiscard]] constexpr int channel_pitch(int channels) { return (channels + 7) / 8 * 8; }

/// Activations of some boards, with the views that layers take.
template <class T>
struct board_values {
  T* data = nullptr;
  int boards = 0, channels = 0, pitch = 0;

  /// Images of 8 x 8 squares, for convolutions.
  [[nodiscard]] xl::tensor_view<T, board_images> images() const {
    return {data, {{boards, channels, 8, 8}, {{64 * pitch, 1, 8 * pitch, pitch}}}};
  }
  /// A matrix of squares and channels, for products.
  [[nodiscard]] xl::tensor_view<T, square_rows> rows() const { return {data, {{64 * boards, channels}, {{pitch, 1}}}}; }
  /// The same for kernels.
  [[nodiscard]] xl::tensor_view<T, board_squares> squares() const { return {data, {{boards, 64, channels}, {{64 * pitch, pitch, 1}}}}; }
  /// A matrix with a row for each board, for products that read all squares. There must be no gaps between squares.
  [[nodiscard]] xl::tensor_view<T, board_rows> flat() const { return {data, board_rows{{boards, 64 * channels}}}; }

  /// Returns the channels `begin` to `begin + count - 1` of each square.
  [[nodiscard]] board_values part(int begin, int count) const { return {data + begin, boards, count, pitch}; }
};

/// Memory for the activations of up to `largest_batch` boards. Without a pitch there are no gaps between squares.
template <class T>
class board_memory {
 public:
  board_memory() = default;
  board_memory(xl::stream_ref q, int largest_batch, int channels, int pitch = 0)
      : channels_{channels}, pitch_{pitch == 0 ? channels : pitch}, memory_{q, std::size_t(largest_batch) * 64 * std::size_t(pitch_)} {}

  /// Returns the first boards.
  [[nodiscard]] board_values<T> of(int boards) { return {memory_.data(), boards, channels_, pitch_}; }

 private:
  int channels_ = 0, pitch_ = 0;
  xl::buffer<T> memory_;
};

/// A matrix with a row for each board: [board][column].
template <class T>
class row_memory {
 public:
  row_memory() = default;
  row_memory(xl::stream_ref q, int largest_batch, int columns)
      : columns_{columns}, memory_{q, std::size_t(largest_batch) * std::size_t(columns)} {}

  [[nodiscard]] xl::tensor_view<T, board_rows> of(int boards) { return {memory_.data(), board_rows{{boards, columns_}}}; }

 private:
  int columns_ = 0;
  xl::buffer<T> memory_;
};

}  // namespace chessnet
