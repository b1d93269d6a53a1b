// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The operations of lane masks, compared with sets of lanes that are arrays of bool.
#include <crosslane/kernel/lane_mask.hpp>
#include <support/target.hpp>

#include <array>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <unsigned W>
void check_algebra() {
  using mask = xl::lane_mask<W>;
  using set = std::array<bool, W>;
  std::mt19937_64 random{1};
  auto const same = [](mask m, set const& s) {
    for (unsigned i = 0; i < W; ++i)
      if (m.test(i) != s[i]) return false;
    return true;
  };
  for (int round = 0; round < 300; ++round) {
    set a{}, b{};
    mask ma, mb;
    std::uint64_t const density = random() % 4;
    for (unsigned i = 0; i < W; ++i) {
      a[i] = random() % 4 <= density;
      b[i] = random() % 2 == 0;
      if (a[i]) ma.set(i);
      if (b[i]) mb.set(i);
    }
    set both{}, either{}, one{}, other{};
    std::vector<unsigned> lanes;
    for (unsigned i = 0; i < W; ++i) {
      both[i] = a[i] && b[i];
      either[i] = a[i] || b[i];
      one[i] = a[i] != b[i];
      other[i] = !a[i];
      if (a[i]) lanes.push_back(i);
    }
    CROSSLANE_CHECK(same(ma, a) && same(ma & mb, both) && same(ma | mb, either) && same(ma ^ mb, one) && same(~ma, other));
    CROSSLANE_CHECK_EQ(ma.count(), lanes.size());
    CROSSLANE_CHECK_EQ(ma.empty(), lanes.empty());
    std::vector<unsigned> iterated;
    for (unsigned lane : ma) iterated.push_back(lane);
    CROSSLANE_CHECK_SAME(iterated, lanes);
    if (!lanes.empty()) {
      CROSSLANE_CHECK_EQ(ma.first(), lanes.front());
      CROSSLANE_CHECK_EQ(ma.last(), lanes.back());
    }
    for (unsigned n = 0; n < lanes.size(); ++n) {
      CROSSLANE_CHECK_EQ(ma.nth(n), lanes[n]);
      CROSSLANE_CHECK_EQ(ma.rank(lanes[n]), n);
    }
    CROSSLANE_CHECK(mask::from_word(ma.to_word()) == ma);
    unsigned const lane = unsigned(random() % W);
    mask changed = ma;
    changed.reset(lane);
    CROSSLANE_CHECK(!changed.test(lane) && (changed | mask::single(lane)) == (ma | mask::single(lane)));
  }
  for (unsigned n = 0; n <= W; ++n) CROSSLANE_CHECK_EQ(mask::first_lanes(n).count(), n);
  for (unsigned n = 0; n < W; ++n) CROSSLANE_CHECK(mask::below(n) == mask::first_lanes(n));
  static_assert(mask::all().count() == W && mask::none().empty() && mask::all().last() == W - 1);
}

}  // namespace

CROSSLANE_TEST(lane_mask, of_32_lanes) {
  (void)d;
  check_algebra<32>();
}
CROSSLANE_TEST(lane_mask, of_64_lanes) {
  (void)d;
  check_algebra<64>();
}
