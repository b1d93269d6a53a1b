// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Positions, their legal moves, and the texts of both.
///
/// A position is seen by the side to move, as a network sees it. "Ours" is the side to move. Its pawns go towards rank 8. When Black is to
/// move, the ranks are mirrored; the files are not. Texts (FEN, moves) are as everyone writes them: from White's side.
#pragma once

#include "bitboard.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

/// A FEN or a move is wrong. what() is one line.
struct chess_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class piece : std::uint8_t { pawn, knight, bishop, rook, queen, king };

/// A move as the mover sees it. Castling is "king takes own rook", which is also unambiguous in Chess960. `promotion` is pawn if the move
/// promotes nothing. En passant needs no mark: a pawn takes diagonally where nothing stands.
struct move {
  std::uint8_t from = 0;
  std::uint8_t to = 0;
  piece promotion = piece::pawn;

  friend constexpr bool operator==(move, move) = default;
};

struct position {
  static constexpr int none = -1;
  enum castling { our_queenside, our_kingside, their_queenside, their_kingside };

  bitboard ours = 0;
  bitboard theirs = 0;
  std::array<bitboard, 6> pieces{};                  // of both sides, by piece
  std::array<int, 4> rooks{none, none, none, none};  // by castling: the file of the rook that may still castle, or none
  int en_passant = none;                             // file of their pawn that has just made a double step, or none
  bool black_to_move = false;
  int half_moves = 0;  // since the last capture or move of a pawn
  int full_moves = 1;  // the number of White's next or last move

  [[nodiscard]] constexpr bitboard occupied() const { return ours | theirs; }
  [[nodiscard]] constexpr bitboard of(piece p) const { return pieces[std::size_t(p)]; }
  [[nodiscard]] bool can_castle() const { return rooks != std::array<int, 4>{none, none, none, none}; }

  /// Returns the same board with the sides exchanged: seen by the other side, which is then to move. Counters stay.
  [[nodiscard]] position mirrored() const;

  /// Compares what repetition means: pieces, castling rights, en passant and the side to move. Counters may differ.
  [[nodiscard]] bool repeats(position const& other) const;

  friend bool operator==(position const&, position const&) = default;
};

/// Returns the normal starting position.
[[nodiscard]] position starting_position();

struct fen_options {
  /// Accepts a position in which the side that is not to move is in check. No game reaches it, but a network can evaluate it.
  bool opponent_may_be_in_check = false;
};

/// Reads a FEN of six fields, or of four without the counters. Castling rights are KQkq (the outermost rook of that side) or the files of
/// the rooks (Shredder-FEN). Throws chess_error that quotes the FEN and names the field that is wrong.
[[nodiscard]] position parse_fen(std::string_view fen, fen_options options = {});
/// Returns the FEN of six fields. Castling rights are letters of files unless KQkq means the same.
[[nodiscard]] std::string to_fen(position const& p);

/// Returns whether the side to move is in check.
[[nodiscard]] bool in_check(position const& p);

/// Returns all legal moves. The position must have one king of each side.
[[nodiscard]] std::vector<move> legal_moves(position const& p);

/// Returns whether no sequence of legal moves mates: there are kings and at most one knight or bishop, or only bishops on squares of one
/// colour beside them.
[[nodiscard]] bool insufficient_material(position const& p);

/// Returns the position after a legal move, seen by the other side.
[[nodiscard]] position play(position const& p, move m);

/// Reads a move in UCI's notation: e2e4, e7e8q. Castling is e1g1 or, as in Chess960, e1h1. Throws chess_error if the text is no move or the
/// move is not legal.
[[nodiscard]] move parse_move(position const& p, std::string_view text);
/// Returns UCI's notation. Castling is e1g1 if king and rook stand where they stand in normal chess, otherwise the square of the rook. With
/// `chess960` it is always the square of the rook.
[[nodiscard]] std::string to_uci(position const& p, move m, bool chess960 = false);

/// Returns the number of games of `depth` plies: the standard test of legal_moves.
[[nodiscard]] std::uint64_t perft(position const& p, int depth);

}  // namespace chessnet
