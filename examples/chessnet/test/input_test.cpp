// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares legal moves, policy outputs and planes of the seven formats with the reference data, and tests the maps of the policy.
#include "input/planes.hpp"
#include "input/policy_index.hpp"
#include "reference_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <sstream>

namespace {

using namespace chessnet;
using chessnet_test::all_reference_planes;
using chessnet_test::reference_positions;

TEST(reference_positions, state) {
  CHESSNET_NEEDS_DATA();
  for (auto const& r : reference_positions()) {
    auto const g = r.game();
    EXPECT_EQ(g.current().black_to_move, r.black) << r.name;
    EXPECT_EQ(g.current().half_moves, r.half_moves) << r.name;
    EXPECT_EQ(g.repetitions(g.positions().size() - 1), r.repetitions) << r.name;
    EXPECT_EQ(canonical_transform(g.current()).parts, r.transform) << r.name;
  }
}

TEST(reference_positions, legal_moves_and_their_outputs) {
  CHESSNET_NEEDS_DATA();
  for (auto const& r : reference_positions()) {
    std::vector<std::string> expected, found;
    std::istringstream words{r.legal};
    for (std::string word; words >> word;) expected.push_back(word);
    auto const p = r.game().current();
    for (auto const m : legal_moves(p)) found.push_back(to_uci(p, m) + ':' + std::to_string(policy_index(m)));
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected) << r.name;
  }
}

TEST(encode, planes_bit_for_bit) {
  CHESSNET_NEEDS_DATA();
  std::size_t compared = 0;
  for (auto const& expected : all_reference_planes())
    for (std::size_t i = 0; i < reference_positions().size(); ++i) {
      auto const planes = encode(reference_positions()[i].game(), expected.format);
      if (!expected.known[i]) continue;
      ++compared;
      for (std::size_t plane = 0; plane < plane_count; ++plane) {
        auto const where = [&] {
          return "format " + std::to_string(unsigned(expected.format)) + ", " + reference_positions()[i].name + ", plane " + std::to_string(plane);
        };
        EXPECT_EQ(planes.mask[plane], expected.mask[i][plane]) << where();
        EXPECT_EQ(std::bit_cast<std::uint32_t>(planes.value[plane]), std::bit_cast<std::uint32_t>(expected.value[i][plane])) << where();
      }
    }
  EXPECT_EQ(compared, 7u * 47 - 2 * 13);
}

}  // namespace
