// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions against sums in double.
#include <crosslane/matrix.hpp>

#include <support/captured.hpp>
#include <support/target.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

namespace axis = xl::axis;

/// Numbers that repeat after a long while: multiples of 1/8 from -1 to 1, which half has exactly.
template <class T>
std::vector<T> numbers(std::size_t n, unsigned seed) {
  std::vector<T> result(n);
  for (T& x : result) {
    seed = seed * 1664525 + 1013904223;
    x = static_cast<T>(float(int(seed >> 20) % 17 - 8) / 8);
  }
  return result;
}

struct sizes {
  int images, channels, height, width, outputs, rows, cols, out_height, out_width;
};

/// Adds the bias of the channel and a number that depends on the place.
struct place_epilogue {
  xl::span<float const> bias;
  CROSSLANE_FN float operator()(float x, xl::gemm_index const& at) const {
    return x + bias[std::size_t(at.col)] + float(at.row % 4) * .25f + float(at.batch);
  }
};

template <class T, class In, class Out>
void check(xl::device d, sizes const& s) {
  xl::stream const q{d};
  In const in_layout{{s.images, s.channels, s.height, s.width}};
  xl::khwc const filter_layout{{s.outputs, s.channels, s.rows, s.cols}};
  Out const out_layout{{s.images, s.outputs, s.out_height, s.out_width}};
  auto const in = numbers<T>(std::size_t(in_layout.span_size()), 1), filter = numbers<T>(std::size_t(filter_layout.span_size()), 2);
  auto const bias = numbers<float>(std::size_t(s.outputs), 3);
  auto const on_device = upload(q, in);
  auto const filter_on_device = upload(q, filter);
  auto const bias_on_device = upload(q, bias);
  xl::buffer<T> out{q, std::size_t(out_layout.span_size())};
  xl::fill(q, out, static_cast<T>(99.f));
  xl::convolve(q, xl::tensor_view<T const, In>{on_device.data(), in_layout},
               xl::tensor_view<T const, xl::khwc>{filter_on_device.data(), filter_layout}, xl::tensor_view<T, Out>{out.data(), out_layout},
               place_epilogue{bias_on_device.view()});
  std::vector<T> const got = read(q, out);
  int const top = (s.out_height - s.height + s.rows - 1) / 2, left = (s.out_width - s.width + s.cols - 1) / 2;
  double worst = 0;
  for (int n = 0; n < s.images; ++n)
    for (int k = 0; k < s.outputs; ++k)
      for (int y = 0; y < s.out_height; ++y)
        for (int x = 0; x < s.out_width; ++x) {
          double sum = bias[std::size_t(k)] + (y * s.out_width + x) % 4 * .25 + n;
          for (int i = 0; i < s.rows; ++i)
            for (int j = 0; j < s.cols; ++j) {
              int const at_y = y + i - top, at_x = x + j - left;
              if (at_y < 0 || at_y >= s.height || at_x < 0 || at_x >= s.width) continue;
              for (int c = 0; c < s.channels; ++c)
                sum += double(static_cast<float>(in[std::size_t(in_layout.offset({{n, c, at_y, at_x}}))])) *
                       double(static_cast<float>(filter[std::size_t(filter_layout.offset({{k, c, i, j}}))]));
            }
          double const error = std::fabs(double(static_cast<float>(got[std::size_t(out_layout.offset({{n, k, y, x}}))])) - sum);
          worst = std::fmax(worst, error / (1 + std::fabs(sum)));
        }
  CROSSLANE_CHECK(worst <= (std::is_same_v<T, xl::bfloat16> ? 8e-3 : sizeof(T) == 2 ? 1e-3 : 1e-6));
}

