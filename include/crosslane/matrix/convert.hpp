// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Conversion of fragments to other layouts, in registers.
#pragma once

#include <crosslane/kernel/tile.hpp>
#include <crosslane/matrix/fragment.hpp>

namespace crosslane {
namespace detail {

/// How a fragment To is made from N fragments From that lie side by side. Its columns begin at column `Column` of them.
template <class To, class From, unsigned N, unsigned Column>
struct fragment_move {
  static_assert(std::is_same_v<typename To::value_type, typename From::value_type>,
                "crosslane: convert_fragment() keeps the type of the elements; fragment_cast<T>() converts them");
  static constexpr bool fits =
      To::layout_type::wave_size == From::layout_type::wave_size && To::rows == From::rows && Column + To::cols <= N * From::cols;
  static_assert(fits,
                "crosslane: convert_fragment() takes fragments of the same number of lanes and of rows, with all columns of the result");

  static constexpr unsigned sources = N * From::size;  ///< elements of a lane, of all fragments From

  /// Returns the place of an element of To. The element counts through all fragments From.
  CROSSLANE_FN static constexpr matrix_place source(unsigned lane, unsigned element) {
    auto const at = To::layout_type::position(lane, element);
    unsigned const col = at.col + Column;
    auto const found = From::layout_type::place({at.row, col % From::cols});
    return {found.lane, found.element + col / From::cols * From::size};
  }

  /// Which elements of From an element of To can be, in any lane; and whether each lane has all of its own elements at fixed places.
  struct plan {
    bool used[To::size][sources];
    unsigned own[To::size];
    bool in_lane;
  };
  static constexpr plan make_plan() {
    plan result{};
    if (!fits) return result;  // the assertion above is the only error
    result.in_lane = true;
    for (unsigned i = 0; i < To::size; ++i)
      for (unsigned lane = 0; lane < To::layout_type::wave_size; ++lane) {
        auto const from = source(lane, i);
        result.used[i][from.element] = true;
        if (lane == 0) result.own[i] = from.element;
        auto at = To::layout_type::position(lane, i);
        at.col = (at.col + Column) % From::cols;
        result.in_lane =
            result.in_lane && from.element == result.own[i] && From::layout_type::position(lane, from.element % From::size) == at;
      }
    return result;
  }
};

}  // namespace detail

/// Returns a fragment with the elements of others that lie side by side, from column `Column` of them on. All lanes of the wave must call
/// it, at the same place. It is for operands made of accumulators, as in attention: softmax(a * b) * c.
///
///   auto const weights = xl::convert_fragment<a_fragment>(ctx, xl::fragment_cast<xl::half>(sum));
///
/// If each lane has the elements of its result already, it costs nothing. Else it costs 1 shuffle for each element of the result, and more
/// if lanes take it from different elements.
template <matrix_fragment To, unsigned Column = 0, kernel_context Ctx, matrix_fragment From, std::size_t N>
CROSSLANE_FN To convert_fragment(Ctx const& ctx, From const (&from)[N], source_location where = source_location::current()) {
  using move = detail::fragment_move<To, From, unsigned(N), Column>;
  static_assert(sizeof(detail::kernel_runs_target<typename To::target, detail::matrix_backend<Ctx>>) > 0);
  constexpr auto plan = move::make_plan();
  To result{};
  if constexpr (plan.in_lane) {
    detail::matrix_backend<Ctx>::meet(ctx.native(), where);
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < To::size; ++i) result.data[i] = from[plan.own[i] / From::size].data[plan.own[i] % From::size];
  } else {
    auto const wave = crosslane::wave(ctx);
    unsigned const lane = ctx.lane_rank();
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < To::size; ++i) {
      auto const source = move::source(lane, i);
      CROSSLANE_UNROLL
      for (unsigned e = 0; e < move::sources; ++e)
        if (plan.used[i][e]) {
          auto const value = wave.shuffle(from[e / From::size].data[e % From::size], source.lane, where);
          if (e == source.element) result.data[i] = value;
        }
    }
  }
  return result;
}

/// Returns a fragment with the elements of another one, from its column `Column` on. See the function above.
template <matrix_fragment To, unsigned Column = 0, kernel_context Ctx, matrix_fragment From>
CROSSLANE_FN To convert_fragment(Ctx const& ctx, From const& from, source_location where = source_location::current()) {
  From const sources[1] = {from};
  return convert_fragment<To, Column>(ctx, sources, where);
}

}  // namespace crosslane
