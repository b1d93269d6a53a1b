// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Sets of squares as 64-bit masks, and the squares that pieces attack. Square s has file s % 8 and rank s / 8: a1 = 0, b1 = 1, h8 = 63.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace chessnet {

using bitboard = std::uint64_t;

[[nodiscard]] constexpr bitboard bit(int square) { return bitboard{1} << square; }
[[nodiscard]] constexpr int file_of(int square) { return square & 7; }
[[nodiscard]] constexpr int rank_of(int square) { return square >> 3; }
[[nodiscard]] constexpr int square_of(int file, int rank) { return file + 8 * rank; }
[[nodiscard]] constexpr bitboard rank_mask(int rank) { return bitboard{0xff} << (8 * rank); }
[[nodiscard]] constexpr bitboard file_mask(int file) { return bitboard{0x0101010101010101} << file; }

/// Returns the lowest square. The set must not be empty.
[[nodiscard]] constexpr int lowest(bitboard b) { return std::countr_zero(b); }
[[nodiscard]] constexpr int highest(bitboard b) { return 63 - std::countl_zero(b); }

/// Calls f(square) for each square, the lowest first.
template <class F>
constexpr void for_each_square(bitboard b, F const& f) {
  for (; b != 0; b &= b - 1) f(lowest(b));
}

/// Exchanges rank 1 and rank 8, 2 and 7, ...: square s becomes s ^ 56.
[[nodiscard]] constexpr bitboard mirror_ranks(bitboard b) { return __builtin_bswap64(b); }

/// Exchanges file a and file h, b and g, ...: square s becomes s ^ 7.
[[nodiscard]] constexpr bitboard mirror_files(bitboard b) {
  b = (b >> 1 & 0x5555555555555555) | (b & 0x5555555555555555) << 1;
  b = (b >> 2 & 0x3333333333333333) | (b & 0x3333333333333333) << 2;
  return (b >> 4 & 0x0f0f0f0f0f0f0f0f) | (b & 0x0f0f0f0f0f0f0f0f) << 4;
}

/// Reflects on the diagonal from a8 to h1: the square of file f and rank r becomes that of file 7 - r and rank 7 - f.
[[nodiscard]] constexpr int reflect(int square) { return square_of(7 - rank_of(square), 7 - file_of(square)); }
[[nodiscard]] constexpr bitboard reflect(bitboard b) {
  bitboard result = 0;
  for_each_square(b, [&](int s) { result |= bit(reflect(s)); });
  return result;
}

/// The directions of rays, clockwise from the north (towards rank 8), as steps of file and rank.
inline constexpr int direction_step[8][2] = {{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}};
inline constexpr int knight_step[8][2] = {{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}};

namespace detail {

constexpr bool on_board(int file, int rank) { return 0 <= file && file < 8 && 0 <= rank && rank < 8; }

/// Returns for each square the squares that are one of the steps away.
constexpr std::array<bitboard, 64> steps_from(int const (&steps)[8][2]) {
  std::array<bitboard, 64> result{};
  for (int s = 0; s < 64; ++s)
    for (auto const& step : steps) {
      int const file = file_of(s) + step[0], rank = rank_of(s) + step[1];
      if (on_board(file, rank)) result[std::size_t(s)] |= bit(square_of(file, rank));
    }
  return result;
}

constexpr std::array<std::array<bitboard, 64>, 8> rays() {
  std::array<std::array<bitboard, 64>, 8> result{};
  for (std::size_t d = 0; d < 8; ++d)
    for (int s = 0; s < 64; ++s)
      for (int file = file_of(s) + direction_step[d][0], rank = rank_of(s) + direction_step[d][1]; on_board(file, rank);
           file += direction_step[d][0], rank += direction_step[d][1])
        result[d][std::size_t(s)] |= bit(square_of(file, rank));
  return result;
}

}  // namespace detail

inline constexpr std::array<bitboard, 64> knight_attacks = detail::steps_from(knight_step);
inline constexpr std::array<bitboard, 64> king_attacks = detail::steps_from(direction_step);
/// ray[direction][square]: all squares in that direction on an empty board.
inline constexpr std::array<std::array<bitboard, 64>, 8> ray = detail::rays();

namespace detail {

/// Returns the squares of a ray up to the first occupied one, which is included.
constexpr bitboard ray_attacks(std::size_t direction, int square, bitboard occupied) {
  bitboard const all = ray[direction][std::size_t(square)];
  bitboard const blockers = all & occupied;
  if (blockers == 0) return all;
  bool const upwards = direction < 3 || direction == 7;  // squares of the ray have higher numbers
  return all ^ ray[direction][std::size_t(upwards ? lowest(blockers) : highest(blockers))];
}

}  // namespace detail

[[nodiscard]] constexpr bitboard rook_attacks(int square, bitboard occupied) {
  return detail::ray_attacks(0, square, occupied) | detail::ray_attacks(2, square, occupied) | detail::ray_attacks(4, square, occupied) |
         detail::ray_attacks(6, square, occupied);
}
[[nodiscard]] constexpr bitboard bishop_attacks(int square, bitboard occupied) {
  return detail::ray_attacks(1, square, occupied) | detail::ray_attacks(3, square, occupied) | detail::ray_attacks(5, square, occupied) |
         detail::ray_attacks(7, square, occupied);
}

/// Returns the squares that a queen or a knight on an empty board could go to: all that any move of a piece can reach.
[[nodiscard]] constexpr bitboard reachable(int square) {
  return rook_attacks(square, 0) | bishop_attacks(square, 0) | knight_attacks[std::size_t(square)];
}

}  // namespace chessnet