CROSSLANE_TEST(convolution, boards) { check<xl::half, xl::nhwc, xl::nhwc>(d, {2, 64, 8, 8, 40, 3, 3, 8, 8}); }
/// Few tiles: the patches are split.
CROSSLANE_TEST(convolution, long_patches) { check<xl::half, xl::nhwc, xl::nhwc>(d, {1, 208, 4, 4, 16, 3, 3, 4, 4}); }
CROSSLANE_TEST(convolution, odd_sizes) {
  check<xl::half, xl::nhwc, xl::nhwc>(d, {2, 13, 5, 7, 9, 3, 3, 5, 7});    // channels are copied one by one
  check<xl::half, xl::nhwc, xl::nhwc>(d, {2, 24, 9, 11, 17, 3, 3, 7, 9});  // no zeros
  check<float, xl::nhwc, xl::nhwc>(d, {1, 4, 6, 5, 10, 5, 3, 6, 5});
}
CROSSLANE_TEST(convolution, one_pixel) { check<xl::half, xl::nhwc, xl::nhwc>(d, {3, 40, 4, 5, 33, 1, 1, 4, 5}); }
CROSSLANE_TEST(convolution, blocks_of_channels) {
  check<xl::half, xl::nchw_c<16>, xl::nchw_c<8>>(d, {2, 40, 6, 6, 24, 3, 3, 6, 6});
  check<xl::half, xl::nchw_c<4>, xl::nhwc>(d, {1, 10, 4, 4, 5, 3, 3, 4, 4});
}

/// Images that CUDA's copy engine takes: it refuses those of less than 128 KiB.
CROSSLANE_TEST(convolution, by_the_copy_engine) {
  if (std::string_view{xl::default_backend::name} != "cuda") skip("no copy engine");
  check<xl::half, xl::nhwc, xl::nhwc>(d, {40, 64, 8, 8, 64, 3, 3, 8, 8});
  check<xl::bfloat16, xl::nhwc, xl::nhwc>(d, {20, 72, 13, 11, 40, 3, 3, 13, 11});
  check<xl::half, xl::nhwc, xl::nhwc>(d, {5, 200, 17, 9, 300, 3, 5, 15, 13});
  check<xl::half, xl::nhwc, xl::nhwc>(d, {9, 104, 10, 10, 33, 1, 1, 10, 10});
}

CROSSLANE_TEST(convolution, in_a_graph) {
  xl::stream const q{d};
  xl::tensor<xl::half, xl::nhwc> in{q, {1, 16, 6, 6}}, out{q, {1, 16, 6, 6}};
  xl::tensor<xl::half, xl::khwc> filter{q, {16, 16, 3, 3}};
  auto const pixels = numbers<xl::half>(in.size(), 1), weights = numbers<xl::half>(filter.size(), 2);
  xl::copy(q, pixels, in.storage());
  xl::copy(q, weights, filter.storage());
  q.synchronize();
  compare_captured(q, out, [&] { xl::convolve(q, in, filter, out); });
}

CROSSLANE_TEST(convolution, errors) {
  xl::stream const q{d};
  xl::tensor<float, xl::nhwc> in{q, {2, 8, 5, 5}}, out{q, {2, 4, 5, 5}}, low{q, {2, 4, 4, 5}}, three{q, {3, 4, 5, 5}};
  xl::tensor<float, xl::khwc> const filter{q, {4, 8, 3, 3}}, other{q, {4, 7, 3, 3}}, more{q, {5, 8, 3, 3}};
  expect_error(xl::errc::size_mismatch, {"convolve: the filter is of 7 channels, the images have 8"},
               [&] { xl::convolve(q, in, other, out); });
  expect_error(xl::errc::size_mismatch, {"the filter has 5 output channels, the output has 4"}, [&] { xl::convolve(q, in, more, out); });
  expect_error(xl::errc::size_mismatch, {"2 images and an output of 3 images"}, [&] { xl::convolve(q, in, filter, three); });
  expect_error(xl::errc::size_mismatch, {"an output of 4 rows for images of 5 and a filter of 3"},
               [&] { xl::convolve(q, in, filter, low); });
  expect_error(xl::errc::invalid_argument, {"convolve", "overlaps"}, [&] {
    xl::tensor<float, xl::khwc> const square{q, {8, 8, 3, 3}};
    xl::convolve(q, in, square, in);
  });
}

}  // namespace
