// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Legal moves and their effect.
#include "position.hpp"

#include <algorithm>
#include <utility>

namespace chessnet {
namespace {

constexpr bitboard not_a = ~file_mask(0), not_h = ~file_mask(7);

/// Returns the squares that our pawns on `pawns` attack. Theirs attack in the other direction.
constexpr bitboard up_attacks(bitboard pawns) { return (pawns & not_a) << 7 | (pawns & not_h) << 9; }
constexpr bitboard down_attacks(bitboard pawns) { return (pawns & not_h) >> 7 | (pawns & not_a) >> 9; }

/// Returns their pieces among `theirs` that attack a square, with these squares occupied.
bitboard attackers(position const& p, int square, bitboard occupied, bitboard theirs) {
  auto const s = std::size_t(square);
  bitboard const straight = p.of(piece::rook) | p.of(piece::queen), diagonal = p.of(piece::bishop) | p.of(piece::queen);
  return theirs & ((up_attacks(bit(square)) & p.of(piece::pawn)) | (knight_attacks[s] & p.of(piece::knight)) |
                   (king_attacks[s] & p.of(piece::king)) | (rook_attacks(square, occupied) & straight) |
                   (bishop_attacks(square, occupied) & diagonal));
}

int our_king(position const& p) { return lowest(p.of(piece::king) & p.ours); }

/// Returns our pieces that stand alone between our king and a piece of theirs that would give check.
bitboard pinned_pieces(position const& p) {
  int const king = our_king(p);
  bitboard const straight = p.of(piece::rook) | p.of(piece::queen), diagonal = p.of(piece::bishop) | p.of(piece::queen);
  bitboard const near_straight = rook_attacks(king, p.occupied()) & p.ours, near_diagonal = bishop_attacks(king, p.occupied()) & p.ours;
  bitboard pinned = 0;
  for_each_square(near_straight, [&](int s) {
    if (rook_attacks(king, p.occupied() ^ bit(s)) & ~rook_attacks(king, p.occupied()) & straight & p.theirs) pinned |= bit(s);
  });
  for_each_square(near_diagonal, [&](int s) {
    if (bishop_attacks(king, p.occupied() ^ bit(s)) & ~bishop_attacks(king, p.occupied()) & diagonal & p.theirs) pinned |= bit(s);
  });
  return pinned;
}

class generator {
 public:
  explicit generator(position const& p) : p_{p}, king_{our_king(p)}, checked_{in_check(p)}, pinned_{pinned_pieces(p)} {
    moves_.reserve(64);
  }

  std::vector<move> run() {
    pawns();
    for_each_square(p_.ours & p_.of(piece::knight), [&](int s) { add_all(s, knight_attacks[std::size_t(s)]); });
    for_each_square(p_.ours & (p_.of(piece::bishop) | p_.of(piece::queen)), [&](int s) { add_all(s, bishop_attacks(s, p_.occupied())); });
    for_each_square(p_.ours & (p_.of(piece::rook) | p_.of(piece::queen)), [&](int s) { add_all(s, rook_attacks(s, p_.occupied())); });
    add_all(king_, king_attacks[std::size_t(king_)]);
    if (!checked_)
      for (auto const side : {position::our_queenside, position::our_kingside}) castle(side);
    return std::move(moves_);
  }

 private:
  /// Returns whether the king is safe after a move that takes what stands on `to` and on `taken`.
  bool safe(int from, int to, bitboard taken = 0) const {
    if (!checked_ && from != king_ && taken == 0 && !(pinned_ & bit(from))) return true;
    bitboard const occupied = (p_.occupied() & ~bit(from) & ~taken) | bit(to);
    return attackers(p_, from == king_ ? to : king_, occupied, p_.theirs & ~bit(to) & ~taken) == 0;
  }

  void add_all(int from, bitboard targets) {
    for_each_square(targets & ~p_.ours, [&](int to) {
      if (safe(from, to)) moves_.push_back({std::uint8_t(from), std::uint8_t(to), piece::pawn});
    });
  }

  void add_pawn(int from, int to, bitboard taken = 0) {
    if (!safe(from, to, taken)) return;
    if (rank_of(to) < 7)
      moves_.push_back({std::uint8_t(from), std::uint8_t(to), piece::pawn});
    else
      for (auto const promoted : {piece::queen, piece::rook, piece::bishop, piece::knight})
        moves_.push_back({std::uint8_t(from), std::uint8_t(to), promoted});
  }

  void pawns() {
    bitboard const pawns = p_.ours & p_.of(piece::pawn), free = ~p_.occupied();
    bitboard const one = pawns << 8 & free, two = (one & rank_mask(2)) << 8 & free;
    for_each_square(one, [&](int to) { add_pawn(to - 8, to); });
    for_each_square(two, [&](int to) { add_pawn(to - 16, to); });
    for_each_square((pawns & not_a) << 7 & p_.theirs, [&](int to) { add_pawn(to - 7, to); });
    for_each_square((pawns & not_h) << 9 & p_.theirs, [&](int to) { add_pawn(to - 9, to); });
    if (p_.en_passant == position::none) return;
    int const to = square_of(p_.en_passant, 5);
    for_each_square(down_attacks(bit(to)) & pawns, [&](int from) { add_pawn(from, to, bit(to - 8)); });
  }

