// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Symmetries of the board. Canonical input formats show a network only one of the positions that are each other's image.
#pragma once

#include "chess/position.hpp"

namespace chessnet {

/// A sum of `files`, `ranks` and `diagonal`, which are applied in this order.
struct transform {
  enum : unsigned { files = 1, ranks = 2, diagonal = 4 };
  unsigned parts = 0;

  [[nodiscard]] constexpr int square(int s) const {
    if (parts & files) s ^= 7;
    if (parts & ranks) s ^= 56;
    return parts & diagonal ? reflect(s) : s;
  }
  [[nodiscard]] constexpr bitboard squares(bitboard b) const {
    if (parts & files) b = mirror_files(b);
    if (parts & ranks) b = mirror_ranks(b);
    return parts & diagonal ? reflect(b) : b;
  }

  friend constexpr bool operator==(transform, transform) = default;
};

/// Returns the transform that brings our king to files e to h, and without pawns to ranks 1 to 4 and below the diagonal from a8 to h1. A
/// position with castling rights stays as it is.
[[nodiscard]] transform canonical_transform(position const& p);

}  // namespace chessnet
