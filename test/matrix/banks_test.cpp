// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tiles of products in shared memory: the accesses of a wave have no bank conflicts. A test computes them from the types.
#include <crosslane/matrix.hpp>

#include <support/target.hpp>

#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;

/// Returns the largest number of different words in one bank among the groups of lanes that the hardware serves together: as many as access
/// 128 bytes. `address(lane)` is the first byte that a lane accesses, of `bytes`.
template <class Address>
int worst_bank(unsigned lanes, unsigned bytes, Address const& address) {
  unsigned const together = 128 / bytes;
  int worst = 0;
  for (unsigned first = 0; first < lanes; first += together) {
    unsigned words[32][64];
    int count[32] = {};
    for (unsigned lane = first; lane < first + together && lane < lanes; ++lane)
      for (unsigned b = 0; b < bytes; b += 4) {
        unsigned const word = (address(lane) + b) / 4, bank = word % 32;
        bool known = false;
        for (int i = 0; i < count[bank]; ++i) known = known || words[bank][i] == word;
        if (!known) words[bank][count[bank]++] = word;
      }
    for (int const n : count) worst = n > worst ? n : worst;
  }
  return worst;
}

/// Checks the loads of all fragments of a tile, of elements that lie along the tile's lines, and the stores of pieces of 16 bytes.
template <class Target, class T, use U, unsigned Outer, unsigned KBytes, unsigned Unit>
void check_tile(char const* what) {
  using shape = xl::native_shape<T, Target>;
  constexpr unsigned k = KBytes / sizeof(T);
  using tile = xl::detail::operand_tile<T, U, true, Outer, k, Unit>;
  using layout = xl::fragment_layout<U, shape, Target>;
  constexpr unsigned lines_of = U == use::a ? shape::m : shape::n;
  constexpr bool by_matrices = Unit == 16 && layout::map.lanes_along == 4 && layout::map.lanes_across == 8;  // ldmatrix
  constexpr unsigned bytes = by_matrices || layout::map.neighbours * sizeof(T) >= 16 ? 16 : layout::map.neighbours * sizeof(T);
  int worst = 0;
  for (unsigned outer = 0; outer < Outer; outer += lines_of)
    for (unsigned step = 0; step < k; step += shape::k)
      for (unsigned part = 0; part < layout::size * sizeof(T) / (by_matrices ? 4 : bytes); ++part) {
        auto const address = [&](unsigned lane) {
          xl::matrix_position at{};
          if (by_matrices)  // 8 lanes give the lines of a matrix, which is a register of each lane
            at = layout::position(lane % 8 * layout::map.across_stride, part * (4 / sizeof(T)));
          else
            at = layout::position(lane, part * (bytes / sizeof(T)));
          unsigned const line = outer + (U == use::a ? at.row : at.col), along = step + (U == use::a ? at.col : at.row);
          return tile::offset(line, along) * unsigned(sizeof(T));
        };
        int const n = worst_bank(by_matrices ? 8 : Target::wave_size, bytes, address);
        worst = n > worst ? n : worst;
      }
  if (worst != 1) fail(std::string(what) + ": loads have " + std::to_string(worst) + " words in a bank", xl::source_location::current());

  constexpr unsigned in_line = KBytes / 16, stored = Unit < 16 ? Unit : 16;
  for (unsigned part = 0; part < 16; part += stored) {
    int const n = worst_bank(Target::wave_size, stored, [&](unsigned lane) {
      return tile::offset(lane / in_line, lane % in_line * (16 / unsigned(sizeof(T))) + part / unsigned(sizeof(T))) * unsigned(sizeof(T));
    });
    if (n != 1) fail(std::string(what) + ": stores have " + std::to_string(n) + " words in a bank", xl::source_location::current());
  }
}

/// Checks the stores of an operand that is transposed on its way to the tile.
template <class Target, class T, unsigned Outer, unsigned Unit, unsigned Threads>
void check_transposed(char const* what) {
  using tile = xl::detail::operand_tile<T, use::b, true, Outer, 64 / sizeof(T), Unit>;
  struct context;
  using filler = xl::detail::transposing_filler<context, tile, Threads>;
  for (unsigned i = 0; i < filler::in_piece; ++i) {
    int const n = worst_bank(Target::wave_size, filler::group * sizeof(T), [&](unsigned lane) {
      unsigned const column = lane / filler::groups;
      return tile::offset(column * filler::in_piece + filler::element_at(i, column), lane % filler::groups * filler::group) *
             unsigned(sizeof(T));
    });
    if (n != 1) return fail(std::string(what) + ": stores have " + std::to_string(n) + " words in a bank", xl::source_location::current());
  }
}

