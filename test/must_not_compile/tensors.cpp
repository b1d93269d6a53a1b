// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/tensor.hpp>

namespace xl = crosslane;
namespace axis = xl::axis;

struct takes_nhwc {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::tensor_view<float, xl::nhwc>) const {}
};

struct takes_contiguous_channels {
  template <xl::kernel_context Ctx, xl::layout_with_contiguous<axis::c> L>
  CROSSLANE_FN void operator()(Ctx const&, xl::tensor_view<float, L>) const {}
};

struct negated {
  CROSSLANE_FN float operator()(float x, float = 0) const { return -x; }
};

struct set_to_zero {
  CROSSLANE_FN void operator()(float& x) const { x = 0; }
};

struct small_numbers {
  CROSSLANE_FN int operator()(xl::random_engine& engine) const { return int(engine() % 10); }
};

using rgb = xl::with_fixed<xl::nhwc, xl::fixed<axis::c, 3>>;

void launch(xl::stream const& q, xl::tensor<float, xl::nchw>& planes, xl::tensor<float, xl::nhwc>& pixels, float* data,
            xl::tensor<int, xl::nchw>& numbers) {
  xl::launch(q, {.grid = 1, .block = 32}, takes_nhwc{}, pixels);
  xl::launch(q, {.grid = 1, .block = 32}, takes_contiguous_channels{}, pixels);
  auto const t = planes.view();
#if CROSSLANE_TEST_WRONG == 1
  xl::launch(q, {.grid = 1, .block = 32}, takes_nhwc{}, planes);
#elif CROSSLANE_TEST_WRONG == 2
  xl::launch(q, {.grid = 1, .block = 32}, takes_contiguous_channels{}, planes);
#elif CROSSLANE_TEST_WRONG == 3
  xl::tensor_view<float, xl::nhwc> const wrong = t;
#elif CROSSLANE_TEST_WRONG == 4
  (void)t.extent<axis::k>();
#elif CROSSLANE_TEST_WRONG == 5
  xl::packed<xl::image_extents, xl::axes<axis::n, axis::h, axis::w>> wrong;
#elif CROSSLANE_TEST_WRONG == 6
  xl::convert(q, xl::rename<axis::c, axis::k>(t), pixels);
#elif CROSSLANE_TEST_WRONG == 7
  xl::broadcast<axis::d>(t, 2)(0, 0, 0, 0, 0) = 1;
#elif CROSSLANE_TEST_WRONG == 8
  t(0, 0, 0) = 1;
#elif CROSSLANE_TEST_WRONG == 9
  (void)xl::vectorised<4>(xl::fix<axis::w>(t, 0));
#elif CROSSLANE_TEST_WRONG == 10
  (void)xl::vectorised<4>(xl::tensor_view{data, rgb{{1, 3, 2, 2}}});
#elif CROSSLANE_TEST_WRONG == 11
  (void)t.at<axis::n, axis::c, axis::h, axis::h>(0, 0, 0, 0);
#elif CROSSLANE_TEST_WRONG == 12
  xl::copy(q, planes, pixels);
#elif CROSSLANE_TEST_WRONG == 13
  xl::extents<int, axis::n, axis::n> wrong;
#elif CROSSLANE_TEST_WRONG == 14
  xl::extents<unsigned, axis::n> wrong;
#elif CROSSLANE_TEST_WRONG == 15
  (void)xl::merge<axis::c, axis::w, axis::k>(t);
#elif CROSSLANE_TEST_WRONG == 16
  xl::tensor_view<float, xl::nchw> const wrong = xl::tensor_view{data, xl::with_index<xl::nchw, std::int64_t>{{1, 2, 3, 4}}};
#elif CROSSLANE_TEST_WRONG == 17
  t(0, 0, 0, 0.5f) = 1;
#elif CROSSLANE_TEST_WRONG == 18
  xl::transform(q, pixels, xl::fix<axis::n>(t, 0), negated{});
#elif CROSSLANE_TEST_WRONG == 19
  xl::transform(q, planes.storage(), pixels, negated{});
#elif CROSSLANE_TEST_WRONG == 20
  xl::reduce<axis::n>(q, pixels, xl::fix<axis::c>(t, 0), xl::plus{}, 0.f);
#elif CROSSLANE_TEST_WRONG == 21
  xl::reduce<axis::k>(q, pixels, xl::fix<axis::c>(t, 0), xl::plus{}, 0.f);
#elif CROSSLANE_TEST_WRONG == 22
  (void)xl::split<axis::c, axis::d, xl::fixed<axis::k, 2>>(xl::tensor_view{data, rgb{{1, 3, 2, 2}}});
#elif CROSSLANE_TEST_WRONG == 23
  (void)xl::split<axis::c, axis::h, axis::k>(t, 2);
#elif CROSSLANE_TEST_WRONG == 24
  xl::fill_random(q, numbers, 1);
#elif CROSSLANE_TEST_WRONG == 25
  xl::transform(q, pixels, negated{}, planes);
#elif CROSSLANE_TEST_WRONG == 26
  xl::reduce<axis::n>(q, xl::fix<axis::n>(t, 0), pixels, xl::plus{}, 0.f);
#elif CROSSLANE_TEST_WRONG == 27
  xl::span<float> const wrong = planes;
#elif CROSSLANE_TEST_WRONG == 28
  xl::for_each(q, planes, set_to_zero{});
#elif CROSSLANE_TEST_WRONG == 29
  (void)xl::make_buffer(q, planes);
#else
  xl::for_each(q, planes.storage(), set_to_zero{});
  xl::convert(q, planes, pixels);
  xl::transform(q, planes, xl::fix<axis::n>(t, 0), pixels, negated{});
  xl::reduce<axis::n>(q, pixels, xl::fix<axis::n>(t, 0), xl::plus{}, 0.f);
  (void)t, (void)data;
  xl::fill_random(q, numbers, 1, small_numbers{});
#endif
}
