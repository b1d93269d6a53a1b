// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compares the kernel for each layout with the definition in double. Every layout gives the same bits.
#include "../softmax.hpp"

#include <support/target.hpp>

#include <random>

namespace xl = crosslane;
namespace axis = xl::axis;
using namespace crosslane_test;

namespace {

/// Computes softmax with tensors of that layout. The input and the result are in the order nchw.
template <xl::tensor_layout L>
std::vector<float> by(xl::stream const& q, L const& layout, std::vector<float> const& values) {
  xl::tensor<float, xl::nchw> planes{q, layout.extents()};
  xl::tensor<float, L> in{q, layout}, out{q, layout};
  xl::copy(q, values, planes.storage());
  xl::convert(q, planes, in);
  layouts::run_softmax(q, xl::tensor_view<float const, L>{in.view()}, out);
  xl::convert(q, out, planes);
  return read(q, planes.storage());
}

CROSSLANE_TEST(layouts, all_are_softmax_and_the_same) {
  xl::stream const q{d};
  std::mt19937 random{1};
  for (auto const& e :
       {xl::image_extents{1, 1, 1, 1}, xl::image_extents{2, 16, 3, 5}, xl::image_extents{3, 19, 7, 9}, xl::image_extents{1, 40, 1, 300}}) {
    std::vector<float> values(std::size_t(e.size()));
    for (auto& x : values) x = float(random() >> 8) / (1 << 21) - 4;
    std::vector<float> const expected = layouts::reference(values, e);
    std::vector<float> const planes = by(q, xl::nchw{e}, values);
    for (std::size_t i = 0; i < planes.size(); ++i)
      if (!(std::abs(planes[i] - expected[i]) <= layouts::tolerance(e.extent<axis::c>())))
        return fail("element " + show_value(i) + " is " + show_value(planes[i]) + ", not " + show_value(expected[i]),
                    xl::source_location::current());
    CROSSLANE_CHECK_SAME(by(q, xl::nhwc{e}, values), planes);
    CROSSLANE_CHECK_SAME(by(q, xl::nhcw{e}, values), planes);
    CROSSLANE_CHECK_SAME(by(q, xl::nchw_c<16>{e}, values), planes);
    CROSSLANE_CHECK_SAME(by(q, xl::make_padded<xl::nchw::order>(e, e.extent<axis::w>() + 3), values), planes);
  }
}

CROSSLANE_TEST(layouts, large_numbers_do_not_overflow) {
  xl::stream const q{d};
  CROSSLANE_CHECK_SAME(by(q, xl::nhwc{{1, 3, 1, 1}}, {-1e30f, 1000, 1000}), (std::vector<float>{0, 0.5f, 0.5f}));
}

}  // namespace