  void castle(position::castling side) {
    if (p_.rooks[side] == position::none) return;
    int const rook = p_.rooks[side];
    int const king_to = side == position::our_queenside ? 2 : 6, rook_to = side == position::our_queenside ? 3 : 5;
    auto const between = [](int a, int b) {  // both included
      bitboard result = 0;
      for (int s = std::min(a, b); s <= std::max(a, b); ++s) result |= bit(s);
      return result;
    };
    bitboard const others = p_.occupied() & ~bit(king_) & ~bit(rook);
    if (others & (between(king_, king_to) | between(rook, rook_to))) return;
    bool attacked = attackers(p_, king_to, others | bit(king_to) | bit(rook_to), p_.theirs) != 0;
    for_each_square(between(king_, king_to), [&](int s) { attacked = attacked || attackers(p_, s, others | bit(rook), p_.theirs) != 0; });
    if (!attacked) moves_.push_back({std::uint8_t(king_), std::uint8_t(rook), piece::pawn});
  }

  position const& p_;
  int king_;
  bool checked_;
  bitboard pinned_;
  std::vector<move> moves_;
};

}  // namespace

position position::mirrored() const {
  position result = *this;
  result.ours = mirror_ranks(theirs);
  result.theirs = mirror_ranks(ours);
  for (auto& b : result.pieces) b = mirror_ranks(b);
  result.rooks = {rooks[their_queenside], rooks[their_kingside], rooks[our_queenside], rooks[our_kingside]};
  result.black_to_move = !black_to_move;
  return result;
}

bool position::repeats(position const& other) const {
  return ours == other.ours && theirs == other.theirs && pieces == other.pieces && rooks == other.rooks && en_passant == other.en_passant &&
         black_to_move == other.black_to_move;
}

bool in_check(position const& p) { return attackers(p, our_king(p), p.occupied(), p.theirs) != 0; }

std::vector<move> legal_moves(position const& p) { return generator{p}.run(); }

bool insufficient_material(position const& p) {
  if (p.of(piece::pawn) | p.of(piece::rook) | p.of(piece::queen)) return false;
  if (std::popcount(p.occupied()) <= 3) return true;
  constexpr bitboard dark = 0xaa55aa55aa55aa55;
  bitboard const bishops = p.of(piece::bishop);
  return p.of(piece::knight) == 0 && ((bishops & dark) == 0 || (bishops & ~dark) == 0);
}

position play(position const& p, move m) {
  position next = p;
  bitboard const from = bit(m.from), to = bit(m.to);
  bool const pawn = (p.of(piece::pawn) & from) != 0;
  bool const castles = (p.ours & to) != 0;
  bool const captures = (p.theirs & to) != 0;
  next.en_passant = position::none;
  ++next.half_moves;
  if (pawn || captures) next.half_moves = 0;

  auto const clear = [&](bitboard squares) {
    next.ours &= ~squares;
    next.theirs &= ~squares;
    for (auto& b : next.pieces) b &= ~squares;
  };
  auto const put = [&](int square, piece kind) {
    next.ours |= bit(square);
    next.pieces[std::size_t(kind)] |= bit(square);
  };
  if (castles) {
    bool const kingside = m.to > m.from;
    clear(from | to);
    put(kingside ? 6 : 2, piece::king);
    put(kingside ? 5 : 3, piece::rook);
  } else {
    auto moved = piece::pawn;
    for (std::size_t kind = 0; kind < 6; ++kind)
      if (p.pieces[kind] & from) moved = piece(kind);
    clear(from | to);
    put(m.to, m.promotion == piece::pawn ? moved : m.promotion);
    if (pawn && file_of(m.from) != file_of(m.to) && !captures) clear(bit(m.to - 8));  // en passant
    if (pawn && m.to - m.from == 16 && (p.theirs & p.of(piece::pawn) & up_attacks(bit(m.to - 8))) != 0) next.en_passant = file_of(m.to);
  }
  if (p.of(piece::king) & from) next.rooks[position::our_queenside] = next.rooks[position::our_kingside] = position::none;
  for (auto const side : {position::our_queenside, position::our_kingside})
    if (next.rooks[side] == m.from) next.rooks[side] = position::none;
  for (auto const side : {position::their_queenside, position::their_kingside})
    if (next.rooks[side] != position::none && m.to == square_of(next.rooks[side], 7)) next.rooks[side] = position::none;
  if (p.black_to_move) ++next.full_moves;
  return next.mirrored();
}

std::uint64_t perft(position const& p, int depth) {
  if (depth == 0) return 1;
  auto const moves = legal_moves(p);
  if (depth == 1) return moves.size();
  std::uint64_t count = 0;
  for (auto const m : moves) count += perft(play(p, m), depth - 1);
  return count;
}

}  // namespace chessnet
