// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Masks and widths that would be silently wrong on waves of another size.
#include <crosslane/crosslane.hpp>
#include <crosslane/kernel/tile.hpp>

namespace xl = crosslane;

template <unsigned Width>
using context = xl::host::context<Width, xl::kernel_shape<1, 0, 0, 0>>;

unsigned use(context<32> const& c32, context<64> const& c64) {
  xl::lane_mask<64> m = xl::lane_mask<64>::all();
#if CROSSLANE_TEST_WRONG == 1
  m = 0xffffffff;  // a literal of 32 bits as a mask
#elif CROSSLANE_TEST_WRONG == 2
  m = xl::lane_mask<32>::all();  // of the wrong width
#elif CROSSLANE_TEST_WRONG == 3
  m = xl::lane_mask<64>::from_word(0xffffffffu);
#elif CROSSLANE_TEST_WRONG == 4
  std::uint32_t const word = xl::wave(c64).ballot(true);  // lanes 32 to 63 would be lost
  return word;
#elif CROSSLANE_TEST_WRONG == 5
  return xl::tile<64>(c32).size();
#elif CROSSLANE_TEST_WRONG == 6
  return xl::tile<24>(c32).size();
#elif CROSSLANE_TEST_WRONG == 7
  m |= xl::wave(c32).mask();
#elif CROSSLANE_TEST_WRONG == 8
  xl::lane_mask<64> const from_literal{0xffffffff};
#elif CROSSLANE_TEST_WRONG == 9
  return xl::wave(c64).ballot(true) == 0xffffffffu ? 1 : 0;  // true only where lanes 32 to 63 do not vote
#elif CROSSLANE_TEST_WRONG == 10
  m = xl::lane_mask<32>::from_word(0xffffffffffffffffull);
#elif CROSSLANE_TEST_WRONG == 11
  return xl::tile<128>(c64).size();
#elif CROSSLANE_TEST_WRONG == 12
  return xl::tile<0>(c32).size();
#elif CROSSLANE_TEST_WRONG == 13
  return xl::tile<3>(c64).size();
#elif CROSSLANE_TEST_WRONG == 14
  return xl::wave(c64).rank_in(xl::lane_mask<32>::all());
#elif CROSSLANE_TEST_WRONG == 15
  return xl::wave(c64).match_any(xl::lane_mask<32>::all()) == xl::lane_mask<32>::all();
#endif
  return m.count() + xl::tile<32>(c64).size() + xl::tile<32>(c32).size();
}