/// Checks the lines whose addresses lanes give to ldmatrix. From matrix m, whose lines lanes 8 * m to 8 * m + 7 give, lane L gets bytes
/// 4 * (L % 4) to 4 * (L % 4) + 3 of line L / 4; transposed, elements L / 4 of lines 2 * (L % 4) and 2 * (L % 4) + 1. These must be the
/// elements of the layout, or of two of them side by side.
template <use U, class T, bool Trans, bool Pair>
void check_lines(char const* what) {
  using target = xl::matrix_target::sm_80;
  using layout = xl::fragment_layout<U, xl::native_shape<T, target>, target>;
  constexpr unsigned in_register = 4 / sizeof(T);
  bool same = true;
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned e = 0; e < (Pair ? 2 : 1) * layout::size; ++e) {
      unsigned const matrix = e / in_register, pair = lane % 4 * in_register + e % in_register;
      unsigned const giver = 8 * matrix + (Trans ? pair : lane / 4);
      auto at =
          Pair ? xl::detail::line_of_pair<layout, Trans, sizeof(T)>(giver) : xl::backend::line_of_lane<layout, Trans, sizeof(T)>(giver);
      bool const to_col = layout::map.along_columns != Trans;
      (to_col ? at.col : at.row) += Trans ? lane / 4 : pair;
      auto want = layout::position(lane, e % layout::size);
      want.col += e / layout::size * layout::cols;
      same = same && at == want;
    }
  if (!same) fail(std::string(what) + ": other elements", xl::source_location::current());
}

}  // namespace

CROSSLANE_TEST_ONCE(gemm_banks, tiles) {
  namespace target = xl::matrix_target;
  // The lines of the backends' sizes, and the units that block_product chooses.
  check_tile<target::sm_80, xl::half, use::a, 128, 128, 16>("half on sm_80, a");
  check_tile<target::sm_80, xl::half, use::b, 256, 128, 16>("half on sm_80, b");
  check_tile<target::sm_80, xl::half, use::a, 64, 64, 16>("half on sm_80, a, short lines");
  check_tile<target::sm_80, xl::half, use::b, 64, 64, 16>("half on sm_80, b, short lines");
  check_tile<target::sm_80, std::int8_t, use::a, 128, 128, 16>("int8 on sm_80, a");
  check_tile<target::sm_80, std::int8_t, use::b, 256, 128, 16>("int8 on sm_80, b");
  check_tile<target::gfx90a, xl::half, use::a, 128, 64, 8>("half on gfx90a, a");
  check_tile<target::gfx90a, xl::half, use::b, 128, 64, 8>("half on gfx90a, b");
  check_tile<target::gfx90a, float, use::a, 128, 64, 8>("float on gfx90a, a");
  check_tile<target::gfx942, std::int8_t, use::a, 128, 64, 8>("int8 on gfx942, a");
  check_tile<target::gfx942, xl::fp8_e4m3_fnuz, use::b, 128, 64, 8>("fp8 on gfx942, b");
  check_tile<target::gfx11, xl::half, use::a, 128, 64, 16>("half on gfx11, a");
  check_tile<target::gfx11, xl::half, use::b, 128, 64, 16>("half on gfx11, b");
  check_tile<target::gfx12, xl::half, use::a, 128, 64, 8>("half on gfx12, a");
  check_tile<target::gfx12, xl::half, use::b, 128, 64, 8>("half on gfx12, b");
  check_transposed<target::gfx90a, xl::half, 128, 8, 256>("half on gfx90a, transposed");
  check_transposed<target::gfx90a, xl::half, 64, 8, 128>("half on gfx90a, transposed, small");
  check_transposed<target::gfx90a, float, 128, 8, 256>("float on gfx90a, transposed");
  check_transposed<target::gfx942, std::int8_t, 128, 8, 256>("int8 on gfx942, transposed");
  check_transposed<target::gfx11, xl::half, 128, 16, 256>("half on gfx11, transposed");
  check_transposed<target::gfx12, xl::half, 128, 8, 256>("half on gfx12, transposed");
}

CROSSLANE_TEST_ONCE(gemm_banks, lines_of_lanes) {
  check_lines<use::a, xl::half, false, false>("half, a");
  check_lines<use::a, xl::half, true, false>("half, a, transposed");
  check_lines<use::b, xl::half, false, false>("half, b");
  check_lines<use::b, xl::half, false, true>("half, two of b");
  check_lines<use::b, xl::half, true, true>("half, two of b, transposed");
  check_lines<use::a, std::int8_t, false, false>("int8, a");
  check_lines<use::b, std::int8_t, false, true>("int8, two of b");
  check_lines<use::a, xl::tf32, false, false>("tf32, a");
  check_lines<use::b, xl::tf32, false, false>("tf32, b");
}
