// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// FEN and UCI's notation of moves.
#include "position.hpp"

#include <charconv>
#include <utility>

namespace chessnet {
namespace {

constexpr std::string_view letters = "pnbrqk";

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Returns a text from the outside with everything but printable ASCII replaced, and not longer than a line.
std::string shown(std::string_view text) {
  constexpr std::size_t most = 120;
  std::string result{"'"};
  for (char const c : text.substr(0, most)) result += c >= ' ' && c <= '~' ? c : '?';
  return result + (text.size() > most ? "...'" : "'");
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t\r\n", at)) != text.npos;) {
    auto const end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string square_name(int square) { return {char('a' + file_of(square)), char('1' + rank_of(square))}; }

/// A board from White's side while it is read.
class fen_reader {
 public:
  fen_reader(std::string_view fen, fen_options options) : fen_{fen}, options_{options} {}

  position read() {
    auto const words = words_of(fen_);
    if (words.size() != 4 && words.size() != 6) wrong("it has " + std::to_string(words.size()) + " fields, not 6 or 4");
    board(words[0]);
    if (words[1] != "w" && words[1] != "b") wrong("the side to move is w or b, not " + shown(words[1]));
    black_ = words[1] == "b";
    castling(words[2]);
    en_passant(words[3]);
    if (words.size() == 6) {
      p_.half_moves = number(words[4], "half moves since a capture", 0, 9999);
      p_.full_moves = number(words[5], "the number of the move", 0, 9999);
      if (p_.en_passant != position::none && p_.half_moves != 0) wrong("after a double step of a pawn the half moves are 0");
    }
    if (black_) p_ = p_.mirrored();
    if (!options_.opponent_may_be_in_check && in_check(p_.mirrored()))
      wrong(std::string{black_ ? "White" : "Black"} + " is in check and not to move");
    return p_;
  }

 private:
  [[noreturn]] void wrong(std::string const& why) const { throw chess_error{"illegal FEN " + shown(fen_) + ": " + why}; }

  void board(std::string_view text) {
    int file = 0, rank = 7;
    for (char const c : text) {
      if (c == '/') {
        if (file != 8) wrong("rank " + std::to_string(rank + 1) + " has " + std::to_string(file) + " squares");
        if (--rank < 0) wrong("the board has more than 8 ranks");
        file = 0;
      } else if (c >= '1' && c <= '8') {
        file += c - '0';
      } else if (auto const kind = letters.find(lower(c)); kind != letters.npos) {
        if (file < 8) {
          (is_upper(c) ? p_.ours : p_.theirs) |= bit(square_of(file, rank));
          p_.pieces[kind] |= bit(square_of(file, rank));
        }
        ++file;
      } else {
        wrong("the board has " + shown(std::string_view{&c, 1}));
      }
      if (file > 8) wrong("rank " + std::to_string(rank + 1) + " has more than 8 squares");
    }
    if (rank != 0) wrong("the board has " + std::to_string(8 - rank) + " ranks");
    if (file != 8) wrong("rank 1 has " + std::to_string(file) + " squares");
    for (auto const& [side, name] : {std::pair{p_.ours, "White"}, std::pair{p_.theirs, "Black"}}) {
      int const kings = std::popcount(side & p_.of(piece::king));
      if (kings != 1) wrong(std::string{name} + " has " + std::to_string(kings) + " kings");
      if (std::popcount(side) > 16) wrong(std::string{name} + " has " + std::to_string(std::popcount(side)) + " pieces");
    }
    if (p_.of(piece::pawn) & (rank_mask(0) | rank_mask(7))) wrong("a pawn stands on rank 1 or 8");
  }

  void castling(std::string_view text) {
    if (text == "-") return;
    for (char const c : text) {
      bool const white = is_upper(c);
      int const home = white ? 0 : 7;
      bitboard const side = (white ? p_.ours : p_.theirs) & rank_mask(home);
      bitboard const rooks = side & p_.of(piece::rook);
      std::string const name{"castling right " + shown(std::string_view{&c, 1})};
      if (!(side & p_.of(piece::king))) wrong(name + ": the king is not on its first rank");
      int const king = lowest(side & p_.of(piece::king));
      int rook = -1;
      char const letter = lower(c);
      if (letter == 'k' && (rooks >> king) != 0) rook = highest(rooks);
      if (letter == 'q' && (rooks & (bit(king) - 1)) != 0) rook = lowest(rooks);
      if (letter >= 'a' && letter <= 'h' && (rooks & bit(square_of(letter - 'a', home)))) rook = square_of(letter - 'a', home);
      if (rook < 0) wrong(name + ": there is no such rook");
      std::size_t const at = (white ? 0u : 2u) + (rook > king ? 1u : 0u);
      if (p_.rooks[at] != position::none) wrong(name + " is not the only one of its side");
      p_.rooks[at] = file_of(rook);
    }
  }

  void en_passant(std::string_view text) {
    if (text == "-") return;
    int const rank = black_ ? 2 : 5;
    if (text.size() != 2 || text[0] < 'a' || text[0] > 'h' || text[1] != '1' + rank)
      wrong("the square of en passant is " + std::string{black_ ? "a3 to h3" : "a6 to h6"} + ", not " + shown(text));
    int const file = text[0] - 'a';
    int const pawn = square_of(file, black_ ? 3 : 4), home = square_of(file, black_ ? 1 : 6);
    if (!((black_ ? p_.ours : p_.theirs) & p_.of(piece::pawn) & bit(pawn)))
      wrong("en passant on " + square_name(square_of(file, rank)) + ": there is no pawn on " + square_name(pawn));
    if (p_.occupied() & (bit(square_of(file, rank)) | bit(home)))
      wrong("en passant on " + square_name(square_of(file, rank)) + ": the pawn cannot have come from " + square_name(home));
    p_.en_passant = file;
  }

  int number(std::string_view text, char const* name, int least, int most) const {
    int value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most)
      wrong(std::string{name} + ": " + shown(text) + " is not a number from " + std::to_string(least) + " to " + std::to_string(most));
    return value;
  }

  std::string_view fen_;
  fen_options options_;
  position p_;
  bool black_ = false;
};

/// Returns a square as White sees it.
int seen_by_white(position const& p, int square) { return p.black_to_move ? square ^ 56 : square; }

bool castles(position const& p, move m) { return (p.ours & bit(m.to)) != 0; }

/// Returns the square that UCI names for the king's move of castling.
int uci_target(position const& p, move m) {
  bool const normal = file_of(m.from) == 4 && (file_of(m.to) == 0 || file_of(m.to) == 7);
  if (!castles(p, m) || !normal) return m.to;
  return m.to > m.from ? 6 : 2;
}

}  // namespace

position starting_position() {
  static position const start = parse_fen("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1");
  return start;
}

position parse_fen(std::string_view fen, fen_options options) { return fen_reader{fen, options}.read(); }

std::string to_fen(position const& given) {
  position const p = given.black_to_move ? given.mirrored() : given;  // from White's side
  std::string text;
  for (int rank = 7; rank >= 0; --rank) {
    int empty = 0;
    for (int file = 0; file < 8; ++file) {
      bitboard const here = bit(square_of(file, rank));
      if (!(p.occupied() & here)) {
        ++empty;
        continue;
      }
      if (empty > 0) text += std::to_string(std::exchange(empty, 0));
      for (std::size_t kind = 0; kind < 6; ++kind)
        if (p.pieces[kind] & here) text += (p.ours & here) ? char(letters[kind] - 'a' + 'A') : letters[kind];
    }
    if (empty > 0) text += std::to_string(empty);
    if (rank > 0) text += '/';
  }
  text += given.black_to_move ? " b " : " w ";

  std::string rights;
  for (std::size_t const at : {1u, 0u, 3u, 2u}) {
    if (p.rooks[at] == position::none) continue;
    bool const white = at < 2, kingside = at % 2 == 1;
    bitboard const rooks = p.of(piece::rook) & (white ? p.ours : p.theirs) & rank_mask(white ? 0 : 7);
    bool const outermost = file_of(kingside ? highest(rooks) : lowest(rooks)) == p.rooks[at];
    char const letter = outermost ? (kingside ? 'k' : 'q') : char('a' + p.rooks[at]);
    rights += white ? char(letter - 'a' + 'A') : letter;
  }
  text += rights.empty() ? "-" : rights;
  text += ' ';
  text += given.en_passant == position::none ? "-" : square_name(square_of(given.en_passant, given.black_to_move ? 2 : 5));
  return text + ' ' + std::to_string(given.half_moves) + ' ' + std::to_string(given.full_moves);
}

move parse_move(position const& p, std::string_view text) {
  auto const wrong = [&](char const* why) { throw chess_error{"illegal move " + shown(text) + " in '" + to_fen(p) + "': " + why}; };
  auto const is_square = [&](std::size_t at) { return text[at] >= 'a' && text[at] <= 'h' && text[at + 1] >= '1' && text[at + 1] <= '8'; };
  auto const square = [&](std::size_t at) { return seen_by_white(p, square_of(text[at] - 'a', text[at + 1] - '1')); };
  if ((text.size() != 4 && text.size() != 5) || !is_square(0) || !is_square(2)) wrong("a move is like e2e4 or e7e8q");
  auto promotion = piece::pawn;
  if (text.size() == 5) {
    auto const kind = letters.find(text[4]);
    if (kind == letters.npos || kind == std::size_t(piece::pawn) || kind == std::size_t(piece::king))
      wrong("a pawn promotes to q, r, b or n");
    promotion = piece(kind);
  }
  for (auto const m : legal_moves(p))
    if (m.from == square(0) && m.promotion == promotion && (m.to == square(2) || uci_target(p, m) == square(2))) {
      if (p.theirs & p.of(piece::king) & bit(m.to)) wrong("it would take the king");
      return m;
    }
  wrong(p.ours & bit(square(0)) ? "the piece may not go there" : "no piece of the side to move is there");
  return {};
}

std::string to_uci(position const& p, move m, bool chess960) {
  auto text = square_name(seen_by_white(p, m.from)) + square_name(seen_by_white(p, chess960 ? m.to : uci_target(p, m)));
  if (m.promotion != piece::pawn) text += letters[std::size_t(m.promotion)];
  return text;
}

}  // namespace chessnet
