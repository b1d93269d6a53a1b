// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "planes.hpp"

namespace chessnet {
namespace {

constexpr std::size_t history = 8, planes_of_board = 13;
constexpr bitboard all = ~bitboard{0};

void put_board(input_planes& out, std::size_t slot, position const& p, bool repeated) {
  auto* const mask = &out.mask[slot * planes_of_board];
  for (std::size_t kind = 0; kind < 6; ++kind) {
    mask[kind] = p.ours & p.pieces[kind];
    mask[6 + kind] = p.theirs & p.pieces[kind];
  }
  mask[12] = repeated ? all : 0;
}

/// Takes the double step of the pawn that can be captured en passant back. It is theirs, or ours in a mirrored board.
position before_double_step(position p, bool mirrored) {
  int const now = square_of(p.en_passant, mirrored ? 3 : 4), home = square_of(p.en_passant, mirrored ? 1 : 6);
  bitboard const both = bit(now) | bit(home);
  (mirrored ? p.ours : p.theirs) ^= both;
  p.pieces[std::size_t(piece::pawn)] ^= both;
  return p;
}

void put_history(input_planes& out, game const& g, input_format format, history_fill fill) {
  bool const v2 = format == input_format::canonical_v2 || format == input_format::canonical_v2_armageddon;
  auto const& positions = g.positions();
  auto const last = positions.size() - 1;
  auto const& now = g.current();
  auto const rights = [&](std::size_t i) { return (last - i) % 2 == 0 ? positions[i].rooks : positions[i].mirrored().rooks; };

  std::size_t slot = 0;
  for (std::size_t back = 0; back <= last && slot < history; ++back) {
    auto const i = last - back;
    position const& p = positions[i];
    bool const mirrored = back % 2 == 1, repeated = g.repetitions(i) > 0;
    if (is_canonical(format) && back > 0 && (rights(i) != now.rooks || p.en_passant != position::none)) return;
    if (!v2 || back == 0 || repeated) put_board(out, slot++, mirrored ? p.mirrored() : p, repeated);
    if (is_canonical(format) && p.half_moves == 0) return;
  }
  if (v2) return;  // the first known board is no repetition

  auto const& first = positions.front();
  bool const en_passant = first.en_passant != position::none;
  if (fill == history_fill::no && !en_passant) return;
  if (fill == history_fill::fen_only && first.repeats(starting_position())) return;
  bool const mirrored = last % 2 == 1;
  position repeated = mirrored ? first.mirrored() : first;
  if (en_passant) repeated = before_double_step(repeated, mirrored);
  for (bool more = true; more && slot < history; ++slot) {
    put_board(out, slot, repeated, false);
    more = fill != history_fill::no;
  }
}

/// Returns the rooks of a side that may castle, ours on rank 1 and theirs on rank 8.
bitboard castling_rooks(position const& p, position::castling ours, position::castling theirs) {
  bitboard result = 0;
  if (p.rooks[ours] != position::none) result |= bit(square_of(p.rooks[ours], 0));
  if (p.rooks[theirs] != position::none) result |= bit(square_of(p.rooks[theirs], 7));
  return result;
}

}  // namespace

input_planes encode(game const& g, input_format format, history_fill fill) {
  input_planes out;
  out.value.fill(1);
  position const& p = g.current();
  put_history(out, g, format, fill);

  auto const all_if = [](bool condition) { return condition ? all : 0; };
  if (format == input_format::classical) {
    for (std::size_t right = 0; right < 4; ++right) out.mask[104 + right] = all_if(p.rooks[right] != position::none);
  } else {
    out.mask[104] = castling_rooks(p, position::our_queenside, position::their_queenside);
    out.mask[105] = castling_rooks(p, position::our_kingside, position::their_kingside);
  }
  if (!is_canonical(format))
    out.mask[108] = all_if(p.black_to_move);
  else if (p.en_passant != position::none)
    out.mask[108] = bit(square_of(p.en_passant, 7));
  out.mask[109] = all;
  out.value[109] = float(p.half_moves);
  if (is_canonical(format) && format != input_format::canonical) out.value[109] = float(p.half_moves) / 100;
  if (format == input_format::canonical_hectoplies_armageddon || format == input_format::canonical_v2_armageddon)
    out.mask[110] = all_if(p.black_to_move);
  out.mask[111] = all;

  if (is_canonical(format)) {
    out.transform = canonical_transform(p);
    for (std::size_t i = 0; i < 109; ++i) out.mask[i] = out.transform.squares(out.mask[i]);
  }
  return out;
}

}  // namespace chessnet
