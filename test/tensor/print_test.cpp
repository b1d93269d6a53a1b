// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors as text.
#include <support/comma_locale.hpp>
#include <tensor/reference.hpp>

#include <crosslane/tensor/print.hpp>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

CROSSLANE_TEST(tensor_print, whole) {
  xl::stream const q{d};
  xl::tensor<float, xl::column_major<>> t{q, {2, 3}};
  xl::iota(q, t, -1.f, 0.5f);
  CROSSLANE_CHECK_EQ(xl::to_string(q, t), std::string("float [row = 2, col = 3], packed, memory order col, row\n"
                                                      "[[  -1, -0.5,    0],\n"
                                                      " [ 0.5,    1,  1.5]]\n"));
  xl::tensor<xl::half, xl::nchw_c<2>> blocks{q, {1, 3, 2, 1}};
  xl::fill(q, blocks.storage(), xl::half(9.f));
  xl::iota(q, blocks);
  std::string const text = xl::to_string(q, blocks);
  CROSSLANE_CHECK_EQ(text.substr(text.find('[')), std::string("[n = 1, c = 3, h = 2, w = 1], blocked by 2 c, memory order n, c, h, w\n"
                                                              "[[[[0],\n"
                                                              "   [1]],\n"
                                                              "\n"
                                                              "  [[2],\n"
                                                              "   [3]],\n"
                                                              "\n"
                                                              "  [[4],\n"
                                                              "   [5]]]]\n"));
}

CROSSLANE_TEST(tensor_print, abridged) {
  xl::stream const q{d};
  xl::tensor<int, xl::row_major<>> t{q, {100, 3}};
  xl::iota(q, t);
  CROSSLANE_CHECK_EQ(xl::to_string(q, t, {.edge = 1}), std::string("int [row = 100, col = 3], packed, memory order row, col\n"
                                                                   "[[  0, ...,   2],\n"
                                                                   " ...,\n"
                                                                   " [297, ..., 299]]\n"));
}

CROSSLANE_TEST_ONCE(tensor_print, whole_where_the_edge_is_huge) {
  int const elements[] = {1, 2, 3, 4};
  xl::tensor_view const t{elements, xl::row_major<>{{1, 4}}};
  std::string const text = xl::to_string(t, {.most = 1, .edge = INT64_MAX});
  CROSSLANE_CHECK_EQ(text.substr(text.find("[[")), std::string("[[1, 2, 3, 4]]\n"));
}

CROSSLANE_TEST_ONCE(tensor_print, views_of_the_program) {
  int const elements[] = {1, 2, 3, 4, 5, 6, 7, 8};
  xl::tensor_view const t{elements, xl::row_major<>{{2, 4}}};
  CROSSLANE_CHECK_EQ(xl::to_string(xl::subrange<axis::col>(t, 1, 2)), std::string("int [row = 2, col = 2], strided, memory order row, col, "
                                                                                  "strides row = 4, col = 1\n"
                                                                                  "[[2, 3],\n"
                                                                                  " [6, 7]]\n"));
  CROSSLANE_CHECK_EQ(xl::to_string(xl::tensor_view{elements, xl::row_major<>{{0, 4}}}),
                     std::string("int [row = 0, col = 4], packed, memory order row, col\n[]\n"));
}

CROSSLANE_TEST_ONCE(tensor_print, points_in_every_locale) {
  comma_locale const locale;
  double const elements[] = {0.5, -1e300};
  std::string const text = xl::to_string(xl::tensor_view{elements, xl::row_major<>{{1, 2}}});
  CROSSLANE_CHECK_EQ(text.substr(text.find("[[")), std::string("[[    0.5, -1e+300]]\n"));
}

}  // namespace
