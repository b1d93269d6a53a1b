// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// FEN and moves: what is read, what is written, and what is refused with which words.
#include "chess/game.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace chessnet;

template <class F>
std::string message_of(F const& f) {
  try {
    f();
  } catch (chess_error const& error) {
    return error.what();
  }
  return "no error";
}

constexpr char const* start = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

TEST(fen, is_written_as_it_was_read) {
  for (std::string const fen : {start, "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R b KQkq - 3 9",
                                "rnbqkbnr/pppp1ppp/8/8/3PpP2/8/PPP1P1PP/RNBQKBNR b KQkq d3 0 3", "8/6K1/8/3N4/3k4/8/5R2/8 b - - 0 80",
                                "1r2k1r1/8/8/8/8/8/8/1RR1K1R1 w KCq - 12 34"})
    EXPECT_EQ(to_fen(parse_fen(fen)), fen);
}

TEST(fen, castling_rights_by_file_or_by_side) {
  auto const rooks = [](char const* fen) { return parse_fen(fen).rooks; };
  std::array<int, 4> const white_outer{1, 6, -1, -1};
  EXPECT_EQ(rooks("4k3/8/8/8/8/8/8/1RR1K1R1 w KQ - 0 1"), white_outer);
  EXPECT_EQ(rooks("4k3/8/8/8/8/8/8/1RR1K1R1 w BG - 0 1"), white_outer);
  EXPECT_EQ(to_fen(parse_fen("4k3/8/8/8/8/8/8/1RR1K1R1 w BG - 0 1")), "4k3/8/8/8/8/8/8/1RR1K1R1 w KQ - 0 1");
  EXPECT_EQ(rooks("4k3/8/8/8/8/8/8/1RR1K1R1 w C - 0 1"), (std::array<int, 4>{2, -1, -1, -1}));
  EXPECT_EQ(rooks("r3k3/8/8/8/8/8/8/4K3 b q - 0 1"), (std::array<int, 4>{0, -1, -1, -1}));  // ours: Black's
}

TEST(fen, four_fields) {
  EXPECT_EQ(to_fen(parse_fen("4k3/8/8/8/8/8/8/4K3 w - -")), "4k3/8/8/8/8/8/8/4K3 w - - 0 1");
  EXPECT_EQ(to_fen(parse_fen("  4k3/8/8/8/8/8/8/4K3\tw  - -\n")), "4k3/8/8/8/8/8/8/4K3 w - - 0 1");
}

