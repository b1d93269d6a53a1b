// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "transform.hpp"

namespace chessnet {

transform canonical_transform(position const& p) {
  transform t;
  if (p.can_castle()) return t;
  auto const king = [&] { return t.square(lowest(p.of(piece::king) & p.ours)); };
  if (file_of(king()) < 4) t.parts |= transform::files;
  if (p.of(piece::pawn) != 0) return t;
  if (rank_of(king()) >= 4) t.parts |= transform::ranks;
  // Now the king is on e1 to h4. The diagonal goes through e4, f3, g2 and h1.
  int const beyond = file_of(king()) + rank_of(king()) - 7;
  if (beyond > 0) t.parts |= transform::diagonal;
  if (beyond != 0) return t;
  for (bitboard const set :
       {p.occupied(), p.ours, p.of(piece::king), p.of(piece::queen), p.of(piece::rook), p.of(piece::knight), p.of(piece::bishop)}) {
    bitboard const as_it_is = t.squares(set), reflected = reflect(as_it_is);
    if (as_it_is == reflected) continue;
    if (as_it_is > reflected) t.parts |= transform::diagonal;
    break;
  }
  return t;
}

}  // namespace chessnet
