// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What the layers of a running pass share.
#pragma once

#include "forward/board_values.hpp"
#include "forward/forward.hpp"

#include <crosslane/vector.hpp>

#include <initializer_list>

namespace chessnet {

struct pass_context {
  xl::stream_ref q;
  int boards;
  xl::options<> options;                     // of products: where they take memory for sums
  layer_observer const* observer = nullptr;  // null: nobody looks at layers
  bool measures = false;                     // nothing is queued; products only say how much memory they would take

  /// Queues a kernel.
  template <class Kernel, class... A>
  void launch(xl::launch_config const& c, Kernel const& kernel, A const&... arguments) const {
    if (!measures) xl::launch(q, c, kernel, arguments...);
  }

  /// @{
  /// Give a layer's result to the observer, if there is one: [board][channel][8][8] or [board][64][channel]. The name is followed by a
  /// number that is not negative.
  template <class T>
  void show_board(char const* name, board_values<T> const& x, int number = -1) const {
    show(name, number, {boards, x.channels, 8, 8}, x, [&](std::size_t square, std::size_t c) { return c * 64 + square; });
  }
  template <class T>
  void show_rows(char const* name, board_values<T> const& x, int number = -1) const {
    auto const channels = std::size_t(x.channels);
    show(name, number, {boards, 64, x.channels}, x, [&](std::size_t square, std::size_t c) { return square * channels + c; });
  }
  /// @}

  /// Gives what a layer of all squares reads: [board][channel x 64] or [board][64 x channel].
  template <class T>
  void show_flat(char const* name, board_values<T> const& x, bool by_channel) const {
    auto const channels = std::size_t(x.channels);
    show(name, -1, {boards, 64 * x.channels}, x,
         [&](std::size_t square, std::size_t c) { return by_channel ? c * 64 + square : square * channels + c; });
  }

  /// Gives any values to the observer, multiplied by a factor. `extents` are those of a board.
  template <class T>
  void show(char const* name, std::initializer_list<int> extents, T const* data, float factor = 1) const {
    if (observer == nullptr) return;
    std::vector<int> all{boards};
    all.insert(all.end(), extents);
    std::size_t size = 1;
    for (int const n : all) size *= std::size_t(n);
    (*observer)(name, all, floats(data, size, factor));
  }

 private:
  template <class T>
  [[nodiscard]] std::vector<float> floats(T const* data, std::size_t size, float factor = 1) const {
    auto const values = xl::to_vector(q, xl::span<T const>{data, size});
    std::vector<float> result(size);
    for (std::size_t i = 0; i < size; ++i) result[i] = static_cast<float>(values[i]) * factor;
    return result;
  }

  template <class T, class Place>
  void show(char const* name, int number, std::vector<int> const& extents, board_values<T> const& x, Place const& place) const {
    if (observer == nullptr) return;
    auto const channels = std::size_t(x.channels), pitch = std::size_t(x.pitch);
    // The last square may have no gap behind it.
    auto const values = floats(x.data, (std::size_t(boards) * 64 - 1) * pitch + channels);
    std::vector<float> ordered(std::size_t(boards) * 64 * channels);
    for (std::size_t b = 0; b < std::size_t(boards); ++b)
      for (std::size_t s = 0; s < 64; ++s)
        for (std::size_t c = 0; c < channels; ++c) ordered[b * 64 * channels + place(s, c)] = values[(b * 64 + s) * pitch + c];
    (*observer)(number < 0 ? name : name + std::to_string(number), extents, ordered);
  }
};

}  // namespace chessnet