TEST(fen, refused) {
  constexpr std::pair<char const*, char const*> wrong[] = {
      {"", "it has 0 fields, not 6 or 4"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0", "it has 5 fields, not 6 or 4"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP w KQkq - 0 1", "the board has 7 ranks"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR/8 w KQkq - 0 1", "the board has more than 8 ranks"},
      {"rnbqkbnr/ppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "rank 7 has 7 squares"},
      {"rnbqkbnr/ppppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "rank 7 has more than 8 squares"},
      {"rnbqkbnr/pppppppp/88/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "rank 6 has more than 8 squares"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBN w KQkq - 0 1", "rank 1 has 7 squares"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNX w KQkq - 0 1", "the board has 'X'"},
      {"rnbqkbnr/pppppppp/8/9/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "the board has '9'"},
      {"rnbq1bnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQ - 0 1", "Black has 0 kings"},
      {"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBKKBNR w - - 0 1", "White has 2 kings"},
      {"4k3/8/8/8/8/NNNNNNNN/NNNNNNNN/4K3 w - - 0 1", "White has 17 pieces"},
      {"4k2P/8/8/8/8/8/8/4K3 w - - 0 1", "a pawn stands on rank 1 or 8"},
      {"4k3/8/8/8/8/8/8/4K3 white - - 0 1", "the side to move is w or b, not 'white'"},
      {"4k3/8/8/8/8/8/8/R3K3 w K - 0 1", "castling right 'K': there is no such rook"},
      {"4k3/8/8/8/8/8/8/R3K3 w QA - 0 1", "castling right 'A' is not the only one of its side"},
      {"4k3/8/8/8/8/8/4K3/R7 w Q - 0 1", "castling right 'Q': the king is not on its first rank"},
      {"4k3/8/8/8/8/8/8/R3K3 w X - 0 1", "castling right 'X': there is no such rook"},
      {"4k3/8/8/8/8/8/8/4K3 w - e3 0 1", "the square of en passant is a6 to h6, not 'e3'"},
      {"4k3/8/8/8/8/8/8/4K3 w - e6 0 1", "en passant on e6: there is no pawn on e5"},
      {"4k3/8/4n3/4p3/8/8/8/4K3 w - e6 0 1", "en passant on e6: the pawn cannot have come from e7"},
      {"4k3/8/8/4p3/8/8/8/4K3 w - e6 3 1", "after a double step of a pawn the half moves are 0"},
      {"4k3/8/8/8/8/8/8/4K3 w - - -1 1", "half moves since a capture: '-1' is not a number from 0 to 9999"},
      {"4k3/8/8/8/8/8/8/4K3 w - - 0 x", "the number of the move: 'x' is not a number from 0 to 9999"},
      {"4k3/8/8/8/8/8/8/4K2r b - - 0 1", "White is in check and not to move"},
      {"4kK2/8/8/8/8/8/8/8 w - - 0 1", "Black is in check and not to move"},
  };
  for (auto const& [fen, why] : wrong)
    EXPECT_EQ(message_of([text = fen] { (void)parse_fen(text); }), "illegal FEN '" + std::string{fen} + "': " + why);
  // Texts from outside do not reach a terminal as they are.
  EXPECT_EQ(message_of([] { (void)parse_fen("\x1b[2J\n\xff"); }), "illegal FEN '?[2J?\?': it has 2 fields, not 6 or 4");
  auto const endless = message_of([] { (void)parse_fen(std::string(100'000, 'x')); });
  EXPECT_LT(endless.size(), 250u);
}

TEST(fen, opponent_in_check_if_asked) {
  constexpr auto fen = "QQQQ2k1/8/8/8/8/8/qqq5/6K1 w - - 0 1";
  EXPECT_NE(message_of([&] { (void)parse_fen(fen); }).find("Black is in check"), std::string::npos);
  auto const p = parse_fen(fen, {.opponent_may_be_in_check = true});
  EXPECT_EQ(legal_moves(p).size(), 58u);
  EXPECT_NE(message_of([&] { (void)parse_move(p, "d8g8"); }).find("it would take the king"), std::string::npos);
}

TEST(moves, text) {
  auto const p = parse_fen("r3k2r/1P6/8/8/8/8/8/R3K2R w KQkq - 0 1");
  for (std::string const text : {"e1g1", "e1c1", "b7b8q", "b7a8n", "e1e2"}) EXPECT_EQ(to_uci(p, parse_move(p, text)), text);
  EXPECT_EQ(to_uci(p, parse_move(p, "e1h1")), "e1g1");  // Chess960's notation of the same move
  EXPECT_EQ(to_uci(p, parse_move(p, "e1g1"), true), "e1h1");
  EXPECT_EQ(to_uci(p, parse_move(p, "e1c1"), true), "e1a1");
  EXPECT_EQ(to_uci(p, parse_move(p, "e1f1"), true), "e1f1");
  EXPECT_EQ(parse_move(p, "e1c1"), (move{4, 0, piece::pawn}));
  auto const black = parse_fen("r3k2r/8/8/8/8/8/1p6/R3K2R b KQkq - 0 1");
  for (std::string const text : {"e8g8", "e8c8", "b2b1q", "b2a1n"}) EXPECT_EQ(to_uci(black, parse_move(black, text)), text);
}

TEST(moves, refused) {
  auto const reason = [](char const* fen, char const* text) { return message_of([&] { (void)parse_move(parse_fen(fen), text); }); };
  auto const prefix = [](std::string const& text, std::string const& fen) { return "illegal move '" + text + "' in '" + fen + "': "; };
  EXPECT_EQ(reason(start, "e2e5"), prefix("e2e5", start) + "the piece may not go there");
  EXPECT_EQ(reason(start, "e4e5"), prefix("e4e5", start) + "no piece of the side to move is there");
  EXPECT_EQ(reason(start, "e7e5"), prefix("e7e5", start) + "no piece of the side to move is there");
  for (char const* text : {"", "e2", "e2e", "e2e9", "i2i4", "E2E4", "e2e4qq", "0000"})
    EXPECT_EQ(reason(start, text), prefix(text, start) + "a move is like e2e4 or e7e8q");
  EXPECT_EQ(reason(start, "e2e4k"), prefix("e2e4k", start) + "a pawn promotes to q, r, b or n");
  EXPECT_EQ(reason(start, "e2e4q"), prefix("e2e4q", start) + "the piece may not go there");
  constexpr auto seventh = "4k3/1P6/8/8/8/8/8/4K3 w - - 0 1";
  EXPECT_EQ(reason(seventh, "b7b8"), prefix("b7b8", seventh) + "the piece may not go there");
  game g{starting_position()};
  EXPECT_NE(message_of([&] { g.play("e2e4 e7e5 e4e5"); }).find("illegal move 'e4e5'"), std::string::npos);
  EXPECT_EQ(g.positions().size(), 3u);
}

TEST(moves, counters_rights_and_en_passant) {
  game g{starting_position()};
  auto const after = [&](char const* moves) {
    g.play(moves);
    return to_fen(g.current());
  };
  EXPECT_EQ(after("e2e4"), "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1");  // no pawn could take it
  EXPECT_EQ(after("g8f6 e4e5 d7d5"), "rnbqkb1r/ppp1pppp/5n2/3pP3/8/8/PPPP1PPP/RNBQKBNR w KQkq d6 0 3");
  EXPECT_EQ(after("e5d6"), "rnbqkb1r/ppp1pppp/3P1n2/8/8/8/PPPP1PPP/RNBQKBNR b KQkq - 0 3");
  EXPECT_EQ(after("h8g8 e1e2 a7a6 b1c3"), "rnbqkbr1/1pp1pppp/p2P1n2/8/8/2N5/PPPPKPPP/R1BQ1BNR b q - 1 5");
}

TEST(moves, a_captured_rook_castles_no_more) {
  auto const p = parse_fen("r3k2r/8/8/8/8/8/6b1/R3K2R b KQkq - 0 1");
  EXPECT_EQ(to_fen(play(p, parse_move(p, "g2h1"))), "r3k2r/8/8/8/8/8/8/R3K2b w Qkq - 0 2");
}

TEST(moves, chess960_castling) {
  // The king stays, only the rook moves; the squares between may hold the castling rook.
  auto const p = parse_fen("4k3/8/8/8/8/8/8/5KR1 w G - 0 1");
  auto const m = parse_move(p, "f1g1");
  EXPECT_EQ(to_uci(p, m), "f1g1");
  EXPECT_EQ(to_fen(play(p, m)), "4k3/8/8/8/8/8/8/5RK1 b - - 1 1");
  // The rook on b1 covers the king from the queen on a1, but not after castling.
  auto const hidden = parse_fen("4k3/8/8/8/8/8/8/qR1K4 w B - 0 1");
  auto const moves = legal_moves(hidden);
  EXPECT_EQ(std::count_if(moves.begin(), moves.end(), [](move x) { return x == move{3, 1, piece::pawn}; }), 0);
}

TEST(game, repetitions) {
  game g{starting_position()};
  std::vector<int> counts;
  for (char const* m : {"g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1", "f6g8", "e2e4", "g8f6"}) {
    g.play(m);
    counts.push_back(g.repetitions(g.positions().size() - 1));
  }
  EXPECT_EQ(counts, (std::vector<int>{0, 0, 0, 1, 1, 1, 1, 2, 0, 0}));
}

TEST(game, take_back) {
  game g{starting_position()};
  g.play("g1f3 g8f6 f3g1 f6g8");
  EXPECT_EQ(g.repetitions(4), 1);
  g.take_back();
  EXPECT_EQ(to_fen(g.current()), "rnbqkb1r/pppppppp/5n2/8/8/8/PPPPPPPP/RNBQKBNR b KQkq - 3 2");
  g.play("f6e4");
  EXPECT_EQ(g.repetitions(4), 0);
}

ending end_after(char const* fen, char const* moves = "") {
  game g{parse_fen(fen)};
  g.play(moves);
  return end_of(g, legal_moves(g.current()));
}

TEST(game, endings) {
  EXPECT_EQ(end_after(start), ending::none);
  EXPECT_EQ(end_after(start, "f2f3 e7e5 g2g4 d8h4"), ending::checkmate);
  EXPECT_EQ(end_after("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"), ending::stalemate);
  EXPECT_EQ(end_after(start, "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1"), ending::none);
  EXPECT_EQ(end_after(start, "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8"), ending::repetition);
  EXPECT_EQ(end_after("4k3/8/8/8/8/8/8/R3K3 w - - 98 80", "a1a2"), ending::none);
  EXPECT_EQ(end_after("4k3/8/8/8/8/8/8/R3K3 w - - 99 80", "a1a2"), ending::fifty_moves);
  EXPECT_EQ(end_after("7k/8/6K1/8/8/8/8/R7 w - - 99 80", "a1a8"), ending::checkmate);  // before the draw
  EXPECT_EQ(end_after("4k3/8/8/8/8/8/3p4/4K3 w - - 0 1", "e1d2"), ending::insufficient_material);
}

TEST(game, insufficient_material) {
  auto const insufficient = [](char const* board) { return insufficient_material(parse_fen(std::string{board} + " w - - 0 1")); };
  EXPECT_TRUE(insufficient("4k3/8/8/8/8/8/8/4K3"));
  EXPECT_TRUE(insufficient("4k3/8/8/8/8/8/8/3NK3"));
  EXPECT_TRUE(insufficient("3bk3/8/8/8/8/8/8/4K3"));
  EXPECT_TRUE(insufficient("3bk3/8/8/8/8/8/8/2B1K3"));  // d8 and c1 are dark
  EXPECT_TRUE(insufficient("4k3/8/8/8/8/5B2/4B3/3BK3"));
  EXPECT_FALSE(insufficient("2b1k3/8/8/8/8/8/8/2B1K3"));  // c8 is light
  EXPECT_FALSE(insufficient("3nk3/8/8/8/8/8/8/3NK3"));    // a mate in the corner is possible
  EXPECT_FALSE(insufficient("4k3/8/8/8/8/8/8/2NNK3"));
  EXPECT_FALSE(insufficient("3bk3/8/8/8/8/8/8/3NK3"));
  EXPECT_FALSE(insufficient("4k3/8/8/8/8/8/4P3/4K3"));
  EXPECT_FALSE(insufficient("4k3/8/8/8/8/8/8/R3K3"));
  EXPECT_FALSE(insufficient("q3k3/8/8/8/8/8/8/4K3"));
}

/// Another position: castling rights, en passant and the side to move count.
TEST(game, what_is_no_repetition) {
  game g{parse_fen("4k2r/8/8/8/8/8/8/4K2R w Kk - 0 1")};
  g.play("h1h2 h8h7 h2h1 h7h8");
  EXPECT_EQ(g.repetitions(4), 0);  // the rights are gone
  g.play("h1h2 h8h7 h2h1 h7h8");
  EXPECT_EQ(g.repetitions(8), 1);
}

}  // namespace
